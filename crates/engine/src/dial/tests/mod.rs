//! Dialogues: this happens, and the engine says exactly that.
#![allow(clippy::unwrap_used)]

mod any_order;
mod lost;
mod refused;

use std::time::Duration;

use model::{
    AgentId, Call, CallId, Caller, EventBody, Instant, Now, ReservationId, ServerId, Timestamp,
};
use uuid::Uuid;

use super::{Command, Dialler, Input, Leg, Order};
use crate::callerid::Release;

const PBX: ServerId = ServerId(Uuid::from_u128(0x5e));
const OTHER: ServerId = ServerId(Uuid::from_u128(0x5f));
const CALL: CallId = CallId(Uuid::from_u128(1));
const ANN: AgentId = AgentId(Uuid::from_u128(0xa));
const USE: ReservationId = ReservationId(Uuid::from_u128(0x9));

const PLACED: &str = "placed to +13105550142, presenting 3105550100
    ann is engaged
    ring agent 101, showing +13105550142, 30s";
const PICKED_UP: &str = "agent picked up
    call +13105550142, presenting 3105550100, 60s";

struct Centre {
    dialler: Dialler,
    now: Now,
}

/// What the engine said to one input.
#[must_use]
struct Said(Vec<String>);

impl Said {
    fn quietly(self) {
        drop(self);
    }

    #[track_caller]
    fn says(self, expected: &str) {
        let lines = expected.lines().map(str::trim);
        let expected: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        assert_eq!(self.0, expected, "\nsaid:\n{}\n", self.0.join("\n"));
    }
}

impl Centre {
    fn new() -> Self {
        Self {
            dialler: Dialler::default(),
            now: Now {
                mono: Instant(1_000_000_000),
                utc: Timestamp::from_micros(1_767_600_000_000_000),
            },
        }
    }

    fn after(&mut self, seconds: u64) -> &mut Self {
        let length = Duration::from_secs(seconds);
        self.now.mono = self.now.mono.after(length);
        self.now.utc = self.now.utc.after(length);
        self
    }

    fn input(&mut self, input: Input) -> Said {
        self.dialler.handle(self.now, input);
        let mut said = Vec::new();
        while let Some(command) = self.dialler.next_command() {
            said.push(line(command));
        }
        Said(said)
    }

    fn asked(&mut self) -> Said {
        self.input(Input::Asked(Box::new(Order {
            call: CALL,
            server: PBX,
            channel: "agent-1".to_owned(),
            agent: ANN,
            extension: "101".to_owned(),
            to: "+13105550142".parse().unwrap(),
            customer: Caller {
                e164: Some("+13105550142".to_owned()),
                ..Caller::new("+13105550142", "")
            },
            campaign: "sales".to_owned(),
        })))
    }

    fn given(&mut self) -> Said {
        self.input(Input::CallerIdGiven {
            call: CALL,
            caller_id: Some("3105550100".to_owned()),
            reservation: Some(USE),
        })
    }

    fn answers(&mut self, leg: Leg) -> Said {
        self.input(Input::LegAnswered {
            call: CALL,
            leg,
            server: PBX,
        })
    }

    fn rings(&mut self, leg: Leg) -> Said {
        self.input(Input::LegRings {
            call: CALL,
            leg,
            server: PBX,
        })
    }

    fn ends(&mut self, leg: Leg, cause: u16) -> Said {
        let cause = Some(cause);
        self.input(Input::LegEnded {
            call: CALL,
            leg,
            cause,
        })
    }

    fn hang_up_asked(&mut self) -> Said {
        self.input(Input::HangUpAsked { call: CALL })
    }

    fn tick(&mut self) -> Said {
        self.input(Input::Tick)
    }

    fn lost(&mut self) -> Said {
        self.input(Input::ServerLost { server: PBX })
    }

    fn found(&mut self, legs: &[(Leg, bool)], bridged: Option<bool>) -> Said {
        self.input(Input::ServerResynced {
            server: PBX,
            legs: legs.iter().map(|&(leg, up)| (CALL, leg, up)).collect(),
            bridges: bridged.map(|both| (CALL, both)).into_iter().collect(),
        })
    }

    /// The agent's phone rings.
    fn ringing() -> Self {
        let mut c = Self::new();
        c.asked().says("which number for sales, 101?");
        c.given().says(PLACED);
        c.rings(Leg::Agent).says("");
        c
    }

    /// The customer's phone rings.
    fn calling() -> Self {
        let mut c = Self::ringing();
        c.after(3).answers(Leg::Agent).says(PICKED_UP);
        c.rings(Leg::Customer).says("");
        c
    }

    fn talking() -> Self {
        let mut c = Self::calling();
        c.after(5).answers(Leg::Customer).says("connect");
        c.input(Input::Connected { call: CALL })
            .says("customer answered");
        c
    }

    /// The same call in an engine that has just been started.
    fn restarted(&self) -> Self {
        let mut fresh = Self::new();
        fresh.now = self.now;
        let calls: Vec<Call> = self.dialler.calls().cloned().collect();
        for call in calls {
            fresh
                .input(Input::Restored(Box::new(call)))
                .says("ann is engaged");
        }
        fresh
    }

    fn is_empty(&self) {
        assert_eq!(self.dialler.open(), 0);
        assert_eq!(self.dialler.poll_timeout(), None);
    }
}

fn line(command: Command) -> String {
    match command {
        Command::Publish(body) => fact(&body),
        Command::Engage { agent: ANN, .. } => "ann is engaged".to_owned(),
        Command::Disengage {
            agent: ANN, talked, ..
        } => format!("ann is free{}", if talked { ", talked" } else { "" }),
        Command::AskCallerId {
            campaign,
            extension,
            ..
        } => format!("which number for {campaign}, {extension}?"),
        Command::Release {
            reservation: USE,
            why,
        } => match why {
            Release::CallEnded(Some(of)) if of.answered => {
                format!("release: answered, {} s", of.talk.as_secs())
            }
            Release::CallEnded(Some(_)) => "release: not answered".to_owned(),
            other => format!("release: {other:?}"),
        },
        Command::RingAgent {
            extension,
            customer,
            timeout,
            ..
        } => format!(
            "ring agent {extension}, showing {}, {timeout:?}",
            customer.number
        ),
        Command::CallCustomer {
            to,
            caller_id,
            timeout,
            ..
        } => format!(
            "call {to}, presenting {}, {timeout:?}",
            caller_id.as_deref().unwrap_or("the trunk's own")
        ),
        Command::NotPlaced { why, .. } => format!("not placed: {why:?}"),
        Command::Connect { .. } => "connect".to_owned(),
        Command::HangUp { leg, server, .. } => format!(
            "hang up {leg:?}{}",
            if server == PBX { "" } else { " elsewhere" }
        ),
        Command::TakeDown { .. } => "take down".to_owned(),
        other => panic!("{other:?}"),
    }
}

fn fact(body: &EventBody) -> String {
    match body {
        EventBody::CallPlaced {
            customer, placed, ..
        } => format!(
            "placed to {}, presenting {}",
            customer.number,
            placed.caller_id.as_deref().unwrap_or("the trunk's own")
        ),
        EventBody::AgentPickedUp { .. } => "agent picked up".to_owned(),
        EventBody::CustomerAnswered { .. } => "customer answered".to_owned(),
        EventBody::CallEnded {
            outcome,
            ended_by,
            hangup_cause,
            talk_ms,
            ..
        } => format!("ended: {outcome:?} by {ended_by:?} {hangup_cause:?} {talk_ms:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_agent_then_the_customer_then_both_together() {
    let mut c = Centre::talking();
    assert_eq!(c.dialler.poll_timeout(), None);
    c.after(60).ends(Leg::Customer, 16).says(
        "ended: Answered by Caller Some(16) Some(60000)
         hang up Agent
         take down
         release: answered, 60 s
         ann is free, talked",
    );
    c.ends(Leg::Agent, 16).says("");
    c.is_empty();
}

#[test]
fn no_phone_rings_without_a_number() {
    let mut c = Centre::new();
    c.asked().says("which number for sales, 101?");
    assert_eq!(c.dialler.calls().count(), 0);
    c.input(Input::CallerIdRefused { call: CALL })
        .says("not placed: Refused");
    c.is_empty();
    assert!(c.dialler.find(CALL).is_none(), "it may be tried again");
}

#[test]
fn the_trunks_own_number_is_presented_where_that_is_allowed() {
    let mut c = Centre::new();
    c.asked().says("which number for sales, 101?");
    c.input(Input::CallerIdGiven {
        call: CALL,
        caller_id: None,
        reservation: None,
    })
    .says(
        "placed to +13105550142, presenting the trunk's own
         ann is engaged
         ring agent 101, showing +13105550142, 30s",
    );
    c.answers(Leg::Agent).says(
        "agent picked up
         call +13105550142, presenting the trunk's own, 60s",
    );
    c.rings(Leg::Customer).says("");
    c.ends(Leg::Customer, 17).says(
        "ended: NotReached by Caller Some(17) None
         hang up Agent
         ann is free",
    );
}

#[test]
fn a_number_that_comes_too_late_is_given_back() {
    let mut c = Centre::new();
    c.asked().says("which number for sales, 101?");
    c.hang_up_asked().says("not placed: HungUp");
    c.given().says("release: Deleted");
    c.input(Input::CallerIdRefused { call: CALL }).says("");
    c.is_empty();
}

#[test]
fn an_agent_who_does_not_come_costs_the_number_no_call() {
    for (cause, busy) in [(17, false), (21, false), (20, true)] {
        let mut c = Centre::ringing();
        if busy {
            c.rings(Leg::Agent).says("");
        }
        c.ends(Leg::Agent, cause).says(&format!(
            "ended: NotReached by Agent Some({cause}) None
             release: Deleted
             ann is free",
        ));
        c.is_empty();
    }
}

#[test]
fn a_phone_that_nobody_tells_of_rings_no_longer_than_it_may() {
    let mut c = Centre::ringing();
    c.after(31).tick().says("");
    c.after(1).tick().says(
        "ended: NotReached by Agent Some(19) None
         hang up Agent
         release: Deleted
         ann is free",
    );
    c.answers(Leg::Agent).says("hang up Agent");

    let mut c = Centre::calling();
    c.after(61).tick().says("");
    c.after(1).tick().says(
        "ended: NotReached by Caller Some(19) None
         hang up Customer
         hang up Agent
         release: not answered
         ann is free",
    );
    c.is_empty();
}

#[test]
fn the_customer_is_busy_away_or_refuses() {
    for cause in [1, 17, 18, 19, 21, 34] {
        let mut c = Centre::calling();
        c.ends(Leg::Customer, cause).says(&format!(
            "ended: NotReached by Caller Some({cause}) None
             hang up Agent
             release: not answered
             ann is free",
        ));
        c.answers(Leg::Customer).says("hang up Customer");
        c.is_empty();
    }
}

#[test]
fn the_agent_hangs_up_while_the_customer_rings() {
    let mut c = Centre::calling();
    c.ends(Leg::Agent, 16).says(
        "ended: NotReached by Agent Some(16) None
         hang up Customer
         release: not answered
         ann is free",
    );
    c.is_empty();
}

#[test]
fn either_may_leave_while_the_bridge_is_built() {
    for (leg, by, other) in [
        (Leg::Agent, "Agent", "Customer"),
        (Leg::Customer, "Caller", "Agent"),
    ] {
        let mut c = Centre::calling();
        c.answers(Leg::Customer).says("connect");
        c.ends(leg, 16).says(&format!(
            "ended: NotReached by {by} Some(16) None
             hang up {other}
             take down
             release: answered, 0 s
             ann is free",
        ));
        c.input(Input::Connected { call: CALL }).says("");
        c.is_empty();
    }
}

#[test]
fn a_bridge_that_fails_ends_the_call() {
    let gone = "ended: NotReached by System None None
         hang up Customer
         hang up Agent
         take down
         release: answered, 0 s
         ann is free";
    let mut c = Centre::calling();
    c.answers(Leg::Customer).says("connect");
    c.input(Input::ConnectFailed { call: CALL }).says(gone);
    let mut c = Centre::calling();
    c.answers(Leg::Customer).says("connect");
    c.after(10).tick().says(gone);
}

#[test]
fn a_hang_up_is_asked_for_at_every_step() {
    Centre::ringing().hang_up_asked().says(
        "ended: NotReached by System None None
         hang up Agent
         release: Deleted
         ann is free",
    );
    Centre::calling().hang_up_asked().says(
        "ended: NotReached by System None None
         hang up Customer
         hang up Agent
         release: not answered
         ann is free",
    );
    let mut c = Centre::talking();
    c.after(2).hang_up_asked().says(
        "ended: Answered by Agent None Some(2000)
         hang up Customer
         hang up Agent
         take down
         release: answered, 2 s
         ann is free, talked",
    );
    c.hang_up_asked().says("");
    c.is_empty();
}

#[test]
fn what_is_asked_for_twice_rings_once() {
    let mut c = Centre::new();
    c.asked().says("which number for sales, 101?");
    c.asked().says("");
    c.given().says(PLACED);
    c.given().says("release: Deleted");
    c.asked().says("");
    c.ends(Leg::Agent, 17).says(
        "ended: NotReached by Agent Some(17) None
         release: Deleted
         ann is free",
    );
    c.asked().says("");
    assert!(c.dialler.find(CALL).is_some());
}

#[test]
fn words_that_come_out_of_order_do_no_harm() {
    let mut c = Centre::ringing();
    c.answers(Leg::Customer).says("");
    c.ends(Leg::Customer, 16).says("");
    c.input(Input::Connected { call: CALL }).says("");
    c.input(Input::ConnectFailed { call: CALL }).says("");
    c.answers(Leg::Agent).says(PICKED_UP);
    c.answers(Leg::Agent).says("");
    c.rings(Leg::Agent).says("");
    c.answers(Leg::Customer).says("connect");
    c.answers(Leg::Customer).says("");
}
