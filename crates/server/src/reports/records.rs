//! Reports over the call detail records of other databases.

use engine::stats::{
    Ask, By, Counted, Counts, Group,
    kpi::{Formula, formula_of},
};

use super::{
    MAX_ROWS, Unmade,
    facts::{Facts, Figures, Place},
    question::Asked,
    report::{Cell, Column},
};
use crate::cdr::Cdr;

/// Columns of figures, and their formulas.
const FIGURES: [(&str, &str); 14] = [
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
    ("pdd_seconds", "PDD"),
];

pub(super) async fn facts(
    cdr: &Cdr,
    by: By,
    asked: &Asked,
    borders: &[i64],
) -> Result<Facts, Unmade> {
    let ask = Ask {
        by,
        rules: cdr.rules().clone(),
        short_call_seconds: asked.short_call_seconds,
        borders: borders.to_vec(),
        max_cells: MAX_ROWS,
    };
    Ok(told(by, &cdr.count(ask).await?))
}

fn told(by: By, counted: &Counted) -> Facts {
    let (keys, labels) = heads(by);
    let pdd = formula_of("PDD").map_or("", |formula| formula.text);
    let rows = counted.cells.iter().map(|((group, interval), counts)| {
        let (interval, key) = (*interval, key(group));
        let figures = Figures {
            weight: counts.attempts,
            cells: cells(counts),
        };
        (Place { interval, key }, figures)
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
        total: cells(&counted.total),
        nothing: cells(&Counts::default()),
        notes: vec![format!("PDD: {pdd}.")],
    }
}

pub(super) fn columns(figures: &[(&str, &str)]) -> Vec<Column> {
    let known = |id: &str| -> Option<&'static Formula> { formula_of(id) };
    let columns = figures
        .iter()
        .filter_map(|(key, id)| Some(Column::figure(key, known(id)?)));
    columns.collect()
}

fn heads(by: By) -> (Vec<Column>, Vec<Column>) {
    let keys = match by {
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
    let labels = match by {
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
fn cells(counts: &Counts) -> Vec<Cell> {
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
        Cell::mean(counts.talk_seconds, counts.answered),
        Cell::ratio(counts.short, counts.answered),
        Cell::Count(counts.people()),
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
        assert_eq!(cells(&Counts::default()).len(), FIGURES.len());
    }
}
