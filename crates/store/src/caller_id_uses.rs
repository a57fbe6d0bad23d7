//! The log of every use of a caller ID: written by the ledger, read here.

use std::collections::{BTreeMap, HashSet};

use model::{
    CallerIdKey, CallerIdUse, CampaignUse, E164, Reputation, ReservationId, Timestamp, UseCounts,
};
use uuid::Uuid;

use crate::StoreError;
use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql, Value, word};

pub(crate) const TABLE: &str = "caller_id_uses";
pub(crate) const COLUMNS: &[&str] = &[
    "id",
    "caller_id_id",
    "number",
    "to_e164",
    "tier",
    "campaign",
    "agent",
    "made_at",
    "expires_at",
    "ended_at",
    "end_reason",
    "answered",
    "talk_ms",
];

/// The id, and all that changes when a use ends.
pub(crate) const END: &[&str] = &["id", "ended_at", "end_reason", "answered", "talk_ms"];

/// How many uses a restart reads with one statement.
const STEP: u32 = 4_000;
/// The most uses that one call of [`CallerIdUses::prune_before`] deletes.
const PRUNE_STEP: u64 = 10_000;

/// Which uses; all that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UseFilter {
    /// Made then or later.
    pub from: Option<Timestamp>,
    /// Made before.
    pub to: Option<Timestamp>,
    /// What was presented.
    pub number: Option<E164>,
    /// Who was called.
    pub destination: Option<E164>,
    pub campaign: Option<String>,
}

/// The last use of a page; the next page starts after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UseCursor {
    pub made_at: Timestamp,
    pub id: ReservationId,
}

impl From<&CallerIdUse> for UseCursor {
    fn from(made: &CallerIdUse) -> Self {
        Self {
            made_at: made.made_at,
            id: made.id,
        }
    }
}

/// Which number a person saw last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSeen {
    pub to: E164,
    pub number: E164,
    pub at: Timestamp,
}

pub struct CallerIdUses<'a> {
    pub(crate) database: &'a Database,
}

impl CallerIdUses<'_> {
    pub async fn get(&self, id: ReservationId) -> Result<Option<CallerIdUse>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(made).transpose()
    }

    /// The newest first, after the use `after`.
    pub async fn page(
        &self,
        filter: &UseFilter,
        after: Option<UseCursor>,
        limit: u32,
    ) -> Result<Vec<CallerIdUse>, StoreError> {
        let sql = select(filter, after).bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(made).collect()
    }

    /// When the first use was made of those made at `from` or later.
    pub async fn first_since(&self, from: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let text = "SELECT MIN(made_at) AS made_at FROM caller_id_uses WHERE made_at >= ?";
        let row = self
            .database
            .fetch_first(Sql::new(TABLE, text).bind(from))
            .await?;
        row.map_or(Ok(None), |row| row.opt_instant("made_at"))
    }

    /// The last call to a person who calls back `dialled`: the last that presented it, else the last of all.
    pub async fn last_for(
        &self,
        person: E164,
        dialled: Option<E164>,
    ) -> Result<Option<CallerIdUse>, StoreError> {
        let first = dialled.map(Some);
        for number in first.into_iter().chain([None]) {
            let filter = UseFilter {
                number,
                destination: Some(person),
                ..UseFilter::default()
            };
            if let Some(last) = self.page(&filter, None, 1).await?.pop() {
                return Ok(Some(last));
            }
        }
        Ok(None)
    }

    /// All that have not ended, by their ids: what a restart has to take over.
    pub async fn open(&self) -> Result<Vec<CallerIdUse>, StoreError> {
        let mut open: Vec<CallerIdUse> = Vec::new();
        loop {
            let rest = "WHERE ended_at IS NULL AND id > ? ORDER BY id LIMIT ?";
            let sql = Sql::select(TABLE, COLUMNS, rest)
                .bind(open.last().map_or(Uuid::nil(), |last| last.id.0))
                .bind(STEP);
            let rows = self.database.fetch(sql).await?;
            for row in &rows {
                open.push(made(row)?);
            }
            if rows.len() < STEP as usize {
                return Ok(open);
            }
        }
    }

    /// Which number each person saw last, at `since` or later: of the newest `limit` uses, newest first.
    pub async fn last_by_person(
        &self,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<LastSeen>, StoreError> {
        let (mut persons, mut last) = (HashSet::new(), Vec::new());
        let (mut after, mut left) = (None, limit);
        while left > 0 {
            let step = u32::try_from(left).unwrap_or(STEP).min(STEP);
            let rest = "WHERE made_at >= ?";
            let sql = Sql::select(TABLE, &["id", "to_e164", "number", "made_at"], rest).bind(since);
            let sql = newest_first(sql, after).bind(step);
            let rows = self.database.fetch(sql).await?;
            for row in &rows {
                let (to, at) = (row.e164("to_e164")?, row.instant("made_at")?);
                if persons.insert(to) {
                    let number = row.e164("number")?;
                    last.push(LastSeen { to, number, at });
                }
                let id = ReservationId(row.uuid("id")?);
                after = Some(UseCursor { made_at: at, id });
            }
            if rows.len() < step as usize {
                break;
            }
            left -= rows.len();
        }
        Ok(last)
    }

    /// What each number did at `since` or later, and how many of our numbers its persons saw, in the order of the
    /// numbers, after the number `after`. All uses of the page's numbers are read: keep pages short where they are many.
    pub async fn report(
        &self,
        since: Timestamp,
        after: Option<E164>,
        limit: u32,
    ) -> Result<Vec<Reputation>, StoreError> {
        let after = after.map(|number| number.to_string()).unwrap_or_default();
        let text = format!(
            "SELECT number, {COUNTS} FROM caller_id_uses WHERE number > ? AND made_at >= ? \
             GROUP BY number ORDER BY number LIMIT ?"
        );
        let sql = Sql::new(TABLE, text)
            .bind(&after)
            .bind(since)
            .bind(sql::page(limit)?);
        let mut report = Vec::new();
        for row in self.database.fetch(sql).await? {
            report.push(Reputation {
                number: row.e164("number")?,
                counts: counts(&row)?,
                numbers_seen: 0,
            });
        }
        if let Some(last) = report.last() {
            let seen = self.numbers_seen(since, &after, last.number).await?;
            for row in &mut report {
                row.numbers_seen = seen.get(&row.number).copied().unwrap_or_default();
            }
        }
        Ok(report)
    }

    /// By each number after `after` and up to `last`: the most numbers that a person saw whom it called.
    async fn numbers_seen(
        &self,
        since: Timestamp,
        after: &str,
        last: E164,
    ) -> Result<BTreeMap<E164, u64>, StoreError> {
        let text = "SELECT number, MAX(seen) AS numbers_seen FROM (\
                        SELECT called.number, COUNT(DISTINCT other.number) AS seen FROM (\
                            SELECT DISTINCT number, to_e164 FROM caller_id_uses \
                            WHERE number > ? AND number <= ? AND made_at >= ?) called \
                        JOIN caller_id_uses other ON other.to_e164 = called.to_e164 \
                        WHERE other.made_at >= ? \
                        GROUP BY called.number, called.to_e164) persons \
                    GROUP BY number";
        let sql = Sql::new(TABLE, text)
            .bind(after)
            .bind(last)
            .bind(since)
            .bind(since);
        let rows = self.database.fetch(sql).await?;
        let seen = |row: &Row| Ok((row.e164("number")?, row.int("numbers_seen")?));
        rows.iter().map(seen).collect()
    }

    /// What the campaigns with the most uses did at `since` or later, the busiest first.
    pub async fn busiest_campaigns(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<CampaignUse>, StoreError> {
        let rest = " GROUP BY campaign ORDER BY uses DESC, campaign LIMIT ?";
        let sql = by_campaign(since).and(rest).bind(sql::page(limit)?);
        let rows = self.database.fetch(sql).await?;
        rows.iter().map(campaign).collect()
    }

    /// What each campaign did at `since` or later, in the order of their names, after the name `after`.
    pub async fn campaigns(
        &self,
        since: Timestamp,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<CampaignUse>, StoreError> {
        let mut sql = by_campaign(since);
        if let Some(after) = after {
            sql = sql.and(" AND campaign > ?").bind(after);
        }
        let sql = sql
            .and(" GROUP BY campaign ORDER BY campaign LIMIT ?")
            .bind(sql::page(limit)?);
        let rows = self.database.fetch(sql).await?;
        rows.iter().map(campaign).collect()
    }

    /// Forgets uses made before `before`, at most 10,000 in one go; how many. Call again until it says 0.
    pub async fn prune_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let rest = "WHERE made_at < ? ORDER BY made_at, id LIMIT 1 OFFSET ?";
        let first_kept = Sql::select(TABLE, &["id", "made_at"], rest)
            .bind(before)
            .bind(PRUNE_STEP);
        let sql = Sql::new(TABLE, "DELETE FROM caller_id_uses WHERE made_at < ?");
        let sql = match self.database.fetch_first(first_kept).await? {
            Some(kept) => {
                let (made_at, id) = (kept.instant("made_at")?, kept.uuid("id")?);
                Sql::new(TABLE, "DELETE FROM caller_id_uses WHERE made_at <= ?")
                    .and(" AND (made_at < ? OR id < ?)")
                    .bind(made_at)
                    .bind(made_at)
                    .bind(id)
            }
            None => sql.bind(before),
        };
        self.database.execute(sql).await
    }
}

/// What campaigns did at `since` or later, to be grouped.
fn by_campaign(since: Timestamp) -> Sql {
    let text = format!(
        "SELECT campaign, {COUNTS}, COUNT(DISTINCT number) AS numbers \
         FROM caller_id_uses WHERE made_at >= ? AND made_at <= ?"
    );
    // The upper bound makes SQLite use the index by time, not walk the whole log campaign by campaign.
    Sql::new(TABLE, text)
        .bind(since)
        .bind(Timestamp::from_micros(i64::MAX))
}

fn campaign(row: &Row) -> Result<CampaignUse, StoreError> {
    Ok(CampaignUse {
        campaign: row.text("campaign")?,
        counts: counts(row)?,
        numbers: row.int("numbers")?,
    })
}

/// `COUNT` of a `CASE`, not `SUM`: MariaDB's sums are decimals.
const COUNTS: &str = "COUNT(*) AS uses, COUNT(answered) AS attempts, \
    COUNT(CASE WHEN answered THEN 1 END) AS answers, \
    COUNT(CASE WHEN answered AND talk_ms < 6000 THEN 1 END) AS short_calls, \
    COUNT(DISTINCT to_e164) AS destinations";
const _: () = assert!(UseCounts::SHORT_MS == 6_000);

fn counts(row: &Row) -> Result<UseCounts, StoreError> {
    Ok(UseCounts {
        uses: row.int("uses")?,
        attempts: row.int("attempts")?,
        answers: row.int("answers")?,
        short: row.int("short_calls")?,
        destinations: row.int("destinations")?,
    })
}

fn select(filter: &UseFilter, after: Option<UseCursor>) -> Sql {
    let mut sql = Sql::select(TABLE, COLUMNS, "WHERE made_at >= ? AND made_at < ?")
        .bind(filter.from.unwrap_or(Timestamp::from_micros(i64::MIN)))
        .bind(filter.to.unwrap_or(Timestamp::from_micros(i64::MAX)));
    if let Some(number) = filter.number {
        sql = sql.and(" AND number = ?").bind(number);
    }
    if let Some(destination) = filter.destination {
        sql = sql.and(" AND to_e164 = ?").bind(destination);
    }
    if let Some(campaign) = &filter.campaign {
        sql = sql.and(" AND campaign = ?").bind(campaign);
    }
    newest_first(sql, after)
}

fn newest_first(mut sql: Sql, after: Option<UseCursor>) -> Sql {
    if let Some(UseCursor { made_at, id }) = after {
        sql = sql
            .and(" AND made_at <= ? AND (made_at < ? OR id < ?)")
            .bind(made_at)
            .bind(made_at)
            .bind(id);
    }
    sql.and(" ORDER BY made_at DESC, id DESC LIMIT ?")
}

pub(crate) fn values(made: &CallerIdUse) -> Vec<Value> {
    vec![
        made.id.into(),
        made.caller_id.into(),
        made.number.into(),
        made.to.into(),
        made.tier.name().into(),
        (&made.campaign).into(),
        (&made.agent).into(),
        made.made_at.into(),
        made.expires_at.into(),
        made.ended_at.into(),
        word(made.end),
        made.answered.into(),
        made.talk_ms.into(),
    ]
}

pub(crate) fn made(row: &Row) -> Result<CallerIdUse, StoreError> {
    Ok(CallerIdUse {
        id: ReservationId(row.uuid("id")?),
        caller_id: CallerIdKey(row.uuid("caller_id_id")?),
        number: row.e164("number")?,
        to: row.e164("to_e164")?,
        tier: row.word("tier")?,
        campaign: row.text("campaign")?,
        agent: row.text("agent")?,
        made_at: row.instant("made_at")?,
        expires_at: row.instant("expires_at")?,
        ended_at: row.opt_instant("ended_at")?,
        end: row.opt_word("end_reason")?,
        answered: row.opt_bool("answered")?,
        talk_ms: row.opt_int("talk_ms")?,
    })
}
