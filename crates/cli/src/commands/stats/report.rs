//! `cordboard stats report NAME`, and `queues` for the one by queue

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::figures;
use crate::{
    commands::remote::Server,
    failure::{Code, Failure},
    output::{Output, print},
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// By what calls are told apart: `total`, `extension`, `country`, `trunk`, `caller_id`, `campaign`, `did`, `heat_map`, `queue`,
    /// `agent`, `cause`
    pub(super) name: String,
    #[command(flatten)]
    pub(super) question: Question,
}

/// Of which time, and how it is cut and shown.
#[derive(Debug, Args)]
pub(in crate::commands) struct Question {
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
    /// Only the row of this name
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Answered within so many seconds is in time
    #[arg(long, value_name = "SECONDS")]
    service_level_seconds: Option<u32>,
    /// Abandoned within so many seconds is short
    #[arg(long, value_name = "SECONDS")]
    short_abandon_seconds: Option<u32>,
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

pub(super) async fn run(name: &str, question: &Question, output: &Output) -> anyhow::Result<()> {
    let format = match question.format {
        Format::Table if output.json => Format::Json,
        format => format,
    };
    let binary = matches!(format, Format::Xlsx | Format::Parquet);
    if binary && question.output.is_none() {
        let failure = Failure::new(Code::Failed, "this format is no text for a terminal");
        return Err(failure.remedy("name a file: `--output FILE`").into());
    }
    let server = question.server.needed()?;
    let mut url = server.at("v1/reports")?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.push(name);
    }
    url.query_pairs_mut()
        .append_pair("format", format.asked())
        .extend_pairs(question.pairs());
    let answer = server.bytes(server.client.get(url)).await?;
    if let Some(missing) = &answer.incomplete {
        eprintln!("! not in it, or not whole: {missing}");
    }
    let bytes = if format == Format::Table {
        figures::table(&serde_json::from_slice(&answer.body)?).into_bytes()
    } else {
        answer.body
    };
    match &question.output {
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

impl Question {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let number = |seconds: Option<u32>| seconds.map(|seconds| seconds.to_string());
        let given = [
            ("date", self.date.clone()),
            ("from", self.from.clone()),
            ("to", self.to.clone()),
            ("time_zone", self.time_zone.clone()),
            ("interval", self.interval.clone()),
            ("compare", self.compare.then(|| "true".to_owned())),
            ("only", self.only.clone()),
            ("service_level_seconds", number(self.service_level_seconds)),
            ("short_abandon_seconds", number(self.short_abandon_seconds)),
        ];
        let given = given.into_iter();
        given
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}
