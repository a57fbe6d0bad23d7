//! Callers in queues, from our own log: one visit for each time a call entered a queue.
//!
//! A visit belongs to the interval in which it began, whenever it ended. It ended in one way: `entered = answered + abandoned +
//! left + waiting`, always.

use std::collections::BTreeMap;

use model::{Call, CallId, Event, EventBody, Outcome, OverflowReason, QueueId, Timestamp};

/// What counts as served in time, and what as a slip of the finger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Answered within so many seconds is in time.
    pub service_level_seconds: u32,
    /// Abandoned within so many seconds is no loss.
    pub short_abandon_seconds: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            service_level_seconds: 20,
            short_abandon_seconds: 5,
        }
    }
}

/// Of some visits. Times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueCounts {
    pub entered: i64,
    pub answered: i64,
    pub answered_in_time: i64,
    pub abandoned: i64,
    pub abandoned_in_time: i64,
    pub abandoned_short: i64,
    /// By rule, see [`Ways`].
    pub left: i64,
    pub left_for: Ways,
    pub waiting: i64,
    pub answered_wait_ms: i64,
    pub abandoned_wait_ms: i64,
    pub left_wait_ms: i64,
    pub longest_wait_ms: i64,
    pub talk_ms: i64,
    pub wrap_up_ms: i64,
    /// Sent away before they could enter.
    pub blocked: i64,
}

/// Why callers left a queue without an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ways {
    pub max_wait: i64,
    pub full: i64,
    pub no_agents: i64,
    pub key_pressed: i64,
    /// The queue was removed, the queues go round in a circle, the server was lost.
    pub other: i64,
}

impl Ways {
    fn count(&mut self, reason: Option<OverflowReason>) {
        *match reason {
            Some(OverflowReason::MaxWait) => &mut self.max_wait,
            Some(OverflowReason::QueueFull) => &mut self.full,
            Some(OverflowReason::NoAgents) => &mut self.no_agents,
            Some(OverflowReason::KeyPressed) => &mut self.key_pressed,
            Some(OverflowReason::QueueRemoved | OverflowReason::Loop) | None => &mut self.other,
        } += 1;
    }
}

impl std::ops::AddAssign for QueueCounts {
    fn add_assign(&mut self, other: Self) {
        self.entered += other.entered;
        self.answered += other.answered;
        self.answered_in_time += other.answered_in_time;
        self.abandoned += other.abandoned;
        self.abandoned_in_time += other.abandoned_in_time;
        self.abandoned_short += other.abandoned_short;
        self.left += other.left;
        self.left_for.max_wait += other.left_for.max_wait;
        self.left_for.full += other.left_for.full;
        self.left_for.no_agents += other.left_for.no_agents;
        self.left_for.key_pressed += other.left_for.key_pressed;
        self.left_for.other += other.left_for.other;
        self.waiting += other.waiting;
        self.answered_wait_ms += other.answered_wait_ms;
        self.abandoned_wait_ms += other.abandoned_wait_ms;
        self.left_wait_ms += other.left_wait_ms;
        self.longest_wait_ms = self.longest_wait_ms.max(other.longest_wait_ms);
        self.talk_ms += other.talk_ms;
        self.wrap_up_ms += other.wrap_up_ms;
        self.blocked += other.blocked;
    }
}

/// Where a visit is counted.
type Cell = (QueueId, u32);

/// Counts visits, call by call.
#[derive(Debug)]
pub struct Visits {
    /// Where intervals begin, and where the last one ends.
    borders: Vec<Timestamp>,
    thresholds: Thresholds,
    /// Where the wrap-up of answered calls is counted.
    answered: BTreeMap<CallId, Cell>,
    cells: BTreeMap<Cell, QueueCounts>,
}

impl Visits {
    pub fn new(borders: Vec<Timestamp>, thresholds: Thresholds) -> Self {
        Self {
            borders,
            thresholds,
            answered: BTreeMap::new(),
            cells: BTreeMap::new(),
        }
    }

    /// A call that was in one queue at most, as the log has it.
    pub fn take(&mut self, call: &Call) {
        let Some(queue) = call.queue else { return };
        let Some(since) = call.queued_at else {
            self.refused(queue, call);
            return;
        };
        let Some(cell) = self.enter(queue, since) else {
            return;
        };
        let until = call.answered_at.or(call.ended_at);
        let wait = call.wait_ms.and_then(|ms| i64::try_from(ms).ok());
        let wait = wait.or_else(|| Some(ms(since, until?))).unwrap_or_default();
        match call.outcome {
            _ if call.answered_at.is_some() => {
                self.answer(call.id, cell, wait);
                self.talk(cell, call.talk_ms);
            }
            None => self.count(cell).waiting += 1,
            Some(Outcome::Abandoned) => self.abandon(cell, wait),
            Some(_) => self.leave(cell, wait, call.overflow_reason),
        }
    }

    /// A call that went through several queues, by all of its events in their order.
    pub fn take_story(&mut self, events: &[Event]) {
        let mut visit: Option<(Option<Cell>, Timestamp)> = None;
        let mut served: Option<Cell> = None;
        for event in events {
            let waited =
                |(cell, since): (Option<Cell>, Timestamp)| Some((cell?, ms(since, event.at)));
            match &event.body {
                EventBody::CallQueued {
                    queue,
                    overflow_reason,
                    ..
                } => {
                    if let Some((cell, wait)) = visit.take().and_then(waited) {
                        self.leave(cell, wait, *overflow_reason);
                    }
                    visit = Some((self.enter(*queue, event.at), event.at));
                }
                EventBody::CallAnswered { call, .. } => {
                    if let Some((cell, wait)) = visit.take().and_then(waited) {
                        self.answer(*call, cell, wait);
                        served = Some(cell);
                    }
                }
                EventBody::CallEnded {
                    outcome,
                    overflow_reason,
                    talk_ms,
                    ..
                } => match (visit.take().and_then(waited), served) {
                    (Some((cell, wait)), _) if *outcome == Outcome::Abandoned => {
                        self.abandon(cell, wait);
                    }
                    (Some((cell, wait)), _) => self.leave(cell, wait, *overflow_reason),
                    (None, Some(cell)) => self.talk(cell, *talk_ms),
                    (None, None) => {}
                },
                _ => {}
            }
        }
        if let Some((Some(cell), _)) = visit {
            self.count(cell).waiting += 1;
        }
    }

    /// An agent wrote notes on a call for so long.
    pub fn wrapped_up(&mut self, call: CallId, milliseconds: i64) {
        if let Some(cell) = self.answered.get(&call) {
            self.cells.entry(*cell).or_default().wrap_up_ms += milliseconds;
        }
    }

    /// What was counted, by queue and interval.
    pub fn finish(self) -> BTreeMap<(QueueId, u32), QueueCounts> {
        self.cells
    }

    fn count(&mut self, cell: Cell) -> &mut QueueCounts {
        self.cells.entry(cell).or_default()
    }

    fn cell(&self, queue: QueueId, at: Timestamp) -> Option<Cell> {
        let after = self.borders.partition_point(|border| *border <= at);
        let within = after > 0 && after < self.borders.len();
        within.then(|| (queue, u32::try_from(after - 1).unwrap_or(u32::MAX)))
    }

    fn enter(&mut self, queue: QueueId, at: Timestamp) -> Option<Cell> {
        let cell = self.cell(queue, at)?;
        self.count(cell).entered += 1;
        Some(cell)
    }

    /// Sent away by a queue before it could wait there.
    fn refused(&mut self, queue: QueueId, call: &Call) {
        let sent_away = matches!(call.outcome, Some(Outcome::Overflowed | Outcome::Rejected));
        if let (true, Some(cell)) = (sent_away, self.cell(queue, call.arrived_at)) {
            self.count(cell).blocked += 1;
        }
    }

    fn leave(&mut self, cell: Cell, wait: i64, reason: Option<OverflowReason>) {
        let counts = self.count(cell);
        counts.left += 1;
        counts.left_for.count(reason);
        counts.left_wait_ms += wait;
        counts.longest_wait_ms = counts.longest_wait_ms.max(wait);
    }

    fn answer(&mut self, call: CallId, cell: Cell, wait: i64) {
        let in_time = within(wait, self.thresholds.service_level_seconds);
        let counts = self.count(cell);
        counts.answered += 1;
        counts.answered_in_time += in_time;
        counts.answered_wait_ms += wait;
        counts.longest_wait_ms = counts.longest_wait_ms.max(wait);
        self.answered.insert(call, cell);
    }

    fn abandon(&mut self, cell: Cell, wait: i64) {
        let in_time = within(wait, self.thresholds.service_level_seconds);
        let short = within(wait, self.thresholds.short_abandon_seconds);
        let counts = self.count(cell);
        counts.abandoned += 1;
        counts.abandoned_in_time += in_time;
        counts.abandoned_short += short;
        counts.abandoned_wait_ms += wait;
        counts.longest_wait_ms = counts.longest_wait_ms.max(wait);
    }

    fn talk(&mut self, cell: Cell, talk_ms: Option<u64>) {
        let talk = talk_ms.and_then(|ms| i64::try_from(ms).ok());
        self.count(cell).talk_ms += talk.unwrap_or_default();
    }
}

fn within(wait: i64, seconds: u32) -> i64 {
    i64::from(wait <= i64::from(seconds) * 1_000)
}

fn ms(from: Timestamp, until: Timestamp) -> i64 {
    i64::try_from(until.since(from).as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
