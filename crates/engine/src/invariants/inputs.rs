//! What the inputs tell: how the centre is made up, what was restored, which servers are lost.

use std::collections::{BTreeMap, BTreeSet};

use model::{Agent, AgentId, AgentState, CallState, QueueId};

use super::Checker;
use super::picture::{Bid, Chair, Contact, Line, Seat};
use crate::acd::{CallRestored, Input};

impl Checker {
    pub(super) fn take_in(&mut self, input: &Input) {
        let picture = &mut self.picture;
        match input {
            Input::QueueSet(queue) => {
                let line = picture.queues.entry(queue.id).or_insert_with(|| Line {
                    queue: queue.clone(),
                    removed: false,
                    members: BTreeSet::new(),
                    places: BTreeSet::new(),
                    unoffered: BTreeSet::new(),
                });
                line.queue = queue.clone();
                line.removed = false;
                picture.touched_queues.insert(queue.id);
            }
            Input::QueueRemoved(queue) => self.queue_removed(*queue),
            Input::AgentSet(agent) => self.agent_set(agent),
            Input::AgentRemoved(agent) => self.agent_removed(*agent),
            Input::MemberSet(member) => {
                let open = picture
                    .queues
                    .get(&member.queue)
                    .is_some_and(|q| !q.removed);
                let seat = picture.agents.get_mut(&member.agent).filter(|s| !s.removed);
                if let (true, Some(seat)) = (open, seat) {
                    let chair = Chair {
                        penalty: member.penalty,
                        paused: member.paused,
                    };
                    seat.queues.insert(member.queue, chair);
                    if let Some(line) = picture.queues.get_mut(&member.queue) {
                        line.members.insert(member.agent);
                    }
                    picture.touched_queues.insert(member.queue);
                }
            }
            Input::MemberRemoved(queue, agent) => {
                if let Some(seat) = picture.agents.get_mut(agent) {
                    seat.queues.remove(queue);
                }
                if let Some(line) = picture.queues.get_mut(queue) {
                    line.members.remove(agent);
                }
            }
            Input::CallerHungUp { call, .. }
            | Input::CallContinued { call }
            | Input::CallHandedOver { call } => {
                picture.gone.push(*call);
            }
            Input::ServerLost { server } => {
                picture.lost.insert(*server);
                let calls = picture.calls.values_mut();
                for contact in calls.filter(|contact| contact.server == *server) {
                    contact.kept = None;
                }
            }
            Input::ServerResynced { server, .. } => {
                picture.lost.remove(server);
                picture.touched_queues.extend(picture.queues.keys());
            }
            Input::CallRestored(restored) => self.call_restored(restored),
            Input::AgentEngaged { agent, call } => {
                let seat = picture.agents.get_mut(agent);
                if let Some(seat) = seat.filter(|seat| seat.offer.is_none()) {
                    seat.engaged.get_or_insert(*call);
                    picture.touched_agents.insert(*agent);
                }
            }
            Input::AgentDisengaged { agent, call, .. } => {
                if let Some(seat) = picture.agents.get_mut(agent) {
                    seat.engaged = seat.engaged.filter(|engaged| engaged != call);
                    picture.touched_agents.insert(*agent);
                }
            }
            Input::AgentRestored { agent, status, .. } => {
                if let Some(seat) = picture.agents.get_mut(agent) {
                    seat.state = status.state;
                    picture.restored_agents.insert(*agent);
                }
            }
            _ => {}
        }
    }

    fn queue_removed(&mut self, id: QueueId) {
        let picture = &mut self.picture;
        let Some(line) = picture.queues.get_mut(&id) else {
            return;
        };
        line.removed = true;
        for agent in std::mem::take(&mut line.members) {
            if let Some(seat) = picture.agents.get_mut(&agent) {
                seat.queues.remove(&id);
            }
        }
    }

    fn agent_set(&mut self, agent: &Agent) {
        let picture = &mut self.picture;
        if !agent.active {
            picture.let_go(agent.id);
        }
        let seat = picture.agents.entry(agent.id).or_insert_with(|| Seat {
            agent: agent.clone(),
            state: AgentState::Offline,
            offer: None,
            engaged: None,
            queues: BTreeMap::new(),
            removed: false,
        });
        seat.agent = agent.clone();
        seat.removed = false;
        picture.touched_queues.extend(seat.queues.keys());
        picture.touched_agents.insert(agent.id);
    }

    fn agent_removed(&mut self, id: AgentId) {
        let picture = &mut self.picture;
        picture.let_go(id);
        let Some(seat) = picture.agents.get_mut(&id) else {
            return;
        };
        seat.removed = true;
        for queue in std::mem::take(&mut seat.queues).into_keys() {
            if let Some(line) = picture.queues.get_mut(&queue) {
                line.members.remove(&id);
            }
        }
        picture.touched_agents.insert(id);
    }

    fn call_restored(&mut self, restored: &CallRestored) {
        let call = &restored.call;
        let picture = &mut self.picture;
        picture.lost.insert(call.server);
        picture.totals.arrived += 1;
        let queued_at = call.queued_at.unwrap_or(call.arrived_at);
        let talking = call.state == CallState::Talking;
        let contact = Contact {
            server: call.server,
            queue: call.queue,
            place: call
                .queue
                .map(|_| (std::cmp::Reverse(call.priority), queued_at, call.id)),
            entered: restored.entered_at.unwrap_or(queued_at),
            kept: None,
            offers: restored.offers.iter().map(|(offer, _)| *offer).collect(),
            answered_at: call.answered_at,
            talks: talking,
            in_slot: call.state == CallState::Parked,
            wait_ms: call.wait_ms,
        };
        picture.calls.insert(call.id, contact);
        for &(offer, agent) in &restored.offers {
            let bid = Bid {
                call: call.id,
                agent,
                made: picture.now.mono,
                talking,
                restored: true,
            };
            picture.offers.insert(offer, bid);
            let seat = picture.agents.entry(agent).or_insert_with(|| nobody(agent));
            seat.offer = Some(offer);
            seat.state = match call.state {
                CallState::Ringing | CallState::Parked => AgentState::Ringing,
                _ => AgentState::Busy,
            };
        }
        if matches!(call.state, CallState::Waiting | CallState::Ringing) {
            self.picture.place(call.id);
        }
    }
}

/// An agent who was removed while on a call.
fn nobody(id: AgentId) -> Seat {
    Seat {
        agent: Agent {
            id,
            name: String::new(),
            extension: String::new(),
            user: None,
            skills: BTreeMap::new(),
            active: false,
        },
        state: AgentState::Offline,
        offer: None,
        engaged: None,
        queues: BTreeMap::new(),
        removed: true,
    }
}
