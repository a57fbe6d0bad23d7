//! Which agents serve which queues.

use model::{AgentId, Member, QueueId};
use uuid::Uuid;

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql};

const TABLE: &str = "members";
const COLUMNS: &[&str] = &["queue_id", "agent_id", "penalty", "paused"];

pub struct Members<'a> {
    pub(crate) database: &'a Database,
}

impl Members<'_> {
    /// Conflicts: `agent` (already a member, or unknown), `queue` (unknown).
    pub async fn create(&self, member: &Member) -> Result<(), StoreError> {
        let values = vec![
            member.queue.into(),
            member.agent.into(),
            member.penalty.into(),
            member.paused.into(),
        ];
        match self
            .database
            .execute(Sql::insert(TABLE, COLUMNS, values))
            .await
        {
            Err(error) if error.is_reference() => {
                let queue = Sql::select("queues", &["id"], "WHERE id = ?").bind(member.queue);
                let known = self.database.fetch_first(queue).await?.is_some();
                Err(StoreError::missing(if known { "agent" } else { "queue" }))
            }
            // MariaDB calls every primary key PRIMARY.
            Err(StoreError::Conflict { .. }) => Err(StoreError::taken("agent")),
            other => other.map(drop),
        }
    }

    pub async fn get(&self, queue: QueueId, agent: AgentId) -> Result<Option<Member>, StoreError> {
        let rest = "WHERE queue_id = ? AND agent_id = ?";
        let sql = Sql::select(TABLE, COLUMNS, rest).bind(queue).bind(agent);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(member).transpose()
    }

    /// All members of all queues, by queue and agent, after the pair `after`.
    pub async fn list(
        &self,
        after: Option<(QueueId, AgentId)>,
        limit: u32,
    ) -> Result<Vec<Member>, StoreError> {
        let (queue, agent) = after.map_or((Uuid::nil(), Uuid::nil()), |(q, a)| (q.0, a.0));
        let rest = "WHERE queue_id > ? OR (queue_id = ? AND agent_id > ?) \
                    ORDER BY queue_id, agent_id LIMIT ?";
        let sql = Sql::select(TABLE, COLUMNS, rest)
            .bind(queue)
            .bind(queue)
            .bind(agent)
            .bind(sql::page(limit)?);
        self.all(sql).await
    }

    /// In the order of the agents' ids, after the id `after`.
    pub async fn of_queue(
        &self,
        queue: QueueId,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<Member>, StoreError> {
        let rest = "WHERE queue_id = ? AND agent_id > ? ORDER BY agent_id LIMIT ?";
        let sql = Sql::select(TABLE, COLUMNS, rest)
            .bind(queue)
            .bind(after.map_or(Uuid::nil(), |id| id.0))
            .bind(sql::page(limit)?);
        self.all(sql).await
    }

    /// In the order of the queues' ids, after the id `after`.
    pub async fn of_agent(
        &self,
        agent: AgentId,
        after: Option<QueueId>,
        limit: u32,
    ) -> Result<Vec<Member>, StoreError> {
        let rest = "WHERE agent_id = ? AND queue_id > ? ORDER BY queue_id LIMIT ?";
        let sql = Sql::select(TABLE, COLUMNS, rest)
            .bind(agent)
            .bind(after.map_or(Uuid::nil(), |id| id.0))
            .bind(sql::page(limit)?);
        self.all(sql).await
    }

    /// Changes the penalty and the pause.
    pub async fn update(&self, member: &Member) -> Result<(), StoreError> {
        let text = "UPDATE members SET penalty = ?, paused = ? WHERE queue_id = ? AND agent_id = ?";
        let sql = Sql::new(TABLE, text)
            .bind(member.penalty)
            .bind(member.paused)
            .bind(member.queue)
            .bind(member.agent);
        self.database.execute_on_one(sql).await
    }

    pub async fn delete(&self, queue: QueueId, agent: AgentId) -> Result<(), StoreError> {
        let text = "DELETE FROM members WHERE queue_id = ? AND agent_id = ?";
        let sql = Sql::new(TABLE, text).bind(queue).bind(agent);
        self.database.execute_on_one(sql).await
    }

    async fn all(&self, sql: Sql) -> Result<Vec<Member>, StoreError> {
        self.database.fetch(sql).await?.iter().map(member).collect()
    }
}

fn member(row: &Row) -> Result<Member, StoreError> {
    Ok(Member {
        queue: QueueId(row.uuid("queue_id")?),
        agent: AgentId(row.uuid("agent_id")?),
        penalty: row.int("penalty")?,
        paused: row.bool("paused")?,
    })
}
