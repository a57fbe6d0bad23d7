//! The alarms that are raised, as one text, and what is told of their changes: both or neither.

use crate::StoreError;
use crate::database::Database;
use crate::deliveries::{self, PlannedDelivery};
use crate::sql::Sql;

const TABLE: &str = "settings";
const COLUMNS: &[&str] = &["name", "value"];
/// Settings whose names start so belong to this file.
pub(crate) const RESERVED: &str = "alarms.";
const RAISED: &str = "alarms.raised";

pub struct Alarms<'a> {
    pub(crate) database: &'a Database,
}

impl Alarms<'_> {
    /// Those that are raised, in the words of whoever raised them.
    pub async fn raised(&self) -> Result<Option<String>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE name = ?").bind(RAISED);
        let row = self.database.fetch_first(sql).await?;
        row.map(|row| row.text("value")).transpose()
    }

    /// Sets those that are raised, and puts what is told of that into the outbox. `false`, and nothing was done: they are not
    /// those of `before` any more.
    pub async fn replace(
        &self,
        before: Option<&str>,
        after: &str,
        told: &[PlannedDelivery],
    ) -> Result<bool, StoreError> {
        let mut tx = self.database.begin().await?;
        let changed = if let Some(before) = before {
            let text = "UPDATE settings SET value = ? WHERE name = ? AND value = ?";
            let sql = Sql::new(TABLE, text).bind(after).bind(RAISED).bind(before);
            tx.execute(sql).await?
        } else {
            let values = vec![RAISED.into(), after.into()];
            match tx.execute(Sql::insert(TABLE, COLUMNS, values)).await {
                Err(StoreError::Conflict { .. }) => 0,
                other => other?,
            }
        };
        if changed == 0 {
            return Ok(false);
        }
        deliveries::put(&mut tx, self.database, told).await?;
        tx.commit().await?;
        Ok(true)
    }
}
