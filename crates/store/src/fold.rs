//! What a batch of events makes of the rows it touches. Pure: the journal loads the rows before and writes them after.
//!
//! Events are facts: nothing here refuses one. A text that is too long for its column is cut (the whole event is kept
//! beside it), an event about a call that was never seen changes no call.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    AgentId, AgentStatus, Call, CallId, CallState, Caller, Direction, Event, EventBody, OfferId,
    OfferResult, Parked, Placed, ServerId, Timestamp, visible,
};

use crate::agent_states::AgentInterval;
use crate::offers::Offer;

/// The lengths of the columns; see the migrations.
const MAX_CHANNEL: usize = 150;
const MAX_DIALLED: usize = 100;
const MAX_NUMBER: usize = 64;
const MAX_NAME: usize = 100;
const MAX_REASON: usize = 200;

/// The rows that events touch, as they stand after the events folded so far.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    pub(crate) calls: Rows<CallId, Call>,
    pub(crate) offers: Rows<OfferId, Offer>,
    pub(crate) statuses: Rows<AgentId, AgentStatus>,
    /// By the number of the event that began each.
    pub(crate) intervals: Rows<u64, AgentInterval>,
}

/// Rows by key, and which of them are to be written.
#[derive(Debug)]
pub(crate) struct Rows<K, V> {
    all: BTreeMap<K, V>,
    changed: BTreeSet<K>,
}

impl<K: Ord + Copy, V> Rows<K, V> {
    /// Takes a row as the database has it.
    pub(crate) fn load(&mut self, key: K, row: V) {
        self.all.insert(key, row);
    }

    /// The rows to write.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (&K, &V)> {
        self.changed
            .iter()
            .filter_map(|key| self.all.get_key_value(key))
    }

    fn set(&mut self, key: K, row: V) {
        self.all.insert(key, row);
        self.changed.insert(key);
    }

    fn change(&mut self, key: K) -> Option<&mut V> {
        let row = self.all.get_mut(&key)?;
        self.changed.insert(key);
        Some(row)
    }
}

impl<K, V> Default for Rows<K, V> {
    fn default() -> Self {
        Self {
            all: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }
}

impl Fold {
    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            EventBody::CallArrived { .. } => self.call_arrived(event),
            EventBody::CallPlaced { .. } => self.call_placed(event),
            EventBody::AgentPickedUp { call, .. } => self.agent_picked_up(*call),
            EventBody::CallRouted { call, trunk, .. } => {
                let placed = self.calls.change(*call).and_then(|it| it.placed.as_mut());
                if let Some(placed) = placed {
                    placed.trunk = Some(visible(trunk, MAX_NAME));
                }
            }
            EventBody::CustomerAnswered { call, .. } => self.customer_answered(*call, event),
            EventBody::CallQueued { .. } => self.call_queued(event),
            EventBody::CallOffered { .. } => self.call_offered(event),
            EventBody::OfferEnded { .. } => self.offer_ended(event),
            EventBody::CallAnswered { .. } => self.call_answered(event),
            EventBody::CallParked { .. } => self.call_parked(event),
            EventBody::CallReturned { call, .. } => self.call_returned(*call, event.at),
            EventBody::CallRetrieved { .. } => self.call_retrieved(event),
            EventBody::CallControlled { call, deed, .. } => {
                if let Some(call) = self.calls.change(*call) {
                    call.control.learn(event.at, deed);
                }
            }
            EventBody::CallEnded { .. } => self.call_ended(event),
            EventBody::AgentChanged { agent, status, .. } => {
                self.agent_changed(event.seq, *agent, status);
            }
            EventBody::CallWatched { .. }
            | EventBody::CallTraced { .. }
            | EventBody::ServerLost { .. }
            | EventBody::ServerConnected { .. }
            | EventBody::ServerReplaced { .. } => {}
        }
    }

    fn call_arrived(&mut self, event: &Event) {
        let EventBody::CallArrived {
            call: id,
            server,
            channel,
            caller,
            dialled,
        } = &event.body
        else {
            return;
        };
        if self.calls.all.contains_key(id) {
            return;
        }
        let call = new_call((*id, *server, channel, dialled), caller, event.at);
        self.calls.set(*id, call);
    }

    fn call_placed(&mut self, event: &Event) {
        let EventBody::CallPlaced {
            call: id,
            server,
            channel,
            agent,
            customer,
            dialled,
            placed,
        } = &event.body
        else {
            return;
        };
        if self.calls.all.contains_key(id) {
            return;
        }
        let placed = Placed {
            campaign: visible(&placed.campaign, MAX_NAME),
            caller_id: placed
                .caller_id
                .as_deref()
                .map(|text| visible(text, MAX_NUMBER)),
            reservation: placed.reservation,
            trunk: placed.trunk.as_deref().map(|text| visible(text, MAX_NAME)),
        };
        let call = Call {
            direction: Direction::Outbound,
            state: CallState::Ringing,
            agent: Some(*agent),
            placed: Some(placed),
            ..new_call((*id, *server, channel, dialled), customer, event.at)
        };
        self.calls.set(*id, call);
    }

    fn agent_picked_up(&mut self, call: CallId) {
        if let Some(call) = self.calls.change(call)
            && call.state == CallState::Ringing
        {
            call.state = CallState::Connecting;
        }
    }

    fn customer_answered(&mut self, call: CallId, event: &Event) {
        if let Some(call) = self.calls.change(call)
            && call.state != CallState::Ended
        {
            call.state = CallState::Talking;
            call.answered_at = Some(event.at);
        }
    }

    fn call_queued(&mut self, event: &Event) {
        if let EventBody::CallQueued {
            call,
            queue,
            priority,
            overflow_reason,
            ..
        } = &event.body
            && let Some(call) = self.calls.change(*call)
        {
            call.state = CallState::Waiting;
            call.queue = Some(*queue);
            call.priority = *priority;
            call.queued_at.get_or_insert(event.at);
            call.overflow_reason = overflow_reason.or(call.overflow_reason);
        }
    }

    fn call_offered(&mut self, event: &Event) {
        if let EventBody::CallOffered {
            call,
            queue,
            offer,
            agent,
            ..
        } = &event.body
        {
            let row = Offer {
                id: *offer,
                call: *call,
                queue: *queue,
                agent: *agent,
                made_at: event.at,
                ended_at: None,
                result: None,
                ring_ms: None,
            };
            self.offers.set(*offer, row);
            if let Some(call) = self.calls.change(*call)
                && call.state == CallState::Waiting
            {
                call.state = CallState::Ringing;
            }
        }
    }

    fn offer_ended(&mut self, event: &Event) {
        let EventBody::OfferEnded {
            call,
            offer,
            agent,
            result,
            ring_ms,
            ..
        } = &event.body
        else {
            return;
        };
        // The first end counts; only an answer may still fail.
        let alive = |offer: &Offer| matches!(offer.result, None | Some(OfferResult::Answered));
        if self.offers.all.get(offer).is_some_and(alive)
            && let Some(offer) = self.offers.change(*offer)
        {
            offer.ended_at = Some(event.at);
            offer.result = Some(*result);
            offer.ring_ms = Some(*ring_ms);
        }
        let rings = self.rings(*call);
        let Some(call) = self.calls.change(*call) else {
            return;
        };
        match (call.state, result) {
            (CallState::Waiting | CallState::Ringing, OfferResult::Answered) => {
                call.state = CallState::Connecting;
                call.agent = Some(*agent);
                call.offer = Some(*offer);
            }
            (CallState::Connecting, _) if call.offer == Some(*offer) => {
                if *result != OfferResult::Answered {
                    call.state = waiting_or_ringing(rings);
                    call.agent = None;
                    call.offer = None;
                }
            }
            (CallState::Waiting | CallState::Ringing, _) => call.state = waiting_or_ringing(rings),
            (
                CallState::Connecting | CallState::Talking | CallState::Parked | CallState::Ended,
                _,
            ) => {}
        }
    }

    fn call_answered(&mut self, event: &Event) {
        if let EventBody::CallAnswered {
            call,
            queue,
            offer,
            agent,
            wait_ms,
        } = &event.body
            && let Some(call) = self.calls.change(*call)
        {
            call.state = CallState::Talking;
            call.queue = Some(*queue);
            call.agent = Some(*agent);
            call.offer = Some(*offer);
            call.answered_at = Some(event.at);
            call.wait_ms = Some(*wait_ms);
        }
    }

    fn call_parked(&mut self, event: &Event) {
        if let EventBody::CallParked {
            call,
            agent,
            slot,
            until,
            ..
        } = &event.body
            && let Some(call) = self.calls.change(*call)
        {
            call.state = CallState::Parked;
            call.control.park(Parked {
                slot: *slot,
                by: *agent,
                since: event.at,
                until: *until,
            });
        }
    }

    fn call_returned(&mut self, call: CallId, at: Timestamp) {
        if let Some(call) = self.calls.change(call) {
            call.state = CallState::Waiting;
            call.control.unpark(at);
        }
    }

    fn call_retrieved(&mut self, event: &Event) {
        if let EventBody::CallRetrieved {
            call, offer, agent, ..
        } = &event.body
            && let Some(call) = self.calls.change(*call)
        {
            call.state = CallState::Talking;
            call.agent = Some(*agent);
            call.offer = Some(*offer);
            call.control.unpark(event.at);
        }
    }

    fn call_ended(&mut self, event: &Event) {
        if let EventBody::CallEnded {
            call,
            queue,
            agent,
            outcome,
            overflow_reason,
            ended_by,
            hangup_cause,
            wait_ms,
            talk_ms,
        } = &event.body
            && let Some(call) = self.calls.change(*call)
        {
            call.state = CallState::Ended;
            call.queue = queue.or(call.queue);
            call.agent = *agent;
            call.offer = call.offer.filter(|_| agent.is_some());
            call.ended_at = Some(event.at);
            call.outcome = Some(*outcome);
            call.overflow_reason = *overflow_reason;
            call.ended_by = Some(*ended_by);
            call.hangup_cause = *hangup_cause;
            call.wait_ms = wait_ms.or(call.wait_ms);
            call.talk_ms = *talk_ms;
            call.control.end(event.at);
        }
    }

    /// Keeps the status, and starts a new stretch of time unless only its outlook changed.
    fn agent_changed(&mut self, seq: u64, agent: AgentId, status: &AgentStatus) {
        let status = AgentStatus {
            reason: status
                .reason
                .as_deref()
                .map(|text| visible(text, MAX_REASON)),
            next_reason: status
                .next_reason
                .as_deref()
                .map(|text| visible(text, MAX_REASON)),
            ..status.clone()
        };
        let open = self
            .intervals
            .all
            .values()
            .rev()
            .find(|interval| interval.agent == agent && interval.ended_at.is_none())
            .map(|interval| interval.seq);
        if let Some(open) = open
            && let Some(open) = self.intervals.all.get(&open)
            && open.state == status.state
            && open.reason == status.reason
            && open.started_at == status.since
        {
            self.statuses.set(agent, status);
            return;
        }
        if let Some(open) = open.and_then(|open| self.intervals.change(open)) {
            open.ended_at = Some(status.since.max(open.started_at));
        }
        let interval = AgentInterval {
            seq,
            agent,
            state: status.state,
            reason: status.reason.clone(),
            started_at: status.since,
            ended_at: None,
            call: status.call,
        };
        self.intervals.set(seq, interval);
        self.statuses.set(agent, status);
    }

    /// Does a phone ring for this call?
    fn rings(&self, call: CallId) -> bool {
        self.offers
            .all
            .values()
            .any(|offer| offer.call == call && offer.ended_at.is_none())
    }
}

/// A call of which no more is known than who and whereto.
fn new_call(
    (id, server, channel, dialled): (CallId, ServerId, &str, &str),
    customer: &Caller,
    at: Timestamp,
) -> Call {
    Call {
        channel: visible(channel, MAX_CHANNEL),
        caller: Caller {
            number: visible(&customer.number, MAX_NUMBER),
            e164: customer
                .e164
                .as_deref()
                .map(|text| visible(text, MAX_NUMBER)),
            name: visible(&customer.name, MAX_NAME),
        },
        dialled: visible(dialled, MAX_DIALLED),
        ..Call::new(id, server, at)
    }
}

fn waiting_or_ringing(rings: bool) -> CallState {
    if rings {
        CallState::Ringing
    } else {
        CallState::Waiting
    }
}
