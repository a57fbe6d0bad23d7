//! The task that owns the queue engine: one input at a time, written down, told, then done.
//!
//! A disk that refuses stops no call: what is commanded is done, and what happened waits in memory and is told once it is
//! written.

mod ask;
mod controls;
mod dials;
mod parking;
mod returns;
mod servers;
mod traces;
mod ways;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use engine::{
    acd::{Acd, Command, Input},
    control, dial, trunk,
};
use model::{
    AgentId, AgentState, AgentStatus, Call, CallId, Event, EventBody, Now, OfferId, Queue, QueueId,
    ServerId, Timestamp,
};
use tokio::{sync::mpsc, task::JoinHandle};

pub(super) use self::ask::{Ask, Mailbox, Place};
pub(super) use self::controls::{Demand, What};
pub(crate) use self::traces::untraced;
pub use self::{ask::Refused, controls::NotDone, dials::NotPlaced};
use self::{controls::Controls, dials::Dials, parking::Slots, returns::Returns, traces::Kept};
pub(crate) use self::{
    dials::{Chooser, Reply, same},
    returns::Finder,
    ways::words,
};
use super::{
    live::{LiveView, Told},
    outbox::{self, Outbox},
    today::Today,
    witness::Witness,
};
use crate::{clock::Clock, journal::Journal, realtime::Realtime, stream::Stream, ways::Ways};

/// Inputs that may wait for the engine: it takes them in microseconds, so this is seconds of a flood.
pub const MAILBOX: usize = 65_536;
/// How often the journal is brought to the disk, and tried again where the disk refused it.
const JOURNAL_TICK: std::time::Duration = std::time::Duration::from_secs(1);

/// The engine and what surrounds it.
pub(super) struct Desk {
    acd: Acd,
    dials: Dials,
    controls: Controls,
    slots: Slots,
    kept: Kept,
    returns: Returns,
    ways: Ways,
    phones: Realtime,
    witness: Option<Box<dyn Witness>>,
    clock: Clock,
    journal: Journal,
    syncing: Option<JoinHandle<()>>,
    stream: Stream,
    /// Events that the disk has not taken yet. A crash would give their numbers to others, so nobody is told of them.
    untold: VecDeque<Event>,
    today: Today,
    servers: BTreeMap<ServerId, Outbox>,
    /// On which server a call's channel is, until it is gone.
    call_server: BTreeMap<CallId, ServerId>,
    /// On which server an agent's phone rings or talks.
    offer_server: BTreeMap<OfferId, ServerId>,
    /// Which queues an agent serves.
    queues_of: BTreeMap<AgentId, BTreeSet<QueueId>>,
}

impl Desk {
    pub(super) fn new(
        acd: Acd,
        clock: Clock,
        journal: Journal,
        stream: Stream,
        today: Today,
        witness: Option<Box<dyn Witness>>,
    ) -> Self {
        Self {
            acd,
            dials: Dials::default(),
            controls: Controls::default(),
            slots: Slots::default(),
            kept: Kept::default(),
            returns: Returns::default(),
            ways: Ways::default(),
            phones: Realtime::default(),
            witness,
            clock,
            journal,
            syncing: None,
            stream,
            untold: VecDeque::new(),
            today,
            servers: BTreeMap::new(),
            call_server: BTreeMap::new(),
            offer_server: BTreeMap::new(),
            queues_of: BTreeMap::new(),
        }
    }

    /// Takes what is asked until every asker is gone.
    pub(super) async fn run(mut self, mut asks: mpsc::Receiver<Ask>) {
        let mut journal_tick = tokio::time::interval(JOURNAL_TICK);
        journal_tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let deadlines = [
                self.acd.poll_timeout(),
                self.dials.poll_timeout(),
                self.controls.poll_timeout(),
            ];
            let deadline = deadlines.into_iter().flatten().min();
            let deadline = deadline.map(|at| self.clock.tokio_instant(at));
            let wake = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                ask = asks.recv() => match ask {
                    Some(ask) => self.on_ask(ask),
                    None => break,
                },
                () = wake => {
                    self.input(Input::Tick);
                    self.dial(dial::Input::Tick);
                    self.control(control::Input::Tick);
                }
                _ = journal_tick.tick() => self.keep_journal(),
            }
        }
        self.write_traces(true);
        self.journal.flush();
        self.tell_written();
        if !self.untold.is_empty() {
            let events = self.untold.len();
            tracing::error!(
                events,
                "the disk refuses the last events until the end; they are lost"
            );
        }
    }

    fn keep_journal(&mut self) {
        self.write_traces(false);
        self.journal.flush();
        self.tell_written();
        // One at a time: a disk that hangs must not gather threads.
        if self.syncing.as_ref().is_none_or(JoinHandle::is_finished) {
            self.syncing = self.journal.sync().map(tokio::task::spawn_blocking);
        }
    }

    /// An input from before the task runs.
    pub(super) fn take(&mut self, input: Input) {
        self.input(input);
    }

    /// An event of the past, for the figures of today.
    pub(super) fn learn(&mut self, event: &Event) {
        self.today.learn(event, |queue| self.acd.queue(queue));
    }

    pub(super) fn queues(&self) -> impl Iterator<Item = &Queue> {
        self.acd.queues()
    }

    pub(super) fn known_call(&self, call: CallId) -> Option<Call> {
        let queued = self.acd.call(call).cloned();
        let mut call = queued.or_else(|| self.dials.placed(call))?;
        self.controls.complete(&mut call);
        Some(call)
    }

    fn on_ask(&mut self, ask: Ask) {
        match ask {
            Ask::Input(input) if self.leaves_customer(&input) => {}
            Ask::Input(input) => self.hear(*input),
            Ask::Note(body) => self.publish(self.clock.now().utc, vec![body]),
            Ask::Live(reply) => {
                let _ = reply.send(self.live());
            }
            Ask::SetState {
                agent,
                state,
                reason,
                reply,
            } => {
                let _ = reply.send(self.ask_state(agent, state, reason));
            }
            Ask::HangUp { call, reply } => {
                let _ = reply.send(self.hang_up(call));
            }
            Ask::Place {
                wish,
                places,
                reply,
            } => self.place(wish, &places, reply),
            Ask::Call { call, reply } => drop(reply.send(self.known_call(call))),
            Ask::Chosen { call, answer } => self.chosen(call, answer),
            Ask::Dial(input) if self.leaves_dialled(&input) => {}
            Ask::Dial(input) => self.dial(input),
            Ask::Demand { demand, reply } => self.demand(demand, reply),
            Ask::ParkIn(config) => self.park_in(config),
            Ask::Parked(reply) => drop(reply.send(self.parked())),
            Ask::Give {
                call,
                agent,
                how,
                reply,
            } => self.give(call, agent, how, reply),
            Ask::Trace { call, reply } => drop(reply.send(self.kept.traces.of(call))),
            Ask::Watches { call, reply } => drop(reply.send(self.controls.watches(call))),
            Ask::Control(input) => self.control(input),
            Ask::Parted(call) => self.free_third(call, true),
            Ask::Found { call, returned } => self.found(call, returned),
            Ask::Explain { call, reply } => {
                let _ = reply.send(self.acd.explain(call));
            }
            Ask::Attach {
                server,
                dial_out,
                outbox,
                reply,
            } => {
                self.ways
                    .handle(trunk::Input::DialOutSet { server, dial_out });
                self.bring_arrivals(server);
                self.servers.insert(server, outbox);
                let _ = reply.send(self.known(server));
            }
            Ask::Detach(server) => {
                self.servers.remove(&server);
            }
            Ask::Forget(server) => {
                self.bring_arrivals(server);
                self.forget(server);
                self.ways.handle(trunk::Input::ServerForgotten { server });
            }
        }
    }

    fn hang_up(&mut self, call: CallId) -> Result<(), Refused> {
        if self.acd.call(call).is_some() {
            self.input(Input::HangUpAsked { call });
        } else if self.dials.is_open(call) {
            self.dial(dial::Input::HangUpAsked { call });
        } else {
            return Err(Refused::NoSuchCall);
        }
        Ok(())
    }

    fn live(&mut self) -> LiveView {
        let told = Told {
            seq: self.stream.last_seq(),
            untold_events: self.untold.len() as u64,
        };
        let now = self.clock.now().utc;
        let queues_of = &self.queues_of;
        let mut live = LiveView::of(&self.acd, &mut self.today, told, now, queues_of);
        live.calls.extend(self.dials.calls().cloned());
        for call in &mut live.calls {
            self.controls.complete(call);
        }
        live.calls.sort_by_key(|call| (call.arrived_at, call.id));
        live
    }

    fn ask_state(
        &mut self,
        agent: AgentId,
        state: AgentState,
        reason: Option<String>,
    ) -> Result<AgentStatus, Refused> {
        let known = self.acd.agent(agent).ok_or(Refused::NoSuchAgent)?;
        if !state.can_be_asked_for() {
            return Err(Refused::NotAskable);
        }
        if !known.agent.active {
            return Err(Refused::NotActive);
        }
        self.input(Input::StateAsked {
            agent,
            state,
            reason,
        });
        let after = self.acd.agent(agent).ok_or(Refused::NoSuchAgent)?;
        Ok(after.status.clone())
    }

    fn input(&mut self, input: Input) {
        if let Input::ServerLost { server } = input {
            self.dial(dial::Input::ServerLost { server });
        }
        let strays = self.before(&input);
        let gone = gone_for_good(&input);
        let resynced = match &input {
            Input::ServerResynced { server, snapshot } => Some((
                *server,
                snapshot.offers.iter().map(|(offer, _)| *offer).collect(),
            )),
            _ => None,
        };
        let now = self.clock.now();
        let (facts, commands) = self.decide(now, input);
        self.publish(now.utc, facts);
        for command in commands {
            self.route(command);
        }
        for call in strays {
            self.route(Command::HangUp { call });
        }
        if let Some((server, legs)) = resynced {
            self.after_resync(server, &legs);
        }
        match gone {
            Gone::Call(call) => {
                self.call_server.remove(&call);
            }
            Gone::Offer(offer) => {
                self.offer_server.remove(&offer);
            }
            Gone::Nothing => {}
        }
    }

    /// What is to be published, and what is to be done.
    fn decide(&mut self, now: Now, input: Input) -> (Vec<EventBody>, Vec<Command>) {
        if let Some(witness) = &mut self.witness {
            witness.input(now, &input);
        }
        self.acd.handle(now, input);
        let mut facts = Vec::new();
        let mut commands = Vec::new();
        while let Some(command) = self.acd.next_command() {
            if let Some(witness) = &mut self.witness {
                witness.command(&command);
            }
            match command {
                Command::Publish(body) => facts.push(body),
                other => commands.push(other),
            }
        }
        if let Some(witness) = &mut self.witness {
            witness.settled();
        }
        (facts, commands)
    }

    /// Learns where things are; gives the calls that a server still has but the engine is done with.
    fn before(&mut self, input: &Input) -> Vec<CallId> {
        match input {
            Input::CallArrived { call, server, .. } => {
                self.call_server.insert(*call, *server);
            }
            Input::CallRestored(restored) => {
                let server = restored.call.server;
                self.call_server.insert(restored.call.id, server);
                for (offer, _) in &restored.offers {
                    self.offer_server.insert(*offer, server);
                }
            }
            Input::ServerResynced { server, snapshot } => {
                let done: Vec<CallId> = snapshot
                    .calls
                    .iter()
                    .copied()
                    .filter(|call| self.acd.call(*call).is_none())
                    .collect();
                self.call_server
                    .extend(done.iter().map(|call| (*call, *server)));
                return done;
            }
            Input::MemberSet(member) => {
                self.queues_of
                    .entry(member.agent)
                    .or_default()
                    .insert(member.queue);
            }
            Input::MemberRemoved(queue, agent) => {
                if let Some(queues) = self.queues_of.get_mut(agent) {
                    queues.remove(queue);
                }
            }
            Input::AgentRemoved(agent) => {
                self.queues_of.remove(agent);
            }
            Input::QueueRemoved(queue) => {
                for queues in self.queues_of.values_mut() {
                    queues.remove(queue);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    /// `at` is the time the engine was given, or a restart would find other times than the engine had.
    fn publish(&mut self, at: Timestamp, facts: Vec<EventBody>) {
        self.follow_traces(&facts);
        let talks = facts.iter().filter(|fact| begins_or_ends(fact));
        let talks: Vec<EventBody> = talks.cloned().collect();
        let events: Vec<Event> = self.journal.append(at, facts);
        for event in &events {
            self.learn(event);
            super::count(event);
        }
        self.untold.extend(events);
        self.tell_written();
        self.follow_talks(&talks);
        self.follow_asked(&talks);
    }

    fn tell_written(&mut self) {
        let written = self.journal.written();
        let count = self.untold.partition_point(|event| event.seq <= written);
        self.stream
            .publish(self.untold.drain(..count).map(untraced));
    }

    fn route(&mut self, mut command: Command) {
        if let Command::Continue { target, .. } = &mut command {
            target.context = self.phones.asterisk_context(&target.context);
        }
        let server = match &command {
            Command::Offer { offer, call, .. } => {
                let server = self.call_server.get(call).copied();
                if let Some(server) = server {
                    self.offer_server.insert(*offer, server);
                }
                server
            }
            // Known until its end is told: whoever answers at this very moment must be let go once more.
            Command::Withdraw { offer } | Command::Disconnect { offer } => {
                self.offer_server.get(offer).copied()
            }
            Command::Answer { call }
            | Command::Ring { call }
            | Command::PlayMusic { call, .. }
            | Command::Park { call, .. }
            | Command::Connect { call, .. }
            | Command::HangUp { call }
            | Command::Continue { call, .. } => self.call_server.get(call).copied(),
            Command::Publish(_) => None,
        };
        if let Some(server) = server {
            self.send(server, outbox::Command::Acd(command));
        } else {
            tracing::debug!(?command, "nowhere to send this command");
        }
    }

    fn send(&self, server: ServerId, command: outbox::Command) {
        if let Some(outbox) = self.servers.get(&server) {
            outbox.send(command);
        } else {
            tracing::debug!(?command, "no connection to send this command over");
        }
    }
}

enum Gone {
    Call(CallId),
    Offer(OfferId),
    Nothing,
}

fn gone_for_good(input: &Input) -> Gone {
    match input {
        Input::CallerHungUp { call, .. } | Input::CallContinued { call } => Gone::Call(*call),
        Input::OfferFailed { offer, .. } | Input::AgentHungUp { offer, .. } => Gone::Offer(*offer),
        _ => Gone::Nothing,
    }
}

fn begins_or_ends(fact: &EventBody) -> bool {
    matches!(
        fact,
        EventBody::CallAnswered { .. }
            | EventBody::CallRetrieved { .. }
            | EventBody::CustomerAnswered { .. }
            | EventBody::OfferEnded { .. }
            | EventBody::CallEnded { .. }
    )
}
