//! Brings a schema up to date. A migration, once released, is never edited: its text's checksum stands in the database.
//!
//! MariaDB cannot take a `CREATE TABLE` back, so every statement of a migration must bear being run twice.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use crate::StoreError;
use crate::database::{Database, Tx};
use crate::dialect::Db;
use crate::row::Row;
use crate::sql::Sql;

/// What [`crate::Store::migrate`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The versions that were missing, in order.
    pub applied: Vec<u32>,
    /// The version the schema has.
    pub version: u32,
}

struct Migration {
    version: u32,
    name: &'static str,
    text: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal),+ $(,)?) => {
        &[$(Migration {
            version: $version,
            name: $name,
            text: include_str!(concat!("migrations/", $name, ".sql")),
        }),+]
    };
}

/// In order, without holes, only ever added to.
const MIGRATIONS: &[Migration] = migrations! {
    1 "0001_settings",
    2 "0002_users",
    3 "0003_sessions",
    4 "0004_api_keys",
    5 "0005_servers",
    6 "0006_queues",
    7 "0007_agents",
    8 "0008_members",
    9 "0009_dids",
    10 "0010_calls",
    11 "0011_offers",
    12 "0012_events",
    13 "0013_agent_states",
    14 "0014_agent_statuses",
    15 "0015_caller_ids",
    16 "0016_caller_id_imports",
    17 "0017_caller_id_rules",
    18 "0018_caller_id_uses",
    19 "0019_caller_id_counts",
    20 "0020_agent_states_by_time",
    21 "0021_cdr_packs",
    22 "0022_cdr_rolls",
    23 "0023_reconciliations",
    24 "0024_deliveries",
    25 "0025_report_schedules",
    26 "0026_placed_calls",
    27 "0027_did_return_wait",
    28 "0028_extensions",
    29 "0029_server_ami",
    30 "0030_trunks",
    31 "0031_call_control",
    32 "0032_trunk_routing",
    33 "0033_extension_imports",
    34 "0034_centre_changes",
    35 "0035_dialplan_contexts",
    36 "0036_did_routes",
    37 "0037_no_dids",
    38 "0038_server_provisioned_by",
    39 "0039_pick_up_waiting",
};

const TABLE: &str = "schema_migrations";
const TABLE_TEXT: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version {int} NOT NULL PRIMARY KEY,
    name {text:100} NOT NULL,
    checksum {text:64} NOT NULL,
    applied_at {instant} NOT NULL
)";

pub(crate) async fn run(database: &Database) -> Result<Migrated, StoreError> {
    let db = database.db();
    let (lock, unlock) = db.migration_lock();
    let mut tx = database.begin().await?;
    if let Some(lock) = lock {
        tx.script(lock.to_owned()).await?;
    }
    let applied = apply_missing(&mut tx, db).await;
    if let Some(unlock) = unlock {
        tx.script(unlock.to_owned()).await?;
    }
    let applied = applied?;
    tx.commit().await?;
    if let Some(from) = applied.first() {
        tracing::info!(from, to = known_version(), "migrated the schema");
    }
    Ok(Migrated {
        applied,
        version: known_version(),
    })
}

fn known_version() -> u32 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// The versions that are missing, in order. Makes none.
pub(crate) async fn pending(database: &Database) -> Result<Vec<u32>, StoreError> {
    let present = present(&database.fetch(select()).await?)?;
    let missing = missing(&present, database.db())?;
    Ok(missing.iter().map(|(one, ..)| one.version).collect())
}

async fn apply_missing(tx: &mut Tx, db: Db) -> Result<Vec<u32>, StoreError> {
    tx.script(db.migration(TABLE_TEXT)).await?;
    let present = present(&tx.fetch(select()).await?)?;
    let mut applied = Vec::new();
    for (migration, text, checksum) in missing(&present, db)? {
        apply(tx, migration, text, &checksum).await?;
        applied.push(migration.version);
    }
    Ok(applied)
}

/// A migration with its text for one kind of database, and that text's checksum.
type Rendered = (&'static Migration, String, String);

/// Which migrations are not among those present, which must be ours.
fn missing(present: &[Present], db: Db) -> Result<Vec<Rendered>, StoreError> {
    if let Some((found, ..)) = present.last()
        && *found > known_version()
    {
        return Err(StoreError::NewerSchema {
            found: *found,
            known: known_version(),
        });
    }
    let mut missing = Vec::new();
    for migration in MIGRATIONS {
        let text = db.migration(migration.text);
        let checksum = checksum(&text);
        match present.iter().find(|(v, ..)| *v == migration.version) {
            Some((.., found)) if *found == checksum => {}
            Some((version, name, _)) => {
                return Err(StoreError::ChangedMigration {
                    version: *version,
                    name: name.clone(),
                });
            }
            None => missing.push((migration, text, checksum)),
        }
    }
    Ok(missing)
}

/// Version, name and checksum of a migration that made this schema.
type Present = (u32, String, String);

fn select() -> Sql {
    let text = "SELECT version, name, checksum FROM schema_migrations ORDER BY version";
    Sql::new(TABLE, text)
}

fn present(rows: &[Row]) -> Result<Vec<Present>, StoreError> {
    rows.iter()
        .map(|row| {
            Ok((
                row.int("version")?,
                row.text("name")?,
                row.text("checksum")?,
            ))
        })
        .collect()
}

async fn apply(
    tx: &mut Tx,
    migration: &Migration,
    text: String,
    checksum: &str,
) -> Result<(), StoreError> {
    tracing::debug!(
        version = migration.version,
        name = migration.name,
        "migrating the schema"
    );
    tx.script(text).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    });
    let columns = &["version", "name", "checksum", "applied_at"];
    let values = vec![
        migration.version.into(),
        migration.name.into(),
        checksum.into(),
        now.into(),
    ];
    tx.execute(Sql::insert(TABLE, columns, values))
        .await
        .map(drop)
}

fn checksum(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        use std::fmt::Write as _;
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_numbered_without_holes_and_named_by_their_number() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.version as usize, index + 1);
            assert!(
                migration
                    .name
                    .starts_with(&format!("{:04}_", migration.version))
            );
        }
    }

    /// A schema out there was made by exactly these texts. Add a line for a new migration; never change one.
    #[test]
    fn are_never_edited() {
        let sums: Vec<String> = MIGRATIONS
            .iter()
            .flat_map(|migration| {
                [Db::Sqlite, Db::Postgres, Db::MariaDb].map(|db| db.migration(migration.text))
            })
            .map(|text| checksum(&text)[..8].to_owned())
            .collect();
        let sums: Vec<String> = sums.chunks(3).map(|sums| sums.join(" ")).collect();
        let released: Vec<&str> = include_str!("migrations/checksums").lines().collect();
        assert_eq!(sums, released);
    }

    #[test]
    fn bear_being_run_twice() {
        for migration in MIGRATIONS {
            for statement in migration.text.split(';') {
                let words: Vec<&str> = statement.split_whitespace().collect();
                let statement = words.join(" ");
                assert!(
                    statement.is_empty()
                        || statement.contains(" IF NOT EXISTS ")
                        || statement.contains(" {IF NOT EXISTS} ")
                        || statement.contains(" WHERE NOT EXISTS ")
                        || statement.starts_with("DROP TABLE IF EXISTS "),
                    "{}: {statement}",
                    migration.name
                );
            }
        }
    }
}
