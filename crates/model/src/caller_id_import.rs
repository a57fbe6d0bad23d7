//! Caller IDs that came from a file, so that what the file did can be seen and undone.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::check::MAX_NAME;
use crate::{CallerId, CallerIdImportId, CallerIdKey, Invalid, Timestamp, checked_text};

/// The longest name of a file, in characters.
pub const MAX_FILE_NAME: usize = 300;

/// One file of caller IDs that was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallerIdImport {
    pub id: CallerIdImportId,
    /// The file's name, as it was given.
    pub file: String,
    pub made_at: Timestamp,
    /// The user or the key that made it.
    pub made_by: String,
    /// Rows of the file by what became of them.
    pub added: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub refused: u64,
    /// When the last row was taken in; nothing while it runs, or if it was cut off.
    pub finished_at: Option<Timestamp>,
    pub undone_at: Option<Timestamp>,
}

impl CallerIdImport {
    /// One that has taken in nothing yet.
    pub fn new(id: CallerIdImportId, file: &str, made_by: &str, made_at: Timestamp) -> Self {
        Self {
            id,
            file: file.to_owned(),
            made_at,
            made_by: made_by.to_owned(),
            added: 0,
            changed: 0,
            unchanged: 0,
            refused: 0,
            finished_at: None,
            undone_at: None,
        }
    }

    /// Checks every text's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_text("file", &self.file, MAX_FILE_NAME)?;
        checked_text("made_by", &self.made_by, MAX_NAME)
    }
}

/// A number that an import added or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    pub caller_id: CallerIdKey,
    /// What it was before; nothing: it was added.
    pub previous: Option<CallerId>,
}
