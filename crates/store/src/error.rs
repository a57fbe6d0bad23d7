//! What can go wrong between us and a database, in words that do not depend on which database it is.

use sqlx::error::{DatabaseError, ErrorKind};

/// Why a store operation failed. None of them carries a password or the DSN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No connection, or no answer in time, or somebody else holds the rows for too long. Trying again may help.
    #[error("the database is unavailable: {problem}")]
    Unavailable { problem: String },
    /// The change contradicts other rows.
    #[error("{field}: {problem}")]
    Conflict {
        /// As on the wire: `name`, `queue`; for [`ConflictKind::StillReferred`] always `id`.
        field: String,
        kind: ConflictKind,
        problem: String,
    },
    /// An update or delete of a row that is not there.
    #[error("there is no such row in {table}")]
    NotFound { table: &'static str },
    /// The database cannot keep this value: too long, or it has a NUL character.
    #[error("{field}: {problem}")]
    Refused { field: String, problem: String },
    /// Events between the last applied one and the first of the batch (or within the batch) are missing.
    #[error("the journal expected event {expected} and was given {found}")]
    Gap { expected: u64, found: u64 },
    /// A row holds what we never wrote.
    #[error("table {table}, column {column}, row {row}: {problem}")]
    Corrupt {
        table: &'static str,
        column: String,
        row: String,
        problem: String,
    },
    /// The DSN cannot be understood.
    #[error("the database address is not usable: {problem}")]
    Dsn { problem: String },
    /// The schema was made by a newer program.
    #[error(
        "the database has schema version {found}, this program knows up to {known}; use a newer program"
    )]
    NewerSchema { found: u32, known: u32 },
    /// The schema was made by a migration of another text.
    #[error("migration {version} ({name}) is not the one that made this database's schema")]
    ChangedMigration { version: u32, name: String },
    /// The database refused the statement for a reason that is none of the above.
    #[error("the database refused: {problem}")]
    Database { problem: String },
}

/// How a change contradicts other rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictKind {
    /// Another row has this value, which must be unique.
    Taken,
    /// The value points to a row that is not there.
    Missing,
    /// Other rows still point to this one.
    StillReferred,
}

impl StoreError {
    pub(crate) fn unavailable(problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self::Unavailable { problem }
    }

    pub(crate) fn refused(field: &str, problem: impl Into<String>) -> Self {
        Self::Refused {
            field: field.to_owned(),
            problem: problem.into(),
        }
    }

    pub(crate) fn taken(field: &str) -> Self {
        Self::Conflict {
            field: field.to_owned(),
            kind: ConflictKind::Taken,
            problem: "is already taken".to_owned(),
        }
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::Conflict {
            field: field.to_owned(),
            kind: ConflictKind::Missing,
            problem: "does not exist".to_owned(),
        }
    }

    pub(crate) fn still_referred(problem: impl Into<String>) -> Self {
        Self::Conflict {
            field: "id".to_owned(),
            kind: ConflictKind::StillReferred,
            problem: problem.into(),
        }
    }

    /// Did a foreign key say no? Which one is asked afterwards: SQLite does not tell.
    pub(crate) fn is_reference(&self) -> bool {
        matches!(
            self,
            Self::Conflict {
                kind: ConflictKind::Missing | ConflictKind::StillReferred,
                ..
            }
        )
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => from_database(error.as_ref()),
            sqlx::Error::Configuration(problem) => Self::Dsn {
                problem: problem.to_string(),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::unavailable(error.to_string()),
            other => Self::Database {
                problem: other.to_string(),
            },
        }
    }
}

fn from_database(error: &dyn DatabaseError) -> StoreError {
    let message = error.message();
    match error.kind() {
        ErrorKind::UniqueViolation => StoreError::taken(&unique_field(error)),
        ErrorKind::ForeignKeyViolation => StoreError::missing("reference"),
        ErrorKind::CheckViolation => {
            let column = error.constraint().unwrap_or(message);
            let column = column.rsplit(' ').next().unwrap_or(column);
            StoreError::refused(field_of(column.trim_end_matches("__length")), "is too long")
        }
        _ if is_too_long(error) => {
            StoreError::refused(quoted(message).unwrap_or("value"), "is too long")
        }
        _ if is_passing(error) => StoreError::unavailable(message),
        _ => StoreError::Database {
            problem: error.to_string(),
        },
    }
}

/// MariaDB's "data too long for column" (22001).
fn is_too_long(error: &dyn DatabaseError) -> bool {
    error.code().as_deref() == Some("22001")
}

/// Does the same statement have a chance later?
fn is_passing(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    match error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        // Too many connections, shutdown, lock wait, deadlock, killed, statement time-out.
        Some(error) => matches!(
            error.number(),
            1040 | 1053 | 1205 | 1213 | 1317 | 1927 | 1969 | 3024
        ),
        None if error
            .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
            .is_some() =>
        {
            // Connection, resources, operator intervention, deadlock and serialisation.
            ["08", "53", "57", "40"]
                .iter()
                .any(|class| code.starts_with(class))
        }
        None => {
            // SQLITE_BUSY, SQLITE_LOCKED, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN.
            let primary = code.parse::<u32>().unwrap_or(0) & 0xff;
            matches!(primary, 5 | 6 | 10 | 13 | 14)
        }
    }
}

/// The field of a unique violation. Unique constraints are named `table__field`; SQLite names the columns.
fn unique_field(error: &dyn DatabaseError) -> String {
    let message = error.message();
    let name = error
        .constraint()
        .or_else(|| quoted(message))
        .or_else(|| message.rsplit(['.', ' ']).next())
        .unwrap_or("id");
    match name.rsplit_once("__") {
        Some((_, field)) => field.to_owned(),
        None if name == "PRIMARY" || name.ends_with("_pkey") => "id".to_owned(),
        None => field_of(name).to_owned(),
    }
}

/// The last text between `'` in a MariaDB message: the column or key.
fn quoted(message: &str) -> Option<&str> {
    let mut parts = message.rsplit('\'');
    parts.next()?;
    parts.next()
}

/// Our wire names leave `_id` away.
fn field_of(column: &str) -> &str {
    column.strip_suffix("_id").unwrap_or(column)
}
