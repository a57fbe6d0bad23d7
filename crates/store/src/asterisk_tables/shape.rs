//! What columns there are, and what columns there should be: those of Asterisk 22, which an older one takes as well.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::StoreError;
use crate::database::Database;
use crate::dialect::Db;
use crate::sql::Sql;

/// Table, column and type, one on a line, as Asterisk's own migrations have them. A `+` is before those that we write.
const COLUMNS: &str = include_str!("columns");
pub(super) const TABLES: [&str; 6] = [
    "ps_endpoints",
    "ps_auths",
    "ps_aors",
    "ps_endpoint_id_ips",
    "ps_registrations",
    "ps_contacts",
];
/// The type of a choice of words.
const ENUM: &str = "enum ";

struct Known {
    is_written: bool,
    table: &'static str,
    column: &'static str,
    kind: &'static str,
}

fn known() -> impl Iterator<Item = Known> {
    COLUMNS.lines().filter_map(|line| {
        let mut words = line.splitn(4, ' ');
        Some(Known {
            is_written: words.next()? == "+",
            table: words.next()?,
            column: words.next()?,
            kind: words.next()?,
        })
    })
}

/// A column that is there.
pub(super) struct Column {
    /// The type's name in PostgreSQL, which may be one of Asterisk's migrations.
    pub(super) kind: String,
    /// The most characters; nothing: no limit that we would meet.
    pub(super) width: Option<usize>,
}

/// The columns of Asterisk's tables in a database.
pub(super) struct Shape(BTreeMap<String, BTreeMap<String, Column>>);

impl Shape {
    pub(super) async fn read(database: &Database) -> Result<Self, StoreError> {
        let text = database.db().columns_of_asterisk();
        let mut tables: BTreeMap<String, BTreeMap<String, Column>> = BTreeMap::new();
        for row in database.fetch(Sql::new("columns", text)).await? {
            let kind = row.text("kind")?;
            let column = Column {
                // A choice of words has a width of its own in MariaDB, which says nothing.
                width: row.opt_int("width")?.filter(|_| kind != "enum"),
                kind,
            };
            let table = tables.entry(row.text("t")?).or_default();
            table.insert(row.text("c")?, column);
        }
        Ok(Self(tables))
    }

    pub(super) fn column(&self, table: &str, column: &str) -> Option<&Column> {
        self.0.get(table)?.get(column)
    }

    pub(super) fn missing(&self) -> Vec<String> {
        let mut missing: Vec<String> = Vec::new();
        for one in known().filter(|one| one.is_written) {
            let what = match self.0.get(one.table) {
                None => one.table.to_owned(),
                Some(columns) if columns.contains_key(one.column) => continue,
                Some(_) => format!("{}.{}", one.table, one.column),
            };
            if !missing.contains(&what) {
                missing.push(what);
            }
        }
        missing
    }

    pub(super) fn missing_tables(&self) -> Vec<&'static str> {
        let is_missing = |table: &&str| !self.0.contains_key(*table);
        TABLES.into_iter().filter(is_missing).collect()
    }
}

/// The statement that makes one of Asterisk's tables. A choice of words is a type in MariaDB; in PostgreSQL, where Asterisk's migrations
/// make a type for each, a text that is checked: it takes the same words.
pub(super) fn definition(db: Db, table: &str) -> String {
    let mut text = format!("CREATE TABLE {table} (\n");
    for one in known().filter(|one| one.table == table) {
        let column = db.quoted(one.column);
        let kind = match one.kind.strip_prefix(ENUM) {
            None => one.kind.to_owned(),
            Some(words) => {
                let words: Vec<_> = words.split(' ').map(|it| format!("'{it}'")).collect();
                let words = words.join(", ");
                match db {
                    Db::MariaDb => format!("enum({words})"),
                    _ => format!("varchar(40) CHECK ({column} IN ({words}))"),
                }
            }
        };
        let is_key = if one.column == "id" {
            " NOT NULL PRIMARY KEY"
        } else {
            ""
        };
        let _ = writeln!(text, "    {column} {kind}{is_key},");
    }
    text.truncate(text.len() - ",\n".len());
    text.push_str(match db {
        Db::MariaDb => "\n) CHARACTER SET utf8mb4",
        _ => "\n)",
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_column_and_every_table_has_its_key() {
        assert_eq!(known().count(), COLUMNS.lines().count());
        assert!(known().all(|one| TABLES.contains(&one.table)));
        for table in TABLES {
            let text = definition(Db::Postgres, table);
            assert!(
                text.contains("(\n    \"id\" varchar(255) NOT NULL PRIMARY KEY,\n"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_choice_of_words_takes_these_words() {
        let text = definition(Db::MariaDb, "ps_auths");
        assert!(
            text.contains("    `auth_type` enum('md5', 'userpass', 'google_oauth'),\n"),
            "{text}"
        );
        assert!(text.ends_with("\n) CHARACTER SET utf8mb4"), "{text}");
        let text = definition(Db::Postgres, "ps_auths");
        let check = "\"auth_type\" varchar(40) CHECK (\"auth_type\" IN ('md5', 'userpass', 'google_oauth'))";
        assert!(text.contains(check), "{text}");
    }
}
