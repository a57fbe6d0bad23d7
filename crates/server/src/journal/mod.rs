//! A journal: every entry stands in a file before anybody is told of it. The centre's events have one, and the uses of
//! caller IDs have one of their own.
//!
//! A `write` to the file survives the death of this process, costs microseconds, and needs no database; a loss of power can
//! cost the last second ([`Journal::sync`]). The database is
//! brought up to date behind it, in batches ([`apply`]); when it is away, the journal grows, within [`Limits`], and nothing is lost.

mod apply;
mod segment;
mod unwritten;

use std::{
    fs::{self, File},
    io::{self, Write as _},
    marker::PhantomData,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use model::{Event, EventBody, Timestamp};
use tokio::sync::watch;

pub use apply::{Applier, Sink};
use segment::Segment;
use unwritten::Unwritten;

/// What a journal keeps: something with a number, that can be written down.
pub trait Entry: Send + Sync + Sized + 'static {
    /// An entry that has no number yet.
    type Body;

    fn new(seq: u64, at: Timestamp, body: Self::Body) -> Self;
    fn seq(&self) -> u64;
    /// Writes the entry behind what is there.
    fn write(&self, to: &mut Vec<u8>);
    /// What [`write`](Self::write) wrote; `None`: it is something else.
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl Entry for Event {
    type Body = EventBody;

    fn new(seq: u64, at: Timestamp, body: EventBody) -> Self {
        Self { seq, at, body }
    }

    fn seq(&self) -> u64 {
        self.seq
    }

    fn write(&self, to: &mut Vec<u8>) {
        serde_json::to_writer(to, self).expect("an event has only string keys");
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// Entries in one write, so that little has to be done again where the disk refuses.
const WRITE: usize = 500;

/// How large the journal may become.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes not yet in the database; at this size new calls are handed back to the dialplan.
    pub max_bytes: u64,
    /// A new file is begun at this size.
    pub segment_bytes: u64,
    /// Events kept in memory while the disk refuses them.
    pub max_unwritten: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 256 << 20,
            segment_bytes: 8 << 20,
            max_unwritten: 100_000,
        }
    }
}

/// Why the journal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("cannot use the journal {path}: {source}")]
    Io { path: String, source: io::Error },
    #[error(
        "the journal file {path} is damaged at byte {offset}; restore it, or move it away to go on without its events"
    )]
    Damaged { path: String, offset: u64 },
    #[error(
        "the journal begins with event {first} but the database ends with {applied}: they do not belong together, \
         or a journal file is missing"
    )]
    Gap { first: u64, applied: u64 },
}

/// Writes entries. There is one of each kind, owned by the task that drives the engine they come from.
#[derive(Debug)]
pub struct Journal<E = Event> {
    folder: PathBuf,
    limits: Limits,
    file: File,
    file_bytes: u64,
    next_seq: u64,
    /// What the disk refused; it is tried again first.
    unwritten: Unwritten,
    /// The file may end in half a batch, which must be cut off before anything is written behind it.
    torn: bool,
    /// Bytes that are written but perhaps not on the disk yet.
    unsynced: bool,
    status: StatusHandle,
    written: watch::Sender<u64>,
    kind: PhantomData<fn() -> E>,
}

/// What `/health` and `/metrics` say of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The newest event.
    pub seq: u64,
    /// Events not yet in the database.
    pub behind: u64,
    /// Events in memory alone, because the disk refuses them.
    pub unwritten: u64,
    /// Bytes not yet in the database.
    pub bytes: u64,
    /// Events that were lost because disk and memory were full. Anything but 0 is a disaster.
    pub lost: u64,
    /// Why the last attempt to write failed, if it did.
    pub write_error: Option<String>,
    /// Why the file did not reach the disk the last time, if it did not: what is written could be lost with the power.
    pub sync_error: Option<String>,
    /// Why the last attempt to bring the database up to date failed, if it did.
    pub apply_error: Option<String>,
}

/// A view of the journal's state for other tasks.
#[derive(Debug, Clone)]
pub struct StatusHandle(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    seq: AtomicU64,
    written: AtomicU64,
    applied: AtomicU64,
    bytes: AtomicU64,
    max_bytes: u64,
    lost: AtomicU64,
    write_error: Mutex<Option<String>>,
    sync_error: Mutex<Option<String>>,
    apply_error: Mutex<Option<String>>,
}

impl<E: Entry> Journal<E> {
    /// Opens the journal in `folder`, behind which the database stands at event `applied`.
    pub fn open(
        folder: &Path,
        applied: u64,
        limits: Limits,
    ) -> Result<(Self, Applier<E>), JournalError> {
        let failed = |source| JournalError::Io {
            path: folder.display().to_string(),
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let segments = segment::scan::<E>(folder)?;
        check_joins(&segments, applied)?;
        let last = segments.last().map_or(0, Segment::last_seq).max(applied);
        let file = segment::create(folder, last + 1).map_err(failed)?;
        let bytes = segments.iter().map(|s| s.bytes).sum();
        let status = StatusHandle::new(last, applied, bytes, limits.max_bytes);
        let written = watch::Sender::new(last);
        let applier = Applier::new(folder, applied, status.clone(), written.subscribe());
        let journal = Self {
            folder: folder.to_owned(),
            limits,
            file,
            file_bytes: 0,
            next_seq: last + 1,
            unwritten: Unwritten::default(),
            torn: false,
            unsynced: false,
            status,
            written,
            kind: PhantomData,
        };
        Ok((journal, applier))
    }

    /// Numbers the entries and writes them. When the disk refuses, they wait in memory and the status says so; when the
    /// memory is full too, they are lost, told nobody and counted, and their numbers go to the next ones.
    pub fn append(&mut self, at: Timestamp, bodies: impl IntoIterator<Item = E::Body>) -> Vec<E> {
        let mut entries = Vec::new();
        for body in bodies {
            let entry = E::new(self.next_seq, at, body);
            if self.remember(&entry) {
                self.next_seq += 1;
                entries.push(entry);
            }
        }
        if !entries.is_empty() {
            self.flush();
        }
        entries
    }

    /// Tries again to write what the disk refused.
    pub fn flush(&mut self) {
        let result = self.write_out();
        *lock(&self.status.0.write_error) = result.err().map(|error| {
            tracing::error!(%error, folder = %self.folder.display(), waiting = self.unwritten.len(), "cannot write the journal");
            error.to_string()
        });
    }

    /// What is written survives the death of this process at once, and a loss of power once this has run. Give it to a
    /// thread that may wait, about every second. `None`: nothing has been written since the last one.
    pub fn sync(&mut self) -> Option<impl FnOnce() + Send + 'static> {
        let refused = lock(&self.status.0.sync_error).is_some();
        if !std::mem::take(&mut self.unsynced) && !refused {
            return None;
        }
        let file = self.file.try_clone();
        let status = self.status.clone();
        Some(move || status.note_sync(file.and_then(|file| file.sync_data())))
    }

    /// The last event that stands in the file. What comes after it would be another one after a crash: tell nobody.
    pub fn written(&self) -> u64 {
        *self.written.borrow()
    }

    /// The state, for other tasks.
    pub fn status(&self) -> StatusHandle {
        self.status.clone()
    }

    fn remember(&mut self, entry: &E) -> bool {
        if self.unwritten.len() >= self.limits.max_unwritten {
            self.flush();
        }
        if self.unwritten.len() >= self.limits.max_unwritten {
            self.status.0.lost.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        self.unwritten.push(entry);
        self.status.0.seq.store(entry.seq(), Ordering::Relaxed);
        true
    }

    fn write_out(&mut self) -> io::Result<()> {
        while !self.unwritten.is_empty() {
            if self.torn {
                self.file.set_len(self.file_bytes)?;
                self.torn = false;
            }
            if self.file_bytes >= self.limits.segment_bytes {
                self.rotate()?;
            }
            let (last, batch) = self.unwritten.first(WRITE);
            if let Err(error) = self.file.write_all(batch) {
                // Half a batch is cut off, now or when the disk lets us: the next one must not stand behind rubbish.
                self.torn = self.file.set_len(self.file_bytes).is_err();
                return Err(error);
            }
            let size = batch.len() as u64;
            self.unwritten.forget(WRITE);
            self.file_bytes += size;
            self.unsynced = true;
            self.status.0.bytes.fetch_add(size, Ordering::Relaxed);
            self.status.0.written.store(last, Ordering::Relaxed);
            self.written.send_replace(last);
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let first = self.unwritten.first_seq().unwrap_or(self.next_seq);
        let file = segment::create(&self.folder, first)?;
        // A disk that does not take the old file must not keep events out of the new one.
        self.status.note_sync(self.file.sync_data());
        self.file = file;
        self.file_bytes = 0;
        Ok(())
    }
}

/// Events must follow each other without a gap, from the database through all files.
fn check_joins(segments: &[Segment], applied: u64) -> Result<(), JournalError> {
    let mut end = applied;
    for segment in segments.iter().filter(|s| s.count > 0) {
        if segment.first_seq > end + 1 {
            return Err(JournalError::Gap {
                first: segment.first_seq,
                applied: end,
            });
        }
        end = end.max(segment.last_seq());
    }
    Ok(())
}

impl StatusHandle {
    fn new(seq: u64, applied: u64, bytes: u64, max_bytes: u64) -> Self {
        Self(Arc::new(Shared {
            seq: seq.into(),
            written: seq.into(),
            applied: applied.into(),
            bytes: bytes.into(),
            max_bytes,
            ..Shared::default()
        }))
    }

    /// How things stand.
    pub fn get(&self) -> Status {
        let seq = self.0.seq.load(Ordering::Relaxed);
        Status {
            seq,
            behind: seq.saturating_sub(self.0.applied.load(Ordering::Relaxed)),
            unwritten: seq.saturating_sub(self.0.written.load(Ordering::Relaxed)),
            bytes: self.0.bytes.load(Ordering::Relaxed),
            lost: self.0.lost.load(Ordering::Relaxed),
            write_error: lock(&self.0.write_error).clone(),
            sync_error: lock(&self.0.sync_error).clone(),
            apply_error: lock(&self.0.apply_error).clone(),
        }
    }

    fn note_sync(&self, result: io::Result<()>) {
        *lock(&self.0.sync_error) = result.err().map(|error| {
            tracing::error!(%error, "the disk does not take the journal");
            error.to_string()
        });
    }

    /// How much of the room for what the database has not yet is taken: 1 is all of it.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub fn fill(&self) -> f64 {
        self.0.bytes.load(Ordering::Relaxed) as f64 / self.0.max_bytes as f64
    }

    /// Whether new calls must be refused, because what they bring about could not be written down.
    pub fn refuses_calls(&self) -> bool {
        self.0.bytes.load(Ordering::Relaxed) >= self.0.max_bytes
            || lock(&self.0.write_error).is_some()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
