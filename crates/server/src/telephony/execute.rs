//! Our commands into Asterisk's: one task a call does them in order; what fails comes back as an input.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use asterisk::ari::{Client, HangupReason, Join, Originate, RestError};
use engine::acd::{CONNECT_TIMEOUT, Command, Input, OfferFailure};
use futures_util::StreamExt as _;
use model::{CallId, Caller, DialplanTarget, OfferId};
use tokio::sync::mpsc;

use super::{desk::Mailbox, names::Names};

/// Commands of one call that may wait for Asterisk.
pub(super) const COMMANDS_PER_CALL: usize = 4_096;
/// Phones rung (or silenced) at the same time for one call.
const PHONES_AT_ONCE: usize = 16;
/// How often a hang-up, or handing a caller on, is tried: a channel that stays would sit in silence.
pub(super) const ATTEMPTS: u32 = 3;
/// Asterisk's own ring time-out lies this far behind the engine's, which ends every offer.
const RING_TIMEOUT_SLACK: Duration = Duration::from_secs(5);
/// How long Asterisk may take to answer one request.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take to bring caller and agent together, over all requests.
const BRIDGE_TIMEOUT: Duration = Duration::from_secs(8);

// Whatever Asterisk does not do is told by the one who waits for it; the engine's own limit is for what nobody tells.
const _: () = assert!(REQUEST_TIMEOUT.as_millis() < BRIDGE_TIMEOUT.as_millis());
const _: () = assert!(BRIDGE_TIMEOUT.as_millis() < CONNECT_TIMEOUT.as_millis());

/// What the link and the task of a call both know of it.
#[derive(Debug)]
pub(super) struct CallLeg {
    pub(super) call: CallId,
    pub(super) channel: String,
    pub(super) caller: Caller,
    /// Set before the request that sends the caller to the dialplan, since the event may come before the answer.
    pub(super) continuing: AtomicBool,
}

/// What the task of a call has to do.
#[derive(Debug)]
pub(super) enum Job {
    Do(Command),
    /// See whether the agent's leg is there. It comes after whatever was commanded for that leg before.
    LookFor(OfferId),
}

/// What the task of a call finds out, and no event may tell.
#[derive(Debug)]
pub(super) enum Finding {
    /// There is no such leg.
    LegGone { offer: OfferId, why: OfferFailure },
    /// The caller's channel is not there.
    CallerGone { channel: String },
    /// Something could not be ended: nobody knows whether it is still there.
    Unsure,
    /// A request to make something brought no answer, and Asterisk may still carry it out.
    GaveUp,
}

/// Does the commands of one call.
pub(super) struct Executor {
    pub(super) client: Client,
    pub(super) names: Names,
    pub(super) leg: Arc<CallLeg>,
    pub(super) answered: bool,
    /// Whether music may be playing to the caller.
    pub(super) music: bool,
    pub(super) acd: Mailbox,
    pub(super) findings: mpsc::Sender<Finding>,
}

impl Executor {
    /// Runs until the link forgets the call.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::new();
        while jobs.recv_many(&mut batch, COMMANDS_PER_CALL).await > 0 {
            let mut batch: std::collections::VecDeque<_> = batch.drain(..).collect();
            while let Some(job) = batch.pop_front() {
                let command = match job {
                    Job::Do(command) if is_about_a_phone(&command) => command,
                    Job::Do(command) => {
                        self.execute(command).await;
                        continue;
                    }
                    Job::LookFor(offer) => {
                        self.look_for(offer).await;
                        continue;
                    }
                };
                // Ring-all rings (and silences) many phones; each kind at once, but never one before the other.
                let mut phones = vec![command];
                let kind = std::mem::discriminant(&phones[0]);
                let same =
                    |job: &mut Job| matches!(job, Job::Do(c) if std::mem::discriminant(c) == kind);
                while let Some(Job::Do(next)) = batch.pop_front_if(same) {
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
                let rung = self.client.channels().ring(channel).await;
                self.tolerate("ring", rung).await;
            }
            Command::PlayMusic { class, .. } => {
                let started = self
                    .client
                    .channels()
                    .start_moh(channel, Some(&class))
                    .await;
                self.music = true;
                self.tolerate("start the music", started).await;
            }
            Command::Connect { offer, .. } => self.connect(offer).await,
            Command::Disconnect { offer } => self.disconnect(offer).await,
            Command::HangUp { .. } => self.hang_up().await,
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
                self.end_leg(offer, HangupReason::AnsweredElsewhere).await;
            }
            _ => unreachable!("only commands about a phone come here"),
        }
    }

    async fn answer(&mut self) {
        if !self.answered {
            let done = self.client.channels().answer(&self.leg.channel).await;
            self.answered = done.is_ok();
            self.tolerate("answer", done).await;
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
            let ended = self.end_channel(&channel_id, HangupReason::Normal).await;
            if ended == Gone::Unknown {
                self.tell(Finding::Unsure).await;
            }
        }
        let why = OfferFailure::Unreachable;
        self.tell(Finding::LegGone { offer, why }).await;
        self.tell_if_given_up(&error).await;
    }

    /// Says how it went; the engine lets the agent's leg and the bridge go where it failed.
    async fn connect(&mut self, offer: OfferId) {
        let connecting = async {
            let built = self.build_bridge(offer).await;
            if matches!(built, Err(RestError::Rejected { .. })) {
                self.look_for_caller().await;
            }
            built
        };
        let built = tokio::time::timeout(BRIDGE_TIMEOUT, connecting).await;
        let input = match built.unwrap_or(Err(RestError::Timeout)) {
            Ok(()) => {
                self.answered = true;
                Input::Connected { offer }
            }
            Err(error) => {
                tracing::warn!(%error, call = %self.leg.call, %offer, "caller and agent could not be bridged");
                self.tell_if_given_up(&error).await;
                Input::ConnectFailed { offer }
            }
        };
        self.acd.tell(input).await;
    }

    async fn build_bridge(&self, offer: OfferId) -> Result<(), RestError> {
        let (channels, bridges) = (self.client.channels(), self.client.bridges());
        let (caller, bridge) = (&self.leg.channel, self.names.bridge(offer));
        let answer = async {
            if !self.answered {
                channels.answer(caller).await?;
            }
            if self.music {
                // Fails where none plays, which is as good.
                let _ = channels.stop_moh(caller).await;
            }
            Ok(())
        };
        let name = self.leg.call.to_string();
        let (answered, made) = tokio::join!(answer, bridges.create(&bridge, "mixing", &name));
        answered?;
        made?;
        let both = [caller.as_str(), &self.names.agent_channel(offer)];
        bridges.add_channels(&bridge, &both, Join::default()).await
    }

    async fn disconnect(&self, offer: OfferId) {
        let (bridge, bridges) = (self.names.bridge(offer), self.client.bridges());
        let ((), destroyed) = tokio::join!(
            self.end_leg(offer, HangupReason::Normal),
            bridges.destroy(&bridge)
        );
        if let Err(error) = destroyed
            && !error.is_not_found()
        {
            tracing::warn!(%error, call = %self.leg.call, %offer, "could not take the bridge down");
            self.tell(Finding::Unsure).await;
        }
    }

    async fn hang_up(&self) {
        if self.leg.continuing.load(Ordering::Acquire) {
            // It is the dialplan's by now.
            return;
        }
        let channel = &self.leg.channel;
        match self.end_channel(channel, HangupReason::Normal).await {
            Gone::Now => {}
            Gone::Already => self.tell_caller_gone().await,
            Gone::Unknown => self.tell(Finding::Unsure).await,
        }
    }

    async fn continue_in_dialplan(&self, call: CallId, target: &DialplanTarget) {
        self.leg.continuing.store(true, Ordering::Release);
        let place = (
            target.context.as_str(),
            target.extension.as_str(),
            target.priority,
        );
        let channel = &self.leg.channel;
        if let Err(error) = hand_over(&self.client, channel, Some(place)).await {
            tracing::warn!(%error, %call, context = target.context, "the caller could not be sent to the dialplan; hanging up");
            self.leg.continuing.store(false, Ordering::Release);
            self.hang_up().await;
        }
    }

    /// Ends an agent's leg. Where none is, no event will say so.
    async fn end_leg(&self, offer: OfferId, reason: HangupReason) {
        let channel = self.names.agent_channel(offer);
        let why = OfferFailure::NoAnswer;
        match self.end_channel(&channel, reason).await {
            Gone::Now => {}
            Gone::Already => self.tell(Finding::LegGone { offer, why }).await,
            Gone::Unknown => self.tell(Finding::Unsure).await,
        }
    }

    async fn look_for(&self, offer: OfferId) {
        let channel = self.names.agent_channel(offer);
        match self.client.channels().get(&channel).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => {
                let why = OfferFailure::NoAnswer;
                self.tell(Finding::LegGone { offer, why }).await;
            }
            Err(_) => self.tell(Finding::Unsure).await,
        }
    }

    async fn look_for_caller(&self) {
        let found = self.client.channels().get(&self.leg.channel).await;
        if found.is_err_and(|error| error.is_not_found()) {
            self.tell_caller_gone().await;
        }
    }

    async fn tell_if_given_up(&self, error: &RestError) {
        if !matches!(error, RestError::Rejected { .. } | RestError::Overloaded) {
            self.tell(Finding::GaveUp).await;
        }
    }

    async fn tell_caller_gone(&self) {
        let channel = self.leg.channel.clone();
        self.tell(Finding::CallerGone { channel }).await;
    }

    async fn tell(&self, finding: Finding) {
        // Nobody hears it once the server is let go; the next connection compares anew.
        let _ = self.findings.send(finding).await;
    }

    async fn end_channel(&self, channel: &str, reason: HangupReason) -> Gone {
        let mut backoff = asterisk::Backoff::default();
        for attempt in 1..=ATTEMPTS {
            match self.client.channels().hang_up(channel, reason).await {
                Ok(()) => return Gone::Now,
                Err(error) if error.is_not_found() => return Gone::Already,
                Err(error) => {
                    tracing::warn!(%error, channel, attempt, "a channel could not be hung up");
                }
            }
            if attempt < ATTEMPTS {
                tokio::time::sleep(backoff.next_delay()).await;
            }
        }
        Gone::Unknown
    }

    /// A caller who is gone is told of, in case the event was missed; anything else is worth a line.
    async fn tolerate(&self, what: &str, result: Result<(), RestError>) {
        match result {
            Ok(()) => {}
            // Music and ringing say 404 of the channel alone.
            Err(error) if error.is_not_found() => self.tell_caller_gone().await,
            Err(error) => {
                tracing::warn!(%error, call = %self.leg.call, "could not {what}");
            }
        }
    }
}

/// Sends a caller on in the dialplan. A channel that is gone, or no longer ours, needs nothing more.
pub(super) async fn hand_over(
    client: &Client,
    channel: &str,
    place: Option<(&str, &str, u32)>,
) -> Result<(), RestError> {
    let mut backoff = asterisk::Backoff::default();
    let mut attempt = 1;
    loop {
        let done = client.channels().continue_in_dialplan(channel, place).await;
        match done {
            Err(error) if error.is_not_found() || (attempt > 1 && error.is_conflict()) => {
                return Ok(());
            }
            Err(RestError::Timeout | RestError::Unreachable(_) | RestError::Overloaded)
                if attempt < ATTEMPTS =>
            {
                attempt += 1;
                tokio::time::sleep(backoff.next_delay()).await;
            }
            done => return done,
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
