//! Which calls present our numbers and how they end, from what a telephone server tells of all its channels.
//!
//! One [`Calls`] follows one server, and says to the [`Allocator`](super::Allocator) what is over. It must never know more of a channel than
//! its id, and forgets what has ended: what it holds is bounded by [`MAX_CALLS`].
//!
//! Rules that are ours and not obvious:
//! - A call belongs to the channel that dials; a channel that was originated dials itself.
//! - Once answered, a call is over when the person's channel is: an agent may have transferred it. Until then it is over with the
//!   channel that dials, which may try a second trunk.
//! - The reservation that the dialplan carries goes before number and person, and ends without an outcome if nobody was dialled.
//! - Of a call that was up before we listened nobody knows since when it has been answered: its talk counts from when the person's
//!   channel was made.
//! - An end that nobody saw has no outcome: it says nothing about a number's health.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use model::{E164, ReservationId, Timestamp};

use super::input::{Input, Outcome, Release};

/// Calls that are followed at a time, and legs: more than one telephone server carries.
pub const MAX_CALLS: usize = 65_536;

/// A channel's id.
pub type Channel = String;

/// What a server told of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The dialplan carries this reservation on the channel from now on.
    Carries {
        channel: Channel,
        reservation: Option<ReservationId>,
    },
    /// `peer` is being called, by `caller` unless it was originated.
    Dialled {
        caller: Option<Channel>,
        peer: Channel,
        presented: Vec<Presented>,
    },
    Answered {
        caller: Option<Channel>,
        peer: Channel,
    },
    /// A call that was up before anybody listened, of `caller` or of the person's own channel. One that is known is ignored.
    Found {
        caller: Channel,
        reservation: Option<ReservationId>,
        presented: Vec<Presented>,
        /// The person's channel and when it was made, if the person has answered.
        answered: Option<(Channel, Timestamp)>,
    },
    Gone {
        channel: Channel,
    },
    /// All channels that there are. What is not among them has ended, nobody knows when.
    There(BTreeSet<Channel>),
}

/// A number that was presented to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented {
    pub number: E164,
    pub to: E164,
}

/// The calls of one server.
#[derive(Debug, Default)]
pub struct Calls {
    /// By the channel that dials.
    open: BTreeMap<Channel, Call>,
    /// The channels that were dialled, with those that dialled them.
    legs: BTreeMap<Channel, Channel>,
    overflowed: u64,
    ended: VecDeque<Input>,
}

#[derive(Debug, Default)]
struct Call {
    reservation: Option<ReservationId>,
    /// The readings of what was presented and dialled; one of them at most has a reservation.
    presented: Vec<Presented>,
    legs: Vec<Channel>,
    dialled: bool,
    answered: Option<Answer>,
}

#[derive(Debug)]
struct Answer {
    leg: Channel,
    at: Timestamp,
}

impl Calls {
    /// Takes in what was told, `at` the server's own time. What follows from it waits in [`next_command`](Self::next_command).
    pub fn handle(&mut self, at: Timestamp, heard: Heard) {
        match heard {
            Heard::Carries {
                channel,
                reservation,
            } => self.carries(at, channel, reservation),
            Heard::Dialled {
                caller,
                peer,
                presented,
            } => self.dialled(at, caller, peer, presented),
            Heard::Answered { caller, peer } => self.answered(at, caller, peer),
            Heard::Found {
                caller,
                reservation,
                presented,
                answered,
            } => self.found(caller, reservation, presented, answered),
            Heard::Gone { channel } => self.gone(at, &channel),
            Heard::There(channels) => self.compare(&channels),
        }
    }

    /// What the allocator is to be told next.
    pub fn next_command(&mut self) -> Option<Input> {
        self.ended.pop_front()
    }

    /// Whether a channel belongs to a call that is followed.
    pub fn knows(&self, channel: &Channel) -> bool {
        self.open.contains_key(channel) || self.legs.contains_key(channel)
    }

    /// How many calls are followed.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// How many calls and legs were not followed, because there were too many.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    fn carries(&mut self, at: Timestamp, channel: Channel, reservation: Option<ReservationId>) {
        if let Some(owner) = self.legs.get(&channel) {
            if let Some(call) = self.open.get_mut(owner) {
                call.reservation = call.reservation.or(reservation);
            }
            return;
        }
        if self.open.get(&channel).and_then(|call| call.reservation) == reservation {
            return;
        }
        // The dialplan has asked anew: its last call is over.
        self.end(&channel, Some(at));
        if reservation.is_some()
            && let Some(call) = self.open_call(channel)
        {
            call.reservation = reservation;
        }
    }

    fn dialled(
        &mut self,
        at: Timestamp,
        caller: Option<Channel>,
        peer: Channel,
        presented: Vec<Presented>,
    ) {
        let owner = caller.unwrap_or_else(|| peer.clone());
        if self.legs.contains_key(&peer) {
            return;
        }
        let inherited = self.inherited(&owner, &peer);
        let known = self.open.get(&owner);
        let carried = known.and_then(|call| call.reservation).or(inherited);
        let before = known.map_or(&[][..], |call| &call.presented);
        if presented.is_empty() && (carried.is_none() || !before.is_empty()) {
            return;
        }
        let mut carried = carried;
        if !before.is_empty() && before != presented {
            self.end(&owner, Some(at));
            carried = inherited;
        }
        if self.legs.len() >= MAX_CALLS {
            self.overflowed += 1;
            return;
        }
        let Some(call) = self.open_call(owner.clone()) else {
            return;
        };
        call.reservation = carried;
        if call.presented != presented {
            // Until now the dialplan called somebody of the house.
            call.presented = presented;
            call.answered = None;
        }
        call.dialled = true;
        call.legs.push(peer.clone());
        self.legs.insert(peer, owner);
    }

    /// A reservation that a dialled channel has from the one that dials it ends with their call, not by itself.
    fn inherited(&mut self, owner: &Channel, peer: &Channel) -> Option<ReservationId> {
        if owner == peer || self.open.get(peer)?.dialled {
            return None;
        }
        self.open.remove(peer)?.reservation
    }

    fn open_call(&mut self, owner: Channel) -> Option<&mut Call> {
        if self.open.len() >= MAX_CALLS && !self.open.contains_key(&owner) {
            self.overflowed += 1;
            return None;
        }
        Some(self.open.entry(owner).or_default())
    }

    fn answered(&mut self, at: Timestamp, caller: Option<Channel>, leg: Channel) {
        let owner = self.legs.get(&leg).cloned().or(caller);
        let Some((owner, call)) = owner.and_then(|owner| {
            let call = self.open.get_mut(&owner)?;
            Some((owner, call))
        }) else {
            return;
        };
        if call.dialled && call.answered.is_none() {
            // The leg of a call that was found is heard of for the first time.
            if !call.legs.contains(&leg) {
                call.legs.push(leg.clone());
                self.legs.insert(leg.clone(), owner);
            }
            call.answered = Some(Answer { leg, at });
        }
    }

    fn found(
        &mut self,
        caller: Channel,
        reservation: Option<ReservationId>,
        presented: Vec<Presented>,
        answered: Option<(Channel, Timestamp)>,
    ) {
        let leg = answered.as_ref().map(|(leg, _)| leg);
        if self.knows(&caller) || leg.is_some_and(|leg| self.knows(leg)) {
            return;
        }
        let Some(call) = self.open_call(caller.clone()) else {
            return;
        };
        call.reservation = reservation;
        call.presented = presented;
        call.dialled = true;
        if let Some((leg, at)) = answered {
            call.legs.push(leg.clone());
            call.answered = Some(Answer {
                leg: leg.clone(),
                at,
            });
            self.legs.insert(leg, caller);
        }
    }

    fn gone(&mut self, at: Timestamp, channel: &Channel) {
        if let Some(owner) = self.legs.remove(channel)
            && let Some(call) = self.open.get_mut(&owner)
        {
            call.legs.retain(|leg| leg != channel);
            let answered = call.answered.as_ref();
            if answered.is_some_and(|answer| answer.leg == *channel) {
                self.end(&owner, Some(at));
            }
        }
        let call = self.open.get(channel);
        if call.is_some_and(|call| call.answered.is_none()) {
            self.end(channel, Some(at));
        }
    }

    fn compare(&mut self, there: &BTreeSet<Channel>) {
        let lasts = |(owner, call): (&Channel, &Call)| {
            let until = call.answered.as_ref().map_or(owner, |answer| &answer.leg);
            (!there.contains(until)).then(|| owner.clone())
        };
        let over: Vec<_> = self.open.iter().filter_map(lasts).collect();
        for owner in over {
            self.end(&owner, None);
        }
        for call in self.open.values_mut() {
            call.legs.retain(|leg| there.contains(leg));
        }
        self.legs.retain(|leg, _| there.contains(leg));
    }

    /// `at`: when it was seen to end.
    fn end(&mut self, owner: &Channel, at: Option<Timestamp>) {
        let Some(call) = self.open.remove(owner) else {
            return;
        };
        for leg in &call.legs {
            self.legs.remove(leg);
        }
        let outcome = at.map(|at| call.outcome(at));
        if let Some(reservation) = call.reservation {
            let why = if call.dialled {
                Release::CallEnded(outcome)
            } else {
                Release::Deleted
            };
            self.ended.push_back(Input::Released { reservation, why });
            return;
        }
        for Presented { number, to } in call.presented {
            self.ended.push_back(Input::CallEnded {
                number,
                to,
                outcome,
            });
        }
    }
}

impl Call {
    fn outcome(&self, at: Timestamp) -> Outcome {
        let talk = self.answered.as_ref().map(|answer| at.since(answer.at));
        Outcome {
            answered: talk.is_some(),
            talk: talk.unwrap_or_default(),
        }
    }
}
