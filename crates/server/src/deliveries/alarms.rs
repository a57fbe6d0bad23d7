//! Alarms as a message. All that one look changed is one message: a trunk that fails takes its countries along.

use engine::alarm::{Change, Raised, Share};
use model::{Timestamp, visible};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Message;

/// The longest name of a trunk in a message, in characters.
const MAX_KEY: usize = 100;
/// The most changes that a mail has in words.
const MAX_LINES: usize = 50;

/// What one look changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AlarmsContent {
    changes: Vec<AlarmChange>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct AlarmChange {
    change: ChangeKind,
    /// `trunk` or `country`.
    kind: String,
    key: String,
    since: Timestamp,
    recent: Share,
    /// Of the same hour of the week in the four weeks before.
    usual: Share,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChangeKind {
    Raised,
    Cleared,
    /// Too few calls to judge for long.
    Forgotten,
}

impl AlarmsContent {
    pub(crate) fn of(changes: &[Change]) -> Self {
        let one = |change: &Change| {
            let (kind_of_change, raised) = match change {
                Change::Raised(raised) => (ChangeKind::Raised, raised),
                Change::Cleared(raised) => (ChangeKind::Cleared, raised),
                Change::Forgotten(raised) => (ChangeKind::Forgotten, raised),
            };
            AlarmChange::of(kind_of_change, raised)
        };
        Self {
            changes: changes.iter().map(one).collect(),
        }
    }

    pub(super) fn message(&self) -> Message {
        let lines = self.changes.iter().take(MAX_LINES);
        let mut lines: Vec<String> = lines.map(AlarmChange::line).collect();
        let hidden = self.changes.len().saturating_sub(MAX_LINES);
        if hidden > 0 {
            lines.push(format!("And {hidden} more: see /v1/alarms."));
        }
        Message::plain(&self.subject(), &lines, json!({"changes": self.changes}))
    }

    fn subject(&self) -> String {
        if let [one] = self.changes.as_slice() {
            return match one.change {
                ChangeKind::Raised => format!("Alarm: {}", one.name()),
                ChangeKind::Cleared | ChangeKind::Forgotten => {
                    format!("Alarm over: {}", one.name())
                }
            };
        }
        let raised = |one: &&AlarmChange| one.change == ChangeKind::Raised;
        let raised = self.changes.iter().filter(raised).count();
        format!(
            "Alarms: {raised} raised, {} over",
            self.changes.len() - raised
        )
    }
}

impl AlarmChange {
    fn of(change: ChangeKind, raised: &Raised) -> Self {
        let (kind, key) = raised.group.split_once(':').unwrap_or(("", &raised.group));
        Self {
            change,
            kind: kind.to_owned(),
            key: key.to_owned(),
            since: raised.since,
            recent: raised.recent,
            usual: raised.usual,
        }
    }

    fn name(&self) -> String {
        format!("{} {}", self.kind, visible(&self.key, MAX_KEY))
    }

    fn line(&self) -> String {
        let (name, since) = (self.name(), self.since.to_jiff());
        let (recent, usual) = (shown(self.recent), shown(self.usual));
        match self.change {
            ChangeKind::Raised => format!(
                "Calls over {name} are answered less often than usual: {recent}; at the same hour of the four weeks before {usual}."
            ),
            ChangeKind::Cleared => format!(
                "Calls over {name} are answered as usual again: {recent}; usually {usual}. The alarm was raised at {since:.0}."
            ),
            ChangeKind::Forgotten => format!(
                "Of {name} there are too few calls to judge for a day; the alarm that was raised at {since:.0} is over."
            ),
        }
    }
}

fn shown(share: Share) -> String {
    let Share { answered, attempts } = share;
    match share.interval() {
        Some(interval) => format!("{answered} of {attempts} ({:.1} %)", interval.rate * 100.0),
        None => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(group: &str) -> Raised {
        Raised {
            group: group.to_owned(),
            since: Timestamp::from_micros(0),
            judged_at: Timestamp::from_micros(0),
            recent: Share {
                answered: 4,
                attempts: 40,
            },
            usual: Share {
                answered: 180,
                attempts: 240,
            },
        }
    }

    #[test]
    fn one_change_is_named_and_many_are_counted() {
        let one = [Change::Raised(raised(
            "trunk:PJSIP/one\r\nBcc: eve@example.com",
        ))];
        let message = AlarmsContent::of(&one).message();
        assert_eq!(
            message.subject,
            "Alarm: trunk PJSIP/oneBcc: eve@example.com"
        );
        assert!(
            message.text.contains("4 of 40 (10.0 %)"),
            "{}",
            message.text
        );
        assert!(message.text.contains("180 of 240 (75.0 %)"));
        assert_eq!(message.json["changes"][0]["change"], "raised");
        let many = [
            Change::Raised(raised("trunk:one")),
            Change::Cleared(raised("country:421")),
            Change::Forgotten(raised("country:1")),
        ];
        let message = AlarmsContent::of(&many).message();
        assert_eq!(message.subject, "Alarms: 1 raised, 2 over");
        assert_eq!(message.text.matches("\n\n").count(), 2);
    }
}
