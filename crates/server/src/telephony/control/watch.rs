//! Supervisors on a call: the phone, the channel that hears the agent, and their bridge.

use std::time::Duration;

use asterisk::ari::{HangupReason, Join, Originate, RestError};
use engine::control::{Command, Failure, Input};
use model::{Caller, WatchId, WatchMode};

use super::{Found, Hand};
use crate::telephony::{
    execute::{end_channel, make_bridge},
    names::WatchPart,
    phones::{RING_TIMEOUT_SLACK, caller_id},
};

impl Hand {
    pub(super) async fn of_watcher(&self, command: Command) {
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
                let found = self.found(call, &talkers, 0);
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
            self.around.acd.control(Input::WatcherGone { watch }).await;
        }
    }

    async fn tell_joined(&self, watch: WatchId, result: Result<WatchMode, Failure>) {
        let joined = Input::WatcherJoined { watch, result };
        self.around.acd.control(joined).await;
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
    pub(super) async fn snoop_entered(&self, watch: WatchId, mode: WatchMode) {
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
