//! Whether events still arrive: after a quiet while, Asterisk is asked for an event of our own, which has to come back.
//!
//! A connection can answer pings and requests and still bring no events: a dispatcher is stuck, a subscription is
//! lost, somebody else has the application. Any event proves the opposite, so nothing is asked while events flow.
//! Does no asking itself, and never takes a late answer for a lost event: the time for the event runs
//! from the answer.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The name of the user events that are echoes. Consumers never see events of this name.
pub(crate) const ECHO_EVENT: &str = "CordboardEcho";

/// A deadline that is noticed later than this says that we were held up ourselves; the event may lie unread.
const HELD_UP: Duration = Duration::from_millis(500);

/// When to ask, and how long to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Time without an event after which an echo is asked for; `Duration::MAX`: never.
    pub(crate) after: Duration,
    /// Time from the answer of the request to the event.
    pub(crate) answer: Duration,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Wait,
    /// Ask for an echo, and tell of the outcome: [`Echo::asked_for`] or [`Echo::could_not_ask`].
    Ask,
    /// Asterisk said that it sent the event, and nothing has come since.
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Quiet {
        since: Instant,
    },
    Asked,
    Awaited {
        since: Instant,
    },
    /// This connection cannot be checked so.
    Off,
}

/// The liveness of one connection's events.
#[derive(Debug)]
pub(crate) struct Echo {
    limits: Limits,
    phase: Phase,
}

impl Echo {
    pub(crate) fn begin(limits: Limits, now: Instant) -> Self {
        Self {
            limits,
            phase: Phase::Quiet { since: now },
        }
    }

    /// One that never asks.
    pub(crate) fn off() -> Self {
        Self {
            limits: Limits {
                after: Duration::MAX,
                answer: Duration::MAX,
            },
            phase: Phase::Off,
        }
    }

    /// An event arrived, an echo or any other.
    pub(crate) fn heard(&mut self, now: Instant) {
        if self.phase != Phase::Off {
            self.phase = Phase::Quiet { since: now };
        }
    }

    /// Asterisk says that it sent the event.
    pub(crate) fn asked_for(&mut self, now: Instant) {
        // The event may have been faster than the answer.
        if self.phase == Phase::Asked {
            self.phase = Phase::Awaited { since: now };
        }
    }

    /// The request failed, which says nothing about events.
    pub(crate) fn could_not_ask(&mut self, now: Instant) {
        if self.phase == Phase::Asked {
            self.phase = Phase::Quiet { since: now };
        }
    }

    /// Never asks again.
    pub(crate) fn stop(&mut self) {
        self.phase = Phase::Off;
    }

    /// When [`Self::step`] is due; `None`: only after something else has happened.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match self.phase {
            Phase::Quiet { since } => since.checked_add(self.limits.after),
            Phase::Awaited { since } => since.checked_add(self.limits.answer),
            Phase::Asked | Phase::Off => None,
        }
    }

    pub(crate) fn step(&mut self, now: Instant) -> Step {
        let Some(due) = self.poll_timeout().filter(|due| *due <= now) else {
            return Step::Wait;
        };
        match self.phase {
            Phase::Quiet { .. } => {
                self.phase = Phase::Asked;
                Step::Ask
            }
            Phase::Awaited { .. } if now > due + HELD_UP => {
                self.phase = Phase::Awaited { since: now };
                Step::Wait
            }
            _ => Step::Lost,
        }
    }
}

/// Ends when [`Echo::poll_timeout`] has come; never without one.
pub(crate) async fn due(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        after: Duration::from_secs(5),
        answer: Duration::from_secs(10),
    };

    fn begun() -> (Echo, impl Fn(u64) -> Instant) {
        let start = Instant::now();
        let at = move |millis| start + Duration::from_millis(millis);
        (Echo::begin(LIMITS, start), at)
    }

    #[test]
    fn nothing_is_asked_while_events_flow() {
        let (mut echo, at) = begun();
        for second in 1..100 {
            echo.heard(at(second * 1_000));
            assert_eq!(echo.step(at(second * 1_000 + 999)), Step::Wait);
        }
    }

    #[test]
    fn an_echo_that_comes_back_begins_a_new_quiet_while() {
        let (mut echo, at) = begun();
        assert_eq!(echo.step(at(5_000)), Step::Ask);
        echo.asked_for(at(5_010));
        echo.heard(at(5_020));
        assert_eq!(echo.poll_timeout(), Some(at(10_020)));
        assert_eq!(echo.step(at(10_020)), Step::Ask);
    }

    #[test]
    fn an_echo_may_be_faster_than_its_answer() {
        let (mut echo, at) = begun();
        assert_eq!(echo.step(at(5_000)), Step::Ask);
        echo.heard(at(5_010));
        echo.asked_for(at(5_020));
        assert_eq!(echo.poll_timeout(), Some(at(10_010)));
    }

    #[test]
    fn the_limit_runs_from_the_answer_and_then_the_events_are_lost() {
        let (mut echo, at) = begun();
        assert_eq!(echo.step(at(5_000)), Step::Ask);
        assert_eq!(echo.poll_timeout(), None, "a slow answer proves nothing");
        echo.asked_for(at(14_000));
        assert_eq!(echo.step(at(23_999)), Step::Wait);
        assert_eq!(echo.step(at(24_000)), Step::Lost);
    }

    #[test]
    fn a_request_that_fails_is_repeated() {
        let (mut echo, at) = begun();
        assert_eq!(echo.step(at(5_000)), Step::Ask);
        echo.could_not_ask(at(15_000));
        assert_eq!(echo.step(at(20_000)), Step::Ask);
    }

    #[test]
    fn who_was_held_up_looks_once_more() {
        let (mut echo, at) = begun();
        echo.step(at(5_000));
        echo.asked_for(at(5_000));
        assert_eq!(echo.step(at(60_000)), Step::Wait);
        assert_eq!(echo.step(at(70_000)), Step::Lost);
    }

    #[test]
    fn what_is_off_stays_off() {
        let (mut echo, at) = begun();
        echo.stop();
        echo.heard(at(1));
        assert_eq!(
            (echo.poll_timeout(), echo.step(at(100_000))),
            (None, Step::Wait)
        );
    }
}
