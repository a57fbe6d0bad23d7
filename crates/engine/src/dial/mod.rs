//! Calls that we place: the agent's phone first, then the customer's, then both in one bridge.
//!
//! One [`Dialler`] drives all of them. It must never let a number of ours stay reserved, an agent stay bound or a leg stay up
//! once a call has ended, in whatever order things happen. What it decides about agents and numbers goes out as a
//! [`Command`]: the queue engine and the allocator are not known here.
//!
//! Rules that are ours and not obvious:
//! - The caller ID is chosen before any phone rings, so no agent is rung only to hear that there is none. A call that is
//!   refused one was never placed, and its agent never bound.
//! - The customer is called when the agent has answered, and never once more: a leg that nobody knows anything of after a
//!   restart ends the call.
//! - A call has an outcome as soon as either side is gone; the other leg is let go then, not when its own end is told.
//! - While its server is lost nothing times out; what became of the legs is known when it is found again.

mod command;
mod ending;
mod input;
mod resync;
#[cfg(test)]
mod tests;
mod way;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use model::{
    Call, CallId, CallState, Direction, E164, EndedBy, EventBody, Instant, Now, Outcome, Placed,
    ServerId,
};

pub use command::{Command, WhyNot};
pub use ending::MAX_ENDED;
use ending::{Ended, Ending};
pub use input::{Input, Leg, Order};
use way::Routing;
pub use way::{MAX_TRIES, WAY_PATIENCE};

/// How long the choice of a caller ID may take.
pub const ASK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the agent's phone rings.
pub const AGENT_RING: Duration = Duration::from_secs(30);
/// How long the customer's phone rings.
pub const CUSTOMER_RING: Duration = Duration::from_mins(1);
/// How long after the end of ringing we wait for Asterisk to say so.
pub const RING_GRACE: Duration = Duration::from_secs(2);
/// How long a bridge may take before it counts as failed.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Calls that may be open at a time.
pub const MAX_OPEN: usize = 10_000;

/// The Q.850 cause of a phone that was rung in vain.
const NO_ANSWER: u16 = 19;

/// The engine that places calls.
#[derive(Default)]
pub struct Dialler {
    now: Now,
    dials: BTreeMap<CallId, Dial>,
    ended: Ended,
    lost: BTreeSet<ServerId>,
    timers: BTreeSet<(Instant, CallId)>,
    commands: VecDeque<Command>,
}

/// One call that has not ended.
struct Dial {
    call: Call,
    step: Step,
    /// What the agent's phone is reached by. Unknown after a restart, when it has been rung already.
    extension: String,
    to: Option<E164>,
    routing: Routing,
    agent_leg: LegState,
    customer_leg: LegState,
    /// When the present step has taken too long.
    until: Option<Instant>,
    /// The same while it counts.
    deadline: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// For a caller ID.
    Asking,
    RingingAgent,
    /// The agent has answered; a way to the customer is to be found.
    Routing,
    CallingCustomer,
    /// Both have answered; the bridge is being built.
    Connecting,
    Talking,
}

impl Step {
    /// How long it may take.
    fn limit(self) -> Option<Duration> {
        match self {
            Self::Asking => Some(ASK_TIMEOUT),
            Self::RingingAgent => Some(AGENT_RING + RING_GRACE),
            Self::Routing => Some(WAY_PATIENCE),
            Self::CallingCustomer => Some(CUSTOMER_RING + RING_GRACE),
            Self::Connecting => Some(CONNECT_TIMEOUT),
            Self::Talking => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LegState {
    None,
    /// Asterisk has been asked for it.
    Asked,
    /// Asterisk has told of it.
    Seen,
    Gone,
}

impl Dialler {
    /// Takes in one thing that happened. What follows from it waits in [`next_command`](Self::next_command).
    pub fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        self.take_in(input);
        while let Some(&(at, call)) = self.timers.first()
            && at <= now.mono
        {
            self.timed_out(call);
        }
    }

    /// The next thing to do, in order; `None` when all is said.
    pub fn next_command(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When to call [`handle`](Self::handle) with an [`Input::Tick`] if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Calls that were placed and have not ended.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let placed = self.dials.values().filter(|dial| dial.step > Step::Asking);
        placed.map(|dial| &dial.call)
    }

    /// Calls that have not ended, with those that wait for a caller ID.
    pub fn open(&self) -> usize {
        self.dials.len()
    }

    /// The phone that was, or will be, rung for a call.
    pub fn extension(&self, call: CallId) -> Option<&str> {
        self.dials.get(&call).map(|dial| dial.extension.as_str())
    }

    /// A call that is open or ended lately, and whether it was placed yet.
    pub fn find(&self, call: CallId) -> Option<(&Call, bool)> {
        if let Some(dial) = self.dials.get(&call) {
            return Some((&dial.call, dial.step > Step::Asking));
        }
        self.ended.get(call).map(|call| (call, true))
    }

    pub fn is_open(&self, call: CallId) -> bool {
        self.dials.contains_key(&call)
    }

    fn take_in(&mut self, input: Input) {
        match input {
            Input::Asked(order) => self.asked(*order),
            Input::CallerIdGiven {
                call,
                caller_id,
                reservation,
            } => self.caller_id_given(call, caller_id, reservation),
            Input::CallerIdRefused { call } => self.give_up_asking(call, WhyNot::Refused),
            Input::WayGiven { call, way } => self.way_given(call, way),
            Input::NoWay { call, retry_at } => self.no_way(call, retry_at),
            Input::LegRings { call, leg, server } => self.leg_rings(call, leg, server),
            Input::CustomerRings { call } => self.customer_rings(call),
            Input::LegAnswered { call, leg, server } => self.leg_answered(call, leg, server),
            Input::LegEnded { call, leg, cause } => self.leg_ended(call, leg, cause),
            Input::LegRefused { call, leg, cause } => self.leg_refused(call, leg, cause),
            Input::LegUnsure { call, leg } => self.leg_unsure(call, leg),
            Input::Connected { call } => self.connected(call),
            Input::ConnectFailed { call } => self.connect_failed(call),
            Input::HangUpAsked { call } => self.hang_up_asked(call),
            Input::HandedOver { call } => self.handed_over(call),
            Input::ServerLost { server } => self.server_lost(server),
            Input::ServerResynced {
                server,
                legs,
                bridges,
            } => self.server_resynced(server, &legs, &bridges),
            Input::Restored(call) => self.restored(*call),
            Input::Tick => {}
        }
    }

    fn asked(&mut self, order: Order) {
        let id = order.call;
        if self.find(id).is_some() || self.dials.len() >= MAX_OPEN {
            return;
        }
        let question = Command::AskCallerId {
            call: id,
            to: order.to,
            campaign: order.campaign.clone(),
            extension: order.extension.clone(),
        };
        let dial = Dial {
            step: Step::Asking,
            extension: order.extension.clone(),
            to: Some(order.to),
            routing: Routing::default(),
            agent_leg: LegState::None,
            customer_leg: LegState::None,
            until: None,
            deadline: None,
            call: new_call(order, self.now),
        };
        self.dials.insert(id, dial);
        self.begin(id, Step::Asking);
        self.commands.push_back(question);
    }

    fn caller_id_given(
        &mut self,
        id: CallId,
        caller_id: Option<String>,
        reservation: Option<model::ReservationId>,
    ) {
        let dial = self.dials.get_mut(&id);
        let Some(dial) = dial.filter(|dial| dial.step == Step::Asking) else {
            return self.release_unused(reservation);
        };
        dial.agent_leg = LegState::Asked;
        let call = &mut dial.call;
        let placed = Placed {
            caller_id,
            reservation,
            ..call.placed.clone().unwrap_or_default()
        };
        call.placed = Some(placed.clone());
        call.arrived_at = self.now.utc;
        let Some(agent) = call.agent else { return };
        let placed = EventBody::CallPlaced {
            call: id,
            server: call.server,
            channel: call.channel.clone(),
            agent,
            customer: call.caller.clone(),
            dialled: call.dialled.clone(),
            placed,
        };
        let ring = Command::RingAgent {
            call: id,
            server: call.server,
            extension: dial.extension.clone(),
            customer: call.caller.clone(),
            timeout: AGENT_RING,
        };
        self.begin(id, Step::RingingAgent);
        self.commands.push_back(Command::Publish(placed));
        self.commands.push_back(Command::Engage { agent, call: id });
        self.commands.push_back(ring);
    }

    fn leg_rings(&mut self, id: CallId, leg: Leg, server: ServerId) {
        match self.dials.get_mut(&id) {
            Some(dial) => dial.seen(leg),
            None => self.hang_up(id, server, leg),
        }
    }

    fn leg_answered(&mut self, id: CallId, leg: Leg, server: ServerId) {
        let Some(dial) = self.dials.get_mut(&id) else {
            return self.hang_up(id, server, leg);
        };
        dial.seen(leg);
        match (dial.step, leg) {
            (Step::RingingAgent, Leg::Agent) => self.call_customer(id),
            (Step::CallingCustomer, Leg::Customer) => self.connect(id),
            _ => {}
        }
    }

    fn call_customer(&mut self, id: CallId) {
        let Some(dial) = self.dials.get_mut(&id) else {
            return;
        };
        let (Some(agent), Some(_)) = (dial.call.agent, dial.to) else {
            return self.end(id, Ending::by(Outcome::NotReached, EndedBy::System));
        };
        dial.call.state = CallState::Connecting;
        let picked_up = EventBody::AgentPickedUp { call: id, agent };
        self.commands.push_back(Command::Publish(picked_up));
        self.ask_way(id);
    }

    fn connect(&mut self, id: CallId) {
        let Some(dial) = self.dials.get(&id) else {
            return;
        };
        let server = dial.call.server;
        self.begin(id, Step::Connecting);
        self.commands
            .push_back(Command::Connect { call: id, server });
    }

    fn connected(&mut self, id: CallId) {
        let dial = self.dials.get_mut(&id);
        let Some(dial) = dial.filter(|dial| dial.step == Step::Connecting) else {
            return;
        };
        dial.call.state = CallState::Talking;
        dial.call.answered_at = Some(self.now.utc);
        if let Some(agent) = dial.call.agent {
            let answered = EventBody::CustomerAnswered { call: id, agent };
            self.commands.push_back(Command::Publish(answered));
        }
        self.begin(id, Step::Talking);
    }

    fn connect_failed(&mut self, id: CallId) {
        let dial = self.dials.get(&id);
        // Those who talk have a bridge, whatever became of another attempt to build it.
        if dial.is_some_and(|dial| dial.step == Step::Connecting) {
            self.end(id, Ending::by(Outcome::NotReached, EndedBy::System));
        }
    }

    fn timed_out(&mut self, id: CallId) {
        let Some(dial) = self.dials.get(&id) else {
            return;
        };
        let ended_by = match (dial.step, dial.agent_leg, dial.customer_leg) {
            (Step::Asking, ..) => return self.give_up_asking(id, WhyNot::NoAnswer),
            (Step::Routing, ..) => return self.way_again(id),
            (Step::RingingAgent, LegState::Seen, _) => EndedBy::Agent,
            (Step::CallingCustomer, _, LegState::Seen) => EndedBy::Caller,
            // Of a phone that nobody has seen ringing, nobody can say that it was not answered.
            _ => EndedBy::System,
        };
        let ending = Ending {
            cause: (ended_by != EndedBy::System).then_some(NO_ANSWER),
            ..Ending::by(Outcome::NotReached, ended_by)
        };
        self.end(id, ending);
    }

    /// The call is one step further, for as long as this step may take.
    fn begin(&mut self, id: CallId, step: Step) {
        if let Some(dial) = self.dials.get_mut(&id) {
            dial.step = step;
            dial.until = step.limit().map(|limit| self.now.mono.after(limit));
        }
        self.arm(id);
    }

    /// Sets the deadline of the present step; there is none while its server is lost.
    fn arm(&mut self, id: CallId) {
        let Some(dial) = self.dials.get_mut(&id) else {
            return;
        };
        let lost = dial.step > Step::Asking && self.lost.contains(&dial.call.server);
        let due = dial.until.filter(|_| !lost);
        if let Some(before) = std::mem::replace(&mut dial.deadline, due) {
            self.timers.remove(&(before, id));
        }
        self.timers.extend(due.map(|due| (due, id)));
    }

    fn hang_up(&mut self, call: CallId, server: ServerId, leg: Leg) {
        self.commands
            .push_back(Command::HangUp { call, server, leg });
    }
}

impl Dial {
    /// Asterisk has told of a leg that we asked for.
    fn seen(&mut self, leg: Leg) {
        let state = self.leg(leg);
        if *state == LegState::Asked {
            *state = LegState::Seen;
        }
    }

    fn leg(&mut self, leg: Leg) -> &mut LegState {
        match leg {
            Leg::Agent => &mut self.agent_leg,
            Leg::Customer => &mut self.customer_leg,
        }
    }
}

fn new_call(order: Order, now: Now) -> Call {
    Call {
        channel: order.channel,
        direction: Direction::Outbound,
        caller: order.customer,
        dialled: order.to.digits().to_string(),
        state: CallState::Ringing,
        agent: Some(order.agent),
        placed: Some(Placed {
            campaign: order.campaign,
            ..Placed::default()
        }),
        ..Call::new(order.call, order.server, now.utc)
    }
}
