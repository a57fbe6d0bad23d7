//! One journal file: a line an entry, `CRC32 ENTRY\n`, named after the first entry it may hold.

use std::{
    borrow::Cow,
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::{Entry, JournalError};

const ENDING: &str = "events";
/// Longer lines are damage, not entries.
const MAX_LINE: usize = 1 << 20;

/// A file found on opening.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) first_seq: u64,
    pub(super) count: u64,
    pub(super) bytes: u64,
}

impl Segment {
    pub(super) fn last_seq(&self) -> u64 {
        (self.first_seq + self.count).saturating_sub(1)
    }
}

/// Stands before bytes that a line must not have: a line ends at its end alone, so that what is damaged stays within it.
const ESCAPE: u8 = 0x1b;
/// By how much an escaped byte is changed.
const CHANGED: u8 = 0x40;

/// Appends the entry's line.
pub(super) fn encode<E: Entry>(entry: &E, to: &mut Vec<u8>) {
    let begin = to.len();
    to.extend_from_slice(b"00000000 ");
    let entry_begin = to.len();
    entry.write(to);
    escape(to, entry_begin);
    let crc = crc32fast::hash(&to[entry_begin..]);
    let _ = write!(&mut to[begin..entry_begin], "{crc:08x}");
    to.push(b'\n');
}

/// `None`: not a whole line as we write it.
pub(super) fn decode<E: Entry>(line: &[u8]) -> Option<E> {
    let line = line.strip_suffix(b"\n")?;
    let (crc, entry) = line.split_at_checked(8)?;
    let crc = u32::from_str_radix(std::str::from_utf8(crc).ok()?, 16).ok()?;
    let entry = entry.strip_prefix(b" ")?;
    if crc32fast::hash(entry) != crc {
        return None;
    }
    E::read(&unescape(entry)?)
}

fn escape(line: &mut Vec<u8>, begin: usize) {
    if memchr::memchr2(b'\n', ESCAPE, &line[begin..]).is_none() {
        return;
    }
    let raw = line.split_off(begin);
    for byte in raw {
        if byte == b'\n' || byte == ESCAPE {
            line.extend([ESCAPE, byte ^ CHANGED]);
        } else {
            line.push(byte);
        }
    }
}

fn unescape(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr::memchr(ESCAPE, line).is_none() {
        return Some(line.into());
    }
    let mut bytes = line.iter();
    let mut raw = Vec::with_capacity(line.len());
    while let Some(&byte) = bytes.next() {
        raw.push(match byte {
            ESCAPE => bytes.next()? ^ CHANGED,
            byte => byte,
        });
    }
    Some(raw.into())
}

/// Begins a file whose first entry will be `first_seq`, readable by us alone: it holds callers' numbers.
pub(super) fn create(folder: &Path, first_seq: u64) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(folder.join(format!("{first_seq:020}.{ENDING}")))
}

/// Whether a file is one of the journal's, by its name.
pub(super) fn is_ours(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == ENDING)
}

/// Reads all files in order. The last one may end in half a line (the machine lost power): that is cut off.
pub(super) fn scan<E: Entry>(folder: &Path) -> Result<Vec<Segment>, JournalError> {
    let failed = |source| JournalError::Io {
        path: folder.display().to_string(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_ours(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    let mut segments = Vec::new();
    let last = paths.len().saturating_sub(1);
    for (index, path) in paths.into_iter().enumerate() {
        let segment = scan_one::<E>(path, index == last)?;
        if segment.count > 0 {
            segments.push(segment);
        } else {
            fs::remove_file(&segment.path).map_err(failed)?;
        }
    }
    Ok(segments)
}

fn scan_one<E: Entry>(path: PathBuf, may_be_torn: bool) -> Result<Segment, JournalError> {
    let failed = |source| JournalError::Io {
        path: path.display().to_string(),
        source,
    };
    let mut reader = BufReader::new(File::open(&path).map_err(failed)?);
    let mut line = Vec::new();
    let (mut first_seq, mut count, mut bytes) = (0, 0, 0);
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            break;
        }
        match decode::<E>(&line) {
            Some(entry) if count == 0 || entry.seq() == first_seq + count => {
                if count == 0 {
                    first_seq = entry.seq();
                }
                count += 1;
                bytes += line.len() as u64;
            }
            None if may_be_torn && is_last(&mut reader).map_err(failed)? => {
                tracing::warn!(path = %path.display(), bytes, "cutting half an entry off the end of the journal");
                OpenOptions::new()
                    .write(true)
                    .open(&path)
                    .and_then(|file| file.set_len(bytes))
                    .map_err(failed)?;
                break;
            }
            _ => {
                return Err(JournalError::Damaged {
                    path: path.display().to_string(),
                    offset: bytes,
                });
            }
        }
    }
    Ok(Segment {
        path,
        first_seq,
        count,
        bytes,
    })
}

fn is_last(reader: &mut BufReader<File>) -> io::Result<bool> {
    Ok(reader.fill_buf()?.is_empty())
}

/// Reads entries one after the other from a file that may still grow.
#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    lines: BufReader<File>,
}

impl Reader {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let lines = BufReader::new(File::open(&path)?);
        Ok(Self { path, lines })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The next entry and its size in bytes; `None` at the (present) end.
    /// Call it only for entries known to be written: half a line is an error here.
    pub(super) fn next<E: Entry>(&mut self) -> io::Result<Option<(E, u64)>> {
        let mut line = Vec::new();
        if self.lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.len() > MAX_LINE {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a line over 1 MiB",
            ));
        }
        match decode(&line) {
            Some(entry) => Ok(Some((entry, line.len() as u64))),
            None => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} holds a line that is no entry", self.path.display()),
            )),
        }
    }
}
