//! Calls of the log as a table for a file, with names where the log has ids.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use model::{AgentId, Call, QueueId};
use serde::Serialize;
use store::{CallCursor, CallFilter, MAX_PAGE, Store, StoreError};

use crate::{
    exports::{Column, Kind, Table, Value},
    problem::Problem,
};

/// The most calls of a file.
const MAX_CALLS: usize = 50_000;

const COLUMNS: [(&str, &str, Kind); 17] = [
    ("arrived_at", "Arrived", Kind::Instant),
    ("answered_at", "Answered", Kind::Instant),
    ("ended_at", "Ended", Kind::Instant),
    ("caller_number", "Caller", Kind::Text),
    ("caller_e164", "Caller (E.164)", Kind::Text),
    ("caller_name", "Caller's name", Kind::Text),
    ("dialled", "Dialled", Kind::Text),
    ("queue", "Queue", Kind::Text),
    ("agent", "Agent", Kind::Text),
    ("outcome", "Outcome", Kind::Text),
    ("overflow_reason", "Why it left the queue", Kind::Text),
    ("ended_by", "Ended by", Kind::Text),
    ("wait_seconds", "Wait (s)", Kind::Number),
    ("talk_seconds", "Talk (s)", Kind::Number),
    ("hangup_cause", "Hangup cause", Kind::Whole),
    ("channel", "Channel", Kind::Text),
    ("id", "Call", Kind::Text),
];

/// All calls that the filter lets through, newest first; none without one; refused when they are too many for a file.
pub(super) async fn table(
    store: &Store,
    filter: Option<&CallFilter>,
    zone: TimeZone,
) -> Result<Table, Problem> {
    let mut calls: Vec<Call> = Vec::new();
    while let Some(filter) = filter {
        let after = calls.last().map(CallCursor::from);
        let page = store.calls().page(filter, after, MAX_PAGE).await?;
        let last = page.len() < MAX_PAGE as usize;
        calls.extend(page);
        if calls.len() > MAX_CALLS {
            let detail = format!(
                "These are more than {MAX_CALLS} calls, the most of one file: ask for a shorter time."
            );
            return Err(Problem::field("from", detail));
        }
        if last {
            break;
        }
    }
    let names = Names::read(store).await?;
    let column = |(key, title, kind): (&str, &str, Kind)| Column {
        key: key.to_owned(),
        title: title.to_owned(),
        kind,
    };
    let zone_name = zone.iana_name().unwrap_or("UTC").to_owned();
    Ok(Table {
        name: "calls".to_owned(),
        title: "Calls".to_owned(),
        columns: COLUMNS.map(column).into(),
        rows: calls.iter().map(|call| row(call, &names)).collect(),
        total: None,
        about: vec![("Time zone".to_owned(), zone_name)],
        zone,
    })
}

struct Names {
    queues: HashMap<QueueId, String>,
    agents: HashMap<AgentId, String>,
}

impl Names {
    async fn read(store: &Store) -> Result<Self, StoreError> {
        let (mut queues, mut agents) = (HashMap::new(), HashMap::new());
        let mut after: Option<String> = None;
        loop {
            let page = store.queues().list(after.as_deref(), MAX_PAGE).await?;
            after = page.last().map(|queue| queue.name.clone());
            queues.extend(page.into_iter().map(|queue| (queue.id, queue.name)));
            if after.is_none() {
                break;
            }
        }
        let mut after = None;
        loop {
            let page = store.agents().list(after, MAX_PAGE).await?;
            after = page.last().map(|agent| agent.id);
            agents.extend(page.into_iter().map(|agent| (agent.id, agent.name)));
            if after.is_none() {
                return Ok(Self { queues, agents });
            }
        }
    }
}

/// In the order of [`COLUMNS`]. Whoever is gone is shown by id.
fn row(call: &Call, names: &Names) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    let instant = |at| Option::map_or(at, Value::None, Value::Instant);
    let seconds = |millis: Option<u64>| {
        let millis = millis.and_then(|millis| u32::try_from(millis).ok());
        millis.map_or(Value::None, |millis| {
            Value::Number(f64::from(millis) / 1000.0)
        })
    };
    let queue = call.queue.map(|id| {
        let name = names.queues.get(&id).cloned();
        name.unwrap_or_else(|| id.to_string())
    });
    let agent = call.agent.map(|id| {
        let name = names.agents.get(&id).cloned();
        name.unwrap_or_else(|| id.to_string())
    });
    let named = |name: Option<String>| name.map_or(Value::None, Value::Text);
    vec![
        Value::Instant(call.arrived_at),
        instant(call.answered_at),
        instant(call.ended_at),
        text(&call.caller.number),
        named(call.caller.e164.clone()),
        text(&call.caller.name),
        text(&call.dialled),
        named(queue),
        named(agent),
        word(call.outcome),
        word(call.overflow_reason),
        word(call.ended_by),
        seconds(call.wait_ms),
        seconds(call.talk_ms),
        call.hangup_cause
            .map_or(Value::None, |cause| Value::Whole(cause.into())),
        text(&call.channel),
        Value::Text(call.id.to_string()),
    ]
}

/// The word that it has on the wire.
fn word(value: Option<impl Serialize>) -> Value {
    match value.map(serde_json::to_value) {
        Some(Ok(serde_json::Value::String(word))) => Value::Text(word),
        _ => Value::None,
    }
}
