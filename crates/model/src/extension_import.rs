//! Phones that came from a file, so that what the file did can be seen and undone.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ExtensionImportId, Timestamp};

/// One file of phones that was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExtensionImport {
    pub id: ExtensionImportId,
    /// The file's name, as it was given.
    pub file: String,
    pub made_at: Timestamp,
    /// The user or the key that made it.
    pub made_by: String,
    /// Rows of the file by what became of them.
    pub created: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub undone_at: Option<Timestamp>,
}
