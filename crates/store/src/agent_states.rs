//! What each agent was doing and for how long: written by the journal, read here and in `agents.rs`.

use model::{AgentId, AgentState, AgentStatus, CallId, OfferId, Timestamp};

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql, Value, pieces, word};

pub(crate) const TABLE: &str = "agent_states";
pub(crate) const COLUMNS: &[&str] = &[
    "seq",
    "agent_id",
    "state",
    "reason",
    "started_at",
    "ended_at",
    "call_id",
];

pub(crate) const STATUSES: &str = "agent_statuses";
pub(crate) const STATUS_COLUMNS: &[&str] = &[
    "agent_id",
    "state",
    "reason",
    "since",
    "ends_at",
    "call_id",
    "offer_id",
    "next_state",
    "next_reason",
];

/// The most stretches that one [`AgentStates::prune_before`] deletes, so that it never holds the file for long.
const PRUNE_STEP: u32 = 1_000;

/// One stretch of time in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentInterval {
    /// The number of the event that began it.
    pub seq: u64,
    pub agent: AgentId,
    pub state: AgentState,
    pub reason: Option<String>,
    pub started_at: Timestamp,
    /// `None`: it is what the agent does now.
    pub ended_at: Option<Timestamp>,
    pub call: Option<CallId>,
}

/// The plus keeps the databases from walking over all of history by number: they are to go by time.
const TOUCHING: &str = "WHERE started_at < ? AND (ended_at IS NULL OR ended_at > ?) \
                        AND +seq > ? ORDER BY +seq LIMIT ?";

pub struct AgentStates<'a> {
    pub(crate) database: &'a Database,
}

impl AgentStates<'_> {
    /// The stretches of one agent that touch `from` to `to`, in order, after number `after`.
    pub async fn of_agent(
        &self,
        agent: AgentId,
        (from, to): (Timestamp, Timestamp),
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AgentInterval>, StoreError> {
        let rest = "WHERE agent_id = ? AND started_at < ? AND (ended_at IS NULL OR ended_at > ?) \
                    AND seq > ? ORDER BY seq LIMIT ?";
        let sql = Sql::select(TABLE, COLUMNS, rest)
            .bind(agent)
            .bind(to)
            .bind(from)
            .bind(after.unwrap_or(0))
            .bind(sql::page(limit)?);
        self.all(sql).await
    }

    /// The stretches of all agents that touch `from` to `to`, in the order of their events, after number `after`.
    pub async fn list(
        &self,
        (from, to): (Timestamp, Timestamp),
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AgentInterval>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, TOUCHING)
            .bind(to)
            .bind(from)
            .bind(after.unwrap_or(0))
            .bind(sql::page(limit)?);
        self.all(sql).await
    }

    /// Forgets stretches that ended before `before`, at most 1,000 in one go; how many. Call again until it says 0.
    pub async fn prune_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.database.begin().await?;
        let rest = "WHERE ended_at < ? ORDER BY ended_at LIMIT ?";
        let sql = Sql::select(TABLE, &["seq"], rest)
            .bind(before)
            .bind(PRUNE_STEP);
        let rows = tx.fetch(sql).await?;
        let old: Vec<i64> = rows
            .iter()
            .map(|row| row.int("seq"))
            .collect::<Result<_, _>>()?;
        for seqs in pieces(&old) {
            tx.execute(Sql::delete_among(TABLE, "seq", seqs)).await?;
        }
        tx.commit().await?;
        Ok(old.len() as u64)
    }

    async fn all(&self, sql: Sql) -> Result<Vec<AgentInterval>, StoreError> {
        self.database
            .fetch(sql)
            .await?
            .iter()
            .map(interval)
            .collect()
    }
}

pub(crate) fn values(interval: &AgentInterval) -> Vec<Value> {
    vec![
        interval.seq.into(),
        interval.agent.into(),
        interval.state.as_str().into(),
        interval.reason.clone().into(),
        interval.started_at.into(),
        interval.ended_at.into(),
        interval.call.into(),
    ]
}

pub(crate) fn interval(row: &Row) -> Result<AgentInterval, StoreError> {
    Ok(AgentInterval {
        seq: row.int("seq")?,
        agent: AgentId(row.uuid("agent_id")?),
        state: row.word("state")?,
        reason: row.opt_text("reason")?,
        started_at: row.instant("started_at")?,
        ended_at: row.opt_instant("ended_at")?,
        call: row.opt_uuid("call_id")?.map(CallId),
    })
}

pub(crate) fn status_values(agent: AgentId, status: &AgentStatus) -> Vec<Value> {
    vec![
        agent.into(),
        status.state.as_str().into(),
        status.reason.clone().into(),
        status.since.into(),
        status.until.into(),
        status.call.into(),
        status.offer.into(),
        word(status.next),
        status.next_reason.clone().into(),
    ]
}

pub(crate) fn status(row: &Row) -> Result<AgentStatus, StoreError> {
    Ok(AgentStatus {
        state: row.word("state")?,
        reason: row.opt_text("reason")?,
        since: row.instant("since")?,
        until: row.opt_instant("ends_at")?,
        call: row.opt_uuid("call_id")?.map(CallId),
        offer: row.opt_uuid("offer_id")?.map(OfferId),
        next: row.opt_word("next_state")?,
        next_reason: row.opt_text("next_reason")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate;

    #[tokio::test]
    async fn stretches_of_all_agents_are_found_by_time() {
        let database = Database::open("sqlite::memory:").await.unwrap();
        migrate::run(&database).await.unwrap();
        let text = format!("EXPLAIN QUERY PLAN SELECT seq FROM {TABLE} {TOUCHING}");
        let sql = (0..4).fold(Sql::new(TABLE, text), Sql::bind);
        let plan = database.fetch(sql).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("INDEX agent_states_by_time"), "{plan}");
        assert!(
            !plan.contains("SCAN") && !plan.contains("PRIMARY KEY"),
            "{plan}"
        );
    }
}
