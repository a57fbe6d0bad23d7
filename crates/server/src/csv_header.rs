//! The first row of a CSV file: which column stands where.

use crate::config::nearest;

/// Which of the known columns each cell of a row is of.
pub(crate) struct Header {
    columns: Vec<usize>,
}

impl Header {
    /// From the cells of the first row; each is one of `known`, and one of them is `needed`. The error is a sentence for whoever
    /// made the file.
    pub(crate) fn read<'a>(
        cells: impl Iterator<Item = &'a [u8]>,
        known: &[&'static str],
        needed: &str,
    ) -> Result<Self, String> {
        let mut columns = Vec::new();
        for (at, cell) in cells.enumerate() {
            let name = str::from_utf8(cell).map_err(|_| {
                "the first row is not UTF-8 text; save the file as CSV in UTF-8".to_owned()
            })?;
            let name = name.trim().to_ascii_lowercase();
            let column = known.iter().position(|known| *known == name);
            let column = column.ok_or_else(|| unknown(at + 1, &name, known))?;
            if columns.contains(&column) {
                return Err(format!("the column {name} stands in the header twice"));
            }
            columns.push(column);
        }
        if !columns.iter().any(|column| known[*column] == needed) {
            return Err(format!("the header has no column {needed}"));
        }
        Ok(Self { columns })
    }

    /// How many cells a row has.
    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    /// Where a column stands.
    pub(crate) fn position(&self, column: usize) -> Option<usize> {
        self.columns.iter().position(|one| *one == column)
    }

    pub(crate) fn columns(&self) -> &[usize] {
        &self.columns
    }
}

fn unknown(at: usize, name: &str, known: &[&str]) -> String {
    let shown = model::visible(name, 40);
    if !shown.contains(|c: char| c.is_ascii_alphabetic()) || shown.contains([';', '\t']) {
        let first: Vec<_> = known.iter().take(5).copied().collect();
        return format!(
            "the first row is no header, it begins with {shown:?}; write {} there, separated by commas",
            first.join(",")
        );
    }
    let hint = match nearest(name, known) {
        Some(near) => format!("do you mean {near}?"),
        None => format!("the columns are {}", known.join(", ")),
    };
    format!("column {at} of the header is unknown: {shown:?}; {hint}")
}
