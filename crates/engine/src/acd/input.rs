//! What can happen to a queue engine.

use model::{
    Agent, AgentId, AgentState, AgentStatus, Apart, Call, CallId, Caller, Did, Member, OfferId,
    Queue, QueueId, ServerId, Timestamp,
};

use super::Parking;

/// One thing that happened. Late, doubled and reordered inputs are normal and must do no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    // ---- what the centre is made of; a second one with the same id replaces the first
    QueueSet(Queue),
    QueueRemoved(QueueId),
    AgentSet(Agent),
    AgentRemoved(AgentId),
    MemberSet(Member),
    MemberRemoved(QueueId, AgentId),
    DidSet(Did),
    DidRemoved(model::DidId),
    /// Where calls go that nothing else routes.
    DefaultQueueSet(Option<QueueId>),

    // ---- callers
    /// A channel entered our Stasis application.
    CallArrived {
        call: CallId,
        server: ServerId,
        channel: String,
        caller: Caller,
        dialled: String,
        /// The first Stasis argument: the name of a queue.
        argument: Option<String>,
        priority: i32,
        /// Who of ours called this person lately.
        returned: Option<Returned>,
    },
    /// The caller's channel is gone, whatever the call was doing.
    CallerHungUp {
        call: CallId,
        cause: Option<u16>,
    },
    /// The caller's channel left for the dialplan, as commanded.
    CallContinued {
        call: CallId,
    },

    /// The caller was given to somebody else and talks with them: the agent is free, and the caller not ours to end.
    CallHandedOver {
        call: CallId,
    },

    /// The caller is on hold, in Asterisk, to be put into a slot: the agent is let go.
    CallParked {
        call: CallId,
        parking: Box<Parking>,
    },
    /// An agent picks the call up, or fetches it from its slot: see [`may_have`](super::Acd::may_have).
    CallWanted {
        call: CallId,
        agent: AgentId,
        how: Apart,
    },

    // ---- agents' phones
    /// The agent picked up.
    OfferAnswered {
        offer: OfferId,
    },
    /// The phone did not lead to an agent.
    OfferFailed {
        offer: OfferId,
        why: OfferFailure,
    },
    /// Caller and agent are in one bridge.
    Connected {
        offer: OfferId,
    },
    /// The bridge could not be built; the agent's phone is being hung up.
    ConnectFailed {
        offer: OfferId,
    },
    /// The agent's channel is gone (after having answered).
    AgentHungUp {
        offer: OfferId,
        cause: Option<u16>,
    },

    // ---- agents' wishes
    /// Asked for by the agent or a supervisor: available, break or offline.
    StateAsked {
        agent: AgentId,
        state: AgentState,
        reason: Option<String>,
    },
    /// The agent pressed "reject" in the page while the phone rings.
    OfferDeclined {
        offer: OfferId,
    },
    /// Asked for by the agent or a supervisor: end this call.
    HangUpAsked {
        call: CallId,
    },

    // ---- calls that do not come through a queue
    /// The agent is on a call that this engine has no part in; no other is offered meanwhile. Given after a restart as well.
    AgentEngaged {
        agent: AgentId,
        call: CallId,
    },
    /// That call is over.
    AgentDisengaged {
        agent: AgentId,
        call: CallId,
        /// Whether there was a conversation: then the agent's idle time begins anew.
        talked: bool,
    },

    // ---- servers
    /// No connection; calls on it may or may not be alive. Nothing is decided for them until `ServerResynced`.
    ServerLost {
        server: ServerId,
    },
    /// What is really there, after every (re)connect. What we believed and is not in it has ended.
    ServerResynced {
        server: ServerId,
        snapshot: Snapshot,
    },

    // ---- after a restart of ours; given before anything else
    CallRestored(Box<CallRestored>),
    /// Who was offered a call of this queue, the last one last. Who is not named had none for longer.
    TurnsRestored {
        queue: QueueId,
        agents: Vec<AgentId>,
    },
    AgentRestored {
        agent: AgentId,
        status: AgentStatus,
        calls_today: u32,
    },

    /// A deadline announced by `poll_timeout` has come (or something else woke us).
    Tick,
}

/// The call that this one answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Returned {
    /// Who made it.
    pub agent: Option<AgentId>,
    /// The queue that has the name of its campaign.
    pub queue: Option<QueueId>,
}

/// Why a phone did not lead to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferFailure {
    /// Asterisk's own ring time-out.
    NoAnswer,
    /// Q.850 17.
    Busy,
    /// Q.850 21.
    Declined,
    /// Not registered, no such endpoint, congestion, or Asterisk refused the request.
    Unreachable,
}

/// What a server has alive: the callers' channels and the agents' legs, in our words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Calls whose caller channel exists.
    pub calls: Vec<CallId>,
    /// Offers whose agent leg exists, and whether that leg is up (answered).
    pub offers: Vec<(OfferId, bool)>,
    /// Offers whose leg is in one bridge with its caller.
    pub bridged: Vec<OfferId>,
    /// Asterisk itself was started anew since we last saw it: what is missing was lost, not hung up.
    pub restarted: bool,
}

/// A call that was open when we stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRestored {
    pub call: Call,
    /// Offers that were ringing or answered: offer, agent.
    pub offers: Vec<(OfferId, AgentId)>,
    /// When it entered the queue it is in (its last `CallQueued`); its longest wait counts from here.
    /// `None`: not known, it counts from `call.queued_at`.
    pub entered_at: Option<Timestamp>,
}
