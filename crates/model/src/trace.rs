//! What was asked of Asterisk for one call, with its answers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// One request to Asterisk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Asked {
    /// When it was asked.
    pub at: Timestamp,
    /// Method, path and query. Keys that are pressed for a customer are left out: they may be a card's.
    pub request: String,
    /// Why it was not done; nothing: it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// From asking to the answer, in microseconds.
    pub took_us: u64,
}
