//! The desk's calls that we place: who waits for an answer, and what the dialler wants done.

use std::{collections::BTreeMap, time::Instant};

use engine::{
    acd::Input as AcdInput,
    callerid::{Allocation, Refusal, Release},
    dial::{self, Command, Dialler, Input, Order, WhyNot},
    trunk,
};
use model::{AgentId, Call, CallId, Direction, E164, EventBody, ReservationId, ServerId};
use tokio::sync::{mpsc, oneshot};

use super::{Ask, Desk, Refused, ask::Place};
use crate::{
    callerid::{self, CallerIds, Question},
    numbers::Numbers,
    telephony::{Wish, outbox},
};

/// Why a call was not placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPlaced {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the agent is on a call")]
    AgentBusy,
    #[error("the key belongs to another call")]
    OtherCall,
    #[error("{} calls are open that we have placed", dial::MAX_OPEN)]
    TooMany,
    #[error("no Asterisk has a way to the telephone network")]
    NoWayOut,
    #[error("no Asterisk with a way to the telephone network is connected")]
    WayOutLost,
    /// What each of them says.
    #[error("no trunk takes the call: {0}")]
    NoTrunk(String),
    #[error(transparent)]
    NoCallerId(#[from] callerid::Refused),
    #[error("the choice of a caller ID takes too long")]
    NoAnswer,
}

pub(crate) type Reply = oneshot::Sender<Result<Call, NotPlaced>>;

/// How caller IDs are chosen for them.
pub(crate) struct Chooser {
    pub(crate) caller_ids: CallerIds,
    /// Whether the trunk's own number will do where none can be presented.
    pub(crate) or_trunk_number: bool,
    /// Weak, or the desk would keep itself alive.
    pub(crate) desk: mpsc::WeakSender<Ask>,
}

/// The calls and those who asked for them.
#[derive(Default)]
pub(super) struct Dials {
    dialler: Dialler,
    chooser: Option<Chooser>,
    waiting: BTreeMap<CallId, Vec<Reply>>,
    /// When a call was asked for.
    begun: BTreeMap<CallId, Instant>,
}

impl Dials {
    pub(super) fn poll_timeout(&self) -> Option<model::Instant> {
        self.dialler.poll_timeout()
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.dialler.calls()
    }

    pub(super) fn placed(&self, call: CallId) -> Option<Call> {
        let (call, placed) = self.dialler.find(call)?;
        placed.then(|| call.clone())
    }

    pub(super) fn server_of(&self, call: CallId) -> Option<ServerId> {
        self.dialler.find(call).map(|(call, _)| call.server)
    }

    pub(super) fn is_open(&self, call: CallId) -> bool {
        self.dialler.is_open(call)
    }
}

impl Desk {
    /// From now on calls can be placed.
    pub(in crate::telephony) fn choose_by(&mut self, chooser: Chooser) {
        self.dials.chooser = Some(chooser);
    }

    pub(super) fn place(&mut self, wish: Wish, places: &[Place], reply: Reply) {
        let id = wish.call;
        if let Some((call, placed)) = self.dials.dialler.find(id) {
            let answer = wish.is(call).then(|| call.clone());
            match answer.ok_or(NotPlaced::OtherCall) {
                Ok(_) if !placed => self.dials.waiting.entry(id).or_default().push(reply),
                answer => drop(reply.send(answer)),
            }
            return;
        }
        let order = match self.order(wish, places) {
            Ok(order) => order,
            Err(why) => return drop(reply.send(Err(why))),
        };
        self.dials.waiting.insert(id, vec![reply]);
        self.dials.begun.insert(id, Instant::now());
        self.dial(Input::Asked(Box::new(order)));
    }

    /// For an agent who is free, on a server from which the number is reached.
    fn order(&self, wish: Wish, places: &[Place]) -> Result<Order, NotPlaced> {
        let known = self.acd.agent(wish.agent).ok_or(Refused::NoSuchAgent)?;
        if !known.agent.active {
            return Err(Refused::NotActive.into());
        }
        if !self.acd.is_free(wish.agent) {
            return Err(NotPlaced::AgentBusy);
        }
        if self.dials.dialler.open() >= dial::MAX_OPEN {
            return Err(NotPlaced::TooMany);
        }
        let extension = known.agent.extension.clone();
        let place = self.way_out((&extension, wish.to), places)?;
        Ok(wish.order(place, extension))
    }

    /// The allocator has answered.
    pub(super) fn chosen(
        &mut self,
        call: CallId,
        answer: Result<Box<Allocation>, callerid::Refused>,
    ) {
        let why = match answer {
            Ok(given) => {
                let caller_id = Some(given.presented.to_string());
                return self.given(call, caller_id, Some(given.reservation.id));
            }
            Err(why) => why,
        };
        let asked_too_often = matches!(
            why,
            callerid::Refused::Engine(Refusal::TooManyQuestions { .. })
        );
        let chooser = self.dials.chooser.as_ref();
        let may_go = chooser.is_some_and(|chooser| chooser.or_trunk_number) && !asked_too_often;
        if may_go {
            tracing::info!(%call, %why, "a call goes out with the trunk's own number");
            return self.given(call, None, None);
        }
        self.answer(call, |_| Err(NotPlaced::NoCallerId(why.clone())));
        self.dial(Input::CallerIdRefused { call });
    }

    /// The agent was not bound meanwhile, and may have been given another call, or sit at another phone.
    fn given(
        &mut self,
        call: CallId,
        caller_id: Option<String>,
        reservation: Option<ReservationId>,
    ) {
        let agent = self
            .dials
            .dialler
            .find(call)
            .and_then(|(call, _)| call.agent);
        let moved = agent
            .and_then(|agent| self.acd.agent(agent))
            .is_some_and(|known| {
                self.dials.dialler.extension(call) != Some(&known.agent.extension)
            });
        if moved || agent.is_some_and(|agent| !self.acd.is_free(agent)) {
            if let Some(reservation) = reservation {
                self.release(reservation, Release::Deleted);
            }
            self.answer(call, |_| Err(NotPlaced::AgentBusy));
            return self.dial(Input::CallerIdRefused { call });
        }
        self.dial(Input::CallerIdGiven {
            call,
            caller_id,
            reservation,
        });
    }

    pub(in crate::telephony) fn dial(&mut self, input: Input) {
        self.count_off(&input);
        let now = self.clock.now();
        self.dials.dialler.handle(now, input);
        let (mut facts, mut commands) = (Vec::new(), Vec::new());
        while let Some(command) = self.dials.dialler.next_command() {
            match command {
                Command::Publish(body) => facts.push(body),
                other => commands.push(other),
            }
        }
        let placed: Vec<CallId> = facts
            .iter()
            .filter_map(|body| match body {
                EventBody::CallPlaced { call, .. } => Some(*call),
                _ => None,
            })
            .collect();
        self.publish(now.utc, facts);
        for command in commands {
            self.carry_out(command);
        }
        for call in placed {
            if let Some(begun) = self.dials.begun.remove(&call) {
                let took = begun.elapsed();
                metrics::histogram!("cordboard_placing_seconds").record(took);
                tracing::debug!(%call, micros = took.as_micros(), "the agent's phone is to ring");
            }
            self.answer(call, |dialler| {
                let found = dialler.find(call).map(|(call, _)| call.clone());
                found.ok_or(NotPlaced::Refused(Refused::NoSuchCall))
            });
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Publish(_) => {}
            Command::Engage { agent, call } => self.input(AcdInput::AgentEngaged { agent, call }),
            Command::Disengage {
                agent,
                call,
                talked,
            } => self.input(AcdInput::AgentDisengaged {
                agent,
                call,
                talked,
            }),
            Command::NotPlaced { call, why } => {
                self.dials.begun.remove(&call);
                self.answer(call, |_| Err(not_placed(why)));
            }
            Command::AskCallerId {
                call,
                to,
                campaign,
                extension,
            } => self.ask_caller_id(call, to, &campaign, &extension),
            Command::Release { reservation, why } => self.release(reservation, why),
            Command::AskWay {
                call,
                server,
                to,
                tried,
            } => self.find_way(call, server, to, &tried),
            Command::TrunkFailed { trunk, server } => {
                self.ways
                    .handle(trunk::Input::TrunkFailed { server, trunk });
            }
            other => {
                if let Some((_, server)) = other.place() {
                    self.send(server, outbox::Command::Dial(other));
                }
            }
        }
    }

    /// Beside the desk, which waits for nobody.
    fn ask_caller_id(&self, call: CallId, to: E164, campaign: &str, extension: &str) {
        let Some(chooser) = &self.dials.chooser else {
            return;
        };
        let question = Question {
            to,
            place: Numbers::place(to),
            campaign: campaign.into(),
            agent: extension.into(),
        };
        let (caller_ids, desk) = (chooser.caller_ids.clone(), chooser.desk.clone());
        tokio::spawn(async move {
            let begun = Instant::now();
            let answer = caller_ids.next(question).await;
            let took = begun.elapsed();
            metrics::histogram!("cordboard_placing_caller_id_seconds").record(took);
            tracing::debug!(%call, micros = took.as_micros(), "the number is chosen");
            if let Some(desk) = desk.upgrade() {
                let _ = desk.send(Ask::Chosen { call, answer }).await;
            }
        });
    }

    fn release(&self, reservation: ReservationId, why: Release) {
        let Some(chooser) = &self.dials.chooser else {
            return;
        };
        let caller_ids = chooser.caller_ids.clone();
        tokio::spawn(async move {
            // One that is not open has ended otherwise, such as by its time.
            if let Err(error) = caller_ids.release(reservation, why).await {
                tracing::warn!(%error, %reservation, "a number stays reserved until its time is up");
            }
        });
    }

    fn answer(&mut self, call: CallId, answer: impl Fn(&Dialler) -> Result<Call, NotPlaced>) {
        for reply in self.dials.waiting.remove(&call).unwrap_or_default() {
            let _ = reply.send(answer(&self.dials.dialler));
        }
    }
}

/// For those who have not been told more.
fn not_placed(why: WhyNot) -> NotPlaced {
    match why {
        WhyNot::NoAnswer => NotPlaced::NoAnswer,
        WhyNot::Refused | WhyNot::HungUp => Refused::NoSuchCall.into(),
    }
}

/// Is it the call that is asked for?
pub(crate) fn same(call: &Call, (agent, to, campaign): (AgentId, E164, &str)) -> bool {
    let placed = call.placed.as_ref().map(|placed| placed.campaign.as_str());
    call.direction == Direction::Outbound
        && call.agent == Some(agent)
        && call.dialled == to.digits().to_string()
        && placed == Some(campaign)
}
