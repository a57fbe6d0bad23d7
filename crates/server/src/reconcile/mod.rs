//! Compares our own log with the call detail records of the Asterisk servers that give us calls, a day at a time, and keeps what
//! differs.
//!
//! Every night the last four days are compared: rows may be late. A day is judged only where all of it is known of every source
//! that takes part; of each the counts are whole, and of the differences so many are kept.

mod shape;
mod sides;

use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

use engine::stats::Tolerances;
use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime},
};
use model::{Call, Direction, ServerId};
use store::{CallCursor, CallFilter, KeptDifference, MAX_PAGE, ReconciledDay, Store, StoreError};
use tokio::sync::Semaphore;

pub(crate) use shape::{CallDifference, DayCounts, DifferenceKind, Reconciliation};
use sides::{Sides, Tally};

use crate::{
    cdr::{Cdr, ShelfError, in_background},
    clock::Clock,
    period::midnight,
};

/// How often it looks whether a day is due.
const ROUND: Duration = Duration::from_mins(10);
/// The night's calls begin to be compared so many hours after midnight: long calls have ended by then.
const HOURS: i8 = 3;
/// How many days are compared every night.
const DAYS: i64 = 4;
/// The most calls of one day on either side.
const MAX_CALLS: usize = 1_000_000;

/// Why a day cannot be judged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unjudged {
    #[error("no [[cdr_source]] says with `server` whose calls it has")]
    NoSource,
    #[error("a [[cdr_source]] has the calls of {0:?}, which is no server of ours")]
    NoServer(String),
    #[error("the day is not over")]
    NotOver,
    #[error("our own calls of that day are older than retention.days keeps")]
    Forgotten,
    #[error("not all of that day is known of {0}")]
    NotRead(String),
    #[error("the day has more than {MAX_CALLS} calls")]
    TooMany,
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Compares. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Reconciler {
    store: Store,
    cdr: Cdr,
    clock: Clock,
    tolerances: Tolerances,
    /// For how long our own calls are kept; nothing: for ever.
    retention: Option<Duration>,
    /// One day at a time: a busy one takes memory.
    turn: Arc<Semaphore>,
}

impl Reconciler {
    pub(crate) fn new(store: Store, cdr: Cdr, clock: Clock, tolerances: Tolerances) -> Self {
        Self {
            store,
            cdr,
            clock,
            tolerances,
            retention: None,
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Our own calls are kept for so long; for ever without it.
    pub(crate) fn with_calls_of(self, retention: Option<Duration>) -> Self {
        Self { retention, ..self }
    }

    /// Compares every night, for as long as it is polled.
    pub(crate) async fn run(self) {
        if self.cdr.servers().is_empty() {
            return std::future::pending().await;
        }
        let mut rounds = tokio::time::interval(ROUND);
        let mut told: BTreeMap<Date, String> = BTreeMap::new();
        loop {
            rounds.tick().await;
            let due = self.due();
            told.retain(|day, _| due.contains(day));
            for day in due {
                let Err(error) = self.compare_if_due(day).await else {
                    told.remove(&day);
                    continue;
                };
                let why = error.to_string();
                if told.get(&day) != Some(&why) {
                    tracing::warn!(%day, why, "calls cannot be reconciled yet; trying again");
                    told.insert(day, why);
                }
            }
        }
    }

    /// Days that are to be compared and that our log still has.
    fn due(&self) -> Vec<Date> {
        let mut days = due(self.local(self.now()));
        days.retain(|day| self.range_of(*day).is_ok());
        days
    }

    /// Unless that was done this night, or later.
    async fn compare_if_due(&self, day: Date) -> Result<(), Unjudged> {
        let kept = self.store.reconciliations().get(number_of(day)).await?;
        let tonight = begin_of_night(self.local(self.now()));
        if kept.is_some_and(|kept| self.local(kept.made_at.to_jiff()) >= tonight) {
            return Ok(());
        }
        self.compare(day).await.map(drop)
    }

    fn local(&self, at: Timestamp) -> DateTime {
        self.cdr.home().to_datetime(at)
    }

    fn now(&self) -> Timestamp {
        self.clock.now().utc.to_jiff()
    }

    pub(crate) fn today(&self) -> Date {
        self.local(self.now()).date()
    }

    /// Compares a day and keeps what came of it.
    pub(crate) async fn compare(&self, day: Date) -> Result<Reconciliation, Unjudged> {
        let _turn = self.turn.acquire().await;
        let servers = self.cdr.servers();
        if servers.is_empty() {
            return Err(Unjudged::NoSource);
        }
        let day_range = self.range_of(day)?;
        self.is_known(&servers, &day_range).await?;
        let mut ids = Vec::new();
        for server in servers.keys() {
            let known = self.store.servers().by_name(server).await?;
            ids.push(known.ok_or_else(|| Unjudged::NoServer(server.clone()))?.id);
        }
        // A call that one clock has a moment before midnight may be a moment after it by the other.
        let margin = self.tolerances.start_seconds;
        let wide = day_range.start - margin..day_range.end + margin;
        let mut calls = self.own_calls(&ids, &wide).await?;
        let mut tally = Tally::default();
        for ((server, sources), id) in servers.iter().zip(ids) {
            let calls = calls.remove(&id).unwrap_or_default();
            let sides = self.sides(server, sources, calls, &wide).await?;
            let (range, tolerances) = (day_range.clone(), self.tolerances);
            tally = in_background(move || sides.compare(&range, tolerances, tally)).await?;
        }
        self.keep(day, servers, tally).await
    }

    /// The seconds of a day that is over and of which our log still has all.
    fn range_of(&self, day: Date) -> Result<Range<i64>, Unjudged> {
        let begin = |day| midnight(self.cdr.home(), day).ok_or(Unjudged::NotOver);
        let tomorrow = day.tomorrow().map_err(|_| Unjudged::NotOver)?;
        let (from, until) = (begin(day)?, begin(tomorrow)?);
        let now = self.now().as_second();
        if until > now {
            return Err(Unjudged::NotOver);
        }
        let keep = self.retention.map(|keep| keep.as_secs());
        let keep = keep.map_or(i64::MAX, |keep| i64::try_from(keep).unwrap_or(i64::MAX));
        if from - self.tolerances.start_seconds < now.saturating_sub(keep) {
            return Err(Unjudged::Forgotten);
        }
        Ok(from..until)
    }

    async fn is_known(
        &self,
        servers: &BTreeMap<String, Vec<String>>,
        day: &Range<i64>,
    ) -> Result<(), Unjudged> {
        self.cdr.wait_for(day).await;
        let errors = self.cdr.errors(day);
        let mut sources = servers.values().flatten();
        match sources.find_map(|source| Some(format!("{source}: {}", errors.get(source)?))) {
            Some(why) => Err(Unjudged::NotRead(why)),
            None => Ok(()),
        }
    }

    /// What both sides say of the calls of a server.
    async fn sides(
        &self,
        server: &str,
        sources: &[String],
        calls: Vec<Call>,
        range: &Range<i64>,
    ) -> Result<Sides, Unjudged> {
        let (server, cdr) = (server.to_owned(), self.cdr.clone());
        let numbered_by = sources.first().cloned().unwrap_or_default();
        let reading = in_background(move || {
            let sides = Sides::of_ours(server, calls, &cdr, &numbered_by);
            let channels = Arc::new(sides.channels());
            (sides, channels)
        });
        let (mut sides, channels) = reading.await?;
        for source in sources {
            let given = self.cdr.given(source, range, &channels).await?;
            sides.given.extend(given);
            if sides.given.len() > MAX_CALLS {
                return Err(Unjudged::TooMany);
            }
        }
        Ok(sides)
    }

    /// Calls that came to us from these servers.
    async fn own_calls(
        &self,
        servers: &[ServerId],
        range: &Range<i64>,
    ) -> Result<BTreeMap<ServerId, Vec<Call>>, Unjudged> {
        let filter = CallFilter {
            from: Some(model::Timestamp::from_second(range.start)),
            to: Some(model::Timestamp::from_second(range.end)),
            ..CallFilter::default()
        };
        let (mut calls, mut many) = (BTreeMap::<_, Vec<Call>>::new(), 0);
        let mut after: Option<CallCursor> = None;
        loop {
            let page = self.store.calls().page(&filter, after, MAX_PAGE).await?;
            after = page.last().map(CallCursor::from);
            let is_last = page.len() < MAX_PAGE as usize;
            for call in page {
                if servers.contains(&call.server) && call.direction == Direction::Inbound {
                    calls.entry(call.server).or_default().push(call);
                    many += 1;
                }
            }
            if many > MAX_CALLS {
                return Err(Unjudged::TooMany);
            }
            if is_last {
                return Ok(calls);
            }
        }
    }

    async fn keep(
        &self,
        day: Date,
        sources: BTreeMap<String, Vec<String>>,
        tally: Tally,
    ) -> Result<Reconciliation, Unjudged> {
        let made = Reconciliation {
            date: day.to_string(),
            made_at: self.clock.now().utc,
            sources,
            differences: tally.counts.differences(),
            kept: tally.differences.len() as u64,
            counts: tally.counts,
        };
        let kept = (0_u32..)
            .zip(&tally.differences)
            .map(|(number, it)| KeptDifference {
                number,
                kind: it.difference.word().to_owned(),
                body: serde_json::to_string(it).unwrap_or_default(),
            });
        let reconciled = ReconciledDay {
            day: number_of(day),
            made_at: made.made_at,
            summary: serde_json::to_string(&made).unwrap_or_default(),
        };
        let kept: Vec<KeptDifference> = kept.collect();
        self.store.reconciliations().put(&reconciled, &kept).await?;
        if made.differences > 0 {
            let (date, differences) = (&made.date, made.differences);
            tracing::warn!(
                date,
                differences,
                "our log and the call detail records differ"
            );
        }
        Ok(made)
    }
}

/// Yesterday and the days before it, once the night is far enough.
fn due(now: DateTime) -> Vec<Date> {
    if now < begin_of_night(now) {
        return Vec::new();
    }
    (1..=DAYS).map(|days| now.date() - days.days()).collect()
}

fn begin_of_night(now: DateTime) -> DateTime {
    now.date().at(HOURS, 0, 0, 0)
}

/// Days since 1970-01-01.
pub(crate) fn number_of(day: Date) -> i32 {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.until(day).map_or(0, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_was_compared_before_the_night_is_compared_again() {
        let at = |text: &str| text.parse::<DateTime>().unwrap();
        assert!(due(at("2026-11-02T02:59:59")).is_empty());
        let expected = ["2026-11-01", "2026-10-31", "2026-10-30", "2026-10-29"];
        for now in ["2026-11-02T03:00:00", "2026-11-02T23:59:59"] {
            assert_eq!(due(at(now)), expected.map(|day| day.parse().unwrap()));
            let tonight = begin_of_night(at(now));
            assert!(at("2026-11-02T00:10:00") < tonight && at("2026-11-02T03:00:00") >= tonight);
        }
    }
}
