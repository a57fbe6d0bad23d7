//! `cordboard stats report NAME`

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{no_server, told_gaps};
use crate::{
    commands::remote::Server,
    failure::{Code, Failure},
    output::{Output, print, wide_table},
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// By what calls are told apart: `total`, `extension`, `country`, `trunk`, `caller_id`, `campaign`, `did`
    name: String,
    /// A day such as 2026-11-21, `week` (the last work week) or `month` (the last month); today without it
    #[arg(long, conflicts_with_all = ["from", "to"])]
    date: Option<String>,
    /// From this day or moment on (`2026-11-21 14:30`)
    #[arg(long, requires = "to")]
    from: Option<String>,
    /// Before this day or moment
    #[arg(long, requires = "from")]
    to: Option<String>,
    /// Where days begin, an IANA name
    #[arg(long)]
    time_zone: Option<String>,
    /// Minutes (5, 15, 30, 60), `day`, `week`, `month` or `none`
    #[arg(long)]
    interval: Option<String>,
    /// Beside the period before
    #[arg(long)]
    compare: bool,
    /// `xlsx` and `parquet` need `--output`
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write it into this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
    Xlsx,
    Parquet,
}

impl Format {
    /// As the server calls it; people's tables are made here.
    fn asked(self) -> &'static str {
        match self {
            Self::Table | Self::Json => "json",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Parquet => "parquet",
        }
    }
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<()> {
    let format = match arguments.format {
        Format::Table if output.json => Format::Json,
        format => format,
    };
    let binary = matches!(format, Format::Xlsx | Format::Parquet);
    if binary && arguments.output.is_none() {
        let failure = Failure::new(Code::Failed, "this format is no text for a terminal");
        return Err(failure.remedy("name a file: `--output FILE`").into());
    }
    let Some(server) = arguments.server.remote()? else {
        return Err(no_server().into());
    };
    let mut url = server.at(&format!("v1/reports/{}", arguments.name))?;
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("format", format.asked());
        for (name, value) in [
            ("date", &arguments.date),
            ("from", &arguments.from),
            ("to", &arguments.to),
            ("time_zone", &arguments.time_zone),
            ("interval", &arguments.interval),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        if arguments.compare {
            query.append_pair("compare", "true");
        }
    }
    let answer = server.bytes(server.client.get(url)).await?;
    if let Some(missing) = &answer.incomplete {
        eprintln!("! not in it, or not whole: {missing}");
    }
    let bytes = if format == Format::Table {
        table(&serde_json::from_slice(&answer.body)?).into_bytes()
    } else {
        answer.body
    };
    match &arguments.output {
        None => print(&String::from_utf8(bytes)?),
        Some(path) => {
            let written = std::fs::write(path, &bytes);
            let failed = |error| {
                let what = format!("cannot write {}", path.display());
                Failure::new(Code::Failed, what).because(error)
            };
            Ok(written.map_err(failed)?)
        }
    }
}

/// The report for people: figures to the right, undefined ones as `–`.
fn table(report: &Value) -> String {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let columns = list(&report["columns"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kinds: Vec<String> = columns.iter().map(|column| text(&column["kind"])).collect();
    let headings: Vec<String> = columns
        .iter()
        .map(|column| text(&column["title"]))
        .collect();
    let zone = TimeZone::get(&text(&report["time_zone"])).unwrap_or(TimeZone::UTC);
    let row = |row: &Value| -> Vec<String> {
        let cells = list(&row["cells"]);
        let cells = cells.iter().zip(&kinds);
        cells.map(|(cell, kind)| shown(cell, kind, &zone)).collect()
    };
    let mut rows: Vec<Vec<String>> = list(&report["rows"]).iter().map(row).collect();
    if report["total"].is_object() && rows.len() > 1 {
        let mut total = row(&report["total"]);
        if let Some(head) = kinds.iter().position(|kind| kind == "text") {
            "Total".clone_into(&mut total[head]);
        }
        rows.push(total);
    }
    let right: Vec<bool> = kinds
        .iter()
        .map(|kind| kind != "text" && kind != "instant")
        .collect();
    let mut shown = format!("{}\n", text(&report["title"]));
    shown += &wide_table(&headings, &rows, &right);
    for note in list(&report["notes"]) {
        let _ = writeln!(shown, "  {}", text(&note));
    }
    shown + &told_gaps(&report["errors"])
}

/// A cell for people; times by the report's clock.
fn shown(cell: &Value, kind: &str, zone: &TimeZone) -> String {
    let figure = |value: f64| match kind {
        "ratio" => format!("{:.1} %", value * 100.0),
        _ => format!("{value:.1}"),
    };
    match cell {
        Value::Null => "–".to_owned(),
        Value::String(text) if kind == "instant" => match text.parse::<Timestamp>() {
            Ok(at) => at
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M")
                .to_string(),
            Err(_) => text.clone(),
        },
        Value::String(text) => text.clone(),
        Value::Object(share) => share["value"].as_f64().map_or("–".to_owned(), figure),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_is_laid_out_for_people() {
        let report = json!({
            "title": "By trunk",
            "time_zone": "Europe/Bratislava",
            "columns": [
                {"title": "From", "kind": "instant"},
                {"title": "Trunk", "kind": "text"},
                {"title": "Calls", "kind": "count"},
                {"title": "ASR", "kind": "ratio"},
            ],
            "rows": [
                {"cells": ["2026-07-01T08:00:00.000000Z", "one", 1200, {"value": 0.25}]},
                {"cells": ["2026-07-01T08:00:00.000000Z", "two", 0, {"value": null}]},
            ],
            "total": {"cells": [null, null, 1200, {"value": 0.25}]},
            "notes": ["PDD is not known."],
            "errors": {"gone": "it is down"},
        });
        assert_eq!(
            table(&report),
            "By trunk\n\
             From              Trunk  Calls     ASR\n\
             2026-07-01 10:00  one     1200  25.0 %\n\
             2026-07-01 10:00  two        0       –\n\
             –                 Total   1200  25.0 %\n  \
               PDD is not known.\n\
             ! gone: it is down\n"
        );
    }
}
