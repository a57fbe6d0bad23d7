//! Our own numbers and the queues behind them.

use model::{Did, DidId, QueueId};

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql, Value};

const TABLE: &str = "dids";
const COLUMNS: &[&str] = &["id", "number", "queue_id", "return_wait_seconds", "note"];

pub struct Dids<'a> {
    pub(crate) database: &'a Database,
}

impl Dids<'_> {
    /// Conflicts: `number` (taken), `queue` (unknown).
    pub async fn create(&self, did: &Did) -> Result<(), StoreError> {
        let sql = Sql::insert(TABLE, COLUMNS, values(did));
        match self.database.execute(sql).await {
            Err(error) if error.is_reference() => Err(StoreError::missing("queue")),
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
            Err(error) if error.is_reference() => Err(StoreError::missing("queue")),
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

fn values(did: &Did) -> Vec<Value> {
    vec![
        did.id.into(),
        (&did.number).into(),
        did.queue.into(),
        did.return_wait_seconds.into(),
        (&did.note).into(),
    ]
}

fn did(row: &Row) -> Result<Did, StoreError> {
    Ok(Did {
        id: DidId(row.uuid("id")?),
        number: row.text("number")?,
        queue: QueueId(row.uuid("queue_id")?),
        return_wait_seconds: row.int("return_wait_seconds")?,
        note: row.text("note")?,
    })
}
