//! What a report is: columns that say what they mean, and rows of figures.

use std::collections::BTreeMap;

use engine::stats::kpi::{Formula, Quotient, Unit};
use model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A table of figures over a period.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Report {
    /// By what calls are told apart: `extension`.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) period: Window,
    /// The period that it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Window>,
    /// Where its days begin, an IANA name.
    pub(crate) time_zone: String,
    /// Minutes, `day`, `week`, `month` or `none`.
    pub(crate) interval: String,
    pub(crate) columns: Vec<Column>,
    /// By interval, then most calls first.
    pub(crate) rows: Vec<Row>,
    /// All calls of the period, each once, whichever rows it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<Row>,
    /// What is good to know, such as why a figure is undefined.
    pub(crate) notes: Vec<String>,
    /// By source: why its part is not whole.
    pub(crate) errors: BTreeMap<String, String>,
}

/// From when until before when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Window {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Column {
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) kind: Kind,
    /// The id of its formula, of `/v1/reports/formulas`; `null` for what is no figure.
    pub(crate) formula: Option<&'static str>,
    /// It is of the period before.
    pub(crate) before: bool,
}

/// What stands in a column. A figure may be `null` everywhere: it is undefined then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Text,
    Count,
    /// A number of seconds, or a quotient in seconds.
    Seconds,
    /// The same in milliseconds.
    Milliseconds,
    /// A quotient from 0 to 1.
    Ratio,
    /// A quotient: calls at once, on average.
    Erlang,
    /// RFC 3339, UTC.
    Instant,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Row {
    /// Of what time its figures are.
    pub(crate) window: Window,
    /// One for each column.
    pub(crate) cells: Vec<Cell>,
    /// The path that lists its calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calls: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Cell {
    Text(String),
    Count(i64),
    Instant(Timestamp),
    Quotient(Share),
    /// `null`: there is no such figure.
    Undefined,
}

/// A figure with what it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(crate) struct Share {
    /// `null` where the denominator is 0.
    pub(crate) value: Option<f64>,
    pub(crate) numerator: i64,
    pub(crate) denominator: i64,
    /// Of a ratio, between which bounds the true one lies with 95 % confidence (Wilson).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lower: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) upper: Option<f64>,
}

impl Report {
    /// Where a column stands.
    pub(crate) fn position(&self, key: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.key == key)
    }
}

impl Column {
    pub(crate) fn text(key: &str, title: &str) -> Self {
        Self::plain(key, title, Kind::Text)
    }

    pub(crate) fn plain(key: &str, title: &str, kind: Kind) -> Self {
        Self {
            key: key.to_owned(),
            title: title.to_owned(),
            kind,
            formula: None,
            before: false,
        }
    }

    /// Of what a formula says.
    pub(crate) fn figure(key: &str, formula: &'static Formula) -> Self {
        let kind = match formula.unit {
            Unit::Count => Kind::Count,
            Unit::Seconds => Kind::Seconds,
            Unit::Milliseconds => Kind::Milliseconds,
            Unit::Ratio => Kind::Ratio,
            Unit::Erlang => Kind::Erlang,
        };
        Self {
            formula: Some(formula.id),
            ..Self::plain(key, formula.title, kind)
        }
    }

    /// The same, of the period before.
    pub(crate) fn of_before(&self) -> Self {
        Self {
            key: format!("{}_before", self.key),
            title: format!("{}, before", self.title),
            before: true,
            ..self.clone()
        }
    }
}

impl Cell {
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_count(&self) -> Option<u64> {
        match self {
            Self::Count(count) => u64::try_from(*count).ok(),
            _ => None,
        }
    }

    /// How many of so many tries, with its bounds.
    pub(crate) fn ratio(part: i64, whole: i64) -> Self {
        let quotient = Quotient::new(part, whole);
        let interval = quotient.interval();
        Self::Quotient(Share {
            lower: interval.map(|it| it.lower),
            upper: interval.map(|it| it.upper),
            ..Share::of(quotient)
        })
    }

    /// A sum over a count, or a share that no chance has a part in.
    pub(crate) fn quotient(numerator: i64, denominator: i64) -> Self {
        Self::Quotient(Share::of(Quotient::new(numerator, denominator)))
    }
}

impl Share {
    fn of(quotient: Quotient) -> Self {
        Self {
            value: quotient.value(),
            numerator: quotient.numerator,
            denominator: quotient.denominator,
            lower: None,
            upper: None,
        }
    }
}
