//! The numbers that we may present. An import writes here too, by [`write`].

use std::collections::BTreeSet;

use model::{CallerId, CallerIdKey, E164};
use tokio::{sync::mpsc, task::JoinHandle};
use uuid::Uuid;

use crate::database::{Database, Tx};
use crate::dialect::Db;
use crate::line::{self, Column, Line};
use crate::row::Row;
use crate::sql::{self, Sql, Value, json, pieces, word};
use crate::{ConflictKind, StoreError};

pub(crate) const TABLE: &str = "caller_ids";
const COLUMNS: &[&str] = &[
    "id",
    "number",
    "e164",
    "country",
    "calling_code",
    "region",
    "area_code",
    "carrier",
    "labels",
    "campaigns",
    "per_minute_limit",
    "hourly_limit",
    "daily_limit",
    "max_concurrent",
    "time_zone",
    "active",
    "verified",
    "attestation",
    "note",
    "created_at",
    "updated_at",
];
/// The same, as they are read.
const JOINED: &[Column] = &[
    Column::Id("id"),
    Column::Set("number"),
    Column::Set("e164"),
    Column::OptText("country"),
    Column::OptCount("calling_code"),
    Column::OptText("region"),
    Column::OptText("area_code"),
    Column::Set("carrier"),
    Column::Set("labels"),
    Column::Set("campaigns"),
    Column::OptCount("per_minute_limit"),
    Column::Set("hourly_limit"),
    Column::Set("daily_limit"),
    Column::Set("max_concurrent"),
    Column::Set("time_zone"),
    Column::Set("active"),
    Column::OptText("verified"),
    Column::OptText("attestation"),
    Column::Set("note"),
    Column::Set("created_at"),
    Column::Set("updated_at"),
];
const LABELS: &str = "caller_id_labels";
const LABEL_COLUMNS: &[&str] = &["caller_id_e164", "label"];
const COUNTS: &str = "caller_id_counts";

/// How many rows a start reads with one statement.
const LOAD_STEP: usize = 4_000;
/// How often it reads ahead of what is taken.
const READ_AHEAD: usize = 2;
/// The most numbers of one [`CallerIds::by_numbers`].
pub const MAX_NUMBERS: usize = 10_000;

/// Which caller IDs; all that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallerIdFilter {
    /// How the number begins, as E.164: `+1202`.
    pub number: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    pub area_code: Option<String>,
    /// How the carrier's name begins, letter case and all.
    pub carrier: Option<String>,
    pub label: Option<String>,
    pub active: Option<bool>,
}

pub struct CallerIds<'a> {
    pub(crate) database: &'a Database,
}

impl CallerIds<'_> {
    /// Conflicts: `number` (taken).
    pub async fn create(&self, caller_id: &CallerId) -> Result<(), StoreError> {
        self.write(Change::added(caller_id.clone())).await
    }

    pub async fn get(&self, id: CallerIdKey) -> Result<Option<CallerId>, StoreError> {
        self.first(self.select("WHERE id = ?").bind(id)).await
    }

    pub async fn by_e164(&self, number: E164) -> Result<Option<CallerId>, StoreError> {
        self.first(self.select("WHERE e164 = ?").bind(number)).await
    }

    /// Those of `numbers` that are there, in no order. At most [`MAX_NUMBERS`].
    pub async fn by_numbers(&self, numbers: &[E164]) -> Result<Vec<CallerId>, StoreError> {
        if numbers.len() > MAX_NUMBERS {
            let problem = format!("are {}, more than {MAX_NUMBERS}", numbers.len());
            return Err(StoreError::refused("numbers", problem));
        }
        let mut known = Vec::new();
        for numbers in pieces(numbers) {
            let sql = among(self.database.db(), "e164", numbers, "");
            for row in self.database.fetch(sql).await? {
                known.push(caller_id(&row)?);
            }
        }
        Ok(known)
    }

    /// In the order of the numbers, as text, after the number `after`.
    pub async fn list(
        &self,
        filter: &CallerIdFilter,
        after: Option<E164>,
        limit: u32,
    ) -> Result<Vec<CallerId>, StoreError> {
        let select = line::joined(self.database.db(), JOINED) + " AS joined";
        let sql = filtered(&select, filter, after)
            .and(&format!(" ORDER BY {} LIMIT ?", filter.key()))
            .bind(sql::page(limit)?);
        let rows = self.database.fetch(sql).await?;
        rows.iter().map(caller_id).collect()
    }

    pub async fn count(&self, filter: &CallerIdFilter) -> Result<u64, StoreError> {
        let sql = filtered("COUNT(*) AS numbers", filter, None);
        match self.database.fetch_first(sql).await? {
            Some(row) => row.int("numbers"),
            None => Ok(0),
        }
    }

    /// Conflicts: `number` (taken).
    pub async fn update(&self, caller_id: &CallerId) -> Result<(), StoreError> {
        let db = self.database.db();
        let mut tx = self.database.begin().await?;
        let old = locked(&mut tx, db, caller_id.id).await?;
        let change = Change::new(Some(old), Some(caller_id.clone()));
        write(&mut tx, db, &[change]).await?;
        tx.commit().await
    }

    /// Its uses stay in the log.
    pub async fn delete(&self, id: CallerIdKey) -> Result<(), StoreError> {
        let db = self.database.db();
        let mut tx = self.database.begin().await?;
        let old = locked(&mut tx, db, id).await?;
        write(&mut tx, db, &[Change::new(Some(old), None)]).await?;
        tx.commit().await
    }

    /// Hands all of them to `take`, some thousand at a time, in the order of their ids; how many. What a start reads.
    ///
    /// While `take` has some of them, the next are made into values and those after them are read.
    pub async fn load(&self, mut take: impl FnMut(Vec<CallerId>)) -> Result<u64, StoreError> {
        let (pages, mut read) = mpsc::channel(READ_AHEAD);
        let reading = tokio::spawn(read_pages(self.database.clone(), pages));
        let mut count = 0;
        while let Some(page) = read.recv().await {
            let values = page.await.expect("reading a row does not panic")?;
            count += values.len() as u64;
            take(values);
        }
        reading.await.expect("reading rows does not panic")?;
        Ok(count)
    }

    async fn write(&self, change: Change) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        write(&mut tx, self.database.db(), &[change]).await?;
        tx.commit().await
    }

    fn select(&self, rest: &str) -> Sql {
        select(self.database.db(), rest)
    }

    async fn first(&self, sql: Sql) -> Result<Option<CallerId>, StoreError> {
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(caller_id).transpose()
    }
}

/// Numbers that are being made into values.
type Page = JoinHandle<Result<Vec<CallerId>, StoreError>>;

/// Reads all numbers in the order of their ids, until nobody takes them any more.
async fn read_pages(database: Database, pages: mpsc::Sender<Page>) -> Result<(), StoreError> {
    let mut after = Uuid::nil();
    loop {
        let sql = select(database.db(), "WHERE id > ? ORDER BY id LIMIT ?")
            .bind(after)
            .bind(LOAD_STEP as u64);
        let rows = database.fetch(sql).await?;
        let full = rows.len() == LOAD_STEP;
        if let Some(last) = rows.last() {
            after = caller_id(last)?.id.0;
        }
        let page = tokio::task::spawn_blocking(move || rows.iter().map(caller_id).collect());
        if pages.send(page).await.is_err() || !full {
            return Ok(());
        }
    }
}

impl CallerIdFilter {
    /// The column that has the number: the label's rows are in its order too.
    fn key(&self) -> &'static str {
        match self.label {
            Some(_) => "caller_id_e164",
            None => "e164",
        }
    }
}

fn filtered(select: &str, filter: &CallerIdFilter, after: Option<E164>) -> Sql {
    let key = filter.key();
    let mut sql = Sql::new(TABLE, format!("SELECT {select} FROM {TABLE}"));
    if filter.label.is_some() {
        sql = sql.and(" JOIN caller_id_labels ON e164 = caller_id_e164");
    }
    sql = sql
        .and(&format!(" WHERE {key} > ?"))
        .bind(after.map(|number| number.to_string()).unwrap_or_default());
    if let Some(label) = &filter.label {
        sql = sql.and(" AND label = ?").bind(label);
    }
    if let Some(country) = &filter.country {
        sql = sql.and(" AND country = ?").bind(country);
    }
    if let Some(area_code) = &filter.area_code {
        sql = sql.and(" AND area_code = ?").bind(area_code);
    }
    if let Some(active) = filter.active {
        sql = sql.and(" AND active = ?").bind(active);
    }
    for (column, start) in [(key, &filter.number), ("carrier", &filter.carrier)] {
        if let Some(start) = start {
            sql = sql
                .and(&format!(" AND {column} >= ? AND {column} < ?"))
                .bind(start)
                .bind(format!("{start}\u{10ffff}"));
        }
    }
    sql
}

/// What becomes of one number, and what it was.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) old: Option<CallerId>,
    pub(crate) new: Option<CallerId>,
}

impl Change {
    pub(crate) fn new(old: Option<CallerId>, new: Option<CallerId>) -> Self {
        Self { old, new }
    }

    pub(crate) fn added(new: CallerId) -> Self {
        Self::new(None, Some(new))
    }

    /// The numbers whose labels are to be forgotten, and those to be written.
    fn labels(&self) -> (Option<E164>, Option<&CallerId>) {
        let labels = |row: &CallerId| (row.e164, row.labels.clone());
        let (old, new) = (self.old.as_ref(), self.new.as_ref());
        if old.map(labels) == new.map(labels) {
            return (None, None);
        }
        let old = old.filter(|old| !old.labels.is_empty());
        (old.map(|old| old.e164), new)
    }
}

/// Writes changes of different numbers, whose old rows this transaction has read.
pub(crate) async fn write(tx: &mut Tx, db: Db, changes: &[Change]) -> Result<(), StoreError> {
    let (mut added, mut changed, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut unlabelled, mut labelled) = (Vec::new(), Vec::new());
    for change in changes {
        match (&change.old, &change.new) {
            (None, Some(new)) => added.push(values(new)?),
            (Some(_), Some(new)) => changed.push(values(new)?),
            (Some(old), None) => removed.push(old.id),
            (None, None) => {}
        }
        let (old, new) = change.labels();
        unlabelled.extend(old);
        labelled.extend(new.into_iter().flat_map(label_rows));
    }
    for numbers in pieces(&unlabelled) {
        tx.execute(Sql::delete_among(LABELS, "caller_id_e164", numbers))
            .await?;
    }
    for ids in pieces(&removed) {
        tx.execute(Sql::delete_among(TABLE, "id", ids)).await?;
        tx.execute(Sql::delete_among(COUNTS, "caller_id_id", ids))
            .await?;
    }
    // Only by id: MariaDB would replace a row with the same number too.
    let replace = db.on_same_key(COLUMNS);
    match &changed[..] {
        [one] => tx
            .execute_on_one(Sql::update(TABLE, COLUMNS, one.clone()))
            .await
            .map_err(taken)?,
        many => tx
            .put(TABLE, COLUMNS, &replace, many)
            .await
            .map_err(taken)?,
    }
    tx.put(TABLE, COLUMNS, "", &added).await.map_err(taken)?;
    tx.put(LABELS, LABEL_COLUMNS, "", &labelled).await
}

/// SQLite names the column, the others the constraint; on the wire it is the number.
fn taken(error: StoreError) -> StoreError {
    match error {
        StoreError::Conflict {
            field,
            kind: ConflictKind::Taken,
            ..
        } if field == "e164" => StoreError::taken("number"),
        other => other,
    }
}

async fn locked(tx: &mut Tx, db: Db, id: CallerIdKey) -> Result<CallerId, StoreError> {
    let sql = select(db, "WHERE id = ?").bind(id).and(db.for_update());
    match tx.fetch(sql).await?.first() {
        Some(row) => caller_id(row),
        None => Err(StoreError::NotFound { table: TABLE }),
    }
}

fn select(db: Db, rest: &str) -> Sql {
    let joined = line::joined(db, JOINED) + " AS joined";
    Sql::select(TABLE, &[&joined], rest)
}

/// The rows whose `key` is one of a piece of them.
pub(crate) fn among<T: Clone + Into<Value>>(db: Db, key: &str, keys: &[T], rest: &str) -> Sql {
    let joined = line::joined(db, JOINED) + " AS joined";
    Sql::among(TABLE, &[&joined], key, keys, rest)
}

fn label_rows(row: &CallerId) -> impl Iterator<Item = Vec<Value>> {
    let labels = row.labels.iter();
    labels.map(|label| vec![row.e164.into(), label.into()])
}

fn values(row: &CallerId) -> Result<Vec<Value>, StoreError> {
    for (field, text) in [
        ("number", Some(&row.number)),
        ("country", row.country.as_ref()),
        ("region", row.region.as_ref()),
        ("area_code", row.area_code.as_ref()),
        ("carrier", Some(&row.carrier)),
        ("time_zone", Some(&row.time_zone)),
        ("note", Some(&row.note)),
    ] {
        line::check(field, text.map_or("", String::as_str))?;
    }
    Ok(vec![
        row.id.into(),
        (&row.number).into(),
        row.e164.into(),
        row.country.clone().into(),
        row.calling_code.into(),
        row.region.clone().into(),
        row.area_code.clone().into(),
        (&row.carrier).into(),
        json(&row.labels),
        json(&row.campaigns),
        row.per_minute_limit.into(),
        row.hourly_limit.into(),
        row.daily_limit.into(),
        row.max_concurrent.into(),
        (&row.time_zone).into(),
        row.active.into(),
        word(row.verified),
        word(row.attestation),
        (&row.note).into(),
        row.created_at.into(),
        row.updated_at.into(),
    ])
}

pub(crate) fn caller_id(row: &Row) -> Result<CallerId, StoreError> {
    let mut line = Line::new(TABLE, row.borrowed("joined")?);
    let caller_id = CallerId {
        id: CallerIdKey(line.uuid("id")?),
        number: line.text("number")?,
        e164: line.e164("e164")?,
        country: line.opt_text("country")?,
        calling_code: line.opt_count("calling_code")?,
        region: line.opt_text("region")?,
        area_code: line.opt_text("area_code")?,
        carrier: line.text("carrier")?,
        labels: names(&mut line, "labels")?,
        campaigns: names(&mut line, "campaigns")?,
        per_minute_limit: line.opt_count("per_minute_limit")?,
        hourly_limit: line.int("hourly_limit")?,
        daily_limit: line.int("daily_limit")?,
        max_concurrent: line.int("max_concurrent")?,
        time_zone: line.text("time_zone")?,
        active: line.bool("active")?,
        verified: line.opt_word("verified")?,
        attestation: line.opt_word("attestation")?,
        note: line.text("note")?,
        created_at: line.instant("created_at")?,
        updated_at: line.instant("updated_at")?,
    };
    line.end("updated_at")?;
    Ok(caller_id)
}

fn names(line: &mut Line<'_>, column: &str) -> Result<BTreeSet<String>, StoreError> {
    line.json(column)
}
