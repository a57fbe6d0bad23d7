//! Brings the database up to date with the journal, and removes the files it no longer needs.

use std::{
    fs, io,
    marker::PhantomData,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    time::Duration,
};

use model::Event;
use tokio::sync::watch;

use super::{Entry, StatusHandle, lock, segment::Reader};

/// Entries in one transaction: many, as each costs a sync; few, as others wait for it who write.
const BATCH: usize = 500;
/// The waits between attempts while the database is away.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// Where entries end up. Applying the same ones twice must change nothing.
pub trait Sink<E = Event>: Send + Sync + 'static {
    fn apply(&self, entries: &[E]) -> impl Future<Output = Result<(), String>> + Send;
}

/// Follows the journal and applies it. Run it in a task of its own.
#[derive(Debug)]
pub struct Applier<E = Event> {
    folder: PathBuf,
    applied: u64,
    status: StatusHandle,
    written: watch::Receiver<u64>,
    reader: Option<Reader>,
    /// The last event whose bytes no longer count: a file that is opened again is passed over again.
    passed: u64,
    /// Bytes passed over or read, that still count.
    read_bytes: u64,
    kind: PhantomData<fn() -> E>,
}

impl<E: Entry> Applier<E> {
    pub(super) fn new(
        folder: &Path,
        applied: u64,
        status: StatusHandle,
        written: watch::Receiver<u64>,
    ) -> Self {
        Self {
            folder: folder.to_owned(),
            applied,
            status,
            written,
            reader: None,
            passed: 0,
            read_bytes: 0,
            kind: PhantomData,
        }
    }

    /// At the start: applies what a previous run left, or says why the database would not take it.
    pub async fn catch_up_once(&mut self, sink: &impl Sink<E>) -> Result<(), String> {
        let target = *self.written.borrow_and_update();
        while self.applied < target {
            let batch = self.read_batch(target).map_err(|e| e.to_string())?;
            if let Some(last) = batch.last() {
                sink.apply(&batch).await?;
                self.applied = last.seq();
            }
            self.show();
        }
        Ok(())
    }

    /// Applies what is written by now, however often the database has to be asked; `Err`: our own file cannot be read.
    pub async fn catch_up(&mut self, sink: &impl Sink<E>) -> Result<(), String> {
        let target = *self.written.borrow_and_update();
        while self.applied < target {
            let batch = self.read_batch(target).map_err(|e| e.to_string())?;
            if let Some(last) = batch.last() {
                self.apply_until_done(sink, &batch).await;
                self.applied = last.seq();
            }
            self.show();
        }
        Ok(())
    }

    fn show(&mut self) {
        let shared = &self.status.0;
        shared.applied.store(self.applied, Ordering::Relaxed);
        let bytes = std::mem::take(&mut self.read_bytes);
        shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Tries until what is written by now is applied, also when our own file could not be read at first.
    async fn catch_up_patiently(&mut self, sink: &impl Sink<E>) {
        while let Err(error) = self.catch_up(sink).await {
            // The disk is in trouble. What is written stays written.
            tracing::error!(%error, "cannot read the journal back");
            self.note(Some(error));
            self.reader = None;
            self.written.mark_changed();
            tokio::time::sleep(LONGEST_RETRY).await;
        }
    }

    /// Applies entries as they are written, until the journal is dropped and all of it is applied.
    pub async fn run(mut self, sink: impl Sink<E>) {
        loop {
            self.catch_up_patiently(&sink).await;
            if self.written.changed().await.is_err() {
                let _ = self.catch_up(&sink).await;
                return;
            }
        }
    }

    async fn apply_until_done(&self, sink: &impl Sink<E>, batch: &[E]) {
        let mut delay = FIRST_RETRY;
        while let Err(error) = sink.apply(batch).await {
            tracing::warn!(%error, events = self.status.get().behind, "the database is behind; trying again");
            self.note(Some(error));
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(LONGEST_RETRY);
        }
        self.note(None);
    }

    fn note(&self, error: Option<String>) {
        *lock(&self.status.0.apply_error) = error;
    }

    /// Up to [`BATCH`] entries that are not applied yet, from one file.
    fn read_batch(&mut self, target: u64) -> io::Result<Vec<E>> {
        let mut batch = Vec::new();
        let mut seen = self.applied;
        while batch.len() < BATCH && seen < target {
            let reader = match &mut self.reader {
                Some(reader) => reader,
                None => self.reader.insert(open_after(&self.folder, None)?),
            };
            if let Some((entry, size)) = reader.next::<E>()? {
                if entry.seq() > self.passed {
                    self.passed = entry.seq();
                    self.read_bytes += size;
                }
                if entry.seq() > self.applied {
                    seen = entry.seq();
                    batch.push(entry);
                }
            } else if batch.is_empty() {
                let done = reader.path().to_owned();
                self.reader = Some(open_after(&self.folder, Some(&done))?);
                if let Err(error) = fs::remove_file(&done) {
                    tracing::warn!(%error, path = %done.display(), "a journal file that is not needed any more stays");
                }
            } else {
                break;
            }
        }
        Ok(batch)
    }
}

/// Opens the first file whose name comes after `done`.
fn open_after(folder: &Path, done: Option<&Path>) -> io::Result<Reader> {
    let mut next: Option<PathBuf> = None;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let later = done.is_none_or(|done| path.as_path() > done);
        if later && super::segment::is_ours(&path) && next.as_ref().is_none_or(|n| path < *n) {
            next = Some(path);
        }
    }
    let missing = || io::Error::new(io::ErrorKind::NotFound, "a journal file is missing");
    Reader::open(next.ok_or_else(missing)?)
}
