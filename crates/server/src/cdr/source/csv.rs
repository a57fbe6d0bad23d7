//! `Master.csv` of `cdr_csv`, as Asterisk writes it or packed with gzip, and CSV files with a header.
//!
//! A file has no index: it is read from its beginning, row by row, with memory for one row.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use jiff::civil::DateTime;

use super::{Columns, Raw, Sink, SourceError};

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

#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
}

impl File {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) async fn columns(&self) -> Result<Columns, SourceError> {
        in_background(&self.path, |rows| {
            let names: BTreeSet<String> = rows.names.iter().cloned().collect();
            Columns::among(&names, |_| false).ok_or(SourceError::NoColumn("calldate"))
        })
        .await
    }

    pub(super) async fn first_since(
        &self,
        columns: &Columns,
        from: i64,
    ) -> Result<Option<i64>, SourceError> {
        let columns = columns.clone();
        in_background(&self.path, move |mut rows| {
            let mut first: Option<i64> = None;
            rows.each(&columns, |row| {
                if row.calldate >= from {
                    first = Some(first.map_or(row.calldate, |first| first.min(row.calldate)));
                }
            })?;
            Ok(first)
        })
        .await
    }

    pub(super) async fn read<S: Sink>(
        &self,
        columns: &Columns,
        (from, until): (i64, i64),
        mut sink: S,
    ) -> Result<S, SourceError> {
        let columns = columns.clone();
        in_background(&self.path, move |mut rows| {
            rows.each(&columns, |row| {
                if (from..until).contains(&row.calldate) {
                    sink.take(row);
                }
            })?;
            Ok(sink)
        })
        .await
    }
}

/// An open file whose columns are known.
struct Rows {
    names: Vec<String>,
    /// The first record, where it is a call.
    first: Option<csv::StringRecord>,
    reader: csv::Reader<Box<dyn Read + Send>>,
}

impl Rows {
    fn open(path: &Path) -> Result<Self, SourceError> {
        let failed = |error: io::Error| SourceError::File(format!("{}: {error}", path.display()));
        let file = BufReader::new(fs::File::open(path).map_err(failed)?);
        let packed = path.extension().is_some_and(|extension| extension == "gz");
        let text: Box<dyn Read + Send> = if packed {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text);
        let mut first = csv::StringRecord::new();
        let any = read(&mut reader, &mut first)?;
        let header: Vec<String> = first
            .iter()
            .map(|name| name.trim().trim_start_matches('\u{feff}').to_lowercase())
            .collect();
        let has_header = header
            .iter()
            .any(|name| name == "calldate" || name == "start");
        Ok(if has_header {
            Self {
                names: header,
                first: None,
                reader,
            }
        } else {
            Self {
                names: MASTER.map(str::to_owned).into(),
                first: Some(first).filter(|_| any),
                reader,
            }
        })
    }

    fn each(
        &mut self,
        columns: &Columns,
        mut take: impl FnMut(Raw<'_>),
    ) -> Result<(), SourceError> {
        let at = |name: &str| self.names.iter().position(|known| known == name);
        let time = at(columns.time).ok_or(SourceError::NoColumn("calldate"))?;
        let parts = columns.parts().map(|part| part.and_then(at));
        let (duration, billed) = (columns.duration.and_then(at), columns.billed.and_then(at));
        let mut record = self.first.take();
        let mut next = csv::StringRecord::new();
        let mut unreadable = 0_u64;
        loop {
            let row = match record.take() {
                Some(first) => first,
                None if read(&mut self.reader, &mut next)? => std::mem::take(&mut next),
                None => break,
            };
            let text = |index: Option<usize>| index.and_then(|index| row.get(index)).unwrap_or("");
            let Some(calldate) = second(text(Some(time))) else {
                unreadable += 1;
                continue;
            };
            take(Raw {
                calldate,
                text: parts.map(text),
                duration: text(duration).trim().parse().unwrap_or(0),
                billed: text(billed).trim().parse().unwrap_or(0),
            });
            next = row;
        }
        if unreadable > 0 {
            tracing::warn!(
                unreadable,
                "rows of a CSV file have no time and are left out"
            );
        }
        Ok(())
    }
}

/// Whether there was another record. What is no UTF-8 is read as if it were, with marks where it is not.
fn read(
    reader: &mut csv::Reader<Box<dyn Read + Send>>,
    into: &mut csv::StringRecord,
) -> Result<bool, SourceError> {
    let mut bytes = csv::ByteRecord::new();
    let any = reader
        .read_byte_record(&mut bytes)
        .map_err(|error| SourceError::File(error.to_string()))?;
    *into = csv::StringRecord::from_byte_record_lossy(bytes);
    Ok(any)
}

/// `2026-11-21 01:19:51` as seconds since 1970, by the file's own clock.
fn second(text: &str) -> Option<i64> {
    let text = text.trim();
    let at: DateTime = text.parse().ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(at.timestamp().as_second())
}

async fn in_background<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(Rows) -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let path = path.to_owned();
    let done = tokio::task::spawn_blocking(move || work(Rows::open(&path)?));
    done.await.unwrap_or(Err(SourceError::Failed))
}
