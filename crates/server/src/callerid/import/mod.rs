//! Numbers of ours from a CSV file.
//!
//! The columns are those that lists of caller IDs have had before (`caller_id,carrier,area_code,hourly_limit,daily_limit`), in
//! any order, and any other of a caller ID. A number that is known keeps what the file does not say of it. A row that is refused
//! is reported with its line and does not stop the others. However long the file is, a few thousand rows of it are held at a
//! time, and where each number stood first.

mod reading;
mod report;
mod said;
mod taking;
#[cfg(test)]
mod tests;

use store::StoreError;

pub use report::{ImportReport, MAX_REPORTED, RowReport, RowResult};
pub use taking::{Import, Live, Source, Target};

/// The most rows of a file, so that the numbers that stand in it can be remembered; the largest pool is half of it.
pub const MAX_ROWS: usize = 2_000_000;
/// Rows that go into the store together.
const BATCH: usize = 5_000;

/// Why a file could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// In words for whoever made the file.
    #[error("{0}")]
    Header(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}
