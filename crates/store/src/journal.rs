//! Writes down what happened: a batch of events and all that follows from them, in one transaction or not at all.
//!
//! Each event is applied exactly once, by its number. A batch may be given again, whole or in part, after a failure
//! that left its fate unknown. Never decides, never drops an event, never lets one be missing in silence.

use std::collections::BTreeSet;

use model::{AgentId, CallId, Event, EventBody};

use crate::agent_states::{self, STATUS_COLUMNS, STATUSES, interval, status_values};
use crate::calls::{self, call};
use crate::database::{Database, Tx};
use crate::fold::Fold;
use crate::offers::{self, offer};
use crate::settings::{self, APPLIED_SEQ};
use crate::sql::{Sql, Value, pieces};
use crate::{StoreError, call_events};

/// The most events in one batch.
pub const MAX_BATCH: usize = 2_000;

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The number of the last event written down, now.
    pub seq: u64,
    /// How many events of the batch were new.
    pub new: usize,
    /// How many had been written down before.
    pub known: usize,
}

pub struct Journal<'a> {
    pub(crate) database: &'a Database,
}

impl Journal<'_> {
    /// Writes down `events`, which are in order and without holes, and start at most one after the last applied.
    ///
    /// When this returns `Ok`, they are on disk. [`StoreError::Gap`] if one is missing; then none was applied.
    pub async fn apply(&self, events: &[Event]) -> Result<Applied, StoreError> {
        if events.len() > MAX_BATCH {
            let problem = format!("has {} events, more than {MAX_BATCH}", events.len());
            return Err(StoreError::refused("events", problem));
        }
        let lock = self.database.db().for_update();
        let mut tx = self.database.begin().await?;
        let applied = seq(&settings::lock(&mut tx, APPLIED_SEQ, lock).await?)?;
        let new = after(events, applied)?;
        let seq = new.last().map_or(applied, |event| event.seq);
        if !new.is_empty() {
            let mut fold = load(&mut tx, new).await?;
            for event in new {
                fold.apply(event);
            }
            write(&mut tx, new, &fold, self.database).await?;
            settings::change(&mut tx, APPLIED_SEQ, seq.to_string()).await?;
        }
        tx.commit().await?;
        Ok(Applied {
            seq,
            new: new.len(),
            known: events.len() - new.len(),
        })
    }

    /// The number of the last event written down; 0 before the first.
    pub async fn applied_seq(&self) -> Result<u64, StoreError> {
        call_events::Events {
            database: self.database,
        }
        .last_seq()
        .await
    }
}

/// Reads the checkpoint.
pub(crate) fn seq(text: &str) -> Result<u64, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt {
        table: "settings",
        column: "value".to_owned(),
        row: APPLIED_SEQ.to_owned(),
        problem: format!("{text:?} is no number"),
    })
}

/// The events that are new, provided none is missing.
fn after(events: &[Event], applied: u64) -> Result<&[Event], StoreError> {
    let Some(first) = events.first() else {
        return Ok(events);
    };
    let gap = |expected, found| StoreError::Gap { expected, found };
    if first.seq > applied + 1 {
        return Err(gap(applied + 1, first.seq));
    }
    for (expected, event) in (first.seq..).zip(events) {
        if event.seq != expected {
            return Err(gap(expected, event.seq));
        }
    }
    let known = events.partition_point(|event| event.seq <= applied);
    Ok(&events[known..])
}

/// Reads the rows that the events touch.
async fn load(tx: &mut Tx, events: &[Event]) -> Result<Fold, StoreError> {
    let mut fold = Fold::default();
    let (calls, agents) = touched(events);
    let alive = " AND (ended_at IS NULL OR result = 'answered')";
    for ids in pieces(&calls) {
        let known = among(calls::TABLE, calls::COLUMNS, "id", ids, "");
        for row in tx.fetch(known).await? {
            let call = call(&row)?;
            fold.calls.load(call.id, call);
        }
        let alive = among(offers::TABLE, offers::COLUMNS, "call_id", ids, alive);
        for row in tx.fetch(alive).await? {
            let offer = offer(&row)?;
            fold.offers.load(offer.id, offer);
        }
    }
    for ids in pieces(&agents) {
        let (table, columns) = (agent_states::TABLE, agent_states::COLUMNS);
        let open = among(table, columns, "agent_id", ids, " AND ended_at IS NULL");
        for row in tx.fetch(open).await? {
            let interval = interval(&row)?;
            fold.intervals.load(interval.seq, interval);
        }
    }
    Ok(fold)
}

fn touched(events: &[Event]) -> (Vec<CallId>, Vec<AgentId>) {
    let mut calls = BTreeSet::new();
    let mut agents = BTreeSet::new();
    for event in events {
        if let EventBody::AgentChanged { agent, .. } = &event.body {
            agents.insert(*agent);
        } else {
            calls.extend(event.body.call());
        }
    }
    (calls.into_iter().collect(), agents.into_iter().collect())
}

fn among<T: Copy + Into<Value>>(
    table: &'static str,
    columns: &[&str],
    key: &str,
    ids: &[T],
    rest: &str,
) -> Sql {
    let marks = vec!["?"; ids.len()].join(", ");
    let sql = Sql::select(table, columns, &format!("WHERE {key} IN ({marks}){rest}"));
    ids.iter().fold(sql, |sql, id| sql.bind(*id))
}

async fn write(
    tx: &mut Tx,
    events: &[Event],
    fold: &Fold,
    database: &Database,
) -> Result<(), StoreError> {
    let rows: Vec<_> = events.iter().map(call_events::values).collect();
    put(tx, call_events::TABLE, call_events::COLUMNS, "", &rows).await?;

    let db = database.db();
    let rows: Vec<_> = fold
        .calls
        .changed()
        .map(|(_, row)| calls::values(row))
        .collect();
    let replace = db.on_same_key(calls::COLUMNS);
    put(tx, calls::TABLE, calls::COLUMNS, &replace, &rows).await?;

    let rows: Vec<_> = fold
        .offers
        .changed()
        .map(|(_, row)| offers::values(row))
        .collect();
    let replace = db.on_same_key(offers::COLUMNS);
    put(tx, offers::TABLE, offers::COLUMNS, &replace, &rows).await?;

    let rows: Vec<_> = fold
        .intervals
        .changed()
        .map(|(_, row)| agent_states::values(row))
        .collect();
    let replace = db.on_same_key(agent_states::COLUMNS);
    put(
        tx,
        agent_states::TABLE,
        agent_states::COLUMNS,
        &replace,
        &rows,
    )
    .await?;

    let rows: Vec<_> = fold
        .statuses
        .changed()
        .map(|(agent, row)| status_values(*agent, row))
        .collect();
    let replace = db.on_same_key(STATUS_COLUMNS);
    put(tx, STATUSES, STATUS_COLUMNS, &replace, &rows).await
}

/// Writes many rows in few statements.
async fn put(
    tx: &mut Tx,
    table: &'static str,
    columns: &'static [&'static str],
    replace: &str,
    rows: &[Vec<Value>],
) -> Result<(), StoreError> {
    for rows in pieces(rows) {
        let sql = Sql::insert_rows(table, columns, rows.concat()).and(replace);
        tx.execute(sql).await?;
    }
    Ok(())
}
