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
    #[serde(default)]
    pub note: String,
}

impl Did {
    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_dialable("number", &self.number)?;
        checked_text("note", &self.note, 500)
    }
}
