//! How long to wait before the next attempt to connect.

use std::time::Duration;

use rand::Rng;

/// Doubling delays with jitter: from 250 ms to at most 15 s, for ever.
///
/// ```
/// use cordboard_asterisk::Backoff;
/// let mut backoff = Backoff::default();
/// let first = backoff.next_delay();
/// assert!(first.as_millis() >= 125 && first.as_millis() <= 250);
/// backoff.reset();
/// ```
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
}

impl Backoff {
    /// The first delay.
    pub const FIRST: Duration = Duration::from_millis(250);
    /// The longest delay.
    pub const LONGEST: Duration = Duration::from_secs(15);

    /// The delay before the next attempt: between half and all of the current step, so that
    /// many clients that lost the same server do not come back at the same instant.
    pub fn next_delay(&mut self) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(Self::LONGEST);
        step.mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    /// Starts again from [`Self::FIRST`]; call it once a connection has proven itself.
    pub fn reset(&mut self) {
        self.next = Self::FIRST;
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: Self::FIRST }
    }
}
