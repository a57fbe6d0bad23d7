//! What each client may see: the one policy for the event stream, the live page and the call log.
//!
//! An agent sees the own state, the calls that were offered to or placed for the agent, and what happens in the agent's queues without
//! the caller's number. Everybody else who may read the stream sees everything.

use std::{
    borrow::Cow,
    collections::{BTreeSet, VecDeque},
};

use model::{AgentId, Call, CallId, Caller, Choice, Control, Event, EventBody, QueueId, Role};

/// The most calls of one agent that are remembered as the agent's own; the oldest is forgotten first.
const MAX_OWN_CALLS: usize = 64;
/// Digits of a masked number that stay readable.
const CLEAR_DIGITS: usize = 2;

/// Whose eyes look at the centre.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// Administrators, supervisors and services.
    All,
    /// A user with the role agent, tied to this agent.
    Agent {
        agent: AgentId,
        queues: BTreeSet<QueueId>,
        /// Calls that are or were the agent's, the oldest first.
        calls: VecDeque<CallId>,
    },
    /// A user with the role agent who takes no calls.
    #[default]
    Nothing,
}

impl Viewer {
    /// The eyes of a role; an agent's own calls are learned from what passes by.
    pub(crate) fn new(role: Role, agent: Option<AgentId>, queues: BTreeSet<QueueId>) -> Self {
        match (role, agent) {
            (Role::Administrator | Role::Supervisor | Role::Service, _) => Self::All,
            (Role::Agent, Some(agent)) => Self::Agent {
                agent,
                queues,
                calls: VecDeque::new(),
            },
            (Role::Agent, None) => Self::Nothing,
        }
    }

    /// Takes note of whose call it is. Call it with each event, in order, before [`visible_to`].
    pub(crate) fn learn(&mut self, event: &Event) {
        let Self::Agent { agent: own, .. } = self else {
            return;
        };
        match &event.body {
            EventBody::CallOffered { call, agent, .. }
            | EventBody::CallPlaced { call, agent, .. }
            | EventBody::CallAnswered { call, agent, .. }
            | EventBody::CallRetrieved { call, agent, .. }
                if agent == own =>
            {
                self.owns(*call);
            }
            EventBody::AgentChanged { agent, status, .. } if agent == own => {
                if let Some(call) = status.call {
                    self.owns(call);
                }
            }
            _ => {}
        }
    }

    /// The call is (or was) this agent's.
    pub(crate) fn owns(&mut self, call: CallId) {
        if let Self::Agent { calls, .. } = self {
            if !calls.contains(&call) {
                calls.push_back(call);
            }
            if calls.len() > MAX_OWN_CALLS {
                calls.pop_front();
            }
        }
    }

    /// Takes over a newer view's role, agent and queues; the own calls stay known as long as the agent is the same.
    pub(crate) fn become_like(&mut self, mut newer: Self) {
        if let (
            Self::Agent { agent, calls, .. },
            Self::Agent {
                agent: same,
                calls: known,
                ..
            },
        ) = (&mut *self, &mut newer)
            && agent == same
        {
            for call in std::mem::take(calls).into_iter().rev() {
                if !known.contains(&call) {
                    known.push_front(call);
                }
            }
        }
        *self = newer;
    }

    /// Is it one of the queues the viewer may see?
    pub(crate) fn sees_queue(&self, queue: QueueId) -> bool {
        match self {
            Self::All => true,
            Self::Agent { queues, .. } => queues.contains(&queue),
            Self::Nothing => false,
        }
    }

    /// Is it an agent whose state the viewer may see?
    pub(crate) fn sees_agent(&self, agent: AgentId) -> bool {
        match self {
            Self::All => true,
            Self::Agent { agent: own, .. } => *own == agent,
            Self::Nothing => false,
        }
    }

    fn sees_call(&self, call: CallId) -> bool {
        match self {
            Self::All => true,
            Self::Agent { calls, .. } => calls.contains(&call),
            Self::Nothing => false,
        }
    }

    /// The call as this viewer may see it, if at all: whole when it is the viewer's own, masked when it is in one of
    /// the viewer's queues.
    pub(crate) fn call(&self, call: &Call) -> Option<Call> {
        let own = call.agent.is_some_and(|agent| self.sees_agent(agent));
        if own || self.sees_call(call.id) {
            return Some(call.clone());
        }
        let queue = call.queue?;
        self.sees_queue(queue).then(|| Call {
            caller: masked(&call.caller),
            // It may name others: whom the customer was given to.
            control: Control {
                parked: call.control.parked,
                ..Control::default()
            },
            ..call.clone()
        })
    }
}

/// The event as this viewer may see it, if at all.
pub(crate) fn visible_to<'e>(event: &'e Event, viewer: &Viewer) -> Option<Cow<'e, Event>> {
    let own = match viewer {
        // As long as all the rest of the call, and asked for by hand.
        _ if matches!(event.body, EventBody::CallTraced { .. }) => return None,
        Viewer::All => return Some(Cow::Borrowed(event)),
        Viewer::Nothing => return None,
        Viewer::Agent { agent, .. } => *agent,
    };
    let in_sight =
        |call: CallId, queue: QueueId| viewer.sees_call(call) || viewer.sees_queue(queue);
    let may = match &event.body {
        // The only event that carries the caller; whose call it becomes is not known yet, except on a replay.
        EventBody::CallArrived { call, .. } | EventBody::CallRouted { call, .. } => {
            viewer.sees_call(*call)
        }
        EventBody::CallQueued { call, queue, .. }
        | EventBody::CallOffered { call, queue, .. }
        | EventBody::OfferEnded { call, queue, .. }
        | EventBody::CallAnswered { call, queue, .. }
        | EventBody::CallParked { call, queue, .. }
        | EventBody::CallReturned { call, queue, .. }
        | EventBody::CallRetrieved { call, queue, .. } => in_sight(*call, *queue),
        EventBody::CallEnded {
            call, queue, agent, ..
        } => {
            viewer.sees_call(*call)
                || queue.is_some_and(|queue| viewer.sees_queue(queue))
                || *agent == Some(own)
        }
        EventBody::CallPlaced { agent, .. }
        | EventBody::AgentPickedUp { agent, .. }
        | EventBody::CustomerAnswered { agent, .. }
        | EventBody::CallControlled { agent, .. }
        | EventBody::AgentChanged { agent, .. } => *agent == own,
        // Who is listened to is not to know.
        EventBody::CallWatched { .. }
        | EventBody::CallTraced { .. }
        | EventBody::ServerLost { .. }
        | EventBody::ServerConnected { .. }
        | EventBody::ServerReplaced { .. } => false,
    };
    may.then(|| without_colleagues(event, own))
}

/// Why a colleague was chosen, or is waited for, is the colleague's and the supervisor's business.
fn without_colleagues(event: &Event, own: AgentId) -> Cow<'_, Event> {
    let mut seen = Cow::Borrowed(event);
    match &event.body {
        EventBody::CallOffered { agent, .. } => {
            let to_self = *agent == own;
            if let EventBody::CallOffered { choice, .. } = &mut seen.to_mut().body {
                if to_self {
                    choice.first.retain(|candidate| candidate.agent == own);
                } else {
                    *choice = Choice::default();
                }
            }
        }
        EventBody::CallQueued {
            kept_for: Some(kept),
            ..
        } if kept.agent != own => {
            if let EventBody::CallQueued { kept_for, .. } = &mut seen.to_mut().body {
                *kept_for = None;
            }
        }
        _ => {}
    }
    seen
}

/// A caller whose number is not for these eyes.
pub(crate) fn masked(caller: &Caller) -> Caller {
    let length = caller.number.chars().count();
    let hidden = length.saturating_sub(CLEAR_DIGITS);
    let number = caller
        .number
        .chars()
        .enumerate()
        .map(|(place, digit)| if place < hidden { '•' } else { digit })
        .collect();
    Caller {
        number: if length > 2 * CLEAR_DIGITS {
            number
        } else {
            "•".repeat(length)
        },
        e164: None,
        name: String::new(),
    }
}

#[cfg(test)]
#[path = "visible_tests.rs"]
mod tests;
