//! Takes from the outbox what is due, sends it, and writes down what became of it.
//!
//! One at a time to each recipient, so that one who does not answer holds up nobody else.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use metrics::{counter, gauge};
use model::{Delivery, DeliveryEvent, Recipient, RecipientId, Target, Timestamp};
use store::{Lease, Outlook, Store, StoreError, TakenDelivery};
use tokio::{
    sync::Notify,
    task::{Id, JoinSet},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Content, Message, mail::Mailer, making::Making, message, on_a_slow_line, webhook::Webhooks,
};
use crate::{clock::Clock, reports::Reports, secrets::Vault};

/// The most deliveries that are under way at once.
const AT_ONCE: usize = 8;
/// The longest that sending one may take; a large one longer.
const SEND_TIMEOUT: Duration = Duration::from_mins(1);
/// For how long one is taken, and how often that is renewed while it is sent: or two would send it.
const LEASE: Duration = Duration::from_secs(90);
const RENEW: Duration = Duration::from_secs(30);
/// How often it looks without being woken: another node may have planned something, or died.
const POLL: Duration = Duration::from_secs(15);
/// The pauses between attempts, in multiples of the first: with a minute, eight attempts in 22 hours.
const PAUSES: [u32; 7] = [1, 5, 15, 60, 180, 360, 720];
/// Those of alarms, of which one holds up the next: as long, but at most an hour each.
const ALARM_PAUSES: [u32; 25] = {
    let mut pauses = [60; 25];
    (pauses[0], pauses[1], pauses[2]) = (1, 5, 15);
    pauses
};
/// How often, and after which pause, it tries to write down what became of a delivery: or it is sent again.
const NOTES: u32 = 10;
const NOTE_PAUSE: Duration = Duration::from_secs(2);

pub(super) struct Worker {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) vault: Vault,
    pub(super) reports: Reports,
    pub(super) making: Making,
    pub(super) mailer: Option<Mailer>,
    pub(super) webhooks: Webhooks,
    pub(super) first_pause: Duration,
    pub(super) owner: Uuid,
    pub(super) wake: Arc<Notify>,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Undelivered {
    pub(super) why: String,
    /// Trying again would not help.
    pub(super) for_good: bool,
}

impl Undelivered {
    pub(super) fn for_now(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            for_good: false,
        }
    }

    pub(super) fn for_good(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            for_good: true,
        }
    }
}

impl From<StoreError> for Undelivered {
    fn from(error: StoreError) -> Self {
        Self::for_now(error.to_string())
    }
}

/// What is under way.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<()>,
    to: BTreeMap<RecipientId, Id>,
}

impl Worker {
    /// Works until `stop`, and then to the end of what is under way.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut under_way = UnderWay::default();
        loop {
            let pause = match self.begin_due(&mut under_way).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "cannot look for deliveries that are due");
                    POLL
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = under_way.tasks.join_next_with_id() => {
                    let id = match ended {
                        Ok((id, ())) => id,
                        Err(error) => error.id(),
                    };
                    under_way.to.retain(|_, task| *task != id);
                }
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        while under_way.tasks.join_next().await.is_some() {}
    }

    /// Begins as much as may be at once; gives the time until there may be more.
    async fn begin_due(self: &Arc<Self>, under_way: &mut UnderWay) -> Result<Duration, StoreError> {
        let deliveries = self.store.deliveries();
        let now = self.now();
        for recipient in deliveries.due(now).await? {
            if under_way.to.len() >= AT_ONCE {
                break;
            }
            if under_way.to.contains_key(&recipient) {
                continue;
            }
            let lease = Lease {
                id: Uuid::from_u128(self.clock.id().1),
                owner: self.owner,
                until: now.after(LEASE),
            };
            match deliveries.take(recipient, now, lease).await {
                Ok(Some(taken)) => {
                    let worker = self.clone();
                    let attempt = async move { worker.attempt(taken).await };
                    let task = under_way.tasks.spawn(attempt);
                    under_way.to.insert(recipient, task.id());
                }
                Ok(None) => {}
                // What cannot be read for one recipient holds up no other.
                Err(error) => tracing::warn!(%recipient, %error, "nothing can be sent to one"),
            }
        }
        // As of the same instant: what has become due since was not begun, and is next.
        let outlook = deliveries.outlook(now).await?;
        Ok(self.told(outlook))
    }

    /// Shows what waits; gives the time until there is more that is due.
    fn told(&self, outlook: Outlook) -> Duration {
        let now = self.now();
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        gauge!("cordboard_deliveries_waiting").set(outlook.waiting as f64);
        let oldest = outlook.oldest_due_at.map(|oldest| now.since(oldest));
        gauge!("cordboard_deliveries_oldest_seconds").set(oldest.unwrap_or_default());
        let until = outlook.next_attempt_at.map(|next| next.since(now));
        until.unwrap_or(POLL).min(POLL)
    }

    async fn attempt(&self, taken: TakenDelivery) {
        let sent = tokio::select! {
            sent = self.send(&taken) => sent,
            () = self.hold(&taken) => Err(Undelivered::for_now("it is another's by now")),
        };
        let event = taken.delivery.event.as_str();
        let result = if sent.is_ok() { "sent" } else { "failed" };
        counter!("cordboard_deliveries_total", "event" => event, "result" => result).increment(1);
        if let Err(Undelivered { why, .. }) = &sent {
            let (delivery, to) = (taken.delivery.id, &taken.delivery.recipient_name);
            tracing::warn!(%delivery, to, event, why, "a delivery failed");
        }
        for _ in 0..NOTES {
            match self.note(&taken, &sent).await {
                Ok(true) => return,
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "what became of a delivery cannot be written down");
                    tokio::time::sleep(NOTE_PAUSE).await;
                }
            }
        }
        let delivery = taken.delivery.id;
        tracing::warn!(%delivery, "a delivery is another's by now; it may be told twice");
    }

    /// Keeps the lease for as long as this is polled; ends when it is another's.
    async fn hold(&self, taken: &TakenDelivery) {
        loop {
            tokio::time::sleep(RENEW).await;
            let (id, until) = (taken.delivery.id, self.now().after(LEASE));
            match self.store.deliveries().hold(id, taken.lease, until).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "a lease cannot be renewed"),
            }
        }
    }

    /// `false`: it is another's by now.
    async fn note(
        &self,
        taken: &TakenDelivery,
        sent: &Result<(), Undelivered>,
    ) -> Result<bool, StoreError> {
        let deliveries = self.store.deliveries();
        let (id, lease, now) = (taken.delivery.id, taken.lease, self.now());
        let Err(Undelivered { why, for_good }) = sent else {
            return deliveries.sent(id, lease, now).await;
        };
        match self.pause(&taken.delivery) {
            Some(pause) if !for_good => deliveries.put_off(id, lease, now.after(pause), why).await,
            _ => deliveries.failed(id, lease, now, why).await,
        }
    }

    /// Until the next attempt; nothing: it is given up.
    fn pause(&self, delivery: &Delivery) -> Option<Duration> {
        let pauses = pauses(delivery.event);
        let tried = delivery.attempts as usize;
        let times = tried.checked_sub(1).and_then(|index| pauses.get(index))?;
        // The time that alarms waited for those before them is part of theirs.
        let longest = self.first_pause * pauses.iter().sum::<u32>();
        let waited = self.now().since(delivery.due_at);
        let is_over = delivery.event == DeliveryEvent::Alarms && waited > longest;
        (!is_over).then(|| self.first_pause * *times)
    }

    async fn send(&self, taken: &TakenDelivery) -> Result<(), Undelivered> {
        if taken.delivery.attempts as usize > pauses(taken.delivery.event).len() + 1 {
            return Err(Undelivered::for_good("the last attempt was interrupted"));
        }
        let id = taken.delivery.recipient;
        let recipient = self.store.recipients().get(id).await?;
        let gone = || Undelivered::for_good("the recipient was removed");
        let recipient = recipient.ok_or_else(gone)?;
        if let Some(schedule) = taken.delivery.schedule
            && self.store.report_schedules().get(schedule).await?.is_none()
        {
            return Err(Undelivered::for_good("the schedule was removed"));
        }
        // Another node may know what it is.
        let content: Content = serde_json::from_str(&taken.content).map_err(|error| {
            Undelivered::for_now(format!("it was planned by another version: {error}"))
        })?;
        let message = match &content {
            Content::Test => Arc::new(message::test()),
            Content::Alarms(alarms) => Arc::new(alarms.message()),
            Content::Report(report) => {
                let late = taken.delivery.late;
                let make = report.message(&self.reports, late);
                self.making.message(report, late, make).await?
            }
        };
        let longest = SEND_TIMEOUT + on_a_slow_line(&message);
        let sending = self.send_to(&recipient, taken, &message);
        let sent = tokio::time::timeout(longest, sending).await;
        sent.unwrap_or_else(|_| {
            let why = format!("sending it took more than {} s", longest.as_secs());
            Err(Undelivered::for_now(why))
        })
    }

    async fn send_to(
        &self,
        recipient: &Recipient,
        taken: &TakenDelivery,
        message: &Arc<Message>,
    ) -> Result<(), Undelivered> {
        let (delivery, now) = (&taken.delivery, self.now());
        match &recipient.target {
            Target::Mail { address } => {
                let none = || Undelivered::for_now("the configuration has no [mail] with a host");
                let mailer = self.mailer.as_ref().ok_or_else(none)?;
                mailer.send(address, delivery, message, now).await
            }
            Target::Webhook { url } => {
                let sealed = self.store.recipients().secret(recipient.id).await?;
                let secret = self.vault.open(&sealed.unwrap_or_default());
                let secret = secret.map_err(|error| {
                    Undelivered::for_now(format!("the webhook's secret is to be renewed: {error}"))
                })?;
                let webhooks = &self.webhooks;
                webhooks.send(url, &secret, delivery, message, now).await
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now().utc
    }
}

fn pauses(event: DeliveryEvent) -> &'static [u32] {
    match event {
        DeliveryEvent::Alarms => &ALARM_PAUSES,
        DeliveryEvent::Report | DeliveryEvent::Test => &PAUSES,
    }
}
