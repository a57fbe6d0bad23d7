//! Agents' states: how they change, and what has to be kept in step with them.

use std::time::Duration;

use model::{AgentId, AgentState, AgentStatus, EventBody, Instant, OfferResult, Timestamp};

use super::record::{AgentSlot, Membership, OfferPhase, QueueRecord, QueueSlot, Turn};
use super::timer::Timer;
use super::{Acd, Command, MIN_PAUSE};
use model::Strategy;

impl Acd {
    /// The one way in which an agent's state changes: counted, published, timed.
    pub(super) fn set_status(&mut self, a: AgentSlot, status: AgentStatus, due: Option<Instant>) {
        let from = self.agents[a].status.state;
        if from != status.state {
            self.unlist(a);
            self.recount(a, from, status.state);
        }
        self.publish(EventBody::AgentChanged {
            agent: self.agents[a].agent.id,
            from,
            status: status.clone(),
        });
        let gone = matches!(status.state, AgentState::Break | AgentState::Offline);
        let record = &mut self.agents[a];
        record.status = status;
        self.timers.set(Timer::Agent(a), &mut record.deadline, due);
        if gone {
            self.let_all_go(a);
        }
    }

    pub(super) fn recount(&mut self, a: AgentSlot, from: AgentState, to: AgentState) {
        let record = &self.agents[a];
        for membership in &record.memberships {
            let queue = &mut self.queues[membership.queue];
            let able = record.serves(membership);
            let counts = if able {
                &mut queue.able
            } else {
                &mut queue.barred
            };
            counts[from as usize] -= 1;
            counts[to as usize] += 1;
            if to == AgentState::Offline && able && !queue.staffed() {
                self.emptied.push(membership.queue);
            }
        }
    }

    /// Puts an available agent where calls find him.
    pub(super) fn list(&mut self, a: AgentSlot) {
        for index in 0..self.agents[a].memberships.len() {
            let q = self.agents[a].memberships[index].queue;
            self.refresh_day(q);
            let record = &mut self.agents[a];
            let membership = &record.memberships[index];
            if !record.serves(membership) {
                continue;
            }
            let queue = &mut self.queues[q];
            let turn = turn_of(
                a,
                membership,
                queue,
                record.tally(queue.zone, queue.day),
                record.idle_since,
            );
            queue.available.insert(turn);
            record.memberships[index].turn = Some(turn);
            if !queue.unoffered.is_empty() {
                self.dirty.push(q);
            }
        }
        self.agents[a].listed = true;
    }

    pub(super) fn unlist(&mut self, a: AgentSlot) {
        let record = &mut self.agents[a];
        if !record.listed {
            return;
        }
        for membership in &mut record.memberships {
            if let Some(turn) = membership.turn.take() {
                self.queues[membership.queue].available.remove(&turn);
            }
        }
        record.listed = false;
    }

    /// After a midnight of the queue's zone its `least_calls` turns are stale: once a day they are counted anew.
    pub(super) fn refresh_day(&mut self, q: QueueSlot) {
        let queue = &mut self.queues[q];
        let today = self.zones[queue.zone].today(self.now.utc);
        if queue.day == today {
            return;
        }
        queue.day = today;
        if queue.queue.strategy == Strategy::LeastCalls {
            self.rebuild_turns(q);
        }
    }

    /// Recomputes every turn of a queue whose order of choice has changed.
    pub(super) fn rebuild_turns(&mut self, q: QueueSlot) {
        let queue = &mut self.queues[q];
        let turns: Vec<Turn> = queue.available.iter().collect();
        queue.available = super::ranked::Ranked::default();
        for (_, _, _, a) in turns {
            let record = &mut self.agents[a];
            let tally = record.tally(queue.zone, queue.day);
            let idle_since = record.idle_since;
            if let Some(membership) = record.memberships.iter_mut().find(|m| m.queue == q) {
                let turn = turn_of(a, membership, queue, tally, idle_since);
                membership.turn = Some(turn);
                queue.available.insert(turn);
            }
        }
    }

    /// Ready for the next call. `rested`: idle time begins now.
    pub(super) fn make_available(&mut self, a: AgentSlot, rested: bool) {
        if !self.agents[a].employed() {
            return self.send_home(a);
        }
        if rested {
            self.agents[a].idle_since = self.now.utc;
        }
        let status = AgentStatus::plain(AgentState::Available, self.now.utc);
        self.set_status(a, status, None);
        self.seekers.push(a);
    }

    pub(super) fn send_home(&mut self, a: AgentSlot) {
        if self.agents[a].status.state != AgentState::Offline {
            let status = AgentStatus::plain(AgentState::Offline, self.now.utc);
            self.set_status(a, status, None);
        }
        if self.agents[a].removed {
            self.leaving.push(a);
        }
    }

    /// No calls for a while, with the reason shown. `None`: until the agent asks.
    pub(super) fn pause(&mut self, a: AgentSlot, reason: &str, length: Option<Duration>) {
        if !self.agents[a].employed() {
            return self.send_home(a);
        }
        let length = length.map(|length| length.max(MIN_PAUSE));
        let status = AgentStatus {
            reason: Some(reason.to_owned()),
            until: length.map(|length| self.now.utc.after(length)),
            ..AgentStatus::plain(AgentState::NoAnswer, self.now.utc)
        };
        let due = length.map(|length| self.now.mono.after(length));
        self.set_status(a, status, due);
    }

    /// The agent is free of an offer that did not become a conversation, through no doing of his own.
    pub(super) fn relieve(&mut self, a: AgentSlot) {
        if !self.agents[a].employed() {
            return self.send_home(a);
        }
        let status = &self.agents[a].status;
        match status.next {
            Some(AgentState::Offline) => self.send_home(a),
            Some(next) => {
                let status = AgentStatus {
                    reason: status.next_reason.clone(),
                    ..AgentStatus::plain(next, self.now.utc)
                };
                self.set_status(a, status, None);
            }
            None => self.make_available(a, false),
        }
    }

    /// A conversation is over: offline if asked for, else wrap-up, else what was asked for, else available.
    pub(super) fn wrap_up(&mut self, a: AgentSlot, q: QueueSlot) {
        let record = &self.agents[a];
        let queue = &self.queues[q].queue;
        if !record.employed() || record.status.next == Some(AgentState::Offline) {
            return self.send_home(a);
        }
        if queue.wrap_up_seconds == 0 {
            return self.after_wrap_up(a);
        }
        let length = Duration::from_secs(queue.wrap_up_seconds.into());
        let status = AgentStatus {
            until: Some(self.now.utc.after(length)),
            call: record.status.call,
            next: record.status.next,
            next_reason: record.status.next_reason.clone(),
            ..AgentStatus::plain(AgentState::WrapUp, self.now.utc)
        };
        self.set_status(a, status, Some(self.now.mono.after(length)));
    }

    fn after_wrap_up(&mut self, a: AgentSlot) {
        if self.agents[a].status.next.is_some() {
            self.relieve(a);
        } else {
            self.make_available(a, true);
        }
    }

    /// An agent's deadline has come.
    pub(super) fn agent_due(&mut self, a: AgentSlot) {
        let record = &mut self.agents[a];
        self.timers.set(Timer::Agent(a), &mut record.deadline, None);
        match (record.status.state, &record.offer) {
            (AgentState::WrapUp, _) => self.after_wrap_up(a),
            (AgentState::NoAnswer, _) => self.make_available(a, true),
            (_, Some(offer)) => match offer.phase {
                OfferPhase::Ringing => self.ring_time_over(a),
                OfferPhase::Answered => self.bridge_failed(a, OfferResult::BridgeFailed),
                OfferPhase::Connected => {}
            },
            _ => {}
        }
    }

    pub(super) fn state_asked(&mut self, id: AgentId, state: AgentState, reason: Option<String>) {
        let Some(a) = self.agents.slot(id) else {
            return;
        };
        if !state.can_be_asked_for() {
            return;
        }
        let record = &self.agents[a];
        if !record.employed() && state != AgentState::Offline {
            return;
        }
        match record.status.state {
            AgentState::Busy => self.ask_for_later(a, state, reason),
            AgentState::Ringing => self.asked_while_ringing(a, state, reason),
            _ => self.take_state(a, state, reason),
        }
    }

    fn take_state(&mut self, a: AgentSlot, state: AgentState, reason: Option<String>) {
        let status = &self.agents[a].status;
        if status.state == state && (status.reason == reason || state != AgentState::Break) {
            return;
        }
        match state {
            AgentState::Available => self.make_available(a, true),
            AgentState::Offline => self.send_home(a),
            _ => {
                let status = AgentStatus {
                    reason,
                    ..AgentStatus::plain(state, self.now.utc)
                };
                self.set_status(a, status, None);
            }
        }
    }

    fn ask_for_later(&mut self, a: AgentSlot, state: AgentState, reason: Option<String>) {
        let record = &self.agents[a];
        let mut status = record.status.clone();
        (status.next, status.next_reason) = match state {
            AgentState::Available => (None, None),
            _ => (Some(state), reason),
        };
        if status != record.status {
            let due = record.deadline;
            self.set_status(a, status, due);
        }
    }

    fn asked_while_ringing(&mut self, a: AgentSlot, state: AgentState, reason: Option<String>) {
        let Some(offer) = &self.agents[a].offer else {
            return;
        };
        let frozen = self.calls[offer.call].frozen;
        if state == AgentState::Available && !frozen {
            return;
        }
        let (offer, call) = (offer.id, offer.call);
        let result = if state == AgentState::Available {
            OfferResult::ServerLost
        } else {
            OfferResult::AgentLeft
        };
        self.end_offer(a, result);
        self.take_state(a, state, reason);
        self.command(Command::Withdraw { offer });
        self.back_to_waiting(call);
    }
}

/// The agent's place in the queue's order of choice.
fn turn_of(
    a: AgentSlot,
    membership: &Membership,
    queue: &QueueRecord,
    calls_today: u32,
    idle_since: Timestamp,
) -> Turn {
    let idle = u64::try_from(idle_since.as_micros()).unwrap_or(0);
    let (first, second) = match queue.queue.strategy {
        Strategy::LongestIdle | Strategy::RingAll => (idle, 0),
        Strategy::RoundRobin => (membership.last_offered, 0),
        Strategy::LeastCalls => (calls_today.into(), idle),
        Strategy::Random => (0, 0),
        Strategy::Skills => (u64::from(u32::MAX - membership.level.unwrap_or(0)), idle),
    };
    (membership.penalty, first, second, a)
}
