//! What is done to calls that talk, on one Asterisk: holding, muting, keys, recordings, and supervisors who take part.
//!
//! What is asked for one call is done in the order in which it was asked, beside the link and beside all other calls.

use std::{sync::Arc, time::Duration};

use asterisk::ari::{Client, HangupReason, Join, Originate, Record, RestError};
use engine::{
    control::{Command, Failure, Input, Talkers, Verb},
    dial::Leg,
};
use model::{CallId, Caller, WatchId, WatchMode};
use tokio::sync::mpsc;

use super::{
    desk::Mailbox,
    execute::{Finding, end_channel, gave_up, make_bridge},
    names::{Names, WatchPart},
    phones::{RING_TIMEOUT_SLACK, caller_id},
    turns::Turns,
};

/// All requests for one wish together; the engine waits a little longer.
const DEED_TIMEOUT: Duration = Duration::from_secs(8);
const _: () = assert!(DEED_TIMEOUT.as_millis() < engine::control::VERB_TIMEOUT.as_millis());

/// What is being done to the calls of one Asterisk.
pub(super) struct Controls {
    hand: Arc<Hand>,
    calls: Turns<CallId>,
    watches: Turns<WatchId>,
}

/// Does it.
struct Hand {
    client: Client,
    names: Names,
    desk: Mailbox,
    findings: mpsc::Sender<Finding>,
}

/// The channels of a conversation, and their bridge.
struct Found {
    customer: String,
    agent: String,
    bridge: String,
    /// The trunk must not be told that it talks with its own customer.
    join: Join<'static>,
}

impl Controls {
    pub(super) fn new(
        client: Client,
        names: Names,
        desk: Mailbox,
        findings: mpsc::Sender<Finding>,
    ) -> Self {
        let hand = Hand {
            client,
            names,
            desk,
            findings,
        };
        Self {
            hand: Arc::new(hand),
            calls: Turns::default(),
            watches: Turns::default(),
        }
    }

    /// Does it once everything is done that was asked for this call, or this supervisor, before.
    pub(super) fn carry_out(&mut self, command: Command) {
        let hand = self.hand.clone();
        match command {
            Command::Do { call, .. } | Command::CleanUp { call, .. } => {
                self.calls
                    .next(call, async move { hand.of_call(command).await });
            }
            Command::RingWatcher { watch, .. }
            | Command::JoinWatcher { watch, .. }
            | Command::DropWatcher { watch, .. } => {
                self.watches
                    .next(watch, async move { hand.of_watcher(command).await });
            }
            Command::Publish(_)
            | Command::Answer { .. }
            | Command::Engage { .. }
            | Command::Disengage { .. } => unreachable!("done by the desk"),
        }
    }
}

impl Controls {
    /// The channel has come by which a supervisor hears an agent.
    pub(super) fn snoop_entered(&mut self, watch: WatchId, mode: WatchMode) {
        let hand = self.hand.clone();
        self.watches
            .next(watch, async move { hand.snoop_entered(watch, mode).await });
    }
}

impl Hand {
    async fn of_call(&self, command: Command) {
        match command {
            Command::Do {
                call,
                talkers,
                ticket,
                verb,
                recording,
                ..
            } => {
                let found = self.found(call, &talkers);
                let done = self.carry_out(call, &found, &verb, recording.as_deref());
                let result = self.in_time(done).await;
                let done = Input::Done {
                    call,
                    ticket,
                    result,
                };
                self.desk.control(done).await;
            }
            Command::CleanUp { call, .. } => self.destroy(&self.names.hold_bridge(call)).await,
            _ => {}
        }
    }

    fn found(&self, call: CallId, talkers: &Talkers) -> Found {
        match talkers {
            Talkers::Queued { channel, offer } => Found {
                customer: channel.clone(),
                agent: self.names.agent_channel(*offer),
                bridge: self.names.bridge(*offer),
                join: Join::default(),
            },
            Talkers::Placed => Found {
                customer: self.names.leg(call, Leg::Customer),
                agent: self.names.leg(call, Leg::Agent),
                bridge: self.names.dial_bridge(call),
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
        recording: Option<&str>,
    ) -> Result<(), RestError> {
        let (channels, recordings) = (self.client.channels(), self.client.recordings());
        let (bridges, name) = (self.client.bridges(), recording.unwrap_or_default());
        match verb {
            Verb::Hold => self.hold(call, found).await,
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
        }
    }

    /// In a bridge of its own that plays music: so whoever looks at Asterisk sees who is on hold.
    async fn hold(&self, call: CallId, found: &Found) -> Result<(), RestError> {
        let bridges = self.client.bridges();
        let hold = self.names.hold_bridge(call);
        make_bridge(&self.client, &hold, "holding", &call.to_string()).await?;
        let customer = [found.customer.as_str()];
        let join = Join {
            role: Some("holding_participant"),
            ..Join::default()
        };
        bridges.add_channels(&hold, &customer, join).await
    }

    async fn destroy(&self, bridge: &str) {
        if let Err(error) = self.client.bridges().destroy(bridge).await
            && !error.is_not_found()
        {
            tracing::warn!(%error, bridge, "could not take a bridge down");
            let _ = self.findings.send(Finding::Unsure).await;
        }
    }

    async fn of_watcher(&self, command: Command) {
        match command {
            Command::RingWatcher {
                watch,
                extension,
                title,
                timeout,
                ..
            } => self.ring(watch, &extension, &title, timeout).await,
            Command::JoinWatcher {
                call,
                talkers,
                watch,
                mode,
                ..
            } => {
                let found = self.found(call, &talkers);
                let joined = self.in_time(self.join(watch, mode, &found)).await;
                let result = joined.map(|joined| joined.then_some(mode));
                if let Some(result) = result.transpose() {
                    self.tell_joined(watch, result).await;
                }
            }
            Command::DropWatcher { watch, .. } => self.drop_watcher(watch).await,
            _ => {}
        }
    }

    async fn ring(&self, watch: WatchId, extension: &str, title: &str, timeout: Duration) {
        let originate = Originate {
            endpoint: format!("PJSIP/{extension}"),
            channel_id: self.names.watch(WatchPart::Phone, watch),
            app: Some(self.client.application().to_owned()),
            caller_id: Some(caller_id(&Caller::new("", title))),
            timeout: Some(timeout + RING_TIMEOUT_SLACK),
            ..Originate::default()
        };
        if let Err(error) = self.client.channels().originate(&originate).await {
            tracing::info!(%error, %watch, extension, "a supervisor's phone could not be rung");
            self.desk.control(Input::WatcherGone { watch }).await;
        }
    }

    async fn tell_joined(&self, watch: WatchId, result: Result<WatchMode, Failure>) {
        let joined = Input::WatcherJoined { watch, result };
        self.desk.control(joined).await;
    }

    /// Whether it is done; else it is once the new channel has come.
    async fn join(
        &self,
        watch: WatchId,
        mode: WatchMode,
        found: &Found,
    ) -> Result<bool, RestError> {
        let (channels, bridges) = (self.client.channels(), self.client.bridges());
        let phone = self.names.watch(WatchPart::Phone, watch);
        // What is said in the new channel goes out to the agent, or nowhere.
        let (part, whisper) = match mode {
            WatchMode::Listen => (WatchPart::Listening, "none"),
            WatchMode::Whisper => (WatchPart::Whispering, "out"),
            WatchMode::Barge => {
                let phone = [phone.as_str()];
                bridges
                    .add_channels(&found.bridge, &phone, found.join)
                    .await?;
                self.end_snoops(watch, None).await;
                return Ok(true);
            }
        };
        let bridge = self.names.watch(WatchPart::Bridge, watch);
        make_bridge(&self.client, &bridge, "mixing", &watch.to_string()).await?;
        let snoop = self.names.watch(part, watch);
        let (way, app) = (("both", whisper), self.client.application());
        match channels.snoop(&found.agent, &snoop, way, app, None).await {
            Ok(_) => Ok(false),
            // It is there already where this is asked for once more, after a lost connection.
            Err(error) if error.is_conflict() => {
                self.bring_together(watch, part).await?;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// The channel that hears the agent has come.
    async fn snoop_entered(&self, watch: WatchId, mode: WatchMode) {
        let part = match mode {
            WatchMode::Whisper => WatchPart::Whispering,
            WatchMode::Listen | WatchMode::Barge => WatchPart::Listening,
        };
        let together = self.in_time(self.bring_together(watch, part)).await;
        self.tell_joined(watch, together.map(|()| mode)).await;
    }

    async fn bring_together(&self, watch: WatchId, part: WatchPart) -> Result<(), RestError> {
        let [bridge, phone, snoop] =
            [WatchPart::Bridge, WatchPart::Phone, part].map(|part| self.names.watch(part, watch));
        let both = [snoop.as_str(), &phone];
        let bridges = self.client.bridges();
        bridges
            .add_channels(&bridge, &both, Join::default())
            .await?;
        self.end_snoops(watch, Some(part)).await;
        Ok(())
    }

    /// All but this one. One that stays hears on, but its supervisor does not.
    async fn end_snoops(&self, watch: WatchId, but: Option<WatchPart>) {
        for part in [WatchPart::Listening, WatchPart::Whispering] {
            if Some(part) != but {
                let snoop = self.names.watch(part, watch);
                end_channel(&self.client, &snoop, HangupReason::Normal).await;
            }
        }
    }

    async fn drop_watcher(&self, watch: WatchId) {
        let phone = self.names.watch(WatchPart::Phone, watch);
        end_channel(&self.client, &phone, HangupReason::Normal).await;
        self.end_snoops(watch, None).await;
        self.destroy(&self.names.watch(WatchPart::Bridge, watch))
            .await;
    }
}
