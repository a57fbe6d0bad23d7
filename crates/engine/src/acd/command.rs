//! What a queue engine wants done.

use std::time::Duration;

use model::{AgentId, CallId, DialplanTarget, EventBody, OfferId};

/// One thing to do, in order. A command whose IO fails comes back as an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Write it down and tell whoever may know. Always precedes the commands that follow from it.
    Publish(EventBody),
    /// Answer the caller's channel (billing starts).
    Answer { call: CallId },
    /// Let the caller hear ringing without answering.
    Ring { call: CallId },
    /// Start music on hold for the caller.
    PlayMusic { call: CallId, class: String },
    /// The caller is in a slot: out of the bridge in which an agent left him on hold, and music. Asked for again it does no harm.
    Park { call: CallId, class: String },
    /// Ring an agent's phone. It ends by `OfferAnswered`, `OfferFailed`, or our `Withdraw`.
    Offer {
        offer: OfferId,
        call: CallId,
        agent: AgentId,
        /// `101` is dialled as `PJSIP/101`.
        extension: String,
        timeout: Duration,
        /// The agent has asked for this call: the phone is asked to answer by itself.
        asked_for: bool,
    },
    /// Stop ringing (or hang up) this agent's leg.
    Withdraw { offer: OfferId },
    /// Bridge caller and agent: music off, answer the caller if need be, both into one bridge.
    /// Comes back as `Connected` or `ConnectFailed`.
    Connect { call: CallId, offer: OfferId },
    /// The talk is over or the caller left: hang up the agent's leg, take the bridge down.
    Disconnect { offer: OfferId },
    /// End the caller's channel. Comes back as `CallerHungUp`.
    HangUp { call: CallId },
    /// Hand the caller to the dialplan. Comes back as `CallContinued`.
    Continue {
        call: CallId,
        target: DialplanTarget,
    },
}
