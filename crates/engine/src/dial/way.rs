//! The way to the customer: the server's own dialplan, or one trunk after the other until one takes the call.
//!
//! A trunk *takes* a call unless it says that it cannot carry it, before anybody's phone rang. Somebody who is busy, rejects the call or does not answer was
//! reached: they are never rung once more over another trunk.

use std::time::Duration;

use model::{CallId, EndedBy, EventBody, Instant, Outcome, TrunkId};

use super::{CUSTOMER_RING, Command, Dial, Dialler, Ending, LegState, Step};
use crate::trunk::Way;

/// How long a call waits for a trunk that is asked too often.
pub const WAY_PATIENCE: Duration = Duration::from_secs(5);
/// Trunks that one call is given to at most.
pub const MAX_TRIES: usize = 5;

/// No circuit is there for the call (Q.850).
const NO_CIRCUIT: u16 = 34;
/// The causes of Q.850 that speak of the network and not of who is called: no route, no response, out of order, no circuit,
/// failures, congestion, and what was not available; 102 is a time-out.
const NOT_TAKEN: [u16; 10] = [3, 18, 27, NO_CIRCUIT, 38, 42, 44, 47, 58, 102];

/// Where a call is on its way.
#[derive(Debug, Clone, Default)]
pub(super) struct Routing {
    /// The trunk that has the call.
    trunk: Option<TrunkId>,
    /// Whether the customer's phone has rung by it.
    rang: bool,
    /// Those that could not take it.
    tried: Vec<TrunkId>,
    /// What the last of them said.
    after_cause: Option<u16>,
    /// When the search is over.
    until: Option<Instant>,
}

impl Dialler {
    /// Looks for a way, and gives up looking after a while.
    pub(super) fn ask_way(&mut self, id: CallId) {
        let until = self.now.mono.after(WAY_PATIENCE);
        if let Some(dial) = self.dials.get_mut(&id) {
            dial.routing.until = Some(until);
        }
        self.begin(id, Step::Routing);
        self.ask_way_once(id);
    }

    fn ask_way_once(&mut self, id: CallId) {
        if let Some(dial) = self.dials.get(&id)
            && let Some(to) = dial.to
        {
            self.commands.push_back(Command::AskWay {
                call: id,
                server: dial.call.server,
                to,
                tried: dial.routing.tried.clone(),
            });
        }
    }

    pub(super) fn way_given(&mut self, id: CallId, way: Way) {
        let dial = self.dials.get_mut(&id);
        let Some(dial) = dial.filter(|dial| dial.step == Step::Routing) else {
            return;
        };
        let endpoint = way.dial_string();
        if let Way::Trunk(route) = way {
            dial.routing.trunk = Some(route.trunk);
            if let Some(placed) = &mut dial.call.placed {
                placed.trunk = Some(route.name.clone());
            }
            let routed = EventBody::CallRouted {
                call: id,
                trunk: route.name,
                dialled: route.number,
                after_cause: dial.routing.after_cause,
            };
            self.commands.push_back(Command::Publish(routed));
        }
        self.ring_customer(id, endpoint);
    }

    pub(super) fn no_way(&mut self, id: CallId, retry_at: Option<Instant>) {
        let dial = self.dials.get_mut(&id);
        let Some(dial) = dial.filter(|dial| dial.step == Step::Routing) else {
            return;
        };
        match retry_at.filter(|at| dial.routing.until.is_some_and(|until| *at < until)) {
            Some(at) => {
                dial.until = Some(at);
                self.arm(id);
            }
            None => self.no_trunk(id),
        }
    }

    /// It was time to ask again.
    pub(super) fn way_again(&mut self, id: CallId) {
        let until = self.dials.get(&id).and_then(|dial| dial.routing.until);
        if until.is_none_or(|until| until <= self.now.mono) {
            return self.no_trunk(id);
        }
        if let Some(dial) = self.dials.get_mut(&id) {
            // Whoever is asked answers at once; this is for the case that nobody does.
            dial.until = until;
        }
        self.arm(id);
        self.ask_way_once(id);
    }

    fn no_trunk(&mut self, id: CallId) {
        let said = self
            .dials
            .get(&id)
            .and_then(|dial| dial.routing.after_cause);
        let ending = Ending {
            cause: said.or(Some(NO_CIRCUIT)),
            ..Ending::by(Outcome::NotReached, EndedBy::System)
        };
        self.end(id, ending);
    }

    fn ring_customer(&mut self, id: CallId, endpoint: String) {
        let Some(dial) = self.dials.get_mut(&id) else {
            return;
        };
        dial.customer_leg = LegState::Asked;
        dial.routing.rang = false;
        let placed = dial.call.placed.clone().unwrap_or_default();
        let command = Command::CallCustomer {
            call: id,
            server: dial.call.server,
            endpoint,
            caller_id: placed.caller_id,
            reservation: placed.reservation,
            timeout: CUSTOMER_RING,
        };
        self.begin(id, Step::CallingCustomer);
        self.commands.push_back(command);
    }

    pub(super) fn customer_rings(&mut self, id: CallId) {
        if let Some(dial) = self.dials.get_mut(&id)
            && dial.step == Step::CallingCustomer
        {
            dial.routing.rang = true;
        }
    }

    /// The customer's leg has ended. If its trunk could not take the call, the next one is asked.
    pub(super) fn goes_elsewhere(&mut self, id: CallId, cause: Option<u16>) -> bool {
        let Some(dial) = self.dials.get_mut(&id) else {
            return false;
        };
        let (server, not_taken) = (dial.call.server, dial.was_not_taken(cause));
        let Some(trunk) = dial.routing.trunk.take_if(|_| not_taken) else {
            return false;
        };
        dial.customer_leg = LegState::None;
        dial.routing.tried.push(trunk);
        dial.routing.after_cause = cause;
        let more = dial.routing.tried.len() < MAX_TRIES;
        self.commands
            .push_back(Command::TrunkFailed { trunk, server });
        if more {
            self.ask_way(id);
        } else {
            self.no_trunk(id);
        }
        true
    }
}

impl Dial {
    fn was_not_taken(&self, cause: Option<u16>) -> bool {
        self.step == Step::CallingCustomer
            && !self.routing.rang
            && cause.is_some_and(|cause| NOT_TAKEN.contains(&cause))
    }
}
