//! What happens, and what the engine's commands do to it.

use engine::acd::{Command, Input, OfferFailure, Returned};
use model::{AgentId, AgentState, CallId, Caller, OfferId, QueueId, ServerId};
use rand::Rng;
use rand::seq::IndexedRandom;

use super::day::{Happening, World};
use super::pbx::{AgentLeg, CallerLeg};
use super::people::{Reaction, SECOND, patience, reaction, talk, until_next_arrival};

/// Between two arrivals at noon, on average.
const ARRIVAL_MEAN: u64 = 5 * SECOND / 2;

impl World {
    pub(super) fn happens(&mut self, happening: &Happening) {
        match *happening {
            Happening::NextCaller => self.caller_arrives(),
            Happening::GivesUp(call) => {
                let talking = self
                    .pbx
                    .callers
                    .get(&call)
                    .is_some_and(|c| c.bridged.is_some());
                if !talking {
                    self.caller_leaves(call);
                }
            }
            Happening::TalkEnds(offer, by_caller) => self.talk_ends(offer, by_caller),
            Happening::PhoneReacts(offer, reaction) => self.phone_reacts(offer, reaction),
            Happening::RingsOut(offer) => {
                let rings = self
                    .pbx
                    .legs
                    .get(&offer)
                    .filter(|leg| !leg.up)
                    .map(|leg| leg.server);
                if let Some(server) = rings {
                    self.pbx.drop_leg(offer);
                    self.tell_failed(server, offer, OfferFailure::NoAnswer);
                }
            }
            Happening::BridgeBuilt(offer) => self.bridge_built(offer),
            Happening::Thinks(agent) => self.agent_thinks(agent),
            Happening::Asks(agent, state) => self.agent_asks(agent, state),
            Happening::Meddles => {
                for input in self.setup.meddle(&mut self.chance) {
                    let newcomer = match &input {
                        Input::AgentSet(agent) => Some(agent.id),
                        _ => None,
                    };
                    self.handle(input);
                    if let Some(agent) = newcomer {
                        self.soon(SECOND, Happening::Thinks(agent));
                    }
                }
            }
            Happening::LinkLost(server) => self.link_lost(server),
            Happening::LinkBack(server, restarted) => self.link_back(server, restarted),
            Happening::Resync(server) => {
                if !self.down.contains(&server) {
                    self.resync(server, false);
                }
            }
            Happening::Input(..)
            | Happening::JournalCut
            | Happening::Killed
            | Happening::Closing => {}
        }
    }

    fn caller_arrives(&mut self) {
        if self.closing {
            return;
        }
        let wait = until_next_arrival(&mut self.chance, self.at, super::day::DAY, ARRIVAL_MEAN);
        self.soon(wait.max(1), Happening::NextCaller);
        let call = CallId::new(self.now().utc, self.chance.random());
        let server = self.setup.servers[self.chance.random_range(0..self.setup.servers.len())];
        let names: Vec<&str> = self
            .setup
            .queues
            .values()
            .map(|q| q.name.as_str())
            .collect();
        let named = self.chance.random_range(0..=names.len());
        let argument = names.get(named).map(|name| (*name).to_owned());
        let dialled = format!("55501{:02}", self.chance.random_range(0..5));
        let priority = if self.chance.random_bool(0.15) {
            self.chance.random_range(-1..3)
        } else {
            0
        };
        let arrival = Input::CallArrived {
            returned: self.returned(),
            call,
            server,
            channel: format!("chan-{}", call.0.as_simple()),
            caller: Caller::default(),
            dialled,
            argument,
            priority,
        };
        let leg = CallerLeg {
            server,
            arrival: arrival.clone(),
            bridged: None,
        };
        self.pbx.callers.insert(call, leg);
        self.tell(Some(server), arrival);
        let patience = patience(&mut self.chance);
        self.soon(patience, Happening::GivesUp(call));
    }

    /// Whom some callers call back.
    fn returned(&mut self) -> Option<Returned> {
        if self.chance.random_bool(0.5) {
            return None;
        }
        let agents: Vec<AgentId> = self.setup.agents.keys().copied().collect();
        let queues: Vec<QueueId> = self.setup.queues.keys().copied().collect();
        let to_queue = self.chance.random_bool(0.3);
        Some(Returned {
            agent: agents.choose(&mut self.chance).copied(),
            queue: queues
                .choose(&mut self.chance)
                .copied()
                .filter(|_| to_queue),
        })
    }

    fn caller_leaves(&mut self, call: CallId) {
        if let Some(caller) = self.pbx.drop_caller(call) {
            let cause = Some(16);
            self.tell(Some(caller.server), Input::CallerHungUp { call, cause });
        }
    }

    fn talk_ends(&mut self, offer: OfferId, by_caller: bool) {
        let Some(leg) = self.pbx.legs.get(&offer).cloned() else {
            return;
        };
        if by_caller {
            self.caller_leaves(leg.call);
        } else {
            self.pbx.drop_leg(offer);
            let cause = Some(16);
            self.tell(Some(leg.server), Input::AgentHungUp { offer, cause });
            // Nobody hears anybody: the caller hangs up too, sooner or later.
            self.soon(20 * SECOND, Happening::GivesUp(leg.call));
        }
    }

    fn phone_reacts(&mut self, offer: OfferId, reaction: Reaction) {
        let Some(leg) = self.pbx.legs.get_mut(&offer).filter(|leg| !leg.up) else {
            return;
        };
        let (server, agent) = (leg.server, leg.agent);
        let why = match reaction {
            Reaction::Nothing => return,
            Reaction::Answer => {
                leg.up = true;
                self.tell(Some(server), Input::OfferAnswered { offer });
                return self.mischief(agent);
            }
            Reaction::DeclineInPage => return self.tell(None, Input::OfferDeclined { offer }),
            Reaction::Busy => OfferFailure::Busy,
            Reaction::Decline => OfferFailure::Declined,
            Reaction::Unreachable => OfferFailure::Unreachable,
        };
        self.pbx.drop_leg(offer);
        self.tell_failed(server, offer, why);
    }

    fn bridge_built(&mut self, offer: OfferId) {
        let Some(leg) = self.pbx.legs.get(&offer).cloned() else {
            return;
        };
        if self.down.contains(&leg.server) && self.chance.random_bool(0.5) {
            return;
        }
        let unlucky = !leg.bridged && self.chance.random_bool(self.faults.bridge_failed);
        if unlucky || !self.pbx.bridge(offer) {
            return self.tell(Some(leg.server), Input::ConnectFailed { offer });
        }
        self.tell(Some(leg.server), Input::Connected { offer });
        let length = talk(&mut self.chance);
        let by_caller = self.chance.random_bool(0.5);
        self.soon(length, Happening::TalkEnds(offer, by_caller));
        if self.chance.random_bool(0.05) {
            self.tell(None, Input::HangUpAsked { call: leg.call });
        }
        self.mischief(leg.agent);
    }

    /// An agent presses a button at the worst moment.
    fn mischief(&mut self, agent: AgentId) {
        if self.chance.random_bool(self.faults.mischief) {
            let delay = self.chance.random_range(0..2 * SECOND);
            let state = self.some_state();
            self.soon(delay, Happening::Asks(agent, state));
        }
    }

    fn some_state(&mut self) -> AgentState {
        match self.chance.random_range(0..4) {
            0 => AgentState::Break,
            1 => AgentState::Offline,
            _ => AgentState::Available,
        }
    }

    fn agent_asks(&mut self, agent: AgentId, state: AgentState) {
        let reason = (state == AgentState::Break).then(|| "lunch".to_owned());
        self.tell(
            None,
            Input::StateAsked {
                agent,
                state,
                reason,
            },
        );
    }

    /// Mostly there, at times on a break or away, and back from pauses that do not end by themselves.
    fn agent_thinks(&mut self, agent: AgentId) {
        if !self.setup.agents.contains_key(&agent) || self.closing {
            return;
        }
        let state = if self.chance.random_bool(0.75) {
            AgentState::Available
        } else {
            self.some_state()
        };
        self.agent_asks(agent, state);
        let next = self.chance.random_range(5 * SECOND..90 * SECOND);
        self.soon(next, Happening::Thinks(agent));
    }

    fn link_lost(&mut self, server: ServerId) {
        if self.closing || !self.down.insert(server) {
            return;
        }
        self.handle(Input::ServerLost { server });
        let restart = self.chance.random_bool(0.4);
        let survives = if restart {
            0.0
        } else {
            self.chance.random_range(0.3..1.0)
        };
        for call in self.pbx.callers.keys().copied().collect::<Vec<_>>() {
            if self.pbx.callers[&call].server == server && !self.chance.random_bool(survives) {
                self.pbx.drop_caller(call);
            }
        }
        for offer in self.pbx.legs.keys().copied().collect::<Vec<_>>() {
            if self.pbx.legs[&offer].server == server && !self.chance.random_bool(survives) {
                self.pbx.drop_leg(offer);
            }
        }
        let back = self.chance.random_range(SECOND..30 * SECOND);
        self.soon(back, Happening::LinkBack(server, restart));
    }

    fn link_back(&mut self, server: ServerId, restarted: bool) {
        self.down.remove(&server);
        self.resync(server, restarted);
    }

    /// The snapshot, and what a server then does with what the engine does not know.
    fn resync(&mut self, server: ServerId, restarted: bool) {
        let snapshot = self.pbx.snapshot(server, restarted);
        let calls = snapshot.calls.clone();
        let legs: Vec<OfferId> = snapshot.offers.iter().map(|(offer, _)| *offer).collect();
        self.handle(Input::ServerResynced { server, snapshot });
        for call in calls {
            if self.acd.call(call).is_some() {
                continue;
            }
            if self.ended.contains(&call) {
                self.pbx.drop_caller(call);
            } else if let Some(caller) = self.pbx.callers.get(&call) {
                let arrival = caller.arrival.clone();
                self.handle(arrival);
            }
        }
        for offer in legs {
            if self.acd.offer(offer).is_none() {
                self.pbx.drop_leg(offer);
            }
        }
    }

    /// A command reaches the server, if there is a way.
    pub(super) fn execute(&mut self, command: &Command) {
        match *command {
            Command::Offer {
                offer,
                call,
                agent,
                timeout,
                ..
            } => self.rings(offer, call, agent, timeout),
            Command::Withdraw { offer } | Command::Disconnect { offer } => {
                let leg = self.pbx.legs.get(&offer);
                let reached = leg.map(|leg| leg.server).filter(|s| !self.down.contains(s));
                if let Some(server) = reached {
                    self.pbx.drop_leg(offer);
                    // Asterisk tells what we did, and the engine must not care.
                    let cause = Some(26);
                    self.tell(Some(server), Input::AgentHungUp { offer, cause });
                }
            }
            Command::Connect { offer, .. } => {
                let delay = self.chance.random_range(2_000..400_000);
                self.soon(delay, Happening::BridgeBuilt(offer));
            }
            Command::HangUp { call } => {
                if self.reaches(call) {
                    self.caller_leaves(call);
                }
            }
            Command::Continue { call, .. } => {
                if self.reaches(call)
                    && let Some(caller) = self.pbx.drop_caller(call)
                {
                    self.tell(Some(caller.server), Input::CallContinued { call });
                }
            }
            Command::Publish(_)
            | Command::Answer { .. }
            | Command::Ring { .. }
            | Command::PlayMusic { .. }
            | Command::Park { .. } => {}
        }
    }

    fn reaches(&self, call: CallId) -> bool {
        let caller = self.pbx.callers.get(&call);
        caller.is_some_and(|caller| !self.down.contains(&caller.server))
    }

    fn rings(
        &mut self,
        offer: OfferId,
        call: CallId,
        agent: AgentId,
        timeout: std::time::Duration,
    ) {
        // If the caller has just gone, the engine does not know yet and will give up.
        let Some(server) = self.pbx.callers.get(&call).map(|caller| caller.server) else {
            return;
        };
        let (mut reaction, delay) = reaction(&mut self.chance);
        if self.pbx.in_use(agent) && self.chance.random_bool(0.5) {
            reaction = Reaction::Busy;
        }
        let leg = AgentLeg {
            call,
            server,
            agent,
            up: false,
            bridged: false,
        };
        self.pbx.legs.insert(offer, leg);
        self.soon(delay, Happening::PhoneReacts(offer, reaction));
        let rings = u64::try_from(timeout.as_micros()).unwrap_or(u64::MAX);
        self.soon(rings, Happening::RingsOut(offer));
        self.mischief(agent);
    }
}
