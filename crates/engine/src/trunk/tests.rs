#![allow(clippy::unwrap_used)]

use model::{Codec, SipTransport, Timestamp, TrunkOutbound, TrunkRule};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const PBX: ServerId = ServerId(Uuid::from_u128(0x5e));
const OTHER: ServerId = ServerId(Uuid::from_u128(0x5f));
const BRATISLAVA: &str = "+421255501000";

fn trunk(name: &str, change: impl FnOnce(&mut TrunkOutbound)) -> Trunk {
    let mut outbound = TrunkOutbound::default();
    change(&mut outbound);
    let number = name.bytes().fold(0, |id, byte| id << 8 | u128::from(byte));
    Trunk {
        id: TrunkId::new(Timestamp::default(), number << 64),
        name: name.to_owned(),
        server: None,
        host: "sip.example.net".to_owned(),
        port: 5060,
        transport: SipTransport::Udp,
        username: None,
        registers: false,
        addresses: Vec::new(),
        context: "from-provider".to_owned(),
        codecs: vec![Codec::Alaw],
        from_domain: None,
        qualify_seconds: 60,
        active: true,
        outbound: Some(outbound),
    }
}

fn rule(prefix: &str, cost: Option<u32>) -> TrunkRule {
    TrunkRule {
        prefix: prefix.to_owned(),
        cost_micros_per_minute: cost,
        ..TrunkRule::default()
    }
}

struct Centre {
    router: Router,
    now: Instant,
    calls: u32,
    ids: BTreeMap<String, TrunkId>,
}

impl Centre {
    fn with(trunks: impl IntoIterator<Item = Trunk>) -> Self {
        let mut centre = Self {
            router: Router::default(),
            now: Instant(1_000_000_000),
            calls: 0,
            ids: BTreeMap::new(),
        };
        for trunk in trunks {
            centre.set(trunk);
        }
        centre
    }

    fn set(&mut self, trunk: Trunk) {
        self.ids.insert(trunk.name.clone(), trunk.id);
        self.hear(Input::TrunkSet(Box::new(trunk)));
    }

    fn hear(&mut self, input: Input) {
        self.router.handle(self.now, input);
    }

    fn after(&mut self, millis: u64) -> &mut Self {
        self.now = self.now.after(Duration::from_millis(millis));
        self
    }

    fn ask(tried: &[TrunkId]) -> Ask<'_> {
        let to = Called::Number(BRATISLAVA.parse().unwrap());
        Ask {
            server: PBX,
            to,
            tried,
        }
    }

    /// Who takes such a call, in their order, and what each is given to dial.
    fn takers(&self, to: Called<'_>) -> Vec<(String, String)> {
        let ask = Ask {
            to,
            ..Self::ask(&[])
        };
        let considered = self.router.explain(self.now, ask).into_iter();
        let taken = considered.filter(Considered::is_taken);
        taken.map(|it| (it.name, it.dials.unwrap())).collect()
    }

    /// By which trunk the next call goes, or why not.
    fn call(&mut self) -> String {
        self.call_but(&[])
    }

    fn call_but(&mut self, tried: &[&str]) -> String {
        self.calls += 1;
        let tried: Vec<TrunkId> = tried.iter().map(|name| self.ids[*name]).collect();
        let (ask, channel) = (Self::ask(&tried), format!("call-{}", self.calls));
        match self.router.choose(self.now, ask, &channel) {
            Ok(Way::Trunk(route)) => route.name,
            Ok(Way::DialOut(dial_string)) => dial_string,
            Err(none) => {
                let why = none
                    .considered
                    .iter()
                    .map(|it| format!("{}: {:?}", it.name, it.verdict));
                why.collect::<Vec<_>>().join(", ")
            }
        }
    }

    fn calls(&mut self, count: usize) -> Vec<String> {
        std::iter::repeat_with(|| self.call()).take(count).collect()
    }

    /// The call's channel is gone, of which Asterisk may have told or not.
    fn ended(&mut self, call: u32) {
        let channel = format!("call-{call}");
        let names: Vec<String> = self.ids.keys().cloned().collect();
        for trunk in names {
            self.hear(Input::ChannelEnded {
                server: PBX,
                trunk,
                channel: channel.clone(),
            });
        }
    }

    fn not_made(&mut self, call: u32) {
        self.hear(Input::ChannelNotMade {
            server: PBX,
            channel: format!("call-{call}"),
        });
    }

    fn reachable(&mut self, trunk: &str, reachable: bool) {
        self.hear(Input::TrunkReached {
            server: PBX,
            trunk: trunk.to_owned(),
            reachable,
        });
    }
}

#[test]
fn priority_comes_before_cost_and_cost_before_turns() {
    let with = |name: &str, priority: u16, cost: Option<u32>| {
        trunk(name, |it| {
            it.priority = priority;
            it.rules = vec![rule("421", cost)];
        })
    };
    let mut centre = Centre::with([
        with("dear", 10, Some(900)),
        with("cheap", 10, Some(100)),
        with("unpriced", 10, None),
        with("last", 20, Some(1)),
    ]);
    assert_eq!(centre.call(), "cheap");
    assert_eq!(centre.call_but(&["cheap"]), "dear");
    assert_eq!(centre.call_but(&["cheap", "dear"]), "unpriced");
    assert_eq!(centre.call_but(&["cheap", "dear", "unpriced"]), "last");
    assert_eq!(
        centre.call_but(&["cheap", "dear", "unpriced", "last"]),
        "cheap: Failed, dear: Failed, unpriced: Failed, last: Failed"
    );
}

#[test]
fn equal_trunks_take_turns_by_weight() {
    let weighing = |name: &str, weight| trunk(name, |it| it.weight = weight);
    let mut centre = Centre::with([weighing("a", 3), weighing("b", 1)]);
    assert_eq!(centre.calls(8), ["a", "a", "b", "a", "a", "a", "b", "a"]);
}

#[test]
fn no_trunk_has_more_calls_than_it_may_whoever_began_them() {
    let mut centre = Centre::with([trunk("a", |it| it.max_channels = Some(2))]);
    let full = "a: Full { max_channels: 2 }";
    assert_eq!(centre.calls(3), ["a", "a", full]);
    centre.ended(1);
    assert_eq!(centre.calls(2), ["a", full]);
    // The channel of a call that was counted when it was chosen, as Asterisk tells of it.
    let began = |channel: &str| Input::ChannelBegan {
        server: PBX,
        trunk: "a".to_owned(),
        channel: channel.to_owned(),
        outgoing: true,
    };
    centre.ended(2);
    centre.hear(began("call-4"));
    assert_eq!(centre.call(), "a");
    centre.ended(6);
    centre.hear(began("came-in"));
    assert_eq!(centre.call(), full);
    // What Asterisk has told of is there until it tells of the end, whatever is believed of it.
    centre.not_made(4);
    assert_eq!(centre.call(), full);
    // What is not there any more after a lost connection ends; what is just being made does not.
    centre.hear(Input::ServerCompared {
        server: PBX,
        channels: vec![("a".to_owned(), "came-in".to_owned())],
        unreachable: BTreeSet::new(),
    });
    assert_eq!(centre.calls(2), ["a", full]);
    let made = centre.calls - 1;
    centre.hear(Input::ServerCompared {
        server: PBX,
        channels: vec![("a".to_owned(), "came-in".to_owned())],
        unreachable: BTreeSet::new(),
    });
    assert_eq!(centre.call(), full);
    centre.not_made(made);
    assert_eq!(centre.call(), "a");
}

#[test]
fn a_trunk_that_is_elsewhere_now_may_answer_there() {
    let mut centre = Centre::with([trunk("a", |_| {})]);
    centre.reachable("a", false);
    assert_eq!(centre.call(), "a: Unreachable");
    centre.set(Trunk {
        host: "sip.example.org".to_owned(),
        ..trunk("a", |_| {})
    });
    assert_eq!(centre.call(), "a");
}

#[test]
fn no_more_calls_begin_within_any_second_than_may() {
    let mut centre = Centre::with([trunk("a", |it| it.max_calls_per_second = Some(2))]);
    assert_eq!(centre.call(), "a");
    assert_eq!(centre.after(600).call(), "a");
    let ask = Centre::ask(&[]);
    let none = centre.router.choose(centre.now, ask, "x").unwrap_err();
    let wait = none.retry_at.unwrap().since(centre.now);
    assert_eq!(wait, Duration::from_millis(400));
    assert_eq!(centre.after(400).call(), "a");
    assert!(centre.call().contains("TooFast"));
    assert_eq!(centre.after(600).call(), "a");
}

#[test]
fn what_is_no_number_of_the_world_goes_where_everything_goes() {
    let choosy = trunk("a", |it| it.rules = vec![rule("421", None)]);
    let mut centre = Centre::with([choosy, trunk("b", |it| it.max_channels = Some(1))]);
    let short = Called::AsDialled("18188");
    let b = ("b".to_owned(), "18188".to_owned());
    assert_eq!(centre.takers(short), [b]);
    assert_eq!(centre.call_but(&["a"]), "b");
    assert_eq!(centre.takers(short), [], "it is full");
}

#[test]
fn a_call_for_help_is_taken_by_all_and_first_by_those_that_answer() {
    let full = trunk("full", |it| {
        it.max_channels = Some(1);
        it.rules = vec![rule("421", None)];
    });
    let later = trunk("later", |it| it.priority = 20);
    let incoming = Trunk {
        outbound: None,
        ..trunk("incoming", |_| {})
    };
    let mut centre = Centre::with([trunk("away", |_| {}), full, later, incoming]);
    centre.reachable("away", false);
    assert_eq!(centre.calls(2), ["full", "later"]);
    let takers = centre.takers(Called::Emergency("112"));
    let help = |name: &str| (name.to_owned(), "112".to_owned());
    assert_eq!(takers, [help("full"), help("later"), help("away")]);
}

#[test]
fn calls_that_others_begin_count_within_the_second_and_those_that_come_in_do_not() {
    let mut centre = Centre::with([trunk("a", |it| it.max_calls_per_second = Some(1))]);
    let began = |channel: &str, outgoing| Input::ChannelBegan {
        server: PBX,
        trunk: "a".to_owned(),
        channel: channel.to_owned(),
        outgoing,
    };
    centre.hear(began("came-in", false));
    assert_eq!(centre.call(), "a");
    // Its own channel is not a second call.
    centre.after(999).hear(began("call-1", true));
    assert_eq!(centre.after(1).call(), "a");
    centre.after(1_000).hear(began("dialled-by-a-phone", true));
    assert!(centre.after(999).call().contains("TooFast"));
    assert_eq!(centre.after(1).call(), "a");
}

#[test]
fn who_does_not_answer_is_passed_over_and_who_failed_comes_last_for_a_while() {
    let second = trunk("b", |it| it.priority = 20);
    let mut centre = Centre::with([trunk("a", |_| {}), second]);
    centre.reachable("a", false);
    assert_eq!(centre.call(), "b");
    centre.reachable("a", true);
    assert_eq!(centre.call(), "a");
    let a = centre.ids["a"];
    centre.hear(Input::TrunkFailed {
        server: PBX,
        trunk: a,
    });
    assert_eq!(centre.call(), "b");
    centre.reachable("b", false);
    assert_eq!(centre.call(), "a", "better than none");
    centre.reachable("b", true);
    assert_eq!(centre.after(30_000).call(), "a");
    assert_eq!(centre.call_but(&["a"]), "b");
}

#[test]
fn only_trunks_that_are_for_it_take_a_call() {
    let mut inactive = trunk("inactive", |_| {});
    inactive.active = false;
    let mut incoming = trunk("incoming", |_| {});
    incoming.outbound = None;
    let mut elsewhere = trunk("elsewhere", |_| {});
    elsewhere.server = Some(OTHER);
    let mut unfit = trunk("unfit", |it| it.rules = vec![rule("43", None)]);
    unfit.server = Some(PBX);
    let mut centre = Centre::with([inactive, incoming, elsewhere, unfit]);
    let all = "elsewhere: OtherServer, inactive: NotActive, unfit: NoRule, incoming: IncomingOnly";
    assert_eq!(centre.call(), all);
    assert!(centre.router.serves(OTHER));
    let elsewhere = centre.ids["elsewhere"];
    centre.hear(Input::TrunkRemoved(elsewhere));
    assert!(!centre.router.serves(OTHER));
    assert!(centre.router.serves(PBX));
}

#[test]
fn a_servers_own_dialplan_decides_before_any_trunk() {
    let mut centre = Centre::with([trunk("a", |_| {})]);
    let own = "Local/{number}@outbound".parse().ok();
    centre.hear(Input::DialOutSet {
        server: PBX,
        dial_out: own,
    });
    assert_eq!(centre.call(), "Local/421255501000@outbound");
    centre.hear(Input::DialOutSet {
        server: PBX,
        dial_out: None,
    });
    assert_eq!(centre.call(), "a");
}

#[test]
fn a_trunk_that_is_renamed_keeps_its_calls() {
    let mut centre = Centre::with([trunk("a", |it| it.max_channels = Some(1))]);
    assert_eq!(centre.call(), "a");
    let renamed = Trunk {
        name: "z".to_owned(),
        ..trunk("a", |it| it.max_channels = Some(1))
    };
    centre.set(renamed);
    assert_eq!(centre.call(), "z: Full { max_channels: 1 }");
    centre.ended(1);
    assert_eq!(centre.call(), "z");
}

#[derive(Debug, Clone)]
enum Deed {
    Call,
    End(u32),
    Wait(u64),
    Fail(bool),
    Reach(bool, bool),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Call),
        2 => (1..60u32).prop_map(Deed::End),
        2 => (1..700u64).prop_map(Deed::Wait),
        1 => any::<bool>().prop_map(Deed::Fail),
        1 => any::<(bool, bool)>().prop_map(|(which, up)| Deed::Reach(which, up)),
    ]
}

proptest! {
    /// Whatever happens, in whatever order.
    #[test]
    fn limits_hold(deeds in proptest::collection::vec(deed(), 1..200)) {
        let limited = |name: &str| trunk(name, |it| {
            it.max_channels = Some(3);
            it.max_calls_per_second = Some(2);
        });
        let mut centre = Centre::with([limited("a"), limited("b")]);
        let mut up: BTreeMap<u32, String> = BTreeMap::new();
        let mut begun: Vec<(Instant, String)> = Vec::new();
        for deed in deeds {
            let named = |first: bool| if first { "a" } else { "b" };
            match deed {
                Deed::Call => {
                    let answer = centre.call();
                    if answer.len() == 1 {
                        up.insert(centre.calls, answer.clone());
                        begun.push((centre.now, answer));
                    }
                }
                Deed::End(call) => {
                    up.remove(&call);
                    centre.ended(call);
                }
                Deed::Wait(millis) => drop(centre.after(millis)),
                Deed::Fail(first) => {
                    let id = centre.ids[named(first)];
                    centre.hear(Input::TrunkFailed { server: PBX, trunk: id });
                }
                Deed::Reach(first, reachable) => centre.reachable(named(first), reachable),
            }
            for name in ["a", "b"] {
                prop_assert!(up.values().filter(|it| *it == name).count() <= 3);
                let lately = begun.iter().filter(|(at, it)| {
                    it == name && centre.now.since(*at) < Duration::from_secs(1)
                });
                prop_assert!(lately.count() <= 2);
            }
        }
    }
}
