//! Writes down the uses of caller IDs: a batch of the ledger's entries in one transaction, or none of it.
//!
//! As the journal does for calls: each entry is applied exactly once, by its number, and a batch may be given again.
//! An entry is a fact: none is refused. A text that is too long is cut, the end of an unknown reservation ends nothing.

use std::collections::{BTreeMap, BTreeSet};

use model::{CallerIdKey, CallerIdUse, E164, ReservationId, Tier, Timestamp, UseEnd, visible};
use uuid::Uuid;

use crate::database::{Database, Tx};
use crate::journal::{Applied, after, bounded, seq};
use crate::settings::{self, LEDGER_SEQ, Settings};
use crate::sql::{Sql, pieces};
use crate::{StoreError, caller_id_uses, caller_ids};

const COUNTS: &str = "caller_id_counts";
const COUNTS_COLUMNS: &[&str] = &["caller_id_id", "counts"];
/// The lengths of the columns; see the migration.
const MAX_CAMPAIGN: usize = 100;
const MAX_AGENT: usize = 100;
/// How many numbers' counts are read with one statement.
const STEP: u32 = 4_000;

/// One entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    pub seq: u64,
    pub at: Timestamp,
    pub caller_id: CallerIdKey,
    /// Where the number stands after it, in the writer's own JSON; it replaces what was kept. Nothing changes nothing.
    pub counts: Option<String>,
    /// The number is not one of the table's: its counts are kept all the same.
    pub foreign: bool,
    pub fact: UseFact,
}

/// What happened to a caller ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UseFact {
    Reserved {
        reservation: ReservationId,
        number: E164,
        to: E164,
        tier: Tier,
        campaign: String,
        agent: String,
        expires_at: Timestamp,
    },
    Ended {
        reservation: ReservationId,
        end: UseEnd,
        /// Nothing when nobody saw the call.
        answered: Option<bool>,
        talk_ms: Option<u64>,
    },
    /// How a call went whose reservation had timed out before.
    Outlasted {
        reservation: ReservationId,
        answered: bool,
        talk_ms: u64,
    },
}

pub struct Ledger<'a> {
    pub(crate) database: &'a Database,
}

impl Ledger<'_> {
    /// Writes down `entries`, which are in order and without holes, and start at most one after the last applied; at
    /// most [`crate::MAX_BATCH`].
    ///
    /// When this returns `Ok`, they are on disk. [`StoreError::Gap`] if one is missing; then none was applied.
    pub async fn apply(&self, entries: &[LedgerEntry]) -> Result<Applied, StoreError> {
        bounded(entries)?;
        let db = self.database.db();
        let mut tx = self.database.begin_behind().await?;
        let applied = settings::lock(&mut tx, LEDGER_SEQ, db.for_update()).await?;
        let applied = seq(LEDGER_SEQ, &applied)?;
        let new = after(entries, |entry| entry.seq, applied)?;
        let seq = new.last().map_or(applied, |entry| entry.seq);
        if !new.is_empty() {
            let mut fold = Fold::load(&mut tx, new).await?;
            for entry in new {
                fold.apply(entry);
            }
            let (table, columns) = (caller_id_uses::TABLE, caller_id_uses::COLUMNS);
            let rows: Vec<_> = fold.changed().map(caller_id_uses::values).collect();
            // Naming another column would write its indexes anew for every end.
            tx.put(table, columns, &db.on_same_key(caller_id_uses::END), &rows)
                .await?;
            let rows = counts(&mut tx, new).await?;
            tx.put(
                COUNTS,
                COUNTS_COLUMNS,
                &db.on_same_key(COUNTS_COLUMNS),
                &rows,
            )
            .await?;
            settings::change(&mut tx, LEDGER_SEQ, seq.to_string()).await?;
        }
        tx.commit().await?;
        Ok(Applied {
            seq,
            new: new.len(),
            known: entries.len() - new.len(),
        })
    }

    /// From now on batches are written by a thread that is as urgent as whoever brings the next one. On SQLite alone: elsewhere the
    /// database's own processes write.
    pub async fn change_hands(&self) -> Result<(), StoreError> {
        self.database.renew_behind().await
    }

    /// The number of the last entry written down; 0 before the first.
    pub async fn applied_seq(&self) -> Result<u64, StoreError> {
        let settings = Settings {
            database: self.database,
        };
        seq(
            LEDGER_SEQ,
            &settings.get(LEDGER_SEQ).await?.unwrap_or_default(),
        )
    }

    /// Hands where each number stands to `take`, as it was last given, some thousand at a time; how many.
    /// Numbers that were never used are left out.
    pub async fn load_counts(
        &self,
        mut take: impl FnMut(Vec<(CallerIdKey, String)>),
    ) -> Result<u64, StoreError> {
        let (mut total, mut after) = (0, Uuid::nil());
        loop {
            let rest = "WHERE caller_id_id > ? ORDER BY caller_id_id LIMIT ?";
            let sql = Sql::select(COUNTS, COUNTS_COLUMNS, rest)
                .bind(after)
                .bind(STEP);
            let mut page = Vec::new();
            for row in self.database.fetch(sql).await? {
                after = row.uuid("caller_id_id")?;
                page.push((CallerIdKey(after), row.text("counts")?));
            }
            total += page.len() as u64;
            let full = page.len() == STEP as usize;
            take(page);
            if !full {
                return Ok(total);
            }
        }
    }
}

/// The last counts of each number that is still ours, as rows.
async fn counts(
    tx: &mut Tx,
    entries: &[LedgerEntry],
) -> Result<Vec<Vec<crate::sql::Value>>, StoreError> {
    let (mut last, mut foreign) = (BTreeMap::new(), BTreeMap::new());
    for entry in entries {
        if let Some(counts) = &entry.counts {
            let last = if entry.foreign {
                &mut foreign
            } else {
                &mut last
            };
            last.insert(entry.caller_id, counts);
        }
    }
    let ids: Vec<CallerIdKey> = last.keys().copied().collect();
    let foreign = foreign.into_iter();
    let mut rows: Vec<_> = foreign
        .map(|(id, json)| vec![id.into(), json.into()])
        .collect();
    for ids in pieces(&ids) {
        let sql = Sql::among(caller_ids::TABLE, &["id"], "id", ids, "");
        for row in tx.fetch(sql).await? {
            let id = CallerIdKey(row.uuid("id")?);
            rows.extend(last.get(&id).map(|&counts| vec![id.into(), counts.into()]));
        }
    }
    Ok(rows)
}

/// The uses that entries touch, as they stand after the entries folded so far.
#[derive(Debug, Default)]
struct Fold {
    uses: BTreeMap<ReservationId, CallerIdUse>,
    changed: BTreeSet<ReservationId>,
}

impl Fold {
    /// Reads the uses whose ends are among `entries`, but not their beginnings.
    async fn load(tx: &mut Tx, entries: &[LedgerEntry]) -> Result<Self, StoreError> {
        let (mut made, mut ended) = (BTreeSet::new(), BTreeSet::new());
        for entry in entries {
            match entry.fact {
                UseFact::Reserved { reservation, .. } => made.insert(reservation),
                UseFact::Ended { reservation, .. } | UseFact::Outlasted { reservation, .. } => {
                    ended.insert(reservation)
                }
            };
        }
        let before: Vec<_> = ended.difference(&made).copied().collect();
        let mut fold = Self::default();
        for ids in pieces(&before) {
            let (table, columns) = (caller_id_uses::TABLE, caller_id_uses::COLUMNS);
            for row in tx.fetch(Sql::among(table, columns, "id", ids, "")).await? {
                let made = caller_id_uses::made(&row)?;
                fold.uses.insert(made.id, made);
            }
        }
        Ok(fold)
    }

    fn apply(&mut self, entry: &LedgerEntry) {
        match &entry.fact {
            UseFact::Reserved {
                reservation,
                number,
                to,
                tier,
                campaign,
                agent,
                expires_at,
            } => {
                let made = CallerIdUse {
                    id: *reservation,
                    caller_id: entry.caller_id,
                    number: *number,
                    to: *to,
                    tier: *tier,
                    campaign: visible(campaign, MAX_CAMPAIGN),
                    agent: visible(agent, MAX_AGENT),
                    made_at: entry.at,
                    expires_at: *expires_at,
                    ended_at: None,
                    end: None,
                    answered: None,
                    talk_ms: None,
                };
                self.uses.insert(*reservation, made);
                self.changed.insert(*reservation);
            }
            UseFact::Ended {
                reservation,
                end,
                answered,
                talk_ms,
            } => {
                // The first end counts.
                if let Some(made) = self.uses.get_mut(reservation)
                    && made.ended_at.is_none()
                {
                    made.ended_at = Some(entry.at);
                    made.end = Some(*end);
                    made.answered = *answered;
                    made.talk_ms = *talk_ms;
                    self.changed.insert(*reservation);
                }
            }
            UseFact::Outlasted {
                reservation,
                answered,
                talk_ms,
            } => {
                // So does the first outcome.
                if let Some(made) = self.uses.get_mut(reservation)
                    && made.end == Some(UseEnd::TimedOut)
                    && made.answered.is_none()
                {
                    made.answered = Some(*answered);
                    made.talk_ms = Some(*talk_ms);
                    self.changed.insert(*reservation);
                }
            }
        }
    }

    fn changed(&self) -> impl Iterator<Item = &CallerIdUse> {
        self.changed.iter().filter_map(|id| self.uses.get(id))
    }
}
