//! The centre as the stream tells it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use model::{
    Agent, AgentId, AgentState, CallId, Instant, KeptFor, Now, OfferId, Queue, QueueId, ServerId,
    Timestamp,
};

use super::Totals;

/// How many ended calls and offers are remembered to notice a second end.
const MEMORY: usize = 65_536;

/// A caller's place in line.
pub(super) type Place = (Reverse<i32>, Timestamp, CallId);

#[derive(Debug, Default)]
pub(super) struct Picture {
    pub(super) now: Now,
    pub(super) agents: BTreeMap<AgentId, Seat>,
    pub(super) queues: BTreeMap<QueueId, Line>,
    pub(super) calls: BTreeMap<CallId, Contact>,
    pub(super) offers: BTreeMap<OfferId, Bid>,
    pub(super) lost: BTreeSet<ServerId>,
    pub(super) over: Memory<CallId>,
    pub(super) spent: Memory<OfferId>,
    pub(super) totals: Totals,

    /// Agents whose calls may be restored after them: looked at when all are.
    pub(super) restored_agents: BTreeSet<AgentId>,

    // What the step at hand has touched.
    /// Calls whose caller is said to be gone.
    pub(super) gone: Vec<CallId>,
    pub(super) touched_queues: BTreeSet<QueueId>,
    pub(super) touched_agents: BTreeSet<AgentId>,
    /// Legs that were let go.
    pub(super) released: Vec<OfferId>,
    /// Offers published and not yet commanded.
    pub(super) announced: BTreeSet<OfferId>,
}

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) agent: Agent,
    pub(super) state: AgentState,
    pub(super) offer: Option<OfferId>,
    /// On a call without an offer.
    pub(super) engaged: Option<CallId>,
    pub(super) queues: BTreeMap<QueueId, Chair>,
    pub(super) removed: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Chair {
    pub(super) penalty: u8,
    pub(super) paused: bool,
}

#[derive(Debug)]
pub(super) struct Line {
    pub(super) queue: Queue,
    pub(super) removed: bool,
    pub(super) members: BTreeSet<AgentId>,
    pub(super) places: BTreeSet<Place>,
    pub(super) unoffered: BTreeSet<Place>,
}

#[derive(Debug)]
pub(super) struct Contact {
    pub(super) server: ServerId,
    pub(super) queue: Option<QueueId>,
    pub(super) place: Option<Place>,
    pub(super) entered: Timestamp,
    /// Until the first offer.
    pub(super) kept: Option<KeptFor>,
    pub(super) offers: BTreeSet<OfferId>,
    pub(super) answered_at: Option<Timestamp>,
    pub(super) talks: bool,
    /// Parked, whether or not somebody is fetching it.
    pub(super) in_slot: bool,
    pub(super) wait_ms: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Bid {
    pub(super) call: CallId,
    pub(super) agent: AgentId,
    pub(super) made: Instant,
    pub(super) talking: bool,
    /// Ring times are not known across a restart.
    pub(super) restored: bool,
}

impl Picture {
    /// May this agent be given this queue's calls, state apart?
    pub(super) fn serves(&self, agent: AgentId, queue: QueueId) -> Option<u8> {
        let seat = self.agents.get(&agent)?;
        let chair = seat.queues.get(&queue)?;
        let required = &self.queues.get(&queue)?.queue.required_skills;
        let skilled = required.iter().all(|requirement| {
            let level = seat.agent.skills.get(&requirement.skill);
            level.is_some_and(|level| *level >= requirement.min_level)
        });
        (seat.agent.active && !seat.removed && !chair.paused && skilled).then_some(chair.penalty)
    }

    /// The least penalty among those who could take a call of this queue right now.
    pub(super) fn least_penalty(&self, queue: QueueId) -> Option<u8> {
        let line = self.queues.get(&queue)?;
        let free = line
            .members
            .iter()
            .filter(|agent| self.agents[*agent].state == AgentState::Available);
        free.filter_map(|agent| self.serves(*agent, queue)).min()
    }

    pub(super) fn open(&self, queue: QueueId) -> bool {
        let line = self.queues.get(&queue);
        line.is_some_and(|line| line.queue.active && !line.removed)
    }

    pub(super) fn frozen(&self, call: CallId) -> bool {
        let contact = self.calls.get(&call);
        contact.is_some_and(|contact| self.lost.contains(&contact.server))
    }

    /// Who alone may be offered this call now.
    pub(super) fn kept(&self, call: CallId) -> Option<AgentId> {
        let kept = self.calls.get(&call)?.kept?;
        (self.now.utc < kept.until).then_some(kept.agent)
    }

    /// No call is kept for this agent any more.
    pub(super) fn let_go(&mut self, agent: AgentId) {
        for contact in self.calls.values_mut() {
            contact.kept = contact.kept.filter(|kept| kept.agent != agent);
        }
    }

    /// Is this call for any member of its queue now?
    pub(super) fn for_all(&self, call: CallId) -> bool {
        !self.frozen(call) && self.kept(call).is_none()
    }

    /// The first call that is kept for this agent and has no offer.
    pub(super) fn first_kept(&self, agent: AgentId) -> Option<CallId> {
        let kept = self.calls.iter().filter(|(id, contact)| {
            let waits = contact.offers.is_empty() && contact.place.is_some();
            waits && self.kept(**id) == Some(agent)
        });
        kept.min_by_key(|(_, contact)| contact.place)
            .map(|(id, _)| *id)
    }

    /// Takes a call out of its line.
    pub(super) fn unplace(&mut self, call: CallId) {
        let Some(contact) = self.calls.get_mut(&call) else {
            return;
        };
        if let (Some(place), Some(queue)) = (contact.place, contact.queue)
            && let Some(line) = self.queues.get_mut(&queue)
        {
            line.places.remove(&place);
            line.unoffered.remove(&place);
        }
    }

    /// Puts a call (back) into its line, to be offered.
    pub(super) fn place(&mut self, call: CallId) {
        let Some(contact) = self.calls.get(&call).filter(|one| !one.in_slot) else {
            return;
        };
        if let (Some(place), Some(queue)) = (contact.place, contact.queue)
            && let Some(line) = self.queues.get_mut(&queue)
        {
            line.places.insert(place);
            if contact.offers.is_empty() {
                line.unoffered.insert(place);
            }
            self.touched_queues.insert(queue);
        }
    }
}

/// The last few ids, oldest forgotten first.
#[derive(Debug)]
pub(super) struct Memory<T> {
    known: BTreeSet<T>,
    order: VecDeque<T>,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self {
            known: BTreeSet::new(),
            order: VecDeque::new(),
        }
    }
}

impl<T: Ord + Copy> Memory<T> {
    pub(super) fn insert(&mut self, id: T) {
        if self.known.insert(id) {
            self.order.push_back(id);
        }
        if self.order.len() > MEMORY
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    pub(super) fn contains(&self, id: &T) -> bool {
        self.known.contains(id)
    }
}
