//! Each offer against the picture: to whom, for whom, and whether it was their turn.

use std::cmp::Reverse;

use model::{
    AgentId, AgentState, Apart, CallId, Candidate, Choice, EventBody, QueueId, Strategy, Timestamp,
};

use super::picture::{Bid, Place};
use super::{Checker, Rule};

impl Checker {
    pub(super) fn call_offered(&mut self, body: &EventBody) {
        let EventBody::CallOffered {
            call,
            queue,
            offer,
            agent,
            choice,
        } = body
        else {
            return;
        };
        if !self.open_call(*call, "offered") {
            return;
        }
        self.check_free(*agent, choice.apart);
        self.check_honest(*agent, choice);
        let kept = self.picture.kept(*call);
        if choice.apart.is_some() {
            self.check_alone(*call);
        } else if kept == Some(*agent) {
            self.check_kept_call(*call, *agent);
        } else {
            self.must(kept.is_none(), Rule::InTurn, || {
                format!("{call} is kept for {kept:?}, offered to {agent}")
            });
            self.check_call_of_offer(*call, *queue);
            self.check_member_of_offer(*queue, *agent);
            self.check_turn_across_queues(*call, *queue, *agent);
        }
        let new = !self.picture.offers.contains_key(offer) && !self.picture.spent.contains(offer);
        self.must(new, Rule::OfferEndsOnce, || format!("{offer} made again"));

        self.picture.totals.offers += 1;
        let bid = Bid {
            call: *call,
            agent: *agent,
            made: self.picture.now.mono,
            talking: false,
            restored: false,
        };
        self.picture.offers.insert(*offer, bid);
        self.picture.announced.insert(*offer);
        if let Some(seat) = self.picture.agents.get_mut(agent) {
            seat.offer = Some(*offer);
        }
        if let Some(contact) = self.picture.calls.get_mut(call) {
            contact.offers.insert(*offer);
            contact.kept = None;
            let place = contact.place;
            if let (Some(line), Some(place)) = (self.picture.queues.get_mut(queue), place) {
                line.unoffered.remove(&place);
            }
        }
    }

    fn check_call_of_offer(&mut self, call: CallId, queue: QueueId) {
        let frozen = self.picture.frozen(call);
        self.must(!frozen, Rule::FrozenWithServer, || {
            format!("{call} offered on a lost server")
        });
        let (Some(contact), Some(line)) = (
            self.picture.calls.get(&call),
            self.picture.queues.get(&queue),
        ) else {
            return self.breach(Rule::OnlyMembers, format!("{queue} does not exist"));
        };
        let here = contact.queue == Some(queue);
        let ringing = !contact.offers.is_empty();
        let all = line.queue.strategy == Strategy::RingAll;
        let place = contact.place;
        let older = line
            .unoffered
            .iter()
            .find(|place| self.picture.for_all(place.2))
            .filter(|head| Some(**head) < place)
            .map(|head| head.2);
        self.must(here, Rule::OnlyMembers, || {
            format!("{call} is not in {queue}")
        });
        self.must(all || !ringing, Rule::OneOfferPerCall, || {
            format!("{call} rings twice")
        });
        self.must(older.is_none(), Rule::InTurn, || {
            format!("{call} offered before {older:?} in {queue}")
        });
    }

    /// The first of those kept for this agent.
    fn check_kept_call(&mut self, call: CallId, agent: AgentId) {
        let frozen = self.picture.frozen(call);
        let first = self.picture.first_kept(agent);
        self.must(!frozen, Rule::FrozenWithServer, || {
            format!("{call} offered on a lost server")
        });
        self.must(first == Some(call), Rule::InTurn, || {
            format!("{call} offered to {agent} before {first:?}")
        });
    }

    /// Whoever asks for a call is rung for it alone.
    fn check_alone(&mut self, call: CallId) {
        let frozen = self.picture.frozen(call);
        let contact = self.picture.calls.get(&call);
        let alone = contact.is_none_or(|contact| contact.offers.is_empty());
        self.must(!frozen, Rule::FrozenWithServer, || {
            format!("{call} offered on a lost server")
        });
        self.must(alone, Rule::OneOfferPerCall, || {
            format!("{call} rings twice")
        });
    }

    fn check_free(&mut self, agent: AgentId, apart: Option<Apart>) {
        let seat = self.picture.agents.get(&agent);
        let (state, bound) = seat.map_or((AgentState::Offline, None), |s| (s.state, s.offer));
        self.must(bound.is_none(), Rule::OneCallPerAgent, || {
            format!("{agent} has {bound:?}")
        });
        let asked = matches!(apart, Some(Apart::Retrieved | Apart::PickedUp));
        let may = state == AgentState::Available || asked;
        self.must(may, Rule::OnlyAvailable, || {
            format!("{agent} is {}", state.as_str())
        });
    }

    fn check_member_of_offer(&mut self, queue: QueueId, agent: AgentId) {
        let penalty = self.picture.serves(agent, queue);
        let least = self.picture.least_penalty(queue);
        self.must(penalty.is_some(), Rule::OnlyMembers, || {
            format!("{agent} may not serve {queue}")
        });
        if let (Some(penalty), Some(least)) = (penalty, least) {
            self.must(penalty <= least, Rule::BestFirst, || {
                format!("{agent} of penalty {penalty} while one of {least} is free")
            });
        }
    }

    fn check_honest(&mut self, agent: AgentId, choice: &Choice) {
        let honest = choice.first.first().map(|first| first.agent) == Some(agent)
            && choice.eligible as usize >= choice.first.len();
        self.must(honest, Rule::BestFirst, || {
            format!("{agent} is not the first of {choice:?}")
        });
        self.must(in_order(choice), Rule::BestFirst, || {
            format!("not in order: {choice:?}")
        });
    }

    /// Of all the calls the agent could take, over all queues, none was to come first.
    fn check_turn_across_queues(&mut self, call: CallId, queue: QueueId, agent: AgentId) {
        let picture = &self.picture;
        let key = |queue: QueueId, place: Place| {
            let priority = picture
                .queues
                .get(&queue)
                .map_or(0, |line| line.queue.priority);
            (Reverse(priority), place)
        };
        let Some(place) = picture.calls.get(&call).and_then(|contact| contact.place) else {
            return;
        };
        let mine = key(queue, place);
        let queues = picture.agents.get(&agent).map(|seat| seat.queues.keys());
        let better = queues.into_iter().flatten().find_map(|other| {
            picture.serves(agent, *other)?;
            let mut places = picture.queues.get(other)?.unoffered.iter();
            let head = places.find(|place| picture.for_all(place.2))?;
            (key(*other, *head) < mine).then_some((head.2, *other))
        });
        self.must(better.is_none(), Rule::InTurn, || {
            format!("{agent} given {call} of {queue} before {better:?}")
        });
        let kept = self.picture.first_kept(agent);
        self.must(kept.is_none(), Rule::InTurn, || {
            format!("{agent} given {call} of {queue} before {kept:?}, which is kept for him")
        });
    }
}

/// Are the named candidates in the order that the strategy asks for?
fn in_order(choice: &Choice) -> bool {
    let key = |c: &Candidate| match choice.strategy {
        Some(Strategy::LongestIdle) => (c.penalty, 0, c.idle_since),
        Some(Strategy::LeastCalls) => (c.penalty, c.calls_today, c.idle_since),
        _ => (c.penalty, 0, Timestamp::default()),
    };
    choice.first.is_sorted_by_key(key)
}
