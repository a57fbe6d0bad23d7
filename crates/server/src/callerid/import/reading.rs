//! A file as it comes, row by row: what each says, or why it says nothing. Knows no store.

use std::collections::HashMap;

use model::{E164, Invalid, visible};

use super::said::{Column, Said};
use super::{ImportError, MAX_ROWS};
use crate::csv_header::Header;
use crate::csv_rows::{MAX_ROW, Row, Rows, Step};
use crate::numbers::Numbers;

pub(super) struct Reading {
    numbers: Numbers,
    rows: Rows,
    header: Option<Header>,
    taken: usize,
    /// The line of every number so far: each may stand there once.
    lines: HashMap<E164, u64>,
}

/// A row that has been read.
pub(super) struct Read {
    pub(super) line: u64,
    /// As the file has it.
    pub(super) number: String,
    pub(super) said: Result<Box<Said>, Invalid>,
}

pub(super) enum Taken {
    Row(Read),
    /// More of the file is needed.
    More,
    End,
    /// There is no reading on behind this row.
    CutOff(Read),
}

impl Reading {
    pub(super) fn new(numbers: Numbers) -> Self {
        Self {
            numbers,
            rows: Rows::new(),
            header: None,
            taken: 0,
            lines: HashMap::new(),
        }
    }

    /// Takes from the front of `input`, with `last` when all of the file was given.
    pub(super) fn next(&mut self, input: &mut &[u8], last: bool) -> Result<Taken, ImportError> {
        loop {
            let step = self.rows.next(input, last);
            let Some(header) = &self.header else {
                self.header = match step {
                    Step::More => return Ok(Taken::More),
                    step => Some(header(step)?),
                };
                continue;
            };
            let read = match step {
                Step::More => return Ok(Taken::More),
                Step::End => return Ok(Taken::End),
                Step::TooLong(line) => {
                    let why = format!(
                        "is longer than {MAX_ROW} bytes, perhaps for a quote that is not closed; \
                         the file was read no further"
                    );
                    return Ok(Taken::CutOff(Read::refused(line, "row", why)));
                }
                Step::TooManyCells(line) => {
                    let why = format!("has many more cells than the header's {}", header.len());
                    Read::refused(line, "row", why)
                }
                Step::Row(row) => {
                    let number = header.position(Column::Number as usize).unwrap_or_default();
                    let number = row.cells().nth(number).unwrap_or_default();
                    Read {
                        line: row.line,
                        number: visible(&String::from_utf8_lossy(number), 64),
                        said: said(self.numbers, header, &row).map(Box::new),
                    }
                }
            };
            self.taken += 1;
            if self.taken > MAX_ROWS {
                let why = format!("is one over {MAX_ROWS}; the file was read no further: split it");
                return Ok(Taken::CutOff(Read::refused(read.line, "row", why)));
            }
            return Ok(Taken::Row(self.once(read)));
        }
    }

    /// Refuses a number that stands further above, perhaps written otherwise.
    fn once(&mut self, mut read: Read) -> Read {
        if let Ok(said) = &read.said {
            let first = *self.lines.entry(said.e164()).or_insert(read.line);
            if first != read.line {
                let why = format!("is the same number as in line {first}");
                read.said = Err(Invalid::new(Column::Number.name(), why));
            }
        }
        read
    }
}

impl Read {
    fn refused(line: u64, field: &'static str, why: String) -> Self {
        Self {
            line,
            number: String::new(),
            said: Err(Invalid::new(field, why)),
        }
    }
}

fn header(step: Step<'_>) -> Result<Header, ImportError> {
    let read = match step {
        Step::Row(row) => {
            let known = Column::ALL.map(Column::name);
            Header::read(row.cells(), &known, Column::Number.name())
        }
        Step::End => Err("the file is empty".to_owned()),
        _ => Err("the first row is no header: it is far too long".to_owned()),
    };
    read.map_err(ImportError::Header)
}

fn said(numbers: Numbers, header: &Header, row: &Row<'_>) -> Result<Said, Invalid> {
    let cells = row.cells();
    if cells.len() != header.len() {
        let why = format!("has {} cells, the header has {}", cells.len(), header.len());
        return Err(Invalid::new("row", why));
    }
    let mut texts = [""; Column::ALL.len()];
    for (column, cell) in header.columns().iter().zip(cells) {
        let name = Column::ALL[*column].name();
        let text = str::from_utf8(cell);
        let text = text.map_err(|_| Invalid::new(name, "is not UTF-8 text"))?;
        if text.contains('\n') {
            let why = "has a line break, perhaps for a quote that is not closed";
            return Err(Invalid::new(name, why));
        }
        texts[*column] = text.trim();
    }
    Said::read(numbers, |column| Some(texts[column as usize]))
}
