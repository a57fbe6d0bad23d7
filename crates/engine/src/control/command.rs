//! What is to be done to calls that talk.

use std::time::Duration;

use model::{AgentId, CallId, EventBody, ServerId, WatchId, WatchMode};

use super::{Failure, Talkers, Ticket, Verb};

/// One thing to do, in order. A command whose IO fails comes back as an input.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Write it down and tell whoever may know. Always precedes the commands that follow from it.
    Publish(EventBody),
    /// Whoever asked with this ticket is told.
    Answer {
        ticket: Ticket,
        result: Result<(), Refusal>,
    },
    /// Comes back as `Done`.
    Do {
        call: CallId,
        server: ServerId,
        talkers: Talkers,
        ticket: Ticket,
        verb: Verb,
        /// The recording that the verb is about.
        recording: Option<String>,
    },
    /// What was made for this call is taken down: where the customer waited.
    CleanUp { call: CallId, server: ServerId },

    /// Offer the watcher no calls.
    Engage { watcher: AgentId, call: CallId },
    /// The watcher is free again.
    Disengage { watcher: AgentId, call: CallId },
    /// Ring the watcher's phone. Comes back as `WatcherAnswered` or `WatcherGone`.
    RingWatcher {
        server: ServerId,
        watch: WatchId,
        extension: String,
        /// What the phone shows.
        title: String,
        timeout: Duration,
    },
    /// Let the watcher hear the call in this way, whichever way it was before. Comes back as `WatcherJoined`.
    JoinWatcher {
        call: CallId,
        server: ServerId,
        talkers: Talkers,
        watch: WatchId,
        mode: WatchMode,
    },
    /// Hang the watcher's phone up, and take down what was made for it.
    DropWatcher { server: ServerId, watch: WatchId },
}

/// Why somebody's wish is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("nobody talks on this call")]
    NotTalking,
    #[error("something else is being done to this call")]
    Busy,
    #[error("the customer is on hold")]
    Held,
    #[error("nothing is being recorded")]
    NoRecording,
    #[error("the call has as many recordings as it may")]
    TooManyRecordings,
    #[error("the connection to the call's Asterisk is lost")]
    ServerLost,
    #[error("the agent of this phone is on a call")]
    WatcherBusy,
    #[error("the call has as many watchers as it may")]
    TooManyWatchers,
    #[error("nobody watches with this phone")]
    NoWatcher,
    #[error("this is the watcher's own call")]
    OwnCall,
    #[error("Asterisk did not do it: {}", why(.0))]
    Failed(Failure),
}

fn why(failure: &Failure) -> &str {
    match failure {
        Failure::Rejected(text) => text,
        Failure::Unknown => "it gave no answer in time",
    }
}
