//! A statement and its values, before any database has seen them.

use std::borrow::Cow;
use std::fmt::Write as _;

use model::{
    AgentId, ApiKeyId, CallId, CallerIdImportId, CallerIdKey, CentreChangeId, DeliveryId,
    DialplanContextId, DidId, E164, ExtensionId, ExtensionImportId, OfferId, QueueId, RecipientId,
    ReportScheduleId, ReservationId, ServerId, SessionId, Timestamp, TrunkId, UserId,
};
use serde::Serialize;
use uuid::Uuid;

use crate::{MAX_PAGE, StoreError};

/// A value to bind. A `NULL` keeps its type, because PostgreSQL wants to know.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Id(Option<Uuid>),
    Text(Option<String>),
    Int(Option<i64>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! value_from {
    ($($from:ty => |$x:ident| $variant:ident($to:expr);)+) => {$(
        impl From<$from> for Value {
            fn from($x: $from) -> Self {
                Self::$variant(Some($to))
            }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value.map(|$x| $to))
            }
        }
    )+};
}

value_from! {
    AgentId => |id| Id(id.0);
    ApiKeyId => |id| Id(id.0);
    CallId => |id| Id(id.0);
    DeliveryId => |id| Id(id.0);
    DialplanContextId => |id| Id(id.0);
    DidId => |id| Id(id.0);
    ExtensionId => |id| Id(id.0);
    ExtensionImportId => |id| Id(id.0);
    OfferId => |id| Id(id.0);
    QueueId => |id| Id(id.0);
    RecipientId => |id| Id(id.0);
    ReportScheduleId => |id| Id(id.0);
    ServerId => |id| Id(id.0);
    SessionId => |id| Id(id.0);
    TrunkId => |id| Id(id.0);
    CentreChangeId => |id| Id(id.0);
    UserId => |id| Id(id.0);
    Uuid => |id| Id(id);
    &str => |text| Text(text.to_owned());
    String => |text| Text(text);
    &String => |text| Text(text.clone());
    i64 => |number| Int(number);
    i32 => |number| Int(i64::from(number));
    u32 => |number| Int(i64::from(number));
    u16 => |number| Int(i64::from(number));
    u8 => |number| Int(i64::from(number));
    // Milliseconds and sequence numbers: 292 million years of either fit.
    u64 => |number| Int(i64::try_from(number).unwrap_or(i64::MAX));
    Timestamp => |at| Int(at.as_micros());
    bool => |flag| Bool(flag);
    &[u8] => |bytes| Bytes(bytes.to_vec());
    CallerIdImportId => |id| Id(id.0);
    CallerIdKey => |id| Id(id.0);
    ReservationId => |id| Id(id.0);
    E164 => |number| Text(number.to_string());
}

/// The word that an enum has on the wire.
pub(crate) fn word(value: impl Serialize) -> Value {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Value::Text(Some(word)),
        _ => Value::Text(None),
    }
}

/// A value as JSON text.
pub(crate) fn json(value: &impl Serialize) -> Value {
    Value::Text(Some(
        serde_json::to_string(value).expect("model values have text keys and no maps of maps"),
    ))
}

/// A statement in the portable text, with `?` for each value.
#[derive(Debug, Clone)]
pub(crate) struct Sql {
    /// The table it is about, for the words of errors.
    pub(crate) table: &'static str,
    pub(crate) text: Cow<'static, str>,
    pub(crate) values: Vec<Value>,
    /// The columns of the values, where known: they name the field of a refused value.
    columns: &'static [&'static str],
}

impl Sql {
    pub(crate) fn new(table: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            table,
            text: text.into(),
            values: Vec::new(),
            columns: &[],
        }
    }

    /// Appends to the text.
    pub(crate) fn and(mut self, text: &str) -> Self {
        self.text.to_mut().push_str(text);
        self
    }

    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    pub(crate) fn select(table: &'static str, columns: &[&str], rest: &str) -> Self {
        let text = format!("SELECT {} FROM {table} {rest}", columns.join(", "));
        Self::new(table, text)
    }

    /// The rows whose `key` is one of `ids`: a piece of them (see [`pieces`]).
    pub(crate) fn among<T: Clone + Into<Value>>(
        table: &'static str,
        columns: &[&str],
        key: &str,
        ids: &[T],
        rest: &str,
    ) -> Self {
        let marks = vec!["?"; ids.len()].join(", ");
        let sql = Self::select(table, columns, &format!("WHERE {key} IN ({marks}){rest}"));
        ids.iter().fold(sql, |sql, id| sql.bind(id.clone()))
    }

    pub(crate) fn insert(
        table: &'static str,
        columns: &'static [&'static str],
        values: Vec<Value>,
    ) -> Self {
        Self::insert_rows(table, columns, values)
    }

    /// One `INSERT` of as many rows as `values` has for `columns`.
    pub(crate) fn insert_rows(
        table: &'static str,
        columns: &'static [&'static str],
        values: Vec<Value>,
    ) -> Self {
        debug_assert_eq!(values.len() % columns.len(), 0, "whole rows of {table}");
        let row = format!("({})", vec!["?"; columns.len()].join(", "));
        let rows = vec![row.as_str(); values.len() / columns.len()].join(", ");
        Self {
            table,
            text: format!("INSERT INTO {table} ({}) VALUES {rows}", columns.join(", ")).into(),
            values,
            columns,
        }
    }

    /// Sets all columns but the first, of the row whose first column is the first value.
    pub(crate) fn update(
        table: &'static str,
        columns: &'static [&'static str],
        mut values: Vec<Value>,
    ) -> Self {
        debug_assert_eq!(values.len(), columns.len(), "one row of {table}");
        let mut text = format!("UPDATE {table} SET ");
        for (index, column) in columns[1..].iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}{column} = ?");
        }
        let _ = write!(text, " WHERE {} = ?", columns[0]);
        values.rotate_left(1);
        Self {
            table,
            text: text.into(),
            values,
            columns: &columns[1..],
        }
    }

    pub(crate) fn delete(table: &'static str, key: &str) -> Self {
        Self::new(table, format!("DELETE FROM {table} WHERE {key} = ?"))
    }

    /// Deletes the rows whose `key` is one of `keys`: a piece of them (see [`pieces`]).
    pub(crate) fn delete_among<T: Clone + Into<Value>>(
        table: &'static str,
        key: &str,
        keys: &[T],
    ) -> Self {
        let marks = vec!["?"; keys.len()].join(", ");
        let sql = Self::new(
            table,
            format!("DELETE FROM {table} WHERE {key} IN ({marks})"),
        );
        keys.iter().fold(sql, |sql, key| sql.bind(key.clone()))
    }

    /// PostgreSQL cannot keep a NUL, so nobody may.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let nul = |value: &Value| matches!(value, Value::Text(Some(text)) if text.contains('\0'));
        match self.values.iter().position(nul) {
            None => Ok(()),
            Some(_) if self.columns.is_empty() => {
                Err(StoreError::refused("value", "has a NUL character"))
            }
            Some(index) => {
                let column = self.columns[index % self.columns.len()];
                let field = column.strip_suffix("_id").unwrap_or(column);
                Err(StoreError::refused(field, "has a NUL character"))
            }
        }
    }
}

/// A page's length, if it is one.
pub(crate) fn page(limit: u32) -> Result<i64, StoreError> {
    if (1..=MAX_PAGE).contains(&limit) {
        Ok(i64::from(limit))
    } else {
        Err(StoreError::refused(
            "limit",
            format!("is {limit}, not in 1 to {MAX_PAGE}"),
        ))
    }
}

/// The sizes in which many rows are written or asked for: few distinct texts, so that each stays prepared.
const SIZES: [usize; 3] = [100, 10, 1];

/// Cuts `items` into pieces of 100, 10 and 1.
pub(crate) fn pieces<T>(mut items: &[T]) -> Vec<&[T]> {
    let mut pieces = Vec::new();
    for size in SIZES {
        while items.len() >= size {
            let (piece, rest) = items.split_at(size);
            pieces.push(piece);
            items = rest;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_into_few_sizes() {
        let items: Vec<u32> = (0..123).collect();
        let sizes: Vec<usize> = pieces(&items).iter().map(|piece| piece.len()).collect();
        assert_eq!(sizes, [100, 10, 10, 1, 1, 1]);
        assert_eq!(pieces(&items).concat(), items);
    }

    #[test]
    fn updates_by_the_first_column() {
        let sql = Sql::update("t", &["id", "a", "b"], vec![1.into(), 2.into(), 3.into()]);
        assert_eq!(sql.text, "UPDATE t SET a = ?, b = ? WHERE id = ?");
        assert_eq!(sql.values, [2.into(), 3.into(), 1.into()]);
    }

    #[test]
    fn names_the_field_with_a_nul() {
        let sql = Sql::insert("t", &["id", "note"], vec![1.into(), "a\0b".into()]);
        assert_eq!(
            sql.check(),
            Err(StoreError::refused("note", "has a NUL character"))
        );
    }
}
