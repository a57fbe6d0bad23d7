//! What can happen to calls that we place.

use model::{AgentId, Call, CallId, Caller, E164, Instant, ReservationId, ServerId};

use crate::trunk::Way;

/// One of a call's two channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Leg {
    Agent,
    Customer,
}

/// A call to be placed, for an agent who is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub call: CallId,
    pub server: ServerId,
    /// The id that the agent's channel will have.
    pub channel: String,
    pub agent: AgentId,
    pub extension: String,
    pub to: E164,
    pub customer: Caller,
    pub campaign: String,
}

/// One thing that happened. Late, doubled and reordered inputs are normal and must do no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Asked(Box<Order>),

    /// This number is presented; nothing: the trunk's own.
    CallerIdGiven {
        call: CallId,
        caller_id: Option<String>,
        reservation: Option<ReservationId>,
    },
    CallerIdRefused {
        call: CallId,
    },

    /// So the customer is reached.
    WayGiven {
        call: CallId,
        way: Way,
    },
    /// No trunk takes the call; one may at `retry_at`.
    NoWay {
        call: CallId,
        retry_at: Option<Instant>,
    },

    /// The channel is there, and not answered yet.
    LegRings {
        call: CallId,
        leg: Leg,
        server: ServerId,
    },
    /// The customer's phone rings, as its network says.
    CustomerRings {
        call: CallId,
    },
    LegAnswered {
        call: CallId,
        leg: Leg,
        server: ServerId,
    },
    /// Asterisk would not make the channel.
    LegRefused {
        call: CallId,
        leg: Leg,
        cause: Option<u16>,
    },
    /// It did not say whether it would.
    LegUnsure {
        call: CallId,
        leg: Leg,
    },
    /// The channel is gone.
    LegEnded {
        call: CallId,
        leg: Leg,
        cause: Option<u16>,
    },
    /// Both legs are in one bridge.
    Connected {
        call: CallId,
    },
    ConnectFailed {
        call: CallId,
    },
    /// Asked for by the agent or a supervisor: end this call.
    HangUpAsked {
        call: CallId,
    },

    /// The customer was given to somebody else and talks with them: that leg is not ours to end.
    HandedOver {
        call: CallId,
    },

    /// No connection; legs on it may or may not be alive.
    ServerLost {
        server: ServerId,
    },
    /// What is really there: legs and whether they are up, bridges and whether both legs are in them.
    ServerResynced {
        server: ServerId,
        legs: Vec<(CallId, Leg, bool)>,
        bridges: Vec<(CallId, bool)>,
    },

    /// A call that was open when we stopped; given before anything else.
    Restored(Box<Call>),

    /// A deadline announced by `poll_timeout` has come.
    Tick,
}
