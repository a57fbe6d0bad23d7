//! Files of caller IDs that were taken in: what each row did, and how to undo it.
//!
//! A row that an import wrote says so by its `updated_at`, which is the import's `made_at`: whoever changes it later
//! leaves another, and stands in the way of undoing.

use std::collections::{BTreeMap, BTreeSet};

use model::{CallerId, CallerIdImport, CallerIdImportId, CallerIdKey, E164, Imported, Timestamp};
use uuid::Uuid;

use crate::StoreError;
use crate::caller_ids::{self, Change, caller_id};
use crate::database::{Database, Tx};
use crate::row::Row;
use crate::sql::{self, Sql, Value, json, pieces};

const TABLE: &str = "caller_id_imports";
const COLUMNS: &[&str] = &[
    "id",
    "file_name",
    "made_at",
    "made_by",
    "added",
    "changed",
    "unchanged",
    "refused",
    "finished_at",
    "undone_at",
];
const ROWS: &str = "caller_id_import_rows";
const ROW_COLUMNS: &[&str] = &["import_id", "caller_id_id", "previous"];

/// The most rows of one [`CallerIdImports::upsert_many`], so that it never holds the file for long.
pub const MAX_IMPORT_BATCH: usize = 10_000;
/// How many numbers are looked at in one go when an import is undone or forgotten.
const STEP: i64 = 2_000;

/// What became of one row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upserted {
    /// The number is new, and stands so now.
    Added(Box<CallerId>),
    /// The number was there, and stands so now.
    Changed(Box<CallerId>),
    /// The number was there just so.
    Unchanged(CallerIdKey),
}

/// What became of an import that was to be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// Its changed rows are what they were before, its added ones are gone.
    Done { restored: u64, removed: u64 },
    /// Nothing: that was done then.
    Already(Timestamp),
    /// Nothing: so many of its rows were changed since by somebody else.
    ChangedSince(u64),
}

pub struct CallerIdImports<'a> {
    pub(crate) database: &'a Database,
}

impl CallerIdImports<'_> {
    /// Begins one: call [`Self::upsert_many`] as often as it takes, then [`Self::finish`].
    pub async fn create(&self, import: &CallerIdImport) -> Result<(), StoreError> {
        let sql = Sql::insert(TABLE, COLUMNS, values(import));
        self.database.execute(sql).await.map(drop)
    }

    /// Adds numbers that are new and replaces those that are known: all in one transaction, at most
    /// [`MAX_IMPORT_BATCH`]. What became of each, in the same order.
    ///
    /// A known number keeps its id and `created_at`. `updated_at` becomes the import's `made_at`. A number that stands
    /// twice among `rows` is taken in twice. Refused when the import is finished.
    pub async fn upsert_many(
        &self,
        import: CallerIdImportId,
        rows: &[CallerId],
    ) -> Result<Vec<Upserted>, StoreError> {
        if rows.len() > MAX_IMPORT_BATCH {
            let problem = format!("are {}, more than {MAX_IMPORT_BATCH}", rows.len());
            return Err(StoreError::refused("rows", problem));
        }
        let db = self.database.db();
        let mut tx = self.database.begin().await?;
        let mut import = self.locked(&mut tx, import).await?;
        if import.finished_at.is_some() {
            return Err(StoreError::refused("import", "is finished"));
        }
        let known = self.known(&mut tx, "e164", &numbers(rows)).await?;
        let mut batch = Batch::new(known, import.made_at);
        let outcomes: Vec<_> = rows.iter().map(|row| batch.take(row)).collect();
        let changes = batch.changes();
        caller_ids::write(&mut tx, db, &changes).await?;
        write_rows(&mut tx, import.id, &changes).await?;
        for outcome in &outcomes {
            *match outcome {
                Upserted::Added(_) => &mut import.added,
                Upserted::Changed(_) => &mut import.changed,
                Upserted::Unchanged(_) => &mut import.unchanged,
            } += 1;
        }
        tx.execute_on_one(Sql::update(TABLE, COLUMNS, values(&import)))
            .await?;
        tx.commit().await?;
        Ok(outcomes)
    }

    /// Says that nothing more comes, and how many rows of the file were refused.
    pub async fn finish(
        &self,
        import: CallerIdImportId,
        refused: u64,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let text = "UPDATE caller_id_imports SET refused = ?, finished_at = ? WHERE id = ?";
        let sql = Sql::new(TABLE, text).bind(refused).bind(at).bind(import);
        self.database.execute_on_one(sql).await
    }

    pub async fn get(&self, id: CallerIdImportId) -> Result<Option<CallerIdImport>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(import).transpose()
    }

    /// The newest first, after the import `after`.
    pub async fn list(
        &self,
        after: Option<CallerIdImportId>,
        limit: u32,
    ) -> Result<Vec<CallerIdImport>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id < ? ORDER BY id DESC LIMIT ?")
            .bind(after.map_or(Uuid::max(), |id| id.0))
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(import).collect()
    }

    /// The numbers that it added or changed, by their ids, after the id `after`.
    pub async fn rows(
        &self,
        import: CallerIdImportId,
        after: Option<CallerIdKey>,
        limit: u32,
    ) -> Result<Vec<Imported>, StoreError> {
        let sql = rows_after(import, after, sql::page(limit)?);
        self.database
            .fetch(sql)
            .await?
            .iter()
            .map(imported)
            .collect()
    }

    /// Takes back all that it did, unless somebody else has changed one of its rows since. A number that it added and
    /// somebody removed since is gone as it should be.
    pub async fn undo(
        &self,
        import: CallerIdImportId,
        at: Timestamp,
    ) -> Result<Undone, StoreError> {
        let mut tx = self.database.begin().await?;
        let mut import = self.locked(&mut tx, import).await?;
        if let Some(at) = import.undone_at {
            return Ok(Undone::Already(at));
        }
        let (mut restored, mut removed, mut changed_since) = (0, 0, 0);
        let mut after = None;
        loop {
            let rows = tx.fetch(rows_after(import.id, after, STEP)).await?;
            let rows: Vec<Imported> = rows.iter().map(imported).collect::<Result<_, _>>()?;
            let Some(last) = rows.last() else {
                break;
            };
            after = Some(last.caller_id);
            let mut changes = Vec::new();
            for back in self.ways_back(&mut tx, rows, import.made_at).await? {
                match back {
                    Way::Restore(change) => {
                        restored += 1;
                        changes.push(change);
                    }
                    Way::Remove(change) => {
                        removed += 1;
                        changes.push(change);
                    }
                    Way::None => {}
                    Way::Blocked => changed_since += 1,
                }
            }
            if changed_since == 0 {
                caller_ids::write(&mut tx, self.database.db(), &changes).await?;
            }
        }
        if changed_since > 0 {
            return Ok(Undone::ChangedSince(changed_since));
        }
        import.undone_at = Some(at);
        import.finished_at.get_or_insert(at);
        tx.execute_on_one(Sql::update(TABLE, COLUMNS, values(&import)))
            .await?;
        tx.commit().await?;
        Ok(Undone::Done { restored, removed })
    }

    /// Forgets the oldest import if it was made before `before`, after which nobody can undo it: at most 2,000 of its
    /// rows in one go. Whether there was something to forget; call again until there is not.
    pub async fn prune_before(&self, before: Timestamp) -> Result<bool, StoreError> {
        let rest = "WHERE made_at < ? ORDER BY id LIMIT 1";
        let sql = Sql::select(TABLE, &["id"], rest).bind(before);
        let Some(oldest) = self.database.fetch_first(sql).await? else {
            return Ok(false);
        };
        let oldest = CallerIdImportId(oldest.uuid("id")?);
        let rest = "WHERE import_id = ? ORDER BY caller_id_id LIMIT ?";
        let sql = Sql::select(ROWS, &["caller_id_id"], rest)
            .bind(oldest)
            .bind(STEP);
        let sql = match self.database.fetch(sql).await?.last() {
            Some(last) => {
                let text = "DELETE FROM caller_id_import_rows \
                            WHERE import_id = ? AND caller_id_id <= ?";
                let last = last.uuid("caller_id_id")?;
                Sql::new(ROWS, text).bind(oldest).bind(last)
            }
            None => Sql::delete(TABLE, "id").bind(oldest),
        };
        self.database.execute(sql).await?;
        Ok(true)
    }

    async fn locked(
        &self,
        tx: &mut Tx,
        id: CallerIdImportId,
    ) -> Result<CallerIdImport, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?")
            .bind(id)
            .and(self.database.db().for_update());
        match tx.fetch(sql).await?.first() {
            Some(row) => import(row),
            None => Err(StoreError::NotFound { table: TABLE }),
        }
    }

    /// The caller IDs whose `key` is one of `keys`; nobody else changes them before the transaction ends.
    async fn known<T: Clone + Into<Value>>(
        &self,
        tx: &mut Tx,
        key: &str,
        keys: &[T],
    ) -> Result<Vec<CallerId>, StoreError> {
        let db = self.database.db();
        let mut known = Vec::new();
        for keys in pieces(keys) {
            let sql = caller_ids::among(db, key, keys, db.for_update());
            for row in tx.fetch(sql).await? {
                known.push(caller_id(&row)?);
            }
        }
        Ok(known)
    }

    async fn ways_back(
        &self,
        tx: &mut Tx,
        rows: Vec<Imported>,
        made_at: Timestamp,
    ) -> Result<Vec<Way>, StoreError> {
        let ids: Vec<_> = rows.iter().map(|row| row.caller_id).collect();
        let known = self.known(tx, "id", &ids).await?;
        let mut known: BTreeMap<_, _> = known.into_iter().map(|row| (row.id, row)).collect();
        let way = |row: Imported| match (row.previous, known.remove(&row.caller_id)) {
            (None, None) => Way::None,
            (previous, Some(now)) if now.updated_at == made_at => match previous {
                Some(previous) => Way::Restore(Change::new(Some(now), Some(previous))),
                None => Way::Remove(Change::new(Some(now), None)),
            },
            _ => Way::Blocked,
        };
        Ok(rows.into_iter().map(way).collect())
    }
}

/// The way back of one row.
enum Way {
    Restore(Change),
    Remove(Change),
    /// It is as it should be.
    None,
    /// Somebody else changed it.
    Blocked,
}

/// The rows that one transaction takes in.
struct Batch {
    made_at: Timestamp,
    before: BTreeMap<E164, CallerId>,
    after: BTreeMap<E164, CallerId>,
}

impl Batch {
    fn new(known: Vec<CallerId>, made_at: Timestamp) -> Self {
        Self {
            made_at,
            before: known.into_iter().map(|row| (row.e164, row)).collect(),
            after: BTreeMap::new(),
        }
    }

    fn take(&mut self, row: &CallerId) -> Upserted {
        let known = self.after.get(&row.e164);
        let known = known.or_else(|| self.before.get(&row.e164));
        let mut row = row.clone();
        row.updated_at = self.made_at;
        let Some(known) = known else {
            row.created_at = self.made_at;
            self.after.insert(row.e164, row.clone());
            return Upserted::Added(Box::new(row));
        };
        row.id = known.id;
        row.created_at = known.created_at;
        row.updated_at = known.updated_at;
        if row == *known {
            return Upserted::Unchanged(row.id);
        }
        row.updated_at = self.made_at;
        self.after.insert(row.e164, row.clone());
        Upserted::Changed(Box::new(row))
    }

    /// In the order of their ids, in which a start reads them: it finds neighbours beside each other on the disk.
    fn changes(mut self) -> Vec<Change> {
        let mut changes: Vec<_> = self
            .after
            .into_iter()
            .map(|(number, new)| (new.id, Change::new(self.before.remove(&number), Some(new))))
            .collect();
        changes.sort_unstable_by_key(|(id, _)| *id);
        changes.into_iter().map(|(_, change)| change).collect()
    }
}

fn numbers(rows: &[CallerId]) -> Vec<E164> {
    let numbers: BTreeSet<_> = rows.iter().map(|row| row.e164).collect();
    numbers.into_iter().collect()
}

/// Keeps what the numbers were before the import, which may have written some of them before.
async fn write_rows(
    tx: &mut Tx,
    import: CallerIdImportId,
    changes: &[Change],
) -> Result<(), StoreError> {
    let old: Vec<_> = changes
        .iter()
        .filter_map(|change| Some(change.old.as_ref()?.id))
        .collect();
    let mut kept = BTreeSet::new();
    for ids in pieces(&old) {
        let rest = " AND import_id = ?";
        let sql = Sql::among(ROWS, &["caller_id_id"], "caller_id_id", ids, rest).bind(import);
        for row in tx.fetch(sql).await? {
            kept.insert(row.uuid("caller_id_id")?);
        }
    }
    let rows: Vec<Vec<Value>> = changes
        .iter()
        .filter_map(|change| {
            let id = change.new.as_ref()?.id;
            let previous = change.old.as_ref().map_or(Value::Text(None), json);
            (!kept.contains(&id.0)).then(|| vec![import.into(), id.into(), previous])
        })
        .collect();
    tx.put(ROWS, ROW_COLUMNS, "", &rows).await
}

fn rows_after(import: CallerIdImportId, after: Option<CallerIdKey>, limit: i64) -> Sql {
    let rest = "WHERE import_id = ? AND caller_id_id > ? ORDER BY caller_id_id LIMIT ?";
    Sql::select(ROWS, ROW_COLUMNS, rest)
        .bind(import)
        .bind(after.map_or(Uuid::nil(), |id| id.0))
        .bind(limit)
}

fn values(import: &CallerIdImport) -> Vec<Value> {
    vec![
        import.id.into(),
        (&import.file).into(),
        import.made_at.into(),
        (&import.made_by).into(),
        import.added.into(),
        import.changed.into(),
        import.unchanged.into(),
        import.refused.into(),
        import.finished_at.into(),
        import.undone_at.into(),
    ]
}

fn import(row: &Row) -> Result<CallerIdImport, StoreError> {
    Ok(CallerIdImport {
        id: CallerIdImportId(row.uuid("id")?),
        file: row.text("file_name")?,
        made_at: row.instant("made_at")?,
        made_by: row.text("made_by")?,
        added: row.int("added")?,
        changed: row.int("changed")?,
        unchanged: row.int("unchanged")?,
        refused: row.int("refused")?,
        finished_at: row.opt_instant("finished_at")?,
        undone_at: row.opt_instant("undone_at")?,
    })
}

fn imported(row: &Row) -> Result<Imported, StoreError> {
    Ok(Imported {
        caller_id: CallerIdKey(row.uuid("caller_id_id")?),
        previous: match row.opt_text("previous")? {
            Some(_) => Some(row.json("previous")?),
            None => None,
        },
    })
}
