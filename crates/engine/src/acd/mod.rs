//! Automatic call distribution: waiting callers, available agents, and who gets whom.
//!
//! One [`Acd`] decides for all queues, agents and calls of a centre. Facts come in as [`Input`], decisions go out as
//! [`Command`]. It must never be able to offer one agent two calls, to lose a caller without a `CallEnded`, or to need a
//! lock: it is driven by one task, and what looks like a race elsewhere is here an order of inputs.
//!
//! The cost of an input does not depend on the number of agents or waiting callers, but for logarithms and for what it
//! causes: it never looks through them. Every choice is the first of a sorted set, kept as states change.
//!
//! Rules that are ours and not obvious:
//! - Required skills hold under every strategy; the strategy `skills` also orders by their levels.
//! - A pause after a missed, declined or unreachable offer is never shorter than [`MIN_PAUSE`], so that one agent who never
//!   answers is not rung in a circle.
//! - Asking for a break or for offline during a call takes effect after it: offline skips the wrap-up, a break follows it.
//! - Idle time counts from log-in, the end of a call (or its wrap-up), a break or a pause. An offer that ended without the agent's
//!   doing (caller gone, lost race, lost server) does not reset it.
//! - A call that an agent makes is the agent's like one from a queue; after it the agent is where the agent was before, without
//!   a wrap-up or a pause that was running.
//! - A call that answers one of ours is kept for the agent who made it, member of the queue or not: nobody else is offered it, and
//!   the agent no other call before it. Kept calls end to be kept with the first offer, after the time that the number called
//!   allows, when the agent goes on a break or offline, or with a lost connection or a restart of ours.
//! - A call enters each queue at most once; coming back to one ends it with the reason `loop`.
//! - The longest wait counts from the entry into the present queue, the place in line from the entry into the first.
//! - A member who is on a break is still there for the no-agents rule; a paused or unskilled one is not.
//! - A parked call stays the answered call that it is: no figure counts it twice, and whatever becomes of it, it was answered.
//! - Who asks for a call (picks it up, or fetches it from its slot) gets it before the queue's rules, in any state but on a call.
//! - While its server is lost a call is frozen: no offer, no overflow. Facts about it are still taken in.
//! - A caller missing after a reconnect has abandoned if in line, has failed if being connected (nobody knows whether they
//!   talked) or if Asterisk itself was restarted, and has been answered if talking.

mod agent;
mod apart;
mod choose;
mod command;
mod config;
mod connect;
mod end;
mod engaged;
mod entry;
mod explain;
mod gone;
mod input;
mod line;
mod offer;
mod park;
mod ranked;
mod record;
mod restore;
mod resync;
mod returned;
mod table;
#[cfg(test)]
mod tests;
mod timer;
mod view;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use model::{AgentId, CallId, Did, DidId, EventBody, Instant, Now, OfferId, QueueId, ServerId};
use rand::SeedableRng;
use rand::rngs::SmallRng;

pub use apart::NotGiven;
pub use command::Command;
pub use explain::{CallExplained, MemberExplained};
pub use input::{CallRestored, Input, OfferFailure, Returned, Snapshot};
pub use park::{LOOK_AGAIN, Parking};
pub use view::{AgentView, QueueStats};

use crate::zone::Zone;

use gone::Gone;
use record::{AgentRecord, AgentSlot, CallRecord, CallSlot, QueueRecord, QueueSlot};
use table::Table;
use timer::{Timer, Timers};

/// The shortest pause after an offer that led nowhere.
pub const MIN_PAUSE: Duration = Duration::from_secs(1);
/// How long after the end of ringing we wait for Asterisk to say so.
pub const RING_GRACE: Duration = Duration::from_secs(2);
/// How long a bridge may take before it counts as failed.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an agent rests whose bridge failed.
pub const BRIDGE_PAUSE: Duration = Duration::from_secs(5);
/// How many eligible agents a `Choice` names.
pub const FIRST_CANDIDATES: usize = 5;

/// The engine that distributes calls.
pub struct Acd {
    now: Now,
    chance: SmallRng,
    agents: Table<AgentId, AgentRecord>,
    queues: Table<QueueId, QueueRecord>,
    calls: Table<CallId, CallRecord>,
    offers: BTreeMap<OfferId, AgentSlot>,
    queue_names: BTreeMap<String, QueueId>,
    dids: BTreeMap<String, Vec<Did>>,
    did_numbers: BTreeMap<DidId, String>,
    default_queue: Option<QueueId>,
    lost: BTreeSet<ServerId>,
    zones: Vec<Zone>,
    timers: Timers,
    gone: Gone,
    commands: VecDeque<Command>,

    // What the input at hand has stirred up; empty between inputs.
    /// Agents who have become available.
    seekers: Vec<AgentSlot>,
    /// Queues in which a call may have become offerable.
    dirty: Vec<QueueSlot>,
    /// Queues whose last member has gone offline.
    emptied: Vec<QueueSlot>,
    /// Calls that were kept for an agent who was perhaps the last one there.
    let_go: Vec<CallSlot>,
    /// Queues and agents that are removed as soon as nothing refers to them.
    retiring: Vec<QueueSlot>,
    leaving: Vec<AgentSlot>,
    /// Agents restored with an offer that no restored call has (yet).
    dangling: Vec<AgentId>,
}

impl Acd {
    /// An engine for an empty centre. All its chance comes from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            now: Now::default(),
            chance: SmallRng::seed_from_u64(seed),
            agents: Table::new(),
            queues: Table::new(),
            calls: Table::new(),
            offers: BTreeMap::new(),
            queue_names: BTreeMap::new(),
            dids: BTreeMap::new(),
            did_numbers: BTreeMap::new(),
            default_queue: None,
            lost: BTreeSet::new(),
            zones: Vec::new(),
            timers: Timers::default(),
            gone: Gone::default(),
            commands: VecDeque::new(),
            seekers: Vec::new(),
            dirty: Vec::new(),
            emptied: Vec::new(),
            let_go: Vec::new(),
            retiring: Vec::new(),
            leaving: Vec::new(),
            dangling: Vec::new(),
        }
    }

    /// Takes in one thing that happened. What follows from it waits in [`next_command`](Self::next_command).
    pub fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        if !self.dangling.is_empty() && !is_setup(&input) {
            self.settle_dangling();
        }
        self.take_in(input);
        while let Some(timer) = self.timers.due(now.mono) {
            match timer {
                Timer::Call(call) => self.waited_out(call),
                Timer::Agent(agent) => self.agent_due(agent),
            }
        }
        self.settle();
    }

    /// The next thing to do, in order; `None` when all is said.
    pub fn next_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When to call [`handle`](Self::handle) with a [`Input::Tick`] if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn take_in(&mut self, input: Input) {
        match input {
            Input::QueueSet(queue) => self.queue_set(queue),
            Input::QueueRemoved(queue) => self.queue_removed(queue),
            Input::AgentSet(agent) => self.agent_set(agent),
            Input::AgentRemoved(agent) => self.agent_removed(agent),
            Input::MemberSet(member) => self.member_set(&member),
            Input::MemberRemoved(queue, agent) => self.member_removed(queue, agent),
            Input::DidSet(did) => self.did_set(did),
            Input::DidRemoved(did) => self.did_removed(did),
            Input::DefaultQueueSet(queue) => self.default_queue = queue,
            Input::CallArrived {
                call,
                server,
                channel,
                caller,
                dialled,
                argument,
                priority,
                returned,
            } => {
                let route = self.route(argument.as_deref(), &dialled, returned);
                self.call_arrived((call, server, channel, caller, dialled), route, priority);
            }
            Input::CallerHungUp { call, cause } => self.caller_hung_up(call, cause),
            Input::CallContinued { call } => self.call_continued(call),
            Input::CallHandedOver { call } => self.call_handed_over(call),
            Input::CallParked { call, parking } => self.call_parked(call, *parking),
            Input::CallWanted { call, agent, how } => self.call_wanted(call, agent, how),
            Input::OfferAnswered { offer } => self.offer_answered(offer),
            Input::OfferFailed { offer, why } => self.offer_failed(offer, why),
            Input::OfferDeclined { offer } => self.offer_declined(offer),
            Input::Connected { offer } => self.connected(offer),
            Input::ConnectFailed { offer } => self.connect_failed(offer),
            Input::AgentHungUp { offer, cause } => self.agent_hung_up(offer, cause),
            Input::StateAsked {
                agent,
                state,
                reason,
            } => self.state_asked(agent, state, reason),
            Input::HangUpAsked { call } => self.hang_up_asked(call),
            Input::AgentEngaged { agent, call } => self.agent_engaged(agent, call),
            Input::AgentDisengaged {
                agent,
                call,
                talked,
            } => self.agent_disengaged(agent, call, talked),
            Input::ServerLost { server } => self.server_lost(server),
            Input::ServerResynced { server, snapshot } => self.server_resynced(server, &snapshot),
            Input::CallRestored(restored) => self.call_restored(*restored),
            Input::TurnsRestored { queue, agents } => self.turns_restored(queue, &agents),
            Input::AgentRestored {
                agent,
                status,
                calls_today,
            } => self.agent_restored(agent, status, calls_today),
            Input::Tick => {}
        }
    }

    /// Matches calls and agents until nothing is left that could be.
    fn settle(&mut self) {
        loop {
            if let Some(queue) = self.emptied.pop() {
                self.overflow_unstaffed(queue);
            } else if let Some(call) = self.let_go.pop() {
                self.overflow_if_unstaffed(call);
            } else if self.seekers.is_empty() && self.dirty.is_empty() {
                break;
            } else {
                self.match_up();
            }
        }
        if !(self.retiring.is_empty() && self.leaving.is_empty()) {
            self.retire();
        }
    }

    fn publish(&mut self, body: EventBody) {
        self.commands.push_back(Command::Publish(body));
    }

    fn command(&mut self, command: Command) {
        self.commands.push_back(command);
    }
}

/// What may come before the world is complete again after a restart of ours.
pub(crate) fn is_setup(input: &Input) -> bool {
    matches!(
        input,
        Input::QueueSet(_)
            | Input::AgentSet(_)
            | Input::MemberSet(_)
            | Input::DidSet(_)
            | Input::DefaultQueueSet(_)
            | Input::CallRestored(_)
            | Input::TurnsRestored { .. }
            | Input::AgentRestored { .. }
            | Input::AgentEngaged { .. }
    )
}
