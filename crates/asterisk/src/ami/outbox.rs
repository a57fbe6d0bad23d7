//! The bounded way from the socket's reader to the consumer of events.
//!
//! The reader never waits here. What does not fit is counted, and the count is delivered in its place.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::mpsc;

use super::client::Counters;
use super::message::Event;

/// What a consumer of events receives.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item {
    /// Something happened.
    Event(Event),
    /// So many events were lost at this place, because the consumer was slower than Asterisk and the buffer was full.
    /// What is believed about calls has to be compared with a snapshot.
    Lagged(u64),
    /// A session began. What happened since the last one is unknown: take a snapshot.
    Connected {
        /// Counts the sessions of this client, from 1.
        session: u64,
    },
    /// The session ended; the client is connecting again.
    Disconnected,
}

impl Item {
    /// True where events may be missing before or after this item, so that a snapshot is needed.
    pub fn needs_resync(&self) -> bool {
        matches!(self, Self::Lagged(_) | Self::Connected { .. })
    }
}

#[derive(Debug)]
pub(super) struct Outbox {
    items: mpsc::Sender<Item>,
    counters: Arc<Counters>,
    lost: u64,
    disconnected: bool,
    connected: Option<u64>,
}

impl Outbox {
    pub(super) fn new(items: mpsc::Sender<Item>, counters: Arc<Counters>) -> Self {
        Self {
            items,
            counters,
            lost: 0,
            disconnected: false,
            connected: None,
        }
    }

    /// Hands an event on, or counts it as lost.
    pub(super) fn event(&mut self, event: impl FnOnce() -> Event) {
        self.counters.events.fetch_add(1, Relaxed);
        self.deliver_pending();
        if self.items.is_closed() {
            return;
        }
        // Nobody else sends here, so room that is seen stays.
        if self.has_pending() || self.items.capacity() == 0 {
            self.lost += 1;
            self.counters.lost.fetch_add(1, Relaxed);
            return;
        }
        let _ = self.items.try_send(Item::Event(event()));
    }

    pub(super) fn connected(&mut self, session: u64) {
        self.connected = Some(session);
        self.deliver_pending();
    }

    pub(super) fn disconnected(&mut self) {
        if self.connected.take().is_none() {
            self.disconnected = true;
        }
        self.deliver_pending();
    }

    /// Something waits for room. Await [`Self::room`] then.
    pub(super) fn has_pending(&self) -> bool {
        self.lost > 0 || self.disconnected || self.connected.is_some()
    }

    /// Waits for room and delivers what waits. Safe to cancel. Never returns once the consumer is gone.
    pub(super) async fn room(&mut self) {
        match self.items.reserve().await {
            Ok(permit) => drop(permit),
            Err(_) => std::future::pending().await,
        }
        self.deliver_pending();
    }

    fn deliver_pending(&mut self) {
        while self.has_pending() && self.items.capacity() > 0 && !self.items.is_closed() {
            let item = if self.lost > 0 {
                Item::Lagged(std::mem::take(&mut self.lost))
            } else if std::mem::take(&mut self.disconnected) {
                Item::Disconnected
            } else if let Some(session) = self.connected.take() {
                Item::Connected { session }
            } else {
                return;
            };
            let _ = self.items.try_send(item);
        }
    }
}
