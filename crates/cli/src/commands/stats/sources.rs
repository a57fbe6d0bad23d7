//! `cordboard stats sources`: where call detail records are read, and how far that is.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::super::remote::{Remote, Server};
use crate::output::{self, Output};

/// How often a load is looked at.
const LOOK: Duration = Duration::from_millis(500);
const HEADINGS: [&str; 7] = [
    "SOURCE",
    "KIND",
    "ROWS",
    "KNOWN UNTIL",
    "FRESH",
    "LEFT",
    "ROWS/S",
];
/// A progress bar's whole length.
const WHOLE: u64 = 1_000;

#[derive(Debug, Args)]
pub(in crate::commands) struct Sources {
    /// Show a load as it goes on, until it is done
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    server: Server,
}

pub(super) async fn run(sources: &Sources, output: &Output) -> anyhow::Result<()> {
    let server = sources.server.needed()?;
    let mut answer = ask(&server).await?;
    if sources.follow {
        let bars = MultiProgress::new();
        let mut shown = BTreeMap::new();
        while is_loading(&answer) {
            show(&bars, &mut shown, &answer);
            tokio::time::sleep(LOOK).await;
            answer = ask(&server).await?;
        }
        let _ = bars.clear();
    }
    output.answer(&answer, || table(&answer, Timestamp::now()))
}

async fn ask(server: &Remote) -> anyhow::Result<Value> {
    let url = server.at("v1/cdr-sources")?;
    Ok(server.answer(server.client.get(url)).await?)
}

fn items(answer: &Value) -> &[Value] {
    answer["items"].as_array().map_or(&[], Vec::as_slice)
}

/// One that fails is not waited for.
fn is_loading(answer: &Value) -> bool {
    items(answer).iter().any(|source| {
        source["error"].is_null() && (source["load"].is_object() || source["looked_at"].is_null())
    })
}

fn show(bars: &MultiProgress, shown: &mut BTreeMap<String, ProgressBar>, answer: &Value) {
    for source in items(answer) {
        let name = text(&source["name"]);
        let load = &source["load"];
        if load.is_null() && !shown.contains_key(&name) {
            continue;
        }
        let bar = shown.entry(name.clone()).or_insert_with(|| {
            let style = "{prefix:>16} [{bar:30}] {percent:>3} %  {msg}";
            let style = ProgressStyle::with_template(style).expect("a template");
            let bar = ProgressBar::new(WHOLE).with_style(style.progress_chars("█▌ "));
            bars.add(bar.with_prefix(name))
        });
        if load.is_null() {
            bar.set_position(WHOLE);
            bar.set_message("done");
        } else {
            let share = load["share_done"].as_f64().unwrap_or_default();
            bar.set_position(part(share));
            bar.set_message(format!(
                "{} rows/s, {} left{}",
                load["rows_per_second"],
                left(load),
                eta(load)
            ));
        }
    }
}

fn table(answer: &Value, now: Timestamp) -> String {
    let rows: Vec<_> = items(answer)
        .iter()
        .map(|source| {
            let load = &source["load"];
            let until = source["known_until"].as_str().unwrap_or_default();
            let looked = source["looked_at"].as_str();
            let fresh = looked.and_then(|looked| looked.parse::<Timestamp>().ok());
            [
                text(&source["name"]),
                text(&source["kind"]),
                source["rows_read"].to_string(),
                until
                    .split('.')
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches('Z')
                    .replace('T', " "),
                fresh.map_or_else(|| "never".to_owned(), |at| ago(now.duration_since(at))),
                if load.is_null() {
                    String::new()
                } else {
                    format!("{}{}", left(load), eta(load))
                },
                if load.is_null() {
                    String::new()
                } else {
                    load["rows_per_second"].to_string()
                },
            ]
        })
        .collect();
    format!("{}{}", output::table(HEADINGS, &rows), remarks(answer))
}

/// Errors and notes, below the table.
fn remarks(answer: &Value) -> String {
    let mut lines = String::new();
    for source in items(answer) {
        let name = text(&source["name"]);
        if let Some(error) = source["error"].as_str() {
            let _ = writeln!(lines, "! {name}: {error}");
        }
        for note in source["notes"].as_array().into_iter().flatten() {
            let _ = writeln!(lines, "  {name}: {}", text(note));
        }
    }
    lines
}

/// A share of a bar.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "at most the whole bar"
)]
fn part(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * WHOLE as f64) as u64
}

fn left(load: &Value) -> String {
    match (load["days_left"].as_i64(), load["bytes_left"].as_i64()) {
        (Some(1), _) => "1 day".to_owned(),
        (Some(days), _) => format!("{days} days"),
        (None, Some(bytes)) => format!("{} MiB", bytes >> 20),
        (None, None) => String::new(),
    }
}

fn eta(load: &Value) -> String {
    match load["seconds_left"].as_i64() {
        Some(seconds) => format!(", about {}", long(seconds)),
        None => String::new(),
    }
}

fn ago(since: SignedDuration) -> String {
    format!("{} ago", long(since.as_secs().max(0)))
}

fn long(seconds: i64) -> String {
    match seconds {
        ..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
