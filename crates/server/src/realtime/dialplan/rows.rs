//! What Asterisk does for each end of a call, step by step: applications that stand here, with numbers and names that were checked.
//!
//! How many steps there are follows from the kind of end alone, so that what changes during a call cannot move them.

use engine::dialplan::{End, Way};
use model::{HangUpCause, MENU_KEYS, Menu, QueueId, Unanswered};

use super::MAX_WAYS;

/// What things are called in Asterisk.
pub(super) trait Names {
    fn queue_name(&self, queue: QueueId) -> Option<&str>;
    /// The context there for one of ours.
    fn context_of(&self, context: &str) -> String;
}

/// An application and its argument.
type Step = (&'static str, String);

/// How long a call to the telephone network may ring, in seconds.
const RING_OUTSIDE: u16 = 60;
/// Q.850: temporary failure.
const FAILURE: u8 = 41;

/// The steps from priority 1 on.
pub(super) fn steps(end: &End<'_>, around: &impl Names, application: &str) -> Vec<Step> {
    match end {
        End::Phone {
            number,
            ring_seconds,
            unanswered,
            ..
        } => phone(number, *ring_seconds, *unanswered),
        End::Out {
            present, outside, ..
        } => out(*present, &outside.ways),
        End::Queue(queue) => match around.queue_name(*queue) {
            Some(name) => in_stasis(format!("{application},{name}")),
            None => vec![hang_up(FAILURE)],
        },
        // By its number, since its own rules hold in there.
        End::Did(_) => in_stasis(application.to_owned()),
        End::Menu(menu) => self::menu(menu, &around.context_of(&menu.context)),
        End::Announce(sound) => vec![
            ("Answer", String::new()),
            ("Playback", (*sound).to_owned()),
            hang_up(HangUpCause::Normal.q850()),
        ],
        End::HangUp(cause) => vec![hang_up(cause.q850())],
        End::NoRule => vec![hang_up(HangUpCause::Unallocated.q850())],
        End::NoNumber(_) => vec![hang_up(HangUpCause::InvalidNumber.q850())],
        End::NotDialable | End::NoContext(_) => Vec::new(),
    }
}

fn phone(number: &str, ring_seconds: u16, unanswered: Unanswered) -> Vec<Step> {
    let dial = ("Dial", format!("PJSIP/{number},{ring_seconds}"));
    let (busy, no_answer) = (HangUpCause::Busy.q850(), HangUpCause::NoAnswer.q850());
    let normal = HangUpCause::Normal.q850();
    match unanswered {
        Unanswered::HangUp => vec![
            dial,
            go_if(&is("ANSWER"), 6),
            go_if(&is("BUSY"), 5),
            hang_up(no_answer),
            hang_up(busy),
            hang_up(normal),
        ],
        // Heard without an answer: whoever calls does not pay for it.
        Unanswered::Words => vec![
            dial,
            go_if(&is("ANSWER"), 11),
            ("Progress", String::new()),
            ("Playback", "vm-extension,noanswer".to_owned()),
            ("SayDigits", number.to_owned()),
            go_if(&is("BUSY"), 9),
            ("Playback", "vm-isunavail,noanswer".to_owned()),
            hang_up(no_answer),
            ("Playback", "vm-isonphone,noanswer".to_owned()),
            hang_up(busy),
            hang_up(normal),
        ],
    }
}

/// One trunk after the other, until one takes the call. They are written down at the first step: which is tried next is not another one
/// because something changed meanwhile. The steps behind it are there without a way, too: the call itself may have filled the last trunk.
fn out(present: Option<&str>, ways: &[Way]) -> Vec<Step> {
    let name = |at: usize| format!("CORDBOARD_{at}");
    let last = 2 * MAX_WAYS + 1;
    let mut set: Vec<String> = Vec::new();
    if let Some(present) = present {
        set.push(format!("CALLERID(num)={present}"));
    }
    for at in 1..=MAX_WAYS {
        let dial = ways.get(at - 1);
        let dial = dial.map(|way| format!("{}@{}", way.number, way.trunk));
        set.push(format!("{}={}", name(at), dial.unwrap_or_default()));
    }
    let first = match ways {
        [] => hang_up(HangUpCause::NoLine.q850()),
        _ => ("MSet", set.join(",")),
    };
    let mut steps = vec![first];
    for at in 1..=MAX_WAYS {
        steps.push(("Dial", format!("PJSIP/${{{}}},{RING_OUTSIDE}", name(at))));
        if at < MAX_WAYS {
            let refused = format!("({} | {})", is("CHANUNAVAIL"), is("CONGESTION"));
            let is_next = format!("\"${{{}}}\" != \"\"", name(at + 1));
            let test = format!("$[{refused} & {is_next}]?{}:{last}", steps.len() + 2);
            steps.push(("GotoIf", test));
        }
    }
    // With the cause that the network gave.
    steps.push(("Hangup", String::new()));
    steps
}

/// What is heard, a key, and where it leads. A key only ever chooses among what is written down before it is heard, in two rows so that
/// each is short enough.
fn menu(menu: &Menu, context: &str) -> Vec<Step> {
    let (tries, wait) = (menu.tries, menu.wait_seconds);
    let leads = |key: &char| {
        let choice = menu.choices.iter().find(|it| it.key.starts_with(*key));
        let dial = choice.map(|it| it.dial.as_str());
        format!("CORDBOARD_KEY_{key}={}", dial.unwrap_or_default())
    };
    let keys: Vec<String> = MENU_KEYS.iter().map(leads).collect();
    let (first, rest) = keys.split_at(MENU_KEYS.len() / 2);
    let chosen = "${CORDBOARD_KEY_${CORDBOARD_KEY}}";
    vec![
        ("Answer", String::new()),
        ("MSet", first.join(",")),
        ("MSet", format!("CORDBOARD_TRY=0,{}", rest.join(","))),
        ("Set", "CORDBOARD_TRY=$[${CORDBOARD_TRY} + 1]".to_owned()),
        ("Read", format!("CORDBOARD_KEY,{},1,,1,{wait}", menu.sound)),
        (
            "GotoIf",
            format!("$[\"{chosen}\" != \"\"]?{context},{chosen},1"),
        ),
        ("GotoIf", format!("$[${{CORDBOARD_TRY}} < {tries}]?4")),
        match &menu.otherwise {
            Some(otherwise) => ("Goto", format!("{context},{otherwise},1")),
            None => hang_up(HangUpCause::Normal.q850()),
        },
    ]
}

fn in_stasis(arguments: String) -> Vec<Step> {
    vec![
        ("Stasis", arguments),
        ("GotoIf", "$[\"${STASISSTATUS}\" = \"FAILED\"]?4".to_owned()),
        ("Hangup", String::new()),
        hang_up(FAILURE),
    ]
}

fn hang_up(cause: u8) -> Step {
    ("Hangup", cause.to_string())
}

/// How the last Dial ended.
fn is(status: &str) -> String {
    format!("\"${{DIALSTATUS}}\" = \"{status}\"")
}

fn go_if(test: &str, priority: usize) -> Step {
    ("GotoIf", format!("$[{test}]?{priority}"))
}

#[cfg(test)]
mod tests {
    use engine::dialplan::{Outside, Reading};
    use model::MenuChoice;

    use super::*;

    struct Centre;

    impl Names for Centre {
        fn queue_name(&self, _: QueueId) -> Option<&str> {
            Some("sales")
        }

        fn context_of(&self, _: &str) -> String {
            "cordboard-7".to_owned()
        }
    }

    fn shown(end: &End<'_>) -> String {
        let steps = steps(end, &Centre, "cordboard");
        let line = |(at, (app, data)): (usize, Step)| format!("{} {app}({data})\n", at + 1);
        steps.into_iter().enumerate().map(line).collect()
    }

    fn way(trunk: &str) -> Way {
        Way {
            trunk: trunk.to_owned(),
            number: "421905123456".to_owned(),
        }
    }

    #[test]
    fn every_end_has_its_steps() {
        let phone = |unanswered| End::Phone {
            number: "101".to_owned(),
            ring_seconds: 20,
            unanswered,
            exists: true,
        };
        let out = |present, ways: &[Way]| End::Out {
            number: "421905123456".to_owned(),
            present,
            outside: Outside {
                reading: Reading::Number,
                ways: ways.to_vec(),
            },
        };
        let choice = |key: &str, dial: &str| MenuChoice {
            key: key.to_owned(),
            dial: dial.to_owned(),
        };
        let menu = |otherwise: Option<&str>| Menu {
            sound: "custom/welcome".to_owned(),
            context: "inside".to_owned(),
            choices: vec![choice("1", "500"), choice("*", "+4215550100")],
            wait_seconds: 5,
            tries: 3,
            otherwise: otherwise.map(str::to_owned),
        };
        let (first, second) = (menu(None), menu(Some("500")));
        let ends = [
            End::Menu(&first),
            End::Menu(&second),
            phone(Unanswered::HangUp),
            phone(Unanswered::Words),
            out(Some("+4215550100"), &[way("first"), way("second")]),
            out(None, &[]),
            End::Queue(QueueId(uuid::Uuid::nil())),
            End::Announce("custom/closed"),
            End::HangUp(HangUpCause::Busy),
            End::NoRule,
            End::NoNumber("00+1".to_owned()),
            End::NotDialable,
        ];
        let all: Vec<String> = ends.iter().map(shown).collect();
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn the_longest_row_is_one_that_asterisk_takes() {
        let longest = Way {
            trunk: "t".repeat(40),
            number: "5".repeat(60),
        };
        let present = "5".repeat(20);
        let ways = vec![longest; MAX_WAYS];
        let mut steps = super::out(Some(&present), &ways);
        // A step that is jumped to is there.
        assert_eq!(steps.len(), 2 * MAX_WAYS + 1);
        let long = "5".repeat(40);
        let choice = |key: &char| MenuChoice {
            key: key.to_string(),
            dial: long.clone(),
        };
        steps.extend(super::menu(
            &Menu {
                sound: "s".repeat(100),
                context: String::new(),
                choices: MENU_KEYS.iter().map(choice).collect(),
                wait_seconds: 60,
                tries: 10,
                otherwise: Some(long.clone()),
            },
            "cordboard-100",
        ));
        assert!(steps.iter().all(|(_, data)| data.len() < 512), "{steps:?}");
    }
}
