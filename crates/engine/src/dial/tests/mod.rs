//! Dialogues: this happens, and the engine says exactly that.
#![allow(clippy::unwrap_used)]

mod any_order;
mod lost;
mod path;
mod refused;
mod ways;

use std::time::Duration;

use model::{
    AgentId, Call, CallId, Caller, EventBody, Instant, Now, ReservationId, ServerId, Timestamp,
};
use uuid::Uuid;

use super::{Command, Dialler, Input, Leg, Order};
use crate::callerid::Release;
use crate::trunk::Way;

const PBX: ServerId = ServerId(Uuid::from_u128(0x5e));
const OTHER: ServerId = ServerId(Uuid::from_u128(0x5f));
const CALL: CallId = CallId(Uuid::from_u128(1));
const ANN: AgentId = AgentId(Uuid::from_u128(0xa));
const USE: ReservationId = ReservationId(Uuid::from_u128(0x9));

const PLACED: &str = "placed to +13105550142, presenting 3105550100
    ann is engaged
    ring agent 101, showing +13105550142, 30s";
const PICKED_UP: &str = "agent picked up
    call PJSIP/13105550142@trunk, presenting 3105550100, 60s";

struct Centre {
    dialler: Dialler,
    now: Now,
    /// Who asks for a way is told this at once.
    way: Option<Way>,
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
            way: Some(Way::DialOut("PJSIP/13105550142@trunk".to_owned())),
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
            match (command, self.way.clone()) {
                (Command::AskWay { call, .. }, Some(way)) => {
                    let given = Input::WayGiven { call, way };
                    self.dialler.handle(self.now, given);
                }
                (command, _) => said.push(line(command)),
            }
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
        Command::AskWay { to, tried, .. } => format!("by which way to {to}, but {tried:?}?"),
        Command::TrunkFailed { trunk, .. } => format!("{trunk:?} failed"),
        Command::CallCustomer {
            endpoint,
            caller_id,
            timeout,
            ..
        } => format!(
            "call {endpoint}, presenting {}, {timeout:?}",
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
        EventBody::CallRouted {
            trunk,
            dialled,
            after_cause,
            ..
        } => format!("goes by {trunk} as {dialled} after {after_cause:?}"),
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
