//! What differs between the three databases, and nothing else: placeholders, column types, upserts and locks.

use std::fmt::Write as _;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Db {
    Sqlite,
    Postgres,
    MariaDb,
}

impl Db {
    /// The SQL text with `?` as this database writes it.
    pub(crate) fn placeholders(self, text: &str) -> String {
        if self != Self::Postgres {
            return text.to_owned();
        }
        let mut rendered = String::with_capacity(text.len() + 16);
        let mut number = 0;
        let mut in_literal = false;
        for c in text.chars() {
            match c {
                '\'' => in_literal = !in_literal,
                '?' if !in_literal => {
                    number += 1;
                    let _ = write!(rendered, "${number}");
                    continue;
                }
                _ => {}
            }
            rendered.push(c);
        }
        rendered
    }

    /// A migration's text with its tokens (`{id}`, `{text:100}`, …; `{IF NOT EXISTS}` of a new column) as this database writes
    /// them.
    ///
    /// # Panics
    /// On an unknown token: the migrations are part of the program.
    pub(crate) fn migration(self, text: &str) -> String {
        let mut rendered = String::with_capacity(text.len() * 2);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            rendered.push_str(before);
            let (token, after) = after.split_once('}').expect("a type token is closed");
            let column = before.split_whitespace().next_back().unwrap_or_default();
            rendered.push_str(&self.column_type(token, column));
            rest = after;
        }
        rendered.push_str(rest);
        rendered
    }

    /// Texts compare by their bytes (code points in MariaDB, which is the same order) everywhere.
    fn column_type(self, token: &str, column: &str) -> String {
        let (name, length) = token.split_once(':').unwrap_or((token, ""));
        match (name, self) {
            ("id" | "bytes", Self::Sqlite) => "BLOB".to_owned(),
            ("id", Self::Postgres) => "UUID".to_owned(),
            ("id", Self::MariaDb) => "BINARY(16)".to_owned(),
            ("bool", _) => "BOOLEAN".to_owned(),
            // In SQLite this very word makes the column the row's own number.
            ("seq", Self::Sqlite) => "INTEGER".to_owned(),
            ("int" | "instant" | "seq", _) => "BIGINT".to_owned(),
            ("text", Self::Sqlite) => {
                format!("TEXT CONSTRAINT {column}__length CHECK (length({column}) <= {length})")
            }
            ("text", Self::Postgres) => format!(
                "TEXT COLLATE \"C\" CONSTRAINT {column}__length CHECK (char_length({column}) <= {length})"
            ),
            ("text", Self::MariaDb) => {
                format!("VARCHAR({length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
            }
            ("json", Self::Sqlite | Self::Postgres) => "TEXT".to_owned(),
            ("json", Self::MariaDb) => {
                "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin".to_owned()
            }
            ("bytes", Self::Postgres) => "BYTEA".to_owned(),
            ("bytes", Self::MariaDb) => "LONGBLOB".to_owned(),
            // It knows it for tables only, and takes back a migration that did not come to its end.
            ("IF NOT EXISTS", Self::Sqlite) => String::new(),
            ("IF NOT EXISTS", _) => name.to_owned(),
            _ => panic!("unknown type token {{{token}}}"),
        }
    }

    /// An id as text, as [`uuid::Uuid`] reads it.
    pub(crate) fn id_text(self, column: &str) -> String {
        match self {
            Self::Sqlite | Self::MariaDb => format!("hex({column})"),
            Self::Postgres => column.to_owned(),
        }
    }

    /// The end of a `SELECT` whose rows this transaction is going to change. SQLite locks the whole file instead.
    pub(crate) fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres | Self::MariaDb => " FOR UPDATE",
        }
    }

    /// The end of an `INSERT` that replaces these columns of a row with the same key (the first column).
    pub(crate) fn on_same_key(self, columns: &[&str]) -> String {
        let (key, rest) = columns.split_first().expect("a table has columns");
        let assign = |value: &dyn Fn(&str) -> String| {
            rest.iter()
                .map(|column| format!("{column} = {}", value(column)))
                .collect::<Vec<_>>()
                .join(", ")
        };
        match self {
            Self::Sqlite | Self::Postgres => format!(
                " ON CONFLICT ({key}) DO UPDATE SET {}",
                assign(&|column| format!("excluded.{column}"))
            ),
            Self::MariaDb => format!(
                " ON DUPLICATE KEY UPDATE {}",
                assign(&|column| format!("VALUES({column})"))
            ),
        }
    }

    /// The end of an `INSERT` that leaves a row with the same key, of whatever constraint, as it is. `id` is its first column.
    pub(crate) fn leave_same_key(self, id: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgres => " ON CONFLICT DO NOTHING".to_owned(),
            Self::MariaDb => format!(" ON DUPLICATE KEY UPDATE {id} = {id}"),
        }
    }

    /// A name that might be a word of the language, such as `match`.
    pub(crate) fn quoted(self, name: &str) -> String {
        match self {
            Self::Sqlite | Self::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::MariaDb => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// The place of a text that becomes a value of this type, whichever it is. PostgreSQL makes no other type of a text by itself.
    pub(crate) fn place_of(self, kind: &str) -> String {
        match self {
            Self::Postgres => format!("CAST(? AS {})", self.quoted(kind)),
            Self::Sqlite | Self::MariaDb => "?".to_owned(),
        }
    }

    /// Table, column, type and the most characters of each column, of all tables of this database whose names begin with `ps_`.
    /// Not in SQLite.
    pub(crate) fn columns_of_asterisk(self) -> &'static str {
        match self {
            Self::MariaDb => {
                "SELECT table_name AS t, column_name AS c, data_type AS kind, CAST(character_maximum_length AS SIGNED) AS width
                 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name LIKE 'ps!_%' ESCAPE '!'"
            }
            Self::Sqlite | Self::Postgres => {
                "SELECT CAST(table_name AS TEXT) AS t, CAST(column_name AS TEXT) AS c, CAST(udt_name AS TEXT) AS kind,
                 CAST(character_maximum_length AS BIGINT) AS width
                 FROM information_schema.columns WHERE table_schema = current_schema() AND table_name LIKE 'ps!_%' ESCAPE '!'"
            }
        }
    }

    /// Statements that make one process at a time migrate: on entering and on leaving.
    pub(crate) fn migration_lock(self) -> (Option<&'static str>, Option<&'static str>) {
        match self {
            Self::Sqlite => (None, None),
            Self::Postgres => (
                Some("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(4846219370)"),
                None,
            ),
            Self::MariaDb => (
                Some(
                    "SET SESSION max_statement_time = 0; SELECT GET_LOCK('cordboard.migrate', 60)",
                ),
                Some(
                    "SELECT RELEASE_LOCK('cordboard.migrate'); SET SESSION max_statement_time = 10",
                ),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_placeholders_for_postgresql_only() {
        let text = "SELECT '?' FROM t WHERE a = ? AND b < ?";
        assert_eq!(Db::Sqlite.placeholders(text), text);
        assert_eq!(Db::MariaDb.placeholders(text), text);
        assert_eq!(
            Db::Postgres.placeholders(text),
            "SELECT '?' FROM t WHERE a = $1 AND b < $2"
        );
    }

    #[test]
    fn renders_type_tokens_per_database() {
        let text = "name {text:9} NOT NULL, id {id}";
        assert_eq!(
            Db::Sqlite.migration(text),
            "name TEXT CONSTRAINT name__length CHECK (length(name) <= 9) NOT NULL, id BLOB"
        );
        assert_eq!(
            Db::MariaDb.migration(text),
            "name VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL, id BINARY(16)"
        );
        assert!(Db::Postgres.migration(text).ends_with("NOT NULL, id UUID"));
    }

    /// The names of types are those of a database that others made.
    #[test]
    fn no_name_ends_its_own_quotes() {
        assert_eq!(Db::Postgres.quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(Db::MariaDb.quoted("a`b"), "`a``b`");
        assert_eq!(
            Db::Postgres.place_of("x\"); DROP TABLE t; --"),
            "CAST(? AS \"x\"\"); DROP TABLE t; --\")"
        );
    }

    #[test]
    fn upserts_by_the_first_column() {
        assert_eq!(
            Db::Sqlite.on_same_key(&["id", "name"]),
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name"
        );
        assert_eq!(
            Db::MariaDb.on_same_key(&["id", "name"]),
            " ON DUPLICATE KEY UPDATE name = VALUES(name)"
        );
    }
}
