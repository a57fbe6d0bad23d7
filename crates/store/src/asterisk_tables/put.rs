//! Brings rows of ours to what they are to be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{
    AsteriskRow, CONTACTS, OURS,
    shape::{Shape, TABLES},
};
use crate::StoreError;
use crate::database::{Database, Tx};
use crate::dialect::Db;
use crate::sql::{Sql, Value, pieces};

pub(super) const OUR_COLUMNS: &[&str] = &["id", "table_name", "digest"];
/// Whoever registered with a secret that is another one now is somebody else.
const AUTHS: &str = "ps_auths";

/// What became of [`super::AsteriskTables::put`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Put {
    /// How many rows were written or removed.
    pub changed: usize,
    pub left_out: Vec<LeftOut>,
}

/// An object that was not written, and is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub id: String,
    /// Such as "`ps_endpoints` has a row 101 that Cordboard did not make".
    pub why: String,
}

/// A table and an id.
type Key = (String, String);
type Wanted<'a> = BTreeMap<Key, (String, &'a AsteriskRow)>;

pub(super) async fn put(
    database: &Database,
    shape: &Shape,
    ids: Option<&[String]>,
    rows: &[AsteriskRow],
) -> Result<Put, StoreError> {
    let mut put = Put::default();
    let mut wanted = fitting(shape, rows, &mut put.left_out);
    let mut tx = database.begin().await?;
    take_turn(&mut tx, database.db()).await?;
    let ours = ours(&mut tx, ids).await?;
    let is_same = |(key, (digest, _)): &(&Key, &(String, _))| ours.get(*key) == Some(digest);
    let same: BTreeSet<Key> = wanted
        .iter()
        .filter(is_same)
        .map(|(key, _)| key.clone())
        .collect();
    wanted.retain(|key, _| !same.contains(key));
    let gone: Vec<Key> = ours.into_keys().filter(|key| !same.contains(key)).collect();
    remove(&mut tx, &gone).await?;
    leave_others(&mut tx, &mut wanted, &mut put.left_out).await?;
    let keys = gone.iter().chain(wanted.keys());
    let strangers: BTreeSet<&str> = keys
        .filter(|(table, _)| table == AUTHS)
        .map(|(_, id)| id.as_str())
        .collect();
    if shape.column(CONTACTS, "endpoint").is_some() {
        forget_contacts(&mut tx, &strangers).await?;
    }
    put.changed = gone.len() + wanted.len();
    insert(&mut tx, database.db(), shape, &wanted).await?;
    tx.commit().await?;
    Ok(put)
}

/// The row that makes one writer wait for another.
pub(super) fn turn() -> Vec<Value> {
    vec!["".into(), "".into(), "1".into()]
}

async fn take_turn(tx: &mut Tx, db: Db) -> Result<(), StoreError> {
    let turn = Sql::select(OURS, &["digest"], "WHERE id = ?").bind("");
    let turn = turn.and(db.for_update());
    match tx.fetch(turn).await {
        Ok(rows) if !rows.is_empty() => Ok(()),
        Ok(_) => Err(unprepared("it has no turn in it")),
        Err(error @ StoreError::Unavailable { .. }) => Err(error),
        Err(error) => Err(unprepared(&error.to_string())),
    }
}

fn unprepared(why: &str) -> StoreError {
    StoreError::Database {
        problem: format!(
            "the table {OURS} is not there ({why}): `cordboard asterisk tables --create` makes it"
        ),
    }
}

/// The rows that the tables can hold, with their digests. An object is left out as a whole.
fn fitting<'a>(shape: &Shape, rows: &'a [AsteriskRow], left_out: &mut Vec<LeftOut>) -> Wanted<'a> {
    let mut bad: BTreeMap<&str, String> = BTreeMap::new();
    for row in rows {
        if let Err(why) = fits(shape, row) {
            bad.entry(&row.id).or_insert(why);
        }
    }
    let good = rows.iter().filter(|row| !bad.contains_key(row.id.as_str()));
    let wanted = good.map(|row| {
        let key = (row.table.to_owned(), row.id.clone());
        (key, (digest(row), row))
    });
    let wanted = wanted.collect();
    left_out.extend(bad.into_iter().map(|(id, why)| LeftOut {
        id: id.to_owned(),
        why,
    }));
    wanted
}

fn fits(shape: &Shape, row: &AsteriskRow) -> Result<(), String> {
    let table = row.table;
    for (name, value) in &row.columns {
        let column = shape.column(table, name);
        let column = column.ok_or_else(|| format!("there is no column {table}.{name}"))?;
        let length = encoded(value).chars().count();
        if let Some(width) = column.width.filter(|width| length > *width) {
            return Err(format!(
                "{table}.{name} has room for {width} characters, and {length} are needed"
            ));
        }
        if value.trim() != value {
            return Err(format!(
                "{table}.{name} begins or ends with a space, which Asterisk would take off"
            ));
        }
    }
    Ok(())
}

/// As Asterisk reads it by ODBC: at a `;` a value would end and the next one begin.
fn encoded(value: &str) -> String {
    value.replace('^', "^5E").replace(';', "^3B")
}

fn digest(row: &AsteriskRow) -> String {
    let mut hash = Sha256::new();
    for (name, value) in &row.columns {
        hash.update(format!("{name} {} {value}\n", value.len()));
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// What is ours already, with its digest.
async fn ours(tx: &mut Tx, ids: Option<&[String]>) -> Result<BTreeMap<Key, String>, StoreError> {
    let mut rows = Vec::new();
    match ids {
        None => {
            let all = Sql::select(OURS, OUR_COLUMNS, "WHERE id <> ?").bind("");
            rows = tx.fetch(all).await?;
        }
        Some(ids) => {
            for ids in pieces(ids) {
                rows.extend(
                    tx.fetch(Sql::among(OURS, OUR_COLUMNS, "id", ids, ""))
                        .await?,
                );
            }
        }
    }
    let ours = rows.iter().map(|row| {
        let key = (row.text("table_name")?, row.text("id")?);
        Ok((key, row.text("digest")?))
    });
    ours.collect()
}

fn by_table<'a>(keys: impl Iterator<Item = &'a Key>) -> BTreeMap<&'static str, Vec<String>> {
    let mut tables: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (table, id) in keys {
        // Another name would not be a table that we ever wrote.
        if let Some(table) = TABLES.into_iter().find(|it| it == table) {
            tables.entry(table).or_default().push(id.clone());
        }
    }
    tables
}

async fn remove(tx: &mut Tx, gone: &[Key]) -> Result<(), StoreError> {
    for (table, ids) in by_table(gone.iter()) {
        for ids in pieces(&ids) {
            tx.execute(Sql::delete_among(table, "id", ids)).await?;
            let ours = Sql::delete_among(OURS, "id", ids);
            tx.execute(ours.and(" AND table_name = ?").bind(table))
                .await?;
        }
    }
    Ok(())
}

/// Takes out of `wanted` what is another's.
async fn leave_others(
    tx: &mut Tx,
    wanted: &mut Wanted<'_>,
    left_out: &mut Vec<LeftOut>,
) -> Result<(), StoreError> {
    let mut others: BTreeMap<String, &'static str> = BTreeMap::new();
    for (table, ids) in by_table(wanted.keys()) {
        for ids in pieces(&ids) {
            let found = tx.fetch(Sql::among(table, &["id"], "id", ids, "")).await?;
            for row in found {
                // MariaDB finds an id whatever the case of its letters.
                others.insert(row.text("id")?.to_lowercase(), table);
            }
        }
    }
    for (id, table) in &others {
        let mine = wanted.keys().find(|(_, it)| it.to_lowercase() == *id);
        let Some((_, mine)) = mine.cloned() else {
            continue;
        };
        wanted.retain(|(_, it), _| *it != mine);
        let why =
            format!("{table} has a row {mine} that Cordboard did not make, and does not touch");
        left_out.push(LeftOut { id: mine, why });
    }
    Ok(())
}

async fn forget_contacts(tx: &mut Tx, ids: &BTreeSet<&str>) -> Result<(), StoreError> {
    let ids: Vec<&str> = ids.iter().copied().collect();
    for ids in pieces(&ids) {
        tx.execute(Sql::delete_among(CONTACTS, "endpoint", ids))
            .await?;
    }
    Ok(())
}

async fn insert(tx: &mut Tx, db: Db, shape: &Shape, wanted: &Wanted<'_>) -> Result<(), StoreError> {
    let mut alike: BTreeMap<(&'static str, Vec<&'static str>), Vec<&AsteriskRow>> = BTreeMap::new();
    for (_, row) in wanted.values() {
        let columns = row.columns.iter().map(|(name, _)| *name).collect();
        alike.entry((row.table, columns)).or_default().push(row);
    }
    for ((table, columns), rows) in alike {
        let kind = |name: &str| shape.column(table, name).map_or("", |it| it.kind.as_str());
        let names: Vec<_> = columns.iter().map(|name| db.quoted(name)).collect();
        let places: Vec<_> = columns.iter().map(|name| db.place_of(kind(name))).collect();
        let place = format!("({})", places.join(", "));
        for rows in pieces(&rows) {
            let places = vec![place.as_str(); rows.len()].join(", ");
            let text = format!("INSERT INTO {table} ({}) VALUES {places}", names.join(", "));
            let values = rows.iter().flat_map(|row| &row.columns);
            let sql = values.fold(Sql::new(table, text), |sql, (_, value)| {
                sql.bind(encoded(value))
            });
            tx.execute(sql).await?;
        }
    }
    let ours = wanted
        .iter()
        .map(|((table, id), (digest, _))| vec![id.into(), table.into(), digest.into()]);
    let ours: Vec<Vec<Value>> = ours.collect();
    tx.put(OURS, OUR_COLUMNS, "", &ours).await
}
