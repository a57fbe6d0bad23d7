//! What became of a file.

use model::CallerIdImportId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most refused rows in a report, and the most rows that a trial would change.
pub const MAX_REPORTED: usize = 1_000;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowResult {
    Added,
    Changed,
    Unchanged,
    Refused,
}

impl RowResult {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// One row of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowReport {
    /// Where it begins; the first line is 1.
    pub line: u64,
    /// As the file has it.
    pub number: String,
    pub result: RowResult,
    /// The column that was refused, or `row` for the whole of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Why it was refused; reads on from `field`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What became of a file, or what would become of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportReport {
    /// By which it can be undone; nothing when it was a trial.
    pub id: Option<CallerIdImportId>,
    pub file: String,
    pub dry_run: bool,
    pub added: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub refused: u64,
    /// The file was not read to its end; the last refused row says why.
    pub cut_off: bool,
    /// The first 1000 rows that were refused and, in a trial, the first 1000 that would be added or changed.
    pub rows: Vec<RowReport>,
    /// Further rows of these kinds.
    pub rows_left_out: u64,
}

impl ImportReport {
    pub(super) fn new(id: Option<CallerIdImportId>, file: String) -> Self {
        Self {
            id,
            file,
            dry_run: id.is_none(),
            added: 0,
            changed: 0,
            unchanged: 0,
            refused: 0,
            cut_off: false,
            rows: Vec::new(),
            rows_left_out: 0,
        }
    }

    pub(super) fn count(&mut self, row: RowReport) {
        let (count, told) = match row.result {
            RowResult::Refused => (&mut self.refused, true),
            RowResult::Added => (&mut self.added, self.dry_run),
            RowResult::Changed => (&mut self.changed, self.dry_run),
            RowResult::Unchanged => (&mut self.unchanged, false),
        };
        *count += 1;
        if !told {
            return;
        }
        let room = match row.result {
            RowResult::Refused => self.refused <= MAX_REPORTED as u64,
            _ => self.added + self.changed <= MAX_REPORTED as u64,
        };
        if room {
            self.rows.push(row);
        } else {
            self.rows_left_out += 1;
        }
    }

    /// Rows that have been looked at.
    pub fn seen(&self) -> u64 {
        self.added + self.changed + self.unchanged + self.refused
    }
}
