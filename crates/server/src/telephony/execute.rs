//! Our commands into Asterisk's: one task a call does them in order; what fails comes back as an input.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use asterisk::ari::{Client, HangupReason, Join, Originate, RestError};
use engine::acd::{Command, Input};
use futures_util::StreamExt as _;
use model::{CallId, Caller, DialplanTarget, OfferId};
use tokio::sync::mpsc;

use super::{desk::Mailbox, names::Names};

/// Commands of one call that may wait for Asterisk.
pub(super) const COMMANDS_PER_CALL: usize = 4_096;
/// Phones rung (or silenced) at the same time for one call.
const PHONES_AT_ONCE: usize = 16;
/// How often a hang-up is tried: a channel that stays would sit in silence.
const HANG_UP_ATTEMPTS: u32 = 3;
/// Asterisk's own ring time-out lies this far behind the engine's, which ends every offer.
const RING_TIMEOUT_SLACK: Duration = Duration::from_secs(5);

/// What the link and the task of a call both know of it.
#[derive(Debug)]
pub(super) struct CallLeg {
    pub(super) call: CallId,
    pub(super) channel: String,
    pub(super) caller: Caller,
    /// Set before the request that sends the caller to the dialplan, since the event may come before the answer.
    pub(super) continuing: AtomicBool,
}

/// Does the commands of one call.
pub(super) struct Executor {
    pub(super) client: Client,
    pub(super) names: Names,
    pub(super) leg: Arc<CallLeg>,
    pub(super) answered: bool,
    pub(super) acd: Mailbox,
    /// Tells the link of phones that Asterisk would not ring: no event will.
    pub(super) never_rang: mpsc::Sender<OfferId>,
}

impl Executor {
    /// Runs until the link forgets the call.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut batch = Vec::new();
        while commands.recv_many(&mut batch, COMMANDS_PER_CALL).await > 0 {
            let mut batch: std::collections::VecDeque<_> = batch.drain(..).collect();
            while let Some(command) = batch.pop_front() {
                if !is_about_a_phone(&command) {
                    self.execute(command).await;
                    continue;
                }
                // Ring-all rings (and silences) many phones; each kind at once, but never one before the other.
                let mut phones = vec![command];
                let kind = std::mem::discriminant(&phones[0]);
                while let Some(next) = batch.pop_front_if(|c| std::mem::discriminant(c) == kind) {
                    phones.push(next);
                }
                futures_util::stream::iter(phones)
                    .for_each_concurrent(PHONES_AT_ONCE, |command| self.execute_phone(command))
                    .await;
            }
        }
    }

    async fn execute(&mut self, command: Command) {
        let channel = &self.leg.channel;
        match command {
            Command::Answer { .. } => self.answer().await,
            Command::Ring { .. } => {
                self.tolerate("ring", self.client.channels().ring(channel).await);
            }
            Command::PlayMusic { class, .. } => {
                let started = self
                    .client
                    .channels()
                    .start_moh(channel, Some(&class))
                    .await;
                self.tolerate("start the music", started);
            }
            Command::Connect { offer, .. } => self.connect(offer).await,
            Command::Disconnect { offer } => self.disconnect(offer).await,
            Command::HangUp { call } => self.hang_up(call).await,
            Command::Continue { call, target } => self.continue_in_dialplan(call, &target).await,
            Command::Publish(_) | Command::Offer { .. } | Command::Withdraw { .. } => {
                unreachable!("published by the desk, or about a phone")
            }
        }
    }

    async fn execute_phone(&self, command: Command) {
        match command {
            Command::Offer {
                offer,
                extension,
                timeout,
                ..
            } => self.offer(offer, &extension, timeout).await,
            Command::Withdraw { offer } => {
                let channel = self.names.agent_channel(offer);
                self.end_channel(&channel, HangupReason::AnsweredElsewhere)
                    .await;
            }
            _ => unreachable!("only commands about a phone come here"),
        }
    }

    async fn answer(&mut self) {
        if !self.answered {
            let done = self.client.channels().answer(&self.leg.channel).await;
            self.answered = done.is_ok();
            self.tolerate("answer", done);
        }
    }

    async fn offer(&self, offer: OfferId, extension: &str, timeout: Duration) {
        let channel_id = self.names.agent_channel(offer);
        let originate = Originate {
            endpoint: format!("PJSIP/{extension}"),
            channel_id: channel_id.clone(),
            app: Some(self.client.application().to_owned()),
            caller_id: Some(caller_id(&self.leg.caller)),
            timeout: Some(timeout + RING_TIMEOUT_SLACK),
            originator: Some(self.leg.channel.clone()),
            ..Originate::default()
        };
        let Err(error) = self.client.channels().originate(&originate).await else {
            return;
        };
        tracing::info!(%error, call = %self.leg.call, %offer, extension, "the phone could not be rung");
        if !matches!(error, RestError::Rejected { .. }) {
            // Nobody knows whether Asterisk got the request, so it must not ring on.
            self.end_channel(&channel_id, HangupReason::Normal).await;
        }
        let _ = self.never_rang.send(offer).await;
    }

    async fn connect(&mut self, offer: OfferId) {
        let result = self.build_bridge(offer).await;
        let input = match result {
            Ok(()) => {
                self.answered = true;
                Input::Connected { offer }
            }
            Err(error) => {
                tracing::warn!(%error, call = %self.leg.call, %offer, "caller and agent could not be bridged");
                self.disconnect(offer).await;
                Input::ConnectFailed { offer }
            }
        };
        self.acd.tell(input).await;
    }

    async fn build_bridge(&self, offer: OfferId) -> Result<(), RestError> {
        let (channels, bridges) = (self.client.channels(), self.client.bridges());
        let (caller, bridge) = (&self.leg.channel, self.names.bridge(offer));
        let answer = async {
            if self.answered {
                // Fails where no music plays, which is as good.
                let _ = channels.stop_moh(caller).await;
                Ok(())
            } else {
                channels.answer(caller).await
            }
        };
        let name = self.leg.call.to_string();
        let (answered, made) = tokio::join!(answer, bridges.create(&bridge, "mixing", &name));
        answered?;
        made?;
        let both = [caller.as_str(), &self.names.agent_channel(offer)];
        bridges.add_channels(&bridge, &both, Join::default()).await
    }

    async fn disconnect(&self, offer: OfferId) {
        let (channel, bridge) = (self.names.agent_channel(offer), self.names.bridge(offer));
        let bridges = self.client.bridges();
        let (_, destroyed) = tokio::join!(
            self.end_channel(&channel, HangupReason::Normal),
            bridges.destroy(&bridge)
        );
        self.tolerate("take the bridge down", destroyed);
    }

    async fn hang_up(&self, call: CallId) {
        if self
            .end_channel(&self.leg.channel, HangupReason::Normal)
            .await
            == Gone::Already
        {
            // Its end was missed, or is on its way; a second one does no harm.
            self.acd
                .tell(Input::CallerHungUp { call, cause: None })
                .await;
        }
    }

    async fn continue_in_dialplan(&self, call: CallId, target: &DialplanTarget) {
        self.leg.continuing.store(true, Ordering::Release);
        let place = (
            target.context.as_str(),
            target.extension.as_str(),
            target.priority,
        );
        let done = self
            .client
            .channels()
            .continue_in_dialplan(&self.leg.channel, Some(place))
            .await;
        if let Err(error) = done {
            tracing::warn!(%error, %call, context = target.context, "the caller could not be sent to the dialplan; hanging up");
            self.leg.continuing.store(false, Ordering::Release);
            self.hang_up(call).await;
        }
    }

    async fn end_channel(&self, channel: &str, reason: HangupReason) -> Gone {
        let mut backoff = asterisk::Backoff::default();
        for attempt in 1..=HANG_UP_ATTEMPTS {
            match self.client.channels().hang_up(channel, reason).await {
                Ok(()) => return Gone::Now,
                Err(error) if error.is_not_found() => return Gone::Already,
                Err(error) => {
                    tracing::warn!(%error, channel, attempt, "a channel could not be hung up");
                }
            }
            tokio::time::sleep(backoff.next_delay()).await;
        }
        Gone::Unknown
    }

    /// A channel that is gone says so by its own event; anything else is worth a line.
    fn tolerate(&self, what: &str, result: Result<(), RestError>) {
        if let Err(error) = result
            && !error.is_not_found()
        {
            tracing::warn!(%error, call = %self.leg.call, "could not {what}");
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Gone {
    Now,
    Already,
    Unknown,
}

fn is_about_a_phone(command: &Command) -> bool {
    matches!(command, Command::Offer { .. } | Command::Withdraw { .. })
}

/// `"Name" <number>` as Asterisk reads it. Both come from the caller, so what has a meaning there is left out.
fn caller_id(caller: &Caller) -> String {
    let keep =
        |text: &str, what: fn(char) -> bool| text.chars().filter(|c| what(*c)).collect::<String>();
    let name = keep(&caller.name, |c| {
        !c.is_control() && !matches!(c, '"' | '<' | '>' | '\\')
    });
    let number = keep(&caller.number, |c| {
        c.is_ascii_alphanumeric() || matches!(c, '+' | '*' | '#' | '-' | '.' | '_')
    });
    format!("\"{}\" <{number}>", name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_name_cannot_break_out_of_its_quotes() {
        let caller = Caller {
            number: "555<0100>;x".to_owned(),
            e164: None,
            name: "Eve\" <911> \\".to_owned(),
        };
        assert_eq!(caller_id(&caller), "\"Eve 911\" <5550100x>");
    }
}
