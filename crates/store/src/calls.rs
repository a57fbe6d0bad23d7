//! The call log: written by the journal, read here. Nobody else changes it, but calls of the time before us are added to it.

use std::collections::HashSet;

use model::{
    AgentId, Call, CallId, CallState, Caller, Control, OfferId, Outcome, Placed, QueueId,
    ReservationId, ServerId, Timestamp,
};

use crate::database::Database;
use crate::offers::{self, Offer};
use crate::row::Row;
use crate::sql::{self, Sql, Value, pieces, word};
use crate::{MAX_PAGE, StoreError};

pub(crate) const TABLE: &str = "calls";
pub(crate) const COLUMNS: &[&str] = &[
    "id",
    "server_id",
    "channel",
    "direction",
    "caller_number",
    "caller_e164",
    "caller_name",
    "dialled",
    "state",
    "queue_id",
    "priority",
    "agent_id",
    "offer_id",
    "arrived_at",
    "queued_at",
    "answered_at",
    "ended_at",
    "wait_ms",
    "talk_ms",
    "outcome",
    "overflow_reason",
    "ended_by",
    "hangup_cause",
    "campaign",
    "presented",
    "reservation_id",
    "trunk",
    "control",
];

/// Which calls; all that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallFilter {
    /// Arrived then or later.
    pub from: Option<Timestamp>,
    /// Arrived before.
    pub to: Option<Timestamp>,
    pub queue: Option<QueueId>,
    pub agent: Option<AgentId>,
    pub outcome: Option<Outcome>,
    /// How the caller's number begins, as presented or as E.164.
    pub caller: Option<String>,
    pub state: Option<CallState>,
}

/// The last call of a page; the next page starts after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallCursor {
    pub arrived_at: Timestamp,
    pub id: CallId,
}

impl From<&Call> for CallCursor {
    fn from(call: &Call) -> Self {
        Self {
            arrived_at: call.arrived_at,
            id: call.id,
        }
    }
}

/// A call that has not ended, with its offers that may still be alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCall {
    pub call: Call,
    /// Still ringing, or answered.
    pub offers: Vec<Offer>,
}

/// A call of the time before us, with its offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCall {
    pub call: Call,
    pub offers: Vec<Offer>,
}

/// The most calls of one [`Calls::add_past`] or [`Calls::remove_past`], so that it never holds the file for long.
pub const MAX_PAST: usize = 1_000;
/// The most calls that one [`Calls::prune_before`] deletes, so that it never holds the file for long.
const PRUNE_STEP: u32 = 1_000;

pub struct Calls<'a> {
    pub(crate) database: &'a Database,
}

impl Calls<'_> {
    pub async fn get(&self, id: CallId) -> Result<Option<Call>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(call).transpose()
    }

    /// The newest first, after the call `after`.
    pub async fn page(
        &self,
        filter: &CallFilter,
        after: Option<CallCursor>,
        limit: u32,
    ) -> Result<Vec<Call>, StoreError> {
        let sql = select(filter, after).bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(call).collect()
    }

    /// When the first call arrived that came at `from` or later.
    pub async fn first_since(&self, from: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let text = "SELECT MIN(arrived_at) AS arrived_at FROM calls WHERE arrived_at >= ?";
        let row = self
            .database
            .fetch_first(Sql::new(TABLE, text).bind(from))
            .await?;
        row.map_or(Ok(None), |row| row.opt_instant("arrived_at"))
    }

    /// All calls that have not ended, in the order of their arrival: what a restart has to take over.
    pub async fn open(&self) -> Result<Vec<OpenCall>, StoreError> {
        let mut open: Vec<OpenCall> = Vec::new();
        loop {
            let rest = "WHERE ended_at IS NULL AND id > ? ORDER BY id LIMIT ?";
            let after = open.last().map_or(uuid::Uuid::nil(), |last| last.call.id.0);
            let sql = Sql::select(TABLE, COLUMNS, rest)
                .bind(after)
                .bind(i64::from(MAX_PAGE));
            let rows = self.database.fetch(sql).await?;
            let calls: Vec<Call> = rows.iter().map(call).collect::<Result<_, _>>()?;
            let full = calls.len() == MAX_PAGE as usize;
            let mut offers = self.live_offers(&calls).await?;
            open.extend(calls.into_iter().map(|call| {
                OpenCall {
                    offers: offers
                        .extract_if(.., |offer| offer.call == call.id)
                        .collect(),
                    call,
                }
            }));
            if !full {
                break;
            }
        }
        open.sort_by_key(|open| (open.call.arrived_at, open.call.id));
        Ok(open)
    }

    /// All offers of a call, in the order in which they were made.
    pub async fn offers_of(&self, id: CallId) -> Result<Vec<Offer>, StoreError> {
        let rest = "WHERE call_id = ? ORDER BY made_at, id";
        let sql = Sql::select(offers::TABLE, offers::COLUMNS, rest).bind(id);
        self.database
            .fetch(sql)
            .await?
            .iter()
            .map(offers::offer)
            .collect()
    }

    /// How many calls each agent answered at `since` or later.
    pub async fn answered_since(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(AgentId, u32)>, StoreError> {
        // The upper bound makes SQLite use the index by time, not walk the whole log agent by agent.
        let text = "SELECT agent_id, COUNT(*) AS calls FROM calls \
                    WHERE answered_at >= ? AND answered_at <= ? GROUP BY agent_id";
        let sql = Sql::new(TABLE, text)
            .bind(since)
            .bind(Timestamp::from_micros(i64::MAX));
        let mut counts = Vec::new();
        for row in self.database.fetch(sql).await? {
            if let Some(agent) = row.opt_uuid("agent_id")? {
                counts.push((AgentId(agent), row.int("calls")?));
            }
        }
        counts.sort_unstable();
        Ok(counts)
    }

    /// Forgets calls that ended before `before`, with their offers, at most 1,000 in one go; how many. Call again until it
    /// says 0. Their events are pruned apart: see [`crate::Events::prune_before`].
    pub async fn prune_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.database.begin().await?;
        let rest = "WHERE ended_at < ? ORDER BY ended_at, id LIMIT ?";
        let sql = Sql::select(TABLE, &["id"], rest)
            .bind(before)
            .bind(PRUNE_STEP);
        let rows = tx.fetch(sql).await?;
        let old = rows.iter().map(|row| row.uuid("id"));
        let old: Vec<uuid::Uuid> = old.collect::<Result<_, _>>()?;
        for ids in pieces(&old) {
            let offers = Sql::delete_among(offers::TABLE, "call_id", ids);
            tx.execute(offers).await?;
            tx.execute(Sql::delete_among(TABLE, "id", ids)).await?;
        }
        tx.commit().await?;
        Ok(old.len() as u64)
    }

    /// Adds calls that have ended, all in one transaction, at most [`MAX_PAST`]; how many. One whose id is known stays as it
    /// is, so that a second time changes nothing.
    pub async fn add_past(&self, calls: &[PastCall]) -> Result<u64, StoreError> {
        bounded(calls.len())?;
        let ids: Vec<CallId> = calls.iter().map(|past| past.call.id).collect();
        let mut tx = self.database.begin().await?;
        let mut known = HashSet::new();
        for ids in pieces(&ids) {
            for row in tx.fetch(Sql::among(TABLE, &["id"], "id", ids, "")).await? {
                known.insert(CallId(row.uuid("id")?));
            }
        }
        // A call that is there twice is added once.
        let new: Vec<&PastCall> = calls
            .iter()
            .filter(|past| known.insert(past.call.id))
            .collect();
        let rows: Vec<_> = new.iter().map(|past| values(&past.call)).collect();
        tx.put(TABLE, COLUMNS, "", &rows).await?;
        let rings = new.iter().flat_map(|past| &past.offers);
        let rows: Vec<_> = rings.map(offers::values).collect();
        tx.put(offers::TABLE, offers::COLUMNS, "", &rows).await?;
        tx.commit().await?;
        Ok(new.len() as u64)
    }

    /// How many of these calls are there.
    pub async fn count_among(&self, ids: &[CallId]) -> Result<u64, StoreError> {
        let mut count = 0;
        for ids in pieces(ids) {
            let sql = Sql::among(TABLE, &["id"], "id", ids, "");
            count += self.database.fetch(sql).await?.len() as u64;
        }
        Ok(count)
    }

    /// Takes calls with their offers out of the log, at most [`MAX_PAST`]; how many were there.
    pub async fn remove_past(&self, ids: &[CallId]) -> Result<u64, StoreError> {
        bounded(ids.len())?;
        let mut removed = 0;
        let mut tx = self.database.begin().await?;
        for ids in pieces(ids) {
            let offers = Sql::delete_among(offers::TABLE, "call_id", ids);
            tx.execute(offers).await?;
            removed += tx.execute(Sql::delete_among(TABLE, "id", ids)).await?;
        }
        tx.commit().await?;
        Ok(removed)
    }

    async fn live_offers(&self, calls: &[Call]) -> Result<Vec<Offer>, StoreError> {
        let ids: Vec<CallId> = calls.iter().map(|call| call.id).collect();
        let mut live = Vec::new();
        for ids in pieces(&ids) {
            let rest = format!(
                "WHERE call_id IN ({}) AND (ended_at IS NULL OR result = 'answered') \
                 ORDER BY made_at, id",
                vec!["?"; ids.len()].join(", ")
            );
            let sql = Sql::select(offers::TABLE, offers::COLUMNS, &rest);
            let sql = ids.iter().fold(sql, |sql, id| sql.bind(*id));
            for row in self.database.fetch(sql).await? {
                live.push(offers::offer(&row)?);
            }
        }
        Ok(live)
    }
}

fn bounded(calls: usize) -> Result<(), StoreError> {
    if calls > MAX_PAST {
        let problem = format!("are {calls}, more than {MAX_PAST}");
        return Err(StoreError::refused("calls", problem));
    }
    Ok(())
}

fn select(filter: &CallFilter, after: Option<CallCursor>) -> Sql {
    let mut sql = Sql::select(TABLE, COLUMNS, "WHERE arrived_at >= ? AND arrived_at < ?")
        .bind(filter.from.unwrap_or(Timestamp::from_micros(i64::MIN)))
        .bind(filter.to.unwrap_or(Timestamp::from_micros(i64::MAX)));
    if let Some(queue) = filter.queue {
        sql = sql.and(" AND queue_id = ?").bind(queue);
    }
    if let Some(agent) = filter.agent {
        sql = sql.and(" AND agent_id = ?").bind(agent);
    }
    if let Some(outcome) = filter.outcome {
        sql = sql.and(" AND outcome = ?").bind(word(outcome));
    }
    if let Some(state) = filter.state {
        sql = sql.and(" AND state = ?").bind(word(state));
    }
    if let Some(caller) = &filter.caller {
        // No `LIKE`: its escapes and its letter case differ between the databases, and it misses the indexes.
        let end = format!("{caller}\u{10ffff}");
        sql = sql
            .and(" AND ((caller_number >= ? AND caller_number < ?)")
            .and(" OR (caller_e164 >= ? AND caller_e164 < ?))")
            .bind(caller)
            .bind(&end)
            .bind(caller)
            .bind(&end);
    }
    if let Some(CallCursor { arrived_at, id }) = after {
        sql = sql
            .and(" AND arrived_at <= ? AND (arrived_at < ? OR id < ?)")
            .bind(arrived_at)
            .bind(arrived_at)
            .bind(id);
    }
    sql.and(" ORDER BY arrived_at DESC, id DESC LIMIT ?")
}

pub(crate) fn values(call: &Call) -> Vec<Value> {
    let placed = call.placed.as_ref();
    vec![
        call.id.into(),
        call.server.into(),
        (&call.channel).into(),
        word(call.direction),
        (&call.caller.number).into(),
        call.caller.e164.clone().into(),
        (&call.caller.name).into(),
        (&call.dialled).into(),
        word(call.state),
        call.queue.into(),
        call.priority.into(),
        call.agent.into(),
        call.offer.into(),
        call.arrived_at.into(),
        call.queued_at.into(),
        call.answered_at.into(),
        call.ended_at.into(),
        call.wait_ms.into(),
        call.talk_ms.into(),
        word(call.outcome),
        word(call.overflow_reason),
        word(call.ended_by),
        call.hangup_cause.into(),
        placed.map(|placed| placed.campaign.clone()).into(),
        placed.and_then(|placed| placed.caller_id.clone()).into(),
        placed.and_then(|placed| placed.reservation).into(),
        placed.and_then(|placed| placed.trunk.clone()).into(),
        control(&call.control),
    ]
}

pub(crate) fn call(row: &Row) -> Result<Call, StoreError> {
    Ok(Call {
        id: CallId(row.uuid("id")?),
        server: ServerId(row.uuid("server_id")?),
        channel: row.text("channel")?,
        direction: row.word("direction")?,
        caller: Caller {
            number: row.text("caller_number")?,
            e164: row.opt_text("caller_e164")?,
            name: row.text("caller_name")?,
        },
        dialled: row.text("dialled")?,
        state: row.word("state")?,
        queue: row.opt_uuid("queue_id")?.map(QueueId),
        priority: row.int("priority")?,
        agent: row.opt_uuid("agent_id")?.map(AgentId),
        offer: row.opt_uuid("offer_id")?.map(OfferId),
        arrived_at: row.instant("arrived_at")?,
        queued_at: row.opt_instant("queued_at")?,
        answered_at: row.opt_instant("answered_at")?,
        ended_at: row.opt_instant("ended_at")?,
        wait_ms: row.opt_int("wait_ms")?,
        talk_ms: row.opt_int("talk_ms")?,
        outcome: row.opt_word("outcome")?,
        overflow_reason: row.opt_word("overflow_reason")?,
        ended_by: row.opt_word("ended_by")?,
        hangup_cause: row.opt_int("hangup_cause")?,
        placed: placed(row)?,
        control: row.opt_json("control")?.unwrap_or_default(),
    })
}

/// Nothing for the many calls to which nothing was done.
fn control(control: &Control) -> Value {
    if control.is_untouched() {
        return Value::Text(None);
    }
    sql::json(control)
}

/// A call that nobody placed has no campaign, not even an empty one.
fn placed(row: &Row) -> Result<Option<Placed>, StoreError> {
    let Some(campaign) = row.opt_text("campaign")? else {
        return Ok(None);
    };
    Ok(Some(Placed {
        campaign,
        caller_id: row.opt_text("presented")?,
        reservation: row.opt_uuid("reservation_id")?.map(ReservationId),
        trunk: row.opt_text("trunk")?,
    }))
}
