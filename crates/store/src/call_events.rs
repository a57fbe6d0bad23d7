//! All that happened, in order: the stream's memory and each call's story. Written by the journal alone.

use model::{CallId, Event, EventBody, Timestamp};

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::settings::{APPLIED_SEQ, Settings};
use crate::sql::{self, Sql, Value, json};

pub(crate) const TABLE: &str = "events";
pub(crate) const COLUMNS: &[&str] = &["seq", "happened_at", "call_id", "kind", "body"];

/// The most events that one call of [`Events::prune_before`] deletes, so that it never holds the file for long.
const PRUNE_STEP: u64 = 10_000;

pub struct Events<'a> {
    pub(crate) database: &'a Database,
}

impl Events<'_> {
    /// The events after number `seq`, in order. Empty when there are none yet.
    pub async fn after(&self, seq: u64, limit: u32) -> Result<Vec<Event>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE seq > ? ORDER BY seq LIMIT ?")
            .bind(seq)
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(event).collect()
    }

    /// The events of one call after number `seq`, in order.
    pub async fn of_call(
        &self,
        call: CallId,
        seq: u64,
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let rest = "WHERE call_id = ? AND seq > ? ORDER BY seq LIMIT ?";
        let sql = Sql::select(TABLE, COLUMNS, rest)
            .bind(call)
            .bind(seq)
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(event).collect()
    }

    /// The number of the last event written down, pruned or not; 0 before the first.
    pub async fn last_seq(&self) -> Result<u64, StoreError> {
        let settings = Settings {
            database: self.database,
        };
        let text = settings.get(APPLIED_SEQ).await?.unwrap_or_default();
        crate::journal::seq(APPLIED_SEQ, &text)
    }

    /// The number of the oldest event that is still kept: who asks for earlier ones has missed some.
    pub async fn oldest_seq(&self) -> Result<Option<u64>, StoreError> {
        let sql = Sql::select(TABLE, &["seq"], "ORDER BY seq LIMIT 1");
        let row = self.database.fetch_first(sql).await?;
        row.map(|row| row.int("seq")).transpose()
    }

    /// The number of the first event at or after `since`; the next one's if there is none.
    pub async fn first_since(&self, since: Timestamp) -> Result<u64, StoreError> {
        let rest = "WHERE happened_at >= ? ORDER BY seq LIMIT 1";
        let sql = Sql::select(TABLE, &["seq"], rest).bind(since);
        match self.database.fetch_first(sql).await? {
            Some(row) => row.int("seq"),
            None => Ok(self.last_seq().await?.saturating_add(1)),
        }
    }

    /// The number of the last event before `at`, or 0. A clock that was set back may make it miss by as much: ask for a little
    /// more on both sides.
    pub async fn last_before(&self, at: Timestamp) -> Result<u64, StoreError> {
        let Some(oldest) = self.oldest_seq().await? else {
            return Ok(0);
        };
        // Numbers have no holes among those that are kept; the last of `low` is before `at`, the first of `high` is not.
        let (mut low, mut high) = (oldest.saturating_sub(1), self.last_seq().await? + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let rest = "WHERE seq >= ? ORDER BY seq LIMIT 1";
            let sql = Sql::select(TABLE, &["happened_at"], rest).bind(middle);
            let row = self.database.fetch_first(sql).await?;
            let is_before = match row {
                Some(row) => row.instant("happened_at")? < at,
                None => false,
            };
            if is_before {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// The events of one `type` after number `after` until number `last`, in order.
    pub async fn of_kind(
        &self,
        kind: &str,
        (after, last): (u64, u64),
        limit: u32,
    ) -> Result<Vec<Event>, StoreError> {
        let rest = "WHERE seq > ? AND seq <= ? AND kind = ? ORDER BY seq LIMIT ?";
        let sql = Sql::select(TABLE, COLUMNS, rest)
            .bind(after)
            .bind(last)
            .bind(kind)
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(event).collect()
    }

    /// Forgets events older than `before`, at most 10,000 in one go; how many. Call again until it says 0.
    pub async fn prune_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let Some(oldest) = self.oldest_seq().await? else {
            return Ok(0);
        };
        let end = oldest.saturating_add(PRUNE_STEP);
        // By number, not by time alone: the kept events stay without holes even if a clock was set back.
        let rest = "WHERE seq < ? AND happened_at >= ? ORDER BY seq LIMIT 1";
        let sql = Sql::select(TABLE, &["seq"], rest).bind(end).bind(before);
        let end: u64 = match self.database.fetch_first(sql).await? {
            Some(kept) => kept.int("seq")?,
            None => end,
        };
        let sql = Sql::new(TABLE, "DELETE FROM events WHERE seq < ?").bind(end);
        self.database.execute(sql).await
    }
}

pub(crate) fn values(event: &Event) -> Vec<Value> {
    vec![
        event.seq.into(),
        event.at.into(),
        event.body.call().into(),
        kind(&event.body).into(),
        json(&event.body),
    ]
}

fn event(row: &Row) -> Result<Event, StoreError> {
    Ok(Event {
        seq: row.int("seq")?,
        at: row.instant("happened_at")?,
        body: row.json("body")?,
    })
}

/// The event's `type` on the wire.
fn kind(body: &EventBody) -> &'static str {
    match body {
        EventBody::CallArrived { .. } => "call_arrived",
        EventBody::CallPlaced { .. } => "call_placed",
        EventBody::AgentPickedUp { .. } => "agent_picked_up",
        EventBody::CallRouted { .. } => "call_routed",
        EventBody::CustomerAnswered { .. } => "customer_answered",
        EventBody::CallQueued { .. } => "call_queued",
        EventBody::CallOffered { .. } => "call_offered",
        EventBody::OfferEnded { .. } => "offer_ended",
        EventBody::CallAnswered { .. } => "call_answered",
        EventBody::CallParked { .. } => "call_parked",
        EventBody::CallReturned { .. } => "call_returned",
        EventBody::CallRetrieved { .. } => "call_retrieved",
        EventBody::CallControlled { .. } => "call_controlled",
        EventBody::CallWatched { .. } => "call_watched",
        EventBody::CallEnded { .. } => "call_ended",
        EventBody::CallTraced { .. } => "call_traced",
        EventBody::AgentChanged { .. } => "agent_changed",
        EventBody::ServerLost { .. } => "server_lost",
        EventBody::ServerConnected { .. } => "server_connected",
        EventBody::ServerReplaced { .. } => "server_replaced",
    }
}
