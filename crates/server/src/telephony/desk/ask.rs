//! What the desk can be asked, and how the asking reaches it.

use engine::{
    acd::{CallExplained, Input, Returned},
    callerid::Allocation,
    control, dial,
};
use model::{
    AgentId, AgentState, AgentStatus, Apart, Call, CallId, DialOut, EventBody, ServerId, Watch,
};
use tokio::sync::{mpsc, oneshot};

use super::{
    Reply,
    controls::{self, Demand},
};
use crate::{
    callerid,
    config::ParkingConfig,
    telephony::{Wish, link::Known, live::LiveView, outbox::Outbox, trace::Trace},
};

/// A server that a call could be placed on.
#[derive(Debug, Clone)]
pub(in crate::telephony) struct Place {
    pub(in crate::telephony) server: ServerId,
    pub(in crate::telephony) connected: bool,
    /// The id that the agent's channel would have there.
    pub(in crate::telephony) channel: String,
}

/// What the desk is asked to do.
pub(in crate::telephony) enum Ask {
    Input(Box<Input>),
    /// A fact that is no business of the engine.
    Note(EventBody),
    Live(oneshot::Sender<LiveView>),
    SetState {
        agent: AgentId,
        state: AgentState,
        reason: Option<String>,
        reply: oneshot::Sender<Result<AgentStatus, Refused>>,
    },
    HangUp {
        call: CallId,
        reply: oneshot::Sender<Result<(), Refused>>,
    },
    /// Call somebody.
    Place {
        wish: Wish,
        places: Vec<Place>,
        reply: Reply,
    },
    /// A call that is open; of those that we placed, one that ended lately as well.
    Call {
        call: CallId,
        reply: oneshot::Sender<Option<Call>>,
    },
    /// What was asked of Asterisk for a call that is open.
    Trace {
        call: CallId,
        reply: oneshot::Sender<Option<Trace>>,
    },
    /// Which number such a call presents.
    Chosen {
        call: CallId,
        answer: Result<Box<Allocation>, callerid::Refused>,
    },
    /// What happened to one.
    Dial(dial::Input),
    /// Do something to a call that talks.
    Demand {
        demand: Demand,
        reply: controls::Reply,
    },
    /// The slots that there are.
    ParkIn(ParkingConfig),
    /// Calls that are parked, by their slots.
    Parked(oneshot::Sender<Vec<Call>>),
    /// An agent picks a call up, or fetches it from its slot.
    Give {
        call: CallId,
        agent: AgentId,
        how: Apart,
        reply: controls::Reply,
    },
    /// Who watches a call.
    Watches {
        call: CallId,
        reply: oneshot::Sender<Vec<Watch>>,
    },
    /// What happened to one that talks.
    Control(control::Input),
    /// A customer who was given away, and whom they were given to, have parted.
    Parted(CallId),
    /// Who called before the person who calls now.
    Found {
        call: CallId,
        returned: Option<Returned>,
    },
    Explain {
        call: CallId,
        reply: oneshot::Sender<Option<CallExplained>>,
    },
    /// The commands for this server's calls go there from now on; the calls that it should have are given back.
    Attach {
        server: ServerId,
        /// Where its calls go out, if its own dialplan decides.
        dial_out: Option<DialOut>,
        outbox: Outbox,
        reply: oneshot::Sender<Vec<Known>>,
    },
    Detach(ServerId),
    /// The server is none of ours any more: its calls have ended as far as we can know.
    Forget(ServerId),
}

/// Why the engine would not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("no such agent")]
    NoSuchAgent,
    #[error("the agent is not active")]
    NotActive,
    #[error("only available, break and offline can be asked for")]
    NotAskable,
    #[error("the call is over")]
    NoSuchCall,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

/// How inputs reach the engine. Waits when it is busy; says nothing when the server has stopped.
#[derive(Debug, Clone)]
pub(in crate::telephony) struct Mailbox(pub(in crate::telephony) mpsc::Sender<Ask>);

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Input(input) => input.fmt(f),
            Self::Note(body) => body.fmt(f),
            _ => f.write_str("Ask"),
        }
    }
}

impl Mailbox {
    pub(in crate::telephony) async fn tell(&self, input: Input) {
        let _ = self.0.send(Ask::Input(Box::new(input))).await;
    }

    pub(in crate::telephony) async fn dial(&self, input: dial::Input) {
        let _ = self.0.send(Ask::Dial(input)).await;
    }

    /// The connection is lost: nothing is done, and nothing told, until it is there again.
    pub(in crate::telephony) async fn lost(&self, server: ServerId) {
        self.tell(Input::ServerLost { server }).await;
        self.control(control::Input::ServerLost { server }).await;
    }

    /// The two whom a call has become are no longer together.
    pub(in crate::telephony) async fn parted(&self, call: CallId) {
        let _ = self.0.send(Ask::Parted(call)).await;
    }

    pub(in crate::telephony) async fn control(&self, input: control::Input) {
        let _ = self.0.send(Ask::Control(input)).await;
    }

    pub(in crate::telephony) async fn note(&self, body: EventBody) {
        let _ = self.0.send(Ask::Note(body)).await;
    }
}
