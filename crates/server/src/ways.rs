//! The ways to the telephone network: one count of what is up on each trunk and which trunks answer, for the calls that we
//! place and for those that phones dial themselves.
//!
//! It only guards [`Router`], which decides; nothing waits while it is held.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::trunk::{Ask, Considered, Input, NoRoute, Router, Way};
use model::ServerId;

use crate::clock::Clock;

/// Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Ways {
    router: Arc<Mutex<Router>>,
    clock: Clock,
}

impl Ways {
    pub fn new(clock: Clock) -> Self {
        let router = Arc::default();
        Self { router, clock }
    }

    /// Takes in one thing that happened.
    pub(crate) fn handle(&self, input: Input) {
        self.router().handle(self.clock.now().mono, input);
    }

    /// The way of a call, which counts from now on as a channel of this id.
    pub(crate) fn choose(&self, ask: Ask<'_>, channel: &str) -> Result<Way, NoRoute> {
        self.router().choose(self.clock.now().mono, ask, channel)
    }

    /// What each trunk says; those that take the call come first, in their order.
    pub(crate) fn explain(&self, ask: Ask<'_>) -> Vec<Considered> {
        self.router().explain(self.clock.now().mono, ask)
    }

    /// Whether calls go out from this server at all.
    pub(crate) fn serves(&self, server: ServerId) -> bool {
        self.router().serves(server)
    }

    /// Whether the server's own dialplan decides where our calls go.
    pub(crate) fn has_dial_out(&self, server: ServerId) -> bool {
        self.router().has_dial_out(server)
    }

    fn router(&self) -> MutexGuard<'_, Router> {
        self.router.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Ways {
    fn default() -> Self {
        Self::new(Clock::start())
    }
}
