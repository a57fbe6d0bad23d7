//! What a server tells of its channels, and what is over because of it.

use super::*;

struct Pbx {
    calls: Calls,
    at: Timestamp,
}

impl Pbx {
    fn new() -> Self {
        Self {
            calls: Calls::default(),
            at: Timestamp::from_micros(START),
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.at = self.at.after(Duration::from_secs(seconds));
    }

    fn hears(&mut self, heard: Heard) -> Vec<Input> {
        self.calls.handle(self.at, heard);
        std::iter::from_fn(|| self.calls.next_command()).collect()
    }

    fn dials(&mut self, caller: Option<&str>, peer: &str, to: Option<&str>) -> Vec<Input> {
        self.hears(Heard::Dialled {
            caller: caller.map(Into::into),
            peer: peer.into(),
            presented: to.map(presented).into_iter().collect(),
        })
    }

    fn answers(&mut self, peer: &str) -> Vec<Input> {
        self.hears(Heard::Answered {
            caller: None,
            peer: peer.into(),
        })
    }

    fn gone(&mut self, channel: &str) -> Vec<Input> {
        let channel = channel.into();
        self.hears(Heard::Gone { channel })
    }

    fn carries(&mut self, channel: &str, reservation: Option<ReservationId>) -> Vec<Input> {
        let channel = channel.into();
        self.hears(Heard::Carries {
            channel,
            reservation,
        })
    }

    fn is_empty(&self) -> bool {
        format!("{:?}", self.calls) == format!("{:?}", Calls::default())
    }
}

fn presented(to: &str) -> Presented {
    Presented {
        number: "+12125550101".parse().unwrap(),
        to: to.parse().unwrap(),
    }
}

const ANN: &str = "+13105550142";
const BOB: &str = "+13105550143";
const UNANSWERED: Option<Outcome> = Some(Outcome {
    answered: false,
    talk: Duration::ZERO,
});

fn talked(seconds: u64) -> Outcome {
    Outcome {
        answered: true,
        talk: Duration::from_secs(seconds),
    }
}

fn ended(to: &str, outcome: Option<Outcome>) -> Vec<Input> {
    let Presented { number, to } = presented(to);
    vec![Input::CallEnded {
        number,
        to,
        outcome,
    }]
}

fn reservation(number: i64) -> ReservationId {
    ReservationId::new(Timestamp::from_micros(START + number * 1_000), 0)
}

fn released(number: i64, why: Release) -> Vec<Input> {
    let reservation = reservation(number);
    vec![Input::Released { reservation, why }]
}

#[test]
fn an_answered_call_is_over_when_the_person_has_gone_whoever_went_first() {
    for order in [["agent", "person"], ["person", "agent"]] {
        let mut pbx = Pbx::new();
        assert_eq!(pbx.dials(Some("agent"), "person", Some(ANN)), []);
        pbx.wait(9);
        assert_eq!(pbx.answers("person"), []);
        pbx.wait(20);
        let mut over = pbx.gone(order[0]);
        over.extend(pbx.gone(order[1]));
        assert_eq!(over, ended(ANN, Some(talked(20))));
        assert!(pbx.is_empty(), "{:?}", pbx.calls);
    }
}

#[test]
fn who_was_transferred_is_still_on_the_call() {
    let mut pbx = Pbx::new();
    pbx.dials(Some("agent"), "person", Some(ANN));
    pbx.answers("person");
    pbx.wait(5);
    assert_eq!(pbx.gone("agent"), []);
    pbx.wait(60);
    assert_eq!(pbx.gone("person"), ended(ANN, Some(talked(65))));
    assert!(pbx.is_empty());
}

#[test]
fn a_call_that_nobody_answers_is_over_with_who_dials_who_may_try_another_trunk() {
    let mut pbx = Pbx::new();
    pbx.dials(Some("agent"), "first", Some(ANN));
    assert_eq!(pbx.gone("first"), []);
    pbx.dials(Some("agent"), "second", Some(ANN));
    assert_eq!(pbx.gone("second"), []);
    assert_eq!(pbx.gone("agent"), ended(ANN, UNANSWERED));
    assert!(pbx.is_empty());
}

#[test]
fn of_two_trunks_at_once_the_answering_one_is_the_call() {
    let mut pbx = Pbx::new();
    pbx.dials(Some("agent"), "first", Some(ANN));
    pbx.dials(Some("agent"), "second", Some(ANN));
    pbx.answers("second");
    assert_eq!(pbx.gone("first"), []);
    pbx.wait(3);
    assert_eq!(pbx.gone("second"), ended(ANN, Some(talked(3))));
    assert_eq!(pbx.gone("agent"), []);
    assert!(pbx.is_empty());
}

#[test]
fn a_dialler_that_calls_the_next_person_has_ended_the_last_call() {
    let mut pbx = Pbx::new();
    pbx.dials(Some("dialler"), "one", Some(ANN));
    pbx.gone("one");
    assert_eq!(
        pbx.dials(Some("dialler"), "two", Some(BOB)),
        ended(ANN, UNANSWERED)
    );
    pbx.answers("two");
    pbx.wait(1);
    assert_eq!(pbx.gone("two"), ended(BOB, Some(talked(1))));
    assert_eq!(pbx.gone("dialler"), []);
    assert!(pbx.is_empty());
}

#[test]
fn an_originated_channel_dials_itself() {
    let mut pbx = Pbx::new();
    pbx.dials(None, "person", Some(ANN));
    assert_eq!(pbx.gone("person"), ended(ANN, UNANSWERED));
    pbx.dials(None, "person", Some(BOB));
    pbx.answers("person");
    pbx.wait(2);
    assert_eq!(pbx.gone("person"), ended(BOB, Some(talked(2))));
    assert!(pbx.is_empty());
}

#[test]
fn a_reservation_that_the_dialplan_carries_is_the_one_that_ends() {
    let mut pbx = Pbx::new();
    pbx.carries("agent", Some(reservation(1)));
    // Somebody of the house is asked first; then the person.
    assert_eq!(pbx.dials(Some("agent"), "colleague", None), []);
    pbx.answers("colleague");
    assert_eq!(pbx.dials(Some("agent"), "person", Some(ANN)), []);
    pbx.gone("colleague");
    assert_eq!(pbx.gone("person"), []);
    let why = Release::CallEnded(UNANSWERED);
    assert_eq!(pbx.gone("agent"), released(1, why));

    // Inherited by the channel that is dialled, before or after.
    for after in [false, true] {
        if !after {
            pbx.carries("person", Some(reservation(2)));
        }
        pbx.dials(Some("agent"), "person", Some(ANN));
        if after {
            pbx.carries("person", Some(reservation(2)));
        }
        pbx.answers("person");
        pbx.wait(7);
        let why = Release::CallEnded(Some(talked(7)));
        assert_eq!(pbx.gone("person"), released(2, why));
        assert_eq!(pbx.gone("agent"), []);
    }

    // Nobody was dialled, or the dialplan asks anew.
    pbx.carries("agent", Some(reservation(3)));
    assert_eq!(
        pbx.carries("agent", Some(reservation(4))),
        released(3, Release::Deleted)
    );
    assert_eq!(pbx.carries("agent", None), released(4, Release::Deleted));
    assert_eq!(pbx.gone("agent"), []);
    assert!(pbx.is_empty());
}

#[test]
fn what_presents_nothing_and_carries_nothing_is_not_kept() {
    let mut pbx = Pbx::new();
    pbx.dials(Some("101"), "102", None);
    pbx.answers("102");
    pbx.carries("101", None);
    assert!(pbx.is_empty());
}

#[test]
fn what_ended_while_nobody_looked_has_no_outcome() {
    let mut pbx = Pbx::new();
    pbx.dials(Some("a"), "ann", Some(ANN));
    pbx.dials(Some("b"), "bob", Some(BOB));
    pbx.answers("bob");
    let there =
        |channels: &[&str]| Heard::There(channels.iter().copied().map(Into::into).collect());
    assert_eq!(pbx.hears(there(&["a", "ann", "b", "bob"])), []);
    assert_eq!(pbx.hears(there(&["a", "b"])), ended(BOB, None));
    assert_eq!(pbx.hears(there(&[])), ended(ANN, None));
    assert!(pbx.is_empty());
}

fn found(caller: &str, to: &str, answered: Option<(&str, Timestamp)>) -> Heard {
    Heard::Found {
        caller: caller.into(),
        reservation: None,
        presented: vec![presented(to)],
        answered: answered.map(|(leg, at)| (leg.into(), at)),
    }
}

#[test]
fn a_call_that_was_up_before_is_followed_from_now_on() {
    let mut pbx = Pbx::new();
    let made = pbx.at;
    pbx.wait(70);
    assert_eq!(pbx.hears(found("a", ANN, Some(("ann", made)))), []);
    pbx.wait(10);
    assert_eq!(pbx.gone("a"), []);
    assert_eq!(pbx.gone("ann"), ended(ANN, Some(talked(80))));

    // One that rings is answered by a channel that was never heard of, or is not answered.
    pbx.hears(found("b", BOB, None));
    pbx.hears(Heard::Answered {
        caller: Some("b".into()),
        peer: "bob".into(),
    });
    pbx.wait(5);
    assert_eq!(pbx.gone("bob"), ended(BOB, Some(talked(5))));
    pbx.hears(found("c", ANN, None));
    assert_eq!(pbx.gone("c"), ended(ANN, UNANSWERED));
    assert!(pbx.is_empty());
}

#[test]
fn a_call_that_is_known_is_not_found_again() {
    let mut pbx = Pbx::new();
    pbx.dials(Some("a"), "ann", Some(ANN));
    pbx.hears(found("a", BOB, None));
    pbx.hears(found("x", BOB, Some(("ann", pbx.at))));
    assert_eq!(pbx.calls.open(), 1);
    pbx.gone("ann");
    assert_eq!(pbx.gone("a"), ended(ANN, UNANSWERED));
    assert!(pbx.is_empty());
}

#[test]
fn too_many_calls_are_counted_and_not_followed() {
    let mut pbx = Pbx::new();
    for n in 0..MAX_CALLS + 3 {
        pbx.dials(None, &n.to_string(), Some(ANN));
    }
    assert_eq!((pbx.calls.open(), pbx.calls.overflowed()), (MAX_CALLS, 3));
    assert_eq!(pbx.gone("0"), ended(ANN, UNANSWERED));
    pbx.dials(None, "again", Some(ANN));
    assert_eq!((pbx.calls.open(), pbx.calls.overflowed()), (MAX_CALLS, 3));
}

proptest::proptest! {
    /// In any order, when all channels have gone nothing is left, and whatever was carried has ended.
    #[test]
    fn nothing_is_left_when_all_have_gone(told in proptest::collection::vec((0_u8..7, 0_u8..5, 0_u8..5), 0..60)) {
        let mut pbx = Pbx::new();
        let mut over = Vec::new();
        let mut carried = BTreeSet::new();
        for (what, one, other) in told {
            let (a, b) = (one.to_string(), other.to_string());
            over.extend(match what {
                0 => pbx.dials(Some(&a), &b, Some([ANN, BOB][usize::from(one % 2)])),
                1 => pbx.dials(None, &a, [None, Some(BOB)][usize::from(other % 2)]),
                2 => pbx.answers(&a),
                3 => {
                    carried.insert(reservation(other.into()));
                    pbx.carries(&a, Some(reservation(other.into())))
                }
                4 => pbx.hears(found(&a, ANN, (other % 2 == 0).then_some((&b, pbx.at)))),
                5 => pbx.hears(Heard::Answered { caller: Some(a), peer: b }),
                _ => pbx.gone(&a),
            });
        }
        for channel in 0..5 {
            over.extend(pbx.gone(&channel.to_string()));
        }
        proptest::prop_assert!(pbx.is_empty(), "{:?}", pbx.calls);
    }
}
