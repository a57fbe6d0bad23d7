//! The `cdr` of `cdr_pgsql` and `cdr_adaptive_odbc` in PostgreSQL.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::TryStreamExt as _;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, PgPool, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{Columns, Part, Raw, Sink, SourceError};
use crate::config::{CdrSourceConfig, Secret};

/// The longest wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
const STATEMENT_TIMEOUT: &str = "120s";

#[derive(Debug)]
pub(super) struct Database {
    pool: PgPool,
    /// Nothing: wherever the search path leads.
    schema: Option<String>,
    table: String,
}

impl Database {
    pub(super) fn new(config: &CdrSourceConfig) -> Self {
        let (schema, table) = match config.table.split_once('.') {
            Some((schema, table)) => (Some(schema.to_owned()), table),
            None => (None, config.table.as_str()),
        };
        let port = config.port.and_then(|port| u16::try_from(port).ok());
        let password = config.password.as_ref().map_or("", Secret::expose);
        let options = PgConnectOptions::new_without_pgpass()
            .host(&config.host)
            .port(port.unwrap_or(5432))
            .username(&config.user)
            .password(password)
            .database(&config.database)
            .application_name("cordboard")
            .options([
                ("statement_timeout", STATEMENT_TIMEOUT),
                ("default_transaction_read_only", "on"),
            ])
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(Duration::from_mins(1))
            .connect_lazy_with(options);
        Self {
            pool,
            schema,
            table: table.to_owned(),
        }
    }

    fn name(&self) -> String {
        match &self.schema {
            Some(schema) => format!("\"{schema}\".\"{}\"", self.table),
            None => format!("\"{}\"", self.table),
        }
    }

    pub(super) async fn columns(&self) -> Result<Columns, SourceError> {
        let text = "SELECT lower(attname::text), format_type(atttypid, NULL) FROM pg_attribute \
                    WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
        let query = sqlx::query(text).bind(self.name());
        let rows = query.fetch_all(&self.pool).await?;
        let mut types = BTreeMap::new();
        for row in &rows {
            types.insert(row.try_get::<String, _>(0)?, row.try_get::<String, _>(1)?);
        }
        if types.is_empty() {
            return Err(SourceError::NoTable(self.name()));
        }
        let names: BTreeSet<String> = types.keys().cloned().collect();
        let zoned = |name: &str| types[name].contains("with time zone");
        Columns::among(&names, zoned).ok_or(SourceError::NoColumn("calldate"))
    }

    pub(super) async fn first_since(
        &self,
        columns: &Columns,
        from: i64,
    ) -> Result<Option<i64>, SourceError> {
        let text = format!(
            "SELECT floor(extract(epoch FROM min(\"{time}\")))::bigint FROM {} \
             WHERE \"{time}\" >= (to_timestamp($1::bigint){})",
            self.name(),
            in_utc(columns),
            time = columns.time,
        );
        let query = sqlx::query(AssertSqlSafe(text)).bind(from);
        Ok(query.fetch_one(&self.pool).await?.try_get(0)?)
    }

    pub(super) async fn read<S: Sink>(
        &self,
        columns: &Columns,
        (from, until): (i64, i64),
        mut sink: S,
    ) -> Result<S, SourceError> {
        let texts = columns.parts().map(|column| match column {
            Some(column) => format!("coalesce(\"{column}\"::text, '')"),
            None => "''".to_owned(),
        });
        let number = |column: Option<&str>| match column {
            Some(column) => format!("coalesce(\"{column}\", 0)::bigint"),
            None => "0::bigint".to_owned(),
        };
        let at = in_utc(columns);
        let text = format!(
            "SELECT floor(extract(epoch FROM \"{time}\"))::bigint, {}, {}, {} FROM {} \
             WHERE \"{time}\" >= (to_timestamp($1::bigint){at}) AND \"{time}\" < (to_timestamp($2::bigint){at})",
            number(columns.duration),
            number(columns.billed),
            texts.join(", "),
            self.name(),
            time = columns.time,
        );
        let query = sqlx::query(AssertSqlSafe(text));
        let mut rows = query.bind(from).bind(until).fetch(&self.pool);
        while let Some(row) = rows.try_next().await? {
            let mut text = [""; Part::COUNT];
            for (index, text) in text.iter_mut().enumerate() {
                *text = row.try_get(index + 3)?;
            }
            sink.take(Raw {
                calldate: row.try_get(0)?,
                text,
                duration: row.try_get(1)?,
                billed: row.try_get(2)?,
            });
        }
        Ok(sink)
    }
}

/// A column without a zone is compared as if it were UTC: that is how its seconds are counted here.
fn in_utc(columns: &Columns) -> &'static str {
    if columns.zoned {
        ""
    } else {
        " AT TIME ZONE 'UTC'"
    }
}
