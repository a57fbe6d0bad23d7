//! Call detail records of other databases, as packs of a source's days; how they are packed is not known here.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::StoreError;
use crate::database::{Database, Tx};
use crate::row::Row;
use crate::sql::Sql;

const PACKS: &str = "cdr_packs";
const PACK_COLUMNS: &[&str] = &["source", "day", "part", "call_rows", "bytes"];
const DESTINATIONS: &str = "cdr_destinations";
const DESTINATION_COLUMNS: &[&str] = &["chunk", "bytes"];
const ROLLS: &str = "cdr_rolls";
const ROLL_COLUMNS: &[&str] = &["source", "day", "part", "rules", "bytes"];
const EXTENSIONS: &str = "cdr_extensions";
const EXTENSION_COLUMNS: &[&str] = &["source", "extension", "name", "named_at"];
const MARKS: &str = "cdr_marks";
const MARK_COLUMNS: &[&str] = &["source", "mark"];

/// The most bytes in one row: servers refuse larger packets than they are set to.
const PART: usize = 1 << 20;
/// How many chunks are read with one statement.
const STEP: u32 = 64;

/// One day of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedDay {
    /// Days since 1970-01-01.
    pub day: i32,
    /// How many records are in it.
    pub rows: u64,
    pub bytes: Vec<u8>,
}

/// A part of the numbers that packs refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationChunk {
    pub chunk: u32,
    pub bytes: Vec<u8>,
}

/// What a day comes to by certain rules; it can be made from packs again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedRoll {
    pub day: i32,
    pub bytes: Vec<u8>,
}

/// An extension that was counted, and the last name it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownExtension {
    pub extension: String,
    pub name: String,
    /// When it had that name, in seconds since 1970.
    pub named_at: i64,
}

/// What is written at once, or not at all.
#[derive(Debug, Clone, Default)]
pub struct PackBatch<'a> {
    pub source: &'a str,
    /// Each replaces what was kept of its day, its roll as well; one without rows empties it.
    pub days: &'a [PackedDay],
    pub rolls: &'a [PackedRoll],
    /// By which rules the rolls were made; at most 64 characters.
    pub rules: &'a str,
    pub extensions: &'a [KnownExtension],
    pub destinations: &'a [DestinationChunk],
    /// How far the source has been read, in the reader's own JSON; nothing where that stays.
    pub mark: Option<&'a str>,
}

pub struct CdrPacks<'a> {
    pub(crate) database: &'a Database,
}

impl CdrPacks<'_> {
    pub async fn write(&self, batch: &PackBatch<'_>) -> Result<(), StoreError> {
        let db = self.database.db();
        let mut tx = self.database.begin().await?;
        for packed in batch.days {
            delete_day(&mut tx, PACKS, batch.source, packed.day).await?;
            delete_day(&mut tx, ROLLS, batch.source, packed.day).await?;
            for (part, bytes) in (0_u32..).zip(packed.bytes.chunks(PART)) {
                // The first part says how many rows all of them have.
                let rows = if part == 0 { packed.rows } else { 0 };
                let values = vec![
                    batch.source.into(),
                    packed.day.into(),
                    part.into(),
                    rows.into(),
                    bytes.into(),
                ];
                tx.execute(Sql::insert(PACKS, PACK_COLUMNS, values)).await?;
            }
        }
        for roll in batch.rolls {
            delete_day(&mut tx, ROLLS, batch.source, roll.day).await?;
            for (part, bytes) in (0_u32..).zip(roll.bytes.chunks(PART)) {
                let values = vec![
                    batch.source.into(),
                    roll.day.into(),
                    part.into(),
                    batch.rules.into(),
                    bytes.into(),
                ];
                tx.execute(Sql::insert(ROLLS, ROLL_COLUMNS, values)).await?;
            }
        }
        for known in batch.extensions {
            let rest = "DELETE FROM cdr_extensions WHERE source = ? AND extension = ?";
            let delete = Sql::new(EXTENSIONS, rest).bind(batch.source);
            tx.execute(delete.bind(known.extension.as_str())).await?;
            let values = vec![
                batch.source.into(),
                known.extension.as_str().into(),
                known.name.as_str().into(),
                known.named_at.into(),
            ];
            tx.execute(Sql::insert(EXTENSIONS, EXTENSION_COLUMNS, values))
                .await?;
        }
        let replace = db.on_same_key(DESTINATION_COLUMNS);
        for DestinationChunk { chunk, bytes } in batch.destinations {
            let values = vec![(*chunk).into(), bytes.as_slice().into()];
            let sql = Sql::insert(DESTINATIONS, DESTINATION_COLUMNS, values).and(&replace);
            tx.execute(sql).await?;
        }
        if let Some(mark) = batch.mark {
            let values = vec![batch.source.into(), mark.into()];
            let sql = Sql::insert(MARKS, MARK_COLUMNS, values).and(&db.on_same_key(MARK_COLUMNS));
            tx.execute(sql).await?;
        }
        tx.commit().await
    }

    /// Nothing for a day without records.
    pub async fn day(&self, source: &str, day: i32) -> Result<Option<PackedDay>, StoreError> {
        let rest = "WHERE source = ? AND day = ? ORDER BY part";
        let sql = Sql::select(PACKS, PACK_COLUMNS, rest)
            .bind(source)
            .bind(day);
        let mut packed: Option<PackedDay> = None;
        for row in self.database.fetch(sql).await? {
            let packed = packed.get_or_insert_with(|| PackedDay {
                day,
                rows: 0,
                bytes: Vec::new(),
            });
            packed.rows += row.int::<u64>("call_rows")?;
            packed.bytes.extend(row.bytes("bytes")?);
        }
        Ok(packed)
    }

    /// The days of `source` that have records, in their order, and how many each has.
    pub async fn days(&self, source: &str) -> Result<BTreeMap<i32, u64>, StoreError> {
        let rest = "WHERE source = ? AND part = 0 ORDER BY day";
        let sql = Sql::select(PACKS, &["day", "call_rows"], rest).bind(source);
        let rows = self.database.fetch(sql).await?;
        let day = |row: &Row| Ok((row.int("day")?, row.int("call_rows")?));
        rows.iter().map(day).collect()
    }

    /// The rolls of `source` by `rules` from the first day to the last.
    pub async fn rolls(
        &self,
        source: &str,
        rules: &str,
        days: RangeInclusive<i32>,
    ) -> Result<Vec<PackedRoll>, StoreError> {
        let rest =
            "WHERE source = ? AND day >= ? AND day <= ? AND rules = ? ORDER BY source, day, part";
        let sql = Sql::select(ROLLS, ROLL_COLUMNS, rest)
            .bind(source)
            .bind(*days.start())
            .bind(*days.end())
            .bind(rules);
        let mut rolls: Vec<PackedRoll> = Vec::new();
        for row in self.database.fetch(sql).await? {
            let (day, bytes) = (row.int("day")?, row.bytes("bytes")?);
            match rolls.last_mut().filter(|last| last.day == day) {
                Some(last) => last.bytes.extend(bytes),
                None => rolls.push(PackedRoll { day, bytes }),
            }
        }
        Ok(rolls)
    }

    /// The days of `source` that have a roll by `rules`.
    pub async fn rolled(&self, source: &str, rules: &str) -> Result<BTreeSet<i32>, StoreError> {
        let rest = "WHERE source = ? AND part = 0 AND rules = ?";
        let sql = Sql::select(ROLLS, &["day"], rest).bind(source).bind(rules);
        let rows = self.database.fetch(sql).await?;
        rows.iter().map(|row| row.int("day")).collect()
    }

    /// Every extension of `source` that was ever counted.
    pub async fn extensions(&self, source: &str) -> Result<Vec<KnownExtension>, StoreError> {
        let rest = "WHERE source = ? ORDER BY extension";
        let sql = Sql::select(EXTENSIONS, EXTENSION_COLUMNS, rest).bind(source);
        let known = |row: &Row| {
            Ok(KnownExtension {
                extension: row.text("extension")?,
                name: row.text("name")?,
                named_at: row.int("named_at")?,
            })
        };
        self.database.fetch(sql).await?.iter().map(known).collect()
    }

    /// How far each source has been read.
    pub async fn marks(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let sql = Sql::select(MARKS, MARK_COLUMNS, "ORDER BY source");
        let rows = self.database.fetch(sql).await?;
        let mark = |row: &Row| Ok((row.text("source")?, row.text("mark")?));
        rows.iter().map(mark).collect()
    }

    /// Hands every chunk to `take`, in order.
    pub async fn destinations(
        &self,
        mut take: impl FnMut(DestinationChunk),
    ) -> Result<(), StoreError> {
        let mut after = -1;
        loop {
            let rest = "WHERE chunk > ? ORDER BY chunk LIMIT ?";
            let sql = Sql::select(DESTINATIONS, DESTINATION_COLUMNS, rest)
                .bind(after)
                .bind(STEP);
            let rows = self.database.fetch(sql).await?;
            for row in &rows {
                let chunk: u32 = row.int("chunk")?;
                after = i64::from(chunk);
                take(DestinationChunk {
                    chunk,
                    bytes: row.bytes("bytes")?,
                });
            }
            if rows.len() < STEP as usize {
                return Ok(());
            }
        }
    }

    /// Forgets all of a source that is no longer asked.
    pub async fn forget(&self, source: &str) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        for table in [PACKS, ROLLS, EXTENSIONS, MARKS] {
            tx.execute(Sql::delete(table, "source").bind(source))
                .await?;
        }
        tx.commit().await
    }
}

async fn delete_day(
    tx: &mut Tx,
    table: &'static str,
    source: &str,
    day: i32,
) -> Result<(), StoreError> {
    let delete = Sql::delete(table, "source").bind(source);
    tx.execute(delete.and(" AND day = ?").bind(day)).await?;
    Ok(())
}
