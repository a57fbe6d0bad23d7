//! What was found for a report, before it is laid out as a table.

use std::collections::BTreeMap;

use super::report::{Cell, Column};

/// Of one period.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// What tells rows apart.
    pub(super) keys: Vec<Column>,
    /// What else is known of who a row is about.
    pub(super) labels: Vec<Column>,
    pub(super) figures: Vec<Column>,
    pub(super) rows: BTreeMap<Place, Figures>,
    /// By key, one for each label.
    pub(super) names: BTreeMap<Vec<String>, Vec<String>>,
    pub(super) total: Vec<Cell>,
    /// The figures of who has none.
    pub(super) nothing: Vec<Cell>,
    pub(super) notes: Vec<String>,
}

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Which interval, from 0.
    pub(super) interval: u32,
    pub(super) key: Vec<String>,
}

/// Of one row.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    /// Rows with more stand first.
    pub(super) weight: i64,
    /// One for each column of figures.
    pub(super) cells: Vec<Cell>,
}
