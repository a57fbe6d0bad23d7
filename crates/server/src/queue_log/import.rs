//! An import under way: pieces of files go in, calls come out in the store.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use model::{Call, CallId, CallState, OfferId, OfferResult, ServerId, Timestamp, visible};
use sha2::{Digest as _, Sha256};
use store::{MAX_PAST, Offer, PastCall, Store};

use super::ImportError;
use super::calls::{Calls, Past, Ring, Verdict};
use super::entry::{Columns, Entry, piped};
use super::lines::{self, Lines};
use super::names::Names;
use super::report::Report;
use crate::clock::Clock;
use crate::csv_rows::{MAX_ROW, Rows, Step};
use crate::numbers::Numbers;

/// Whoever measured it may have had a clock a little ahead of ours.
const AHEAD: std::time::Duration = std::time::Duration::from_hours(24);
const MAX_CHANNEL: usize = 150;
const MAX_DIALLED: usize = 100;

/// What is done with the calls of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Brings them into the store.
    Add,
    /// Only says what would become of them.
    Try,
    /// Takes those that are in the store out of it.
    TakeBack,
}

/// Of which Asterisk, and how its files are read.
#[derive(Debug, Clone)]
pub struct Source {
    pub server: ServerId,
    /// Of a table's times.
    pub zone: TimeZone,
    pub numbers: Numbers,
    /// Calls that ended before are passed over.
    pub keep_since: Option<Timestamp>,
    pub task: Task,
}

/// Call [`Import::file`], [`Import::take`] for its pieces and [`Import::end_file`] for each file, the oldest first, then
/// [`Import::finish`]. What was taken stays when it is dropped before.
pub struct Import {
    store: Store,
    source: Source,
    latest: Timestamp,
    names: Names,
    calls: Calls,
    form: Form,
    report: Report,
    waiting: Vec<PastCall>,
}

/// How a file is written.
enum Form {
    /// Nothing of it has come.
    Unknown,
    Piped(Lines),
    Table(Box<Rows>, Option<Columns>),
    /// A table that cannot be read on.
    CutOff,
}

impl Import {
    pub async fn new(store: Store, clock: Clock, source: Source) -> Result<Self, ImportError> {
        let latest = clock.now().utc.after(AHEAD);
        Ok(Self {
            names: Names::load(&store, clock).await?,
            report: Report {
                dry_run: source.task == Task::Try,
                ..Report::default()
            },
            store,
            source,
            latest,
            calls: Calls::default(),
            form: Form::Unknown,
            waiting: Vec::new(),
        })
    }

    /// Begins a file.
    pub fn file(&mut self, name: &str) {
        self.report.files.push(visible(name, 300));
        self.form = Form::Unknown;
    }

    /// Lines that have been looked at.
    pub fn lines(&self) -> u64 {
        self.report.lines
    }

    /// Takes the next piece of a file: its first must hold the first line.
    pub async fn take(&mut self, piece: &[u8]) -> Result<(), ImportError> {
        self.read(piece, false)?;
        self.bring(MAX_PAST).await
    }

    pub async fn end_file(&mut self) -> Result<(), ImportError> {
        self.read(b"", true)?;
        self.bring(MAX_PAST).await
    }

    /// All files have been given.
    pub async fn finish(mut self) -> Result<Report, ImportError> {
        self.bring(1).await?;
        self.report.unfinished = self.calls.unfinished();
        self.report.offers_left_out = self.calls.rings_left_out();
        Ok(self.report)
    }

    fn read(&mut self, piece: &[u8], last: bool) -> Result<(), ImportError> {
        if matches!(self.form, Form::Unknown) {
            if piece.is_empty() {
                return Ok(());
            }
            self.form = form(piece);
        }
        match std::mem::replace(&mut self.form, Form::CutOff) {
            Form::Piped(mut lines) => {
                lines.take(piece, last, |number, line| self.line(number, line));
                self.form = Form::Piped(lines);
            }
            Form::Table(rows, columns) => self.rows(rows, columns, piece, last)?,
            Form::Unknown | Form::CutOff => {}
        }
        self.resolve()
    }

    fn line(&mut self, number: u64, line: lines::Line<'_>) {
        self.report.lines += 1;
        let Some(line) = line else {
            let why = format!("is longer than {} bytes", lines::MAX_LINE);
            return self.report.refuse("-", number, why);
        };
        let text = String::from_utf8_lossy(line);
        if text.trim().is_empty() {
            return;
        }
        match piped(&text, self.latest) {
            Ok(entry) => self.entry(number, &entry),
            Err(why) => self.report.refuse("-", number, why),
        }
    }

    fn rows(
        &mut self,
        mut rows: Box<Rows>,
        mut columns: Option<Columns>,
        mut piece: &[u8],
        last: bool,
    ) -> Result<(), ImportError> {
        loop {
            let (number, cells) = match rows.next(&mut piece, last) {
                Step::More | Step::End => break,
                Step::TooManyCells(line) => {
                    self.report.lines += 1;
                    self.report
                        .refuse("-", line, "has too many cells".to_owned());
                    continue;
                }
                Step::TooLong(line) => {
                    self.report.lines += 1;
                    let why = format!(
                        "is longer than {MAX_ROW} bytes, perhaps for a quote that is not closed; \
                         the file was read no further"
                    );
                    self.report.refuse("-", line, why);
                    return Ok(());
                }
                Step::Row(row) => {
                    let cells: Vec<Cow<'_, str>> =
                        row.cells().map(String::from_utf8_lossy).collect();
                    (row.line, cells)
                }
            };
            let Some(columns) = &columns else {
                let header: Vec<String> = cells.iter().map(|it| it.trim().to_lowercase()).collect();
                columns = Some(Columns::among(&header).ok_or_else(not_a_log)?);
                continue;
            };
            self.report.lines += 1;
            match columns.entry(&cells, &self.source.zone, self.latest) {
                Ok(entry) => self.entry(number, &entry),
                Err(why) => self.report.refuse("-", number, why),
            }
        }
        self.form = Form::Table(rows, columns);
        Ok(())
    }

    fn entry(&mut self, number: u64, entry: &Entry<'_>) {
        match self.calls.take(number, entry) {
            Ok(Verdict::Taken) => self.report.kind(&entry.name).taken += 1,
            Ok(Verdict::Ignored(why)) => {
                let kind = self.report.kind(&entry.name);
                kind.ignored += 1;
                kind.why = Some(why);
            }
            Err(why) => self.report.refuse(&entry.name, number, why.to_owned()),
        }
    }

    /// Gives the calls that have ended their place among ours.
    fn resolve(&mut self) -> Result<(), ImportError> {
        for past in self.calls.finished() {
            if self
                .source
                .keep_since
                .is_some_and(|since| past.ended_at < since)
            {
                self.report.too_old += 1;
                continue;
            }
            self.report.count(past.key.entered_at, past.outcome);
            let call = self.past_call(&past)?;
            self.waiting.push(call);
        }
        Ok(())
    }

    fn past_call(&mut self, past: &Past) -> Result<PastCall, ImportError> {
        let id = call_id(self.source.server, past);
        let queue = self.names.queue(&past.key.queue)?;
        let arrived_at = past.key.entered_at;
        let mut offers = Vec::with_capacity(past.rings.len());
        for (at, ring) in past.rings.iter().enumerate() {
            let agent = self.names.agent(&ring.agent)?;
            offers.push(offer(id, at, ring, arrived_at, (queue, agent)));
        }
        let answered_at = past.answered.as_ref().map(|it| it.at);
        let agent = match &past.answered {
            Some(answered) => Some(self.names.agent(&answered.agent)?),
            None => None,
        };
        let answered = |offer: &&Offer| offer.result == Some(OfferResult::Answered);
        let millis = |from: Timestamp, to: Timestamp| {
            u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
        };
        let waited_until = answered_at.or(past.is_seen.then_some(past.ended_at));
        let call = Call {
            channel: visible(&past.key.channel, MAX_CHANNEL),
            caller: self.source.numbers.caller(&past.caller, ""),
            dialled: visible(&past.dialled, MAX_DIALLED),
            state: CallState::Ended,
            queue: Some(queue),
            agent,
            offer: offers.iter().find(answered).map(|offer| offer.id),
            queued_at: Some(arrived_at),
            answered_at,
            ended_at: Some(past.ended_at),
            wait_ms: waited_until.map(|until| millis(arrived_at, until)),
            talk_ms: answered_at
                .filter(|_| past.is_seen)
                .map(|answered| millis(answered, past.ended_at)),
            outcome: Some(past.outcome),
            overflow_reason: past.reason,
            ended_by: Some(past.ended_by),
            ..Call::new(id, self.source.server, arrived_at)
        };
        Ok(PastCall { call, offers })
    }

    /// Brings calls into the store, or takes them out of it, as long as `at_least` wait.
    async fn bring(&mut self, at_least: usize) -> Result<(), ImportError> {
        self.bring_names().await?;
        while self.waiting.len() >= at_least {
            let rest = self.waiting.split_off(self.waiting.len().min(MAX_PAST));
            let calls = std::mem::replace(&mut self.waiting, rest);
            let ids: Vec<CallId> = calls.iter().map(|past| past.call.id).collect();
            let log = self.store.calls();
            let many = calls.len() as u64;
            match self.source.task {
                Task::Add => {
                    let added = log.add_past(&calls).await?;
                    self.report.added += added;
                    self.report.unchanged += many - added;
                }
                Task::Try => {
                    let known = log.count_among(&ids).await?;
                    self.report.added += many.saturating_sub(known);
                    self.report.unchanged += known;
                }
                Task::TakeBack => self.report.removed += log.remove_past(&ids).await?,
            }
        }
        Ok(())
    }

    async fn bring_names(&mut self) -> Result<(), ImportError> {
        let queues = std::mem::take(&mut self.names.new_queues);
        let agents = std::mem::take(&mut self.names.new_agents);
        if self.source.task == Task::TakeBack {
            return Ok(());
        }
        for queue in queues {
            if self.source.task == Task::Add {
                self.store.queues().create(&queue).await?;
            }
            self.report.queues_made.push(queue.name);
        }
        for agent in agents {
            if self.source.task == Task::Add {
                self.store.agents().create(&agent).await?;
            }
            let made = format!("{} ({})", agent.name, agent.extension);
            self.report.agents_made.push(made);
        }
        Ok(())
    }
}

/// A table begins with the names of its columns; everything else is read as Asterisk's own file.
fn form(piece: &[u8]) -> Form {
    let end = memchr::memchr(b'\n', piece).unwrap_or(piece.len());
    let first = String::from_utf8_lossy(&piece[..end]).to_lowercase();
    let is_header = first.contains(',')
        && ["time", "callid", "event"]
            .iter()
            .all(|it| first.contains(it));
    if is_header {
        Form::Table(Box::new(Rows::new()), None)
    } else {
        Form::Piped(Lines::default())
    }
}

fn not_a_log() -> ImportError {
    let why = "the first row is no header of a queue_log table: it needs the columns time, callid, queuename, agent, event";
    ImportError::Header(why.to_owned())
}

/// The same call has the same id, whenever it is read.
fn call_id(server: ServerId, past: &Past) -> CallId {
    let key = &past.key;
    let mut hash = Sha256::new();
    hash.update(b"queue_log");
    hash.update(server.0.as_bytes());
    for text in [&key.channel, &key.queue] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.update(key.entered_at.as_micros().to_be_bytes());
    hash.update(key.repeat.to_be_bytes());
    CallId::new(key.entered_at, bits(&hash.finalize()))
}

fn offer(
    call: CallId,
    at: usize,
    ring: &Ring,
    arrived_at: Timestamp,
    (queue, agent): (model::QueueId, model::AgentId),
) -> Offer {
    let made_at = ring.ended_at.before(ring.length).max(arrived_at);
    let mut hash = Sha256::new();
    hash.update(call.0.as_bytes());
    hash.update((at as u64).to_be_bytes());
    Offer {
        id: OfferId::new(made_at, bits(&hash.finalize())),
        call,
        queue,
        agent,
        made_at,
        ended_at: Some(ring.ended_at.max(made_at)),
        result: Some(ring.result),
        ring_ms: Some(u64::try_from(ring.ended_at.since(made_at).as_millis()).unwrap_or(u64::MAX)),
    }
}

fn bits(digest: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    u128::from_be_bytes(bytes)
}
