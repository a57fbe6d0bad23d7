//! `cordboard trace`

use std::fmt::Write as _;

use clap::Args;
use model::CallId;
use serde_json::Value;

use super::remote;
use crate::output::{Output, print, wide_table};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The call's id, as the log has it
    call: CallId,
    #[command(flatten)]
    server: remote::Server,
}

pub(super) async fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<()> {
    let remote = arguments.server.needed()?;
    let url = remote.at(&format!("v1/calls/{}/trace", arguments.call))?;
    let trace = remote.answer(remote.client.get(url)).await?;
    if output.json {
        return output.answer(&trace, String::new);
    }
    print(&text(&trace))
}

fn text(trace: &Value) -> String {
    let headings = ["AT", "TOOK", "", "WHAT"].map(str::to_owned);
    let entries = trace["entries"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = entries.map(row).collect();
    let mut text = wide_table(&headings, &rows, &[true, true, false, false]);
    if let Some(more) = trace["requests_left_out"].as_u64().filter(|more| *more > 0) {
        let _ = writeln!(text, "\n{more} more requests to Asterisk are not shown.");
    }
    text
}

fn row(entry: &Value) -> Vec<String> {
    let kind = entry["kind"].as_str().unwrap_or_default();
    let at = milliseconds(entry["offset_us"].as_i64());
    let (took, what) = match kind {
        "command" => {
            let asked = &entry["asked"];
            let request = asked["request"].as_str().unwrap_or_default();
            let refused = asked["refused"].as_str();
            let refused = refused.map_or_else(String::new, |why| format!(": {why}"));
            (
                milliseconds(asked["took_us"].as_i64()),
                format!("{request}{refused}"),
            )
        }
        _ => (String::new(), said(&entry["event"])),
    };
    vec![at, took, kind.to_owned(), what]
}

fn milliseconds(micros: Option<i64>) -> String {
    let micros = micros.unwrap_or_default();
    let sign = if micros < 0 { "-" } else { "" };
    let (whole, rest) = (micros.unsigned_abs() / 1_000, micros.unsigned_abs() % 1_000);
    format!("{sign}{whole}.{rest:03} ms")
}

/// The event's type, and what is said with it.
fn said(event: &Value) -> String {
    let mut text = event["type"].as_str().unwrap_or_default().to_owned();
    for (name, value) in event.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "type" | "seq" | "at" | "call") && !value.is_null() {
            let _ = match value {
                Value::String(value) => write!(text, " {name}={value}"),
                other => write!(text, " {name}={other}"),
            };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_trace_is_a_table() {
        let trace = json!({
            "entries": [
                {"kind": "event", "offset_us": 0, "event": {"type": "call_arrived", "call": "c", "dialled": "5550100"}},
                {"kind": "command", "offset_us": 1_250,
                 "asked": {"request": "POST channels/1/answer", "took_us": 900, "refused": "it is gone"}},
            ],
            "requests_left_out": 2,
        });
        let lines = [
            "      AT      TOOK           WHAT",
            "0.000 ms            event    call_arrived dialled=5550100",
            "1.250 ms  0.900 ms  command  POST channels/1/answer: it is gone",
            "",
            "2 more requests to Asterisk are not shown.",
            "",
        ];
        assert_eq!(text(&trace), lines.join("\n"));
        assert_eq!(milliseconds(Some(-1_500)), "-1.500 ms");
    }
}
