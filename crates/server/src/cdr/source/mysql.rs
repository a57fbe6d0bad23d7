//! `asteriskcdrdb.cdr` of FreePBX, and every `cdr` in MySQL or MariaDB.

use std::{collections::BTreeSet, time::Duration};

use futures_util::TryStreamExt as _;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, MySqlPool, Row as _,
    mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlRow},
};

use super::{Columns, Part, Raw, Sink, SourceError, calldate};
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
        let text = "SELECT CAST(LOWER(COLUMN_NAME) AS CHAR) AS name FROM information_schema.COLUMNS \
                    WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";
        let query = sqlx::query(text).bind(&self.schema).bind(&self.table);
        let rows = query.fetch_all(&self.pool).await?;
        let names: BTreeSet<String> = rows.iter().map(|row| text_at(row, 0).to_owned()).collect();
        if names.is_empty() {
            return Err(SourceError::NoTable(self.name()));
        }
        Columns::among(&names, |_| false).ok_or(SourceError::NoColumn("calldate"))
    }

    pub(super) async fn first_since(
        &self,
        columns: &Columns,
        from: i64,
    ) -> Result<Option<i64>, SourceError> {
        let text = format!(
            "SELECT TIMESTAMPDIFF(SECOND, '1970-01-01', MIN(`{time}`)) FROM `{}`.`{}` WHERE `{time}` >= ?",
            self.schema,
            self.table,
            time = columns.time,
        );
        let query = sqlx::query(AssertSqlSafe(text)).bind(calldate(from));
        Ok(query.fetch_one(&self.pool).await?.try_get(0)?)
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
