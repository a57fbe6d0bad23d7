//! Our own numbers and where calls to them go.

use model::{Did, DidId, DidTarget, QueueId};

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql, Value, json};

const TABLE: &str = "did_routes";
const COLUMNS: &[&str] = &[
    "id",
    "number",
    "queue_id",
    "agent_id",
    "target",
    "return_wait_seconds",
    "note",
];

pub struct Dids<'a> {
    pub(crate) database: &'a Database,
}

impl Dids<'_> {
    /// Conflicts: `number` (taken), `to` (a queue or an agent that is not there).
    pub async fn create(&self, did: &Did) -> Result<(), StoreError> {
        let sql = Sql::insert(TABLE, COLUMNS, values(did));
        match self.database.execute(sql).await {
            Err(error) if error.is_reference() => Err(StoreError::missing("to")),
            other => other.map(drop),
        }
    }

    pub async fn get(&self, id: DidId) -> Result<Option<Did>, StoreError> {
        self.first(Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id))
            .await
    }

    pub async fn by_number(&self, number: &str) -> Result<Option<Did>, StoreError> {
        self.first(Sql::select(TABLE, COLUMNS, "WHERE number = ?").bind(number))
            .await
    }

    /// In the order of the numbers, as text, after the number `after`.
    pub async fn list(&self, after: Option<&str>, limit: u32) -> Result<Vec<Did>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE number > ? ORDER BY number LIMIT ?")
            .bind(after.unwrap_or_default())
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(did).collect()
    }

    pub async fn update(&self, did: &Did) -> Result<(), StoreError> {
        let sql = Sql::update(TABLE, COLUMNS, values(did));
        match self.database.execute_on_one(sql).await {
            Err(error) if error.is_reference() => Err(StoreError::missing("to")),
            other => other,
        }
    }

    pub async fn delete(&self, id: DidId) -> Result<(), StoreError> {
        let sql = Sql::delete(TABLE, "id").bind(id);
        self.database.execute_on_one(sql).await
    }

    async fn first(&self, sql: Sql) -> Result<Option<Did>, StoreError> {
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(did).transpose()
    }
}

/// The ids stand beside the target, so that what they name stays as long as it is needed. A queue alone needs no target.
fn values(did: &Did) -> Vec<Value> {
    let agent = match &did.to {
        DidTarget::Agent { agent, .. } => Some(*agent),
        _ => None,
    };
    let target = match &did.to {
        DidTarget::Queue { .. } => Value::Text(None),
        other => json(other),
    };
    vec![
        did.id.into(),
        (&did.number).into(),
        did.to.queue().into(),
        agent.into(),
        target,
        did.return_wait_seconds.into(),
        (&did.note).into(),
    ]
}

fn did(row: &Row) -> Result<Did, StoreError> {
    let to = match row.opt_json("target")? {
        Some(to) => to,
        None => DidTarget::Queue {
            queue: QueueId(row.uuid("queue_id")?),
        },
    };
    Ok(Did {
        id: DidId(row.uuid("id")?),
        number: row.text("number")?,
        to,
        return_wait_seconds: row.int("return_wait_seconds")?,
        note: row.text("note")?,
    })
}
