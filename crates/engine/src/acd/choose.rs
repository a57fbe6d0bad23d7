//! Who gets whom: the best waiting call for an agent, the best agent for a call, and the reasons kept with the choice.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use model::{AgentState, Candidate, Choice, PassedOver, Strategy};
use rand::Rng;

use super::record::{AgentSlot, CallSlot, Place, QueueSlot};
use super::{Acd, FIRST_CANDIDATES};

impl Acd {
    /// Brings together the agents who have become available and the calls that have become offerable.
    pub(super) fn match_up(&mut self) {
        let mut seekers = std::mem::take(&mut self.seekers);
        for &a in &seekers {
            self.offer_kept(a);
        }
        seekers.retain(|&a| {
            let record = &self.agents[a];
            record.status.state == AgentState::Available && !record.listed
        });
        if let ([a], true) = (&seekers[..], self.dirty.is_empty()) {
            // The usual case, without a detour through the sorted sets.
            if let Some((q, c)) = self.best_call_for(*a) {
                let choice = self.choice(q, Some(*a));
                self.ring(c, *a, q, choice);
                seekers.clear();
            }
        }
        for &a in &seekers {
            if !self.agents[a].listed {
                self.list(a);
            }
        }
        let joinable = self.joinable(&seekers);
        self.dispatch();
        self.join_ringing(joinable);
        seekers.clear();
        if self.seekers.is_empty() {
            self.seekers = seekers;
        }
    }

    /// The call that an agent who serves several queues takes next.
    fn best_call_for(&self, a: AgentSlot) -> Option<(QueueSlot, CallSlot)> {
        let record = &self.agents[a];
        record
            .memberships
            .iter()
            .filter(|membership| record.serves(membership))
            .filter_map(|membership| self.head(membership.queue))
            .min()
            .map(|(_, place, q)| (q, place.3))
    }

    /// The first offerable call of a queue, in a form that compares across queues.
    fn head(&self, q: QueueSlot) -> Option<(Reverse<i32>, Place, QueueSlot)> {
        let queue = &self.queues[q];
        let place = queue.unoffered.first()?;
        Some((Reverse(queue.queue.priority), place, q))
    }

    /// Offers calls of the dirty queues, the best over all of them first, while there are agents for them.
    fn dispatch(&mut self) {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.sort_unstable();
        dirty.dedup();
        if let [q] = dirty[..] {
            while self.offer_head(q) {}
        } else {
            let mut heads: BTreeSet<_> = dirty.iter().filter_map(|&q| self.head(q)).collect();
            while let Some((_, _, q)) = heads.pop_first() {
                if self.offer_head(q) {
                    heads.extend(self.head(q));
                }
            }
        }
        dirty.clear();
        if self.dirty.is_empty() {
            self.dirty = dirty;
        }
    }

    /// Offers the first call of a queue, if there is one and somebody to take it.
    fn offer_head(&mut self, q: QueueSlot) -> bool {
        let Some((_, _, _, c)) = self.queues[q].unoffered.first() else {
            return false;
        };
        if self.queues[q].available.is_empty() {
            return false;
        }
        self.refresh_day(q);
        if self.queues[q].queue.strategy == Strategy::RingAll {
            self.ring_all(c, q);
        } else if let Some(a) = self.pick(q) {
            let choice = self.choice(q, Some(a));
            self.ring(c, a, q, choice);
        }
        true
    }

    fn pick(&mut self, q: QueueSlot) -> Option<AgentSlot> {
        let queue = &self.queues[q];
        let first = queue.available.first()?;
        if queue.queue.strategy != Strategy::Random {
            return Some(first.3);
        }
        let alike = queue.available.rank_where(|turn| turn.0 <= first.0);
        let any = self.chance.random_range(0..alike);
        self.queues[q].available.nth(any).map(|turn| turn.3)
    }

    /// Rings everybody of the lowest penalty.
    fn ring_all(&mut self, c: CallSlot, q: QueueSlot) {
        let choice = self.choice(q, None);
        let Some(first) = self.queues[q].available.first() else {
            return;
        };
        self.calls[c].ring_penalty = first.0;
        while let Some(turn) = self.queues[q].available.first() {
            if turn.0 != first.0 {
                break;
            }
            let mine = Choice {
                first: self.chosen_first(q, turn.3, choice.first.iter()),
                ..choice.clone()
            };
            self.ring(c, turn.3, q, mine);
        }
    }

    /// Calls that ring everybody and may ring one more, in the queues that this input has touched.
    fn joinable(&self, seekers: &[AgentSlot]) -> Vec<(Reverse<i32>, Place, QueueSlot)> {
        let seekers = seekers.iter().filter(|&&a| self.agents[a].listed);
        let memberships = seekers.flat_map(|&a| &self.agents[a].memberships);
        let queues = memberships
            .map(|m| m.queue)
            .chain(self.dirty.iter().copied());
        let heads = queues.filter_map(|q| {
            let queue = &self.queues[q];
            let place = queue.joinable.first()?;
            Some((Reverse(queue.queue.priority), *place, q))
        });
        let mut heads: Vec<_> = heads.collect();
        heads.sort_unstable();
        heads.dedup();
        heads
    }

    /// Agents for whom no call waits join those that ring everybody, unless better ones ring already.
    fn join_ringing(&mut self, heads: Vec<(Reverse<i32>, Place, QueueSlot)>) {
        for (_, place, q) in heads {
            let c = place.3;
            while let Some(turn) = self.queues[q].available.first()
                && turn.0 <= self.calls[c].ring_penalty
            {
                let choice = self.choice(q, Some(turn.3));
                self.ring(c, turn.3, q, choice);
            }
        }
    }

    /// The reasons, as they stand before the offer is made.
    fn choice(&self, q: QueueSlot, chosen: Option<AgentSlot>) -> Choice {
        let queue = &self.queues[q];
        let unlisted = chosen.is_some_and(|a| !self.agents[a].listed);
        let eligible = queue.available.len() + usize::from(unlisted);
        let others = queue.available.iter().map(|turn| turn.3);
        let first = chosen
            .into_iter()
            .chain(others.filter(|&a| Some(a) != chosen))
            .take(FIRST_CANDIDATES)
            .map(|a| self.candidate(q, a))
            .collect();
        let mut passed_over: Vec<_> = AgentState::ALL
            .into_iter()
            .filter(|state| *state != AgentState::Available)
            .map(|state| (Some(state), queue.able[state as usize]))
            .chain([(None, queue.barred.iter().sum())])
            .filter(|(_, count)| *count > 0)
            .map(|(state, count)| PassedOver { state, count })
            .collect();
        passed_over.shrink_to_fit();
        Choice {
            strategy: Some(queue.queue.strategy),
            apart: None,
            eligible: u32::try_from(eligible).unwrap_or(u32::MAX),
            first,
            passed_over,
        }
    }

    fn chosen_first<'a>(
        &self,
        q: QueueSlot,
        chosen: AgentSlot,
        others: impl Iterator<Item = &'a Candidate>,
    ) -> Vec<Candidate> {
        let chosen = self.candidate(q, chosen);
        let id = chosen.agent;
        std::iter::once(chosen)
            .chain(others.filter(|other| other.agent != id).cloned())
            .take(FIRST_CANDIDATES)
            .collect()
    }

    pub(super) fn candidate(&self, q: QueueSlot, a: AgentSlot) -> Candidate {
        let record = &self.agents[a];
        let queue = &self.queues[q];
        let day = self.zones[queue.zone].day_at(self.now.utc);
        Candidate {
            agent: record.agent.id,
            penalty: record.membership(q).map_or(0, |m| m.penalty),
            idle_since: record.idle_since,
            calls_today: record.tally(queue.zone, day),
        }
    }
}
