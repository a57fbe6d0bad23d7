//! Whatever happens in whatever order: nothing stays bound, reserved or up once a call has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::{
    AgentId, Call, CallId, Caller, EventBody, Instant, Now, ReservationId, Timestamp, TrunkId,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::PBX;
use crate::dial::{Command, Dialler, Input, Leg, MAX_TRIES, Order};
use crate::trunk::{Route, Way};

const CALLS: u128 = 2;

#[derive(Debug, Clone)]
enum Happening {
    Asked(u128),
    Given(u128),
    Refused(u128),
    Routed(u128),
    /// By no trunk now, and by one in so many seconds.
    NotRouted(u128, Option<u64>),
    Rings(u128, Leg),
    Answered(u128, Leg),
    Ended(u128, Leg, u16),
    LegRefused(u128, Leg),
    LegUnsure(u128, Leg),
    Connected(u128),
    ConnectFailed(u128),
    HangUp(u128),
    Lost,
    /// With these legs and bridges of each call.
    Found(Vec<(u128, Leg, bool)>, Vec<(u128, bool)>),
    Restarted,
    Time(u64),
}

fn leg() -> impl Strategy<Value = Leg> + Clone {
    prop_oneof![Just(Leg::Agent), Just(Leg::Customer)]
}

fn happening() -> impl Strategy<Value = Happening> {
    let call = 1..=CALLS;
    let of = (call.clone(), leg());
    let legs = prop::collection::vec((call.clone(), leg(), any::<bool>()), 0..4);
    let bridges = prop::collection::vec((call.clone(), any::<bool>()), 0..2);
    prop_oneof![
        6 => call.clone().prop_map(Happening::Asked),
        6 => call.clone().prop_map(Happening::Given),
        1 => call.clone().prop_map(Happening::Refused),
        8 => call.clone().prop_map(Happening::Routed),
        2 => (call.clone(), prop::option::of(0u64..7))
            .prop_map(|(call, again)| Happening::NotRouted(call, again)),
        4 => of.clone().prop_map(|(call, leg)| Happening::Rings(call, leg)),
        8 => of.clone().prop_map(|(call, leg)| Happening::Answered(call, leg)),
        2 => (of.clone(), prop::sample::select(vec![16, 34]))
            .prop_map(|((call, leg), cause)| Happening::Ended(call, leg, cause)),
        1 => of.clone().prop_map(|(call, leg)| Happening::LegRefused(call, leg)),
        1 => of.prop_map(|(call, leg)| Happening::LegUnsure(call, leg)),
        4 => call.clone().prop_map(Happening::Connected),
        1 => call.clone().prop_map(Happening::ConnectFailed),
        1 => call.prop_map(Happening::HangUp),
        1 => Just(Happening::Lost),
        3 => (legs, bridges).prop_map(|(legs, bridges)| Happening::Found(legs, bridges)),
        1 => Just(Happening::Restarted),
        3 => prop_oneof![0u64..8, 20u64..70].prop_map(Happening::Time),
    ]
}

/// What was said so far, as somebody outside sees it.
#[derive(Default)]
struct Watch {
    placed: BTreeSet<CallId>,
    ended: BTreeSet<CallId>,
    engaged: BTreeSet<CallId>,
    reserved: BTreeSet<ReservationId>,
    released: BTreeSet<ReservationId>,
    /// Legs that were asked for or seen, and are not known to be gone.
    up: BTreeSet<(CallId, Leg)>,
    asked: BTreeSet<(CallId, Leg)>,
    /// How often each was rung.
    rung: BTreeMap<(CallId, Leg), usize>,
    seen: BTreeSet<(CallId, Leg)>,
    hung_up: BTreeSet<(CallId, Leg)>,
}

struct Centre {
    dialler: Dialler,
    now: Now,
    watch: Watch,
    reservations: u128,
    /// What each call was given.
    of: BTreeMap<CallId, Vec<ReservationId>>,
}

impl Centre {
    fn new() -> Self {
        let now = Now {
            mono: Instant(1_000_000_000),
            utc: Timestamp::from_micros(1_767_600_000_000_000),
        };
        Self {
            dialler: Dialler::default(),
            now,
            watch: Watch::default(),
            reservations: 0,
            of: BTreeMap::new(),
        }
    }

    fn happens(&mut self, what: Happening) {
        let id = |call: u128| CallId(Uuid::from_u128(call));
        let input = match what {
            // The log is asked first whether there was such a call.
            Happening::Asked(call) if self.watch.placed.contains(&id(call)) => return,
            Happening::Asked(call) => Input::Asked(Box::new(order(id(call)))),
            Happening::Given(call) => self.given(id(call)),
            Happening::Refused(call) => Input::CallerIdRefused { call: id(call) },
            Happening::Routed(call) => Input::WayGiven {
                call: id(call),
                way: way_of(id(call)),
            },
            Happening::NotRouted(call, again) => Input::NoWay {
                call: id(call),
                retry_at: again.map(|wait| self.now.mono.after(Duration::from_secs(wait))),
            },
            Happening::Rings(call, leg) => self.seen(id(call), leg, false),
            Happening::Answered(call, leg) => self.seen(id(call), leg, true),
            Happening::Ended(call, leg, cause) => {
                self.watch.gone((id(call), leg));
                Input::LegEnded {
                    call: id(call),
                    leg,
                    cause: Some(cause),
                }
            }
            Happening::LegRefused(call, leg) => {
                let of = (id(call), leg);
                // A channel that was made has not been refused.
                if self.watch.seen.contains(&of) {
                    return;
                }
                self.watch.gone(of);
                Input::LegRefused {
                    call: id(call),
                    leg,
                    cause: Some(3),
                }
            }
            Happening::LegUnsure(call, leg) => Input::LegUnsure {
                call: id(call),
                leg,
            },
            Happening::Connected(call) => Input::Connected { call: id(call) },
            Happening::ConnectFailed(call) => Input::ConnectFailed { call: id(call) },
            Happening::HangUp(call) => Input::HangUpAsked { call: id(call) },
            Happening::Lost => Input::ServerLost { server: PBX },
            Happening::Found(legs, bridges) => {
                let legs = legs.into_iter().map(|(call, leg, up)| (id(call), leg, up));
                let bridges = bridges.into_iter().map(|(call, both)| (id(call), both));
                self.found(legs.collect(), bridges.collect())
            }
            Happening::Restarted => return self.restart(),
            Happening::Time(seconds) => {
                let length = Duration::from_secs(seconds);
                self.now.mono = self.now.mono.after(length);
                self.now.utc = self.now.utc.after(length);
                Input::Tick
            }
        };
        self.input(input);
    }

    fn given(&mut self, call: CallId) -> Input {
        self.reservations += 1;
        let reservation = ReservationId(Uuid::from_u128(self.reservations));
        self.watch.reserved.insert(reservation);
        self.of.entry(call).or_default().push(reservation);
        Input::CallerIdGiven {
            call,
            caller_id: Some("3105550100".to_owned()),
            reservation: Some(reservation),
        }
    }

    fn seen(&mut self, call: CallId, leg: Leg, answered: bool) -> Input {
        // Nobody else makes channels of these names.
        if self.watch.asked.contains(&(call, leg)) {
            self.watch.up.insert((call, leg));
            self.watch.seen.insert((call, leg));
            self.watch.hung_up.remove(&(call, leg));
        }
        let server = PBX;
        if answered {
            Input::LegAnswered { call, leg, server }
        } else {
            Input::LegRings { call, leg, server }
        }
    }

    /// What was seen before and is not found has gone; what was only asked for may come yet.
    fn found(&mut self, legs: Vec<(CallId, Leg, bool)>, bridges: Vec<(CallId, bool)>) -> Input {
        let asked = |leg: &(CallId, Leg, bool)| self.watch.asked.contains(&(leg.0, leg.1));
        let legs: Vec<_> = legs.into_iter().filter(asked).collect();
        let there: BTreeSet<_> = legs.iter().map(|leg| (leg.0, leg.1)).collect();
        let seen = &self.watch.seen;
        self.watch
            .up
            .retain(|leg| there.contains(leg) || !seen.contains(leg));
        for leg in there {
            self.watch.up.insert(leg);
            self.watch.seen.insert(leg);
            self.watch.hung_up.remove(&leg);
        }
        Input::ServerResynced {
            server: PBX,
            legs,
            bridges,
        }
    }

    /// We are killed, and come back with what was written down.
    fn restart(&mut self) {
        let open: Vec<Call> = self.dialler.calls().cloned().collect();
        self.dialler = Dialler::default();
        // Who asked and was not answered has lost the call with us, and the allocator's time ends its reservation.
        self.watch.engaged.clear();
        // What was asked for just before, and is not found, is let go when it comes.
        self.watch.seen.extend(self.watch.up.iter().copied());
        for call in open {
            self.tell(Input::Restored(Box::new(call)));
        }
        self.watch.settled(&self.dialler);
    }

    fn input(&mut self, input: Input) {
        self.tell(input);
        self.watch.settled(&self.dialler);
    }

    fn tell(&mut self, input: Input) {
        self.dialler.handle(self.now, input);
        while let Some(command) = self.dialler.next_command() {
            self.watch.hears(command);
        }
    }

    /// Enough time for everything to be over, on an Asterisk that has nothing any more.
    fn comes_to_rest(&mut self) {
        let nothing = Happening::Found(Vec::new(), Vec::new());
        self.happens(nothing.clone());
        self.happens(Happening::Time(100));
        self.happens(nothing);
        self.happens(Happening::Time(100));
    }
}

impl Watch {
    fn hears(&mut self, command: Command) {
        match command {
            Command::Publish(EventBody::CallPlaced { call, .. }) => {
                assert!(self.placed.insert(call), "placed twice");
            }
            Command::Publish(EventBody::CallEnded { call, .. }) => {
                assert!(
                    self.placed.contains(&call) && self.ended.insert(call),
                    "ended once"
                );
            }
            Command::Publish(body) => {
                let call = body.call().unwrap();
                assert!(self.placed.contains(&call) && !self.ended.contains(&call));
            }
            Command::Engage { call, .. } => assert!(self.engaged.insert(call), "bound twice"),
            Command::Disengage { call, .. } => assert!(self.engaged.remove(&call), "was not bound"),
            Command::Release { reservation, .. } => {
                assert!(self.reserved.contains(&reservation));
                assert!(self.released.insert(reservation), "released twice");
            }
            Command::RingAgent { call, .. } => self.asks((call, Leg::Agent)),
            Command::CallCustomer { call, .. } => self.asks((call, Leg::Customer)),
            Command::HangUp { call, leg, .. } => {
                self.hung_up.insert((call, leg));
            }
            Command::AskCallerId { .. }
            | Command::NotPlaced { .. }
            | Command::AskWay { .. }
            | Command::TrunkFailed { .. }
            | Command::Connect { .. }
            | Command::TakeDown { .. } => {}
        }
    }

    fn asks(&mut self, leg: (CallId, Leg)) {
        assert!(self.asked.insert(leg), "rung while it may be up");
        self.up.insert(leg);
        let times = self.rung.entry(leg).or_default();
        *times += 1;
        let most = match leg {
            (call, Leg::Customer) if by_trunks(call) => MAX_TRIES,
            _ => 1,
        };
        assert!(*times <= most, "rung {times} times");
    }

    fn gone(&mut self, leg: (CallId, Leg)) {
        self.up.remove(&leg);
        self.seen.remove(&leg);
        self.asked.remove(&leg);
    }

    fn settled(&self, dialler: &Dialler) {
        let open: BTreeSet<CallId> = dialler.calls().map(|call| call.id).collect();
        assert_eq!(
            self.engaged, open,
            "an agent is bound by each open call and no other"
        );
        for leg in &self.up {
            let of_open = open.contains(&leg.0);
            assert!(
                of_open || self.hung_up.contains(leg) || !self.placed.contains(&leg.0),
                "{leg:?} stays"
            );
        }
    }
}

/// One of the two; the other goes where its server's dialplan leads.
fn by_trunks(call: CallId) -> bool {
    call.0.as_u128() == CALLS
}

fn way_of(call: CallId) -> Way {
    if !by_trunks(call) {
        return Way::DialOut("PJSIP/13105550142@trunk".to_owned());
    }
    Way::Trunk(Route {
        trunk: TrunkId(Uuid::from_u128(7)),
        name: "provider".to_owned(),
        number: "13105550142".to_owned(),
    })
}

fn order(call: CallId) -> Order {
    Order {
        call,
        server: PBX,
        channel: "agent".to_owned(),
        agent: AgentId(call.0),
        extension: "101".to_owned(),
        to: "+13105550142".parse().unwrap(),
        customer: Caller {
            e164: Some("+13105550142".to_owned()),
            ..Caller::new("+13105550142", "")
        },
        campaign: String::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_stays(happenings in prop::collection::vec(happening(), 1..60)) {
        let mut centre = Centre::new();
        for what in happenings {
            centre.happens(what);
        }
        centre.comes_to_rest();
        prop_assert_eq!(centre.dialler.open(), 0);
        prop_assert_eq!(centre.dialler.poll_timeout(), None);
        prop_assert_eq!(&centre.watch.placed, &centre.watch.ended);
        prop_assert!(centre.watch.engaged.is_empty());
        prop_assert_eq!(&centre.watch.reserved, &centre.watch.released);
    }
}
