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
    /// The same for requests that hang.
    pub(super) hangs: VecDeque<(Wanted, Hang)>,
    /// How often what hangs was let go.
    pub(super) let_go: u64,
    /// How many requests hang.
    pub(super) hanging: usize,
}

/// How far a request comes that hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hang {
    /// Nothing happens before it is let go.
    BeforeItsEffect,
    /// It is carried out, but not answered.
    BeforeItsAnswer,
}

/// Which request a fault waits for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) method: String,
    /// How its path begins.
    pub(super) path: String,
}

impl Wanted {
    fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && path.starts_with(&self.path)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) of: Wanted,
    pub(super) status: u16,
    pub(super) message: String,
}

impl Faults {
    /// The refusal that was ordered for this request, once.
    pub(super) fn refusal(&mut self, method: &str, path: &str) -> Option<Refusal> {
        let ordered = |refusal: &Refusal| refusal.of.is(method, path);
        let at = self.refusals.iter().position(ordered)?;
        self.refusals.remove(at)
    }

    /// How this request is to hang, once, and until which `let_go`.
    pub(super) fn hang(&mut self, method: &str, path: &str) -> Option<(Hang, u64)> {
        let ordered = |(of, _): &(Wanted, Hang)| of.is(method, path);
        let at = self.hangs.iter().position(ordered)?;
        let (_, hang) = self.hangs.remove(at)?;
        self.hanging += 1;
        Some((hang, self.let_go + 1))
    }
}
