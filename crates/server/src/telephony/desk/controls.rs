//! The desk's part in call control: who waits for an answer, and when two talk.

use std::collections::BTreeMap;

use engine::{
    acd::{Input as AcdInput, NotGiven},
    control::{
        Command, Control, Input, Refusal, Talkers, Target, TargetAt, Ticket, Verb, WatchWish, Wish,
    },
    dial,
    trunk::{self, Way},
};
use model::{
    AgentId, Call, CallId, CallState, Deed, EventBody, OfferId, OfferResult, ServerId, Watch,
    WatchId, WatchMode,
};
use tokio::sync::oneshot;

use super::{Desk, Refused, ways::said};
use crate::telephony::{names, outbox};

/// Why something was not done to a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Control(#[from] Refusal),
    /// What each of them says.
    #[error("no trunk takes the call: {0}")]
    NoTrunk(String),
    #[error(transparent)]
    NotGiven(#[from] NotGiven),
    /// How ringing the agent's phone ended.
    #[error("{}", not_picked_up(*.0))]
    NotPickedUp(OfferResult),
}

fn not_picked_up(result: OfferResult) -> &'static str {
    match result {
        OfferResult::CallerGone => "the caller has hung up meanwhile",
        OfferResult::Unreachable => "the agent's phone could not be rung: it is not registered",
        OfferResult::PhoneBusy => "the agent's phone is busy",
        OfferResult::Declined => "the agent's phone declined the call",
        OfferResult::PickedUp => "somebody else got the call",
        OfferResult::AgentLeft => "the agent went on a break, or offline",
        OfferResult::BridgeFailed | OfferResult::ServerLost => {
            "Asterisk could not bring the two together"
        }
        OfferResult::Missed | OfferResult::LostRace | OfferResult::Answered => {
            "the agent's phone was not picked up"
        }
    }
}

/// What somebody wants done to a call, and who.
#[derive(Debug)]
pub(in crate::telephony) struct Demand {
    pub(in crate::telephony) call: CallId,
    pub(in crate::telephony) by: String,
    pub(in crate::telephony) what: What,
}

#[derive(Debug)]
pub(in crate::telephony) enum What {
    Verb(Verb),
    /// Into the smallest free slot.
    Park,
    Watch {
        watcher: AgentId,
        mode: WatchMode,
    },
    Unwatch {
        watcher: AgentId,
    },
}

/// The call as it stands then.
pub(in crate::telephony) type Reply = oneshot::Sender<Result<Call, NotDone>>;

/// The calls that talk, and those who want something done.
#[derive(Default)]
pub(super) struct Controls {
    control: Control,
    last_ticket: Ticket,
    waiting: BTreeMap<Ticket, Waiting>,
    /// Whose agent's phone it is.
    offers: BTreeMap<OfferId, CallId>,
    /// Agents who hung up while a third one may have their customer: what is told of it if not.
    left: BTreeMap<CallId, Left>,
    /// Agents of ours who are the third one of a call, or were given its customer.
    thirds: BTreeMap<CallId, AgentId>,
}

/// Who wants something done to a call.
struct Waiting {
    call: CallId,
    reply: Reply,
    /// What the third one's channel is counted as, on which server, if a trunk was chosen for it.
    counted: Option<(ServerId, String)>,
}

/// What the engine that owns a call hears when its agent is gone.
enum Left {
    Queued(OfferId, AcdInput),
    Placed(dial::Input),
}

impl Controls {
    pub(super) fn poll_timeout(&self) -> Option<model::Instant> {
        self.control.poll_timeout()
    }

    /// The call with what has been done to it.
    pub(super) fn complete(&self, call: &mut Call) {
        if let Some(state) = self.control.state(call.id) {
            call.control = state.clone();
        }
    }

    pub(super) fn slots_asked_for(&self) -> impl Iterator<Item = u32> {
        self.control.slots_asked_for()
    }

    /// Whoever's phone it was has the call no more.
    pub(super) fn forget_offers_of(&mut self, call: CallId) {
        self.left.remove(&call);
        self.offers.retain(|_, of| *of != call);
    }

    pub(super) fn watches(&self, call: CallId) -> Vec<Watch> {
        self.control.watchers(call).cloned().collect()
    }
}

impl Desk {
    pub(super) fn demand(&mut self, mut demand: Demand, reply: Reply) {
        self.controls.last_ticket += 1;
        let (ticket, call) = (self.controls.last_ticket, demand.call);
        let counted = match &mut demand.what {
            What::Verb(Verb::Consult(target)) => self.reach(call, target),
            _ => Ok(None),
        };
        let wish = counted.and_then(|counted| Ok((self.wish(demand, ticket)?, counted)));
        match wish {
            Ok((input, counted)) => {
                let waiting = Waiting {
                    call,
                    reply,
                    counted,
                };
                self.controls.waiting.insert(ticket, waiting);
                self.control(input);
            }
            Err(why) => drop(reply.send(Err(why))),
        }
    }

    /// How a third one is reached, and what their channel is counted as if a trunk carries it.
    fn reach(
        &mut self,
        call: CallId,
        target: &mut Target,
    ) -> Result<Option<(ServerId, String)>, NotDone> {
        let number = match &target.at {
            TargetAt::Phone(extension) => {
                target.endpoint = format!("PJSIP/{extension}");
                return Ok(None);
            }
            TargetAt::Number(number) => *number,
        };
        if !self.controls.control.may_consult(call) {
            // The engine says why.
            return Ok(None);
        }
        let known = self.known_call(call).ok_or(Refused::NoSuchCall)?;
        let counted = names::third_of(call, self.controls.control.next_consult(call));
        let way_to = trunk::Ask {
            server: known.server,
            to: trunk::Called::Number(number),
            tried: &[],
        };
        let way = self.ways.choose(way_to, &counted);
        let way = way.map_err(|none| NotDone::NoTrunk(said(&none.considered)))?;
        target.endpoint = way.dial_string();
        Ok(matches!(way, Way::Trunk(_)).then_some((known.server, counted)))
    }

    fn wish(&self, demand: Demand, ticket: Ticket) -> Result<Input, NotDone> {
        let Demand { call, by, what } = demand;
        Ok(match what {
            What::Verb(verb) => Input::Asked(Wish {
                call,
                ticket,
                verb,
                by,
            }),
            What::Park => Input::Asked(Wish {
                call,
                ticket,
                verb: Verb::Park(self.free_slot().ok_or(Refusal::NoSlot)?),
                by,
            }),
            What::Watch { watcher, mode } => {
                let known = self.acd.agent(watcher).ok_or(Refused::NoSuchAgent)?;
                if !known.agent.active {
                    return Err(Refused::NotActive.into());
                }
                let watched = self.known_call(call).and_then(|call| call.agent);
                let watched = watched.and_then(|agent| self.acd.agent(agent));
                let (at, random) = self.clock.id();
                Input::WatchAsked(WatchWish {
                    call,
                    ticket,
                    id: WatchId::new(at, random),
                    watcher,
                    extension: known.agent.extension.clone(),
                    title: watched.map_or_else(String::new, |view| view.agent.name.clone()),
                    free: self.acd.is_free(watcher),
                    mode,
                    by,
                })
            }
            What::Unwatch { watcher } => Input::UnwatchAsked {
                call,
                ticket,
                watcher,
                by,
            },
        })
    }

    pub(in crate::telephony) fn control(&mut self, input: Input) {
        let now = self.clock.now();
        self.controls.control.handle(now, input);
        let (mut facts, mut commands) = (Vec::new(), Vec::new());
        while let Some(command) = self.controls.control.next_command() {
            match command {
                Command::Publish(body) => facts.push(body),
                other => commands.push(other),
            }
        }
        let consults: Vec<(CallId, Deed)> = facts.iter().filter_map(consult).collect();
        self.publish(now.utc, facts);
        for (call, deed) in consults {
            self.follow_third(call, &deed);
        }
        for command in commands {
            self.carry_out_control(command);
        }
    }

    /// A third one who is an agent of ours is offered no calls meanwhile.
    fn follow_third(&mut self, call: CallId, deed: &Deed) {
        match deed {
            Deed::ConsultBegun { to, .. } => {
                let mut agents = self.acd.agents();
                let agent = agents.find(|view| view.agent.extension == *to);
                let agent = agent.map(|view| view.agent.id);
                drop(agents);
                if let Some(agent) = agent.filter(|agent| self.acd.is_free(*agent)) {
                    self.free_third(call, false);
                    self.controls.thirds.insert(call, agent);
                    self.input(AcdInput::AgentEngaged { agent, call });
                }
            }
            Deed::ConsultEnded { cause, .. } => self.free_third(call, cause.is_none()),
            _ => {}
        }
    }

    pub(super) fn free_third(&mut self, call: CallId, talked: bool) {
        if let Some(agent) = self.controls.thirds.remove(&call) {
            self.input(AcdInput::AgentDisengaged {
                agent,
                call,
                talked,
            });
        }
    }

    fn carry_out_control(&mut self, command: Command) {
        let server = match &command {
            Command::Answer { ticket, result } => {
                let waiting = self.controls.waiting.remove(ticket);
                return waiting.map_or((), |waiting| self.answer_demand(waiting, result.clone()));
            }
            &Command::Engage {
                watcher: agent,
                call,
            } => return self.input(AcdInput::AgentEngaged { agent, call }),
            &Command::Disengage {
                watcher: agent,
                call,
            } => {
                let talked = false;
                return self.input(AcdInput::AgentDisengaged {
                    agent,
                    call,
                    talked,
                });
            }
            &Command::HandOver { call } => return self.hand_over(call),
            Command::Park {
                call,
                slot,
                by,
                state,
            } => return self.park(*call, *slot, by.clone(), state.clone()),
            Command::LetEnd { call } => return self.let_end(*call),
            Command::Requeue { server, .. }
            | Command::EndRecording { server, .. }
            | Command::Compare { server }
            | Command::Do { server, .. }
            | Command::Arrange { server, .. }
            | Command::DropTarget { server, .. }
            | Command::CleanUp { server, .. }
            | Command::RingWatcher { server, .. }
            | Command::JoinWatcher { server, .. }
            | Command::DropWatcher { server, .. } => *server,
            Command::Publish(_) => return,
        };
        self.send(server, outbox::Command::Control(command));
    }

    fn answer_demand(&mut self, waiting: Waiting, result: Result<(), Refusal>) {
        if let (Err(_), Some((server, channel))) = (&result, waiting.counted) {
            self.ways
                .handle(trunk::Input::ChannelNotMade { server, channel });
        }
        let outcome = self.outcome(waiting.call, result);
        let _ = waiting.reply.send(outcome);
    }

    fn outcome(&self, call: CallId, result: Result<(), Refusal>) -> Result<Call, NotDone> {
        result?;
        let call = self.known_call(call);
        call.ok_or(NotDone::Refused(Refused::NoSuchCall))
    }

    /// The customer is with somebody else: the agent is let go.
    fn hand_over(&mut self, call: CallId) {
        let left = self.controls.left.remove(&call);
        if self.acd.call(call).is_some() {
            self.input(AcdInput::CallHandedOver { call });
        } else {
            self.dial(dial::Input::HandedOver { call });
        }
        // That it is gone has been told already.
        if let Some(Left::Queued(offer, _)) = left {
            self.offer_server.remove(&offer);
        }
    }

    /// Nobody has the customer: the agent's end is the call's.
    fn let_end(&mut self, call: CallId) {
        match self.controls.left.remove(&call) {
            Some(Left::Queued(_, input)) => self.input(input),
            Some(Left::Placed(input)) => self.dial(input),
            None => {}
        }
    }

    /// Whether an agent who hung up leaves the customer with a third one. Then the call's engine hears of it later, if at all.
    pub(super) fn leaves_customer(&mut self, input: &AcdInput) -> bool {
        let AcdInput::AgentHungUp { offer, .. } = input else {
            return false;
        };
        let call = self.controls.offers.get(offer).copied();
        let left = Left::Queued(*offer, input.clone());
        call.is_some_and(|call| self.leaves(call, left))
    }

    /// The same of a call that we placed.
    pub(super) fn leaves_dialled(&mut self, input: &dial::Input) -> bool {
        let dial::Input::LegEnded { call, leg, .. } = input else {
            return false;
        };
        *leg == dial::Leg::Agent && self.leaves(*call, Left::Placed(input.clone()))
    }

    fn leaves(&mut self, call: CallId, left: Left) -> bool {
        let leaves = self.controls.control.may_be_left(call);
        if leaves {
            self.controls.left.insert(call, left);
            self.control(Input::AgentLeft { call });
        }
        leaves
    }

    /// Calls begin to talk, and end.
    pub(super) fn follow_talks(&mut self, facts: &[EventBody]) {
        for fact in facts {
            match fact {
                EventBody::CallAnswered { call, .. }
                | EventBody::CallRetrieved { call, .. }
                | EventBody::CustomerAnswered { call, .. } => {
                    if let Some(call) = self.known_call(*call) {
                        self.begin_talk(call);
                    }
                }
                EventBody::CallEnded { call, .. } => {
                    self.not_made(*call);
                    self.end_talk(*call);
                }
                _ => {}
            }
        }
    }

    fn end_talk(&mut self, call: CallId) {
        self.controls.forget_offers_of(call);
        let state = self.controls.control.state(call);
        let given = state.is_some_and(|state| state.transferred_to.is_some());
        self.control(Input::Over { call });
        if !given {
            self.free_third(call, true);
        }
    }

    fn begin_talk(&mut self, call: Call) {
        if let Some(offer) = call.offer {
            self.controls.offers.insert(offer, call.id);
        }
        let talkers = match call.offer {
            Some(offer) => Talkers::Queued {
                channel: call.channel.clone(),
                offer,
            },
            None => Talkers::Placed,
        };
        let call = Box::new(call);
        self.control(Input::Talking { call, talkers });
    }

    /// A call that talked when we stopped, and still does as far as its engine knows. What has become of it is known once its
    /// server is found.
    pub(in crate::telephony) fn restore_talk(&mut self, call: Call) {
        let server: ServerId = call.server;
        let known = self.known_call(call.id);
        if known.is_some_and(|known| known.state == CallState::Talking) {
            self.begin_talk(call);
        }
        self.control(Input::ServerLost { server });
    }
}

/// What is told of a third one.
fn consult(fact: &EventBody) -> Option<(CallId, Deed)> {
    match fact {
        EventBody::CallControlled {
            call,
            deed: deed @ (Deed::ConsultBegun { .. } | Deed::ConsultEnded { .. }),
            ..
        } => Some((*call, deed.clone())),
        _ => None,
    }
}
