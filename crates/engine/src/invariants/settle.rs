//! What must hold once the engine has said all it has to say to an input.

use model::{AgentState, CallState};

use super::{Checker, Rule};
use crate::acd::Acd;

impl Checker {
    pub(super) fn settle(&mut self) {
        for call in std::mem::take(&mut self.picture.gone) {
            let kept = self.picture.calls.contains_key(&call);
            self.must(!kept, Rule::NobodyLost, || {
                format!("{call} is kept without its caller")
            });
        }
        for offer in std::mem::take(&mut self.picture.released) {
            let open = self.picture.offers.contains_key(&offer);
            self.must(!open, Rule::CommandInPlace, || {
                format!("{offer} let go while open")
            });
        }
        for offer in std::mem::take(&mut self.picture.announced) {
            self.breach(
                Rule::CommandInPlace,
                format!("{offer} announced and not rung"),
            );
        }
        for agent in std::mem::take(&mut self.picture.touched_agents) {
            let Some(seat) = self.picture.agents.get(&agent) else {
                continue;
            };
            let bound = matches!(seat.state, AgentState::Ringing | AgentState::Busy);
            let state = seat.state.as_str();
            let (offer, engaged) = (seat.offer, seat.engaged);
            let free = seat.state == AgentState::Available;
            let calls = usize::from(offer.is_some()) + usize::from(engaged.is_some());
            self.must(calls == usize::from(bound), Rule::AgentInStep, || {
                format!("{agent} is {state} with {offer:?} and {engaged:?}")
            });
            let kept = self.picture.first_kept(agent).filter(|_| free);
            self.must(kept.is_none(), Rule::NobodyIdle, || {
                format!("{kept:?} is kept for {agent}, who is free")
            });
        }
        for queue in std::mem::take(&mut self.picture.touched_queues) {
            let Some(line) = self.picture.queues.get(&queue) else {
                continue;
            };
            let waits = line
                .unoffered
                .iter()
                .find(|place| self.picture.for_all(place.2));
            let Some(waits) = waits.map(|place| place.2) else {
                continue;
            };
            let open = self.picture.open(queue);
            self.must(open, Rule::NobodyLost, || {
                format!("{waits} is in closed {queue}")
            });
            let free = self.picture.least_penalty(queue);
            self.must(free.is_none(), Rule::NobodyIdle, || {
                format!("{waits} waits in {queue} while somebody is free")
            });
        }
        let totals = self.picture.totals;
        let open = self.picture.calls.len() as u64;
        self.must(
            totals.arrived == totals.ended() + open,
            Rule::NobodyLost,
            || format!("{totals:?} and {open} open"),
        );
    }

    /// The engine's views against the stream. Costs a look at everything.
    pub fn compare(&mut self, acd: &Acd) {
        for view in acd.agents() {
            let id = view.agent.id;
            let told = self
                .picture
                .agents
                .get(&id)
                .map(|seat| (seat.state, seat.offer));
            let seen = (view.status.state, view.status.offer);
            self.must(told == Some(seen), Rule::ViewsInStep, || {
                format!("{id} is {seen:?}, told {told:?}")
            });
        }
        for call in acd.calls() {
            let id = call.id;
            let told = self.picture.calls.get(&id).map(|contact| {
                let waits = contact.offers.is_empty() && !contact.in_slot;
                (contact.queue, waits, contact.talks)
            });
            let seen = (
                call.queue,
                call.state == CallState::Waiting,
                call.state == CallState::Talking,
            );
            self.must(told == Some(seen), Rule::ViewsInStep, || {
                format!("{id} is {seen:?}, told {told:?}")
            });
        }
        let (open, told) = (acd.open_calls(), self.picture.calls.len());
        self.must(open == told, Rule::ViewsInStep, || {
            format!("{open} calls, told {told}")
        });
        let bound = acd.open_calls() + acd.agents().count();
        let timers = acd.pending_timers();
        self.must(timers <= bound, Rule::ViewsInStep, || {
            format!("{timers} timers")
        });
        let queues: Vec<_> = self.picture.queues.keys().copied().collect();
        for queue in queues {
            self.compare_queue(acd, queue);
        }
    }

    fn compare_queue(&mut self, acd: &Acd, id: model::QueueId) {
        let Some(stats) = acd.queue_stats(id) else {
            return;
        };
        let line = &self.picture.queues[&id];
        let mut members = [0; AgentState::ALL.len()];
        for agent in &line.members {
            members[self.picture.agents[agent].state as usize] += 1;
        }
        let told = (
            line.places.len(),
            line.places.iter().map(|place| place.1).min(),
            members,
        );
        let seen = (
            stats.waiting as usize,
            stats.longest_wait_since,
            stats.members,
        );
        let same = seen == told;
        self.must(same, Rule::ViewsInStep, || {
            format!("{id}: {seen:?}, told {told:?}")
        });
    }
}
