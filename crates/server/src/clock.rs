//! The only place where this crate reads a clock or draws chance.

use std::{sync::Arc, time};

use model::{Instant, Now, Timestamp};

/// Gives the time and the random bits of new ids.
#[derive(Debug, Clone)]
pub struct Clock {
    start: Arc<time::Instant>,
}

impl Clock {
    pub fn start() -> Self {
        Self {
            start: Arc::new(time::Instant::now()),
        }
    }

    /// Both clocks, read together.
    pub fn now(&self) -> Now {
        Now {
            mono: Instant(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)),
            utc: jiff::Timestamp::now().into(),
        }
    }

    /// What a new id is made of: `AgentId::new(at, random)`.
    pub fn id(&self) -> (Timestamp, u128) {
        (self.now().utc, rand::random())
    }

    /// The moment on tokio's clock that corresponds to `at`.
    pub fn tokio_instant(&self, at: Instant) -> tokio::time::Instant {
        tokio::time::Instant::now() + at.since(self.now().mono)
    }
}
