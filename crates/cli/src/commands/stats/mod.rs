//! `cordboard stats …`: figures of call detail records, as a running server has them, and history that is taken in.

mod asr;
mod bars;
mod calls;
mod callstat;
mod figures;
mod heat;
mod import_queue_log;
mod reconcile;
mod report;
mod sources;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::remote::{Remote, Server};
use crate::{
    output::{Output, print},
    setting::Global,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Calls and talk time of each extension
    Callstat(Question),
    /// The share of answered calls by country, of each source
    Asr(Question),
    /// Figures over calls by extension, country, trunk, queue, agent …, as a table or a file
    Report(report::Arguments),
    /// Callers in queues: service levels, waits, who gave up
    Queues(report::Question),
    /// Calls that are looked for, the newest first
    Calls(calls::Search),
    /// Our log against the call detail records of a day; exit code 6 if they differ
    Reconcile(reconcile::Reconcile),
    /// Take in the history of a centre that used `app_queue`: its `queue_log`
    ImportQueueLog(import_queue_log::Arguments),
    /// Where call detail records are read, and how far that is
    Sources(sources::Sources),
}

/// Of which period, and how it is shown.
#[derive(Debug, Args)]
pub(super) struct Question {
    /// A day such as 2026-11-21, `week` (the last work week) or `month` (the last month); today without it
    #[arg(long, conflicts_with_all = ["start", "end"])]
    date: Option<String>,
    /// From this day or minute on (`2026-11-21 14:30`)
    #[arg(long, requires = "end")]
    start: Option<String>,
    /// Until the end of this day or minute
    #[arg(long, requires = "start")]
    end: Option<String>,
    /// Count as the program before: by uniqueid, every row's time
    #[arg(long)]
    as_before: bool,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
}

/// How an answer is shown.
type Shown = (fn(&Value) -> String, fn(&Value) -> anyhow::Result<String>);

pub(super) async fn run(command: &Command, global: &Global, output: &Output) -> anyhow::Result<()> {
    let (question, what, (table, csv)): (_, _, Shown) = match command {
        Command::Callstat(question) => (question, "callstat", (callstat::table, callstat::csv)),
        Command::Asr(question) => (question, "asrstat", (asr::table, asr::csv)),
        Command::Report(arguments) => {
            return report::run(&arguments.name, &arguments.question, output).await;
        }
        Command::Queues(question) => return report::run("queue", question, output).await,
        Command::Calls(search) => return calls::run(search, output).await,
        Command::Reconcile(asked) => return reconcile::run(asked, output).await,
        Command::ImportQueueLog(arguments) => {
            return import_queue_log::run(arguments, global, output).await;
        }
        Command::Sources(sources) => return sources::run(sources, output).await,
    };
    let answer = ask(&question.server.needed()?, what, question).await?;
    show(&answer, question.format, output, (table, csv))
}

fn show(
    answer: &Value,
    format: Format,
    output: &Output,
    (table, csv): Shown,
) -> anyhow::Result<()> {
    match format {
        _ if output.json => print(&format!("{answer}\n")),
        Format::Json => print(&format!("{answer}\n")),
        Format::Table => print(&table(answer)),
        Format::Csv => print(&csv(answer)?),
    }
}

async fn ask(server: &Remote, what: &str, question: &Question) -> anyhow::Result<Value> {
    // The key is in the header; any word stands for the token.
    let mut url = server.at(&format!("api/v1/-/{what}"))?;
    {
        let mut query = url.query_pairs_mut();
        for (name, value) in [
            ("date", &question.date),
            ("start", &question.start),
            ("end", &question.end),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        if question.as_before {
            query.append_pair("profile", "as_before");
        }
    }
    Ok(server.answer(server.client.get(url)).await?)
}

/// Rows of an answer as RFC 4180 has it, each after its source. A text that a spreadsheet would take for a formula is
/// marked as text: names come from callers.
fn rows_as_csv(source: Option<&str>, columns: &[&str], rows: &[Value]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        let before = source.map(str::to_owned).into_iter();
        let cells = columns.iter().map(|column| match &row[*column] {
            Value::String(text) => marked(text),
            other => other.to_string(),
        });
        writer.write_record(before.chain(cells))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// A text as it is, unless a spreadsheet would take it for a formula.
fn marked(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// A cell of an answer, for people.
fn cell(row: &Value, column: &str) -> String {
    match &row[column] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What of the period is not known.
fn told_gaps(errors: &Value) -> String {
    let errors = errors.as_object().into_iter().flatten();
    let line = |(source, why): (&String, &Value)| {
        format!("! {source}: {}\n", why.as_str().unwrap_or_default())
    };
    errors.map(line).collect()
}
