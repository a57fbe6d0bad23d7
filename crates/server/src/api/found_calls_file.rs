//! Calls that somebody looked for as a table for a file.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{
    Api,
    report_calls::{FoundCall, Search},
};
use crate::{
    exports::{Column, Kind, Table, Value},
    problem::Problem,
};

/// The most calls of a file.
const MAX_CALLS: usize = 50_000;
/// How many are looked for at once.
const STEP: usize = 1_000;

const COLUMNS: [(&str, &str, Kind); 22] = [
    ("began_at", "Began", Kind::Instant),
    ("source", "Source", Kind::Text),
    ("id", "Call", Kind::Text),
    ("linked_id", "Conversation", Kind::Text),
    ("extension", "Extension", Kind::Text),
    ("name", "Name", Kind::Text),
    ("caller", "Caller", Kind::Text),
    ("destination", "Destination", Kind::Text),
    ("country", "Country", Kind::Text),
    ("did", "DID", Kind::Text),
    ("from_trunk", "From trunk", Kind::Text),
    ("trunk", "Trunk", Kind::Text),
    ("application", "Application", Kind::Text),
    ("campaign", "Campaign", Kind::Text),
    ("disposition", "Disposition", Kind::Text),
    ("outcome", "Outcome", Kind::Text),
    ("cause", "Hangup cause", Kind::Whole),
    ("queue", "Queue", Kind::Text),
    ("agent", "Agent", Kind::Text),
    ("duration_seconds", "Duration (s)", Kind::Whole),
    ("talk_seconds", "Talk (s)", Kind::Whole),
    ("recorded", "Recorded", Kind::Text),
];

/// All calls of a search, the newest first, by the clock of `zone`; refused when they are too many for a file.
pub(super) async fn table(api: &Api, search: &Search, zone: TimeZone) -> Result<Table, Problem> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let found = api.app.reports.search(search, after, STEP).await?;
        let calls = found.hits.into_iter().map(FoundCall::from);
        rows.extend(calls.map(|call| row(&call)));
        if rows.len() > MAX_CALLS {
            let detail = format!(
                "These are more than {MAX_CALLS} calls, the most of one file: ask for a shorter time."
            );
            return Err(Problem::field("from", detail));
        }
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    let column = |(key, title, kind): (&str, &str, Kind)| Column {
        key: key.to_owned(),
        title: title.to_owned(),
        kind,
    };
    let zone_name = zone.iana_name().unwrap_or("UTC").to_owned();
    Ok(Table {
        name: "found-calls".to_owned(),
        title: "Calls".to_owned(),
        columns: COLUMNS.map(column).into(),
        rows,
        total: None,
        about: vec![("Time zone".to_owned(), zone_name)],
        zone,
    })
}

/// In the order of [`COLUMNS`].
fn row(call: &FoundCall) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    let said = |text: &Option<String>| text.clone().map_or(Value::None, Value::Text);
    let whole = |number: u64| i64::try_from(number).map_or(Value::None, Value::Whole);
    vec![
        Value::Instant(call.began_at),
        text(&call.source),
        text(&call.id),
        said(&call.linked_id),
        said(&call.extension),
        said(&call.name),
        text(&call.caller),
        text(&call.destination),
        said(&call.country),
        said(&call.did),
        said(&call.from_trunk),
        said(&call.trunk),
        said(&call.application),
        said(&call.campaign),
        word(call.disposition),
        word(call.outcome),
        call.cause.map_or(Value::None, |cause| whole(cause.into())),
        word(call.queue),
        word(call.agent),
        call.duration_seconds.map_or(Value::None, whole),
        whole(call.talk_seconds),
        word(
            call.recorded
                .map(|recorded| if recorded { "yes" } else { "no" }),
        ),
    ]
}

/// The word or id that it has on the wire.
fn word(value: Option<impl Serialize>) -> Value {
    match value.map(serde_json::to_value) {
        Some(Ok(serde_json::Value::String(word))) => Value::Text(word),
        _ => Value::None,
    }
}
