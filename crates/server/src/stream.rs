//! The event stream: the newest events in memory, for every client that follows along.
//!
//! It never waits for a client. One that falls further behind than the memory reaches is told so.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use model::Event;
use tokio::sync::watch;

/// How many events are kept for clients that resume: about ten minutes of a very busy centre.
pub const KEPT_EVENTS: usize = 65_536;

/// The events since some point, and a way to follow what comes.
#[derive(Debug, Clone)]
pub struct Stream {
    ring: Arc<Mutex<Ring>>,
    last: Arc<watch::Sender<u64>>,
}

#[derive(Debug, Default)]
struct Ring {
    events: VecDeque<Arc<Event>>,
}

/// One client's place in the stream.
#[derive(Debug)]
pub struct Subscription {
    /// Whether the stream goes on exactly after the event asked for. If not, read the state anew.
    pub resumed: bool,
    /// The last event before the first that [`Self::next`] gives.
    pub seq: u64,
    ring: Arc<Mutex<Ring>>,
    last: watch::Receiver<u64>,
}

/// The client was so slow that events it had not seen left the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("fell behind the event stream; read the state anew")]
pub struct Lagged;

impl Stream {
    /// A stream that goes on after `recent` (in order), or after event number `last` if that is empty.
    pub fn new(recent: Vec<Event>, last: u64) -> Self {
        let last = recent.last().map_or(last, |event| event.seq);
        let mut ring = Ring::default();
        for event in recent {
            ring.push(Arc::new(event));
        }
        Self {
            ring: Arc::new(Mutex::new(ring)),
            last: Arc::new(watch::Sender::new(last)),
        }
    }

    /// Tells everybody. `events` are in order and follow the last ones given.
    pub fn publish(&self, events: impl IntoIterator<Item = Event>) {
        let mut last = None;
        let mut ring = lock(&self.ring);
        for event in events {
            last = Some(event.seq);
            ring.push(Arc::new(event));
        }
        drop(ring);
        if let Some(seq) = last {
            self.last.send_replace(seq);
        }
    }

    /// The number of the newest event.
    pub fn last_seq(&self) -> u64 {
        *self.last.borrow()
    }

    /// How many clients follow.
    pub fn subscribers(&self) -> usize {
        self.last.receiver_count()
    }

    /// Follows the stream after event number `after`, or from now on.
    pub fn subscribe(&self, after: Option<u64>) -> Subscription {
        let rx = self.last.subscribe();
        let newest = *rx.borrow();
        let resumed = after.is_some_and(|after| {
            after == newest || (after < newest && lock(&self.ring).holds(after + 1))
        });
        Subscription {
            resumed,
            seq: after.filter(|_| resumed).unwrap_or(newest),
            ring: self.ring.clone(),
            last: rx,
        }
    }
}

impl Subscription {
    /// The next event, as soon as there is one. Cancel-safe. `Ok(None)`: the stream has ended.
    pub async fn next(&mut self) -> Result<Option<Arc<Event>>, Lagged> {
        let seq = self.seq;
        if self.last.wait_for(|last| *last > seq).await.is_err() {
            return Ok(None);
        }
        let event = lock(&self.ring).after(self.seq).ok_or(Lagged)?;
        self.seq = event.seq;
        Ok(Some(event))
    }
}

impl Ring {
    fn push(&mut self, event: Arc<Event>) {
        if self.events.len() == KEPT_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    fn holds(&self, seq: u64) -> bool {
        self.events.front().is_some_and(|first| first.seq <= seq)
    }

    /// The event right after number `seq`, unless it has been forgotten.
    fn after(&self, seq: u64) -> Option<Arc<Event>> {
        let first = self.events.front()?.seq;
        let index = usize::try_from((seq + 1).checked_sub(first)?).ok()?;
        self.events.get(index).cloned()
    }
}

fn lock(ring: &Mutex<Ring>) -> MutexGuard<'_, Ring> {
    ring.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use model::{EventBody, ServerId, Timestamp};

    use super::*;

    fn event(seq: u64) -> Event {
        Event {
            seq,
            at: Timestamp::default(),
            body: EventBody::ServerReplaced {
                server: ServerId::new(Timestamp::default(), 0),
            },
        }
    }

    #[tokio::test]
    async fn a_client_resumes_exactly_after_what_it_saw() {
        let stream = Stream::new((1..=5).map(event).collect(), 5);
        let mut client = stream.subscribe(Some(3));
        assert!(client.resumed);
        assert_eq!(client.next().await.unwrap().unwrap().seq, 4);
        assert_eq!(client.next().await.unwrap().unwrap().seq, 5);
        stream.publish([event(6)]);
        assert_eq!(client.next().await.unwrap().unwrap().seq, 6);
    }

    #[tokio::test]
    async fn a_client_from_another_history_starts_anew() {
        let stream = Stream::new((10..=12).map(event).collect(), 12);
        assert!(!stream.subscribe(Some(3)).resumed, "forgotten");
        assert!(!stream.subscribe(Some(99)).resumed, "never was");
        let newcomer = stream.subscribe(None);
        assert_eq!((newcomer.resumed, newcomer.seq), (false, 12));
        assert!(stream.subscribe(Some(12)).resumed);
        assert!(
            stream.subscribe(Some(9)).resumed,
            "the first kept is the next"
        );
    }

    #[tokio::test]
    async fn a_slow_client_is_told_and_slows_nobody() {
        let stream = Stream::new(Vec::new(), 0);
        let mut slow = stream.subscribe(None);
        let many = u64::try_from(KEPT_EVENTS).unwrap() + 10;
        stream.publish((1..=many).map(event));
        assert_eq!(slow.next().await, Err(Lagged));
    }

    #[tokio::test]
    async fn the_stream_ends_with_its_server() {
        let stream = Stream::new(Vec::new(), 0);
        let mut client = stream.subscribe(None);
        drop(stream);
        assert_eq!(client.next().await, Ok(None));
    }
}
