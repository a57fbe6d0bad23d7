//! A third person: asked by the agent while the customer waits, asked in by both, or given the customer.
//!
//! While somebody is consulted the customer waits as on hold; whoever of the two the agent does not talk with waits there. If the
//! third one does not answer, or goes, the customer is brought back. With a transfer the customer and the third one are left
//! to themselves, and the call has ended for us.

use std::time::Duration;

use model::{CallId, ConsultState, Deed, Instant, ServerId};

use super::{
    Arrangement, Command, Control, Doing, Failure, Refusal, Talk, Talkers, Timer, VERB_TIMEOUT,
    Verb, Waits,
};

/// How long a third one's phone rings.
pub const TARGET_RING: Duration = Duration::from_secs(30);
/// How long after that we wait for Asterisk to say so.
const RING_GRACE: Duration = Duration::from_secs(2);
/// The Q.850 cause of a phone that was rung in vain.
const NO_ANSWER: u16 = 19;

/// The third one of a call.
pub(super) struct Consulting {
    pub(super) number: u32,
    pub(super) to: String,
    pub(super) transfer: bool,
    pub(super) by: String,
    /// The agent has hung up.
    pub(super) agent_left: bool,
    /// What is being done that nobody has asked for.
    pub(super) arranging: Option<Arrangement>,
    pub(super) until: Option<Instant>,
}

/// What an event told before the answer to the request that it follows from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Early {
    Answered(ServerId),
    Gone(Option<u16>),
}

impl Talk {
    /// Is this third one being asked for right now?
    pub(super) fn is_asking_for(&self, number: u32) -> bool {
        let doing = self.doing.as_ref().map(|doing| &doing.wish.verb);
        matches!(doing, Some(Verb::Consult(_))) && number == self.consults + 1
    }

    /// Is this third one being let go right now?
    pub(super) fn is_letting_go(&self, number: u32) -> bool {
        let doing = self.doing.as_ref().map(|doing| &doing.wish.verb);
        matches!(doing, Some(Verb::EndConsult)) && number == self.consults
    }

    /// Is the customer being given to the third one right now?
    pub(super) fn is_giving(&self) -> bool {
        let doing = self.doing.as_ref().map(|doing| &doing.wish.verb);
        matches!(doing, Some(Verb::Transfer))
    }

    /// The number of the third one whom a verb is about.
    pub(super) fn consult_of(&self, verb: &Verb) -> u32 {
        match verb {
            Verb::Consult(_) => self.consults + 1,
            _ => self.consults,
        }
    }

    pub(super) fn is_arranging(&self) -> bool {
        let consult = self.consult.as_ref();
        consult.is_some_and(|consult| consult.arranging.is_some())
    }

    pub(super) fn consult_state(&self) -> Option<ConsultState> {
        self.consult.as_ref()?;
        self.state.consult.as_ref().map(|consult| consult.state)
    }

    pub(super) fn waits(&self) -> Waits {
        Waits {
            customer: self.state.held_since.is_some(),
            target: self.consult_state() == Some(ConsultState::Waiting),
        }
    }

    pub(super) fn is_conference(&self) -> bool {
        self.consult_state() == Some(ConsultState::Conference)
    }

    /// Do the verb and the third one go together?
    pub(super) fn may_consult(&self, verb: &Verb) -> Result<(), Refusal> {
        match (verb, self.consult_state()) {
            (
                Verb::Consult(_) | Verb::Hold | Verb::Unhold | Verb::ToQueue(_) | Verb::Park(_),
                Some(_),
            ) => Err(Refusal::Consulting),
            (Verb::Park(_), None) if self.talkers == Talkers::Placed => Err(Refusal::NotParkable),
            (Verb::ToQueue(_), None) if self.talkers == Talkers::Placed => Err(Refusal::NotQueued),
            (Verb::Swap | Verb::Conference | Verb::Transfer, None) => Err(Refusal::NotConsulting),
            (Verb::Swap | Verb::Conference | Verb::Transfer, Some(ConsultState::Ringing)) => {
                Err(Refusal::NotAnswered)
            }
            _ => Ok(()),
        }
    }
}

impl Verb {
    /// Is it about a third person?
    pub fn is_about_third(&self) -> bool {
        matches!(
            self,
            Self::Consult(_) | Self::Swap | Self::Conference | Self::Transfer | Self::EndConsult
        )
    }
}

impl Control {
    /// What has been done with a third one.
    pub(super) fn consult_done(&mut self, call: CallId, doing: &Doing) {
        let by = Some(doing.wish.by.clone());
        let Some(talk) = self.talks.get_mut(&call) else {
            return;
        };
        let state = talk.consult_state();
        match &doing.wish.verb {
            Verb::Consult(target) => {
                talk.consults += 1;
                talk.consult = Some(Consulting {
                    number: talk.consults,
                    to: target.to.clone(),
                    transfer: target.transfer,
                    by: doing.wish.by.clone(),
                    agent_left: false,
                    arranging: None,
                    until: None,
                });
                let (to, transfer) = (target.to.clone(), target.transfer);
                self.wait_for_target(call, Some(TARGET_RING + RING_GRACE));
                self.customer_waits(call, true, by.as_deref());
                self.publish(call, by, Deed::ConsultBegun { to, transfer });
                self.catch_up(call);
            }
            Verb::Swap if state == Some(ConsultState::Talking) => {
                self.customer_waits(call, false, by.as_deref());
                self.change_consult(call, by, ConsultState::Waiting);
            }
            Verb::Swap if state.is_some() => {
                self.customer_waits(call, true, by.as_deref());
                self.change_consult(call, by, ConsultState::Talking);
            }
            Verb::Conference if state.is_some() => {
                self.customer_waits(call, false, by.as_deref());
                self.change_consult(call, by, ConsultState::Conference);
            }
            Verb::Transfer if state.is_some() => self.give(call, by),
            Verb::EndConsult if state.is_some() => {
                let to = self.forget_target(call);
                let ended = to.map(|to| Deed::ConsultEnded { to, cause: None });
                if let Some(ended) = ended {
                    self.publish(call, by.clone(), ended);
                }
                self.customer_waits(call, false, by.as_deref());
            }
            _ => {}
        }
    }

    /// It was not done. Nobody knows whether the third one's phone rings, or who is let go has gone.
    pub(super) fn drop_asked(&mut self, call: CallId, doing: &Doing) {
        let Some(talk) = self.talks.get_mut(&call) else {
            return;
        };
        if matches!(doing.wish.verb, Verb::Consult(_)) {
            talk.consults += 1;
            self.commands.push_back(Command::DropTarget {
                call,
                server: talk.server,
                consult: talk.consults,
            });
        } else if let Some(Early::Gone(cause)) = talk.early.take() {
            self.bring_back(call, cause);
        } else if doing.wish.verb == Verb::Transfer
            && talk.consult.as_ref().is_some_and(|one| one.agent_left)
        {
            self.bring_back(call, None);
        }
    }

    fn catch_up(&mut self, call: CallId) {
        let Some(talk) = self.talks.get_mut(&call) else {
            return;
        };
        let number = talk.consults;
        match talk.early.take() {
            Some(Early::Answered(server)) => self.target_answered(call, number, server),
            Some(Early::Gone(cause)) => self.target_gone(call, number, cause),
            None => {}
        }
    }

    fn change_consult(&mut self, call: CallId, by: Option<String>, state: ConsultState) {
        self.publish(call, by, Deed::ConsultChanged { state });
    }

    /// Publishes that the customer waits, or does no longer, unless it is known.
    fn customer_waits(&mut self, call: CallId, waits: bool, by: Option<&str>) {
        let Some(state) = self.state(call) else {
            return;
        };
        let deed = match (state.held_since.is_some(), waits) {
            (false, true) => Deed::Held,
            (true, false) => self.resumed(state),
            _ => return,
        };
        self.publish(call, by.map(str::to_owned), deed);
    }

    pub(super) fn target_answered(&mut self, call: CallId, number: u32, server: ServerId) {
        if let Some(talk) = self.talks.get_mut(&call)
            && talk.is_asking_for(number)
        {
            talk.early = Some(Early::Answered(server));
            return;
        }
        let Some(consult) = self.consulting(call, number) else {
            // Somebody who came too late.
            self.commands.push_back(Command::DropTarget {
                call,
                server,
                consult: number,
            });
            return;
        };
        let what = if consult.transfer {
            Arrangement::GiveOver
        } else {
            Arrangement::Meet
        };
        let rings = |talk: &&Talk| {
            let ringing = talk.consult_state() == Some(ConsultState::Ringing);
            ringing && !talk.is_arranging() && !talk.is_letting_go(number)
        };
        if self.talks.get(&call).as_ref().is_some_and(rings) {
            self.arrange(call, what);
        }
    }

    pub(super) fn arrange(&mut self, call: CallId, what: Arrangement) {
        self.wait_for_target(call, Some(VERB_TIMEOUT));
        let Some(talk) = self.talks.get_mut(&call) else {
            return;
        };
        let waits = talk.waits();
        let Some(consult) = &mut talk.consult else {
            return;
        };
        consult.arranging = Some(what);
        self.commands.push_back(Command::Arrange {
            call,
            server: talk.server,
            talkers: talk.talkers.clone(),
            consult: consult.number,
            what,
            waits,
        });
    }

    pub(super) fn arranged(
        &mut self,
        call: CallId,
        what: Arrangement,
        result: &Result<(), Failure>,
    ) {
        let talk = self.talks.get_mut(&call);
        let consult = talk.and_then(|talk| talk.consult.as_mut());
        let Some(consult) = consult.filter(|consult| consult.arranging == Some(what)) else {
            return;
        };
        consult.arranging = None;
        let (by, agent_left) = (Some(consult.by.clone()), consult.agent_left);
        self.wait_for_target(call, None);
        match (what, result) {
            (Arrangement::Meet, Ok(())) => {
                self.change_consult(call, by, ConsultState::Talking);
                if agent_left {
                    self.arrange(call, Arrangement::GiveOver);
                }
            }
            (Arrangement::GiveOver, Ok(())) => {
                self.give(call, by);
                self.let_given_go(call);
            }
            (Arrangement::Meet | Arrangement::GiveOver, Err(_)) => self.bring_back(call, None),
            (Arrangement::Return, Ok(())) => {
                self.forget_target(call);
                self.customer_waits(call, false, None);
            }
            // Tried again once it is seen what is there.
            (Arrangement::Return, Err(Failure::Unknown)) => self.return_later(call),
            // There is nobody, or nothing, to be brought back to.
            (Arrangement::Return, Err(Failure::Rejected(_))) => drop(self.forget_target(call)),
        }
    }

    fn return_later(&mut self, call: CallId) {
        if let Some(talk) = self.talks.get_mut(&call)
            && let Some(consult) = &mut talk.consult
        {
            consult.arranging = Some(Arrangement::Return);
            let server = talk.server;
            self.commands.push_back(Command::Compare { server });
        }
    }

    pub(super) fn target_gone(&mut self, call: CallId, number: u32, cause: Option<u16>) {
        if let Some(talk) = self.talks.get_mut(&call)
            && talk.is_asking_for(number)
        {
            talk.early = Some(Early::Gone(cause));
        } else if let Some(talk) = self.talks.get_mut(&call)
            && talk.is_letting_go(number)
        {
            // As it was told to; the answer is on its way.
            talk.early = Some(Early::Gone(cause));
        } else if self.consulting(call, number).is_some() {
            self.bring_back(call, cause);
        }
    }

    pub(super) fn target_late(&mut self, call: CallId) {
        let talk = self.talks.get(&call);
        let Some(consult) = talk.and_then(|talk| talk.consult.as_ref()) else {
            return;
        };
        match consult.arranging {
            Some(what) => self.arranged(call, what, &Err(Failure::Unknown)),
            None => self.bring_back(call, Some(NO_ANSWER)),
        }
    }

    /// The third one is let go, and the customer is the agent's again.
    pub(super) fn bring_back(&mut self, call: CallId, cause: Option<u16>) {
        let Some(talk) = self.talks.get(&call) else {
            return;
        };
        let Some(consult) = &talk.consult else {
            return;
        };
        if consult.arranging == Some(Arrangement::Return) {
            return;
        }
        let agent_left = consult.agent_left;
        let (to, number, server) = (consult.to.clone(), consult.number, talk.server);
        self.publish(call, None, Deed::ConsultEnded { to, cause });
        self.commands.push_back(Command::DropTarget {
            call,
            server,
            consult: number,
        });
        if agent_left {
            self.forget_target(call);
            return self.commands.push_back(Command::LetEnd { call });
        }
        self.arrange(call, Arrangement::Return);
    }

    /// The call is over.
    pub(super) fn drop_target(&mut self, call: CallId) {
        let Some(talk) = self.talks.get(&call) else {
            return;
        };
        if let Some(consult) = &talk.consult {
            let (server, number) = (talk.server, consult.number);
            self.forget_target(call);
            self.commands.push_back(Command::DropTarget {
                call,
                server,
                consult: number,
            });
        }
    }

    pub(super) fn consulting(&self, call: CallId, number: u32) -> Option<&Consulting> {
        let consult = self.talks.get(&call)?.consult.as_ref();
        consult.filter(|consult| consult.number == number)
    }

    /// Gives whom it was.
    pub(super) fn forget_target(&mut self, call: CallId) -> Option<String> {
        self.wait_for_target(call, None);
        let consult = self.talks.get_mut(&call)?.consult.take()?;
        Some(consult.to)
    }

    /// The present step of the third one may take so long.
    pub(super) fn wait_for_target(&mut self, call: CallId, limit: Option<Duration>) {
        let until = limit.map(|limit| self.now.mono.after(limit));
        let talk = self.talks.get_mut(&call);
        let Some(consult) = talk.and_then(|talk| talk.consult.as_mut()) else {
            return;
        };
        if let Some(before) = std::mem::replace(&mut consult.until, until) {
            self.timers.remove(&(before, Timer::Target(call)));
        }
        self.timers
            .extend(until.map(|until| (until, Timer::Target(call))));
    }
}
