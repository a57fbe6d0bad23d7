//! Between the WebSocket and its consumer: bounded, and never in the reader's way.
//!
//! When the consumer is too slow, events are dropped from that point on and counted, until the consumer has come to
//! the gap and was told. So an overflow stands exactly where the gap is, and nothing is skipped in silence.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::sync::Notify;

use super::event::Event;
use super::snapshot::Snapshot;
use super::version::Version;

/// How many events may wait for the consumer: several seconds of the busiest Asterisk.
pub const EVENT_QUEUE: usize = 32_768;

/// Room beyond the event limit for connection changes.
const CHANGES_RESERVE: usize = 64;

/// What comes out of the connection, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// A connection is up, for the first time or again. `snapshot` was taken after it opened; events that follow may
    /// tell what it shows already, so handle them as "is so", not as "became so".
    Connected {
        version: Version,
        snapshot: Box<Snapshot>,
    },
    Event(Box<Event>),
    /// The consumer was too slow and `missed` events are lost: what it believes has to be compared with a new
    /// [`Client::snapshot`](super::Client::snapshot).
    Overflowed {
        missed: u64,
    },
    /// The connection is gone; attempts go on. Calls stay up.
    Disconnected {
        why: String,
    },
    /// Another client took the application. Nothing more comes until
    /// [`Client::take_over`](super::Client::take_over).
    Replaced,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<Incoming>,
    missed: u64,
    finished: bool,
}

/// The writing side.
#[derive(Debug)]
pub(super) struct EventQueue {
    state: Mutex<State>,
    arrived: Notify,
    limit: usize,
}

impl EventQueue {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            arrived: Notify::new(),
            limit: limit.max(1),
        })
    }

    /// Adds an event, or counts it as missed; tells whether it was added.
    pub(super) fn push_event(&self, event: Event) -> bool {
        let mut state = self.state();
        let room = state.missed == 0 && state.items.len() < self.limit;
        if room {
            state.items.push_back(Incoming::Event(Box::new(event)));
        } else {
            state.missed += 1;
        }
        drop(state);
        self.arrived.notify_one();
        room
    }

    /// Adds a change of the connection. These are never dropped; what waits before them may be, if the consumer has
    /// stalled through many reconnects.
    pub(super) fn push_change(&self, change: Incoming) {
        let mut state = self.state();
        if state.items.len() >= self.limit + CHANGES_RESERVE {
            state.missed += state
                .items
                .iter()
                .filter(|item| matches!(item, Incoming::Event(_)))
                .count() as u64;
            state.items.clear();
        }
        if state.missed > 0 {
            let missed = std::mem::take(&mut state.missed);
            state.items.push_back(Incoming::Overflowed { missed });
        }
        state.items.push_back(change);
        drop(state);
        self.arrived.notify_one();
    }

    /// Counts events that were lost before they came here.
    pub(super) fn add_missed(&self, missed: u64) {
        self.state().missed += missed;
        self.arrived.notify_one();
    }

    pub(super) fn finish(&self) {
        self.state().finished = true;
        self.arrived.notify_one();
    }

    fn pop(&self) -> Poll<Option<Incoming>> {
        let mut state = self.state();
        if let Some(item) = state.items.pop_front() {
            return Poll::Ready(Some(item));
        }
        if state.missed > 0 {
            let missed = std::mem::take(&mut state.missed);
            return Poll::Ready(Some(Incoming::Overflowed { missed }));
        }
        if state.finished {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reading side; dropping it ends the connection.
#[derive(Debug)]
pub struct Events {
    pub(super) queue: Arc<EventQueue>,
    pub(super) closing: Arc<Notify>,
}

impl Events {
    /// The next item; `None` after [`Client::close`](super::Client::close). Cancel-safe.
    pub async fn recv(&mut self) -> Option<Incoming> {
        loop {
            let arrived = self.queue.arrived.notified();
            if let Poll::Ready(item) = self.queue.pop() {
                return item;
            }
            arrived.await;
        }
    }

    /// An item that has arrived already.
    pub fn try_recv(&mut self) -> Option<Incoming> {
        match self.queue.pop() {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.closing.notify_one();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn event(number: usize) -> Event {
        Event::parse(format!(r#"{{"type":"Test","timestamp":"{number}"}}"#).as_bytes()).unwrap()
    }

    fn numbers(events: &mut Events) -> Vec<String> {
        std::iter::from_fn(|| events.try_recv())
            .map(|item| match item {
                Incoming::Event(event) => event.timestamp,
                Incoming::Overflowed { missed } => format!("missed {missed}"),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn an_overflow_stands_where_the_gap_is() {
        let queue = EventQueue::new(2);
        let mut events = Events {
            queue: Arc::clone(&queue),
            closing: Arc::default(),
        };
        for number in 0..5 {
            queue.push_event(event(number));
        }
        assert!(matches!(events.try_recv(), Some(Incoming::Event(_))));
        queue.push_event(event(5));
        assert_eq!(numbers(&mut events), ["1", "missed 4"]);
        queue.push_event(event(6));
        assert_eq!(numbers(&mut events), ["6"]);
    }

    #[test]
    fn changes_are_kept_and_a_stalled_consumer_stays_bounded() {
        let queue = EventQueue::new(4);
        let mut events = Events {
            queue: Arc::clone(&queue),
            closing: Arc::default(),
        };
        queue.push_event(event(0));
        for _ in 0..10_000 {
            queue.push_change(Incoming::Replaced);
        }
        assert!(queue.state().items.len() <= 4 + CHANGES_RESERVE + 2);
        let seen = numbers(&mut events);
        assert_eq!(seen.last().unwrap(), "Replaced");
    }
}
