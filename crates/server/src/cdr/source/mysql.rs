//! `asteriskcdrdb.cdr` of FreePBX, and every `cdr` in MySQL or MariaDB.

use std::{collections::BTreeSet, time::Duration};

use futures_util::TryStreamExt as _;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, MySqlPool, Row as _,
    mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlRow},
};

use super::{
    super::reading::FIRST_CALL,
    Columns, Lists, Part, Raw, Sink, SourceError, calldate,
    lists::{MAX_ROWS, MAX_TABLES},
};
use crate::config::{CdrSourceConfig, Secret};

/// The longest wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that one statement may work, in seconds.
const STATEMENT_SECONDS: u32 = 120;
/// A session that cannot write, with an end to each statement. MySQL and MariaDB have different words for the end.
const SESSION: &str = "SET SESSION TRANSACTION READ ONLY";

#[derive(Debug)]
pub(super) struct Database {
    pool: MySqlPool,
    schema: String,
    table: String,
}

impl Database {
    pub(super) fn new(config: &CdrSourceConfig) -> Self {
        let (schema, table) = match config.table.split_once('.') {
            Some((schema, table)) => (schema, table),
            None => (config.database.as_str(), config.table.as_str()),
        };
        let port = config.port.and_then(|port| u16::try_from(port).ok());
        let password = config.password.as_ref().map_or("", Secret::expose);
        let options = MySqlConnectOptions::new()
            .host(&config.host)
            .port(port.unwrap_or(3306))
            .username(&config.user)
            .password(password)
            .database(&config.database)
            .charset("utf8mb4")
            .disable_statement_logging();
        let pool = MySqlPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(Duration::from_mins(1))
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql(SESSION).execute(&mut *connection).await?;
                    for end in [
                        format!("SET SESSION max_statement_time = {STATEMENT_SECONDS}"),
                        format!("SET SESSION max_execution_time = {STATEMENT_SECONDS}000"),
                    ] {
                        let _ = sqlx::raw_sql(AssertSqlSafe(end))
                            .execute(&mut *connection)
                            .await;
                    }
                    Ok(())
                })
            })
            .connect_lazy_with(options);
        Self {
            pool,
            schema: schema.to_owned(),
            table: table.to_owned(),
        }
    }

    fn name(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    pub(super) async fn columns(&self) -> Result<Columns, SourceError> {
        let names = self.names(&self.schema, &self.table).await?;
        if names.is_empty() {
            // A table without the right to read it is not shown, either.
            let text = format!("SELECT 1 FROM `{}`.`{}` LIMIT 0", self.schema, self.table);
            let probe = sqlx::query(AssertSqlSafe(text)).execute(&self.pool).await;
            return Err(match probe.map_err(SourceError::from) {
                Err(SourceError::Denied) => SourceError::Denied,
                _ => SourceError::NoTable(self.name()),
            });
        }
        Columns::among(&names, |_| false).ok_or(SourceError::NoColumn("calldate"))
    }

    pub(super) async fn missing_index(
        &self,
        columns: &Columns,
    ) -> Result<Option<String>, SourceError> {
        let text = "SELECT COUNT(*) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? \
                    AND COLUMN_NAME = ? AND SEQ_IN_INDEX = 1";
        let query = sqlx::query(text).bind(&self.schema).bind(&self.table);
        let row = query.bind(columns.time).fetch_one(&self.pool).await?;
        let missing = row.try_get::<i64, _>(0)? == 0;
        let (table, time) = (&self.table, columns.time);
        Ok(missing.then(|| {
            format!(
                "CREATE INDEX {time} ON `{}`.`{table}` ({time});",
                self.schema
            )
        }))
    }

    pub(super) async fn clock(&self) -> Result<i64, SourceError> {
        let text = "SELECT CAST(UNIX_TIMESTAMP() AS SIGNED)";
        Ok(sqlx::query(text).fetch_one(&self.pool).await?.try_get(0)?)
    }

    pub(super) async fn tables_like_it(&self) -> Result<Vec<String>, SourceError> {
        let text = format!(
            "SELECT CAST(CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS CHAR) FROM information_schema.COLUMNS \
             WHERE LOWER(COLUMN_NAME) = 'calldate' ORDER BY TABLE_SCHEMA <> ?, 1 LIMIT {MAX_TABLES}"
        );
        let query = sqlx::query(AssertSqlSafe(text)).bind(&self.schema);
        let rows = query.fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| text_at(row, 0).to_owned()).collect())
    }

    /// The columns of a table; none of one that is not there, or that this user may not see.
    async fn names(&self, schema: &str, table: &str) -> Result<BTreeSet<String>, SourceError> {
        let text = "SELECT CAST(LOWER(COLUMN_NAME) AS CHAR) AS name FROM information_schema.COLUMNS \
                    WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";
        let query = sqlx::query(text).bind(schema).bind(table);
        let rows = query.fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| text_at(row, 0).to_owned()).collect())
    }

    pub(super) async fn first_since(
        &self,
        columns: &Columns,
        from: i64,
    ) -> Result<Option<i64>, SourceError> {
        self.end(columns, ("MIN", ">="), from).await
    }

    pub(super) async fn last_before(
        &self,
        columns: &Columns,
        until: i64,
    ) -> Result<Option<i64>, SourceError> {
        self.end(columns, ("MAX", "<"), until).await
    }

    async fn end(
        &self,
        columns: &Columns,
        (which, than): (&str, &str),
        instant: i64,
    ) -> Result<Option<i64>, SourceError> {
        let text = format!(
            "SELECT TIMESTAMPDIFF(SECOND, '1970-01-01', {which}(`{time}`)) FROM `{}`.`{}` \
             WHERE `{time}` {than} ? AND `{time}` >= ?",
            self.schema,
            self.table,
            time = columns.time,
        );
        let query = sqlx::query(AssertSqlSafe(text)).bind(calldate(instant));
        let row = query.bind(calldate(FIRST_CALL)).fetch_one(&self.pool);
        Ok(row.await?.try_get(0)?)
    }

    /// FreePBX keeps its people in another database of the same server.
    pub(super) async fn lists(&self) -> Result<Lists, SourceError> {
        let mut lists = Lists::default();
        if self
            .has(&self.schema, "country_codes", &["code", "country"])
            .await?
        {
            let text = format!("SELECT code, country FROM `{}`.country_codes", self.schema);
            match self.pairs(text).await {
                Ok(rows) => lists.set_countries(rows),
                Err(error) => lists
                    .notes
                    .push(format!("its table country_codes is not used: {error}")),
            }
        }
        let users = "SELECT extension, name FROM asterisk.users";
        let sip = "SELECT id, data FROM asterisk.sip WHERE keyword = 'callerid'";
        let (table, text) = if self
            .has("asterisk", "users", &["extension", "name"])
            .await?
        {
            ("asterisk.users", users)
        } else if self
            .has("asterisk", "sip", &["id", "keyword", "data"])
            .await?
        {
            ("asterisk.sip", sip)
        } else {
            let note = "it has no list of users that may be read (asterisk.users of FreePBX): names are those of calls";
            lists.notes.push(note.to_owned());
            return Ok(lists);
        };
        match self.pairs(text.to_owned()).await {
            Ok(rows) => lists.set_users(table, rows),
            Err(error) => lists
                .notes
                .push(format!("its list of users is not read: {error}")),
        }
        Ok(lists)
    }

    /// Whether there is a table with these columns, that this user may see.
    async fn has(&self, schema: &str, table: &str, columns: &[&str]) -> Result<bool, SourceError> {
        let names = self.names(schema, table).await?;
        Ok(columns.iter().all(|column| names.contains(*column)))
    }

    async fn pairs(&self, text: String) -> Result<Vec<(String, String)>, SourceError> {
        let text = format!("{text} LIMIT {MAX_ROWS}");
        let rows = sqlx::query(AssertSqlSafe(text))
            .fetch_all(&self.pool)
            .await?;
        let pair = |row: &MySqlRow| (text_at(row, 0).to_owned(), text_at(row, 1).to_owned());
        Ok(rows.iter().map(pair).collect())
    }

    pub(super) async fn read<S: Sink>(
        &self,
        columns: &Columns,
        (from, until): (i64, i64),
        mut sink: S,
    ) -> Result<S, SourceError> {
        let texts = columns.parts().map(|column| match column {
            Some(column) => format!("`{column}`"),
            None => "''".to_owned(),
        });
        let number = |column: Option<&str>| match column {
            Some(column) => format!("CAST(COALESCE(`{column}`, 0) AS SIGNED)"),
            None => "0".to_owned(),
        };
        let text = format!(
            "SELECT TIMESTAMPDIFF(SECOND, '1970-01-01', `{time}`), {}, {}, {} \
             FROM `{}`.`{}` WHERE `{time}` >= ? AND `{time}` < ?",
            number(columns.duration),
            number(columns.billed),
            texts.join(", "),
            self.schema,
            self.table,
            time = columns.time,
        );
        let query = sqlx::query(AssertSqlSafe(text));
        let mut rows = query
            .bind(calldate(from))
            .bind(calldate(until))
            .fetch(&self.pool);
        while let Some(row) = rows.try_next().await? {
            let mut text = [""; Part::COUNT];
            for (index, text) in text.iter_mut().enumerate() {
                *text = text_at(&row, index + 3);
            }
            // Such as 0000-00-00: a time that no calendar has.
            let Some(calldate) = row.try_get(0)? else {
                continue;
            };
            sink.take(Raw {
                calldate,
                text,
                duration: row.try_get(1)?,
                billed: row.try_get(2)?,
            });
        }
        Ok(sink)
    }
}

/// A text, whatever its type and character set; nothing for `NULL` and what is no text.
fn text_at(row: &MySqlRow, index: usize) -> &str {
    let bytes: Option<&[u8]> = row.try_get_unchecked(index).ok().flatten();
    bytes.map_or("", |bytes| str::from_utf8(bytes).unwrap_or(""))
}
