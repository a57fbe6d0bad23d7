//! Files of phones that were taken in: what each did, and how to undo it.
//!
//! Of every phone that an import wrote stands what it was before and what it was then: who changed it later stands in the
//! way of undoing. Secrets are in there as the digests that are kept anyway.

use std::collections::{BTreeMap, BTreeSet};

use model::{Extension, ExtensionId, ExtensionImport, ExtensionImportId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::StoreError;
use crate::database::{Database, Tx};
use crate::extensions::{self, Digests, KeptExtension};
use crate::row::Row;
use crate::sql::{self, Sql, Value, json, pieces};

const TABLE: &str = "extension_imports";
const COLUMNS: &[&str] = &[
    "id",
    "file_name",
    "made_at",
    "made_by",
    "created",
    "changed",
    "unchanged",
    "undone_at",
];
const ROWS: &str = "extension_import_rows";
const ROW_COLUMNS: &[&str] = &["import_id", "extension_id", "previous", "written"];

/// The most phones that one import writes.
pub const MAX_IMPORTED_EXTENSIONS: usize = 20_000;
/// So many imports are kept; with each further one the oldest is forgotten, after which nobody can undo it.
pub const MAX_EXTENSION_IMPORTS: u32 = 20;

/// What becomes of one phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionChange {
    /// Nothing: it is new.
    pub before: Option<KeptExtension>,
    /// Nothing: it is removed.
    pub after: Option<KeptExtension>,
}

/// What became of an import that was to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtensionsUndone {
    /// This was done: its changed phones are what they were before, its new ones are gone.
    Done(Vec<ExtensionChange>),
    /// Nothing: that was done then.
    Already(Timestamp),
    /// Nothing: the phones of these numbers stand in the way.
    InTheWay(Vec<String>),
}

/// A phone at one time.
#[derive(Serialize, Deserialize)]
struct State {
    extension: Extension,
    md5: String,
    sha256: String,
}

/// A phone that an import wrote.
struct Written {
    id: ExtensionId,
    previous: Option<KeptExtension>,
    now: KeptExtension,
}

pub struct ExtensionImports<'a> {
    pub(crate) database: &'a Database,
}

impl ExtensionImports<'_> {
    /// Writes all phones of an import and keeps it, or does nothing; at most [`MAX_IMPORTED_EXTENSIONS`]. Only the newest
    /// [`MAX_EXTENSION_IMPORTS`] stay. Conflicts: `number` (taken), `server` (unknown).
    pub async fn create(
        &self,
        import: &ExtensionImport,
        changes: &[ExtensionChange],
    ) -> Result<(), StoreError> {
        if changes.len() > MAX_IMPORTED_EXTENSIONS {
            let problem = format!("are {}, more than {MAX_IMPORTED_EXTENSIONS}", changes.len());
            return Err(StoreError::refused("extensions", problem));
        }
        let mut tx = self.database.begin().await?;
        extensions::write(&mut tx, self.database.db(), changes).await?;
        tx.execute(Sql::insert(TABLE, COLUMNS, values(import)))
            .await?;
        let rows: Vec<_> = changes
            .iter()
            .filter_map(|change| row(import.id, change))
            .collect();
        tx.put(ROWS, ROW_COLUMNS, "", &rows).await?;
        forget_oldest(&mut tx).await?;
        tx.commit().await
    }

    pub async fn get(&self, id: ExtensionImportId) -> Result<Option<ExtensionImport>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(import).transpose()
    }

    /// The newest first, after the import `after`.
    pub async fn list(
        &self,
        after: Option<ExtensionImportId>,
        limit: u32,
    ) -> Result<Vec<ExtensionImport>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id < ? ORDER BY id DESC LIMIT ?")
            .bind(after.map_or(Uuid::max(), |id| id.0))
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(import).collect()
    }

    /// Takes back all that it did, unless somebody else has changed one of its phones since, or one would come back into a
    /// context of `closed`. A phone that is already as it was before is as it should be. Conflict: `server` (one that a phone
    /// had is gone).
    pub async fn undo(
        &self,
        id: ExtensionImportId,
        at: Timestamp,
        closed: &BTreeSet<String>,
    ) -> Result<ExtensionsUndone, StoreError> {
        let db = self.database.db();
        let mut tx = self.database.begin().await?;
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id);
        let rows = tx.fetch(sql.and(db.for_update())).await?;
        let row = rows.first().ok_or(StoreError::NotFound { table: TABLE })?;
        let mut undone = import(row)?;
        if let Some(at) = undone.undone_at {
            return Ok(ExtensionsUndone::Already(at));
        }
        let sql = Sql::select(ROWS, ROW_COLUMNS, "WHERE import_id = ?").bind(id);
        let rows = tx.fetch(sql).await?;
        let rows: Vec<Written> = rows.iter().map(written).collect::<Result<_, _>>()?;
        let mut now = self.now(&mut tx, &rows).await?;
        let (mut changes, mut in_the_way) = (Vec::new(), Vec::new());
        for row in rows {
            let number = row.now.extension.number.clone();
            match way_back(row, &mut now, closed) {
                Ok(change) => changes.extend(change),
                Err(InTheWay) => in_the_way.push(number),
            }
        }
        if !in_the_way.is_empty() {
            in_the_way.sort_unstable();
            return Ok(ExtensionsUndone::InTheWay(in_the_way));
        }
        extensions::write(&mut tx, db, &changes).await?;
        undone.undone_at = Some(at);
        tx.execute_on_one(Sql::update(TABLE, COLUMNS, values(&undone)))
            .await?;
        tx.commit().await?;
        Ok(ExtensionsUndone::Done(changes))
    }

    /// Its phones as they are; nobody else changes them before the transaction ends.
    async fn now(
        &self,
        tx: &mut Tx,
        rows: &[Written],
    ) -> Result<BTreeMap<ExtensionId, KeptExtension>, StoreError> {
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let mut now = BTreeMap::new();
        for ids in pieces(&ids) {
            let sql = extensions::among("id", ids, self.database.db().for_update());
            for row in tx.fetch(sql).await? {
                let kept = extensions::kept(&row)?;
                now.insert(kept.extension.id, kept);
            }
        }
        Ok(now)
    }
}

/// Somebody else changed or removed it, or its context is another's.
struct InTheWay;

/// What is to be done to one phone, if anything.
fn way_back(
    row: Written,
    now: &mut BTreeMap<ExtensionId, KeptExtension>,
    closed: &BTreeSet<String>,
) -> Result<Option<ExtensionChange>, InTheWay> {
    let now = now.remove(&row.id);
    if now == row.previous {
        return Ok(None);
    }
    let is_open = |kept: &KeptExtension| !closed.contains(&kept.extension.context);
    if now.as_ref() != Some(&row.now) || !row.previous.as_ref().is_none_or(is_open) {
        return Err(InTheWay);
    }
    Ok(Some(ExtensionChange {
        before: now,
        after: row.previous,
    }))
}

async fn forget_oldest(tx: &mut Tx) -> Result<(), StoreError> {
    let sql = Sql::select(TABLE, &["id"], "ORDER BY id DESC LIMIT ?").bind(MAX_EXTENSION_IMPORTS);
    let newest = tx.fetch(sql).await?;
    if let Some(last) = newest.last() {
        let text = "DELETE FROM extension_imports WHERE id < ?";
        tx.execute(Sql::new(TABLE, text).bind(last.uuid("id")?))
            .await?;
    }
    Ok(())
}

fn values(import: &ExtensionImport) -> Vec<Value> {
    vec![
        import.id.into(),
        (&import.file).into(),
        import.made_at.into(),
        (&import.made_by).into(),
        import.created.into(),
        import.changed.into(),
        import.unchanged.into(),
        import.undone_at.into(),
    ]
}

fn import(row: &Row) -> Result<ExtensionImport, StoreError> {
    Ok(ExtensionImport {
        id: ExtensionImportId(row.uuid("id")?),
        file: row.text("file_name")?,
        made_at: row.instant("made_at")?,
        made_by: row.text("made_by")?,
        created: row.int("created")?,
        changed: row.int("changed")?,
        unchanged: row.int("unchanged")?,
        undone_at: row.opt_instant("undone_at")?,
    })
}

/// Nothing for a phone that is removed: no import does that.
fn row(import: ExtensionImportId, change: &ExtensionChange) -> Option<Vec<Value>> {
    let after = change.after.as_ref()?;
    let before = change.before.as_ref();
    let previous = before.map_or(Value::Text(None), |kept| json(&State::from(kept)));
    let id = after.extension.id;
    Some(vec![
        import.into(),
        id.into(),
        previous,
        json(&State::from(after)),
    ])
}

fn written(row: &Row) -> Result<Written, StoreError> {
    let previous = match row.opt_text("previous")? {
        Some(_) => Some(row.json::<State>("previous")?.into()),
        None => None,
    };
    Ok(Written {
        id: ExtensionId(row.uuid("extension_id")?),
        previous,
        now: row.json::<State>("written")?.into(),
    })
}

impl From<&KeptExtension> for State {
    fn from(kept: &KeptExtension) -> Self {
        Self {
            extension: kept.extension.clone(),
            md5: kept.digests.md5.clone(),
            sha256: kept.digests.sha256.clone(),
        }
    }
}

impl From<State> for KeptExtension {
    fn from(state: State) -> Self {
        Self {
            extension: state.extension,
            digests: Digests {
                md5: state.md5,
                sha256: state.sha256,
            },
        }
    }
}
