//! Our own numbers and where a call to them goes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{DidId, Invalid, QueueId, checked_dialable, checked_text};

/// A number that callers dial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Did {
    pub id: DidId,
    /// As Asterisk delivers it: the extension in which the call arrives.
    pub number: String,
    pub queue: QueueId,
    /// For how long a caller whom one of our agents called lately waits for this agent alone; 0: not at all.
    #[serde(default = "return_wait")]
    pub return_wait_seconds: u16,
    #[serde(default)]
    pub note: String,
}

/// Longer than any caller should wait for one person.
const MAX_RETURN_WAIT: u16 = 600;

/// The usual wait of a call that comes back, in seconds.
pub fn return_wait() -> u16 {
    20
}

impl Did {
    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_dialable("number", &self.number)?;
        if self.return_wait_seconds > MAX_RETURN_WAIT {
            let message = format!("must be at most {MAX_RETURN_WAIT}");
            return Err(Invalid::new("return_wait_seconds", message));
        }
        checked_text("note", &self.note, 500)
    }
}
