//! The rows of a CSV file, from pieces of it as they come. Holds one row at a time, and never a long one.

use csv_core::ReadRecordResult;

/// The longest row, in bytes without its quotes.
pub(crate) const MAX_ROW: usize = 64 * 1024;
/// The most cells of a row; a longer one is told apart, but not kept.
const MAX_CELLS: usize = 64;
const BOM: &[u8] = b"\xef\xbb\xbf";

pub(crate) struct Rows {
    reader: csv_core::Reader,
    cells: Box<[u8]>,
    ends: [usize; MAX_CELLS],
    filled: usize,
    ended: usize,
    /// How much of a byte order mark has been passed over; nothing behind it.
    bom: Option<usize>,
    /// Where reading is.
    line: u64,
    /// Where the row at hand began.
    began: u64,
    between: bool,
    too_many: bool,
}

/// A row, as long as the next is not read.
pub(crate) struct Row<'a> {
    pub(crate) line: u64,
    cells: &'a [u8],
    ends: &'a [usize],
}

pub(crate) enum Step<'a> {
    Row(Row<'a>),
    /// The row of this line has more than [`MAX_CELLS`].
    TooManyCells(u64),
    /// The row of this line is longer than [`MAX_ROW`]; there is no reading on.
    TooLong(u64),
    /// More of the file is needed.
    More,
    End,
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self {
            reader: csv_core::Reader::new(),
            cells: vec![0; MAX_ROW].into(),
            ends: [0; MAX_CELLS],
            filled: 0,
            ended: 0,
            bom: Some(0),
            line: 1,
            began: 1,
            between: true,
            too_many: false,
        }
    }

    /// What parts the cells of the rows that follow, in place of a comma. To be called between two rows.
    pub(crate) fn separate_by(&mut self, separator: u8) {
        self.reader = csv_core::ReaderBuilder::new().delimiter(separator).build();
    }

    /// Takes from the front of `input`. When all of the file was given, `last` brings out what is left.
    pub(crate) fn next(&mut self, input: &mut &[u8], last: bool) -> Step<'_> {
        self.pass_bom(input);
        if self.between {
            self.pass_line_ends(input);
            self.began = self.line;
            (self.filled, self.ended, self.too_many) = (0, 0, false);
        }
        if input.is_empty() && !last {
            return Step::More;
        }
        self.between = false;
        loop {
            let (result, read, filled, ended) = self.reader.read_record(
                input,
                &mut self.cells[self.filled..],
                &mut self.ends[self.ended..],
            );
            self.line += line_ends(&input[..read]);
            *input = &input[read..];
            self.filled += filled;
            self.ended += ended;
            match result {
                ReadRecordResult::InputEmpty if last => {}
                ReadRecordResult::InputEmpty => return Step::More,
                ReadRecordResult::OutputFull => return Step::TooLong(self.began),
                ReadRecordResult::OutputEndsFull => {
                    (self.filled, self.ended, self.too_many) = (0, 0, true);
                }
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Step::End,
            }
        }
        self.between = true;
        if self.too_many {
            return Step::TooManyCells(self.began);
        }
        Step::Row(Row {
            line: self.began,
            cells: &self.cells[..self.filled],
            ends: &self.ends[..self.ended],
        })
    }

    /// A mark that is none, being half of one, is no text either: nothing is lost with it.
    fn pass_bom(&mut self, input: &mut &[u8]) {
        while let (Some(passed), Some((first, rest))) = (self.bom, input.split_first()) {
            if *first == BOM[passed] {
                *input = rest;
                self.bom = Some(passed + 1).filter(|passed| *passed < BOM.len());
            } else {
                self.bom = None;
            }
        }
    }

    fn pass_line_ends(&mut self, input: &mut &[u8]) {
        let ends = input
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let (passed, rest) = input.split_at(ends.count());
        self.line += line_ends(passed);
        *input = rest;
    }
}

fn line_ends(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

impl<'a> Row<'a> {
    pub(crate) fn cells(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let (cells, ends) = (self.cells, self.ends);
        (0..ends.len()).map(move |at| {
            let start = at.checked_sub(1).map_or(0, |before| ends[before]);
            &cells[start..ends[at]]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row as its line and cells, `!` for too many cells, `#` for a row too long.
    fn read(file: &[u8], piece: usize) -> Vec<(u64, Vec<String>)> {
        let mut rows = Rows::new();
        let mut all = Vec::new();
        let word = |text: &str| vec![text.to_owned()];
        for (mut piece, last) in file
            .chunks(piece)
            .map(|piece| (piece, false))
            .chain([(&b""[..], true)])
        {
            loop {
                all.push(match rows.next(&mut piece, last) {
                    Step::Row(row) => {
                        let cells = row.cells().map(String::from_utf8_lossy);
                        (row.line, cells.map(Into::into).collect())
                    }
                    Step::TooManyCells(line) => (line, word("!")),
                    Step::TooLong(line) => {
                        all.push((line, word("#")));
                        return all;
                    }
                    Step::More => break,
                    Step::End => return all,
                });
            }
        }
        all
    }

    fn rows(file: &[u8]) -> Vec<(u64, Vec<String>)> {
        let whole = read(file, file.len().max(1));
        for piece in [1, 2, 3, 7] {
            assert_eq!(read(file, piece), whole, "in pieces of {piece}");
        }
        whole
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn reads_what_spreadsheets_write() {
        assert_eq!(
            rows(b"\xef\xbb\xbfa,b\r\n\r\n\"1, \"\"x\"\"\",\r\n\n2,\"two\nlines\"\n3,4"),
            [
                row(1, &["a", "b"]),
                row(3, &["1, \"x\"", ""]),
                row(5, &["2", "two\nlines"]),
                row(7, &["3", "4"]),
            ]
        );
        assert_eq!(rows(b""), []);
        assert_eq!(rows(b"\n\r\n"), []);
        assert_eq!(rows(b"a\rb\r"), [row(1, &["a"]), row(1, &["b"])]);
    }

    #[test]
    fn a_row_of_any_length_takes_no_more_room() {
        let cells = [b"a,".repeat(1_000), b"\nb,c\n".to_vec()].concat();
        assert_eq!(rows(&cells), [row(1, &["!"]), row(2, &["b", "c"])]);
        let open = [b"a,b\n\"".to_vec(), b"x\n".repeat(MAX_ROW)].concat();
        assert_eq!(read(&open, 8192), [row(1, &["a", "b"]), row(2, &["#"])]);
    }
}
