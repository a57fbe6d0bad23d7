//! The first row: which column stands where.

use super::said::Column;
use crate::config::nearest;
use crate::csv_rows::Row;

/// Which column each cell of a row is of.
pub(super) struct Header {
    columns: Vec<Column>,
}

impl Header {
    /// The error is a sentence for whoever made the file.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, String> {
        let mut columns = Vec::new();
        for (at, cell) in row.cells().enumerate() {
            let name = str::from_utf8(cell).map_err(|_| {
                "the first row is not UTF-8 text; save the file as CSV in UTF-8".to_owned()
            })?;
            let name = name.trim().to_ascii_lowercase();
            let column = Column::ALL.into_iter().find(|known| known.name() == name);
            let column = column.ok_or_else(|| unknown(at + 1, &name))?;
            if columns.contains(&column) {
                return Err(format!("the column {name} stands in the header twice"));
            }
            columns.push(column);
        }
        if !columns.contains(&Column::Number) {
            return Err(format!(
                "the header has no column {}",
                Column::Number.name()
            ));
        }
        Ok(Self { columns })
    }

    /// How many cells a row has.
    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    /// Where a column stands.
    pub(super) fn position(&self, column: Column) -> Option<usize> {
        self.columns.iter().position(|one| *one == column)
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }
}

fn unknown(at: usize, name: &str) -> String {
    let known = Column::ALL.map(Column::name);
    let shown = model::visible(name, 40);
    if !shown.contains(|c: char| c.is_ascii_alphabetic()) || shown.contains([';', '\t']) {
        return format!(
            "the first row is no header, it begins with {shown:?}; write {} there, separated by commas",
            known[..5].join(",")
        );
    }
    let hint = match nearest(name, &known) {
        Some(near) => format!("do you mean {near}?"),
        None => format!("the columns are {}", known.join(", ")),
    };
    format!("column {at} of the header is unknown: {shown:?}; {hint}")
}
