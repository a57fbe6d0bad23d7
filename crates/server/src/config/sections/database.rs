//! `[database]`: which database.

use super::{Key, Section, SectionReader, key};
use crate::config::Secret;

/// Which database.
#[derive(Debug, Clone, Default)]
pub struct DatabaseConfig {
    /// `None`: SQLite in the data folder. See [`Config::dsn`](crate::config::Config::dsn).
    pub dsn: Option<Secret>,
}

/// What a DSN may begin with.
const SCHEMES: [&str; 5] = [
    "sqlite:",
    "postgres://",
    "postgresql://",
    "mysql://",
    "mariadb://",
];

impl Section for DatabaseConfig {
    const NAME: &'static str = "database";
    const ABOUT: &'static str =
        "Which database. Without a DSN: SQLite, the file `cordboard.db` in the data folder.";
    const KEYS: &'static [Key] = &[
        key(
            "dsn",
            "PostgreSQL or MariaDB (or a SQLite file elsewhere). Special characters in the password are percent-encoded.",
            "\"postgres://cordboard:PASSWORD@127.0.0.1/cordboard\"",
        ),
        key(
            "dsn_file",
            "A file that holds the DSN, instead of `dsn`.",
            "\"/etc/cordboard/dsn\"",
        ),
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        Self {
            dsn: from.secret("dsn", "dsn_file"),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        match &self.dsn {
            Some(dsn)
                if !SCHEMES
                    .iter()
                    .any(|scheme| dsn.expose().starts_with(scheme)) =>
            {
                Err((
                    "dsn",
                    "begins with none of sqlite:, postgres://, mysql://, mariadb://".to_owned(),
                ))
            }
            _ => Ok(()),
        }
    }
}
