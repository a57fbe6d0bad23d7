//! The set-up of a centre as one file, and what became of such files.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CentreChangeId, Timestamp};

/// Why the set-up was changed by a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CentreChangeKind {
    /// Somebody gave a centre file.
    Apply,
    /// What was before such a file was put back.
    Rollback,
}

/// One time that the set-up was made what a centre file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CentreChange {
    pub id: CentreChangeId,
    pub kind: CentreChangeKind,
    pub made_at: Timestamp,
    /// The user or the key.
    pub made_by: String,
    /// When all of it was done; nothing: it was not, or not yet.
    pub finished_at: Option<Timestamp>,
}
