//! `cordboard stats asr`

use std::fmt::Write as _;

use serde_json::Value;

use super::{bars::bar, cell, rows_as_csv};
use crate::output;

const COLUMNS: [&str; 7] = [
    "country_code",
    "country",
    "answered_calls",
    "total_calls",
    "asr_percentage",
    "unique_destinations",
    "total_talk_minutes",
];
const HEADINGS: [&str; 8] = [
    "CODE", "COUNTRY", "ANSWERED", "CALLS", "ASR %", "PEOPLE", "TALK MIN", "ASR",
];

pub(super) fn table(answer: &Value) -> String {
    let mut text = String::new();
    for (source, statistics) in sources(answer) {
        let _ = writeln!(text, "{source}");
        let rows: Vec<_> = rows(statistics)
            .iter()
            .map(|row| {
                let [code, country, answered, calls, asr, people, talk] =
                    COLUMNS.map(|it| cell(row, it));
                let share = row["asr_percentage"].as_f64().unwrap_or_default();
                [
                    code,
                    country,
                    answered,
                    calls,
                    asr,
                    people,
                    talk,
                    bar(share, 100.0),
                ]
            })
            .collect();
        text += &output::table(HEADINGS, &rows);
        if let Some(error) = statistics["error"].as_str() {
            let _ = writeln!(text, "! {error}");
        }
        text.push('\n');
    }
    text
}

pub(super) fn csv(answer: &Value) -> anyhow::Result<String> {
    let mut text = format!("source,{}\n", COLUMNS.join(","));
    for (source, statistics) in sources(answer) {
        text += &rows_as_csv(Some(source), &COLUMNS, rows(statistics))?;
    }
    Ok(text)
}

fn sources(answer: &Value) -> impl Iterator<Item = (&String, &Value)> {
    answer["databases"].as_object().into_iter().flatten()
}

fn rows(statistics: &Value) -> &[Value] {
    statistics["data"].as_array().map_or(&[], Vec::as_slice)
}
