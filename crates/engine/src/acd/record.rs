//! What the engine remembers of each agent, queue and call.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use model::{
    Agent, AgentState, AgentStatus, Apart, Call, CallId, Instant, NoAgents, OfferId, Queue,
    QueueId, Timestamp,
};

use super::ranked::Ranked;
use super::table::Slot;

pub(super) type AgentSlot = Slot<AgentRecord>;
pub(super) type QueueSlot = Slot<QueueRecord>;
pub(super) type CallSlot = Slot<CallRecord>;

/// An agent's place in the order of choice of one queue: penalty, then two figures of the strategy.
pub(super) type Turn = (u8, u64, u64, AgentSlot);

/// A caller's place in line: priority, then the time of arrival in the first queue.
pub(super) type Place = (Reverse<i32>, Timestamp, CallId, CallSlot);

pub(super) struct AgentRecord {
    pub(super) agent: Agent,
    pub(super) status: AgentStatus,
    /// Since when ready for a call; an offer that ended without the agent's doing does not reset it.
    pub(super) idle_since: Timestamp,
    pub(super) memberships: Vec<Membership>,
    pub(super) offer: Option<Offer>,
    /// The call that the agent is on without an offer; never both.
    pub(super) engaged: Option<CallId>,
    /// Waiting calls that are kept for this agent.
    pub(super) kept: BTreeSet<Place>,
    /// The pending timer: end of ringing, of connecting, of wrap-up, of a pause.
    pub(super) deadline: Option<Instant>,
    /// Calls answered on one day, by zone number.
    pub(super) tallies: Vec<Tally>,
    /// In the `available` sets of the queues served.
    pub(super) listed: bool,
    /// Removed while busy: gone when the call is over.
    pub(super) removed: bool,
    /// `AgentRestored` has been given.
    pub(super) restored: bool,
}

impl AgentRecord {
    pub(super) fn membership(&self, queue: QueueSlot) -> Option<&Membership> {
        self.memberships.iter().find(|m| m.queue == queue)
    }

    /// May this agent be given calls of that membership's queue, state apart?
    pub(super) fn serves(&self, membership: &Membership) -> bool {
        self.agent.active && !membership.paused && membership.level.is_some()
    }

    pub(super) fn tally(&self, zone: usize, day: u32) -> u32 {
        match self.tallies.get(zone) {
            Some(tally) if tally.day == day => tally.calls,
            _ => 0,
        }
    }

    /// On a call, or about to be.
    pub(super) fn bound(&self) -> bool {
        self.offer.is_some() || self.engaged.is_some()
    }

    /// May the record stay at all?
    pub(super) fn employed(&self) -> bool {
        self.agent.active && !self.removed
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) day: u32,
    pub(super) calls: u32,
}

pub(super) struct Membership {
    pub(super) queue: QueueSlot,
    pub(super) penalty: u8,
    pub(super) paused: bool,
    /// The sum of the required skills' levels; `None`: one is missing or too low.
    pub(super) level: Option<u32>,
    /// The number of the queue's offer that this agent got last; 0 is never.
    pub(super) last_offered: u64,
    /// The place in the queue's `available`, when there.
    pub(super) turn: Option<Turn>,
}

/// An agent's one offer.
pub(super) struct Offer {
    pub(super) id: OfferId,
    pub(super) call: CallSlot,
    pub(super) queue: QueueSlot,
    /// Index in the call's `offers`.
    pub(super) place: usize,
    pub(super) phase: OfferPhase,
    /// Nothing: by the rules of the queue.
    pub(super) apart: Option<Apart>,
    pub(super) made: Instant,
    pub(super) answered: Option<Instant>,
    /// When the ringing, or the wait for the bridge, is given up.
    pub(super) until: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfferPhase {
    Ringing,
    /// The bridge is being built.
    Answered,
    Connected,
}

pub(super) struct QueueRecord {
    pub(super) queue: Queue,
    pub(super) removed: bool,
    /// Index of its time zone.
    pub(super) zone: usize,
    /// The day for which the turns of `least_calls` were counted.
    pub(super) day: u32,
    pub(super) members: BTreeSet<AgentSlot>,
    /// Members who could be given a call this instant, in the order of choice.
    pub(super) available: Ranked<Turn>,
    /// Everybody in line: waiting, ringing, or frozen with a lost server.
    pub(super) line: Ranked<Place>,
    /// Those in line whom any member may be offered.
    pub(super) unoffered: Ranked<Place>,
    /// Calls of `ring_all` that ring and may ring more phones.
    pub(super) joinable: BTreeSet<Place>,
    pub(super) ringing: u32,
    /// Being connected, or talking.
    pub(super) served: u32,
    /// In slots.
    pub(super) parked: u32,
    /// Members who may be given calls, by state.
    pub(super) able: [u32; AgentState::ALL.len()],
    /// Members who may not (paused, unskilled), by state.
    pub(super) barred: [u32; AgentState::ALL.len()],
    /// Offers made so far.
    pub(super) offers_made: u64,
}

impl QueueRecord {
    pub(super) fn new(queue: Queue, zone: usize) -> Self {
        Self {
            queue,
            removed: false,
            zone,
            day: 0,
            members: BTreeSet::new(),
            available: Ranked::default(),
            line: Ranked::default(),
            unoffered: Ranked::default(),
            joinable: BTreeSet::new(),
            ringing: 0,
            served: 0,
            parked: 0,
            able: [0; AgentState::ALL.len()],
            barred: [0; AgentState::ALL.len()],
            offers_made: 0,
        }
    }

    pub(super) fn open(&self) -> bool {
        self.queue.active && !self.removed
    }

    /// Does it take nobody in because nobody is there?
    pub(super) fn refuses_unstaffed(&self) -> bool {
        self.queue.no_agents != NoAgents::Wait && !self.staffed()
    }

    /// Is any member who may take calls logged in?
    pub(super) fn staffed(&self) -> bool {
        let offline = self.able[AgentState::Offline as usize];
        self.able.iter().sum::<u32>() > offline
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) agent: AgentSlot,
    pub(super) until: Timestamp,
}

pub(super) struct CallRecord {
    pub(super) call: Call,
    pub(super) queue: Option<QueueSlot>,
    pub(super) place: Option<Place>,
    /// When it entered the queue it is in.
    pub(super) entered: Timestamp,
    /// The pending timer: end of the longest wait, or of being kept.
    pub(super) deadline: Option<Instant>,
    /// For whom nobody else is offered it. Never of a frozen call; while it waits, its place is among the agent's `kept`.
    pub(super) kept: Option<Kept>,
    /// The agents with an offer of this call.
    pub(super) offers: Vec<AgentSlot>,
    /// The largest penalty among those a `ring_all` call rings.
    pub(super) ring_penalty: u8,
    /// Its server is lost: nothing is decided for it.
    pub(super) frozen: bool,
    /// Arrived while its server counted as lost, so it is alive whatever an older snapshot says.
    pub(super) fresh: bool,
    /// The caller's channel was answered by us.
    pub(super) answered: bool,
    /// Queues entered so far; none is entered twice.
    pub(super) visited: Vec<QueueId>,
}
