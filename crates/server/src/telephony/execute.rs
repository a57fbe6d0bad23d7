//! Our commands into Asterisk's: one task a call does them in order; what fails comes back as an input.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use asterisk::ari::{Client, HangupReason, Join, RestError};
use engine::acd::{CONNECT_TIMEOUT, Command, Input, OfferFailure};
use model::{CallId, Caller, DialplanTarget, OfferId};
use tokio::sync::mpsc;

use super::{desk::Mailbox, names::Names, phones::Phones, translate::Arrival};

/// Commands of one call that may wait for Asterisk.
pub(super) const COMMANDS_PER_CALL: usize = 4_096;
/// How often a hang-up, or handing a caller on, is tried: a channel that stays would sit in silence.
pub(super) const ATTEMPTS: u32 = 3;
/// How long Asterisk may take to answer one request.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take to bring caller and agent together, over all requests.
pub(super) const BRIDGE_TIMEOUT: Duration = Duration::from_secs(8);

// Whatever Asterisk does not do is told by the one who waits for it; the engine's own limit is for what nobody tells.
const _: () = assert!(REQUEST_TIMEOUT.as_millis() < BRIDGE_TIMEOUT.as_millis());
const _: () = assert!(BRIDGE_TIMEOUT.as_millis() < CONNECT_TIMEOUT.as_millis());
const _: () = assert!(BRIDGE_TIMEOUT.as_millis() < engine::dial::CONNECT_TIMEOUT.as_millis());

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
    Do(Box<Command>),
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
    /// A customer and a third person were put together, or not.
    Paired { call: CallId, done: bool },
    /// A customer goes to another queue, as if they had just come.
    Requeued(Box<Arrival>),
    /// Something could not be ended: nobody knows whether it is still there.
    Unsure,
    /// A request to make something brought no answer, and Asterisk may still carry it out.
    GaveUp,
}

/// How the tasks of one call reach Asterisk, and the link.
#[derive(Clone)]
pub(super) struct Reach {
    pub(super) client: Client,
    pub(super) names: Names,
    pub(super) leg: Arc<CallLeg>,
    pub(super) findings: mpsc::Sender<Finding>,
}

impl Reach {
    pub(super) async fn tell(&self, finding: Finding) {
        // Nobody hears it once the server is let go; the next connection compares anew.
        let _ = self.findings.send(finding).await;
    }

    pub(super) async fn tell_if_given_up(&self, error: &RestError) {
        if gave_up(error) {
            self.tell(Finding::GaveUp).await;
        }
    }

    pub(super) async fn end_channel(&self, channel: &str, reason: HangupReason) -> Gone {
        end_channel(&self.client, channel, reason).await
    }
}

/// Whether nobody knows if Asterisk got the request.
pub(super) fn gave_up(error: &RestError) -> bool {
    !matches!(error, RestError::Rejected { .. } | RestError::Overloaded)
}

/// Hangs a channel up, with some patience.
pub(super) async fn end_channel(client: &Client, channel: &str, reason: HangupReason) -> Gone {
    let mut backoff = asterisk::Backoff::default();
    for attempt in 1..=ATTEMPTS {
        match client.channels().hang_up(channel, reason).await {
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

/// Makes a bridge, unless it is there: Asterisk refuses that with 409, before 18 with 500.
pub(super) async fn make_bridge(
    client: &Client,
    id: &str,
    kind: &str,
    name: &str,
) -> Result<(), RestError> {
    let bridges = client.bridges();
    let Err(error) = bridges.create(id, kind, name).await else {
        return Ok(());
    };
    let refused = matches!(error, RestError::Rejected { .. });
    if refused && bridges.get(id).await.is_ok() {
        return Ok(());
    }
    Err(error)
}

/// Does the commands of one call: what concerns the caller in order, and the [`Phones`] beside it.
pub(super) struct Executor {
    reach: Reach,
    phones: Phones,
    answered: bool,
    /// Whether music may be playing to the caller.
    music: bool,
    acd: Mailbox,
}

impl Executor {
    /// `answered`: whether the caller's channel is; `None`: we have known it before, and it may hear music.
    pub(super) fn new(reach: Reach, answered: Option<bool>, acd: Mailbox) -> Self {
        Self {
            phones: Phones::new(reach.clone()),
            reach,
            answered: answered.unwrap_or(false),
            music: answered.is_none(),
            acd,
        }
    }

    /// Runs until the link forgets the call.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(job) = jobs.recv().await {
            match job {
                Job::Do(command) => self.execute(*command).await,
                Job::LookFor(offer) => self.phones.look_for(offer),
            }
        }
    }

    async fn execute(&mut self, command: Command) {
        let channels = self.reach.client.channels();
        let channel = &self.reach.leg.channel;
        match command {
            Command::Offer {
                offer,
                extension,
                timeout,
                asked_for,
                ..
            } => self.phones.ring(offer, extension, timeout, asked_for),
            Command::Withdraw { offer } => {
                self.phones.end(offer, HangupReason::AnsweredElsewhere);
            }
            Command::Disconnect { offer } => {
                self.phones.end(offer, HangupReason::Normal);
                self.take_down(offer).await;
            }
            Command::Answer { .. } => self.answer().await,
            Command::Ring { .. } => {
                let rung = channels.ring(channel).await;
                self.tolerate("ring", rung).await;
            }
            Command::PlayMusic { class, .. } => {
                let started = channels.start_moh(channel, Some(&class)).await;
                self.music = true;
                self.tolerate("start the music", started).await;
            }
            Command::Park { class, .. } => self.park(&class).await,
            Command::Connect { offer, .. } => {
                self.phones.answered(offer);
                self.connect(offer).await;
            }
            Command::HangUp { .. } => self.hang_up().await,
            Command::Continue { call, target } => self.continue_in_dialplan(call, &target).await,
            Command::Publish(_) => unreachable!("published by the desk"),
        }
    }

    async fn answer(&mut self) {
        if !self.answered {
            let done = self
                .reach
                .client
                .channels()
                .answer(&self.reach.leg.channel)
                .await;
            self.answered = done.is_ok();
            self.tolerate("answer", done).await;
        }
    }

    /// Out of the bridge of those on hold, if the caller is there, and music as for those who wait.
    async fn park(&mut self, class: &str) {
        let Reach {
            client, names, leg, ..
        } = &self.reach;
        let hold = names.hold_bridge(leg.call);
        let bridges = client.bridges();
        let _ = bridges.remove_channels(&hold, &[&leg.channel]).await;
        let started = client.channels().start_moh(&leg.channel, Some(class)).await;
        if let Err(error) = bridges.destroy(&hold).await
            && !error.is_not_found()
        {
            tracing::warn!(%error, call = %leg.call, "could not take down where the caller was on hold");
            self.reach.tell(Finding::Unsure).await;
        }
        self.music = true;
        self.tolerate("start the music", started).await;
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
                tracing::warn!(%error, call = %self.reach.leg.call, %offer, "caller and agent could not be bridged");
                self.reach.tell_if_given_up(&error).await;
                Input::ConnectFailed { offer }
            }
        };
        self.acd.tell(input).await;
    }

    async fn build_bridge(&self, offer: OfferId) -> Result<(), RestError> {
        let (channels, bridges) = (self.reach.client.channels(), self.reach.client.bridges());
        let (caller, bridge) = (&self.reach.leg.channel, self.reach.names.bridge(offer));
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
        let name = self.reach.leg.call.to_string();
        let (answered, made) = tokio::join!(answer, bridges.create(&bridge, "mixing", &name));
        answered?;
        made?;
        let both = [caller.as_str(), &self.reach.names.agent_channel(offer)];
        bridges.add_channels(&bridge, &both, Join::default()).await
    }

    async fn take_down(&self, offer: OfferId) {
        let bridge = self.reach.names.bridge(offer);
        let destroyed = self.reach.client.bridges().destroy(&bridge).await;
        if let Err(error) = destroyed
            && !error.is_not_found()
        {
            tracing::warn!(%error, call = %self.reach.leg.call, %offer, "could not take the bridge down");
            self.reach.tell(Finding::Unsure).await;
        }
    }

    async fn hang_up(&self) {
        if self.reach.leg.continuing.load(Ordering::Acquire) {
            // It is the dialplan's by now.
            return;
        }
        let channel = &self.reach.leg.channel;
        match self.reach.end_channel(channel, HangupReason::Normal).await {
            Gone::Now => {}
            Gone::Already => self.tell_caller_gone().await,
            Gone::Unknown => self.reach.tell(Finding::Unsure).await,
        }
    }

    async fn continue_in_dialplan(&self, call: CallId, target: &DialplanTarget) {
        self.reach.leg.continuing.store(true, Ordering::Release);
        let place = (
            target.context.as_str(),
            target.extension.as_str(),
            target.priority,
        );
        let channel = &self.reach.leg.channel;
        if let Err(error) = hand_over(&self.reach.client, channel, Some(place)).await {
            tracing::warn!(%error, %call, context = target.context, "the caller could not be sent to the dialplan; hanging up");
            self.reach.leg.continuing.store(false, Ordering::Release);
            self.hang_up().await;
        }
    }

    async fn look_for_caller(&self) {
        let found = self
            .reach
            .client
            .channels()
            .get(&self.reach.leg.channel)
            .await;
        if found.is_err_and(|error| error.is_not_found()) {
            self.tell_caller_gone().await;
        }
    }

    async fn tell_caller_gone(&self) {
        let channel = self.reach.leg.channel.clone();
        self.reach.tell(Finding::CallerGone { channel }).await;
    }

    /// A caller who is gone is told of, in case the event was missed; anything else is worth a line.
    async fn tolerate(&self, what: &str, result: Result<(), RestError>) {
        match result {
            Ok(()) => {}
            // Music and ringing say 404 of the channel alone.
            Err(error) if error.is_not_found() => self.tell_caller_gone().await,
            Err(error) => {
                tracing::warn!(%error, call = %self.reach.leg.call, "could not {what}");
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

/// What became of a channel that was hung up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gone {
    Now,
    Already,
    Unknown,
}
