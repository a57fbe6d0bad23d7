//! The database behind the ledger gives way to answers: while they are wanted fast and the ledger has plenty of room, it
//! waits between batches. On few cores what it writes would take from them, at whatever priority.

use std::sync::{Mutex, PoisonError};

use store::Store;
use tokio::time::{Duration, Instant};

use super::record::Record;
use crate::journal::{Sink, Status, StatusHandle};

/// Up to here, as a share of its room, the ledger has plenty.
const PLENTY: f64 = 0.25;
/// With fewer entries to write the database does not wait: it is done in a moment.
const FEW: u64 = 5_000;
/// Answers are wanted fast when the ledger grows by more entries a second …
const FAST: f64 = 2_000.0;
/// … and then a batch waits for so long.
const PAUSE: Duration = Duration::from_millis(250);

/// The database, which takes its time.
pub(super) struct Behind {
    store: Store,
    ledger: StatusHandle,
    pace: Mutex<Pace>,
}

impl Behind {
    pub(super) fn new(store: Store, ledger: StatusHandle) -> Self {
        let seq = ledger.get().seq;
        let at = Instant::now();
        let pace = Mutex::new(Pace { at, seq });
        Self {
            store,
            ledger,
            pace,
        }
    }

    fn must_wait(&self) -> bool {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.must_wait(Instant::now(), &self.ledger.get(), self.ledger.fill())
    }
}

impl Sink<Record> for Behind {
    async fn apply(&self, records: &[Record]) -> Result<(), String> {
        if self.must_wait() {
            tokio::time::sleep(PAUSE).await;
        }
        self.store.apply(records).await
    }
}

/// Where the ledger was when the last batch came.
struct Pace {
    at: Instant,
    seq: u64,
}

impl Pace {
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    fn must_wait(&mut self, now: Instant, ledger: &Status, fill: f64) -> bool {
        let grown = ledger.seq.saturating_sub(self.seq) as f64;
        let passed = now.duration_since(self.at).as_secs_f64();
        (self.at, self.seq) = (now, ledger.seq);
        ledger.behind > FEW && fill < PLENTY && grown > FAST * passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(seq: u64, behind: u64) -> Status {
        Status {
            seq,
            behind,
            unwritten: 0,
            bytes: 0,
            lost: 0,
            write_error: None,
            sync_error: None,
            apply_error: None,
        }
    }

    /// What the second of two batches does, that comes `ms` after the first, when the ledger grew by `grown`.
    fn waits(ms: u64, grown: u64, behind: u64, fill: f64) -> bool {
        let at = Instant::now();
        let mut pace = Pace { at, seq: 1_000 };
        pace.must_wait(
            at + Duration::from_millis(ms),
            &ledger(1_000 + grown, behind),
            fill,
        )
    }

    #[test]
    fn it_waits_while_answers_are_wanted_fast_and_there_is_room() {
        assert!(waits(250, 10_000, 20_000, 0.1));
        assert!(!waits(250, 10_000, 20_000, 0.25), "no plenty any more");
        assert!(!waits(250, 499, 20_000, 0.1), "hardly anybody asks");
        assert!(!waits(250, 10_000, 5_000, 0.1), "that is done in a moment");
        assert!(!waits(0, 0, 20_000, 0.1), "nobody asks");
    }

    #[test]
    fn it_begins_to_write_at_once_when_nobody_asks_any_more() {
        let at = Instant::now();
        let mut pace = Pace { at, seq: 0 };
        let later = at + PAUSE;
        assert!(pace.must_wait(later, &ledger(10_000, 10_000), 0.0));
        assert!(!pace.must_wait(later + PAUSE, &ledger(10_000, 9_500), 0.0));
    }
}
