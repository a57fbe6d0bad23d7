//! How each campaign wants its caller IDs chosen.

use model::CallerIdRule;

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql};

const TABLE: &str = "caller_id_rules";
const COLUMNS: &[&str] = &["campaign", "pool", "sticky_days"];

pub struct CallerIdRules<'a> {
    pub(crate) database: &'a Database,
}

impl CallerIdRules<'_> {
    /// Sets the campaign's rule, whether it had one or not.
    pub async fn set(&self, rule: &CallerIdRule) -> Result<(), StoreError> {
        let values = vec![
            (&rule.campaign).into(),
            rule.pool.clone().into(),
            rule.sticky_days.into(),
        ];
        let replace = self.database.db().on_same_key(COLUMNS);
        let sql = Sql::insert(TABLE, COLUMNS, values).and(&replace);
        self.database.execute(sql).await.map(drop)
    }

    pub async fn get(&self, campaign: &str) -> Result<Option<CallerIdRule>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE campaign = ?").bind(campaign);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(rule).transpose()
    }

    /// In the order of the campaigns' names, after the name `after`.
    pub async fn list(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<CallerIdRule>, StoreError> {
        let rest = "WHERE campaign > ? ORDER BY campaign LIMIT ?";
        let sql = Sql::select(TABLE, COLUMNS, rest)
            .bind(after.unwrap_or_default())
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(rule).collect()
    }

    pub async fn delete(&self, campaign: &str) -> Result<(), StoreError> {
        let sql = Sql::delete(TABLE, "campaign").bind(campaign);
        self.database.execute_on_one(sql).await
    }
}

fn rule(row: &Row) -> Result<CallerIdRule, StoreError> {
    Ok(CallerIdRule {
        campaign: row.text("campaign")?,
        pool: row.opt_text("pool")?,
        sticky_days: row.int("sticky_days")?,
    })
}
