//! The ways to and from the telephone network. Passwords come and go sealed: this module cannot read them.

use std::collections::BTreeSet;

use model::{ServerId, Timestamp, Trunk, TrunkId};

use crate::StoreError;
use crate::database::Database;
use crate::extensions::no_server;
use crate::row::Row;
use crate::sql::{self, Sql, Value, json, word};

const TABLE: &str = "trunks";
const COLUMNS: &[&str] = &[
    "id",
    "name",
    "server_id",
    "host",
    "port",
    "transport",
    "username",
    "registers",
    "addresses",
    "context",
    "codecs",
    "from_domain",
    "qualify_seconds",
    "active",
    "sealed_secret",
    "outbound",
];

/// A trunk, with its password as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTrunk {
    pub trunk: Trunk,
    /// Sealed, at most 4,000 characters; nothing: there is none.
    pub sealed: Option<String>,
}

/// What was found when a trunk was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTrunkCheck {
    pub trunk: TrunkId,
    pub made_at: Timestamp,
    /// At most 100 characters.
    pub made_by: String,
    /// In the maker's own JSON.
    pub result: String,
}

const CHECKS: &str = "trunk_checks";
const CHECK_COLUMNS: &[&str] = &["id", "trunk_id", "made_at", "made_by", "result"];
/// The most checks that are kept of a trunk.
pub const MAX_TRUNK_CHECKS: u16 = 100;

pub struct Trunks<'a> {
    pub(crate) database: &'a Database,
}

impl Trunks<'_> {
    /// Conflicts: `name` (taken), `server` (unknown).
    pub async fn create(&self, kept: &KeptTrunk) -> Result<(), StoreError> {
        let sql = Sql::insert(TABLE, COLUMNS, values(kept));
        let done = self.database.execute(sql).await;
        done.map(drop).map_err(no_server)
    }

    pub async fn get(&self, id: TrunkId) -> Result<Option<KeptTrunk>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(kept).transpose()
    }

    /// In the order of their names, after the name `after`.
    pub async fn list(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<KeptTrunk>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE name > ? ORDER BY name LIMIT ?")
            .bind(after.unwrap_or_default())
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(kept).collect()
    }

    pub async fn update(&self, kept: &KeptTrunk) -> Result<(), StoreError> {
        let sql = Sql::update(TABLE, COLUMNS, values(kept));
        let done = self.database.execute_on_one(sql).await;
        done.map_err(no_server)
    }

    /// Whether calls of any of them begin in this context.
    pub async fn any_in(&self, context: &str) -> Result<bool, StoreError> {
        let sql = Sql::select(TABLE, &["id"], "WHERE context = ? LIMIT 1").bind(context);
        Ok(self.database.fetch_first(sql).await?.is_some())
    }

    /// Keeps what was found, in place of the oldest where there are [`MAX_TRUNK_CHECKS`]. Conflicts: `trunk` (unknown).
    pub async fn keep_check(&self, kept: &KeptTrunkCheck, random: u128) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        let newest = Sql::select(
            CHECKS,
            &["id"],
            "WHERE trunk_id = ? ORDER BY made_at DESC, id DESC LIMIT ?",
        )
        .bind(kept.trunk)
        .bind(u32::from(MAX_TRUNK_CHECKS));
        let newest = tx.fetch(newest).await?;
        let surplus = newest
            .get(usize::from(MAX_TRUNK_CHECKS) - 1..)
            .unwrap_or_default();
        for row in surplus {
            tx.execute(Sql::delete(CHECKS, "id").bind(row.uuid("id")?))
                .await?;
        }
        let values = vec![
            TrunkId::new(kept.made_at, random).0.into(),
            kept.trunk.into(),
            kept.made_at.into(),
            kept.made_by.as_str().into(),
            kept.result.as_str().into(),
        ];
        match tx.execute(Sql::insert(CHECKS, CHECK_COLUMNS, values)).await {
            Err(error) if error.is_reference() => return Err(StoreError::missing("trunk")),
            done => drop(done?),
        }
        tx.commit().await
    }

    /// The last that were found, the newest first.
    pub async fn checks(
        &self,
        trunk: TrunkId,
        limit: u32,
    ) -> Result<Vec<KeptTrunkCheck>, StoreError> {
        let rest = "WHERE trunk_id = ? ORDER BY made_at DESC, id DESC LIMIT ?";
        let sql = Sql::select(CHECKS, CHECK_COLUMNS, rest)
            .bind(trunk)
            .bind(sql::page(limit)?);
        let rows = self.database.fetch(sql).await?;
        let kept = |row: &Row| {
            Ok(KeptTrunkCheck {
                trunk: TrunkId(row.uuid("trunk_id")?),
                made_at: row.instant("made_at")?,
                made_by: row.text("made_by")?,
                result: row.text("result")?,
            })
        };
        rows.iter().map(kept).collect()
    }

    /// The contexts in which their calls begin.
    pub async fn contexts(&self) -> Result<BTreeSet<String>, StoreError> {
        let sql = Sql::new(TABLE, "SELECT DISTINCT context FROM trunks");
        let rows = self.database.fetch(sql).await?;
        rows.iter().map(|row| row.text("context")).collect()
    }

    pub async fn delete(&self, id: TrunkId) -> Result<(), StoreError> {
        let sql = Sql::delete(TABLE, "id").bind(id);
        self.database.execute_on_one(sql).await
    }
}

fn values(kept: &KeptTrunk) -> Vec<Value> {
    let trunk = &kept.trunk;
    vec![
        trunk.id.into(),
        (&trunk.name).into(),
        trunk.server.into(),
        (&trunk.host).into(),
        trunk.port.into(),
        word(trunk.transport),
        trunk.username.clone().into(),
        trunk.registers.into(),
        json(&trunk.addresses),
        (&trunk.context).into(),
        json(&trunk.codecs),
        trunk.from_domain.clone().into(),
        trunk.qualify_seconds.into(),
        trunk.active.into(),
        kept.sealed.clone().into(),
        trunk.outbound.as_ref().map_or(Value::Text(None), json),
    ]
}

fn kept(row: &Row) -> Result<KeptTrunk, StoreError> {
    let trunk = Trunk {
        id: TrunkId(row.uuid("id")?),
        name: row.text("name")?,
        server: row.opt_uuid("server_id")?.map(ServerId),
        host: row.text("host")?,
        port: row.int("port")?,
        transport: row.word("transport")?,
        username: row.opt_text("username")?,
        registers: row.bool("registers")?,
        addresses: row.json("addresses")?,
        context: row.text("context")?,
        codecs: row.json("codecs")?,
        from_domain: row.opt_text("from_domain")?,
        qualify_seconds: row.int("qualify_seconds")?,
        active: row.bool("active")?,
        outbound: row.opt_json("outbound")?,
    };
    Ok(KeptTrunk {
        trunk,
        sealed: row.opt_text("sealed_secret")?,
    })
}
