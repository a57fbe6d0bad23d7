//! The contexts of the dialplan, with their rules.

use model::{DialplanContext, DialplanContextId};

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::settings::{self, LAST_SLOT};
use crate::sql::{self, Sql, Value, json};

const TABLE: &str = "dialplan_contexts";
const COLUMNS: &[&str] = &["id", "name", "slot", "note", "rules"];

/// A context, and which of those in Asterisk stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptContext {
    pub context: DialplanContext,
    /// No two have the same.
    pub slot: u16,
}

pub struct DialplanContexts<'a> {
    pub(crate) database: &'a Database,
}

impl DialplanContexts<'_> {
    /// Conflicts: `name`, `slot` (taken).
    pub async fn create(&self, kept: &KeptContext) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute(Sql::insert(TABLE, COLUMNS, values(kept)))
            .await?;
        let slot = settings::put(LAST_SLOT, &kept.slot.to_string(), self.database.db());
        tx.execute(slot).await?;
        tx.commit().await
    }

    /// The slot that was given away last; 0: none was.
    pub async fn last_slot(&self) -> Result<u16, StoreError> {
        let kept = self
            .database
            .fetch_first(settings::select(LAST_SLOT))
            .await?;
        let text = kept.map(|row| row.text("value")).transpose()?;
        Ok(text.and_then(|text| text.parse().ok()).unwrap_or_default())
    }

    pub async fn get(&self, id: DialplanContextId) -> Result<Option<KeptContext>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(kept).transpose()
    }

    /// In the order of their names, after the name `after`.
    pub async fn list(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<KeptContext>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE name > ? ORDER BY name LIMIT ?")
            .bind(after.unwrap_or_default())
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(kept).collect()
    }

    /// Conflicts: `name` (taken).
    pub async fn update(&self, kept: &KeptContext) -> Result<(), StoreError> {
        let sql = Sql::update(TABLE, COLUMNS, values(kept));
        self.database.execute_on_one(sql).await
    }

    pub async fn delete(&self, id: DialplanContextId) -> Result<(), StoreError> {
        let sql = Sql::delete(TABLE, "id").bind(id);
        self.database.execute_on_one(sql).await
    }
}

fn values(kept: &KeptContext) -> Vec<Value> {
    let context = &kept.context;
    vec![
        context.id.into(),
        (&context.name).into(),
        kept.slot.into(),
        (&context.note).into(),
        json(&context.rules),
    ]
}

fn kept(row: &Row) -> Result<KeptContext, StoreError> {
    Ok(KeptContext {
        context: DialplanContext {
            id: DialplanContextId(row.uuid("id")?),
            name: row.text("name")?,
            note: row.text("note")?,
            rules: row.json("rules")?,
        },
        slot: row.int("slot")?,
    })
}
