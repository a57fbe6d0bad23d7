//! What is counted. A site's own; the defaults are those of the program that this replaces.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::countries::Countries;
use super::destinations::{Destination, DestinationId, Destinations, Place};
use super::pack::{Disposition, Stored};
use super::plan::Pattern;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Extensions whose calls are counted.
    pub extensions: Vec<Pattern>,
    /// Last applications of rows that are calls.
    pub applications: Vec<String>,
    /// A conversation over this many seconds is long.
    pub long_call_seconds: u32,
    /// The site's own names of countries, where it has a table of them.
    pub countries: Option<Arc<Countries>>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            extensions: vec![Pattern::new("2000-3999").expect("a range")],
            applications: ["Dial", "Busy", "Congestion"].map(str::to_owned).into(),
            long_call_seconds: 90,
            countries: None,
        }
    }
}

/// How rows become calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reading {
    /// A call is a `uniqueid`; the time of each of its rows counts.
    AsBefore,
    /// A call is a `linkedid`; time that two of its rows have in common counts once.
    Exact,
}

impl Rules {
    /// Where somebody is who was called; nothing for who is in the house, what is no number, and numbers of nowhere.
    pub fn place<'a>(&'a self, known: &'a Destinations, id: DestinationId) -> Option<&'a Place> {
        match (&self.countries, known.get(id)) {
            (None, _) => known.place(id),
            (Some(countries), Some(Destination::Number(number))) => countries.place(number),
            (Some(_), _) => None,
        }
    }

    /// Whether calls of an extension are counted.
    pub fn is_extension(&self, text: &str) -> bool {
        self.extensions.iter().any(|pattern| pattern.matches(text))
    }

    /// A call of one of us to somebody outside.
    pub(super) fn counts_for_extension(&self, row: &Stored<'_>, known: &Destinations) -> bool {
        let application = row.application();
        row.disposition() != Disposition::Failed
            && self.applications.iter().any(|it| it == application)
            && !known.is_internal(row.destination())
    }

    /// An attempt to reach somebody outside.
    pub(super) fn counts_for_place(row: &Stored<'_>, known: &Destinations) -> bool {
        let attempt = matches!(
            row.disposition(),
            Disposition::Answered | Disposition::NoAnswer | Disposition::Busy | Disposition::Failed
        );
        attempt && row.application() == DIAL && !known.is_internal(row.destination())
    }

    /// An attempt to reach somebody outside, whatever became of it. A row with a DID is of a call from outside.
    pub(super) fn is_attempt(&self, row: &Stored<'_>, known: &Destinations) -> bool {
        let application = row.application();
        row.did().is_empty()
            && self.applications.iter().any(|it| it == application)
            && !known.is_internal(row.destination())
    }

    /// A queue gave the caller to a phone, and that answered.
    pub(super) fn is_served(row: &Stored<'_>) -> bool {
        row.disposition() == Disposition::Answered
            && row.application() == QUEUE
            && !row.to_peer().is_empty()
    }

    /// Its talk time counts. A caller in Stasis may be answered by music: one who was bridged talked.
    pub(super) fn is_answered(row: &Stored<'_>) -> bool {
        let talks = match row.application() {
            DIAL => true,
            STASIS => !row.to_peer().is_empty(),
            _ => false,
        };
        talks && row.disposition() == Disposition::Answered
    }
}

const DIAL: &str = "Dial";
/// The application that gives calls to us.
pub const STASIS: &str = "Stasis";
const QUEUE: &str = "Queue";
