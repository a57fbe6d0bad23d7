//! Parked calls against the picture: once answered, in a slot or in line or talking again.

use model::{AgentId, CallId, OfferId};

use super::{Checker, Rule};

impl Checker {
    pub(super) fn call_parked(&mut self, call: CallId) {
        if !self.open_call(call, "parked") {
            return;
        }
        let contact = self.picture.calls.get_mut(&call);
        let talked = contact.is_some_and(|contact| {
            let talked = contact.talks;
            (contact.talks, contact.in_slot) = (false, true);
            talked
        });
        self.must(talked, Rule::EndedOnce, || {
            format!("{call} parked out of no talk")
        });
        let offers = self.picture.calls.get(&call).map(|one| one.offers.clone());
        for offer in offers.into_iter().flatten() {
            self.close_offer(offer);
        }
    }

    /// Into its line again, by the time of its arrival.
    pub(super) fn call_returned(&mut self, call: CallId) {
        if !self.open_call(call, "returned") {
            return;
        }
        let now = self.picture.now.utc;
        let mut parked = false;
        if let Some(contact) = self.picture.calls.get_mut(&call) {
            parked = std::mem::take(&mut contact.in_slot);
            contact.entered = now;
        }
        self.must(parked, Rule::EndedOnce, || {
            format!("{call} returned out of no slot")
        });
        self.picture.place(call);
    }

    pub(super) fn call_retrieved(&mut self, call: CallId, offer: OfferId, agent: AgentId) {
        if !self.open_call(call, "retrieved") {
            return;
        }
        let bid = self.picture.offers.get(&offer);
        let bound = bid.is_some_and(|bid| bid.talking && bid.call == call && bid.agent == agent);
        self.must(bound, Rule::OneCallPerAgent, || {
            format!("{call} retrieved out of {offer}")
        });
        if let Some(contact) = self.picture.calls.get_mut(&call) {
            let (before, lonely) = (contact.answered_at.is_some(), contact.offers.len() == 1);
            (contact.talks, contact.in_slot) = (true, false);
            self.must(before && lonely, Rule::OneOfferPerCall, || {
                format!("{call} retrieved, and not answered before, or rings elsewhere")
            });
        }
    }
}
