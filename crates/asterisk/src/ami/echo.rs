//! Whether a session's events arrive: a `UserEvent` of our own, which Asterisk sends back to whoever may read it.
//!
//! Asterisk never says what a session does not hear: the action succeeds, and no event comes. So a session whose echo
//! has not come back once is not watched; it must never be taken for dead because of its privileges, mask or filters.

use tokio::time::Instant;

use super::action::Action;
use super::config::Config;
use super::error::SessionError;
use super::message::{Message, Response};
use crate::echo::{ECHO_EVENT, Echo, Limits, Step};

/// The echoes of one session.
pub(super) struct EventEcho {
    echo: Echo,
    limits: Limits,
    address: String,
    username: String,
    /// Asterisk repeats it in the event, to every session that reads such events.
    action_id: String,
    /// An echo has come back since the session began, or since somebody changed what it hears.
    proven: bool,
}

impl EventEcho {
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        let limits = Limits {
            after: config.timeouts.echo_after,
            answer: config.timeouts.echo_timeout,
        };
        let wants_events = !config.event_mask.trim().eq_ignore_ascii_case("off");
        Self {
            echo: if wants_events {
                Echo::begin(limits, now)
            } else {
                Echo::off()
            },
            limits,
            address: config.address.clone(),
            username: config.username.clone(),
            action_id: format!("echo-{:016x}", rand::random::<u64>()),
            proven: false,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.echo.poll_timeout()
    }

    /// The action to send now, if one is due; an error where the events are lost.
    pub(super) fn step(&mut self, now: Instant) -> Result<Option<Action>, SessionError> {
        match self.echo.step(now) {
            Step::Wait => Ok(None),
            Step::Ask => Ok(Some(
                Action::new("UserEvent")
                    .header("UserEvent", ECHO_EVENT)
                    .header("ActionID", &self.action_id),
            )),
            Step::Lost if self.proven => Err(SessionError::EventsLost {
                timeout: self.limits.answer,
            }),
            Step::Lost => {
                self.give_up(
                    "read=user in manager.conf, `user` in the event mask, or room for it in the filters",
                );
                Ok(None)
            }
        }
    }

    /// Whether an answer with this `ActionID` is for [`Self::answered`].
    pub(super) fn asked_as(&self, action_id: &[u8]) -> bool {
        action_id == self.action_id.as_bytes()
    }

    pub(super) fn answered(&mut self, response: &Response, now: Instant) {
        if response.is_success() {
            self.echo.asked_for(now);
        } else if response.message() == "Permission denied" {
            self.give_up("write=user in manager.conf");
        } else {
            self.echo.could_not_ask(now);
        }
    }

    /// An event arrived; true for an echo, also of another client, which is nobody's news.
    pub(super) fn heard(&mut self, event: &Message<'_>, now: Instant) -> bool {
        self.echo.heard(now);
        let echo =
            event.name() == b"UserEvent" && event.get("UserEvent") == Some(ECHO_EVENT.as_bytes());
        self.proven |= echo;
        echo
    }

    /// What the session hears is about to change.
    pub(super) fn doubt(&mut self) {
        self.proven = false;
    }

    fn give_up(&mut self, lacking: &str) {
        self.echo.stop();
        tracing::warn!(
            address = %self.address,
            username = %self.username,
            lacking,
            "it cannot be seen whether AMI events still arrive; only Ping is watched"
        );
    }
}
