//! The contract of every repository method, held on SQLite, PostgreSQL and MariaDB by the same test bodies.
//!
//! Each test has a fresh database. PostgreSQL and MariaDB are those that `lab services run -- …` names in the
//! environment; without them their tests say that they were skipped, and fail where a skip is not allowed.

#![allow(clippy::unwrap_used)]

extern crate cordboard_store as store;

mod alarms;
mod asterisk_tables;
mod caller_id_imports;
mod caller_id_uses;
mod caller_ids;
mod calls;
mod cdr_packs;
mod centre_changes;
mod deliveries;
mod extension_imports;
mod faults;
mod fixtures;
mod history;
mod journal;
mod migrations;
mod nouns;
mod people;
mod reconciliations;
mod report_schedules;
mod retention;
mod texts;

use store::{Db, Store};

const POSTGRES_ENV: &str = "CORDBOARD_TEST_POSTGRES";
const MARIADB_ENV: &str = "CORDBOARD_TEST_MARIADB";

/// A database of one test's own; gone when dropped.
struct TestDb {
    dsn: String,
    _folder: Option<tempfile::TempDir>,
    _database: Option<lab::Database>,
}

impl TestDb {
    /// `None`: there is no such server here, and that has been said.
    async fn fresh(db: Db) -> Option<Self> {
        let (folder, database) = match db {
            Db::Sqlite => (Some(tempfile::tempdir().unwrap()), None),
            Db::Postgres if lab::is_given(POSTGRES_ENV) => {
                (None, Some(lab::shared_postgres().await.unwrap()))
            }
            Db::MariaDb if lab::is_given(MARIADB_ENV) => {
                (None, Some(lab::shared_mariadb().await.unwrap()))
            }
            Db::Postgres | Db::MariaDb => return None,
        };
        let dsn = match (&folder, &database) {
            (Some(folder), _) => format!("sqlite:{}", folder.path().join("test.db").display()),
            (_, Some(database)) => database.dsn().to_owned(),
            (None, None) => return None,
        };
        Some(Self {
            dsn,
            _folder: folder,
            _database: database,
        })
    }

    async fn open(&self) -> Store {
        Store::open(&self.dsn).await.unwrap()
    }

    /// Runs a statement behind the store's back.
    async fn meddle(&self, sql: &'static str) {
        if self.dsn.starts_with("sqlite") {
            let pool = sqlx::SqlitePool::connect(&self.dsn).await.unwrap();
            sqlx::raw_sql(sql).execute(&pool).await.unwrap();
        } else if self.dsn.starts_with("postgres") {
            let pool = sqlx::PgPool::connect(&self.dsn).await.unwrap();
            sqlx::raw_sql(sql).execute(&pool).await.unwrap();
        } else {
            let pool = sqlx::MySqlPool::connect(&self.dsn).await.unwrap();
            sqlx::raw_sql(sql).execute(&pool).await.unwrap();
        }
    }
}

/// Makes one test per database of each body: a function of a migrated `Store`, or with `bare:` of a [`TestDb`].
macro_rules! contract {
    (bare: $($body:ident),+ $(,)?) => {
        $crate::contract!(bare; $($body),+);
    };
    ($($body:ident),+ $(,)?) => {
        $crate::contract!(held; $($body),+);
    };
    ($run:ident; $($body:ident),+) => {
        mod sqlite { $(
            #[tokio::test]
            async fn $body() { crate::$run(store::Db::Sqlite, super::$body).await; }
        )+ }
        mod postgres { $(
            #[tokio::test]
            async fn $body() { crate::$run(store::Db::Postgres, super::$body).await; }
        )+ }
        mod mariadb { $(
            #[tokio::test]
            async fn $body() { crate::$run(store::Db::MariaDb, super::$body).await; }
        )+ }
    };
}
pub(crate) use contract;

async fn held(db: Db, body: impl AsyncFnOnce(&Store)) {
    let Some(test) = TestDb::fresh(db).await else {
        return;
    };
    let store = test.open().await;
    store.migrate().await.unwrap();
    assert_eq!(store.db(), db);
    body(&store).await;
    store.close().await;
}

async fn bare(db: Db, body: impl AsyncFnOnce(&TestDb)) {
    if let Some(test) = TestDb::fresh(db).await {
        body(&test).await;
    }
}
