//! The desk's part in parking and picking up: which slot is free, and who waits for a call that he has asked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use engine::acd::{Input, NotGiven, Parking};
use model::{AgentId, Apart, Call, CallId, Control, EventBody, OfferId, OfferResult};

use super::{Desk, NotDone, Refused, controls::Reply};
use crate::config::ParkingConfig;

/// The slots, and agents whose phone rings for a call that they have asked for.
#[derive(Default)]
pub(super) struct Slots {
    config: ParkingConfig,
    asked: BTreeMap<OfferId, (CallId, Reply)>,
}

impl Desk {
    pub(super) fn park_in(&mut self, config: ParkingConfig) {
        self.slots.config = config;
    }

    /// The smallest that neither holds a call nor is about to.
    pub(super) fn free_slot(&self) -> Option<u32> {
        let held = self.acd.parked().map(|(_, parked)| parked.slot);
        let taken: BTreeSet<u32> = held.chain(self.controls.slots_asked_for()).collect();
        let ParkingConfig {
            first_slot,
            last_slot,
            ..
        } = self.slots.config;
        (first_slot..=last_slot).find(|slot| !taken.contains(slot))
    }

    /// The customer is on hold in Asterisk.
    pub(super) fn park(&mut self, call: CallId, slot: u32, by: String, control: Control) {
        self.controls.forget_offers_of(call);
        let time = Duration::from_secs(self.slots.config.return_seconds.into());
        let parking = Box::new(Parking {
            slot,
            time,
            by,
            control,
        });
        self.input(Input::CallParked { call, parking });
    }

    pub(super) fn parked(&self) -> Vec<Call> {
        let mut parked: Vec<_> = self.acd.parked().collect();
        parked.sort_unstable_by_key(|(call, parked)| (parked.slot, call.id));
        parked.into_iter().map(|(call, _)| call.clone()).collect()
    }

    /// Rings the agent; whoever asks is told when the two talk, or why they do not.
    pub(super) fn give(&mut self, call: CallId, agent: AgentId, how: Apart, reply: Reply) {
        if let Err(why) = self.may_give(call, agent, how) {
            return drop(reply.send(Err(why)));
        }
        self.input(Input::CallWanted { call, agent, how });
        let offer = self.acd.agent(agent).and_then(|view| view.status.offer);
        match offer {
            Some(offer) => drop(self.slots.asked.insert(offer, (call, reply))),
            None => drop(reply.send(Err(NotDone::NotGiven(NotGiven::NotThere)))),
        }
    }

    fn may_give(&self, call: CallId, agent: AgentId, how: Apart) -> Result<(), NotDone> {
        let known = self.acd.agent(agent).ok_or(Refused::NoSuchAgent)?;
        if !known.agent.active {
            return Err(Refused::NotActive.into());
        }
        Ok(self.acd.may_have(call, agent, how)?)
    }

    /// Phones have been picked up, or not.
    pub(super) fn follow_asked(&mut self, facts: &[EventBody]) {
        for fact in facts {
            let EventBody::OfferEnded { offer, result, .. } = fact else {
                continue;
            };
            let Some((call, reply)) = self.slots.asked.remove(offer) else {
                continue;
            };
            let known = self.known_call(call);
            let outcome = match result {
                OfferResult::Answered => known.ok_or(NotDone::Refused(Refused::NoSuchCall)),
                other => Err(NotDone::NotPickedUp(*other)),
            };
            let _ = reply.send(outcome);
        }
    }
}
