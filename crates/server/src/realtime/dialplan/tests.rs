#![allow(clippy::unwrap_used)]
use engine::dialplan::End;
use model::{DialplanAction, DialplanContext, DialplanRule, Timestamp, TrunkOutbound, TrunkRule};

use super::*;
use crate::realtime::trunk;

const PBX: ServerId = ServerId(uuid::Uuid::from_u128(1));

fn trunk(name: &str, rules: Vec<TrunkRule>) -> Trunk {
    let outbound = Some(TrunkOutbound {
        rules,
        ..TrunkOutbound::default()
    });
    Trunk {
        outbound,
        ..trunk::tests::trunk(name)
    }
}

/// Everything goes out, with a number of ours; `choosy` is for numbers of Slovakia, as they are dialled there.
fn live(numbers: Numbers) -> LiveDialplan {
    let mut live = LiveDialplan::new(numbers, Ways::default());
    let out = |pattern: &str| DialplanRule {
        pattern: pattern.parse().unwrap(),
        action: DialplanAction::Out {
            strip: 0,
            prepend: String::new(),
            present: Some("+421255550100".to_owned()),
        },
        note: String::new(),
    };
    let context = DialplanContext {
        id: DialplanContextId::new(Timestamp::default(), 1),
        name: "agents".to_owned(),
        note: String::new(),
        rules: vec![out("_X."), out("_+X.")],
    };
    live.set(&KeptContext { context, slot: 1 });
    live.set_server(PBX, "cordboard");
    let rule = TrunkRule {
        prefix: "421".to_owned(),
        strip: 3,
        prepend: "0".to_owned(),
        ..TrunkRule::default()
    };
    live.set_trunk(&trunk("choosy", vec![rule]));
    live.set_trunk(&trunk("open", Vec::new()));
    live
}

/// `number@trunk` in their order, and what the called one sees.
fn reached(live: &LiveDialplan, dialled: &str) -> (Vec<String>, Option<String>) {
    match live.follow("agents", dialled, Some(PBX)).end {
        End::Out {
            outside, present, ..
        } => {
            let ways = outside.ways.iter();
            let ways = ways.map(|way| format!("{}@{}", way.number, way.trunk));
            (ways.collect(), present.map(str::to_owned))
        }
        end => panic!("{dialled}: {end:?}"),
    }
}

/// In some countries the library reads an emergency number as a number of the network that is dialled without its area code.
#[test]
fn a_call_for_help_goes_out_just_as_it_was_dialled_in_every_country() {
    let letters = || (b'A'..=b'Z').map(char::from);
    let codes = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
    let mut seen = 0;
    for code in codes {
        let Some(numbers) = Numbers::new(&code) else {
            continue;
        };
        let live = live(numbers);
        for number in numbers.emergencies() {
            let both = vec![format!("{number}@choosy"), format!("{number}@open")];
            assert_eq!(reached(&live, number), (both, None), "{code}");
            seen += 1;
        }
    }
    assert!(seen > 700, "{seen}");
}

#[test]
fn what_cannot_be_read_as_a_number_goes_by_no_rule_of_a_trunk() {
    let abroad = live(Numbers::default());
    let at_home = live(Numbers::new("SK").unwrap());
    let open = |number: &str| vec![format!("{number}@open")];
    for (live, dialled, ways) in [
        (
            &at_home,
            "0905550123",
            vec!["0905550123@choosy", "421905550123@open"],
        ),
        (&at_home, "0019005550100", vec!["19005550100@open"]),
        (
            &abroad,
            "+421905550123",
            vec!["0905550123@choosy", "421905550123@open"],
        ),
    ] {
        assert_eq!(reached(live, dialled).0, ways, "{dialled}");
    }
    for (live, dialled) in [
        (&abroad, "0905550123"),
        (&abroad, "00882"),
        (&at_home, "18188"),
        (&at_home, "090555012345678"),
    ] {
        let (ways, present) = reached(live, dialled);
        assert_eq!(ways, open(dialled), "{dialled}");
        assert_eq!(present.as_deref(), Some("+421255550100"));
    }
}

#[test]
fn a_slot_that_was_set_free_is_given_away_last() {
    let mut live = live(Numbers::default());
    assert_eq!(live.free_slot(1), Some(2));
    live.remove(DialplanContextId::new(Timestamp::default(), 1));
    assert_eq!(live.free_slot(1), Some(2));
    assert_eq!(live.free_slot(MAX_CONTEXTS), Some(1));
    assert_eq!(live.free_slot(u16::MAX), Some(1));
}
