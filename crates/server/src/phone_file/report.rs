//! What became of a file of phones, or what would become of it.

use model::ExtensionImportId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhoneRowResult {
    Created,
    Changed,
    Unchanged,
    Refused,
}

/// What a row changes of a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldChange {
    /// The column.
    pub field: String,
    /// As it stands in a file; nothing where there was none, and of a secret.
    pub from: Option<String>,
    pub to: Option<String>,
}

/// One row of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PhoneRow {
    /// Where it begins; the first line is 1.
    pub line: u64,
    /// As the file has it.
    pub number: String,
    pub result: PhoneRowResult,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// The column that was refused, or `row` for the whole of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Why it was refused; reads on from `field`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What a new phone logs in with, where it was made here. It is not shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// What became of a file of phones, or what would become of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PhoneImportReport {
    /// By which it can be undone; nothing of a dry run, and where nothing changed.
    pub id: Option<ExtensionImportId>,
    pub file: String,
    pub dry_run: bool,
    pub created: u64,
    pub changed: u64,
    pub unchanged: u64,
    /// Rows for which nothing would be written; none but in a dry run.
    pub refused: u64,
    /// Every row, in the file's order.
    pub rows: Vec<PhoneRow>,
}
