//! `cordboard stats calls`

use clap::Args;
use serde_json::Value;

use super::{
    Format,
    figures::{list, said},
    marked, show, told_gaps,
};
use crate::{
    commands::remote::{Remote, Server},
    output::{self, Output},
};

/// The most calls that one page of the server has.
const PAGE: usize = 250;

/// Which calls, and how they are shown.
#[derive(Debug, Args)]
pub(in crate::commands) struct Search {
    /// Who called, was called or was dialled, in any notation; or an extension
    #[arg(long)]
    number: Option<String>,
    #[arg(long)]
    extension: Option<String>,
    /// The id of a queue
    #[arg(long)]
    queue: Option<String>,
    /// `answered`, `no_answer`, `busy`, `failed` or `congestion`
    #[arg(long)]
    disposition: Option<String>,
    /// The hangup cause (Q.850) of a call of the queues
    #[arg(long)]
    cause: Option<u16>,
    /// The name of a `[[cdr_source]]`, or `cordboard` for the queues' log
    #[arg(long)]
    source: Option<String>,
    /// A day such as 2026-11-21, `week` or `month`; all that is kept without it
    #[arg(long, conflicts_with_all = ["from", "to"])]
    date: Option<String>,
    /// From this day or instant on
    #[arg(long, requires = "to")]
    from: Option<String>,
    /// Until before this day or instant
    #[arg(long, requires = "from")]
    to: Option<String>,
    #[arg(long, value_name = "SECONDS")]
    min_talk_seconds: Option<u32>,
    #[arg(long, value_name = "SECONDS")]
    max_talk_seconds: Option<u32>,
    /// Only those with a recording
    #[arg(long)]
    recorded: bool,
    /// The most calls
    #[arg(long, default_value_t = 100)]
    limit: usize,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    server: Server,
}

pub(super) async fn run(search: &Search, output: &Output) -> anyhow::Result<()> {
    let answer = search.ask(&search.server.needed()?).await?;
    show(&answer, search.format, output, (table, csv))
}

impl Search {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let number = |seconds: Option<u32>| seconds.map(|seconds| seconds.to_string());
        let given = [
            ("number", self.number.clone()),
            ("extension", self.extension.clone()),
            ("queue", self.queue.clone()),
            ("disposition", self.disposition.clone()),
            ("cause", self.cause.map(|cause| cause.to_string())),
            ("source", self.source.clone()),
            ("date", self.date.clone()),
            ("from", self.from.clone()),
            ("to", self.to.clone()),
            ("min_talk_seconds", number(self.min_talk_seconds)),
            ("max_talk_seconds", number(self.max_talk_seconds)),
            ("recorded", self.recorded.then(|| "true".to_owned())),
        ];
        let given = given.into_iter();
        given
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// The newest, page after page until there are enough; with the errors of the last one.
    async fn ask(&self, server: &Remote) -> anyhow::Result<Value> {
        let mut items: Vec<Value> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut url = server.at("v1/reports/calls")?;
            let left = self.limit.saturating_sub(items.len()).clamp(1, PAGE);
            {
                let mut query = url.query_pairs_mut();
                query.extend_pairs(self.pairs());
                query.append_pair("limit", &left.to_string());
                if let Some(cursor) = &cursor {
                    query.append_pair("cursor", cursor);
                }
            }
            let mut answer = server.answer(server.client.get(url)).await?;
            items.extend(list(&answer["items"]).iter().cloned());
            cursor = answer["next"].as_str().map(str::to_owned);
            if cursor.is_none() || items.len() >= self.limit {
                items.truncate(self.limit);
                answer["items"] = items.into();
                return Ok(answer);
            }
        }
    }
}

const COLUMNS: [&str; 10] = [
    "began_at",
    "source",
    "extension",
    "caller",
    "destination",
    "trunk",
    "disposition",
    "duration_seconds",
    "talk_seconds",
    "recorded",
];

fn table(answer: &Value) -> String {
    let headings = [
        "BEGAN (UTC)",
        "SOURCE",
        "EXTENSION",
        "CALLER",
        "DESTINATION",
        "TRUNK",
        "OUTCOME",
        "SECONDS",
        "TALK",
        "RECORDED",
    ];
    let row = |item: &Value| {
        let mut cells = COLUMNS.map(|column| match &item[column] {
            Value::Null => "–".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        cells[0] = said(&item["began_at"])
            .get(..19)
            .unwrap_or_default()
            .replace('T', " ");
        if let Some(outcome) = item["outcome"].as_str() {
            outcome.clone_into(&mut cells[6]);
        }
        cells
    };
    let rows: Vec<_> = list(&answer["items"]).iter().map(row).collect();
    let more = if answer["next"].is_string() {
        "There are more, or not all was looked at: ask for a shorter time, or a larger --limit.\n"
    } else {
        ""
    };
    format!(
        "{}{more}{}",
        output::table(headings, &rows),
        told_gaps(&answer["errors"])
    )
}

fn csv(answer: &Value) -> anyhow::Result<String> {
    let columns = [
        "began_at",
        "source",
        "id",
        "linked_id",
        "extension",
        "name",
        "caller",
        "destination",
        "country",
        "did",
        "from_trunk",
        "trunk",
        "application",
        "campaign",
        "disposition",
        "outcome",
        "cause",
        "queue",
        "agent",
        "duration_seconds",
        "talk_seconds",
        "recorded",
    ];
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns)?;
    for item in list(&answer["items"]) {
        writer.write_record(columns.map(|column| match &item[column] {
            Value::Null => String::new(),
            Value::String(text) => marked(text),
            other => other.to_string(),
        }))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
