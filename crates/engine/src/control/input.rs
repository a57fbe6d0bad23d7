//! What can happen to calls that talk.

use model::{AgentId, Call, CallId, OfferId, ServerId, WatchId, WatchMode};

/// Numbers what is asked for, so that its answer finds who asked.
pub type Ticket = u64;

/// How the channels of a conversation are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Talkers {
    /// A caller, by the channel, with the agent of an offer.
    Queued { channel: String, offer: OfferId },
    /// The two legs of a call that we placed.
    Placed,
}

/// What somebody wants done to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    Hold,
    Unhold,
    Mute,
    Unmute,
    /// Play these keys to the customer.
    SendDigits(String),
    /// Both sides, if nothing is recorded yet.
    StartRecording,
    PauseRecording,
    ResumeRecording,
    StopRecording,
}

/// Somebody wants something done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub call: CallId,
    pub ticket: Ticket,
    pub verb: Verb,
    /// Who.
    pub by: String,
}

/// A supervisor wants to take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchWish {
    pub call: CallId,
    pub ticket: Ticket,
    /// For a new one.
    pub id: WatchId,
    /// Whose phone it will be.
    pub watcher: AgentId,
    pub extension: String,
    /// What that phone shows.
    pub title: String,
    /// Whether the watcher could be called now.
    pub free: bool,
    pub mode: WatchMode,
    pub by: String,
}

/// One thing that happened. Late, doubled and reordered inputs are normal and must do no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Two talk. Given after a restart as well, with what had been done to the call.
    Talking {
        call: Box<Call>,
        talkers: Talkers,
    },
    /// The call is over.
    Over {
        call: CallId,
    },

    Asked(Wish),
    /// What was to be done is done, or Asterisk says why not.
    Done {
        call: CallId,
        ticket: Ticket,
        result: Result<(), Failure>,
    },
    /// Asterisk has closed the file.
    RecordingEnded {
        call: CallId,
        name: String,
    },

    WatchAsked(WatchWish),
    /// Whoever watches with this phone goes.
    UnwatchAsked {
        call: CallId,
        ticket: Ticket,
        watcher: AgentId,
    },
    WatcherAnswered {
        watch: WatchId,
        server: ServerId,
    },
    /// The watcher hears the call, in this way.
    WatcherJoined {
        watch: WatchId,
        result: Result<WatchMode, Failure>,
    },
    /// The watcher's phone is gone, or was never rung.
    WatcherGone {
        watch: WatchId,
    },

    ServerLost {
        server: ServerId,
    },
    /// What is really there: customers on hold, and watchers' phones.
    ServerResynced {
        server: ServerId,
        held: Vec<CallId>,
        watchers: Vec<WatchId>,
    },

    /// A deadline announced by `poll_timeout` has come.
    Tick,
}

/// Why Asterisk did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It said no.
    Rejected(String),
    /// Nobody knows whether it did.
    Unknown,
}
