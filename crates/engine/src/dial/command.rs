//! What is to be done for calls that we place.

use std::time::Duration;

use model::{AgentId, CallId, Caller, E164, EventBody, ReservationId, ServerId, TrunkId};

use super::Leg;
use crate::callerid::Release;

/// One thing to do, in order. A command whose IO fails comes back as an input.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Write it down and tell whoever may know. Always precedes the commands that follow from it.
    Publish(EventBody),
    /// Offer the agent no calls.
    Engage { agent: AgentId, call: CallId },
    /// The agent is free again.
    Disengage {
        agent: AgentId,
        call: CallId,
        talked: bool,
    },
    /// Choose the number to present. Comes back as `CallerIdGiven` or `CallerIdRefused`.
    AskCallerId {
        call: CallId,
        to: E164,
        campaign: String,
        /// The agent's.
        extension: String,
    },
    /// The number is free again.
    Release {
        reservation: ReservationId,
        why: Release,
    },
    /// Whoever waits for this call is told: it is not placed, and may be asked for again.
    NotPlaced { call: CallId, why: WhyNot },
    /// Ring the agent's phone, which shows the customer.
    RingAgent {
        call: CallId,
        server: ServerId,
        extension: String,
        customer: Caller,
        timeout: Duration,
    },
    /// Choose how the customer is reached, by none of these trunks. Comes back as `WayGiven` or `NoWay`.
    AskWay {
        call: CallId,
        server: ServerId,
        to: E164,
        tried: Vec<TrunkId>,
    },
    /// The trunk could not take the call.
    TrunkFailed { trunk: TrunkId, server: ServerId },
    /// Call the customer. The agent hears ringing.
    CallCustomer {
        call: CallId,
        server: ServerId,
        /// Asterisk's dial string.
        endpoint: String,
        caller_id: Option<String>,
        reservation: Option<ReservationId>,
        timeout: Duration,
    },
    /// Both legs into one bridge. Comes back as `Connected` or `ConnectFailed`.
    Connect { call: CallId, server: ServerId },
    /// End a leg, whatever it is doing.
    HangUp {
        call: CallId,
        server: ServerId,
        leg: Leg,
    },
    /// Take the bridge down, if there is one.
    TakeDown { call: CallId, server: ServerId },
}

impl Command {
    /// Whose call it is, and where, if Asterisk has to do it.
    pub fn place(&self) -> Option<(CallId, ServerId)> {
        match self {
            Self::RingAgent { call, server, .. }
            | Self::CallCustomer { call, server, .. }
            | Self::Connect { call, server }
            | Self::HangUp { call, server, .. }
            | Self::TakeDown { call, server } => Some((*call, *server)),
            Self::Publish(_)
            | Self::Engage { .. }
            | Self::Disengage { .. }
            | Self::AskCallerId { .. }
            | Self::NotPlaced { .. }
            | Self::AskWay { .. }
            | Self::TrunkFailed { .. }
            | Self::Release { .. } => None,
        }
    }
}

/// Why a call that was asked for is not placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNot {
    /// No caller ID may be presented. Who asked for one knows more.
    Refused,
    /// Nobody said in time which one.
    NoAnswer,
    /// It was hung up before.
    HungUp,
}
