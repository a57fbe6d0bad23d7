//! One Asterisk: its events become inputs, our commands become requests, and after every reconnect what is there is
//! compared with what we believed.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use asterisk::ari::{Client, Events, HangupReason, Incoming};
use engine::acd::{Command, Input, OfferFailure};
use model::{CallId, Caller, EventBody, OfferId, Server, Timestamp};
use tokio::{sync::mpsc, time::Instant};

use super::{
    control::{Controls, Pairs},
    desk::Mailbox,
    execute::{COMMANDS_PER_CALL, CallLeg, Executor, Finding, Job, Reach, hand_over},
    legs::Legs,
    names::Names,
    outbox::{self, Inbox},
    trace::Traces,
    translate::{Arrival, Meaning, translate},
};
use crate::{clock::Clock, journal, numbers::Numbers};

/// How long a comparison with Asterisk waits that failed, or that somebody in doubt asks for.
const COMPARE_AGAIN: Duration = Duration::from_secs(1);
/// How long after a request was given up we look whether Asterisk has carried it out after all. A phone that it rings is
/// known at once by its events; of a bridge that nobody enters there are none.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// What a link needs from the rest of the server.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) acd: Mailbox,
    pub(super) clock: Clock,
    pub(super) journal: journal::StatusHandle,
    pub(super) numbers: Numbers,
    pub(super) traces: Traces,
}

/// A call that the engine knows, when a link to its server begins.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) call: CallId,
    pub(super) channel: String,
    pub(super) caller: Caller,
    pub(super) offers: Vec<OfferId>,
    /// The last that we knew of it.
    pub(super) last_heard: Timestamp,
}

/// The task of one Asterisk.
pub(super) struct Link {
    pub(super) server: Server,
    pub(super) client: Client,
    pub(super) names: Names,
    pub(super) around: Surroundings,
    pub(super) calls: HashMap<CallId, CallTask>,
    pub(super) by_channel: HashMap<String, CallId>,
    pub(super) offers: HashMap<OfferId, OfferLeg>,
    /// Of calls that we place.
    legs: Legs,
    /// Of calls that talk.
    pub(super) controls: Controls,
    pub(super) pairs: Pairs,
    findings: (mpsc::Sender<Finding>, mpsc::Receiver<Finding>),
    connected: bool,
    /// Of those that the client counted.
    echoes_lost: u64,
    /// When to compare what is there with what we believe, because something went wrong.
    pub(super) compare_at: Option<Instant>,
    /// The same, because something may still be made that we gave up.
    pub(super) look_at: Option<Instant>,
    /// When this Asterisk was started, as it says; another time means that all its calls are lost.
    pub(super) startup: Option<String>,
    /// The last that we knew of any of its calls before this link.
    pub(super) last_heard: Option<Timestamp>,
}

pub(super) struct CallTask {
    pub(super) leg: Arc<CallLeg>,
    jobs: mpsc::Sender<Job>,
    cause: Option<u16>,
    /// Agents' legs that are not known to have ended.
    offers: usize,
}

pub(super) struct OfferLeg {
    pub(super) call: CallId,
    pub(super) answered: bool,
    /// Whether Asterisk has said anything of it; before that a snapshot may not show it yet.
    pub(super) seen: bool,
}

impl Link {
    pub(super) fn new(
        server: Server,
        client: Client,
        around: Surroundings,
        known: Vec<Known>,
    ) -> Self {
        let names = Names::new(&server.application);
        let findings = mpsc::channel(COMMANDS_PER_CALL);
        let legs = Legs::new(
            client.clone(),
            names.clone(),
            around.clone(),
            findings.0.clone(),
        );
        let controls = Controls::new(
            client.clone(),
            names.clone(),
            around.clone(),
            findings.0.clone(),
        );
        let mut link = Self {
            names,
            legs,
            controls,
            pairs: Pairs::default(),
            server,
            client,
            around,
            calls: HashMap::new(),
            by_channel: HashMap::new(),
            offers: HashMap::new(),
            findings,
            connected: false,
            echoes_lost: 0,
            compare_at: None,
            look_at: None,
            startup: None,
            last_heard: known.iter().map(|known| known.last_heard).max(),
        };
        for known in known {
            link.open_call(known.call, known.channel, known.caller, None);
            for offer in known.offers {
                link.open_offer(offer, known.call, true);
            }
        }
        link
    }

    /// Runs until the server is removed.
    pub(super) async fn run(mut self, mut events: Events, mut inbox: Inbox) {
        loop {
            let look_at = self.look_at.filter(|_| self.connected);
            let compare_at = self.compare_at.into_iter().chain(look_at).min();
            let compare = async {
                match compare_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                incoming = events.recv() => match incoming {
                    Some(incoming) => self.on_incoming(incoming).await,
                    None => return,
                },
                command = inbox.commands.recv() => match command {
                    Some(outbox::Command::Acd(command)) => self.pass_on(command),
                    Some(outbox::Command::Dial(command)) => self.legs.carry_out(command),
                    Some(outbox::Command::Control(command)) => self.control(command),
                    None => return,
                },
                () = inbox.dropped.notified() => self.compare_soon(),
                Some(finding) = self.findings.1.recv() => self.on_finding(finding).await,
                () = compare => self.resync_by_request().await,
            }
        }
    }

    async fn on_incoming(&mut self, incoming: Incoming) {
        let server = self.server.id;
        match incoming {
            Incoming::Event(event) => {
                self.part(&event);
                if let Some(meaning) = translate(*event, &self.names, self.server.id) {
                    self.on_meaning(meaning).await;
                }
            }
            Incoming::Connected { version, snapshot } => {
                tracing::info!(
                    server = self.server.name,
                    version = version.text,
                    channels = snapshot.channels.len(),
                    "connected to Asterisk"
                );
                self.connected = true;
                let version = version.text;
                self.around
                    .acd
                    .note(EventBody::ServerConnected { server, version })
                    .await;
                self.resync(*snapshot).await;
            }
            Incoming::Overflowed { missed } => {
                tracing::error!(
                    server = self.server.name,
                    missed,
                    "events of Asterisk were lost; comparing anew"
                );
                metrics::counter!("cordboard_ari_events_missed_total", "server" => self.server.name.clone()).increment(missed);
                self.lose(format!("{missed} events were missed")).await;
                self.resync_by_request().await;
            }
            Incoming::Disconnected { why } => {
                tracing::warn!(
                    server = self.server.name,
                    why,
                    "the connection to Asterisk is lost; calls stay up"
                );
                self.let_go();
                self.count_lost_echoes();
                self.lose(why).await;
            }
            Incoming::Replaced => {
                self.let_go();
                tracing::error!(
                    server = self.server.name,
                    application = self.server.application,
                    "another program took our Stasis application; no calls reach us until `take over` is asked for"
                );
                self.around
                    .acd
                    .note(EventBody::ServerReplaced { server })
                    .await;
                self.around.acd.lost(server).await;
            }
        }
    }

    async fn lose(&self, reason: String) {
        let server = self.server.id;
        self.around
            .acd
            .note(EventBody::ServerLost { server, reason })
            .await;
        self.around.acd.lost(server).await;
    }

    fn count_lost_echoes(&mut self) {
        let lost = self.client.stats().echoes_lost;
        let more = lost - std::mem::replace(&mut self.echoes_lost, lost);
        metrics::counter!("cordboard_ari_echoes_lost_total", "server" => self.server.name.clone())
            .increment(more);
    }

    /// The next connection compares by itself.
    fn let_go(&mut self) {
        self.connected = false;
        self.compare_at = None;
    }

    async fn on_finding(&mut self, finding: Finding) {
        match finding {
            Finding::LegGone { offer, why } => self.on_agent_gone(offer, 0, why).await,
            Finding::CallerGone { channel } => self.on_caller_left(&channel).await,
            Finding::Requeued(arrival) => {
                self.by_channel.remove(&arrival.channel);
                self.on_arrival(*arrival).await;
            }
            Finding::Paired { call, done } => self.paired(call, done),
            Finding::Unsure => self.compare_soon(),
            Finding::GaveUp => self.look_at = Some(Instant::now() + LOOK_AGAIN),
        }
    }

    pub(super) fn compare_soon(&mut self) {
        if self.connected {
            let soon = Instant::now() + COMPARE_AGAIN;
            self.compare_at.get_or_insert(soon);
        }
    }

    async fn on_meaning(&mut self, meaning: Meaning) {
        match meaning {
            Meaning::CallerArrived(arrival) => self.on_arrival(arrival).await,
            Meaning::CallerLeft { channel } => self.on_caller_left(&channel).await,
            Meaning::CauseKnown { channel, cause } => {
                if let Some(task) = self
                    .by_channel
                    .get(&channel)
                    .and_then(|c| self.calls.get_mut(c))
                {
                    task.cause = Some(cause);
                }
            }
            Meaning::AgentRings(offer) => self.on_agent_rings(offer),
            Meaning::AgentAnswered(offer) => self.on_agent_answered(offer).await,
            Meaning::AgentGone {
                offer,
                cause,
                failure,
            } => {
                self.on_agent_gone(offer, cause, failure).await;
            }
            Meaning::Leg(input) => self.around.acd.dial(input).await,
            Meaning::Control(input) => self.around.acd.control(input).await,
            Meaning::SnoopEntered(watch, mode) => self.controls.snoop_entered(watch, mode),
        }
    }

    pub(super) async fn on_arrival(&mut self, arrival: Arrival) {
        if self.by_channel.contains_key(&arrival.channel) {
            return;
        }
        if self.around.journal.refuses_calls() {
            tracing::error!(
                channel = arrival.channel,
                "the journal cannot take more; the caller goes on in the dialplan"
            );
            metrics::counter!("cordboard_calls_refused_total").increment(1);
            self.give_back(arrival.channel);
            return;
        }
        let (at, random) = self.around.clock.id();
        let call = CallId::new(at, random);
        let caller = self.around.numbers.caller(&arrival.number, &arrival.name);
        let input = Input::CallArrived {
            call,
            server: self.server.id,
            channel: arrival.channel.clone(),
            caller: caller.clone(),
            dialled: model::visible(&arrival.dialled, 64),
            argument: arrival.argument,
            priority: 0,
            returned: None,
        };
        self.open_call(call, arrival.channel, caller, Some(arrival.answered));
        self.around.acd.tell(input).await;
    }

    /// Beside the link, which must go on; a caller who cannot be given back must not sit in silence.
    fn give_back(&self, channel: String) {
        let (client, findings) = (self.client.clone(), self.findings.0.clone());
        tokio::spawn(async move {
            let Err(error) = hand_over(&client, &channel, None).await else {
                return;
            };
            tracing::warn!(%error, channel, "could not give the caller back; hanging up");
            let reason = HangupReason::Congestion;
            if client.channels().hang_up(&channel, reason).await.is_err() {
                let _ = findings.send(Finding::Unsure).await;
            }
        });
    }

    /// `answered`: whether the caller's channel is; `None`: we have known it before, and it may hear music.
    fn open_call(&mut self, call: CallId, channel: String, caller: Caller, answered: Option<bool>) {
        let leg = Arc::new(CallLeg {
            call,
            channel: channel.clone(),
            caller,
            continuing: false.into(),
        });
        let (jobs, inbox) = mpsc::channel(COMMANDS_PER_CALL);
        let reach = Reach {
            client: self.around.watch(&self.client, call),
            names: self.names.clone(),
            leg: leg.clone(),
            findings: self.findings.0.clone(),
        };
        let executor = Executor::new(reach, answered, self.around.acd.clone());
        tokio::spawn(executor.run(inbox));
        self.by_channel.insert(channel, call);
        let task = CallTask {
            leg,
            jobs,
            cause: None,
            offers: 0,
        };
        self.calls.insert(call, task);
    }

    fn open_offer(&mut self, offer: OfferId, call: CallId, seen: bool) {
        let leg = OfferLeg {
            call,
            answered: false,
            seen,
        };
        if self.offers.insert(offer, leg).is_none()
            && let Some(task) = self.calls.get_mut(&call)
        {
            task.offers += 1;
        }
    }

    pub(super) fn close_offer(&mut self, offer: OfferId) -> Option<OfferLeg> {
        let leg = self.offers.remove(&offer)?;
        if let Some(task) = self.calls.get_mut(&leg.call) {
            task.offers -= 1;
        }
        Some(leg)
    }

    async fn on_caller_left(&mut self, channel: &str) {
        let Some(call) = self.by_channel.remove(channel) else {
            return;
        };
        let Some(task) = self.calls.get(&call) else {
            return;
        };
        let input = if task.leg.continuing.load(Ordering::Acquire) {
            Input::CallContinued { call }
        } else {
            Input::CallerHungUp {
                call,
                cause: task.cause,
            }
        };
        self.around.acd.tell(input).await;
        self.forget_if_done(call);
    }

    fn on_agent_rings(&mut self, offer: OfferId) {
        match self.offers.get_mut(&offer) {
            Some(leg) => leg.seen = true,
            None => self.end_stray(offer),
        }
    }

    async fn on_agent_answered(&mut self, offer: OfferId) {
        if let Some(leg) = self.offers.get_mut(&offer) {
            leg.answered = true;
            leg.seen = true;
            self.around.acd.tell(Input::OfferAnswered { offer }).await;
        } else {
            self.end_stray(offer);
        }
    }

    async fn on_agent_gone(&mut self, offer: OfferId, cause: u16, why: OfferFailure) {
        let Some(leg) = self.close_offer(offer) else {
            return;
        };
        let input = if leg.answered {
            let cause = Some(cause).filter(|cause| *cause != 0);
            Input::AgentHungUp { offer, cause }
        } else {
            Input::OfferFailed { offer, why }
        };
        self.around.acd.tell(input).await;
        self.forget_if_done(leg.call);
    }

    /// Gives a command to the task of its call.
    fn pass_on(&mut self, command: Command) {
        let call = match &command {
            Command::Offer { offer, call, .. } => {
                if self.calls.contains_key(call) {
                    self.open_offer(*offer, *call, false);
                }
                Some(*call)
            }
            Command::Withdraw { offer } | Command::Disconnect { offer } => {
                self.offers.get(offer).map(|leg| leg.call)
            }
            Command::Answer { call }
            | Command::Ring { call }
            | Command::PlayMusic { call, .. }
            | Command::Park { call, .. }
            | Command::Connect { call, .. }
            | Command::HangUp { call }
            | Command::Continue { call, .. } => Some(*call),
            Command::Publish(_) => None,
        };
        match call.filter(|call| self.calls.contains_key(call)) {
            Some(call) => self.give(call, Job::Do(Box::new(command))),
            // The leg is gone already: nothing is left to be done to it, except a bridge that may have stayed.
            None => {
                if let Command::Disconnect { offer } = command {
                    self.end_leg_and_bridge(offer);
                }
            }
        }
    }

    pub(super) fn give(&mut self, call: CallId, job: Job) {
        if let Some(task) = self.calls.get(&call)
            && task.jobs.try_send(job).is_err()
        {
            tracing::error!(%call, "over {COMMANDS_PER_CALL} commands wait for Asterisk; one is dropped");
            metrics::counter!("cordboard_commands_dropped_total").increment(1);
            self.compare_soon();
        }
    }

    /// Ends the task of a call of which no channel is left.
    pub(super) fn forget_if_done(&mut self, call: CallId) {
        let by_channel = &self.by_channel;
        let done =
            |task: &CallTask| task.offers == 0 && !by_channel.contains_key(&task.leg.channel);
        if self.calls.get(&call).is_some_and(done) {
            self.calls.remove(&call);
        }
    }
}
