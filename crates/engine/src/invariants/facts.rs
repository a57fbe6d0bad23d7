//! Each published fact and each command against the picture.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use model::{
    AgentId, AgentState, AgentStatus, CallId, EventBody, OfferId, OfferResult, Outcome, ServerId,
    Timestamp,
};

use super::picture::Contact;
use super::{Checker, Rule};
use crate::acd::Command;

impl Checker {
    pub(super) fn call_arrived(&mut self, call: CallId, server: ServerId) {
        let known = self.picture.calls.contains_key(&call) || self.picture.over.contains(&call);
        self.must(!known, Rule::ArrivedOnce, || {
            format!("{call} arrived again")
        });
        let contact = Contact {
            server,
            queue: None,
            place: None,
            entered: self.picture.now.utc,
            kept: None,
            offers: BTreeSet::new(),
            answered_at: None,
            talks: false,
            in_slot: false,
            wait_ms: None,
        };
        self.picture.calls.insert(call, contact);
        self.picture.totals.arrived += 1;
    }

    /// The call is open; if not, that is a breach.
    pub(super) fn open_call(&mut self, call: CallId, what: &str) -> bool {
        let open = self.picture.calls.contains_key(&call);
        self.must(open, Rule::EndedOnce, || {
            format!("{what} {call}, which is not open")
        });
        open
    }

    pub(super) fn call_queued(&mut self, body: &EventBody) {
        let EventBody::CallQueued {
            call,
            queue,
            priority,
            position,
            kept_for,
            ..
        } = body
        else {
            return;
        };
        if !self.open_call(*call, "queued") {
            return;
        }
        let open = self.picture.open(*queue);
        self.must(open, Rule::CommandInPlace, || {
            format!("{call} entered closed {queue}")
        });
        self.picture.unplace(*call);
        let now = self.picture.now.utc;
        let mut ringing = false;
        if let Some(contact) = self.picture.calls.get_mut(call) {
            ringing = !contact.offers.is_empty();
            contact.queue = Some(*queue);
            contact.kept = *kept_for;
            contact.entered = now;
            let queued_at = contact.place.map_or(now, |(_, queued_at, _)| queued_at);
            contact.place = Some((Reverse(*priority), queued_at, *call));
        }
        self.must(!ringing, Rule::OfferEndsOnce, || {
            format!("{call} moved while it rings")
        });
        self.picture.place(*call);
        let place = self
            .picture
            .calls
            .get(call)
            .and_then(|contact| contact.place);
        if let (Some(line), Some(place)) = (self.picture.queues.get(queue), place) {
            let true_position = line.places.range(..=place).count();
            let size = line.queue.max_size.map_or(usize::MAX, |size| size as usize);
            let fits = line.places.len() <= size;
            self.must(
                true_position == *position as usize,
                Rule::TrueFigures,
                || format!("{call} is number {true_position}, said {position}"),
            );
            self.must(fits, Rule::TrueFigures, || {
                format!("{queue} is over its size")
            });
        }
    }

    pub(super) fn offer_ended(&mut self, body: &EventBody) {
        let EventBody::OfferEnded {
            offer,
            call,
            agent,
            result,
            ring_ms,
            ..
        } = body
        else {
            return;
        };
        let now = self.picture.now.mono;
        let Some(bid) = self
            .picture
            .offers
            .get_mut(offer)
            .filter(|bid| !bid.talking)
        else {
            return self.breach(
                Rule::OfferEndsOnce,
                format!("{offer} ended without being open"),
            );
        };
        let (its_call, its_agent) = (bid.call, bid.agent);
        let rang = u64::try_from(now.since(bid.made).as_millis()).unwrap_or(u64::MAX);
        let ring_fits = bid.restored || *ring_ms <= rang;
        self.must(ring_fits, Rule::TrueFigures, || {
            format!("{offer} rang {rang}, said {ring_ms}")
        });
        let same = its_call == *call && its_agent == *agent;
        self.must(same, Rule::OfferEndsOnce, || {
            format!("{offer} is of {its_call}, {its_agent}")
        });
        if *result == OfferResult::Answered {
            if let Some(bid) = self.picture.offers.get_mut(offer) {
                bid.talking = true;
            }
            self.picture.unplace(*call);
        } else {
            self.close_offer(*offer);
            let waits = self
                .picture
                .calls
                .get(call)
                .is_some_and(|c| c.offers.is_empty());
            if waits {
                // One in a slot has no place in line.
                self.picture.place(*call);
            }
        }
    }

    pub(super) fn close_offer(&mut self, offer: OfferId) {
        if let Some(bid) = self.picture.offers.remove(&offer) {
            self.picture.spent.insert(offer);
            self.picture.touched_agents.insert(bid.agent);
            if let Some(seat) = self.picture.agents.get_mut(&bid.agent)
                && seat.offer == Some(offer)
            {
                seat.offer = None;
            }
            if let Some(contact) = self.picture.calls.get_mut(&bid.call) {
                contact.offers.remove(&offer);
            }
        }
    }

    pub(super) fn call_answered(&mut self, body: &EventBody) {
        let EventBody::CallAnswered {
            call,
            offer,
            agent,
            wait_ms,
            ..
        } = body
        else {
            return;
        };
        let now = self.picture.now.utc;
        if !self.open_call(*call, "answered") {
            return;
        }
        let bound = self.picture.offers.get(offer);
        let bound =
            bound.is_some_and(|bid| bid.talking && bid.call == *call && bid.agent == *agent);
        self.must(bound, Rule::OneCallPerAgent, || {
            format!("{call} answered out of {offer}")
        });
        if let Some(contact) = self.picture.calls.get_mut(call) {
            let twice = contact.answered_at.is_some();
            let waited = contact.place.map_or(0, |place| millis(now, place.1));
            let lonely = contact.offers.len() == 1;
            contact.answered_at = Some(now);
            contact.talks = true;
            contact.wait_ms = Some(*wait_ms);
            self.must(!twice, Rule::EndedOnce, || format!("{call} answered twice"));
            self.must(lonely, Rule::OneOfferPerCall, || {
                format!("{call} still rings elsewhere")
            });
            self.must(waited == *wait_ms, Rule::TrueFigures, || {
                format!("{call} waited {waited}, said {wait_ms}")
            });
        }
    }

    pub(super) fn call_ended(&mut self, body: &EventBody) {
        let EventBody::CallEnded {
            call,
            outcome,
            wait_ms,
            talk_ms,
            ..
        } = body
        else {
            return;
        };
        if !self.open_call(*call, "ended") {
            return;
        }
        let now = self.picture.now.utc;
        self.picture.unplace(*call);
        let Some(contact) = self.picture.calls.remove(call) else {
            return;
        };
        self.picture.over.insert(*call);
        let totals = &mut self.picture.totals;
        match outcome {
            Outcome::Answered => totals.answered += 1,
            Outcome::Abandoned => totals.abandoned += 1,
            _ => totals.refused += 1,
        }
        let waited = contact.place.map(|place| millis(now, place.1));
        let waited = contact.wait_ms.or(waited);
        let talked = contact.answered_at.map(|at| millis(now, at));
        self.must(
            waited == *wait_ms && talked == *talk_ms,
            Rule::TrueFigures,
            || {
                format!(
                    "{call} waited {waited:?}, talked {talked:?}; said {wait_ms:?}, {talk_ms:?}"
                )
            },
        );
        let answered = contact.answered_at.is_some();
        self.must(
            answered == (*outcome == Outcome::Answered),
            Rule::TrueFigures,
            || format!("{call} ended {outcome:?}, answered: {answered}"),
        );
        for offer in contact.offers {
            let talking = self
                .picture
                .offers
                .get(&offer)
                .is_some_and(|bid| bid.talking);
            self.must(talking, Rule::OfferEndsOnce, || {
                format!("{call} ended while {offer} rings")
            });
            self.close_offer(offer);
        }
    }

    pub(super) fn agent_changed(&mut self, agent: AgentId, from: AgentState, status: &AgentStatus) {
        if matches!(status.state, AgentState::Break | AgentState::Offline) {
            self.picture.let_go(agent);
        }
        let Some(seat) = self.picture.agents.get_mut(&agent) else {
            return self.breach(Rule::AgentInStep, format!("{agent} does not exist"));
        };
        let was = std::mem::replace(&mut seat.state, status.state);
        self.picture.touched_queues.extend(seat.queues.keys());
        self.picture.touched_agents.insert(agent);
        let bound = matches!(status.state, AgentState::Ringing | AgentState::Busy);
        let offered = bound && seat.engaged.is_none();
        let whole = status.offer.is_some() == offered
            && status.since <= self.picture.now.utc
            && status.until.is_none_or(|until| until >= status.since);
        self.must(was == from, Rule::AgentInStep, || {
            format!("{agent} was {}, said {}", was.as_str(), from.as_str())
        });
        self.must(whole, Rule::AgentInStep, || {
            format!("{agent} is {status:?}")
        });
        if let (AgentState::Busy, Some(call)) = (status.state, status.call) {
            // Answered: out of the line, while the bridge is being built.
            self.picture.unplace(call);
        }
    }

    pub(super) fn order(&mut self, command: &Command) {
        match command {
            Command::Publish(_) => {}
            Command::Answer { call }
            | Command::Ring { call }
            | Command::PlayMusic { call, .. }
            | Command::Park { call, .. } => {
                self.open_call(*call, "to be played to");
            }
            Command::Offer { offer, timeout, .. } => self.ring_ordered(*offer, *timeout),
            Command::Withdraw { offer } | Command::Disconnect { offer } => {
                self.picture.released.push(*offer);
            }
            Command::Connect { offer, call } => {
                let bid = self.picture.offers.get(offer);
                let fits = bid.is_some_and(|bid| bid.call == *call && !bid.talking);
                self.must(fits, Rule::CommandInPlace, || {
                    format!("connect {offer}, not open")
                });
            }
            Command::HangUp { call } | Command::Continue { call, .. } => {
                let over = self.picture.over.contains(call);
                self.must(over, Rule::CommandInPlace, || {
                    format!("{call} let go while open")
                });
            }
        }
    }

    fn ring_ordered(&mut self, offer: OfferId, timeout: Duration) {
        let announced = self.picture.announced.remove(&offer);
        self.must(announced, Rule::CommandInPlace, || {
            format!("{offer} rung unannounced")
        });
        let now = self.picture.now.utc;
        let limit = self.picture.offers.get(&offer).and_then(|bid| {
            let contact = self.picture.calls.get(&bid.call)?;
            let queue = &self.picture.queues.get(&contact.queue?)?.queue;
            let ring = Duration::from_secs(queue.ring_seconds.into());
            let longest = queue.max_wait_seconds.filter(|_| !contact.in_slot);
            let left = longest.map(|longest| {
                let end = contact.entered.after(Duration::from_secs(longest.into()));
                end.since(now)
            });
            Some(left.map_or(ring, |left| left.min(ring)))
        });
        let fits = limit.is_none_or(|limit| timeout <= limit && !timeout.is_zero());
        self.must(fits, Rule::RingTime, || {
            format!("{offer} rings {timeout:?}, not {limit:?}")
        });
    }
}

fn millis(now: Timestamp, since: Timestamp) -> u64 {
    u64::try_from(now.since(since).as_millis()).unwrap_or(u64::MAX)
}
