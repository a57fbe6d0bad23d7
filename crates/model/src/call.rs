//! Calls: a customer's whole contact, from arrival to its one outcome.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AgentId, CallId, Control, OfferId, QueueId, ReservationId, ServerId, Timestamp, visible,
};

/// Which way a call goes, seen from the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Inbound,
    Outbound,
}

/// The customer: who calls, as the network says, or who is called. Both texts are chosen by the caller: show them, never trust them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Caller {
    /// As presented; empty when withheld.
    pub number: String,
    /// E.164 with `+`, where the number could be read as one.
    pub e164: Option<String>,
    pub name: String,
}

impl Caller {
    /// A caller with the texts made safe to store and show.
    pub fn new(number: &str, name: &str) -> Self {
        Self {
            number: visible(number, 64),
            e164: None,
            name: visible(name, 100),
        }
    }
}

/// What a call was placed with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Placed {
    /// May be empty.
    pub campaign: String,
    /// The number of ours that the customer sees; nothing: the trunk's own.
    pub caller_id: Option<String>,
    /// The use of that number.
    pub reservation: Option<ReservationId>,
    /// The trunk that it was last sent to, by name; nothing: it went where the server's `dial_out` leads.
    #[serde(default)]
    pub trunk: Option<String>,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// In line, nobody's phone rings.
    Waiting,
    /// In line, and a phone rings.
    Ringing,
    /// An agent answered; the bridge is being built, or the customer is being called.
    Connecting,
    Talking,
    /// In a slot: the caller hears music, and no agent has the call.
    Parked,
    Ended,
}

/// How a call ended; every call has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Talked with an agent.
    Answered,
    /// The caller hung up before.
    Abandoned,
    /// We sent the caller elsewhere: into the dialplan.
    Overflowed,
    /// We ended it: the queue was full, closed to new callers, or waited out.
    Rejected,
    /// No queue could be found for it.
    Unrouted,
    /// It was lost with its Asterisk.
    Failed,
    /// We placed it, and it did not become a conversation: who ended it and the cause say why.
    NotReached,
}

/// Why a caller left a queue without an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverflowReason {
    MaxWait,
    QueueFull,
    NoAgents,
    QueueRemoved,
    /// The queues pass the caller round in a circle.
    Loop,
    /// The caller pressed a key to leave. Only calls of `app_queue` have it.
    KeyPressed,
}

/// Whose side ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    Caller,
    Agent,
    System,
}

/// One call, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Call {
    pub id: CallId,
    pub server: ServerId,
    /// The caller's channel on that server (Asterisk's unique id); of a call that we placed, the agent's.
    pub channel: String,
    pub direction: Direction,
    pub caller: Caller,
    /// The number that was dialled.
    pub dialled: String,
    pub state: CallState,
    /// The queue it waits in, or the last it was in.
    pub queue: Option<QueueId>,
    /// Larger is served earlier within its queue.
    pub priority: i32,
    /// The agent who answered, or for whom it was placed.
    pub agent: Option<AgentId>,
    /// The offer that was answered.
    pub offer: Option<OfferId>,
    pub arrived_at: Timestamp,
    /// When it entered its first queue; its place in line counts from here.
    pub queued_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// From entering the queue to the answer (or the end), in milliseconds.
    pub wait_ms: Option<u64>,
    /// From the answer to the end, in milliseconds.
    pub talk_ms: Option<u64>,
    pub outcome: Option<Outcome>,
    pub overflow_reason: Option<OverflowReason>,
    pub ended_by: Option<EndedBy>,
    /// Q.850 cause of the channel that ended it.
    pub hangup_cause: Option<u16>,
    /// Of outbound calls only.
    pub placed: Option<Placed>,
    #[serde(default, skip_serializing_if = "Control::is_untouched")]
    pub control: Control,
}

impl Call {
    /// A call that came in at `at`, of which no more is known yet.
    pub fn new(id: CallId, server: ServerId, at: Timestamp) -> Self {
        Self {
            id,
            server,
            channel: String::new(),
            direction: Direction::Inbound,
            caller: Caller::default(),
            dialled: String::new(),
            state: CallState::Waiting,
            queue: None,
            priority: 0,
            agent: None,
            offer: None,
            arrived_at: at,
            queued_at: None,
            answered_at: None,
            ended_at: None,
            wait_ms: None,
            talk_ms: None,
            outcome: None,
            overflow_reason: None,
            ended_by: None,
            hangup_cause: None,
            placed: None,
            control: Control::default(),
        }
    }
}
