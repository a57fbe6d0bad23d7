//! What happened, as the journal keeps it and as every client is told.
//!
//! One vocabulary for the journal, the call log, the event stream and (later) webhooks. Past tense, one fact each.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AgentId, AgentState, AgentStatus, Asked, CallId, Caller, Deed, EndedBy, OfferId, Outcome,
    OverflowReason, Placed, QueueId, ServerId, Strategy, Timestamp, Watch,
};

/// A fact with its place in the one order of all facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Grows by one with each event, over restarts too. A client resumes after the last it saw.
    pub seq: u64,
    pub at: Timestamp,
    #[serde(flatten)]
    pub body: EventBody,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum EventBody {
    CallArrived {
        call: CallId,
        server: ServerId,
        channel: String,
        caller: Caller,
        dialled: String,
    },
    /// We call a customer: the agent's phone rings first.
    CallPlaced {
        call: CallId,
        server: ServerId,
        /// The agent's.
        channel: String,
        agent: AgentId,
        customer: Caller,
        /// What the trunk is given.
        dialled: String,
        #[serde(flatten)]
        placed: Placed,
    },
    /// The agent of a placed call picked up; the customer's phone is rung now.
    AgentPickedUp {
        call: CallId,
        agent: AgentId,
    },
    /// A placed call was given to a trunk; once more, if the trunk before could not take it.
    CallRouted {
        call: CallId,
        /// The trunk's name.
        trunk: String,
        /// The number, as this trunk wants it.
        dialled: String,
        /// The Q.850 cause for which the trunk before did not take it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_cause: Option<u16>,
    },
    /// The customer of a placed call answered.
    CustomerAnswered {
        call: CallId,
        agent: AgentId,
    },
    /// Entered a queue, for the first time or by overflow from another.
    CallQueued {
        call: CallId,
        queue: QueueId,
        priority: i32,
        /// 1 is next in line.
        position: u32,
        overflow_reason: Option<OverflowReason>,
        /// The agent who called this person before, and who alone is offered the call for a while.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept_for: Option<KeptFor>,
    },
    /// A phone is being rung; with the reasons for this agent and against the others.
    CallOffered {
        call: CallId,
        queue: QueueId,
        offer: OfferId,
        agent: AgentId,
        choice: Choice,
    },
    OfferEnded {
        call: CallId,
        queue: QueueId,
        offer: OfferId,
        agent: AgentId,
        result: OfferResult,
        ring_ms: u64,
    },
    /// Caller and agent hear each other.
    CallAnswered {
        call: CallId,
        queue: QueueId,
        offer: OfferId,
        agent: AgentId,
        wait_ms: u64,
    },
    /// The agent has put the caller into a slot, and is free.
    CallParked {
        call: CallId,
        queue: QueueId,
        agent: AgentId,
        /// Who asked for it.
        by: String,
        slot: u32,
        /// When it comes back by itself.
        until: Timestamp,
    },
    /// Nobody has fetched a parked call, and who parked it is not free: it is in line again, by the time of its arrival.
    CallReturned {
        call: CallId,
        queue: QueueId,
        slot: u32,
    },
    /// A caller who was parked talks again; it counts as one answered call.
    CallRetrieved {
        call: CallId,
        queue: QueueId,
        offer: OfferId,
        agent: AgentId,
        /// Nothing: the call had come back into its queue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slot: Option<u32>,
    },
    /// Something was done to a call that talks, as Asterisk has confirmed.
    CallControlled {
        call: CallId,
        /// Who talks on it.
        agent: AgentId,
        /// Who asked for it; nothing: it came about by itself.
        by: Option<String>,
        #[serde(flatten)]
        deed: Deed,
    },
    /// A supervisor is on a call, or no longer.
    CallWatched {
        /// Who talks on it.
        agent: AgentId,
        #[serde(flatten)]
        watch: Watch,
    },
    CallEnded {
        call: CallId,
        queue: Option<QueueId>,
        agent: Option<AgentId>,
        outcome: Outcome,
        overflow_reason: Option<OverflowReason>,
        ended_by: EndedBy,
        hangup_cause: Option<u16>,
        wait_ms: Option<u64>,
        talk_ms: Option<u64>,
    },
    /// What was asked of Asterisk for a call that has ended. No client is told of it: `/v1/calls/{id}/trace` shows it.
    CallTraced {
        call: CallId,
        /// In the order of their answers.
        asked: Vec<Asked>,
        /// How many more there were.
        left_out: u32,
    },
    AgentChanged {
        agent: AgentId,
        from: AgentState,
        #[serde(flatten)]
        status: AgentStatus,
    },
    ServerLost {
        server: ServerId,
        reason: String,
    },
    ServerConnected {
        server: ServerId,
        version: String,
    },
    /// Another program took our Stasis application; calls do not reach us until an operator decides.
    ServerReplaced {
        server: ServerId,
    },
}

impl EventBody {
    /// The call it is about, if it is about one.
    pub fn call(&self) -> Option<CallId> {
        match self {
            Self::CallArrived { call, .. }
            | Self::CallPlaced { call, .. }
            | Self::AgentPickedUp { call, .. }
            | Self::CallRouted { call, .. }
            | Self::CustomerAnswered { call, .. }
            | Self::CallQueued { call, .. }
            | Self::CallOffered { call, .. }
            | Self::OfferEnded { call, .. }
            | Self::CallAnswered { call, .. }
            | Self::CallParked { call, .. }
            | Self::CallReturned { call, .. }
            | Self::CallRetrieved { call, .. }
            | Self::CallControlled { call, .. }
            | Self::CallTraced { call, .. }
            | Self::CallEnded { call, .. } => Some(*call),
            Self::CallWatched { watch, .. } => Some(watch.call),
            Self::AgentChanged { status, .. } => status.call,
            Self::ServerLost { .. }
            | Self::ServerConnected { .. }
            | Self::ServerReplaced { .. } => None,
        }
    }
}

/// For whom a call is kept, and how long at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptFor {
    pub agent: AgentId,
    pub until: Timestamp,
}

/// How an offer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferResult {
    Answered,
    /// Rang until its time was up.
    Missed,
    /// The agent pressed "reject".
    Declined,
    /// The phone was in use.
    PhoneBusy,
    /// No phone was registered, or Asterisk could not ring it.
    Unreachable,
    /// Another agent was faster (ring-all).
    LostRace,
    /// Another agent has asked for the call.
    PickedUp,
    /// The caller hung up, or left the queue.
    CallerGone,
    /// The agent went to break or offline while it rang.
    AgentLeft,
    /// Answered, but the bridge could not be built.
    BridgeFailed,
    /// The Asterisk it rang on was lost.
    ServerLost,
}

/// Why this agent: the answer to "why did I not get the call?".
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Choice {
    /// Nothing: the call was kept for this agent, or is theirs for a reason of its own.
    pub strategy: Option<Strategy>,
    /// Why this agent, where it is not the queue's rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart: Option<Apart>,
    /// Members who could have been chosen, the chosen one included.
    pub eligible: u32,
    /// The first few eligible ones in the order of choice, the chosen one first.
    pub first: Vec<Candidate>,
    /// How many members were passed over, by reason.
    pub passed_over: Vec<PassedOver>,
}

/// Why a call is offered to somebody apart from the rules of its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Apart {
    /// The agent fetches it from its slot.
    Retrieved,
    /// The agent has asked for a call that waits, or that rings a colleague.
    PickedUp,
    /// The agent parked it, and nobody has fetched it.
    CameBack,
}

/// An eligible agent and the figures that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Candidate {
    pub agent: AgentId,
    pub penalty: u8,
    /// Since when the agent has been idle.
    pub idle_since: Timestamp,
    pub calls_today: u32,
}

/// Members who could not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PassedOver {
    /// The state they were in; `None`: they lack a required skill or are paused in this queue.
    pub state: Option<AgentState>,
    pub count: u32,
}
