//! What is done to calls that talk, on one Asterisk: holding, muting, keys, recordings, and supervisors who take part.
//!
//! What is asked for one call is done in the order in which it was asked, beside the link and beside all other calls.

mod consult;
mod link;
mod pairs;
mod watch;

use std::time::Duration;

use asterisk::ari::{Client, Join, Record, RestError};
use engine::{
    control::{Arrangement, Command, Failure, Input, Talkers, Verb, Waits},
    dial::Leg,
};
use model::{CallId, WatchId, WatchMode};
use tokio::sync::mpsc;

pub(super) use self::pairs::Pairs;
use super::{
    execute::{Finding, gave_up, make_bridge},
    link::Surroundings,
    names::Names,
    translate::Arrival,
    turns::Turns,
};

/// All requests for one wish together; the engine waits a little longer.
const DEED_TIMEOUT: Duration = Duration::from_secs(8);
const _: () = assert!(DEED_TIMEOUT.as_millis() < engine::control::VERB_TIMEOUT.as_millis());

/// What is being done to the calls of one Asterisk.
pub(super) struct Controls {
    hand: Hand,
    calls: Turns<CallId>,
    watches: Turns<WatchId>,
}

/// Does it.
#[derive(Clone)]
struct Hand {
    client: Client,
    names: Names,
    around: Surroundings,
    findings: mpsc::Sender<Finding>,
}

/// The channels of a conversation, and their bridge.
struct Found {
    customer: String,
    agent: String,
    bridge: String,
    /// The third one's.
    target: String,
    /// The trunk must not be told that it talks with its own customer.
    join: Join<'static>,
}

impl Controls {
    pub(super) fn new(
        client: Client,
        names: Names,
        around: Surroundings,
        findings: mpsc::Sender<Finding>,
    ) -> Self {
        let hand = Hand {
            client,
            names,
            around,
            findings,
        };
        Self {
            hand,
            calls: Turns::default(),
            watches: Turns::default(),
        }
    }

    /// Does it once everything is done that was asked for this call, or this supervisor, before.
    pub(super) fn carry_out(&mut self, command: Command) {
        match command {
            Command::Do { call, .. }
            | Command::Arrange { call, .. }
            | Command::DropTarget { call, .. }
            | Command::Requeue { call, .. }
            | Command::EndRecording { call, .. }
            | Command::CleanUp { call, .. } => {
                let hand = self.hand.of(call);
                self.calls
                    .next(call, async move { hand.of_call(command).await });
            }
            Command::RingWatcher { watch, .. }
            | Command::JoinWatcher { watch, .. }
            | Command::DropWatcher { watch, .. } => {
                let hand = self.hand.clone();
                self.watches
                    .next(watch, async move { hand.of_watcher(command).await });
            }
            Command::Publish(_)
            | Command::Answer { .. }
            | Command::HandOver { .. }
            | Command::Park { .. }
            | Command::LetEnd { .. }
            | Command::Compare { .. }
            | Command::Engage { .. }
            | Command::Disengage { .. } => unreachable!("done by the desk, or the link"),
        }
    }

    /// The channel has come by which a supervisor hears an agent.
    pub(super) fn snoop_entered(&mut self, watch: WatchId, mode: WatchMode) {
        let hand = self.hand.clone();
        self.watches
            .next(watch, async move { hand.snoop_entered(watch, mode).await });
    }
}

impl Hand {
    /// What it asks of Asterisk is asked for this call.
    fn of(&self, call: CallId) -> Self {
        Self {
            client: self.around.watch(&self.client, call),
            ..self.clone()
        }
    }

    async fn of_call(&self, command: Command) {
        match command {
            Command::Do {
                call,
                talkers,
                ticket,
                verb,
                recording,
                consult,
                waits,
                ..
            } => {
                let found = self.found(call, &talkers, consult);
                let result = if verb.is_about_third() {
                    let done = self.consult(call, &found, &verb, waits);
                    self.in_time(done).await
                } else {
                    let about = (recording.as_deref(), waits);
                    let done = self.carry_out(call, &found, &verb, about);
                    self.in_time(done).await
                };
                if verb == Verb::Transfer {
                    self.paired(call, &result).await;
                }
                let done = Input::Done {
                    call,
                    ticket,
                    result,
                };
                self.around.acd.control(done).await;
            }
            Command::Arrange {
                call,
                talkers,
                consult,
                what,
                waits,
                ..
            } => {
                let found = self.found(call, &talkers, consult);
                let result = self.in_time(self.arrange(call, &found, what, waits)).await;
                if what == Arrangement::GiveOver {
                    self.paired(call, &result).await;
                }
                let arranged = Input::Arranged { call, what, result };
                self.around.acd.control(arranged).await;
            }
            Command::Requeue {
                call,
                talkers,
                caller,
                dialled,
                queue,
                ..
            } => {
                let found = self.found(call, &talkers, 0);
                let arrival = Arrival {
                    channel: found.customer.clone(),
                    number: caller.number,
                    name: caller.name,
                    dialled,
                    argument: Some(queue),
                    answered: true,
                };
                self.take_out(call, &found).await;
                let requeued = Finding::Requeued(Box::new(arrival));
                let _ = self.findings.send(requeued).await;
            }
            Command::EndRecording { name, .. } => {
                // Fails where none was begun, which is as good.
                let _ = self.client.recordings().stop(&name).await;
            }
            Command::DropTarget { call, consult, .. } => self.drop_target(call, consult).await,
            Command::CleanUp { call, .. } => self.destroy(&self.names.hold_bridge(call)).await,
            _ => {}
        }
    }

    /// Of what nobody knows, a snapshot tells.
    async fn paired(&self, call: CallId, result: &Result<(), Failure>) {
        if !matches!(result, Err(Failure::Unknown)) {
            let done = result.is_ok();
            let _ = self.findings.send(Finding::Paired { call, done }).await;
        }
    }

    fn found(&self, call: CallId, talkers: &Talkers, consult: u32) -> Found {
        let target = self.names.consult(call, consult);
        match talkers {
            Talkers::Queued { channel, offer } => Found {
                customer: channel.clone(),
                agent: self.names.agent_channel(*offer),
                bridge: self.names.bridge(*offer),
                target,
                join: Join::default(),
            },
            Talkers::Placed => Found {
                customer: self.names.leg(call, Leg::Customer),
                agent: self.names.leg(call, Leg::Agent),
                bridge: self.names.dial_bridge(call),
                target,
                join: Join {
                    inhibit_connected_line_updates: true,
                    ..Join::default()
                },
            },
        }
    }

    /// A request that was given up may still be carried out: somebody will look.
    async fn in_time<T>(
        &self,
        doing: impl Future<Output = Result<T, RestError>>,
    ) -> Result<T, Failure> {
        let done = tokio::time::timeout(DEED_TIMEOUT, doing).await;
        let error = match done.unwrap_or(Err(RestError::Timeout)) {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        tracing::info!(%error, "Asterisk did not do what was asked for a call");
        if gave_up(&error) {
            let _ = self.findings.send(Finding::GaveUp).await;
            return Err(Failure::Unknown);
        }
        Err(Failure::Rejected(error.to_string()))
    }

    async fn carry_out(
        &self,
        call: CallId,
        found: &Found,
        verb: &Verb,
        (recording, waits): (Option<&str>, Waits),
    ) -> Result<(), RestError> {
        let (channels, recordings) = (self.client.channels(), self.client.recordings());
        let (bridges, name) = (self.client.bridges(), recording.unwrap_or_default());
        match verb {
            // Out of where they wait then he is taken by whoever owns the call.
            Verb::Park(_) if waits.customer => Ok(()),
            Verb::Hold | Verb::Park(_) => self.let_wait(call, &found.customer).await,
            Verb::Unhold => {
                let customer = [found.customer.as_str()];
                bridges
                    .add_channels(&found.bridge, &customer, found.join)
                    .await
            }
            Verb::Mute => channels.mute(&found.agent, "in").await,
            Verb::Unmute => channels.unmute(&found.agent, "in").await,
            Verb::SendDigits(digits) => channels.send_dtmf(&found.customer, digits).await,
            Verb::StartRecording => {
                let record = Record {
                    name: name.to_owned(),
                    ..Record::default()
                };
                bridges.record(&found.bridge, &record).await.map(drop)
            }
            Verb::PauseRecording => recordings.pause(name).await,
            Verb::ResumeRecording => recordings.resume(name).await,
            Verb::StopRecording => match recordings.stop(name).await {
                // It has ended by itself.
                Err(error) if error.is_not_found() => Ok(()),
                stopped => stopped,
            },
            Verb::Consult(_)
            | Verb::Swap
            | Verb::Conference
            | Verb::Transfer
            | Verb::EndConsult
            | Verb::ToQueue(_) => unreachable!("done elsewhere"),
        }
    }

    /// In a bridge of its own that plays music: so whoever looks at Asterisk sees who is on hold.
    async fn let_wait(&self, call: CallId, channel: &str) -> Result<(), RestError> {
        let bridges = self.client.bridges();
        let hold = self.names.hold_bridge(call);
        make_bridge(&self.client, &hold, "holding", &call.to_string()).await?;
        let join = Join {
            role: Some("holding_participant"),
            ..Join::default()
        };
        bridges.add_channels(&hold, &[channel], join).await
    }

    /// Fails where the customer is not, which is as good: before anything else is played to them.
    async fn take_out(&self, call: CallId, found: &Found) {
        let bridges = self.client.bridges();
        let customer = [found.customer.as_str()];
        for bridge in [&self.names.hold_bridge(call), &found.bridge] {
            let _ = bridges.remove_channels(bridge, &customer).await;
        }
    }

    async fn destroy(&self, bridge: &str) {
        if let Err(error) = self.client.bridges().destroy(bridge).await
            && !error.is_not_found()
        {
            tracing::warn!(%error, bridge, "could not take a bridge down");
            let _ = self.findings.send(Finding::Unsure).await;
        }
    }
}
