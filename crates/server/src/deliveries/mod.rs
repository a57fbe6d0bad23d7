//! Tells people by mail and programs by webhook: reports by the calendar, and alarms.
//!
//! What is to be told stands in the outbox of the database first. A worker takes it from there under a lease, sends it, and
//! writes down what became of it, so that it is told once, whichever node dies when. It is told twice, with the same id, where a
//! receiver's word is not written down: it came too late, or somebody died before. Never tells anything that does not stand in the
//! outbox.

mod alarms;
mod mail;
mod making;
mod message;
mod planner;
mod reach;
mod report;
mod webhook;
mod worker;

use std::{path::Path, sync::Arc, time::Duration};

use model::{
    Delivery, DeliveryEvent, DeliveryId, DeliveryState, Invalid, Recipient, ReportScheduleId,
    Target, Timestamp,
};
use serde::{Deserialize, Serialize};
use store::{PlannedDelivery, Store, StoreError};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) use alarms::AlarmsContent;
pub(crate) use mail::{Mailer, checked_from};
use making::Making;
pub(crate) use message::Message;
use planner::Planner;
pub(crate) use planner::timetable;
pub(crate) use report::{ReportContent, question};
use webhook::Webhooks;
use worker::Worker;

use crate::{clock::Clock, config::MailConfig, data_folder, reports::Reports, secrets::Vault};

/// The most deliveries that may wait for a recipient before somebody asks for one more.
const MAX_WAITING: u64 = 100;

/// So many bytes of a file have a second more to arrive.
const SLOWEST: u64 = 32 << 10;

/// How much longer than others a message may take.
fn on_a_slow_line(message: &Message) -> Duration {
    let bytes = message.file.as_ref().map_or(0, |file| file.bytes.len());
    Duration::from_secs(bytes as u64 / SLOWEST)
}

/// How messages leave.
#[derive(Debug, Clone)]
pub struct Settings {
    pub mail: MailConfig,
    /// Whether webhooks may be in private networks and on this machine.
    pub allow_private: bool,
    /// The pause after the first attempt; the others grow from it.
    pub first_pause: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mail: MailConfig::default(),
            allow_private: false,
            first_pause: Duration::from_mins(1),
        }
    }
}

/// Why there can be no deliveries.
#[derive(Debug, thiserror::Error)]
pub enum DeliveriesError {
    #[error("[mail] cannot be used: {0}")]
    Mail(String),
    #[error("webhooks cannot be sent: {0}")]
    Webhook(String),
    #[error("the node's name cannot be kept: {0}")]
    Node(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why what somebody asks for is not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untold {
    #[error("{MAX_WAITING} deliveries wait for {0} already")]
    TooMany(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A way to the outbox. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Deliveries {
    store: Store,
    clock: Clock,
    can_mail: bool,
    allow_private: bool,
    wake: Arc<Notify>,
    plan: Arc<Notify>,
}

/// The worker and the planner behind it.
pub(crate) struct DeliveryTask {
    stop: CancellationToken,
    worker: JoinHandle<()>,
    planner: JoinHandle<()>,
}

impl DeliveryTask {
    /// Begins nothing more and waits for what is under way.
    pub(crate) async fn finish(mut self) {
        self.stop.cancel();
        let _ = (&mut self.planner).await;
        let _ = (&mut self.worker).await;
    }
}

impl Drop for DeliveryTask {
    fn drop(&mut self) {
        self.worker.abort();
        self.planner.abort();
    }
}

/// What a delivery tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Content {
    /// That deliveries arrive.
    Test,
    Report(ReportContent),
    Alarms(AlarmsContent),
}

impl Content {
    fn event(&self) -> DeliveryEvent {
        match self {
            Self::Test => DeliveryEvent::Test,
            Self::Report(_) => DeliveryEvent::Report,
            Self::Alarms(_) => DeliveryEvent::Alarms,
        }
    }
}

/// What one or more recipients are to be told.
pub(crate) struct Telling<'a> {
    /// With the due time, it is told to each recipient once.
    pub(crate) source: String,
    pub(crate) schedule: Option<ReportScheduleId>,
    pub(crate) due_at: Timestamp,
    pub(crate) late: bool,
    pub(crate) content: &'a Content,
}

/// Brings up the outbox; `data` is the data folder.
pub(crate) async fn start(
    store: &Store,
    clock: Clock,
    vault: Vault,
    reports: Reports,
    data: &Path,
    settings: Settings,
) -> Result<(Deliveries, DeliveryTask), DeliveriesError> {
    let mailer = Mailer::new(&settings.mail).map_err(DeliveriesError::Mail)?;
    let webhooks = Webhooks::new(settings.allow_private);
    let webhooks = webhooks.map_err(DeliveriesError::Webhook)?;
    let owner = take_back(store, &clock, data).await?;
    let deliveries = Deliveries {
        store: store.clone(),
        clock: clock.clone(),
        can_mail: mailer.is_some(),
        allow_private: settings.allow_private,
        wake: Arc::default(),
        plan: Arc::default(),
    };
    let planner = Planner {
        store: store.clone(),
        clock: clock.clone(),
        deliveries: deliveries.clone(),
        wake: deliveries.plan.clone(),
    };
    let worker = Worker {
        store: store.clone(),
        clock,
        vault,
        reports,
        making: Making::default(),
        mailer,
        webhooks,
        first_pause: settings.first_pause,
        owner,
        wake: deliveries.wake.clone(),
    };
    let stop = CancellationToken::new();
    let task = DeliveryTask {
        worker: tokio::spawn(Arc::new(worker).run(stop.clone())),
        planner: tokio::spawn(planner.run(stop.clone())),
        stop,
    };
    Ok((deliveries, task))
}

/// Takes back what this node had under way when it ended; who it is.
async fn take_back(store: &Store, clock: &Clock, data: &Path) -> Result<Uuid, DeliveriesError> {
    let (now, random) = clock.id();
    let owner = data_folder::node(&data.join("node"), random)?;
    let owner = Uuid::parse_str(&owner).unwrap_or_else(|_| Uuid::from_u128(random));
    let found = store.deliveries().release(owner, now).await?;
    if found > 0 {
        tracing::info!(
            found,
            "deliveries were under way when this node ended; they are sent now"
        );
    }
    Ok(owner)
}

impl Deliveries {
    /// Whether something can be sent there at all.
    pub(crate) fn check(&self, target: &Target) -> Result<(), Invalid> {
        match target {
            Target::Mail { .. } if !self.can_mail => Err(Invalid::new(
                "target.kind",
                "is mail, but the configuration has no [mail] with a host",
            )),
            Target::Mail { address } => mail::checked(address)
                .map(drop)
                .map_err(|why| Invalid::new("target.address", why)),
            Target::Webhook { url } => webhook::checked(url, self.allow_private)
                .map(drop)
                .map_err(|why| Invalid::new("target.url", why)),
        }
    }

    /// As rows of the outbox, one for each recipient.
    pub(crate) fn planned(&self, told: &Telling<'_>, to: &[Recipient]) -> Vec<PlannedDelivery> {
        let content = serde_json::to_string(told.content).expect("texts and numbers are JSON");
        let one = |recipient: &Recipient| {
            let (now, random) = self.clock.id();
            PlannedDelivery {
                source: told.source.clone(),
                content: content.clone(),
                delivery: Delivery {
                    id: DeliveryId::new(now, random),
                    event: told.content.event(),
                    schedule: told.schedule,
                    recipient: recipient.id,
                    recipient_name: recipient.name.clone(),
                    due_at: told.due_at,
                    late: told.late,
                    state: DeliveryState::Waiting,
                    attempts: 0,
                    next_attempt_at: Some(now),
                    error: None,
                    created_at: now,
                    finished_at: None,
                },
            }
        };
        to.iter().map(one).collect()
    }

    /// Sends what somebody asks for as soon as possible, unless too much waits already.
    pub(crate) async fn tell(
        &self,
        told: &Telling<'_>,
        to: &[Recipient],
    ) -> Result<Vec<Delivery>, Untold> {
        for recipient in to {
            if self.store.deliveries().waiting_for(recipient.id).await? >= MAX_WAITING {
                return Err(Untold::TooMany(recipient.name.clone()));
            }
        }
        let planned = self.planned(told, to);
        self.store.deliveries().plan(&planned).await?;
        self.wake();
        Ok(planned.into_iter().map(|one| one.delivery).collect())
    }

    /// A schedule was made or changed.
    pub(crate) fn plan_anew(&self) {
        self.plan.notify_one();
    }

    /// Something may be due.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }
}
