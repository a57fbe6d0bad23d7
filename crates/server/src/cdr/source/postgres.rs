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

use super::{
    super::reading::FIRST_CALL,
    Columns, Lists, Part, Raw, Sink, SourceError,
    lists::{MAX_ROWS, MAX_TABLES},
};
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
        let types = self.types(&self.name()).await?;
        if types.is_empty() {
            return Err(SourceError::NoTable(self.name()));
        }
        let names: BTreeSet<String> = types.keys().cloned().collect();
        let zoned = |name: &str| types[name].contains("with time zone");
        Columns::among(&names, zoned).ok_or(SourceError::NoColumn("calldate"))
    }

    pub(super) async fn missing_index(
        &self,
        columns: &Columns,
    ) -> Result<Option<String>, SourceError> {
        let text = "SELECT count(*) FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] \
                    WHERE indrelid = to_regclass($1) AND indisvalid AND lower(attname::text) = $2";
        let query = sqlx::query(text).bind(self.name()).bind(columns.time);
        let row = query.fetch_one(&self.pool).await?;
        let missing = row.try_get::<i64, _>(0)? == 0;
        // CONCURRENTLY: calls are written meanwhile.
        let (table, time) = (self.name(), columns.time);
        Ok(missing.then(|| format!("CREATE INDEX CONCURRENTLY ON {table} ({time});")))
    }

    pub(super) async fn clock(&self) -> Result<i64, SourceError> {
        let text = "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint";
        Ok(sqlx::query(text).fetch_one(&self.pool).await?.try_get(0)?)
    }

    pub(super) async fn tables_like_it(&self) -> Result<Vec<String>, SourceError> {
        let text = format!(
            "SELECT DISTINCT nspname || '.' || relname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid \
             JOIN pg_namespace ON pg_namespace.oid = relnamespace \
             WHERE lower(attname::text) = 'calldate' AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1 LIMIT {MAX_TABLES}"
        );
        let rows: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(text))
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }

    /// The columns of a table and their types; none of one that is not there.
    async fn types(&self, table: &str) -> Result<BTreeMap<String, String>, SourceError> {
        let text = "SELECT lower(attname::text), format_type(atttypid, NULL) FROM pg_attribute \
                    WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
        let rows: Vec<(String, String)> = sqlx::query_as(text)
            .bind(table)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().collect())
    }

    pub(super) async fn first_since(
        &self,
        columns: &Columns,
        from: i64,
    ) -> Result<Option<i64>, SourceError> {
        self.end(columns, ("min", ">="), from).await
    }

    pub(super) async fn last_before(
        &self,
        columns: &Columns,
        until: i64,
    ) -> Result<Option<i64>, SourceError> {
        self.end(columns, ("max", "<"), until).await
    }

    async fn end(
        &self,
        columns: &Columns,
        (which, than): (&str, &str),
        instant: i64,
    ) -> Result<Option<i64>, SourceError> {
        let at = in_utc(columns);
        let text = format!(
            "SELECT floor(extract(epoch FROM {which}(\"{time}\")))::bigint FROM {} \
             WHERE \"{time}\" {than} (to_timestamp($1::bigint){at}) AND \"{time}\" >= (to_timestamp($2::bigint){at})",
            self.name(),
            time = columns.time,
        );
        let query = sqlx::query(AssertSqlSafe(text)).bind(instant);
        let row = query.bind(FIRST_CALL).fetch_one(&self.pool);
        Ok(row.await?.try_get(0)?)
    }

    /// A table of countries beside the calls; people are not kept in PostgreSQL by any distribution.
    pub(super) async fn lists(&self) -> Result<Lists, SourceError> {
        let mut lists = Lists::default();
        let table = match &self.schema {
            Some(schema) => format!("\"{schema}\".country_codes"),
            None => "country_codes".to_owned(),
        };
        let types = self.types(&table).await?;
        if !["code", "country"]
            .into_iter()
            .all(|column| types.contains_key(column))
        {
            return Ok(lists);
        }
        let text = format!(
            "SELECT coalesce(code::text, ''), coalesce(country::text, '') FROM {table} LIMIT {MAX_ROWS}"
        );
        match sqlx::query_as(AssertSqlSafe(text))
            .fetch_all(&self.pool)
            .await
        {
            Ok(rows) => lists.set_countries(rows),
            Err(error) => {
                let error = SourceError::from(error);
                lists
                    .notes
                    .push(format!("its table country_codes is not used: {error}"));
            }
        }
        Ok(lists)
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
