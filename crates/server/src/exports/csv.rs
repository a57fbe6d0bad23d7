//! CSV as RFC 4180 has it, in UTF-8: a row with the columns' keys, then the rows.

use std::borrow::Cow;

use super::{ExportError, Table, Value, marked};

pub(super) fn encode(table: &Table) -> Result<Vec<u8>, ExportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(table.columns.iter().map(|column| column.key.as_str()))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(|value| cell(value).into_owned()))?;
    }
    let written = writer.into_inner();
    Ok(written.map_err(|error| csv::Error::from(error.into_error()))?)
}

fn cell(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) => marked(text),
        Value::Whole(number) => number.to_string().into(),
        Value::Number(number) => number.to_string().into(),
        Value::Instant(at) => at.to_string().into(),
        Value::None => "".into(),
    }
}
