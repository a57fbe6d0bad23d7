//! One row of whichever database, read column by column. What cannot be read is named: table, column, row.

use model::{E164, Timestamp};
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error as WordError};
use sqlx::Row as _;
use uuid::Uuid;

use crate::StoreError;

pub(crate) struct Row {
    pub(crate) table: &'static str,
    pub(crate) columns: Columns,
}

pub(crate) enum Columns {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
    MariaDb(sqlx::mysql::MySqlRow),
}

macro_rules! read {
    ($row:expr, $column:expr, $Type:ty) => {
        match &$row.columns {
            Columns::Sqlite(row) => row.try_get::<$Type, _>($column),
            Columns::Postgres(row) => row.try_get::<$Type, _>($column),
            Columns::MariaDb(row) => row.try_get::<$Type, _>($column),
        }
        .map_err(|error| $row.corrupt($column, error.to_string()))
    };
}

impl Row {
    pub(crate) fn uuid(&self, column: &str) -> Result<Uuid, StoreError> {
        read!(self, column, Uuid)
    }

    pub(crate) fn opt_uuid(&self, column: &str) -> Result<Option<Uuid>, StoreError> {
        read!(self, column, Option<Uuid>)
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        read!(self, column, String)
    }

    pub(crate) fn borrowed(&self, column: &str) -> Result<&str, StoreError> {
        read!(self, column, &str)
    }

    pub(crate) fn opt_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        read!(self, column, Option<String>)
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        read!(self, column, Vec<u8>)
    }

    pub(crate) fn bool(&self, column: &str) -> Result<bool, StoreError> {
        read!(self, column, bool)
    }

    pub(crate) fn opt_bool(&self, column: &str) -> Result<Option<bool>, StoreError> {
        read!(self, column, Option<bool>)
    }

    pub(crate) fn int<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError> {
        self.opt_int(column)?
            .ok_or_else(|| self.corrupt(column, "is null"))
    }

    pub(crate) fn opt_int<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let Some(number) = read!(self, column, Option<i64>)? else {
            return Ok(None);
        };
        match T::try_from(number) {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(self.corrupt(column, format!("{number} is out of range"))),
        }
    }

    pub(crate) fn instant(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.int(column).map(Timestamp::from_micros)
    }

    pub(crate) fn opt_instant(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.opt_int(column)?.map(Timestamp::from_micros))
    }

    pub(crate) fn e164(&self, column: &str) -> Result<E164, StoreError> {
        let text = self.text(column)?;
        text.parse()
            .map_err(|_| self.corrupt(column, format!("{text:?} is no E.164 number")))
    }

    /// An enum by its word on the wire.
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        self.opt_word(column)?
            .ok_or_else(|| self.corrupt(column, "is null"))
    }

    pub(crate) fn opt_word<T: DeserializeOwned>(
        &self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        let Some(word) = self.opt_text(column)? else {
            return Ok(None);
        };
        match T::deserialize(IntoDeserializer::<WordError>::into_deserializer(
            word.as_str(),
        )) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(self.corrupt(column, error.to_string())),
        }
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        let text = self.text(column)?;
        serde_json::from_str(&text).map_err(|error| self.corrupt(column, error.to_string()))
    }

    pub(crate) fn opt_json<T: DeserializeOwned>(
        &self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        let Some(text) = self.opt_text(column)? else {
            return Ok(None);
        };
        let read = serde_json::from_str(&text).map(Some);
        read.map_err(|error| self.corrupt(column, error.to_string()))
    }

    pub(crate) fn corrupt(&self, column: &str, problem: impl Into<String>) -> StoreError {
        StoreError::Corrupt {
            table: self.table,
            column: column.to_owned(),
            row: self.name(),
            problem: problem.into(),
        }
    }

    /// The row's id or number, as far as it can be read.
    fn name(&self) -> String {
        fn key<T: std::fmt::Display, E>(value: Result<T, E>) -> Option<String> {
            value.ok().map(|value| value.to_string())
        }
        let (id, number) = match &self.columns {
            Columns::Sqlite(row) => (
                key(row.try_get::<Uuid, _>(0)),
                key(row.try_get::<i64, _>(0)),
            ),
            Columns::Postgres(row) => (
                key(row.try_get::<Uuid, _>(0)),
                key(row.try_get::<i64, _>(0)),
            ),
            Columns::MariaDb(row) => (
                key(row.try_get::<Uuid, _>(0)),
                key(row.try_get::<i64, _>(0)),
            ),
        };
        id.or(number).unwrap_or_else(|| "?".to_owned())
    }
}
