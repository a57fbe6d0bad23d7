//! `cordboard stats callstat`

use serde_json::Value;

use super::{bars::bar, cell, rows_as_csv, told_gaps};
use crate::output;

const COLUMNS: [&str; 7] = [
    "cnum",
    "cnam",
    "call_count",
    "total_call_time_minutes",
    "long_calls_count",
    "total_long_calls_minutes",
    "unique_calls",
];
const HEADINGS: [&str; 8] = [
    "EXTENSION",
    "NAME",
    "CALLS",
    "TALK MIN",
    "LONG",
    "LONG MIN",
    "PEOPLE",
    "TALK",
];

pub(super) fn table(answer: &Value) -> String {
    let rows = answer["data"].as_array().map_or(&[][..], Vec::as_slice);
    let minutes = |row: &Value| row["total_call_time_minutes"].as_f64().unwrap_or_default();
    let most = rows.iter().map(minutes).fold(0.0, f64::max);
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let [extension, name, calls, talk, long, long_talk, people] =
                COLUMNS.map(|it| cell(row, it));
            [
                extension,
                name,
                calls,
                talk,
                long,
                long_talk,
                people,
                bar(minutes(row), most),
            ]
        })
        .collect();
    format!(
        "{}{}",
        output::table(HEADINGS, &rows),
        told_gaps(&answer["errors"])
    )
}

pub(super) fn csv(answer: &Value) -> anyhow::Result<String> {
    let rows = answer["data"].as_array().map_or(&[][..], Vec::as_slice);
    let rows = rows_as_csv(None, &COLUMNS, rows)?;
    Ok(format!("{}\n{rows}", COLUMNS.join(",")))
}
