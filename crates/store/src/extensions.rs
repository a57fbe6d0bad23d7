//! The phones that we set up. What their secrets are proven by goes in and out apart from them.

use model::{Extension, ExtensionId, ServerId};

use crate::ExtensionChange;
use crate::StoreError;
use crate::database::{Database, Tx};
use crate::dialect::Db;
use crate::row::Row;
use crate::sql::{self, Sql, Value, json, pieces, word};

const TABLE: &str = "extensions";
const COLUMNS: &[&str] = &[
    "id",
    "number",
    "name",
    "server_id",
    "transport",
    "codecs",
    "context",
    "mailbox",
    "nat",
    "qualify_seconds",
    "active",
    "digest_md5",
    "digest_sha256",
];
/// How many a start reads with one statement.
const LOAD_STEP: u32 = 4_000;
/// The most that are written in one step.
pub const MAX_EXTENSIONS_AT_ONCE: usize = 10_000;

/// What a phone's secret is proven by: the hash of `user:realm:secret` (RFC 8760), in hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Digests {
    pub md5: String,
    pub sha256: String,
}

impl std::fmt::Debug for Digests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digests")
    }
}

/// A phone, with what its secret is proven by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptExtension {
    pub extension: Extension,
    pub digests: Digests,
}

pub struct Extensions<'a> {
    pub(crate) database: &'a Database,
}

impl Extensions<'_> {
    /// All of them or none, at most [`MAX_EXTENSIONS_AT_ONCE`]. Conflicts: `number` (taken), `server` (unknown).
    pub async fn create(&self, all: &[KeptExtension]) -> Result<(), StoreError> {
        if all.len() > MAX_EXTENSIONS_AT_ONCE {
            let problem = format!("are more than {MAX_EXTENSIONS_AT_ONCE}");
            return Err(StoreError::refused("extensions", problem));
        }
        let rows: Vec<_> = all.iter().map(values).collect();
        let mut tx = self.database.begin().await?;
        let put = tx.put(TABLE, COLUMNS, "", &rows).await;
        put.map_err(no_server)?;
        tx.commit().await
    }

    pub async fn get(&self, id: ExtensionId) -> Result<Option<KeptExtension>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(kept).transpose()
    }

    pub async fn by_number(&self, number: &str) -> Result<Option<KeptExtension>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE number = ?").bind(number);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(kept).transpose()
    }

    /// Those whose numbers these are, in any order.
    pub async fn by_numbers(&self, numbers: &[String]) -> Result<Vec<KeptExtension>, StoreError> {
        let mut known = Vec::new();
        for numbers in pieces(numbers) {
            let rows = self.database.fetch(among("number", numbers, "")).await?;
            for row in rows {
                known.push(kept(&row)?);
            }
        }
        Ok(known)
    }

    /// In the order of their numbers, as text, after the number `after`.
    pub async fn list(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Extension>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE number > ? ORDER BY number LIMIT ?")
            .bind(after.unwrap_or_default())
            .bind(sql::page(limit)?);
        let rows = self.database.fetch(sql).await?;
        let extension = |row| kept(row).map(|kept| kept.extension);
        rows.iter().map(extension).collect()
    }

    /// Hands all of them to `take`, some thousand at a time.
    pub async fn load(&self, mut take: impl FnMut(Vec<KeptExtension>)) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let rest = "WHERE number > ? ORDER BY number LIMIT ?";
            let sql = Sql::select(TABLE, COLUMNS, rest)
                .bind(&after)
                .bind(LOAD_STEP);
            let rows = self.database.fetch(sql).await?;
            let page: Vec<_> = rows.iter().map(kept).collect::<Result<_, _>>()?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            last.extension.number.clone_into(&mut after);
            take(page);
        }
    }

    pub async fn update(&self, kept: &KeptExtension) -> Result<(), StoreError> {
        let sql = Sql::update(TABLE, COLUMNS, values(kept));
        let done = self.database.execute_on_one(sql).await;
        done.map_err(no_server)
    }

    /// Whether calls of any of them begin in this context.
    pub async fn any_in(&self, context: &str) -> Result<bool, StoreError> {
        let sql = Sql::select(TABLE, &["id"], "WHERE context = ? LIMIT 1").bind(context);
        Ok(self.database.fetch_first(sql).await?.is_some())
    }

    pub async fn delete(&self, id: ExtensionId) -> Result<(), StoreError> {
        let sql = Sql::delete(TABLE, "id").bind(id);
        self.database.execute_on_one(sql).await
    }
}

/// Makes, replaces and removes them. A new one whose number is taken is a conflict.
pub(crate) async fn write(
    tx: &mut Tx,
    db: Db,
    changes: &[ExtensionChange],
) -> Result<(), StoreError> {
    let (mut new, mut replaced, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        match (&change.before, &change.after) {
            (None, Some(after)) => new.push(values(after)),
            (Some(_), Some(after)) => replaced.push(values(after)),
            (Some(before), None) => removed.push(before.extension.id),
            (None, None) => {}
        }
    }
    for ids in pieces(&removed) {
        tx.execute(Sql::delete_among(TABLE, "id", ids)).await?;
    }
    let replace = db.on_same_key(COLUMNS);
    for (rows, on_same_key) in [(new, ""), (replaced, replace.as_str())] {
        let put = tx.put(TABLE, COLUMNS, on_same_key, &rows).await;
        put.map_err(no_server)?;
    }
    Ok(())
}

/// Those whose `key` is one of `keys`: a piece of them (see [`pieces`]).
pub(crate) fn among<T: Clone + Into<Value>>(key: &str, keys: &[T], rest: &str) -> Sql {
    Sql::among(TABLE, COLUMNS, key, keys, rest)
}

pub(crate) fn no_server(error: StoreError) -> StoreError {
    if error.is_reference() {
        StoreError::missing("server")
    } else {
        error
    }
}

fn values(kept: &KeptExtension) -> Vec<Value> {
    let extension = &kept.extension;
    vec![
        extension.id.into(),
        (&extension.number).into(),
        (&extension.name).into(),
        extension.server.into(),
        word(extension.transport),
        json(&extension.codecs),
        (&extension.context).into(),
        extension.mailbox.clone().into(),
        extension.nat.into(),
        extension.qualify_seconds.into(),
        extension.active.into(),
        (&kept.digests.md5).into(),
        (&kept.digests.sha256).into(),
    ]
}

pub(crate) fn kept(row: &Row) -> Result<KeptExtension, StoreError> {
    let extension = Extension {
        id: ExtensionId(row.uuid("id")?),
        number: row.text("number")?,
        name: row.text("name")?,
        server: row.opt_uuid("server_id")?.map(ServerId),
        transport: row.word("transport")?,
        codecs: row.json("codecs")?,
        context: row.text("context")?,
        mailbox: row.opt_text("mailbox")?,
        nat: row.bool("nat")?,
        qualify_seconds: row.int("qualify_seconds")?,
        active: row.bool("active")?,
    };
    Ok(KeptExtension {
        extension,
        digests: Digests {
            md5: row.text("digest_md5")?,
            sha256: row.text("digest_sha256")?,
        },
    })
}
