//! The figures of field definitions, and stays in queues against a plain recount.

#![allow(clippy::unwrap_used)]

use model::{AgentId, EndedBy, OfferId, ServerId};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_micros(ms * 1_000)
}

fn queue(number: u128) -> QueueId {
    QueueId(Uuid::from_u128(number))
}

/// A call that waited so long from `since` on, in milliseconds.
fn call(number: u128, since: i64, wait: i64, outcome: Option<Outcome>) -> Call {
    let answered = outcome == Some(Outcome::Answered);
    Call {
        state: model::CallState::Ended,
        queue: Some(queue(1)),
        queued_at: Some(at(since)),
        answered_at: answered.then(|| at(since + wait)),
        ended_at: outcome.map(|_| at(since + wait + if answered { 60_000 } else { 0 })),
        wait_ms: u64::try_from(wait).ok(),
        talk_ms: answered.then_some(60_000),
        outcome,
        ..Call::new(
            CallId(Uuid::from_u128(number)),
            ServerId(Uuid::nil()),
            at(since),
        )
    }
}

fn counted(calls: &[Call], borders: &[i64]) -> BTreeMap<(QueueId, u32), QueueCounts> {
    let borders = borders.iter().map(|border| at(*border)).collect();
    let mut visits = Visits::new(borders, Thresholds::default());
    for call in calls {
        visits.take(call);
    }
    visits.finish()
}

/// A 1000, of which 860 within 20 s; B 60, of which 20 within 20 s and 10 within 5 s.
#[test]
fn the_worked_example_comes_out() {
    let of = |count: i64, wait: i64, outcome: Outcome| {
        (0..count).map(move |_| call(1, 0, wait, Some(outcome)))
    };
    let calls: Vec<Call> = of(860, 20_000, Outcome::Answered)
        .chain(of(140, 20_001, Outcome::Answered))
        .chain(of(10, 5_000, Outcome::Abandoned))
        .chain(of(10, 20_000, Outcome::Abandoned))
        .chain(of(40, 90_000, Outcome::Abandoned))
        .collect();
    let counted = counted(&calls, &[0, 1]);
    let of = counted[&(queue(1), 0)];
    assert_eq!((of.answered, of.answered_in_time), (1_000, 860));
    let gave_up = (of.abandoned, of.abandoned_in_time, of.abandoned_short);
    assert_eq!(gave_up, (60, 20, 10));
    assert_eq!(of.longest_wait_ms, 90_000);
}

fn event(ms: i64, body: EventBody) -> Event {
    let seq = u64::try_from(ms).unwrap();
    Event {
        seq,
        at: at(ms),
        body,
    }
}

fn queued(ms: i64, number: u128, reason: Option<OverflowReason>) -> Event {
    let body = EventBody::CallQueued {
        call: CallId(Uuid::from_u128(9)),
        queue: queue(number),
        priority: 0,
        position: 1,
        overflow_reason: reason,
        kept_for: None,
    };
    event(ms, body)
}

fn ended(ms: i64, outcome: Outcome, talk_ms: Option<u64>) -> Event {
    let body = EventBody::CallEnded {
        call: CallId(Uuid::from_u128(9)),
        queue: Some(queue(2)),
        agent: None,
        outcome,
        overflow_reason: None,
        ended_by: EndedBy::Caller,
        hangup_cause: Some(16),
        wait_ms: Some(1),
        talk_ms,
    };
    event(ms, body)
}

/// Ten seconds in the first queue are none in the second.
#[test]
fn a_call_that_overflows_has_two_visits() {
    let answered = EventBody::CallAnswered {
        call: CallId(Uuid::from_u128(9)),
        queue: queue(2),
        offer: OfferId(Uuid::nil()),
        agent: AgentId(Uuid::nil()),
        wait_ms: 14_000,
    };
    let story = [
        queued(1_000, 1, None),
        queued(11_000, 2, Some(OverflowReason::MaxWait)),
        event(15_000, answered),
        ended(75_000, Outcome::Answered, Some(60_000)),
    ];
    let mut visits = Visits::new(vec![at(0), at(10_000), at(20_000)], Thresholds::default());
    visits.take_story(&story);
    visits.wrapped_up(CallId(Uuid::from_u128(9)), 7_000);
    let counted = visits.finish();
    let first = counted[&(queue(1), 0)];
    assert_eq!(
        (first.entered, first.left, first.left_for.max_wait),
        (1, 1, 1)
    );
    assert_eq!(first.left_wait_ms, 10_000);
    let second = counted[&(queue(2), 1)];
    assert_eq!(
        (second.entered, second.answered, second.answered_wait_ms),
        (1, 1, 4_000)
    );
    assert_eq!((second.talk_ms, second.wrap_up_ms), (60_000, 7_000));
    assert_eq!(counted.len(), 2);
}

#[test]
fn who_never_entered_was_sent_away() {
    let mut refused = call(1, 500, 0, Some(Outcome::Rejected));
    refused.queued_at = None;
    let counted = counted(&[refused], &[0, 1_000]);
    let of = counted[&(queue(1), 0)];
    assert_eq!((of.blocked, of.entered), (1, 0));
}

proptest! {
    #[test]
    fn everybody_who_entered_is_somewhere(
        calls in prop::collection::vec((0i64..100_000, 0i64..60_000, 0usize..7), 0..200),
        step in 1i64..40_000,
    ) {
        let outcomes = [
            None,
            Some(Outcome::Answered),
            Some(Outcome::Abandoned),
            Some(Outcome::Overflowed),
            Some(Outcome::Rejected),
            Some(Outcome::Failed),
            Some(Outcome::Answered),
        ];
        let calls: Vec<Call> = (1..).zip(&calls)
            .map(|(number, (since, wait, outcome))| call(number, *since, *wait, outcomes[*outcome]))
            .collect();
        let borders: Vec<i64> = (0..5).map(|border| 10_000 + border * step).collect();
        let counted = counted(&calls, &borders);
        for ((_, interval), of) in &counted {
            let interval = *interval as usize;
            let (from, until) = (at(borders[interval]), at(borders[interval + 1]));
            let within: Vec<&Call> = calls.iter().filter(|call| {
                call.queued_at.unwrap() >= from && call.queued_at.unwrap() < until
            }).collect();
            prop_assert_eq!(of.entered, i64::try_from(within.len()).unwrap());
            prop_assert_eq!(of.entered, of.answered + of.abandoned + of.left + of.waiting);
            let wait = |outcome: Outcome| -> i64 {
                let waits = within.iter().filter(|call| call.outcome == Some(outcome));
                waits.map(|call| i64::try_from(call.wait_ms.unwrap()).unwrap()).sum()
            };
            prop_assert_eq!(of.answered_wait_ms, wait(Outcome::Answered));
            prop_assert_eq!(of.abandoned_wait_ms, wait(Outcome::Abandoned));
            let longest = within.iter().filter(|call| call.outcome.is_some());
            let longest = longest.map(|call| call.wait_ms.unwrap()).max().unwrap_or(0);
            prop_assert_eq!(of.longest_wait_ms, i64::try_from(longest).unwrap());
        }
        let all = calls.iter().filter(|call| {
            let since = call.queued_at.unwrap();
            since >= at(borders[0]) && since < at(borders[4])
        });
        let entered: i64 = counted.values().map(|of| of.entered).sum();
        prop_assert_eq!(entered, i64::try_from(all.count()).unwrap());
    }
}
