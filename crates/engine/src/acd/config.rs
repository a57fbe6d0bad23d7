//! What the centre is made of, changing while calls run.
//!
//! Nobody is cut off by a change of settings: a conversation goes on, a ringing phone is let go, a waiting call goes
//! by the rules of the queue it is in.

use model::{
    Agent, AgentId, AgentState, Did, DidId, Member, OfferResult, OverflowReason, Queue, QueueId,
    SkillRequirement, Strategy,
};

use crate::zone::Zone;

use super::record::{AgentRecord, AgentSlot, Membership, OfferPhase, QueueRecord, QueueSlot};
use super::{Acd, Command};

impl Acd {
    pub(super) fn queue_set(&mut self, queue: Queue) {
        let zone = self.zone(&queue.time_zone);
        let id = queue.id;
        let Some(q) = self.queues.slot(id) else {
            self.queue_names.insert(queue.name.clone(), id);
            self.queues.insert(id, QueueRecord::new(queue, zone));
            return;
        };
        self.forget_queue_name(q);
        self.queue_names.insert(queue.name.clone(), id);
        let record = &mut self.queues[q];
        record.removed = false;
        record.zone = zone;
        record.day = self.zones[zone].today(self.now.utc);
        let before = std::mem::replace(&mut record.queue, queue);
        if record.queue.strategy != Strategy::RingAll {
            record.joinable.clear();
        }
        let now = &record.queue;
        let skills_changed = before.required_skills != now.required_skills;
        let wait_changed = before.max_wait_seconds != now.max_wait_seconds;
        if skills_changed {
            let members: Vec<AgentSlot> = record.members.iter().copied().collect();
            for a in members {
                self.refit(a, |_| {});
            }
        }
        self.rebuild_turns(q);
        if wait_changed {
            let line: Vec<_> = self.queues[q].line.iter().map(|place| place.3).collect();
            for c in line {
                self.arm(c);
            }
        }
        if self.queues[q].open() {
            self.dirty.push(q);
            if !self.queues[q].staffed() {
                self.emptied.push(q);
            }
        } else {
            self.overflow_all(q, OverflowReason::QueueRemoved);
        }
    }

    pub(super) fn queue_removed(&mut self, id: QueueId) {
        let Some(q) = self.queues.slot(id) else {
            return;
        };
        self.forget_queue_name(q);
        self.queues[q].removed = true;
        self.overflow_all(q, OverflowReason::QueueRemoved);
        for a in self.queues[q].members.clone() {
            self.leave_queue(a, q);
        }
        self.retiring.push(q);
    }

    fn forget_queue_name(&mut self, q: QueueSlot) {
        let queue = &self.queues[q].queue;
        if self.queue_names.get(&queue.name) == Some(&queue.id) {
            self.queue_names.remove(&queue.name);
        }
    }

    pub(super) fn zone(&mut self, name: &str) -> usize {
        let known = self.zones.iter().position(|zone| zone.name() == name);
        known.unwrap_or_else(|| {
            self.zones.push(Zone::new(name, self.now.utc));
            self.zones.len() - 1
        })
    }

    pub(super) fn agent_set(&mut self, agent: Agent) {
        let Some(a) = self.agents.slot(agent.id) else {
            let id = agent.id;
            let status = model::AgentStatus::plain(AgentState::Offline, self.now.utc);
            let record = AgentRecord {
                agent,
                status,
                idle_since: self.now.utc,
                memberships: Vec::new(),
                offer: None,
                engaged: None,
                kept: std::collections::BTreeSet::new(),
                deadline: None,
                tallies: Vec::new(),
                listed: false,
                removed: false,
                restored: false,
            };
            self.agents.insert(id, record);
            return;
        };
        let active = agent.active;
        self.refit(a, |record| {
            record.agent = agent;
            record.removed = false;
        });
        if !active {
            self.dismiss(a);
        }
    }

    pub(super) fn agent_removed(&mut self, id: AgentId) {
        let Some(a) = self.agents.slot(id) else {
            return;
        };
        self.agents[a].removed = true;
        self.dismiss(a);
        let queues: Vec<_> = self.agents[a].memberships.iter().map(|m| m.queue).collect();
        for q in queues {
            self.leave_queue(a, q);
        }
    }

    /// Offline now, or after the call.
    fn dismiss(&mut self, a: AgentSlot) {
        self.let_all_go(a);
        let id = self.agents[a].agent.id;
        self.state_asked(id, AgentState::Offline, None);
        if !self.agents[a].bound() {
            self.send_home(a);
        }
    }

    pub(super) fn member_set(&mut self, member: &Member) {
        let (Some(q), Some(a)) = (
            self.queues.slot(member.queue),
            self.agents.slot(member.agent),
        ) else {
            return;
        };
        if self.queues[q].removed || self.agents[a].removed {
            return;
        }
        if self.queues[q].members.insert(a) {
            let state = self.agents[a].status.state;
            self.queues[q].barred[state as usize] += 1;
            self.agents[a].memberships.push(Membership {
                queue: q,
                penalty: member.penalty,
                // Unfit until `refit` has looked.
                paused: true,
                level: None,
                last_offered: 0,
                turn: None,
            });
        }
        self.refit(a, |record| {
            if let Some(membership) = record.memberships.iter_mut().find(|m| m.queue == q) {
                membership.penalty = member.penalty;
                membership.paused = member.paused;
            }
        });
    }

    pub(super) fn member_removed(&mut self, queue: QueueId, agent: AgentId) {
        if let (Some(q), Some(a)) = (self.queues.slot(queue), self.agents.slot(agent)) {
            self.leave_queue(a, q);
        }
    }

    /// The agent is no member any more. What rings of that queue is let go, a conversation is not.
    fn leave_queue(&mut self, a: AgentSlot, q: QueueSlot) {
        if !self.queues[q].members.remove(&a) {
            return;
        }
        let ringing = self.agents[a]
            .offer
            .as_ref()
            .filter(|offer| offer.queue == q && offer.phase == OfferPhase::Ringing)
            .map(|offer| (offer.id, offer.call));
        if let Some((offer, call)) = ringing {
            self.end_offer(a, OfferResult::AgentLeft);
            self.relieve(a);
            self.command(Command::Withdraw { offer });
            self.back_to_waiting(call);
        }
        self.unlist(a);
        let record = &mut self.agents[a];
        let state = record.status.state;
        if let Some(index) = record.memberships.iter().position(|m| m.queue == q) {
            let able = record.serves(&record.memberships[index]);
            record.memberships.remove(index);
            let queue = &mut self.queues[q];
            let counts = if able {
                &mut queue.able
            } else {
                &mut queue.barred
            };
            counts[state as usize] -= 1;
            if able && !queue.staffed() {
                self.emptied.push(q);
            }
        }
        self.seek_again(a);
    }

    /// Changes an agent's record, then sees anew which queues he may serve.
    fn refit(&mut self, a: AgentSlot, change: impl FnOnce(&mut AgentRecord)) {
        self.unlist(a);
        let record = &mut self.agents[a];
        let state = record.status.state as usize;
        let before: Vec<bool> = record
            .memberships
            .iter()
            .map(|m| record.serves(m))
            .collect();
        change(record);
        for (index, was_able) in before.into_iter().enumerate() {
            let queue = &mut self.queues[record.memberships[index].queue];
            record.memberships[index].level = level(&record.agent, &queue.queue.required_skills);
            let able = record.serves(&record.memberships[index]);
            if able == was_able {
                continue;
            }
            let (from, to) = if able {
                (&mut queue.barred, &mut queue.able)
            } else {
                (&mut queue.able, &mut queue.barred)
            };
            from[state] -= 1;
            to[state] += 1;
            if !able && !queue.staffed() {
                self.emptied.push(record.memberships[index].queue);
            }
        }
        self.seek_again(a);
    }

    /// Whose turn it is, by the offers made before.
    pub(super) fn turns_restored(&mut self, queue: QueueId, agents: &[AgentId]) {
        let Some(q) = self.queues.slot(queue) else {
            return;
        };
        for agent in agents {
            let Some(a) = self.agents.slot(*agent) else {
                continue;
            };
            self.queues[q].offers_made += 1;
            let made = self.queues[q].offers_made;
            self.refit(a, |record| {
                if let Some(membership) = record.memberships.iter_mut().find(|m| m.queue == q) {
                    membership.last_offered = made;
                }
            });
        }
    }

    fn seek_again(&mut self, a: AgentSlot) {
        if self.agents[a].status.state == AgentState::Available {
            self.seekers.push(a);
        }
    }

    pub(super) fn did_set(&mut self, did: Did) {
        self.did_removed(did.id);
        self.did_numbers.insert(did.id, did.number.clone());
        let same_number = self.dids.entry(did.number.clone()).or_default();
        same_number.push(did);
    }

    pub(super) fn did_removed(&mut self, id: DidId) {
        let Some(number) = self.did_numbers.remove(&id) else {
            return;
        };
        if let Some(same_number) = self.dids.get_mut(&number) {
            same_number.retain(|did| did.id != id);
            if same_number.is_empty() {
                self.dids.remove(&number);
            }
        }
    }
}

/// The sum of the required skills' levels, if the agent has them all.
pub(super) fn level(agent: &Agent, required: &[SkillRequirement]) -> Option<u32> {
    required.iter().try_fold(0, |sum, requirement| {
        let level = *agent.skills.get(&requirement.skill)?;
        (level >= requirement.min_level).then_some(sum + u32::from(level))
    })
}
