//! What Asterisk does for each end of a call, step by step: applications that stand here, with numbers and names that were checked.
//!
//! How many steps there are follows from the kind of end alone, so that what changes during a call cannot move them.

use std::collections::BTreeMap;

use engine::dialplan::{End, Way};
use model::{HangUpCause, QueueId, Unanswered};

use super::MAX_WAYS;

/// An application and its argument.
type Step = (&'static str, String);

/// How long a call to the telephone network may ring, in seconds.
const RING_OUTSIDE: u16 = 60;
/// Q.850: temporary failure.
const FAILURE: u8 = 41;

/// The steps from priority 1 on.
pub(super) fn steps(
    end: &End<'_>,
    queues: &BTreeMap<QueueId, String>,
    application: &str,
) -> Vec<Step> {
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
        End::Queue(queue) => match queues.get(queue) {
            Some(name) => in_queue(application, name),
            None => vec![hang_up(FAILURE)],
        },
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

fn in_queue(application: &str, queue: &str) -> Vec<Step> {
    vec![
        ("Stasis", format!("{application},{queue}")),
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

    use super::*;

    fn shown(end: &End<'_>) -> String {
        let queues = [(QueueId(uuid::Uuid::nil()), "sales".to_owned())].into();
        let steps = steps(end, &queues, "cordboard");
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
        let ends = [
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
        let steps = super::out(Some(&present), &ways);
        assert!(steps.iter().all(|(_, data)| data.len() < 512), "{steps:?}");
        // A step that is jumped to is there.
        assert_eq!(steps.len(), 2 * MAX_WAYS + 1);
    }
}
