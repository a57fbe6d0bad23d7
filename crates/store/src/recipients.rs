//! Who is told of reports and alarms. The secret of a webhook comes and goes sealed: this module cannot read it.

use model::{Recipient, RecipientId, Timestamp};

use crate::StoreError;
use crate::database::Database;
use crate::deliveries;
use crate::row::Row;
use crate::sql::{self, Sql, Value, json};

const TABLE: &str = "recipients";
const COLUMNS: &[&str] = &["id", "name", "target", "alarms"];
const WITH_SECRET: &[&str] = &["id", "name", "target", "alarms", "sealed_secret"];

/// The most that there may be: each alarm makes a delivery to each that wants it.
pub const MAX_RECIPIENTS: u32 = 200;

pub struct Recipients<'a> {
    pub(crate) database: &'a Database,
}

impl Recipients<'_> {
    /// `sealed` is the sealed secret, empty where there is none, kept as it is.
    pub async fn create(&self, recipient: &Recipient, sealed: &str) -> Result<(), StoreError> {
        let count = Sql::new(TABLE, "SELECT COUNT(*) AS many FROM recipients");
        let row = self.database.fetch_first(count).await?;
        let many: u32 = row.map_or(Ok(0), |row| row.int("many"))?;
        if many >= MAX_RECIPIENTS {
            let problem = format!("would be one of more than {MAX_RECIPIENTS} recipients");
            return Err(StoreError::refused("name", problem));
        }
        let mut all = values(recipient);
        all.push(sealed.into());
        let sql = Sql::insert(TABLE, WITH_SECRET, all);
        self.database.execute(sql).await.map(drop)
    }

    pub async fn get(&self, id: RecipientId) -> Result<Option<Recipient>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(recipient).transpose()
    }

    /// In the order of their names, after the name `after`.
    pub async fn list(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Recipient>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE name > ? ORDER BY name LIMIT ?")
            .bind(after.unwrap_or_default())
            .bind(sql::page(limit)?);
        let rows = self.database.fetch(sql).await?;
        rows.iter().map(recipient).collect()
    }

    /// Those who are told of alarms.
    pub async fn of_alarms(&self) -> Result<Vec<Recipient>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE alarms = ? ORDER BY name").bind(true);
        let rows = self.database.fetch(sql).await?;
        rows.iter().map(recipient).collect()
    }

    /// Changes everything but the secret.
    pub async fn update(&self, recipient: &Recipient) -> Result<(), StoreError> {
        let sql = Sql::update(TABLE, COLUMNS, values(recipient));
        self.database.execute_on_one(sql).await
    }

    /// Removes it; deliveries that wait for it are given up, the others stay in the log. Refused while schedules tell it.
    pub async fn delete(&self, id: RecipientId, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        match tx.execute_on_one(Sql::delete(TABLE, "id").bind(id)).await {
            Err(error) if error.is_reference() => {
                return Err(StoreError::still_referred("schedules tell it"));
            }
            other => other?,
        }
        let whose = deliveries::Whose::Recipient(id);
        deliveries::give_up(&mut tx, whose, at).await?;
        tx.commit().await
    }

    /// The sealed secret.
    pub async fn secret(&self, id: RecipientId) -> Result<Option<String>, StoreError> {
        let sql = Sql::select(TABLE, &["id", "sealed_secret"], "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.map(|row| row.text("sealed_secret")).transpose()
    }

    pub async fn set_secret(&self, id: RecipientId, sealed: &str) -> Result<(), StoreError> {
        let values = vec![id.into(), sealed.into()];
        let sql = Sql::update(TABLE, &["id", "sealed_secret"], values);
        self.database.execute_on_one(sql).await
    }
}

fn values(recipient: &Recipient) -> Vec<Value> {
    vec![
        recipient.id.into(),
        (&recipient.name).into(),
        json(&recipient.target),
        recipient.alarms.into(),
    ]
}

pub(crate) fn recipient(row: &Row) -> Result<Recipient, StoreError> {
    Ok(Recipient {
        id: RecipientId(row.uuid("id")?),
        name: row.text("name")?,
        target: row.json("target")?,
        alarms: row.bool("alarms")?,
    })
}
