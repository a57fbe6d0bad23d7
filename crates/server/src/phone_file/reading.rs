//! A file as it comes, row by row: what each says, or why it says nothing. Knows no store.

use std::collections::HashMap;

use model::{Invalid, visible};
use store::MAX_IMPORTED_EXTENSIONS;

use super::column::Column;
use super::said::Said;
use crate::csv_header::Header;
use crate::csv_rows::{MAX_ROW, Row, Rows, Step};

/// The cells of a row as they are written where the decimal separator is a comma.
const SEMICOLON: u8 = b';';

/// Give it the file by [`PhoneFile::take`], then [`PhoneFile::finish`].
pub(crate) struct PhoneFile {
    rows: Rows,
    header: Option<Header>,
    taken: Vec<Read>,
    /// The line of every number so far: each may stand there once.
    lines: HashMap<String, u64>,
}

/// A row that has been read.
pub(crate) struct Read {
    pub(super) line: u64,
    /// As the file has it.
    pub(super) number: String,
    pub(super) said: Result<Box<Said>, Invalid>,
}

/// Why a file cannot be taken in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileError {
    /// In words for whoever made the file.
    #[error("{0}")]
    Unreadable(String),
    #[error("it has more than {MAX_IMPORTED_EXTENSIONS} rows; split it")]
    TooManyRows,
}

impl PhoneFile {
    pub(crate) fn new() -> Self {
        Self {
            rows: Rows::new(),
            header: None,
            taken: Vec::new(),
            lines: HashMap::new(),
        }
    }

    /// Takes the next piece of the file.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<(), FileError> {
        self.read(piece, false)
    }

    /// All of the file has been given; its rows.
    pub(crate) fn finish(mut self) -> Result<Vec<Read>, FileError> {
        self.read(b"", true)?;
        if self.taken.is_empty() {
            let why = "there is no row behind the header";
            return Err(FileError::Unreadable(why.to_owned()));
        }
        Ok(self.taken)
    }

    fn read(&mut self, mut input: &[u8], last: bool) -> Result<(), FileError> {
        loop {
            let step = self.rows.next(&mut input, last);
            let Some(header) = &self.header else {
                if matches!(step, Step::More) {
                    return Ok(());
                }
                let (header, by_semicolon) = header(&step).map_err(FileError::Unreadable)?;
                self.header = Some(header);
                if by_semicolon {
                    self.rows.separate_by(SEMICOLON);
                }
                continue;
            };
            let read = match step {
                Step::More | Step::End => return Ok(()),
                Step::TooLong(line) => {
                    let why = format!(
                        "line {line} begins a row longer than {MAX_ROW} bytes, perhaps for a quote that is not closed"
                    );
                    return Err(FileError::Unreadable(why));
                }
                Step::TooManyCells(line) => {
                    let why = format!("has many more cells than the header's {}", header.len());
                    Read {
                        line,
                        number: String::new(),
                        said: Err(Invalid::new("row", why)),
                    }
                }
                Step::Row(row) => read(header, &row),
            };
            if self.taken.len() >= MAX_IMPORTED_EXTENSIONS {
                return Err(FileError::TooManyRows);
            }
            let read = self.once(read);
            self.taken.push(read);
        }
    }

    /// Refuses a number that stands further above.
    fn once(&mut self, mut read: Read) -> Read {
        if let Ok(said) = &read.said {
            let first = *self.lines.entry(said.number.clone()).or_insert(read.line);
            if first != read.line {
                let why = format!("is the same number as in line {first}");
                read.said = Err(Invalid::new(Column::Number.name(), why));
            }
        }
        read
    }
}

/// The columns, and whether semicolons part them.
fn header(step: &Step<'_>) -> Result<(Header, bool), String> {
    let row = match step {
        Step::Row(row) => row,
        Step::End => return Err("there is nothing in it".to_owned()),
        _ => return Err("the first row is no header: it is far too long".to_owned()),
    };
    let mut cells: Vec<&[u8]> = row.cells().collect();
    let by_semicolon = cells.len() == 1 && cells[0].contains(&SEMICOLON);
    if by_semicolon {
        cells = cells[0]
            .split(|byte| *byte == SEMICOLON)
            .map(unquoted)
            .collect();
    }
    let known = Column::ALL.map(Column::name);
    let header = Header::read(cells.into_iter(), &known, Column::Number.name())?;
    Ok((header, by_semicolon))
}

/// The first cell has lost its quotes with its row's first reading, the others have not.
fn unquoted(cell: &[u8]) -> &[u8] {
    let inner = cell.strip_prefix(b"\"").unwrap_or(cell);
    inner.strip_suffix(b"\"").unwrap_or(inner)
}

fn read(header: &Header, row: &Row<'_>) -> Read {
    let number = header.position(Column::Number as usize).unwrap_or_default();
    let number = row.cells().nth(number).unwrap_or_default();
    Read {
        line: row.line,
        number: visible(&String::from_utf8_lossy(number), 64),
        said: said(header, row).map(Box::new),
    }
}

fn said(header: &Header, row: &Row<'_>) -> Result<Said, Invalid> {
    let cells = row.cells();
    if cells.len() != header.len() {
        let why = format!("has {} cells, the header has {}", cells.len(), header.len());
        return Err(Invalid::new("row", why));
    }
    let mut texts = [None; Column::ALL.len()];
    for (column, cell) in header.columns().iter().zip(cells) {
        let name = Column::ALL[*column].name();
        let text = str::from_utf8(cell);
        let text = text.map_err(|_| Invalid::new(name, "is not UTF-8 text"))?;
        if text.contains(['\n', '\r']) {
            let why = "has a line break, perhaps for a quote that is not closed";
            return Err(Invalid::new(name, why));
        }
        texts[*column] = Some(text);
    }
    Said::read(|column| texts[column as usize])
}
