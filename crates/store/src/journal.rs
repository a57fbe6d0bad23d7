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
use crate::sql::{Sql, pieces};
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
        bounded(events)?;
        let lock = self.database.db().for_update();
        let mut tx = self.database.begin().await?;
        let applied = settings::lock(&mut tx, APPLIED_SEQ, lock).await?;
        let applied = seq(APPLIED_SEQ, &applied)?;
        let new = after(events, |event| event.seq, applied)?;
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

/// Reads the checkpoint of that name.
pub(crate) fn seq(name: &str, text: &str) -> Result<u64, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt {
        table: "settings",
        column: "value".to_owned(),
        row: name.to_owned(),
        problem: format!("{text:?} is no number"),
    })
}

/// The entries that are new, provided none is missing. `seq` is an entry's number.
pub(crate) fn after<T>(
    entries: &[T],
    seq: impl Fn(&T) -> u64,
    applied: u64,
) -> Result<&[T], StoreError> {
    let Some(first) = entries.first().map(&seq) else {
        return Ok(entries);
    };
    let gap = |expected, found| StoreError::Gap { expected, found };
    if first > applied + 1 {
        return Err(gap(applied + 1, first));
    }
    for (expected, found) in (first..).zip(entries.iter().map(&seq)) {
        if found != expected {
            return Err(gap(expected, found));
        }
    }
    let known = entries.partition_point(|entry| seq(entry) <= applied);
    Ok(&entries[known..])
}

/// A batch's length, if it is one.
pub(crate) fn bounded<T>(entries: &[T]) -> Result<(), StoreError> {
    if entries.len() > MAX_BATCH {
        let problem = format!("has {} events, more than {MAX_BATCH}", entries.len());
        return Err(StoreError::refused("events", problem));
    }
    Ok(())
}

/// Reads the rows that the events touch.
async fn load(tx: &mut Tx, events: &[Event]) -> Result<Fold, StoreError> {
    let mut fold = Fold::default();
    let (calls, agents) = touched(events);
    let alive = " AND (ended_at IS NULL OR result = 'answered')";
    for ids in pieces(&calls) {
        let known = Sql::among(calls::TABLE, calls::COLUMNS, "id", ids, "");
        for row in tx.fetch(known).await? {
            let call = call(&row)?;
            fold.calls.load(call.id, call);
        }
        let alive = Sql::among(offers::TABLE, offers::COLUMNS, "call_id", ids, alive);
        for row in tx.fetch(alive).await? {
            let offer = offer(&row)?;
            fold.offers.load(offer.id, offer);
        }
    }
    for ids in pieces(&agents) {
        let (table, columns) = (agent_states::TABLE, agent_states::COLUMNS);
        let open = Sql::among(table, columns, "agent_id", ids, " AND ended_at IS NULL");
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

async fn write(
    tx: &mut Tx,
    events: &[Event],
    fold: &Fold,
    database: &Database,
) -> Result<(), StoreError> {
    let rows: Vec<_> = events.iter().map(call_events::values).collect();
    tx.put(call_events::TABLE, call_events::COLUMNS, "", &rows)
        .await?;

    let db = database.db();
    let rows: Vec<_> = fold
        .calls
        .changed()
        .map(|(_, row)| calls::values(row))
        .collect();
    let replace = db.on_same_key(calls::COLUMNS);
    tx.put(calls::TABLE, calls::COLUMNS, &replace, &rows)
        .await?;

    let rows: Vec<_> = fold
        .offers
        .changed()
        .map(|(_, row)| offers::values(row))
        .collect();
    let replace = db.on_same_key(offers::COLUMNS);
    tx.put(offers::TABLE, offers::COLUMNS, &replace, &rows)
        .await?;

    let rows: Vec<_> = fold
        .intervals
        .changed()
        .map(|(_, row)| agent_states::values(row))
        .collect();
    let replace = db.on_same_key(agent_states::COLUMNS);
    tx.put(agent_states::TABLE, agent_states::COLUMNS, &replace, &rows)
        .await?;

    let rows: Vec<_> = fold
        .statuses
        .changed()
        .map(|(agent, row)| status_values(*agent, row))
        .collect();
    let replace = db.on_same_key(STATUS_COLUMNS);
    tx.put(STATUSES, STATUS_COLUMNS, &replace, &rows).await
}
