//! A row as one text. A driver's price is by the column, and a start reads a million rows.

use std::str::{FromStr, Split};

use model::{E164, Timestamp};
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error as WordError};
use uuid::Uuid;

use crate::StoreError;
use crate::dialect::Db;

/// Stands between the columns. No text of such a row may have it.
const SEPARATOR: char = '\u{1f}';
/// Stands for a text that is not there. No text of such a row may have it.
const NOTHING: char = '\u{18}';

/// A column of a row that is read as one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Id(&'static str),
    /// Any other that always has a value.
    Set(&'static str),
    OptText(&'static str),
    /// A number that is never negative.
    OptCount(&'static str),
}

/// What to select, to have a row as one text.
pub(crate) fn joined(db: Db, columns: &[Column]) -> String {
    let columns: Vec<String> = columns
        .iter()
        .map(|column| match column {
            Column::Id(name) => db.id_text(name),
            Column::Set(name) => (*name).to_owned(),
            Column::OptText(name) => format!("coalesce({name}, '{NOTHING}')"),
            Column::OptCount(name) => format!("coalesce({name}, -1)"),
        })
        .collect();
    format!("concat_ws('{SEPARATOR}', {})", columns.join(", "))
}

/// Refuses a text that could not be told from what stands around it.
pub(crate) fn check(field: &str, text: &str) -> Result<(), StoreError> {
    if text.contains([SEPARATOR, NOTHING]) {
        return Err(StoreError::refused(field, "has a control character"));
    }
    Ok(())
}

/// Reads such a text, column by column, in the order in which they were joined.
pub(crate) struct Line<'a> {
    table: &'static str,
    text: &'a str,
    columns: Split<'a, char>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(table: &'static str, text: &'a str) -> Self {
        Self {
            table,
            text,
            columns: text.split(SEPARATOR),
        }
    }

    fn next(&mut self, column: &str) -> Result<&'a str, StoreError> {
        self.columns
            .next()
            .ok_or_else(|| self.corrupt(column, "is missing"))
    }

    fn parse<T: FromStr>(&self, column: &str, text: &str) -> Result<T, StoreError> {
        text.parse()
            .map_err(|_| self.corrupt(column, format!("{text} is out of range")))
    }

    pub(crate) fn uuid(&mut self, column: &str) -> Result<Uuid, StoreError> {
        let text = self.next(column)?;
        Uuid::try_parse(text).map_err(|error| self.corrupt(column, error.to_string()))
    }

    pub(crate) fn text(&mut self, column: &str) -> Result<String, StoreError> {
        self.next(column).map(str::to_owned)
    }

    pub(crate) fn opt_text(&mut self, column: &str) -> Result<Option<String>, StoreError> {
        let text = self.next(column)?;
        Ok((!text.starts_with(NOTHING)).then(|| text.to_owned()))
    }

    pub(crate) fn e164(&mut self, column: &str) -> Result<E164, StoreError> {
        let text = self.next(column)?;
        text.parse()
            .map_err(|_| self.corrupt(column, format!("{text:?} is no E.164 number")))
    }

    pub(crate) fn int<T: FromStr>(&mut self, column: &str) -> Result<T, StoreError> {
        let text = self.next(column)?;
        self.parse(column, text)
    }

    pub(crate) fn opt_count<T: FromStr>(&mut self, column: &str) -> Result<Option<T>, StoreError> {
        match self.next(column)? {
            "-1" => Ok(None),
            text => self.parse(column, text).map(Some),
        }
    }

    pub(crate) fn bool(&mut self, column: &str) -> Result<bool, StoreError> {
        match self.next(column)? {
            "1" | "t" => Ok(true),
            "0" | "f" => Ok(false),
            text => Err(self.corrupt(column, format!("{text:?} is neither true nor false"))),
        }
    }

    pub(crate) fn instant(&mut self, column: &str) -> Result<Timestamp, StoreError> {
        self.int(column).map(Timestamp::from_micros)
    }

    /// An enum by its word on the wire.
    pub(crate) fn opt_word<T: DeserializeOwned>(
        &mut self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        let word = self.next(column)?;
        if word.starts_with(NOTHING) {
            return Ok(None);
        }
        T::deserialize(IntoDeserializer::<WordError>::into_deserializer(word))
            .map(Some)
            .map_err(|error| self.corrupt(column, error.to_string()))
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self, column: &str) -> Result<T, StoreError> {
        let text = self.next(column)?;
        serde_json::from_str(text).map_err(|error| self.corrupt(column, error.to_string()))
    }

    /// Nothing may stand behind the last column.
    pub(crate) fn end(mut self, last: &str) -> Result<(), StoreError> {
        match self.columns.next() {
            None => Ok(()),
            Some(_) => Err(self.corrupt(last, "is followed by what no column holds")),
        }
    }

    fn corrupt(&self, column: &str, problem: impl Into<String>) -> StoreError {
        let id = self.text.split(SEPARATOR).next().unwrap_or_default();
        let row = Uuid::try_parse(id).map_or_else(|_| id.to_owned(), |id| id.to_string());
        StoreError::Corrupt {
            table: self.table,
            column: column.to_owned(),
            row,
            problem: problem.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_columns_by_their_kind() {
        let columns = [
            Column::Id("id"),
            Column::Set("n"),
            Column::OptText("a"),
            Column::OptCount("b"),
        ];
        assert_eq!(
            joined(Db::Sqlite, &columns),
            "concat_ws('\u{1f}', hex(id), n, coalesce(a, '\u{18}'), coalesce(b, -1))"
        );
        assert!(joined(Db::Postgres, &columns).starts_with("concat_ws('\u{1f}', id, n"));
    }

    #[test]
    fn names_what_cannot_be_read() {
        let mut line = Line::new("t", "x\u{1f}9\u{1f}\u{18}\u{1f}-1\u{1f}300");
        assert!(line.uuid("id").is_err());
        assert_eq!(line.int("a"), Ok(9_u8));
        assert_eq!(line.opt_text("b"), Ok(None));
        assert_eq!(line.opt_count::<u8>("c"), Ok(None));
        let problem = line.int::<u8>("d").unwrap_err().to_string();
        assert_eq!(problem, "table t, column d, row x: 300 is out of range");
        assert!(line.text("e").is_err());
        assert!(Line::new("t", "x").end("t").is_err());
    }
}
