//! The day's figures of each queue, counted from events.

use std::collections::BTreeMap;

use jiff::{Timestamp as Jiff, ToSpan as _, tz::TimeZone};
use model::{Event, EventBody, Outcome, Queue, QueueId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// Calls of one queue since its local midnight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueueToday {
    /// Entered the queue.
    pub offered: u64,
    pub answered: u64,
    pub abandoned: u64,
    /// Answered within the queue's service level.
    pub answered_in_service_level: u64,
}

/// Counts, by queue.
#[derive(Debug, Default)]
pub(super) struct Today {
    queues: BTreeMap<QueueId, Day>,
}

#[derive(Debug)]
struct Day {
    ends: Timestamp,
    counts: QueueToday,
}

impl Today {
    /// Takes one event into account.
    pub(super) fn learn<'a>(
        &mut self,
        event: &Event,
        queue: impl Fn(QueueId) -> Option<&'a Queue>,
    ) {
        let (id, count): (QueueId, fn(&mut QueueToday, u64, u32)) = match &event.body {
            EventBody::CallQueued { queue, .. } => (*queue, |today, _, _| today.offered += 1),
            EventBody::CallAnswered { queue, .. } => (*queue, |today, wait_ms, level| {
                today.answered += 1;
                today.answered_in_service_level += u64::from(wait_ms <= u64::from(level) * 1000);
            }),
            EventBody::CallEnded {
                queue: Some(queue),
                outcome: Outcome::Abandoned,
                ..
            } => (*queue, |today, _, _| today.abandoned += 1),
            _ => return,
        };
        let wait_ms = match event.body {
            EventBody::CallAnswered { wait_ms, .. } => wait_ms,
            _ => 0,
        };
        if let Some(queue) = queue(id) {
            count(
                &mut self.day(queue, event.at).counts,
                wait_ms,
                queue.service_level_seconds,
            );
        }
    }

    /// The figures of a queue at `now`.
    pub(super) fn of(&mut self, queue: &Queue, now: Timestamp) -> QueueToday {
        self.day(queue, now).counts
    }

    fn day(&mut self, queue: &Queue, now: Timestamp) -> &mut Day {
        let day = self.queues.entry(queue.id).or_insert_with(|| Day {
            ends: Timestamp::from_micros(i64::MIN),
            counts: QueueToday::default(),
        });
        if now >= day.ends {
            *day = Day {
                ends: midnights(&queue.time_zone, now).1,
                counts: QueueToday::default(),
            };
        }
        day
    }
}

/// The local midnights before and after an instant; days of 23 and 25 hours included.
pub(super) fn midnights(time_zone: &str, at: Timestamp) -> (Timestamp, Timestamp) {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let local = at.to_jiff().to_zoned(zone);
    let start = local.start_of_day().unwrap_or(local);
    let end = start
        .checked_add(1.day())
        .and_then(|next| next.start_of_day());
    let end = end.map_or(Jiff::MAX, |end| end.timestamp());
    (start.timestamp().into(), end.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<Jiff>().unwrap().into()
    }

    #[test]
    fn a_day_ends_at_local_midnight_even_when_it_has_25_hours() {
        let (start, end) = midnights("Europe/Bratislava", at("2026-10-25T12:00:00Z"));
        assert_eq!(start, at("2026-10-24T22:00:00Z"));
        assert_eq!(end, at("2026-10-25T23:00:00Z"));
    }

    #[test]
    fn counts_start_again_with_the_day() {
        let mut queue = Queue::new(QueueId::new(Timestamp::default(), 1), "sales");
        queue.service_level_seconds = 20;
        let call = model::CallId::new(Timestamp::default(), 2);
        let mut today = Today::default();
        let mut learn = |time: &str, body| {
            let event = Event {
                seq: 0,
                at: at(time),
                body,
            };
            today.learn(&event, |id| (id == queue.id).then_some(&queue));
            today.of(&queue, at(time))
        };
        let queued = EventBody::CallQueued {
            call,
            queue: queue.id,
            priority: 0,
            position: 1,
            overflow_reason: None,
            kept_for: None,
        };
        let answered = |wait_ms| EventBody::CallAnswered {
            call,
            queue: queue.id,
            offer: model::OfferId::new(Timestamp::default(), 3),
            agent: model::AgentId::new(Timestamp::default(), 4),
            wait_ms,
        };
        learn("2026-11-20T23:59:00Z", queued.clone());
        learn("2026-11-20T23:59:20Z", answered(20_000));
        let late = learn("2026-11-20T23:59:59Z", answered(20_001));
        assert_eq!(
            (late.offered, late.answered, late.answered_in_service_level),
            (1, 2, 1)
        );
        assert_eq!(learn("2026-11-21T00:00:00Z", queued).offered, 1);
    }
}
