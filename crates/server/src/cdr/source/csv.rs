//! `Master.csv` of `cdr_csv`, as Asterisk writes it or packed with gzip, and CSV files with a header.
//!
//! A file has no index: it is read once, line by line, with memory for one line, and then as it grows. A packed file is read
//! once for each change. A record is a line: one with an open quote spoils no other.

mod lines;

use std::{
    fs,
    io::{self, BufReader, Read as _, Seek as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use self::lines::{Lines, Text};
use super::{Columns, Sink, SourceError};

/// By so many bytes at its beginning a file is known again.
const HEAD: u64 = 1_024;

/// How far a file has been read, and which file that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cdr) struct FilePlace {
    device: u64,
    inode: u64,
    /// How many bytes the beginning has, and their checksum.
    head: (u64, u32),
    /// Of the text: all lines before it were read.
    offset: u64,
    /// Of a packed file that was read to its end: its length, and when it was changed.
    whole: Option<(u64, i64)>,
    /// Whether there was another file before it, which may have had some of its rows.
    pub(in crate::cdr) again: bool,
}

/// What a step through a file came to.
#[derive(Debug, Clone)]
pub(in crate::cdr) struct FileStep {
    pub(in crate::cdr) place: FilePlace,
    pub(in crate::cdr) is_at_end: bool,
    /// As it lies on the disk.
    pub(in crate::cdr) bytes_left: i64,
    pub(in crate::cdr) notes: Vec<String>,
}

#[derive(Debug)]
pub(in crate::cdr) struct File {
    path: PathBuf,
    open: Arc<Mutex<Option<Open>>>,
}

impl File {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            open: Arc::default(),
        }
    }

    pub(super) async fn columns(&self) -> Result<Columns, SourceError> {
        let path = self.path.clone();
        in_background(move || Ok(Open::at(&path, None)?.lines.columns)).await
    }

    /// Hands the next rows after `place` to `sink`, `most` at the most.
    pub(in crate::cdr) async fn read_on<S: Sink>(
        &self,
        place: Option<FilePlace>,
        most: usize,
        mut sink: S,
    ) -> Result<(S, FileStep), SourceError> {
        let (path, open) = (self.path.clone(), Arc::clone(&self.open));
        in_background(move || {
            let mut slot = open.lock().unwrap_or_else(PoisonError::into_inner);
            let mut open = open_at(&path, slot.take(), place)?;
            open.read(most, &mut sink)?;
            let step = open.step(&path);
            *slot = Some(open);
            Ok((sink, step))
        })
        .await
    }
}

/// The file to read on in: the one that was read until its end is reached, then the one that lies in its place.
fn open_at(path: &Path, open: Option<Open>, place: Option<FilePlace>) -> Result<Open, SourceError> {
    let Some(place) = place else {
        return Open::at(path, None);
    };
    if place.offset == 0 {
        // Nothing was read of it yet, and perhaps it had no line that says its columns.
        let mut open = Open::at(path, None)?;
        open.place.again = place.again;
        return Ok(open);
    }
    if let Some(mut open) = open.filter(|open| open.place == place) {
        match open.lies_at(path) {
            Lies::AsBefore => return Ok(open),
            Lies::Elsewhere if !(open.was_moved && open.is_done) => {
                open.was_moved = true;
                return Ok(open);
            }
            Lies::Elsewhere | Lies::Anew => {}
        }
        return Open::at(path, None).map(Open::after_another);
    }
    if let Some(open) = Open::again(path, &place)? {
        return Ok(open);
    }
    // Moved away while nobody looked, by the name that programs give to such files.
    let mut moved = path.as_os_str().to_owned();
    moved.push(".1");
    if place.whole.is_none()
        && let Ok(Some(mut open)) = Open::again(Path::new(&moved), &place)
    {
        open.was_moved = true;
        return Ok(open);
    }
    Open::at(path, None).map(Open::after_another)
}

/// Where an open file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lies {
    /// At its path, as it was or longer.
    AsBefore,
    /// It was moved away: the rest of it is still to be read.
    Elsewhere,
    /// At its path, but with another content.
    Anew,
}

/// An open file.
struct Open {
    place: FilePlace,
    lines: Lines,
    packed: bool,
    /// Its end was reached.
    is_done: bool,
    was_moved: bool,
}

impl Open {
    /// At its first record, or where it was left.
    fn at(path: &Path, place: Option<&FilePlace>) -> Result<Self, SourceError> {
        let failed = |error: io::Error| SourceError::File(format!("{}: {error}", path.display()));
        let mut file = fs::File::open(path).map_err(failed)?;
        let data = file.metadata().map_err(failed)?;
        let length = place.map_or(HEAD, |place| place.head.0).min(HEAD);
        let mut head = Vec::new();
        (&mut file)
            .take(length)
            .read_to_end(&mut head)
            .map_err(failed)?;
        file.rewind().map_err(failed)?;
        let packed = path.extension().is_some_and(|extension| extension == "gz");
        let text: Box<dyn Text> = if packed {
            Box::new(BufReader::new(MultiGzDecoder::new(BufReader::new(file))))
        } else {
            Box::new(BufReader::new(file))
        };
        let mut lines = Lines::begin(text).map_err(failed)??;
        if let Some(place) = place.filter(|place| place.offset > 0) {
            if place.whole.is_none() {
                lines.go_to(place.offset).map_err(failed)?;
            }
            lines.offset = place.offset;
        }
        Ok(Self {
            place: FilePlace {
                device: data.dev(),
                inode: data.ino(),
                head: (head.len() as u64, crc32fast::hash(&head)),
                offset: lines.offset,
                whole: None,
                again: place.is_some_and(|place| place.again),
            },
            lines,
            packed,
            is_done: false,
            was_moved: false,
        })
    }

    /// The file at `path`, if it is the one of `place` and has not become shorter.
    fn again(path: &Path, place: &FilePlace) -> Result<Option<Self>, SourceError> {
        let data = fs::metadata(path)
            .map_err(|error| SourceError::File(format!("{}: {error}", path.display())))?;
        let packed = path.extension().is_some_and(|extension| extension == "gz");
        let is_whole = place.whole == Some((data.len(), data.mtime()));
        let may_be = (data.dev(), data.ino()) == (place.device, place.inode)
            && if packed {
                is_whole || place.whole.is_none()
            } else {
                data.len() >= place.offset
            };
        if !may_be {
            return Ok(None);
        }
        let mut open = Self::at(path, Some(place))?;
        if open.place.head != place.head {
            return Ok(None);
        }
        open.place.whole = place.whole;
        Ok(Some(open))
    }

    fn after_another(mut self) -> Self {
        self.place.again = true;
        self
    }

    fn lies_at(&self, path: &Path) -> Lies {
        let Ok(data) = fs::metadata(path) else {
            return Lies::Elsewhere;
        };
        if (data.dev(), data.ino()) != (self.place.device, self.place.inode) {
            return Lies::Elsewhere;
        }
        let is_as_before = if self.packed {
            let whole = self.place.whole;
            whole.is_none_or(|whole| whole == (data.len(), data.mtime()))
        } else {
            data.len() >= self.place.offset && self.begins_as_before(path)
        };
        if is_as_before {
            Lies::AsBefore
        } else {
            Lies::Anew
        }
    }

    /// A file that was emptied may have grown over the place again.
    fn begins_as_before(&self, path: &Path) -> bool {
        let (length, checksum) = self.place.head;
        let mut head = Vec::new();
        let read = fs::File::open(path).and_then(|file| file.take(length).read_to_end(&mut head));
        read.is_ok() && crc32fast::hash(&head) == checksum
    }

    fn read(&mut self, most: usize, sink: &mut impl Sink) -> Result<(), SourceError> {
        if self.place.whole.is_some() {
            self.is_done = true;
            return Ok(());
        }
        let failed = |error: io::Error| SourceError::File(error.to_string());
        self.is_done = self.lines.read(most, sink).map_err(failed)?;
        self.place.offset = self.lines.offset;
        Ok(())
    }

    fn step(&mut self, path: &Path) -> FileStep {
        let data = fs::metadata(path);
        if let Ok(data) = &data
            && self.packed
            && self.is_done
        {
            self.place.whole = Some((data.len(), data.mtime()));
        }
        let length = data.map_or(0, |data| data.len());
        let read = if self.packed {
            // How much of it the unpacked text stands for is not known before its end.
            0
        } else {
            self.place.offset
        };
        let mut notes = self.lines.columns.notes();
        if self.lines.unreadable > 0 {
            notes.push(format!(
                "{} lines have no time, or are too long, and are left out",
                self.lines.unreadable
            ));
        }
        FileStep {
            place: self.place.clone(),
            is_at_end: self.is_done && self.lies_at(path) == Lies::AsBefore,
            bytes_left: i64::try_from(length.saturating_sub(read)).unwrap_or(i64::MAX),
            notes,
        }
    }
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.place.fmt(f)
    }
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let done = tokio::task::spawn_blocking(work);
    done.await.unwrap_or(Err(SourceError::Failed))
}

#[cfg(test)]
mod tests;
