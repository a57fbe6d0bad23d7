#![allow(clippy::unwrap_used)]
use model::{DialplanContextId, DidId, Pattern, Timestamp};
use proptest::prelude::*;

use super::*;

/// Phones 101 and 102, and two trunks, of which the second wants numbers without `+`.
struct Centre;

impl Surroundings for Centre {
    fn has_phone(&self, number: &str) -> bool {
        matches!(number, "101" | "102")
    }

    fn outside(&self, number: &str) -> Outside {
        let way = |trunk: &str, number: &str| Way {
            trunk: trunk.to_owned(),
            number: number.to_owned(),
        };
        let ways = vec![
            way("first", number),
            way("second", number.trim_start_matches('+')),
        ];
        let reading = match number {
            "112" => Reading::Emergency,
            _ => Reading::Number,
        };
        Outside { reading, ways }
    }
}

fn rule(pattern: &str, action: DialplanAction) -> DialplanRule {
    DialplanRule {
        pattern: pattern.parse().unwrap(),
        action,
        note: String::new(),
    }
}

fn context(name: &str, rules: Vec<DialplanRule>) -> DialplanContext {
    DialplanContext {
        id: DialplanContextId::new(Timestamp::default(), 1),
        name: name.to_owned(),
        note: String::new(),
        rules,
    }
}

fn phone() -> DialplanAction {
    DialplanAction::Phone {
        number: None,
        ring_seconds: 30,
        unanswered: Unanswered::HangUp,
    }
}

fn out(strip: u8, prepend: &str) -> DialplanAction {
    DialplanAction::Out {
        strip,
        prepend: prepend.to_owned(),
        present: Some("+4215550100".to_owned()),
    }
}

fn hang_up(cause: HangUpCause) -> DialplanAction {
    DialplanAction::HangUp { cause }
}

fn go_to(context: &str) -> DialplanAction {
    DialplanAction::GoTo {
        context: context.to_owned(),
    }
}

fn dialplan() -> Dialplan {
    let mut dialplan = Dialplan::default();
    dialplan.set(&context(
        "agents",
        vec![
            rule("_X.", phone()),
            rule("_0.", go_to("outside")),
            rule("_1XX", hang_up(HangUpCause::Busy)),
            rule("112", out(0, "")),
            rule("_1[0-2]X", phone()),
        ],
    ));
    dialplan.set(&context(
        "outside",
        vec![
            rule("_00.", hang_up(HangUpCause::Rejected)),
            rule("_0Z.", out(1, "+421")),
        ],
    ));
    dialplan
}

fn end_of(dialplan: &Dialplan, dialled: &str) -> String {
    match dialplan.follow("agents", dialled, &Centre).end {
        End::Phone { number, .. } => format!("phone {number}"),
        End::Out {
            number,
            present,
            outside,
        } => {
            let ways = outside.ways.iter();
            let ways: Vec<_> = ways
                .map(|way| format!("{}@{}", way.number, way.trunk))
                .collect();
            let present = present.unwrap_or("its own");
            format!("out {number} as {present}: {}", ways.join(", "))
        }
        end => format!("{end:?}"),
    }
}

#[test]
fn the_most_specific_rule_holds_and_contexts_lead_on() {
    let dialplan = dialplan();
    for (dialled, wanted) in [
        ("101", "phone 101"),
        // No such phone: the next one that fits.
        ("103", "HangUp(Busy)"),
        ("131", "HangUp(Busy)"),
        ("112", "out 112 as its own: 112@first, 112@second"),
        (
            "0905123456",
            "out +421905123456 as +4215550100: +421905123456@first, 421905123456@second",
        ),
        ("00421905", "HangUp(Rejected)"),
        ("777", "NoRule"),
        ("7", "NoRule"),
        ("", "NotDialable"),
        ("s", "NotDialable"),
        ("101&PJSIP/102", "NotDialable"),
        ("0${X}", "NotDialable"),
    ] {
        assert_eq!(end_of(&dialplan, dialled), wanted, "{dialled}");
    }
    let long = "0".repeat(MAX_DIALLED + 1);
    assert_eq!(end_of(&dialplan, &long), "NotDialable");
    assert_eq!(
        dialplan.follow("nowhere", "1", &Centre).end,
        End::NoContext("nowhere")
    );
}

#[test]
fn every_rule_says_why_not() {
    let dialplan = dialplan();
    let path = dialplan.follow("agents", "103", &Centre);
    let tried: Vec<_> = path.steps[0]
        .tried
        .iter()
        .map(|(rule, verdict)| (rule.pattern.as_str(), *verdict))
        .collect();
    assert_eq!(
        tried,
        [
            ("112", Verdict::Misfit(Misfit::Differs(2))),
            ("_0.", Verdict::Misfit(Misfit::Differs(1))),
            ("_1[0-2]X", Verdict::NoPhone),
            ("_1XX", Verdict::Holds),
            ("_X.", Verdict::Later),
        ]
    );
    let path = dialplan.follow("agents", "0905", &Centre);
    let contexts: Vec<_> = path.steps.iter().map(|step| step.context).collect();
    assert_eq!(contexts, ["agents", "outside"]);
}

#[test]
fn what_would_be_no_number_is_not_dialled() {
    let mut dialplan = Dialplan::default();
    dialplan.set(&context("agents", vec![rule("_+X.", out(0, "00"))]));
    let end = dialplan.follow("agents", "+421", &Centre).end;
    assert_eq!(end, End::NoNumber("00+421".to_owned()));
}

#[test]
fn ways_out_and_circles_are_seen() {
    let mut dialplan = dialplan();
    assert_eq!(dialplan.way_out("agents"), Some(vec!["agents"]));
    assert_eq!(dialplan.way_out("nowhere"), None);
    dialplan.set(&context(
        "from-provider",
        vec![rule("_X.", go_to("night")), rule("1", phone())],
    ));
    assert_eq!(
        dialplan.way_out("from-provider"),
        None,
        "there is no such context"
    );
    dialplan.set(&context("night", vec![rule("_X.", go_to("agents"))]));
    let way = vec!["from-provider", "night", "agents"];
    assert_eq!(dialplan.way_out("from-provider"), Some(way));
    assert_eq!(dialplan.circle("night"), None);
    assert_eq!(dialplan.leads_to("night"), Some("from-provider"));

    dialplan.set(&context("outside", vec![rule("_0.", go_to("night"))]));
    assert_eq!(
        dialplan.circle("night"),
        Some(vec!["night", "agents", "outside"])
    );
    assert_eq!(
        dialplan.follow("night", "0905", &Centre).end,
        End::NoRule,
        "it ends"
    );
    dialplan.set(&context("self", vec![rule("_X.", go_to("self"))]));
    assert_eq!(dialplan.circle("self"), Some(vec!["self"]));
}

#[test]
fn a_queue_that_is_led_to_is_known() {
    let mut dialplan = dialplan();
    let queue = QueueId::new(Timestamp::default(), 7);
    assert_eq!(dialplan.leads_to_queue(queue), None);
    dialplan.set(&context(
        "day",
        vec![rule("500", DialplanAction::Queue { queue })],
    ));
    assert_eq!(dialplan.leads_to_queue(queue), Some("day"));
    dialplan.remove("day");
    assert!(!dialplan.has("day"));
    assert_eq!(dialplan.leads_to_queue(queue), None);
}

proptest! {
    /// Whatever was dialled, and in whichever order the rules were written, the same rule holds.
    #[test]
    fn the_order_of_writing_decides_nothing(
        texts in prop::collection::btree_set("_[XZN0-2]{1,3}[X.!]|[0-2]{1,3}", 1..8), dialled in "[0-3]{1,5}", turn in 0usize..8,
    ) {
        let rules = texts.iter().map(|text| rule(text, hang_up(HangUpCause::Busy)));
        let mut rules: Vec<_> = rules.collect();
        let held = |rules: Vec<DialplanRule>| {
            let mut dialplan = Dialplan::default();
            dialplan.set(&context("agents", rules));
            let path = dialplan.follow("agents", &dialled, &Centre);
            let tried = path.steps[0].tried.iter().find(|(_, verdict)| *verdict == Verdict::Holds);
            tried.map(|(rule, _)| rule.pattern.clone())
        };
        let before: Option<Pattern> = held(rules.clone());
        let turn = turn % rules.len();
        rules.rotate_left(turn);
        prop_assert_eq!(before, held(rules));
    }
}

fn did(number: &str, to: DidTarget) -> Did {
    let id = number
        .bytes()
        .fold(0, |id, byte| id << 4 | u128::from(byte));
    Did {
        id: DidId::new(Timestamp::default(), id << 64),
        number: number.to_owned(),
        to,
        return_wait_seconds: 0,
        note: String::new(),
    }
}

fn menu(context: &str) -> DialplanAction {
    DialplanAction::Menu(Menu {
        sound: "custom/welcome".to_owned(),
        context: context.to_owned(),
        choices: Vec::new(),
        wait_seconds: 5,
        tries: 3,
        otherwise: None,
    })
}

fn into(context: &str, number: Option<&str>) -> DidTarget {
    DidTarget::Context {
        context: context.to_owned(),
        number: number.map(str::to_owned),
    }
}

#[test]
fn our_numbers_lead_where_the_list_says() {
    let mut dialplan = Dialplan::default();
    let rules = vec![
        rule("_X.", DialplanAction::Did),
        rule("_55509X", hang_up(HangUpCause::NumberChanged)),
        rule("_+X.", DialplanAction::Did),
    ];
    dialplan.set(&context("incoming", rules));
    dialplan.set(&context("welcome", vec![rule("1", menu("choice"))]));
    let in_queue = DidTarget::Queue {
        queue: QueueId(uuid::Uuid::nil()),
    };
    let to_a_phone = DidTarget::Phone {
        number: "101".to_owned(),
        ring_seconds: 20,
        unanswered: Unanswered::Words,
    };
    let announced = DidTarget::Announce {
        sound: "closed".to_owned(),
    };
    let waits = did("55500", in_queue);
    dialplan.set_did(&waits);
    dialplan.set_did(&did("55501", to_a_phone));
    dialplan.set_did(&did("+55502", announced));
    dialplan.set_did(&did("55503", into("welcome", Some("1"))));
    // Its own number is none that the context knows.
    dialplan.set_did(&did("55504", into("welcome", None)));
    // A list that leads back to itself ends.
    dialplan.set_did(&did("55505", into("incoming", None)));
    let end = |number: &str| dialplan.follow("incoming", number, &Centre).end;
    assert_eq!(end("55500"), End::Did(&waits));
    assert_eq!(end("+55500"), End::Did(&waits));
    assert!(matches!(end("55501"), End::Phone { exists: true, .. }));
    assert_eq!(end("55502"), End::Announce("closed"));
    assert!(matches!(end("55503"), End::Menu(menu) if menu.context == "choice"));
    assert_eq!(end("55504"), End::NoRule);
    assert_eq!(end("55505"), End::NoRule);
    // No number of ours: the next rule holds.
    assert_eq!(end("555099"), End::HangUp(HangUpCause::NumberChanged));
    assert_eq!(end("777"), End::NoRule);
    let directly = |number: &str| dialplan.follow_did(number, &Centre).end;
    assert_eq!(directly("55500"), End::Did(&waits));
    assert!(matches!(directly("55503"), End::Menu(_)));
    for nothing in ["777", "", "s", "55500&1"] {
        assert_eq!(directly(nothing), End::NotDialable, "{nothing}");
    }
    let path = dialplan.follow("incoming", "777", &Centre);
    let verdicts = path.steps[0].tried.iter().map(|(_, verdict)| *verdict);
    assert!(verdicts.into_iter().any(|it| it == Verdict::NoDid));
    dialplan.remove_did(waits.id);
    let end = dialplan.follow("incoming", "55500", &Centre).end;
    assert_eq!(end, End::NoRule);
}

#[test]
fn a_menu_leads_out_as_its_choices_do() {
    let mut dialplan = dialplan();
    dialplan.set(&context("welcome", vec![rule("_X.", menu("outside"))]));
    dialplan.set_did(&did("55500", into("welcome", None)));
    assert_eq!(
        dialplan.way_out("welcome"),
        Some(vec!["welcome", "outside"])
    );
    let (number, way) = dialplan.did_out().unwrap();
    assert_eq!(
        (number.number.as_str(), way),
        ("55500", vec!["welcome", "outside"])
    );
    assert_eq!(dialplan.leads_to("outside"), Some("agents"));
    assert!(dialplan.did_into("welcome").is_some());
    assert!(dialplan.did_into("outside").is_none());
    // A menu may lead back to where it stands: each time somebody chooses.
    dialplan.set(&context("welcome", vec![rule("_X.", menu("welcome"))]));
    assert_eq!(dialplan.circle("welcome"), None);
    assert_eq!(dialplan.did_out(), None);
}
