//! A report for people: what fits on a line, with a bar for who would look rather than read.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{bars::bar, heat, told_gaps};
use crate::output::wide_table;

/// Columns that are shown beside those that tell rows apart, and the one that has bars: a report has more than fits on a line.
fn shown(report: &str) -> (&'static [&'static str], &'static str) {
    match report {
        "queue" => (
            &[
                "entered",
                "answered",
                "abandoned",
                "left",
                "waiting",
                "sl1",
                "abandon_rate",
                "asa_ms",
                "longest_wait_ms",
                "aht_ms",
            ],
            "sl1",
        ),
        "agent" => (
            &[
                "offers",
                "handled",
                "missed",
                "staffed_ms",
                "talk_ms",
                "wrap_up_ms",
                "pause_ms",
                "aht_ms",
                "occupancy",
            ],
            "occupancy",
        ),
        "cause" => (&["calls", "share"], "share"),
        _ => (
            &[
                "attempts",
                "answered",
                "asr",
                "ner",
                "talk_seconds",
                "acd_seconds",
                "short_calls",
                "people",
                "peak",
                "erlangs",
            ],
            "attempts",
        ),
    }
}

/// The longest heading.
const LONG: usize = 16;
/// Ids that have a name beside them.
const HIDDEN: [&str; 2] = ["queue", "agent"];

pub(super) fn table(report: &Value) -> String {
    let mut text = format!("{}\n", said(&report["title"]));
    let zone = TimeZone::get(said(&report["time_zone"])).unwrap_or(TimeZone::UTC);
    let period = &report["period"];
    if period.is_object() {
        let [from, until] = ["from", "until"].map(|end| minute(said(&period[end]), &zone));
        let _ = writeln!(text, "{from} to {until}, {}", said(&report["time_zone"]));
    }
    text += &if report["id"] == "heat_map" {
        heat::map(report)
    } else {
        rows(report, &zone)
    };
    for note in list(&report["notes"]) {
        let _ = writeln!(text, "  {}", said(note));
    }
    text + &told_gaps(&report["errors"])
}

fn rows(report: &Value, zone: &TimeZone) -> String {
    let (figures, barred) = shown(said(&report["id"]));
    let columns: Vec<(usize, &Value)> = list(&report["columns"])
        .iter()
        .enumerate()
        .filter(|(_, column)| is_shown(column, figures))
        .collect();
    let bars = columns.iter().find(|(_, column)| column["key"] == barred);
    let size = |row: &Value| bars.map_or(0.0, |(at, _)| amount(&row["cells"][*at]));
    let all = list(&report["rows"]);
    let most = match bars {
        Some((_, column)) if column["kind"] == "ratio" => 1.0,
        _ => all.iter().map(size).fold(0.0, f64::max),
    };
    let line = |row: &Value, bar: String| -> Vec<String> {
        let cells = columns
            .iter()
            .map(|(at, column)| cell(&row["cells"][*at], said(&column["kind"]), zone));
        cells.chain([bar]).collect()
    };
    let mut lines: Vec<Vec<String>> = all
        .iter()
        .map(|row| line(row, bar(size(row), most)))
        .collect();
    if report["total"].is_object() && lines.len() > 1 {
        let mut total = line(&report["total"], String::new());
        let head = columns
            .iter()
            .position(|(_, column)| column["kind"] == "text");
        if let Some(head) = head {
            "Total".clone_into(&mut total[head]);
        }
        lines.push(total);
    }
    let title = |(_, column): &(usize, &Value)| heading(column).to_owned();
    let barred = bars.map_or_else(String::new, title);
    let headings: Vec<String> = columns.iter().map(title).chain([barred]).collect();
    let is_right =
        |(_, column): &(usize, &Value)| column["kind"] != "text" && column["kind"] != "instant";
    let right: Vec<bool> = columns.iter().map(is_right).chain([false]).collect();
    wide_table(&headings, &lines, &right)
}

/// A figure with a long name goes by the id of its formula, which is what the field calls it.
fn heading(column: &Value) -> &str {
    let title = said(&column["title"]);
    match column["formula"].as_str() {
        Some(formula) if title.chars().count() > LONG && column["before"] != true => formula,
        _ => title,
    }
}

fn is_shown(column: &Value, figures: &[&str]) -> bool {
    let key = said(&column["key"]);
    if column["formula"].is_null() {
        return !HIDDEN.contains(&key);
    }
    figures.contains(&key.strip_suffix("_before").unwrap_or(key))
}

/// Times by the report's clock; a ratio with its bounds; what is undefined is a dash.
fn cell(cell: &Value, kind: &str, zone: &TimeZone) -> String {
    let value = match cell {
        Value::String(text) if kind == "instant" => return minute(text, zone),
        Value::String(text) => return text.clone(),
        Value::Object(share) => share.get("value").and_then(Value::as_f64),
        other => other.as_f64(),
    };
    let Some(value) = value else {
        return "–".to_owned();
    };
    match kind {
        "ratio" => {
            let percent = |key: &str| Some(cell.get(key)?.as_f64()? * 100.0);
            match (percent("lower"), percent("upper")) {
                (Some(lower), Some(upper)) => {
                    format!("{:.1} % ({lower:.0}–{upper:.0})", value * 100.0)
                }
                _ => format!("{:.1} %", value * 100.0),
            }
        }
        "seconds" => clock(value),
        "milliseconds" => clock(value / 1_000.0),
        "erlang" => format!("{value:.2}"),
        _ => format!("{value}"),
    }
}

/// Seconds as `1:02:03` or `2:03`.
fn clock(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "some years at most")]
    let seconds = seconds.round() as i64;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

fn minute(text: &str, zone: &TimeZone) -> String {
    match text.parse::<Timestamp>() {
        Ok(at) => zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => text.to_owned(),
    }
}

fn amount(cell: &Value) -> f64 {
    let value = cell.get("value").unwrap_or(cell);
    value.as_f64().unwrap_or_default()
}

pub(super) fn said(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_is_laid_out_for_people() {
        let report = json!({
            "id": "trunk",
            "title": "By trunk",
            "time_zone": "Europe/Bratislava",
            "columns": [
                {"key": "from", "title": "From", "kind": "instant"},
                {"key": "trunk", "title": "Trunk", "kind": "text"},
                {"key": "attempts", "title": "Calls", "kind": "count", "formula": "ATT"},
                {"key": "busy", "title": "Busy", "kind": "count", "formula": "BSY"},
                {"key": "asr", "title": "ASR", "kind": "ratio", "formula": "ASR"},
            ],
            "rows": [
                {"cells": ["2026-07-01T08:00:00.000000Z", "one", 1200, 5, {"value": 0.25, "lower": 0.226, "upper": 0.275}]},
                {"cells": ["2026-07-01T08:00:00.000000Z", "two", 0, 0, {"value": null}]},
            ],
            "total": {"cells": [null, null, 1200, 5, {"value": 0.25}]},
            "notes": ["PDD is not known."],
            "errors": {"gone": "it is down"},
        });
        assert_eq!(
            table(&report),
            "By trunk\n\
             From              Trunk  Calls             ASR  Calls\n\
             2026-07-01 10:00  one     1200  25.0 % (23–28)  ████████████████████\n\
             2026-07-01 10:00  two        0               –\n\
             –                 Total   1200          25.0 %\n  \
               PDD is not known.\n\
             ! gone: it is down\n"
        );
    }

    #[test]
    fn times_are_told_as_clocks_do() {
        let utc = TimeZone::UTC;
        assert_eq!(cell(&json!(61_000), "milliseconds", &utc), "1:01");
        assert_eq!(cell(&json!(3_723), "seconds", &utc), "1:02:03");
        assert_eq!(cell(&Value::Null, "seconds", &utc), "–");
    }
}
