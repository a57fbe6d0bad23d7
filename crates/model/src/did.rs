//! Our own numbers and where a call to them goes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AgentId, DidId, Invalid, QueueId, Unanswered, checked_context, checked_dialable, checked_text,
    dialplan::{checked_dialled, checked_ring, checked_sound, ring_seconds},
    extension::checked_number,
};

/// A number that callers dial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Did {
    pub id: DidId,
    /// As Asterisk delivers it: the extension in which the call arrives.
    pub number: String,
    pub to: DidTarget,
    /// For how long a caller whom one of our agents called lately waits for this agent alone, where the number leads to a queue; 0: not
    /// at all.
    #[serde(default = "return_wait")]
    pub return_wait_seconds: u16,
    #[serde(default)]
    pub note: String,
}

/// Where a call to a number goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
pub enum DidTarget {
    /// Into a queue.
    Queue { queue: QueueId },
    /// To one agent, and to everybody of the queue if this one does not take it in time, or is not there.
    Agent {
        agent: AgentId,
        queue: QueueId,
        #[serde(default = "return_wait")]
        #[schema(minimum = 1, maximum = 600, default = 20)]
        wait_seconds: u16,
    },
    /// A phone rings.
    Phone {
        #[schema(min_length = 2, max_length = 10)]
        number: String,
        #[serde(default = "ring_seconds")]
        #[schema(minimum = 1, maximum = 300, default = 30)]
        ring_seconds: u16,
        #[serde(default)]
        unanswered: Unanswered,
    },
    /// A sound is played, and the call is over.
    Announce {
        /// The file below Asterisk's `sounds`, without its ending: `custom/closed`.
        #[schema(max_length = 100)]
        sound: String,
    },
    /// By the rules of a context of the dialplan, such as one with a menu.
    Context {
        #[schema(max_length = 40)]
        context: String,
        /// As if this had been dialled; nothing: the number itself.
        #[serde(default)]
        #[schema(max_length = 40)]
        number: Option<String>,
    },
}

/// Longer than any caller should wait for one person.
const MAX_WAIT: u16 = 600;

/// The usual wait for one person, in seconds.
pub fn return_wait() -> u16 {
    20
}

impl Did {
    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_dialable("number", &self.number)?;
        if self.return_wait_seconds > MAX_WAIT {
            let message = format!("must be at most {MAX_WAIT}");
            return Err(Invalid::new("return_wait_seconds", message));
        }
        self.to.check()?;
        checked_text("note", &self.note, 500)
    }
}

impl DidTarget {
    /// The queue in which the call waits.
    pub fn queue(&self) -> Option<QueueId> {
        match self {
            Self::Queue { queue } | Self::Agent { queue, .. } => Some(*queue),
            Self::Phone { .. } | Self::Announce { .. } | Self::Context { .. } => None,
        }
    }

    fn check(&self) -> Result<(), Invalid> {
        match self {
            Self::Queue { .. } => Ok(()),
            Self::Agent { wait_seconds, .. } => {
                if (1..=MAX_WAIT).contains(wait_seconds) {
                    return Ok(());
                }
                let problem = format!("must be 1 to {MAX_WAIT}");
                Err(Invalid::new("to.wait_seconds", problem))
            }
            Self::Phone {
                number,
                ring_seconds,
                ..
            } => {
                checked_number("to.number", number)?;
                checked_ring("to.ring_seconds", *ring_seconds)
            }
            Self::Announce { sound } => checked_sound("to.sound", sound),
            Self::Context { context, number } => {
                checked_context("to.context", context)?;
                let number = number.as_ref();
                number.map_or(Ok(()), |it| checked_dialled("to.number", it))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_asterisk_could_read_as_something_else_is_refused() {
        let did = |to: DidTarget| Did {
            id: DidId(Uuid::nil()),
            number: "4215550100".to_owned(),
            to,
            return_wait_seconds: return_wait(),
            note: String::new(),
        };
        let refused = |to: DidTarget| did(to).check().unwrap_err().field;
        let phone = |number: &str, ring_seconds| DidTarget::Phone {
            number: number.to_owned(),
            ring_seconds,
            unanswered: Unanswered::HangUp,
        };
        let announce = |sound: &str| DidTarget::Announce {
            sound: sound.to_owned(),
        };
        let context = |context: &str, number: &str| DidTarget::Context {
            context: context.to_owned(),
            number: Some(number.to_owned()),
        };
        assert_eq!(did(phone("101", 30)).check(), Ok(()));
        assert_eq!(did(context("welcome", "1")).check(), Ok(()));
        assert_eq!(did(announce("custom/closed")).check(), Ok(()));
        assert_eq!(refused(phone("101&PJSIP/102", 30)), "to.number");
        assert_eq!(refused(phone("101; DROP", 30)), "to.number");
        assert_eq!(refused(phone("101", 0)), "to.ring_seconds");
        assert_eq!(refused(announce("../../etc/passwd")), "to.sound");
        assert_eq!(refused(context("a,b", "1")), "to.context");
        assert_eq!(refused(context("cordboard-1", "1")), "to.context");
        assert_eq!(refused(context("welcome", "${EXTEN}")), "to.number");
        assert_eq!(refused(context("welcome", &"1".repeat(41))), "to.number");
        let agent = DidTarget::Agent {
            agent: AgentId(Uuid::nil()),
            queue: QueueId(Uuid::nil()),
            wait_seconds: 601,
        };
        assert_eq!(refused(agent), "to.wait_seconds");
    }
}
