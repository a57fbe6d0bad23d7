//! The centre as it is at one moment, for pages and wallboards.

use std::collections::{BTreeMap, BTreeSet};

use engine::acd::Acd;
use model::{Agent, AgentId, AgentState, AgentStatus, Call, Queue, QueueId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::today::{QueueToday, Today};

/// Everything, as of event number `seq` and `untold_events` more.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LiveView {
    pub seq: u64,
    /// Events that are in here but that the stream has yet to tell, because the disk refuses them.
    pub untold_events: u64,
    pub at: Timestamp,
    pub queues: Vec<QueueLive>,
    pub agents: Vec<AgentLive>,
    /// Calls that have not ended, oldest first.
    pub calls: Vec<Call>,
}

/// One queue.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QueueLive {
    pub queue: Queue,
    /// Callers in line of whom no phone rings.
    pub waiting: u32,
    /// Callers in line for whom a phone rings.
    pub ringing: u32,
    pub talking: u32,
    /// When the caller who has waited longest entered this queue.
    pub longest_wait_since: Option<Timestamp>,
    /// Members by state.
    pub agents: AgentsByState,
    pub today: QueueToday,
}

/// How many agents are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentsByState {
    pub offline: u32,
    pub available: u32,
    #[serde(rename = "break")]
    pub on_break: u32,
    pub ringing: u32,
    pub busy: u32,
    pub wrap_up: u32,
    pub no_answer: u32,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentLive {
    pub agent: Agent,
    /// The queues served.
    pub queues: Vec<QueueId>,
    pub status: AgentStatus,
}

impl AgentsByState {
    pub(super) fn add(&mut self, state: AgentState, count: u32) {
        *match state {
            AgentState::Offline => &mut self.offline,
            AgentState::Available => &mut self.available,
            AgentState::Break => &mut self.on_break,
            AgentState::Ringing => &mut self.ringing,
            AgentState::Busy => &mut self.busy,
            AgentState::WrapUp => &mut self.wrap_up,
            AgentState::NoAnswer => &mut self.no_answer,
        } += count;
    }
}

/// How far the stream has told what a view shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) seq: u64,
    pub(super) untold_events: u64,
}

impl LiveView {
    pub(super) fn of(
        acd: &Acd,
        today: &mut Today,
        told: Told,
        at: Timestamp,
        queues_of: &BTreeMap<AgentId, BTreeSet<QueueId>>,
    ) -> Self {
        let queues = acd
            .queues()
            .map(|queue| QueueLive::of(acd, queue, today.of(queue, at)));
        let agents = acd.agents().map(|view| AgentLive {
            agent: view.agent.clone(),
            queues: queues_of
                .get(&view.agent.id)
                .into_iter()
                .flatten()
                .copied()
                .collect(),
            status: view.status.clone(),
        });
        Self {
            seq: told.seq,
            untold_events: told.untold_events,
            at,
            queues: queues.collect(),
            agents: agents.collect(),
            calls: acd.calls().cloned().collect(),
        }
    }
}

impl QueueLive {
    fn of(acd: &Acd, queue: &Queue, today: QueueToday) -> Self {
        let mut live = Self {
            queue: queue.clone(),
            waiting: 0,
            ringing: 0,
            talking: 0,
            longest_wait_since: None,
            agents: AgentsByState::default(),
            today,
        };
        if let Some(stats) = acd.queue_stats(queue.id) {
            live.waiting = stats.waiting.saturating_sub(stats.ringing);
            live.ringing = stats.ringing;
            live.talking = stats.talking;
            live.longest_wait_since = stats.longest_wait_since;
            for state in AgentState::ALL {
                live.agents.add(state, stats.members[state as usize]);
            }
        }
        live
    }
}
