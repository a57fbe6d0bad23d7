//! What became of the files.

use std::collections::BTreeMap;

use model::{Outcome, Timestamp};
use serde::Serialize;

/// The most refused lines in a report.
const MAX_REFUSED: usize = 1_000;
/// The most kinds of events that are told apart.
const MAX_KINDS: usize = 100;

/// What became of the lines with one event.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Kind {
    pub taken: u64,
    pub ignored: u64,
    pub refused: u64,
    /// Why lines were ignored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
}

/// A line that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub file: String,
    /// The first line is 1.
    pub line: u64,
    /// Reads on from "the line".
    pub why: String,
}

/// What became of the files, or what would become of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    pub files: Vec<String>,
    pub dry_run: bool,
    pub lines: u64,
    pub refused: u64,
    /// Calls that were not there before.
    pub added: u64,
    /// Calls that an import has brought before.
    pub unchanged: u64,
    /// Calls that were there and have been taken back.
    pub removed: u64,
    /// Calls of these by their outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// When the first of them entered, and the last.
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Calls whose end is not in the files.
    pub unfinished: u64,
    /// Calls that ended before what `retention.days` keeps.
    pub too_old: u64,
    /// Offers beyond the most that are kept of one call.
    pub offers_left_out: u64,
    /// By event; lines without one are under `-`, and those of too many kinds under `others`.
    pub events: BTreeMap<String, Kind>,
    /// Queues and agents that were not known, and were made, switched off.
    pub queues_made: Vec<String>,
    pub agents_made: Vec<String>,
    /// The first 1,000 lines that were refused.
    pub refused_lines: Vec<Line>,
}

impl Report {
    pub(super) fn kind(&mut self, event: &str) -> &mut Kind {
        let known = self.events.len() < MAX_KINDS || self.events.contains_key(event);
        let event = if known { event } else { "others" };
        self.events.entry(event.to_owned()).or_default()
    }

    pub(super) fn refuse(&mut self, event: &str, line: u64, why: String) {
        self.refused += 1;
        self.kind(event).refused += 1;
        if self.refused_lines.len() < MAX_REFUSED {
            let file = self.files.last().cloned().unwrap_or_default();
            self.refused_lines.push(Line { file, line, why });
        }
    }

    pub(super) fn count(&mut self, entered_at: Timestamp, outcome: Outcome) {
        *self.outcomes.entry(outcome).or_default() += 1;
        self.from = Some(self.from.map_or(entered_at, |from| from.min(entered_at)));
        self.to = self.to.max(Some(entered_at));
    }
}
