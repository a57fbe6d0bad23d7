//! Who may log in. The password's hash never leaves but by [`Users::password_hash`].
//!
//! That a user takes an agent's calls stands in one place, `agents.user_id`; `User::agent` is read from there.

use model::{AgentId, User, UserId};

use crate::StoreError;
use crate::database::{Database, Tx};
use crate::row::Row;
use crate::sql::{self, Sql, Value};

const TABLE: &str = "users";
const COLUMNS: &[&str] = &["id", "name", "role", "active", "created_at"];
const WITH_HASH: &[&str] = &[
    "id",
    "name",
    "role",
    "active",
    "created_at",
    "password_hash",
];

/// How a user is read, in every query that has one: `u` is the user.
pub(crate) const SELECTED: &str =
    "u.id, u.name, u.role, u.active, u.created_at, a.id AS user_agent_id";
pub(crate) const WITH_AGENT: &str = "LEFT JOIN agents a ON a.user_id = u.id";

pub struct Users<'a> {
    pub(crate) database: &'a Database,
}

impl Users<'_> {
    /// A user whose name is taken is a conflict in `name`; an agent that is unknown or another's, in `agent`.
    pub async fn create(&self, user: &User, password_hash: &str) -> Result<(), StoreError> {
        let mut all = values(user);
        all.push(password_hash.into());
        let mut tx = self.database.begin().await?;
        tx.execute(Sql::insert(TABLE, WITH_HASH, all)).await?;
        give_agent(&mut tx, user.id, user.agent).await?;
        tx.commit().await
    }

    pub async fn get(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.first(select("WHERE u.id = ?").bind(id)).await
    }

    pub async fn by_name(&self, name: &str) -> Result<Option<User>, StoreError> {
        self.first(select("WHERE u.name = ?").bind(name)).await
    }

    /// In the order of their names, after the name `after`.
    pub async fn list(&self, after: Option<&str>, limit: u32) -> Result<Vec<User>, StoreError> {
        let sql = select("WHERE u.name > ? ORDER BY u.name LIMIT ?")
            .bind(after.unwrap_or_default())
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(user).collect()
    }

    /// Changes everything but the password.
    pub async fn update(&self, user: &User) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute_on_one(Sql::update(TABLE, COLUMNS, values(user)))
            .await?;
        give_agent(&mut tx, user.id, user.agent).await?;
        tx.commit().await
    }

    /// Removes the user and all log-ins; the agent stays, without a user.
    pub async fn delete(&self, id: UserId) -> Result<(), StoreError> {
        let sql = Sql::delete(TABLE, "id").bind(id);
        self.database.execute_on_one(sql).await
    }

    /// The user of that name, active or not, with the password's hash.
    pub async fn password_hash(&self, name: &str) -> Result<Option<(User, String)>, StoreError> {
        let text = format!(
            "SELECT {SELECTED}, u.password_hash FROM users u {WITH_AGENT} WHERE u.name = ?"
        );
        let row = self
            .database
            .fetch_first(Sql::new(TABLE, text).bind(name))
            .await?;
        row.map(|row| Ok((user(&row)?, row.text("password_hash")?)))
            .transpose()
    }

    pub async fn set_password(&self, id: UserId, password_hash: &str) -> Result<(), StoreError> {
        let values = vec![id.into(), password_hash.into()];
        let sql = Sql::update(TABLE, &["id", "password_hash"], values);
        self.database.execute_on_one(sql).await
    }

    pub async fn count(&self) -> Result<u64, StoreError> {
        let sql = Sql::new(TABLE, "SELECT COUNT(*) AS users FROM users");
        let row = self.database.fetch_first(sql).await?;
        row.map_or(Ok(0), |row| row.int("users"))
    }

    async fn first(&self, sql: Sql) -> Result<Option<User>, StoreError> {
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(user).transpose()
    }
}

/// Makes `agent` the one agent whose calls `user` takes.
async fn give_agent(tx: &mut Tx, user: UserId, agent: Option<AgentId>) -> Result<(), StoreError> {
    let take = Sql::new(
        "agents",
        "UPDATE agents SET user_id = NULL WHERE user_id = ?",
    )
    .bind(user);
    tx.execute(take).await?;
    let Some(agent) = agent else {
        return Ok(());
    };
    let text = "UPDATE agents SET user_id = ? WHERE id = ? AND user_id IS NULL";
    let give = Sql::new("agents", text).bind(user).bind(agent);
    if tx.execute(give).await? == 1 {
        return Ok(());
    }
    let known = Sql::select("agents", &["id"], "WHERE id = ?").bind(agent);
    Err(if tx.fetch(known).await?.is_empty() {
        StoreError::missing("agent")
    } else {
        StoreError::taken("agent")
    })
}

fn select(rest: &str) -> Sql {
    let text = format!("SELECT {SELECTED} FROM users u {WITH_AGENT} {rest}");
    Sql::new(TABLE, text)
}

fn values(user: &User) -> Vec<Value> {
    vec![
        user.id.into(),
        (&user.name).into(),
        user.role.as_str().into(),
        user.active.into(),
        user.created_at.into(),
    ]
}

/// Reads what [`SELECTED`] names.
pub(crate) fn user(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        id: UserId(row.uuid("id")?),
        name: row.text("name")?,
        role: row.word("role")?,
        agent: row.opt_uuid("user_agent_id")?.map(AgentId),
        active: row.bool("active")?,
        created_at: row.instant("created_at")?,
    })
}
