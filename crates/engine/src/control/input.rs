//! What can happen to calls that talk.

use model::{AgentId, Call, CallId, Caller, E164, OfferId, ServerId, WatchId, WatchMode};

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
    /// The customer hears music, and somebody else's phone rings.
    Consult(Target),
    /// The customer and the third one change places.
    Swap,
    /// All three hear each other.
    Conference,
    /// The customer and the third one stay together; the agent goes.
    Transfer,
    /// The third one goes; the agent and the customer hear each other.
    EndConsult,
    /// The customer waits in this queue, and the agent goes.
    ToQueue(String),
    /// The customer waits in this slot, and the agent goes.
    Park(u32),
}

/// A third person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As it was asked for, for people.
    pub to: String,
    pub at: TargetAt,
    /// How Asterisk reaches them: its dial string.
    pub endpoint: String,
    /// What their phone shows; nothing: the trunk's own number.
    pub shown: Option<Caller>,
    /// Whether they are given the customer as soon as they answer.
    pub transfer: bool,
}

/// How a third person is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetAt {
    /// A phone of ours: `101` is dialled as `PJSIP/101`.
    Phone(String),
    /// Over the telephone network.
    Number(E164),
}

/// What is done when nobody has asked for it, as something has happened to the third one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrangement {
    /// The agent and the third one hear each other.
    Meet,
    /// The third one has answered, and the customer is theirs.
    GiveOver,
    /// The agent and the customer hear each other again.
    Return,
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
    /// The agent hung up, and the third one shall have the customer: see [`may_be_left`](super::Control::may_be_left).
    AgentLeft {
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

    /// The third one of this number in the call picked up.
    TargetAnswered {
        call: CallId,
        number: u32,
        server: ServerId,
    },
    /// Their channel is gone.
    TargetGone {
        call: CallId,
        number: u32,
        cause: Option<u16>,
    },
    Arranged {
        call: CallId,
        what: Arrangement,
        result: Result<(), Failure>,
    },

    WatchAsked(WatchWish),
    /// Whoever watches with this phone goes.
    UnwatchAsked {
        call: CallId,
        ticket: Ticket,
        watcher: AgentId,
        by: String,
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
    /// These customers are with their third one, though nobody may have said so. Given before the call's own engine hears that
    /// they are missing.
    Given {
        calls: Vec<CallId>,
    },
    /// What is really there; also while the connection stands, and some of it may be older than what was told since.
    ServerResynced {
        server: ServerId,
        found: Snapshot,
    },

    /// A deadline announced by `poll_timeout` has come.
    Tick,
}

/// What there is of a server's conversations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Customers on hold.
    pub held: Vec<CallId>,
    /// Bridges to wait in, whoever is in them.
    pub rooms: Vec<CallId>,
    /// Third persons, and whether they have answered.
    pub targets: Vec<(CallId, u32, bool)>,
    /// Supervisors of whom anything is there, and whether their phone has answered; nothing: it is not there.
    pub watchers: Vec<(WatchId, Option<bool>)>,
}

/// Why Asterisk did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It said no.
    Rejected(String),
    /// Nobody knows whether it did.
    Unknown,
}
