//! What goes wrong on demand.

use std::collections::VecDeque;
use std::time::Duration;

/// A held message is let go after this, also when nothing overtakes it.
pub(super) const HELD_AT_MOST: Duration = Duration::from_millis(200);

/// How events travel. Shares are between 0 and 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EventFaults {
    pub lose: f64,
    pub duplicate: f64,
    /// The next event overtakes this one.
    pub reorder: f64,
    /// Delivered only after `delay_by`.
    pub delay: f64,
    pub delay_by: Duration,
}

/// How far Asterisk has come after its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Boot {
    /// HTTP is up, ARI is not loaded: 404.
    NotLoaded,
    /// 503 `Asterisk not booted`.
    NotBooted,
    #[default]
    Ready,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) events: EventFaults,
    pub(super) boot: Boot,
    pub(super) stalled: bool,
    /// How long an answer is kept back after its effects and events.
    pub(super) late_answers: Duration,
    /// Refusals for the next requests whose path begins so.
    pub(super) refusals: VecDeque<Refusal>,
}

#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) status: u16,
    pub(super) message: String,
}

impl Faults {
    /// The refusal that was ordered for this request, once.
    pub(super) fn refusal(&mut self, method: &str, path: &str) -> Option<Refusal> {
        let ordered =
            |refusal: &Refusal| refusal.method == method && path.starts_with(&refusal.path);
        let at = self.refusals.iter().position(ordered)?;
        self.refusals.remove(at)
    }
}
