//! `cordboard stats reconcile`: our own log against the call detail records of one day.

use std::fmt::Write as _;

use clap::Args;
use serde_json::Value;

use super::{
    super::remote::{Remote, Server},
    Format, marked, show,
};
use crate::{
    failure::{Code, Failure},
    output::{self, Output},
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Reconcile {
    /// A day such as 2026-11-21, or `yesterday`, by the clock of `statistics.time_zone`
    #[arg(long, default_value = "yesterday")]
    date: String,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    server: Server,
}

/// Compares the day anew; the exit code says whether anything differs.
pub(super) async fn run(asked: &Reconcile, output: &Output) -> anyhow::Result<()> {
    let answer = ask(&asked.server.needed()?, &asked.date).await?;
    show(&answer, asked.format, output, (table, csv))?;
    if answer["differences"] == 0 {
        return Ok(());
    }
    Err(Failure::told(Code::Differences).into())
}

/// The day with all differences that were kept.
async fn ask(server: &Remote, date: &str) -> anyhow::Result<Value> {
    let at = |rest: &[&str]| -> anyhow::Result<reqwest::Url> {
        let mut url = server.at("v1/reconciliations")?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(date).extend(rest);
        }
        Ok(url)
    };
    let made = server.answer(server.client.post(at(&["run"])?)).await?;
    let mut items: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut url = at(&[])?;
        url.query_pairs_mut().append_pair("limit", "250");
        if let Some(cursor) = &cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let page = server.answer(server.client.get(url)).await?;
        items.extend(page["items"].as_array().into_iter().flatten().cloned());
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            let mut answer = made;
            answer["items"] = items.into();
            return Ok(answer);
        }
    }
}

const HEADINGS: [&str; 7] = [
    "DIFFERENCE",
    "BEGAN (UTC)",
    "SERVER",
    "CALLER",
    "DIALLED",
    "OUR LOG",
    "CALL DETAIL RECORDS",
];

fn table(answer: &Value) -> String {
    let counts = &answer["counts"];
    let mut text = format!(
        "{}: {} calls in our log, {} in the call detail records; {} alike, {} differ\n",
        text_of(&answer["date"]),
        counts["ours"],
        counts["recorded"],
        counts["alike"],
        answer["differences"],
    );
    if counts["still_up"] != 0 {
        let _ = writeln!(text, "{} calls were still up", counts["still_up"]);
    }
    let rows: Vec<_> = items(answer).map(row).collect();
    if !rows.is_empty() {
        let _ = write!(text, "\n{}", output::table(HEADINGS, &rows));
    }
    if answer["kept"] != answer["differences"] {
        let _ = writeln!(text, "Only the first {} are kept.", answer["kept"]);
    }
    text
}

fn row(item: &Value) -> [String; 7] {
    let (ours, recorded) = (&item["ours"], &item["recorded"]);
    let either = |own: &str, record: &str| match &ours[own] {
        Value::Null => text_of(&recorded[record]),
        value => text_of(value),
    };
    let began = either("began_at", "began_at");
    let ours_say = match ours {
        Value::Null => "–".to_owned(),
        ours => {
            let talk = ours["talk_ms"].as_u64().map(|ms| (ms + 500) / 1_000);
            said(&text_of(&ours["outcome"]), talk)
        }
    };
    let records_say = match recorded {
        Value::Null => "–".to_owned(),
        recorded => {
            let answered = recorded["answered"] == true;
            let outcome = if answered { "answered" } else { "not answered" };
            said(outcome, recorded["talk_seconds"].as_u64())
        }
    };
    [
        text_of(&item["difference"]),
        began.get(..19).unwrap_or(&began).replace('T', " "),
        text_of(&item["server"]),
        either("caller", "caller"),
        either("dialled", "destination"),
        ours_say,
        records_say,
    ]
}

fn said(outcome: &str, talk_seconds: Option<u64>) -> String {
    match talk_seconds {
        Some(seconds) => format!("{outcome}, {seconds} s"),
        None => outcome.to_owned(),
    }
}

fn csv(answer: &Value) -> anyhow::Result<String> {
    const OURS: [&str; 7] = [
        "call", "channel", "began_at", "caller", "dialled", "outcome", "talk_ms",
    ];
    const RECORDED: [&str; 9] = [
        "source",
        "uniqueid",
        "linkedid",
        "began_at",
        "caller",
        "destination",
        "disposition",
        "answered",
        "talk_seconds",
    ];
    let cell = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => marked(text),
        other => other.to_string(),
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let heads = ["difference".to_owned(), "server".to_owned()].into_iter();
    let ours = OURS.iter().map(|column| format!("our_{column}"));
    let recorded = RECORDED.iter().map(|column| format!("recorded_{column}"));
    writer.write_record(heads.chain(ours).chain(recorded))?;
    for item in items(answer) {
        let heads = [&item["difference"], &item["server"]].into_iter();
        let ours = OURS.iter().map(|column| &item["ours"][*column]);
        let recorded = RECORDED.iter().map(|column| &item["recorded"][*column]);
        writer.write_record(heads.chain(ours).chain(recorded).map(cell))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn items(answer: &Value) -> impl Iterator<Item = &Value> {
    answer["items"].as_array().into_iter().flatten()
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
