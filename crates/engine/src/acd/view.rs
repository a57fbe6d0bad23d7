//! What the engine shows: borrowed where it can be, counted where it was counted anyway.

use std::cmp::Reverse;

use model::{
    Agent, AgentId, AgentState, AgentStatus, Call, CallId, Queue, QueueId, ServerId, Timestamp,
};

use super::Acd;
use super::record::{AgentRecord, QueueRecord};

/// An agent as the engine sees it.
#[derive(Debug, Clone, Copy)]
pub struct AgentView<'a> {
    pub agent: &'a Agent,
    pub status: &'a AgentStatus,
    pub idle_since: Timestamp,
    /// Calls answered today, by the time zone of the first queue served.
    pub calls_today: u32,
}

/// A queue's figures of this instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueStats {
    /// Callers in line, those included for whom a phone rings.
    pub waiting: u32,
    /// When the caller who has waited longest entered the line.
    pub longest_wait_since: Option<Timestamp>,
    /// Callers in line for whom a phone rings.
    pub ringing: u32,
    /// Callers being connected or talking.
    pub talking: u32,
    /// Members by state, indexed by `AgentState as usize`, paused and unskilled ones included.
    pub members: [u32; AgentState::ALL.len()],
    /// Members who could be given a call this instant.
    pub available: u32,
}

impl Acd {
    pub fn agents(&self) -> impl Iterator<Item = AgentView<'_>> {
        self.agents.iter().map(|record| self.agent_view(record))
    }

    pub fn agent(&self, id: AgentId) -> Option<AgentView<'_>> {
        self.agents.get(id).map(|record| self.agent_view(record))
    }

    fn agent_view<'a>(&'a self, record: &'a AgentRecord) -> AgentView<'a> {
        let zone = record
            .memberships
            .first()
            .map(|membership| self.queues[membership.queue].zone);
        let calls_today = zone.map_or(0, |zone| {
            record.tally(zone, self.zones[zone].day_at(self.now.utc))
        });
        AgentView {
            agent: &record.agent,
            status: &record.status,
            idle_since: record.idle_since,
            calls_today,
        }
    }

    /// Calls that have not ended, oldest id first.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().map(|record| &record.call)
    }

    pub fn call(&self, id: CallId) -> Option<&Call> {
        self.calls.get(id).map(|record| &record.call)
    }

    pub fn open_calls(&self) -> usize {
        self.calls.len()
    }

    /// When a call entered the queue it is in.
    pub fn entered_at(&self, id: CallId) -> Option<Timestamp> {
        let record = self.calls.get(id)?;
        record.queue.map(|_| record.entered)
    }

    /// Which call and agent an open offer binds.
    pub fn offer(&self, id: model::OfferId) -> Option<(CallId, AgentId)> {
        let record = &self.agents[*self.offers.get(&id)?];
        let offer = record.offer.as_ref()?;
        Some((self.calls[offer.call].call.id, record.agent.id))
    }

    /// Open offers: offer, call, agent.
    pub fn offers(&self) -> impl Iterator<Item = (model::OfferId, CallId, AgentId)> {
        self.offers.keys().filter_map(|id| {
            let (call, agent) = self.offer(*id)?;
            Some((*id, call, agent))
        })
    }

    pub fn queues(&self) -> impl Iterator<Item = &Queue> {
        let live = self.queues.iter().filter(|record| !record.removed);
        live.map(|record| &record.queue)
    }

    pub fn queue(&self, id: QueueId) -> Option<&Queue> {
        let record = self.queues.get(id).filter(|record| !record.removed)?;
        Some(&record.queue)
    }

    pub fn queue_stats(&self, id: QueueId) -> Option<QueueStats> {
        let record = self.queues.get(id)?;
        let mut members = record.able;
        for (all, barred) in members.iter_mut().zip(record.barred) {
            *all += barred;
        }
        Some(QueueStats {
            waiting: u32::try_from(record.line.len()).unwrap_or(u32::MAX),
            longest_wait_since: oldest(record),
            ringing: record.ringing,
            talking: record.served,
            members,
            available: u32::try_from(record.available.len()).unwrap_or(u32::MAX),
        })
    }

    /// Is the server believed lost?
    pub fn is_lost(&self, server: ServerId) -> bool {
        self.lost.contains(&server)
    }

    /// Pending deadlines; never more than open calls and agents together.
    pub fn pending_timers(&self) -> usize {
        self.timers.len()
    }
}

/// The first of each priority is its oldest.
fn oldest(record: &QueueRecord) -> Option<Timestamp> {
    let mut oldest: Option<Timestamp> = None;
    let mut next = record.line.first();
    while let Some((Reverse(priority), since, _, slot)) = next {
        oldest = Some(oldest.map_or(since, |oldest| oldest.min(since)));
        let below = priority.checked_sub(1)?;
        let least = (
            Reverse(below),
            Timestamp::from_micros(i64::MIN),
            CallId(uuid::Uuid::nil()),
            slot,
        );
        next = record.line.at_or_after(&least);
    }
    oldest
}
