//! Tables as files: CSV, XLSX and Parquet, for programs that have no use for JSON.
//!
//! A file says what the JSON says, with cells of real types where the format has them. Text that came from a caller is never a
//! formula anywhere.

mod answer;
mod csv;
mod format;
mod formula;
mod parquet;
mod xlsx;

use jiff::tz::TimeZone;
use model::Timestamp;

pub(crate) use answer::{file, json};
pub(crate) use format::{Answer, Format, wanted};
pub(crate) use formula::{marked, unmarked};

/// A table that is to become a file.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// The beginning of the file's name: letters, digits, `-`.
    pub(crate) name: String,
    pub(crate) title: String,
    /// Of the times that spreadsheets show.
    pub(crate) zone: TimeZone,
    pub(crate) columns: Vec<Column>,
    /// A value for each column.
    pub(crate) rows: Vec<Vec<Value>>,
    /// Stands below the rows where people read.
    pub(crate) total: Option<Vec<Value>>,
    /// What is good to know: where the table is from, and what it lacks.
    pub(crate) about: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// For programs.
    pub(crate) key: String,
    /// For people.
    pub(crate) title: String,
    pub(crate) kind: Kind,
}

/// What a column's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A whole number.
    Whole,
    Number,
    /// From 0 to 1.
    Ratio,
    Instant,
}

/// What stands in a cell: as its column's kind says, or nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Whole(i64),
    Number(f64),
    Instant(Timestamp),
    None,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    #[error(transparent)]
    Csv(#[from] ::csv::Error),
    #[error(transparent)]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    #[error(transparent)]
    Parquet(#[from] ::parquet::errors::ParquetError),
}

impl Table {
    /// The file's bytes. It takes the processor for a while: not for async threads.
    pub(crate) fn encode(&self, format: Format) -> Result<Vec<u8>, ExportError> {
        match format {
            Format::Csv => csv::encode(self),
            Format::Xlsx => xlsx::encode(self),
            Format::Parquet => parquet::encode(self),
        }
    }

    pub(crate) fn file_name(&self, format: Format) -> String {
        format!("{}.{}", self.name, format.as_str())
    }
}

#[cfg(test)]
mod tests;
