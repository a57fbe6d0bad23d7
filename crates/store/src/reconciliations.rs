//! What came of comparing our own log with call detail records, by day; what stands in a difference is not known here.

use model::Timestamp;

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql};

const DAYS: &str = "reconciliations";
const DAY_COLUMNS: &[&str] = &["day", "made_at", "summary"];
const DIFFERENCES: &str = "reconciliation_differences";
const DIFFERENCE_COLUMNS: &[&str] = &["day", "number", "kind", "body"];

/// The most differences that are kept of a day.
pub const MAX_DIFFERENCES: usize = 2_000;

/// The most days that one [`Reconciliations::prune_before`] deletes, so that it never holds the file for long.
const PRUNE_STEP: u32 = 5;

/// A day that was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconciledDay {
    /// Days since 1970-01-01.
    pub day: i32,
    pub made_at: Timestamp,
    /// The counts, in the maker's own JSON.
    pub summary: String,
}

/// One difference of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDifference {
    /// Its place among those of its day.
    pub number: u32,
    pub kind: String,
    /// In the maker's own JSON.
    pub body: String,
}

pub struct Reconciliations<'a> {
    pub(crate) database: &'a Database,
}

impl Reconciliations<'_> {
    /// Puts a day, with its differences, in the place of what was kept of it.
    pub async fn put(
        &self,
        day: &ReconciledDay,
        differences: &[KeptDifference],
    ) -> Result<(), StoreError> {
        if differences.len() > MAX_DIFFERENCES {
            let problem = format!("are {}, more than {MAX_DIFFERENCES}", differences.len());
            return Err(StoreError::refused("differences", problem));
        }
        let mut tx = self.database.begin().await?;
        for table in [DIFFERENCES, DAYS] {
            tx.execute(Sql::delete(table, "day").bind(day.day)).await?;
        }
        let values = vec![
            day.day.into(),
            day.made_at.into(),
            day.summary.as_str().into(),
        ];
        tx.execute(Sql::insert(DAYS, DAY_COLUMNS, values)).await?;
        let row = |it: &KeptDifference| {
            vec![
                day.day.into(),
                it.number.into(),
                it.kind.as_str().into(),
                it.body.as_str().into(),
            ]
        };
        let rows: Vec<_> = differences.iter().map(row).collect();
        tx.put(DIFFERENCES, DIFFERENCE_COLUMNS, "", &rows).await?;
        tx.commit().await
    }

    pub async fn get(&self, day: i32) -> Result<Option<ReconciledDay>, StoreError> {
        let sql = Sql::select(DAYS, DAY_COLUMNS, "WHERE day = ?").bind(day);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(reconciled).transpose()
    }

    /// The newest first, before the day `before`.
    pub async fn page(
        &self,
        before: Option<i32>,
        limit: u32,
    ) -> Result<Vec<ReconciledDay>, StoreError> {
        let sql = Sql::select(DAYS, DAY_COLUMNS, "WHERE day < ? ORDER BY day DESC LIMIT ?")
            .bind(before.unwrap_or(i32::MAX))
            .bind(sql::page(limit)?);
        let rows = self.database.fetch(sql).await?;
        rows.iter().map(reconciled).collect()
    }

    /// Those of a day, of one kind or of all, in their order, after the number `after`.
    pub async fn differences(
        &self,
        day: i32,
        kind: Option<&str>,
        after: Option<u32>,
        limit: u32,
    ) -> Result<Vec<KeptDifference>, StoreError> {
        let rest = "WHERE day = ? AND number > ?";
        let mut sql = Sql::select(DIFFERENCES, DIFFERENCE_COLUMNS, rest)
            .bind(day)
            .bind(after.map_or(-1, i64::from));
        if let Some(kind) = kind {
            sql = sql.and(" AND kind = ?").bind(kind);
        }
        let sql = sql.and(" ORDER BY number LIMIT ?").bind(sql::page(limit)?);
        let difference = |row: &Row| {
            Ok(KeptDifference {
                number: row.int("number")?,
                kind: row.text("kind")?,
                body: row.text("body")?,
            })
        };
        let rows = self.database.fetch(sql).await?;
        rows.iter().map(difference).collect()
    }

    /// Forgets days before `day`, a few in one go; how many. Call again until it says 0.
    pub async fn prune_before(&self, day: i32) -> Result<u64, StoreError> {
        let mut tx = self.database.begin().await?;
        let rest = "WHERE day < ? ORDER BY day LIMIT ?";
        let sql = Sql::select(DAYS, &["day"], rest).bind(day).bind(PRUNE_STEP);
        let rows = tx.fetch(sql).await?;
        for row in &rows {
            let day: i32 = row.int("day")?;
            for table in [DIFFERENCES, DAYS] {
                tx.execute(Sql::delete(table, "day").bind(day)).await?;
            }
        }
        tx.commit().await?;
        Ok(rows.len() as u64)
    }
}

fn reconciled(row: &Row) -> Result<ReconciledDay, StoreError> {
    Ok(ReconciledDay {
        day: row.int("day")?,
        made_at: row.instant("made_at")?,
        summary: row.text("summary")?,
    })
}
