//! What must hold whatever happens, checked from outside: only inputs and commands are looked at.
//!
//! A [`Checker`] keeps its own picture of the centre from the stream, compares each command with it and reports every
//! [`Violation`]. The simulation runs it after every step, a production system may run it beside the engine. It must
//! never ask the engine how things stand, except in [`Checker::compare`], which does only that.
//!
//! It is thorough rather than quick: an offer is checked against every member of its queue.

mod facts;
mod inputs;
mod offers;
mod parked;
mod picture;
mod settle;
#[cfg(test)]
mod tests;

use model::{EventBody, Now};

use crate::acd::{Command, Input, is_setup};
use picture::Picture;

/// What was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A call arrives once.
    ArrivedOnce,
    /// A call has one outcome, and nothing is said about it afterwards.
    EndedOnce,
    /// Every call that arrived is open or has ended; a caller who is gone is not kept.
    NobodyLost,
    /// One call per agent.
    OneCallPerAgent,
    /// One ringing agent per call, except where all are rung.
    OneOfferPerCall,
    /// Only available agents are rung.
    OnlyAvailable,
    /// Only members who may serve the queue are rung.
    OnlyMembers,
    /// A higher penalty only when no lower one is available; the ledger's first is the chosen one.
    BestFirst,
    /// Callers are offered by the priority of their queue, then their own, then their arrival.
    InTurn,
    /// Nobody waits while an agent is free who may take the call.
    NobodyIdle,
    /// Every offer ends, and ends once.
    OfferEndsOnce,
    /// No phone rings longer than the queue and the longest wait allow.
    RingTime,
    /// Nothing is decided for calls of a lost server.
    FrozenWithServer,
    /// An agent's published states follow each other and fit the offers.
    AgentInStep,
    /// Waits, talks, rings and positions are what the clock and the line say.
    TrueFigures,
    /// Commands concern what is there: connect open offers, withdraw ended ones.
    CommandInPlace,
    /// The engine's views say what it has published.
    ViewsInStep,
}

/// One breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub rule: Rule,
    pub detail: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.detail)
    }
}

/// Watches one engine.
#[derive(Debug, Default)]
pub struct Checker {
    picture: Picture,
    found: Vec<Violation>,
}

impl Checker {
    /// To be told before the engine handles it.
    pub fn input(&mut self, now: Now, input: &Input) {
        self.picture.now = now;
        if !is_setup(input) {
            let restored = std::mem::take(&mut self.picture.restored_agents);
            self.picture.touched_agents.extend(restored);
        }
        self.take_in(input);
    }

    /// To be told of every command, in order.
    pub fn command(&mut self, command: &Command) {
        match command {
            Command::Publish(body) => self.fact(body),
            other => self.order(other),
        }
    }

    /// To be called when the engine has no more commands.
    pub fn settled(&mut self) -> Vec<Violation> {
        self.settle();
        std::mem::take(&mut self.found)
    }

    /// Facts so far: calls arrived, and ended by outcome.
    pub fn totals(&self) -> Totals {
        self.picture.totals
    }

    fn breach(&mut self, rule: Rule, detail: impl Into<String>) {
        let detail = detail.into();
        self.found.push(Violation { rule, detail });
    }

    fn must(&mut self, holds: bool, rule: Rule, detail: impl FnOnce() -> String) {
        if !holds {
            self.breach(rule, detail());
        }
    }

    fn fact(&mut self, body: &EventBody) {
        match body {
            EventBody::CallArrived { call, server, .. } => self.call_arrived(*call, *server),
            EventBody::CallQueued { .. } => self.call_queued(body),
            EventBody::CallOffered { .. } => self.call_offered(body),
            EventBody::OfferEnded { .. } => self.offer_ended(body),
            EventBody::CallAnswered { .. } => self.call_answered(body),
            EventBody::CallParked { call, .. } => self.call_parked(*call),
            EventBody::CallReturned { call, .. } => self.call_returned(*call),
            EventBody::CallRetrieved {
                call, offer, agent, ..
            } => self.call_retrieved(*call, *offer, *agent),
            EventBody::CallEnded { .. } => self.call_ended(body),
            EventBody::AgentChanged {
                agent,
                from,
                status,
            } => self.agent_changed(*agent, *from, status),
            EventBody::CallPlaced { .. }
            | EventBody::AgentPickedUp { .. }
            | EventBody::CustomerAnswered { .. }
            | EventBody::CallControlled { .. }
            | EventBody::CallWatched { .. }
            | EventBody::CallTraced { .. }
            | EventBody::ServerLost { .. }
            | EventBody::ServerConnected { .. }
            | EventBody::CallRouted { .. }
            | EventBody::ServerReplaced { .. } => {}
        }
    }
}

/// N = A + B + R + waiting, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub arrived: u64,
    pub answered: u64,
    pub abandoned: u64,
    /// Overflowed, rejected, unrouted or failed.
    pub refused: u64,
    pub offers: u64,
}

impl Totals {
    pub fn ended(&self) -> u64 {
        self.answered + self.abandoned + self.refused
    }
}
