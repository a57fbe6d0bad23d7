//! The records of a CSV file, line by line.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    fs,
    io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom},
};

use flate2::read::MultiGzDecoder;
use jiff::civil::DateTime;

use super::super::{Columns, Part, Raw, Sink, SourceError};

/// The columns of `cdr_csv` without a header. The last three stand there only if `cdr.conf` asks for them.
const MASTER: [&str; 21] = [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
    "peeraccount",
    "linkedid",
    "sequence",
];
/// The longest line, in bytes; no call needs a tenth of it.
const MAX_LINE: u64 = 64 << 10;
/// The most columns.
const MAX_COLUMNS: usize = 256;
/// A text that is read from its beginning, and may grow.
pub(super) trait Text: BufRead + Send {
    /// Goes from one place to a later one.
    fn go(&mut self, from: u64, to: u64) -> io::Result<()>;
}

impl Text for BufReader<fs::File> {
    fn go(&mut self, _from: u64, to: u64) -> io::Result<()> {
        self.seek(SeekFrom::Start(to)).map(drop)
    }
}

impl Text for BufReader<MultiGzDecoder<BufReader<fs::File>>> {
    fn go(&mut self, from: u64, to: u64) -> io::Result<()> {
        io::copy(&mut self.take(to.saturating_sub(from)), &mut io::sink()).map(drop)
    }
}

/// The records of a text whose columns are known.
pub(super) struct Lines {
    text: Box<dyn Text>,
    /// All lines before it were handed out.
    pub(super) offset: u64,
    pub(super) columns: Columns,
    at: Positions,
    /// The first line, where it is a call.
    first: Option<Vec<u8>>,
    /// What there is of a line that is being written.
    line: Vec<u8>,
    /// How many bytes of a line that is too long were left out.
    passed_over: u64,
    cells: Cells,
    pub(super) unreadable: u64,
}

/// Where in a record each column is.
struct Positions {
    time: usize,
    parts: [Option<usize>; Part::COUNT],
    duration: Option<usize>,
    billed: Option<usize>,
}

impl Lines {
    pub(super) fn begin(mut text: Box<dyn Text>) -> io::Result<Result<Self, SourceError>> {
        let (mut line, mut cells) = (Vec::new(), Cells::new());
        let whole = read_line(&mut text, &mut line)?;
        cells.split(&line);
        let header: Vec<String> = (0..cells.count)
            .map(|at| {
                cells
                    .get(Some(at))
                    .trim()
                    .trim_start_matches('\u{feff}')
                    .to_lowercase()
            })
            .collect();
        let has_header = header
            .iter()
            .any(|name| name == "calldate" || name == "start");
        let names = if has_header {
            header
        } else {
            MASTER.map(str::to_owned).into()
        };
        let set: BTreeSet<String> = names.iter().cloned().collect();
        let Some(columns) = Columns::among(&set, |_| false) else {
            return Ok(Err(SourceError::NoColumn("calldate")));
        };
        let at = |name: &str| names.iter().position(|known| known == name);
        let at = Positions {
            time: at(columns.time).unwrap_or(usize::MAX),
            parts: columns.parts().map(|part| part.and_then(at)),
            duration: columns.duration.and_then(at),
            billed: columns.billed.and_then(at),
        };
        let (offset, first) = match (whole, has_header) {
            (true, true) => (line.len() as u64, None),
            (true, false) => (0, Some(std::mem::take(&mut line))),
            // Of a line that is being written, or of none at all, nothing is known yet.
            (false, _) => (0, None),
        };
        if whole {
            line.clear();
        }
        Ok(Ok(Self {
            text,
            offset,
            columns,
            at,
            first,
            line,
            passed_over: 0,
            cells,
            unreadable: 0,
        }))
    }

    pub(super) fn go_to(&mut self, offset: u64) -> io::Result<()> {
        let first = self.first.take().unwrap_or_default();
        let from = self.offset + first.len() as u64;
        self.line.clear();
        self.text.go(from, offset)
    }

    /// Whether the end was reached.
    pub(super) fn read(&mut self, most: usize, sink: &mut impl Sink) -> io::Result<bool> {
        for _ in 0..most {
            if let Some(first) = self.first.take() {
                self.line = first;
            } else if !self.next_line()? {
                return Ok(true);
            }
            self.offset += self.line.len() as u64 + self.passed_over;
            self.take(sink);
            self.line.clear();
            self.passed_over = 0;
        }
        Ok(false)
    }

    /// Whether there is a whole line; of one that is too long, the end is passed over.
    fn next_line(&mut self) -> io::Result<bool> {
        if read_line(&mut self.text, &mut self.line)? {
            return Ok(true);
        }
        let mut rest = Vec::new();
        while self.line.len() as u64 >= MAX_LINE {
            rest.clear();
            let is_end = read_line(&mut self.text, &mut rest)?;
            self.passed_over += rest.len() as u64;
            if is_end || rest.is_empty() {
                return Ok(is_end);
            }
        }
        Ok(false)
    }

    fn take(&mut self, sink: &mut impl Sink) {
        if !self.line.ends_with(b"\n") {
            self.unreadable += 1;
            return;
        }
        self.cells.split(&self.line);
        let cells = &self.cells;
        let Some(calldate) = second(&cells.get(Some(self.at.time))) else {
            self.unreadable += u64::from(cells.count > 1);
            return;
        };
        let text = self.at.parts.map(|part| cells.get(part));
        let number = |at| cells.get(at).trim().parse().unwrap_or(0);
        sink.take(Raw {
            calldate,
            text: std::array::from_fn(|part| &*text[part]),
            duration: number(self.at.duration),
            billed: number(self.at.billed),
        });
    }
}

/// Adds a line to what there is of it, with its end; whether it is whole. Of one that is too long only the beginning stays.
fn read_line(text: &mut Box<dyn Text>, line: &mut Vec<u8>) -> io::Result<bool> {
    let room = MAX_LINE.saturating_sub(line.len() as u64);
    text.take(room).read_until(b'\n', line)?;
    Ok(line.ends_with(b"\n"))
}

/// A line, split as RFC 4180 says.
struct Cells {
    reader: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Cells {
    fn new() -> Self {
        Self {
            // Its default has no tables, and reads nothing.
            reader: csv_core::Reader::new(),
            text: Vec::new(),
            ends: Vec::new(),
            count: 0,
        }
    }

    fn split(&mut self, line: &[u8]) {
        self.reader.reset();
        self.text.resize(line.len() + 1, 0);
        self.ends.resize(MAX_COLUMNS, 0);
        let (_, read, written, count) =
            self.reader
                .read_record(line, &mut self.text, &mut self.ends);
        // The end of the input ends a record without an end of line.
        let rest = self.reader.read_record(
            &line[read..],
            &mut self.text[written..],
            &mut self.ends[count..],
        );
        self.count = count + rest.3;
    }

    /// What is no UTF-8 is read with marks where it is not; nothing where there is no such column.
    fn get(&self, at: Option<usize>) -> Cow<'_, str> {
        let Some(at) = at.filter(|at| *at < self.count) else {
            return Cow::Borrowed("");
        };
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        String::from_utf8_lossy(&self.text[from..self.ends[at]])
    }
}

/// `2026-11-21 01:19:51` as seconds since 1970, by the file's own clock.
fn second(text: &str) -> Option<i64> {
    let text = text.trim();
    let at: DateTime = text.parse().ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(at.timestamp().as_second())
}
