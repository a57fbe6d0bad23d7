//! Centre files that were applied, each with what was before. Their texts are kept as they came.

use model::{CentreChange, CentreChangeId, Timestamp};

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql, word};

const TABLE: &str = "centre_changes";
const COLUMNS: &[&str] = &["id", "kind", "made_at", "made_by", "finished_at"];
const TEXTS: &[&str] = &[
    "id",
    "kind",
    "made_at",
    "made_by",
    "finished_at",
    "document",
    "before_it",
];

/// How many are kept; older ones are forgotten.
pub const MAX_CENTRE_CHANGES: u32 = 20;

/// A change, with its centre file and the one that takes it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCentreChange {
    pub change: CentreChange,
    pub document: String,
    pub before: String,
}

pub struct CentreChanges<'a> {
    pub(crate) database: &'a Database,
}

impl CentreChanges<'_> {
    /// Keeps it, and forgets the oldest beyond [`MAX_CENTRE_CHANGES`].
    pub async fn create(&self, kept: &KeptCentreChange) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        let change = &kept.change;
        let values = vec![
            change.id.into(),
            word(change.kind),
            change.made_at.into(),
            (&change.made_by).into(),
            change.finished_at.into(),
            (&kept.document).into(),
            (&kept.before).into(),
        ];
        tx.execute(Sql::insert(TABLE, TEXTS, values)).await?;
        let newest = Sql::select(TABLE, COLUMNS, "ORDER BY id DESC LIMIT ?")
            .bind(sql::page(MAX_CENTRE_CHANGES)?);
        if let Some(oldest) = tx.fetch(newest).await?.last() {
            let older = Sql::new(TABLE, "DELETE FROM centre_changes WHERE id < ?");
            tx.execute(older.bind(CentreChangeId(oldest.uuid("id")?)))
                .await?;
        }
        tx.commit().await
    }

    pub async fn get(&self, id: CentreChangeId) -> Result<Option<KeptCentreChange>, StoreError> {
        let sql = Sql::select(TABLE, TEXTS, "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(kept).transpose()
    }

    /// The newest.
    pub async fn newest(&self) -> Result<Option<KeptCentreChange>, StoreError> {
        let sql = Sql::select(TABLE, TEXTS, "ORDER BY id DESC LIMIT 1");
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(kept).transpose()
    }

    /// The newest first, after `before`; without their texts.
    pub async fn page(
        &self,
        before: Option<CentreChangeId>,
        limit: u32,
    ) -> Result<Vec<CentreChange>, StoreError> {
        let order = "ORDER BY id DESC LIMIT ?";
        let sql = match before {
            Some(before) => {
                Sql::select(TABLE, COLUMNS, &format!("WHERE id < ? {order}")).bind(before)
            }
            None => Sql::select(TABLE, COLUMNS, order),
        };
        let rows = self.database.fetch(sql.bind(sql::page(limit)?)).await?;
        rows.iter().map(change).collect()
    }

    /// Notes that all of it was done.
    pub async fn finish(&self, id: CentreChangeId, at: Timestamp) -> Result<(), StoreError> {
        let text = "UPDATE centre_changes SET finished_at = ? WHERE id = ?";
        self.database
            .execute_on_one(Sql::new(TABLE, text).bind(at).bind(id))
            .await
    }
}

fn change(row: &Row) -> Result<CentreChange, StoreError> {
    Ok(CentreChange {
        id: CentreChangeId(row.uuid("id")?),
        kind: row.word("kind")?,
        made_at: row.instant("made_at")?,
        made_by: row.text("made_by")?,
        finished_at: row.opt_instant("finished_at")?,
    })
}

fn kept(row: &Row) -> Result<KeptCentreChange, StoreError> {
    Ok(KeptCentreChange {
        change: change(row)?,
        document: row.text("document")?,
        before: row.text("before_it")?,
    })
}
