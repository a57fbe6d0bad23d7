//! Reports over the call detail records of other databases.

use std::collections::BTreeMap;

use engine::stats::{
    Ask, By, Counted, Counts, Group,
    kpi::{Formula, formula_of},
};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    MAX_ROWS, Unmade,
    facts::{Facts, Figures, Place},
    question::Asked,
    report::{Cell, Column},
};
use crate::cdr::Cdr;

/// Columns of figures, and their formulas.
const FIGURES: [(&str, &str); 16] = [
    ("attempts", "ATT"),
    ("answered", "ANS"),
    ("asr", "ASR"),
    ("ner", "NER"),
    ("no_answer", "NOA"),
    ("busy", "BSY"),
    ("congestion", "CON"),
    ("failed", "FAI"),
    ("other", "OTH"),
    ("talk_seconds", "TALK"),
    ("acd_seconds", "ACD"),
    ("short_calls", "SHORT"),
    ("people", "PEOPLE"),
    ("peak", "PEAK"),
    ("erlangs", "ERL"),
    ("pdd_seconds", "PDD"),
];

/// How a report counts records.
pub(super) struct Way {
    by: By,
    /// In which cell each interval is counted, where several are one.
    cell_of: Option<Vec<u32>>,
    borders: Vec<i64>,
}

impl Way {
    pub(super) fn by(by: By, borders: &[i64]) -> Self {
        Self {
            by,
            cell_of: None,
            borders: borders.to_vec(),
        }
    }

    /// All calls by weekday and hour.
    pub(super) fn week(borders: Vec<i64>, zone: &TimeZone) -> Self {
        let begins = borders.iter().take(borders.len() - 1);
        let cells = begins.map(|at| hour_of_week(zone, *at));
        Self {
            by: By::All,
            cell_of: Some(cells.collect()),
            borders,
        }
    }

    /// How many seconds each cell has.
    fn lengths(&self) -> BTreeMap<u32, i64> {
        let mut lengths = BTreeMap::new();
        for (interval, ends) in (0..).zip(self.borders.windows(2)) {
            let cells = self.cell_of.as_ref();
            let cell = cells.map_or(interval, |cells| cells[interval as usize]);
            *lengths.entry(cell).or_default() += ends[1] - ends[0];
        }
        lengths
    }
}

/// Hours since Monday's first.
fn hour_of_week(zone: &TimeZone, at: i64) -> u32 {
    let at = zone.to_datetime(Timestamp::from_second(at).unwrap_or_default());
    let hours = i32::from(at.weekday().to_monday_zero_offset()) * 24 + i32::from(at.hour());
    hours.unsigned_abs()
}

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

pub(super) async fn facts(cdr: &Cdr, way: Way, asked: &Asked) -> Result<Facts, Unmade> {
    let ask = Ask {
        by: way.by,
        short_call_seconds: asked.short_call_seconds,
        borders: way.borders.clone(),
        cell_of: way.cell_of.clone(),
        only: asked.only.as_deref().map(Into::into),
        max_cells: MAX_ROWS,
    };
    let counted = cdr.count(ask).await?;
    Ok(told(&way, counted))
}

fn told(way: &Way, mut counted: Counted) -> Facts {
    let lengths = way.lengths();
    if way.by == By::All {
        for cell in lengths.keys() {
            counted.cells.entry((Group::All, *cell)).or_default();
        }
    }
    let (keys, labels) = heads(way);
    let pdd = formula_of("PDD").map_or("", |formula| formula.text);
    let rows = counted.cells.iter().map(|((group, cell), counts)| {
        let cells = cells(counts, lengths.get(cell).copied().unwrap_or_default());
        if way.cell_of.is_some() {
            return at_hour(*cell, cells);
        }
        let (interval, key) = (*cell, key(group));
        let weight = counts.attempts;
        (Place { interval, key }, Figures { weight, cells })
    });
    Facts {
        keys,
        labels,
        figures: columns(&FIGURES),
        rows: rows.collect(),
        names: counted
            .names
            .iter()
            .map(|(group, name)| (key(group), vec![name.to_string()]))
            .collect(),
        total: cells(&counted.total, lengths.values().sum()),
        nothing: cells(&Counts::default(), 0),
        notes: vec![format!("PDD: {pdd}.")],
    }
}

/// A row of a week, in the order of its hours.
fn at_hour(hour: u32, cells: Vec<Cell>) -> (Place, Figures) {
    let day = DAYS[(hour / 24) as usize % DAYS.len()].to_owned();
    let key = vec![day, (hour % 24).to_string()];
    let weight = -i64::from(hour);
    (Place { interval: 0, key }, Figures { weight, cells })
}

pub(super) fn columns(figures: &[(&str, &str)]) -> Vec<Column> {
    let known = |id: &str| -> Option<&'static Formula> { formula_of(id) };
    let columns = figures
        .iter()
        .filter_map(|(key, id)| Some(Column::figure(key, known(id)?)));
    columns.collect()
}

fn heads(way: &Way) -> (Vec<Column>, Vec<Column>) {
    let keys = match way.by {
        By::All if way.cell_of.is_some() => vec![
            Column::text("weekday", "Weekday"),
            Column::text("hour", "Hour"),
        ],
        By::All => Vec::new(),
        By::Extension => vec![Column::text("extension", "Extension")],
        By::Country => vec![
            Column::text("code", "Calling code"),
            Column::text("country", "Country"),
        ],
        By::Trunk => vec![Column::text("trunk", "Trunk")],
        By::CallerId => vec![Column::text("caller_id", "Caller ID")],
        By::Campaign => vec![Column::text("campaign", "Campaign")],
        By::Did => vec![Column::text("did", "DID")],
    };
    let labels = match way.by {
        By::Extension => vec![Column::text("name", "Name")],
        _ => Vec::new(),
    };
    (keys, labels)
}

fn key(group: &Group) -> Vec<String> {
    match group {
        Group::All => Vec::new(),
        Group::Text(text) => vec![text.to_string()],
        Group::Place(Some(place)) => vec![place.code.to_string(), place.name.to_string()],
        Group::Place(None) => vec![String::new(), "Unknown".to_owned()],
    }
}

/// In the order of [`FIGURES`].
fn cells(counts: &Counts, seconds: i64) -> Vec<Cell> {
    let delivered = counts.answered + counts.no_answer + counts.busy;
    vec![
        Cell::Count(counts.attempts),
        Cell::Count(counts.answered),
        Cell::ratio(counts.answered, counts.attempts),
        Cell::ratio(delivered, counts.attempts),
        Cell::Count(counts.no_answer),
        Cell::Count(counts.busy),
        Cell::Count(counts.congestion),
        Cell::Count(counts.failed),
        Cell::Count(counts.other),
        Cell::Count(counts.talk_seconds),
        Cell::quotient(counts.talk_seconds, counts.answered),
        Cell::ratio(counts.short, counts.answered),
        Cell::Count(counts.people()),
        Cell::Count(counts.load.peak),
        Cell::quotient(counts.load.seconds, seconds),
        Cell::Undefined,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_column_with_its_formula() {
        let columns = columns(&FIGURES);
        assert_eq!(columns.len(), FIGURES.len());
        assert_eq!(cells(&Counts::default(), 0).len(), FIGURES.len());
    }
}
