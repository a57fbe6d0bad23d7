//! Single values by name. `journal.*`, `ledger.*`, `alarms.*` and `dialplan.*` belong to those and cannot be set here.

use model::QueueId;

use crate::database::{Database, Tx};
use crate::dialect::Db;
use crate::sql::Sql;
use crate::{StoreError, sql};

const TABLE: &str = "settings";
const COLUMNS: &[&str] = &["name", "value"];

/// Names that start so belong to the journal, to the ledger, to the alarms and to the dialplan.
const RESERVED: [&str; 4] = ["journal.", "ledger.", crate::alarms::RESERVED, "dialplan."];
pub(crate) const APPLIED_SEQ: &str = "journal.applied_seq";
/// Which of the contexts in Asterisk was given away last.
pub(crate) const LAST_SLOT: &str = "dialplan.last_slot";
pub(crate) const LEDGER_SEQ: &str = "ledger.applied_seq";
const DEFAULT_QUEUE: &str = "default_queue";

pub struct Settings<'a> {
    pub(crate) database: &'a Database,
}

impl Settings<'_> {
    pub async fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row = self.database.fetch_first(select(name)).await?;
        row.map(|row| row.text("value")).transpose()
    }

    /// Sets it, whether it was there or not.
    pub async fn set(&self, name: &str, value: &str) -> Result<(), StoreError> {
        check(name)?;
        let sql = put(name, value, self.database.db());
        self.database.execute(sql).await.map(drop)
    }

    /// Removes it; whether it was there.
    pub async fn delete(&self, name: &str) -> Result<bool, StoreError> {
        check(name)?;
        let sql = Sql::delete(TABLE, "name").bind(name);
        Ok(self.database.execute(sql).await? > 0)
    }

    /// All of them in the order of their names, after the name `after`.
    pub async fn list(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE name > ? ORDER BY name LIMIT ?")
            .bind(after.unwrap_or_default())
            .bind(sql::page(limit)?);
        let rows = self.database.fetch(sql).await?;
        rows.iter()
            .map(|row| Ok((row.text("name")?, row.text("value")?)))
            .collect()
    }

    /// Where calls go that nothing else routes.
    pub async fn default_queue(&self) -> Result<Option<QueueId>, StoreError> {
        let Some(row) = self.database.fetch_first(select(DEFAULT_QUEUE)).await? else {
            return Ok(None);
        };
        let id = row.text("value")?.parse();
        id.map(Some)
            .map_err(|_| row.corrupt("value", "is no queue's id"))
    }

    pub async fn set_default_queue(&self, queue: Option<QueueId>) -> Result<(), StoreError> {
        let Some(queue) = queue else {
            return self.delete(DEFAULT_QUEUE).await.map(drop);
        };
        // A row lock would be needed to rule out a queue deleted in this instant; its delete looks here too.
        let known = Sql::select("queues", &["id"], "WHERE id = ?").bind(queue);
        if self.database.fetch_first(known).await?.is_none() {
            return Err(StoreError::missing(DEFAULT_QUEUE));
        }
        self.set(DEFAULT_QUEUE, &queue.to_string()).await
    }
}

fn check(name: &str) -> Result<(), StoreError> {
    if let Some(owner) = RESERVED.iter().find(|owner| name.starts_with(**owner)) {
        let owner = owner.trim_end_matches('.');
        return Err(StoreError::refused(name, format!("belongs to the {owner}")));
    }
    Ok(())
}

/// Sets it, whether it was there or not.
pub(crate) fn put(name: &str, value: &str, db: Db) -> Sql {
    Sql::insert(TABLE, COLUMNS, vec![name.into(), value.into()]).and(&db.on_same_key(COLUMNS))
}

pub(crate) fn select(name: &str) -> Sql {
    Sql::select(TABLE, COLUMNS, "WHERE name = ?").bind(name)
}

/// Reads a setting inside a transaction that is going to change it.
pub(crate) async fn lock(tx: &mut Tx, name: &str, lock: &str) -> Result<String, StoreError> {
    let rows = tx.fetch(select(name).and(lock)).await?;
    match rows.first() {
        Some(row) => row.text("value"),
        None => Err(StoreError::NotFound { table: TABLE }),
    }
}

pub(crate) async fn change(tx: &mut Tx, name: &str, value: String) -> Result<(), StoreError> {
    let sql = Sql::new(TABLE, "UPDATE settings SET value = ? WHERE name = ?")
        .bind(value)
        .bind(name);
    tx.execute_on_one(sql).await
}
