//! What is to be done to calls that talk.

use std::time::Duration;

use model::{AgentId, CallId, Caller, Control, EventBody, ServerId, WatchId, WatchMode};

use super::{Arrangement, Failure, Talkers, Ticket, Verb};

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
        /// The number of the third one whom it is about.
        consult: u32,
        waits: Waits,
    },
    /// Comes back as `Arranged`.
    Arrange {
        call: CallId,
        server: ServerId,
        talkers: Talkers,
        consult: u32,
        what: Arrangement,
        waits: Waits,
    },
    /// Hang a third one up, whatever they do.
    DropTarget {
        call: CallId,
        server: ServerId,
        consult: u32,
    },
    /// The customer is with somebody else: whoever has the call lets the agent go, and not the customer.
    HandOver { call: CallId },
    /// The customer is on hold, in Asterisk: whoever has the call puts it into this slot, and lets the agent go.
    Park {
        call: CallId,
        slot: u32,
        by: String,
        state: Control,
    },
    /// The customer arrives anew, for this queue.
    Requeue {
        call: CallId,
        server: ServerId,
        talkers: Talkers,
        caller: Caller,
        dialled: String,
        queue: String,
    },
    /// End a recording of which nobody knows whether it was begun.
    EndRecording {
        call: CallId,
        server: ServerId,
        name: String,
    },
    /// Look at what is there: something was done that had been given up.
    Compare { server: ServerId },
    /// The agent is gone, and nobody else has the customer.
    LetEnd { call: CallId },
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

/// Who hears music now. Whoever does not is in the call's bridge already, and must not be put there twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    pub customer: bool,
    pub target: bool,
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
    #[error("only a call that came in can go to a queue")]
    NotQueued,
    #[error("only a call that came in can be parked")]
    NotParkable,
    #[error("every slot is taken")]
    NoSlot,
    #[error("somebody else is being consulted")]
    Consulting,
    #[error("nobody else is being consulted")]
    NotConsulting,
    #[error("the one who is consulted has not answered")]
    NotAnswered,
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
