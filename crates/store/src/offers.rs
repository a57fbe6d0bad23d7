//! Attempts to give a call to an agent: written by the journal, read with their call or their agent.

use model::{AgentId, CallId, OfferId, OfferResult, QueueId, Timestamp};

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql, Value, word};

pub(crate) const TABLE: &str = "offers";
pub(crate) const COLUMNS: &[&str] = &[
    "id", "call_id", "queue_id", "agent_id", "made_at", "ended_at", "result", "ring_ms",
];

/// One attempt to give one call to one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub id: OfferId,
    pub call: CallId,
    pub queue: QueueId,
    pub agent: AgentId,
    pub made_at: Timestamp,
    /// When the ringing ended.
    pub ended_at: Option<Timestamp>,
    pub result: Option<OfferResult>,
    pub ring_ms: Option<u64>,
}

pub struct Offers<'a> {
    pub(crate) database: &'a Database,
}

impl Offers<'_> {
    /// Those made to one agent from `from` until before `to`, in order, after the one made then with this id.
    pub async fn of_agent(
        &self,
        agent: AgentId,
        (from, to): (Timestamp, Timestamp),
        after: Option<(Timestamp, OfferId)>,
        limit: u32,
    ) -> Result<Vec<Offer>, StoreError> {
        let rest = "WHERE agent_id = ? AND made_at >= ? AND made_at < ?";
        let mut sql = Sql::select(TABLE, COLUMNS, rest)
            .bind(agent)
            .bind(after.map_or(from, |(made_at, _)| made_at.max(from)))
            .bind(to);
        if let Some((made_at, id)) = after {
            sql = sql
                .and(" AND (made_at > ? OR id > ?)")
                .bind(made_at)
                .bind(id);
        }
        let sql = sql
            .and(" ORDER BY made_at, id LIMIT ?")
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(offer).collect()
    }
}

pub(crate) fn values(offer: &Offer) -> Vec<Value> {
    vec![
        offer.id.into(),
        offer.call.into(),
        offer.queue.into(),
        offer.agent.into(),
        offer.made_at.into(),
        offer.ended_at.into(),
        word(offer.result),
        offer.ring_ms.into(),
    ]
}

pub(crate) fn offer(row: &Row) -> Result<Offer, StoreError> {
    Ok(Offer {
        id: OfferId(row.uuid("id")?),
        call: CallId(row.uuid("call_id")?),
        queue: QueueId(row.uuid("queue_id")?),
        agent: AgentId(row.uuid("agent_id")?),
        made_at: row.instant("made_at")?,
        ended_at: row.opt_instant("ended_at")?,
        result: row.opt_word("result")?,
        ring_ms: row.opt_int("ring_ms")?,
    })
}
