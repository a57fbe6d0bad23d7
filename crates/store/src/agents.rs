//! Who takes calls. What an agent is doing is written by the journal and read here, for a restart.

use model::{Agent, AgentId, AgentStatus, UserId};

use crate::StoreError;
use crate::agent_states::{STATUS_COLUMNS, STATUSES, status};
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql, Value, json};

const TABLE: &str = "agents";
const COLUMNS: &[&str] = &["id", "name", "extension", "user_id", "skills", "active"];

pub struct Agents<'a> {
    pub(crate) database: &'a Database,
}

impl Agents<'_> {
    /// Conflicts: `extension` (another agent's), `user` (unknown, or another agent's).
    pub async fn create(&self, agent: &Agent) -> Result<(), StoreError> {
        let sql = Sql::insert(TABLE, COLUMNS, values(agent));
        match self.database.execute(sql).await {
            Err(error) if error.is_reference() => Err(StoreError::missing("user")),
            other => other.map(drop),
        }
    }

    pub async fn get(&self, id: AgentId) -> Result<Option<Agent>, StoreError> {
        self.first(Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id))
            .await
    }

    pub async fn by_extension(&self, extension: &str) -> Result<Option<Agent>, StoreError> {
        self.first(Sql::select(TABLE, COLUMNS, "WHERE extension = ?").bind(extension))
            .await
    }

    pub async fn by_user(&self, user: UserId) -> Result<Option<Agent>, StoreError> {
        self.first(Sql::select(TABLE, COLUMNS, "WHERE user_id = ?").bind(user))
            .await
    }

    /// In the order of their ids (of creation), after the id `after`.
    pub async fn list(&self, after: Option<AgentId>, limit: u32) -> Result<Vec<Agent>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id > ? ORDER BY id LIMIT ?")
            .bind(after.map_or(uuid::Uuid::nil(), |id| id.0))
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(agent).collect()
    }

    pub async fn update(&self, agent: &Agent) -> Result<(), StoreError> {
        let sql = Sql::update(TABLE, COLUMNS, values(agent));
        match self.database.execute_on_one(sql).await {
            Err(error) if error.is_reference() => Err(StoreError::missing("user")),
            other => other,
        }
    }

    /// The agent has this extension from now on, and `there`, who has it, the one that is left. Gives both as they are then. Not
    /// found: one of them is gone, or sits elsewhere meanwhile.
    pub async fn sit_at(
        &self,
        mut agent: Agent,
        mut there: Option<Agent>,
        extension: &str,
    ) -> Result<(Agent, Option<Agent>), StoreError> {
        let set = |of: AgentId, from: &str, to: &str| {
            let text = "UPDATE agents SET extension = ? WHERE id = ? AND extension = ?";
            Sql::new(TABLE, text).bind(to).bind(of).bind(from)
        };
        // No two may have the same at any moment, and no extension has a question mark.
        let between = format!("?{}", agent.id);
        let mut tx = self.database.begin().await?;
        tx.execute_on_one(set(agent.id, &agent.extension, &between))
            .await?;
        if let Some(there) = &mut there {
            tx.execute_on_one(set(there.id, extension, &agent.extension))
                .await?;
            there.extension.clone_from(&agent.extension);
        }
        tx.execute_on_one(set(agent.id, &between, extension))
            .await?;
        tx.commit().await?;
        extension.clone_into(&mut agent.extension);
        Ok((agent, there))
    }

    /// Removes the agent from all queues. The calls and the state log stay.
    pub async fn delete(&self, id: AgentId) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(Sql::delete(STATUSES, "agent_id").bind(id))
            .await?;
        let gone = tx.execute_on_one(Sql::delete(TABLE, "id").bind(id)).await;
        match gone {
            Err(error) if error.is_reference() => {
                return Err(StoreError::still_referred("a number leads to the agent"));
            }
            other => other?,
        }
        tx.commit().await
    }

    /// What the agent was last known to do; `None` before the first change.
    pub async fn status(&self, id: AgentId) -> Result<Option<AgentStatus>, StoreError> {
        let sql = Sql::select(STATUSES, STATUS_COLUMNS, "WHERE agent_id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(status).transpose()
    }

    /// What the agents were last known to do, in the order of their ids, after the id `after`.
    pub async fn statuses(
        &self,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<(AgentId, AgentStatus)>, StoreError> {
        let rest = "WHERE agent_id > ? AND EXISTS \
                    (SELECT 1 FROM agents WHERE agents.id = agent_statuses.agent_id) \
                    ORDER BY agent_id LIMIT ?";
        let sql = Sql::select(STATUSES, STATUS_COLUMNS, rest)
            .bind(after.map_or(uuid::Uuid::nil(), |id| id.0))
            .bind(sql::page(limit)?);
        let rows = self.database.fetch(sql).await?;
        rows.iter()
            .map(|row| Ok((AgentId(row.uuid("agent_id")?), status(row)?)))
            .collect()
    }

    async fn first(&self, sql: Sql) -> Result<Option<Agent>, StoreError> {
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(agent).transpose()
    }
}

fn values(agent: &Agent) -> Vec<Value> {
    vec![
        agent.id.into(),
        (&agent.name).into(),
        (&agent.extension).into(),
        agent.user.into(),
        json(&agent.skills),
        agent.active.into(),
    ]
}

fn agent(row: &Row) -> Result<Agent, StoreError> {
    Ok(Agent {
        id: AgentId(row.uuid("id")?),
        name: row.text("name")?,
        extension: row.text("extension")?,
        user: row.opt_uuid("user_id")?.map(UserId),
        skills: row.json("skills")?,
        active: row.bool("active")?,
    })
}
