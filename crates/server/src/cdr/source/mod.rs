//! Where call detail records are read: databases and files of others, which are only ever read; and our own log.
//!
//! A live telephone server works on these databases. So there is one heavy query at a time, each over a range that the index on
//! `calldate` answers, in a session that cannot write, with an end.

mod columns;
mod csv;
mod lists;
mod mysql;
mod own;
mod postgres;

use std::sync::Arc;

use engine::stats::NumberPlan;
use jiff::tz::TimeZone;
use store::{Store, StoreError};

pub(super) use self::csv::{File, FilePlace, FileStep};
pub(super) use columns::{Columns, Part, name};
pub(super) use lists::Lists;

use crate::config::{CdrSourceConfig, CdrSourceKind};

/// One row as its source has it. Texts that it has not are empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    /// `calldate`, as seconds since 1970 of the source's own clock.
    pub(super) calldate: i64,
    pub(super) text: [&'a str; Part::COUNT],
    pub(super) duration: i64,
    pub(super) billed: i64,
}

impl<'a> Raw<'a> {
    pub(super) fn get(&self, part: Part) -> &'a str {
        self.text[part as usize]
    }

    fn set(&mut self, part: Part, text: &'a str) {
        self.text[part as usize] = text;
    }
}

/// Takes rows.
pub(super) trait Sink: Send + 'static {
    fn take(&mut self, row: Raw<'_>);
}

/// Why a source could not be read, in words for the user; what its driver says stays in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SourceError {
    #[error("it cannot be reached; is it running, and are host and port right?")]
    Unreachable,
    #[error("it refuses this user or password, or the right to read the table")]
    Denied,
    #[error("it has no table {0}; set `table` in its [[cdr_source]]")]
    NoTable(String),
    #[error("its table has no column {0}, without which no call can be placed in time")]
    NoColumn(&'static str),
    #[error(
        "it did not answer in time; the index on calldate may be missing: `cordboard doctor` looks"
    )]
    TimedOut,
    #[error("its file cannot be read: {0}")]
    File(String),
    #[error("our own database cannot be read")]
    Store,
    #[error("it answered with an error; the log has its words")]
    Failed,
}

impl From<StoreError> for SourceError {
    fn from(error: StoreError) -> Self {
        tracing::debug!(%error, "our own log cannot be read");
        Self::Store
    }
}

impl From<sqlx::Error> for SourceError {
    fn from(error: sqlx::Error) -> Self {
        tracing::debug!(%error, "a source of call detail records failed");
        match &error {
            // The pool has room for all of us: it times out while it tries to connect.
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::PoolTimedOut => Self::Unreachable,
            sqlx::Error::Database(database) => {
                of_code(database.code().as_deref(), database.message())
            }
            _ => Self::Failed,
        }
    }
}

/// By SQLSTATE; the message only where a state has several meanings.
fn of_code(code: Option<&str>, message: &str) -> SourceError {
    match code.unwrap_or_default() {
        "28000" | "28P01" | "42501" => SourceError::Denied,
        "42000" if message.contains("denied") => SourceError::Denied,
        // MariaDB's max_statement_time, MySQL's max_execution_time, PostgreSQL's statement_timeout.
        "70100" | "57014" => SourceError::TimedOut,
        "HY000" if message.contains("maximum statement execution time") => SourceError::TimedOut,
        _ => SourceError::Failed,
    }
}

/// One source, connected when it is first asked.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) plan: NumberPlan,
    pub(super) zone: TimeZone,
    reader: Reader,
    /// One heavy query at a time.
    turn: Arc<tokio::sync::Semaphore>,
}

#[derive(Debug)]
enum Reader {
    MySql(mysql::Database),
    Postgres(postgres::Database),
    Csv(csv::File),
    Own(own::Log),
}

impl Source {
    /// The configuration has been checked. Our own log is in `store`.
    pub(super) fn new(config: &CdrSourceConfig, zone: &str, store: Option<&Store>) -> Self {
        let zone = config.time_zone.as_deref().unwrap_or(zone);
        let reader = match config.kind {
            CdrSourceKind::MySql => Reader::MySql(mysql::Database::new(config)),
            CdrSourceKind::Postgres => Reader::Postgres(postgres::Database::new(config)),
            CdrSourceKind::Csv => {
                Reader::Csv(csv::File::new(config.file.clone().unwrap_or_default()))
            }
            CdrSourceKind::Own => Reader::Own(own::Log::new(store.cloned())),
        };
        Self {
            name: config.name.clone(),
            plan: config.plan().unwrap_or_default(),
            zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC),
            reader,
            turn: Arc::new(tokio::sync::Semaphore::new(1)),
        }
    }

    /// The file, where it is one.
    pub(super) fn file(&self) -> Option<&File> {
        match &self.reader {
            Reader::Csv(file) => Some(file),
            Reader::MySql(_) | Reader::Postgres(_) | Reader::Own(_) => None,
        }
    }

    /// Which columns it has.
    pub(super) async fn columns(&self) -> Result<Columns, SourceError> {
        match &self.reader {
            Reader::MySql(database) => database.columns().await,
            Reader::Postgres(database) => database.columns().await,
            Reader::Csv(file) => file.columns().await,
            Reader::Own(_) => Ok(Columns::all()),
        }
    }

    /// The site's own lists beside its calls.
    pub(super) async fn lists(&self) -> Result<Lists, SourceError> {
        match &self.reader {
            Reader::MySql(database) => database.lists().await,
            Reader::Postgres(database) => database.lists().await,
            Reader::Csv(_) => Ok(Lists::default()),
            Reader::Own(_) => Ok(own::lists()),
        }
    }

    /// The statement that makes the index which is missing; nothing where there is one.
    pub(super) async fn missing_index(
        &self,
        columns: &Columns,
    ) -> Result<Option<String>, SourceError> {
        match &self.reader {
            Reader::MySql(database) => database.missing_index(columns).await,
            Reader::Postgres(database) => database.missing_index(columns).await,
            Reader::Csv(_) | Reader::Own(_) => Ok(None),
        }
    }

    /// What the clock of a database's machine says, in seconds since 1970.
    pub(super) async fn clock(&self) -> Result<Option<i64>, SourceError> {
        match &self.reader {
            Reader::MySql(database) => database.clock().await.map(Some),
            Reader::Postgres(database) => database.clock().await.map(Some),
            Reader::Csv(_) | Reader::Own(_) => Ok(None),
        }
    }

    /// Some tables that have a `calldate`.
    pub(super) async fn tables_like_it(&self) -> Result<Vec<String>, SourceError> {
        match &self.reader {
            Reader::MySql(database) => database.tables_like_it().await,
            Reader::Postgres(database) => database.tables_like_it().await,
            Reader::Csv(_) | Reader::Own(_) => Ok(Vec::new()),
        }
    }

    /// The first `calldate` of a database that is `from` or later; nothing where there is none.
    pub(super) async fn first_since(
        &self,
        columns: &Columns,
        from: i64,
    ) -> Result<Option<i64>, SourceError> {
        let _turn = self.turn.acquire().await;
        match &self.reader {
            Reader::MySql(database) => database.first_since(columns, from).await,
            Reader::Postgres(database) => database.first_since(columns, from).await,
            Reader::Csv(_) => Ok(None),
            Reader::Own(log) => log.first_since(from).await,
        }
    }

    /// The last `calldate` of a database that is before `until`; nothing where there is none.
    pub(super) async fn last_before(
        &self,
        columns: &Columns,
        until: i64,
    ) -> Result<Option<i64>, SourceError> {
        let _turn = self.turn.acquire().await;
        match &self.reader {
            Reader::MySql(database) => database.last_before(columns, until).await,
            Reader::Postgres(database) => database.last_before(columns, until).await,
            Reader::Csv(_) => Ok(None),
            Reader::Own(log) => log.last_before(until).await,
        }
    }

    /// Hands every row of a database with `from <= calldate < until` to `sink`, and gives it back.
    pub(super) async fn read<S: Sink>(
        &self,
        columns: &Columns,
        (from, until): (i64, i64),
        sink: S,
    ) -> Result<S, SourceError> {
        let _turn = self.turn.acquire().await;
        match &self.reader {
            Reader::MySql(database) => database.read(columns, (from, until), sink).await,
            Reader::Postgres(database) => database.read(columns, (from, until), sink).await,
            Reader::Csv(_) => Ok(sink),
            Reader::Own(log) => log.read((from, until), sink).await,
        }
    }
}

/// Seconds since 1970 as a database writes them, without a zone.
fn calldate(second: i64) -> String {
    let second = jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let text = TimeZone::UTC.to_datetime(second);
    text.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_took_too_long_is_told_by_its_name() {
        for (code, message) in [
            (
                "70100",
                "Query execution was interrupted (max_statement_time exceeded)",
            ),
            ("57014", "canceling statement due to statement timeout"),
            (
                "HY000",
                "Query execution was interrupted, maximum statement execution time exceeded",
            ),
        ] {
            assert_eq!(
                of_code(Some(code), message),
                SourceError::TimedOut,
                "{code}"
            );
        }
        assert_eq!(
            of_code(Some("HY000"), "something else"),
            SourceError::Failed
        );
        assert_eq!(of_code(None, ""), SourceError::Failed);
        let denied = of_code(Some("42000"), "SELECT command denied to user");
        assert_eq!(denied, SourceError::Denied);
    }
}
