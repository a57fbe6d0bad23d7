//! The connections, and how one portable statement runs on any of them. Every wait here has an end.

use std::path::Path;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{
    Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor, MySql,
    MySqlPool, PgPool, Postgres, Sqlite, SqlitePool, Transaction,
};

use crate::dialect::Db;
use crate::error::StoreError;
use crate::row::{Columns, Row};
use crate::sql::{Sql, Value, pieces};

/// The longest wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest wait for the answer to one statement.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that SQLite waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest wait for the one connection that writes to SQLite: who has it may be waiting for another process.
const WRITER_TIMEOUT: Duration = Duration::from_secs(2 * BUSY_TIMEOUT.as_secs());
/// KiB of pages that SQLite's writer keeps: the ends of the indexes that a batch touches. SQLite's own 2 MiB spill over.
const WRITER_CACHE: u32 = 65_536;
/// Pages that wait in SQLite's log before they are copied into the file: one that changes often is copied once.
const CHECKPOINT_PAGES: u32 = 10_000;
/// The most connections to a server.
const MAX_CONNECTIONS: u32 = 8;
/// The most connections that read one SQLite file (one more writes).
const MAX_READERS: u32 = 4;

/// All clones share the connections.
#[derive(Clone)]
pub(crate) enum Database {
    /// One connection writes: SQLite has one writer at a time, and waiting in our queue is fair and in the open. Another writes
    /// what nobody waits for; its thread begins with whoever needs it first, and is as urgent as that one's.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
        /// Nothing: in memory one connection is all there is.
        write_behind: Option<SqlitePool>,
    },
    Postgres(PgPool),
    MariaDb(MySqlPool),
}

/// A transaction. Dropped without [`Tx::commit`], it never happened.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
    MariaDb(Transaction<'static, MySql>),
}

impl Database {
    pub(crate) async fn open(dsn: &str) -> Result<Self, StoreError> {
        let (scheme, rest) = dsn.split_once(':').ok_or_else(unknown_scheme)?;
        match scheme {
            "sqlite" => open_sqlite(rest.strip_prefix("//").unwrap_or(rest)).await,
            "postgres" | "postgresql" => open_postgres(dsn).await,
            "mysql" | "mariadb" => open_mariadb(&format!("mysql:{rest}")).await,
            _ => Err(unknown_scheme()),
        }
    }

    pub(crate) fn db(&self) -> Db {
        match self {
            Self::Sqlite { .. } => Db::Sqlite,
            Self::Postgres(_) => Db::Postgres,
            Self::MariaDb(_) => Db::MariaDb,
        }
    }

    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite { write, .. } => begin_sqlite(write).await,
            Self::Postgres(pool) => in_time(async { Ok(Tx::Postgres(pool.begin().await?)) }).await,
            Self::MariaDb(pool) => in_time(async { Ok(Tx::MariaDb(pool.begin().await?)) }).await,
        }
    }

    /// The same for what nobody waits for. Keep it short: on SQLite others wait for its end.
    pub(crate) async fn begin_behind(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite {
                write_behind: Some(pool),
                ..
            } => begin_sqlite(pool).await,
            _ => self.begin().await,
        }
    }

    /// What nobody waits for is written on a new thread from now on.
    pub(crate) async fn renew_behind(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite {
                write_behind: Some(pool),
                ..
            } if pool.size() > 0 => {
                in_time(async { Ok(pool.acquire().await?.close().await?) }).await
            }
            _ => Ok(()),
        }
    }

    /// Runs a statement that changes rows; how many it found.
    pub(crate) async fn execute(&self, sql: Sql) -> Result<u64, StoreError> {
        sql.check()?;
        in_time(async {
            match self {
                Self::Sqlite { write, .. } => execute_sqlite(write, sql).await,
                Self::Postgres(pool) => execute_postgres(pool, sql).await,
                Self::MariaDb(pool) => execute_mariadb(pool, sql).await,
            }
        })
        .await
    }

    /// Runs a statement that reads.
    pub(crate) async fn fetch(&self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        sql.check()?;
        in_time(async {
            match self {
                Self::Sqlite { read, .. } => fetch_sqlite(read, sql).await,
                Self::Postgres(pool) => fetch_postgres(pool, sql).await,
                Self::MariaDb(pool) => fetch_mariadb(pool, sql).await,
            }
        })
        .await
    }

    /// The first row of a statement that reads.
    pub(crate) async fn fetch_first(&self, sql: Sql) -> Result<Option<Row>, StoreError> {
        Ok(self.fetch(sql).await?.into_iter().next())
    }

    /// Changes one row; it is an error if it is not there.
    pub(crate) async fn execute_on_one(&self, sql: Sql) -> Result<(), StoreError> {
        let table = sql.table;
        match self.execute(sql).await? {
            0 => Err(StoreError::NotFound { table }),
            _ => Ok(()),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite {
                read,
                write,
                write_behind,
            } => {
                read.close().await;
                if let Some(pool) = write_behind {
                    pool.close().await;
                }
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
            Self::MariaDb(pool) => pool.close().await,
        }
    }
}

impl Tx {
    pub(crate) async fn execute(&mut self, sql: Sql) -> Result<u64, StoreError> {
        sql.check()?;
        in_time(async {
            match self {
                Self::Sqlite(tx) => execute_sqlite(&mut **tx, sql).await,
                Self::Postgres(tx) => execute_postgres(&mut **tx, sql).await,
                Self::MariaDb(tx) => execute_mariadb(&mut **tx, sql).await,
            }
        })
        .await
    }

    pub(crate) async fn execute_on_one(&mut self, sql: Sql) -> Result<(), StoreError> {
        let table = sql.table;
        match self.execute(sql).await? {
            0 => Err(StoreError::NotFound { table }),
            _ => Ok(()),
        }
    }

    pub(crate) async fn fetch(&mut self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        sql.check()?;
        in_time(async {
            match self {
                Self::Sqlite(tx) => fetch_sqlite(&mut **tx, sql).await,
                Self::Postgres(tx) => fetch_postgres(&mut **tx, sql).await,
                Self::MariaDb(tx) => fetch_mariadb(&mut **tx, sql).await,
            }
        })
        .await
    }

    /// Writes many rows in few statements; `replace` says what becomes of rows with the same key.
    pub(crate) async fn put(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        replace: &str,
        rows: &[Vec<Value>],
    ) -> Result<(), StoreError> {
        for rows in pieces(rows) {
            let sql = Sql::insert_rows(table, columns, rows.concat()).and(replace);
            self.execute(sql).await?;
        }
        Ok(())
    }

    /// Runs any number of statements without values. No time limit: a migration takes what it takes.
    pub(crate) async fn script(&mut self, text: String) -> Result<(), StoreError> {
        let script = sqlx::raw_sql(AssertSqlSafe(text));
        match self {
            Self::Sqlite(tx) => script.execute(&mut **tx).await.map(drop)?,
            Self::Postgres(tx) => script.execute(&mut **tx).await.map(drop)?,
            Self::MariaDb(tx) => script.execute(&mut **tx).await.map(drop)?,
        }
        Ok(())
    }

    /// When this fails it may have happened all the same: what it wrote must bear being written again.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        in_time(async {
            match self {
                Self::Sqlite(tx) => tx.commit().await?,
                Self::Postgres(tx) => tx.commit().await?,
                Self::MariaDb(tx) => tx.commit().await?,
            }
            Ok(())
        })
        .await
    }
}

async fn begin_sqlite(write: &SqlitePool) -> Result<Tx, StoreError> {
    in_time(async { Ok(Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)) }).await
}

async fn in_time<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(STATEMENT_TIMEOUT, work)
        .await
        .unwrap_or_else(|_| Err(StoreError::unavailable("it did not answer in time")))
}

/// The same two functions for each driver: its types are its own, so no generic function can name them.
macro_rules! driver {
    ($Driver:ty, $Arguments:ty, $db:expr, $columns:path, $fetch:ident, $execute:ident, $bind:ident) => {
        fn $bind(values: Vec<Value>) -> Result<$Arguments, StoreError> {
            let mut arguments = <$Arguments>::default();
            for value in values {
                match value {
                    Value::Id(value) => arguments.add(value),
                    Value::Text(value) => arguments.add(value),
                    Value::Int(value) => arguments.add(value),
                    Value::Bool(value) => arguments.add(value),
                    Value::Bytes(value) => arguments.add(value),
                }
                .map_err(|error| StoreError::Database {
                    problem: error.to_string(),
                })?;
            }
            Ok(arguments)
        }

        async fn $fetch<'c>(
            executor: impl Executor<'c, Database = $Driver>,
            sql: Sql,
        ) -> Result<Vec<Row>, StoreError> {
            let text = AssertSqlSafe($db.placeholders(&sql.text));
            let query = sqlx::query_with(text, $bind(sql.values)?);
            let table = sql.table;
            let rows = query.fetch_all(executor).await?.into_iter();
            Ok(rows
                .map(|row| Row {
                    table,
                    columns: $columns(row),
                })
                .collect())
        }

        async fn $execute<'c>(
            executor: impl Executor<'c, Database = $Driver>,
            sql: Sql,
        ) -> Result<u64, StoreError> {
            let text = AssertSqlSafe($db.placeholders(&sql.text));
            let query = sqlx::query_with(text, $bind(sql.values)?);
            Ok(query.execute(executor).await?.rows_affected())
        }
    };
}

driver!(
    Sqlite,
    sqlx::sqlite::SqliteArguments,
    Db::Sqlite,
    Columns::Sqlite,
    fetch_sqlite,
    execute_sqlite,
    bind_sqlite
);
driver!(
    Postgres,
    sqlx::postgres::PgArguments,
    Db::Postgres,
    Columns::Postgres,
    fetch_postgres,
    execute_postgres,
    bind_postgres
);
driver!(
    MySql,
    sqlx::mysql::MySqlArguments,
    Db::MariaDb,
    Columns::MariaDb,
    fetch_mariadb,
    execute_mariadb,
    bind_mariadb
);

fn unknown_scheme() -> StoreError {
    StoreError::Dsn {
        problem: "it starts with none of sqlite:, postgres://, mariadb://, mysql://".to_owned(),
    }
}

async fn open_sqlite(path: &str) -> Result<Database, StoreError> {
    let in_memory = path == ":memory:";
    if path.is_empty() {
        return Err(StoreError::Dsn {
            problem: "sqlite: names no file".to_owned(),
        });
    }
    let mut options = SqliteConnectOptions::new()
        .filename(path)
        .in_memory(in_memory)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    if !in_memory {
        make_private(Path::new(path))?;
        options = options.journal_mode(SqliteJournalMode::Wal);
    }
    // Negative: in KiB, not in pages.
    let writing = options
        .clone()
        .pragma("cache_size", format!("-{WRITER_CACHE}"))
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string());
    let one = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(WRITER_TIMEOUT);
    let write = one
        .clone()
        .min_connections(1)
        .connect_with(writing.clone())
        .await
        .map_err(|error| StoreError::unavailable(format!("{path}: {error}")))?;
    if in_memory {
        return Ok(Database::Sqlite {
            read: write.clone(),
            write_behind: None,
            write,
        });
    }
    let read = SqlitePoolOptions::new()
        .max_connections(MAX_READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options.pragma("query_only", "ON"));
    Ok(Database::Sqlite {
        read,
        write,
        write_behind: Some(one.connect_lazy_with(writing)),
    })
}

/// Makes the file if it is missing, for its owner's eyes only: it holds password hashes and sealed secrets.
/// SQLite gives its side files the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(StoreError::unavailable(format!(
            "{}: {error}",
            path.display()
        ))),
    }
}

async fn open_postgres(dsn: &str) -> Result<Database, StoreError> {
    let options: PgConnectOptions = dsn.parse()?;
    let millis = STATEMENT_TIMEOUT.as_millis().to_string();
    let options = options
        .application_name("cordboard")
        .options([
            ("statement_timeout", millis.as_str()),
            ("idle_in_transaction_session_timeout", millis.as_str()),
        ])
        .disable_statement_logging();
    in_time(async { Ok(options.connect().await?.close().await?) }).await?;
    Ok(Database::Postgres(
        PgPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options),
    ))
}

async fn open_mariadb(dsn: &str) -> Result<Database, StoreError> {
    let options: MySqlConnectOptions = dsn.parse()?;
    let options = options.charset("utf8mb4").disable_statement_logging();
    in_time(async { Ok(options.connect().await?.close().await?) }).await?;
    Ok(Database::MariaDb(
        MySqlPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // Strict, or a text that is too long is cut in silence.
                    let session = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), \
                         tx_isolation = 'READ-COMMITTED', innodb_lock_wait_timeout = 5, \
                         max_statement_time = 10";
                    sqlx::raw_sql(session).execute(connection).await.map(drop)
                })
            })
            .connect_lazy_with(options),
    ))
}
