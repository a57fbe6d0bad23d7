//! What every part of the server can reach, and how it comes up and goes down.

use std::{fs, io, path::PathBuf, time::Duration};

use asterisk::ari::ConfigError;
use model::{AmiAccess, DialOut, ProvisionedBy, Server, ServerId, Timestamp};
use store::{Store, StoreError};
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    alarms::{self, AlarmBoard},
    callerid::{self, CallerIds, CallerIdsError},
    cdr::{self, Cdr, CdrError, CdrSettings, CdrTasks},
    clock::Clock,
    config::ParkingConfig,
    data_folder,
    deliveries::{self, Deliveries, DeliveriesError, DeliveryTask},
    journal::{self, Journal, JournalError, Sink},
    numbers::Numbers,
    provision::{self, Provisioner},
    realtime::Realtime,
    reconcile::Reconciler,
    reports::Reports,
    retention,
    secrets::{Vault, VaultError},
    stream::{KEPT_EVENTS, Stream},
    telephony::{self, Acd, Credentials, Outgoing, Servers, Witness},
    ways::Ways,
};

/// How long a stop waits for the database.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it waits for messages that are being sent.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(3);

/// The parts. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub acd: Acd,
    pub servers: Servers,
    pub stream: Stream,
    pub clock: Clock,
    pub vault: Vault,
    pub journal: journal::StatusHandle,
    pub caller_ids: CallerIds,
    pub numbers: Numbers,
    pub realtime: Realtime,
    pub provisioner: Provisioner,
    pub cdr: Cdr,
    pub(crate) reports: Reports,
    pub(crate) alarms: AlarmBoard,
    pub(crate) reconciler: Reconciler,
    pub(crate) deliveries: Deliveries,
}

/// What the parts are made from.
pub struct Setup {
    /// The folder for everything that is written outside the database.
    pub data: PathBuf,
    pub dsn: String,
    pub journal: journal::Limits,
    /// How long the past is kept; `None`: for ever.
    pub retention: Option<Duration>,
    pub numbers: Numbers,
    pub caller_ids: callerid::Settings,
    pub cdr: CdrSettings,
    pub deliveries: deliveries::Settings,
    /// Where phones and trunks are written for servers that do not ask for them.
    pub provisioning: provision::Settings,
    /// Servers named in the configuration; they replace those of the same name in the database.
    pub servers: Vec<ConfiguredServer>,
    /// The name of the queue for calls that nothing else routes, where the configuration says so.
    pub default_queue: Option<String>,
    pub parking: ParkingConfig,
}

/// A server of the configuration.
pub struct ConfiguredServer {
    pub name: String,
    pub ari_url: String,
    pub ari_user: String,
    pub application: String,
    pub dial_out: Option<DialOut>,
    pub ami: Option<AmiAccess>,
    pub provisioned_by: ProvisionedBy,
    pub credentials: Credentials,
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot use the data folder {path}: {source}")]
    DataFolder { path: PathBuf, source: io::Error },
    #[error("the data folder {path} is in use: {why}")]
    Tenancy {
        path: PathBuf,
        why: data_folder::TenancyError,
    },
    #[error("cannot listen on {address}: {source}")]
    Listen {
        address: std::net::SocketAddr,
        source: io::Error,
    },
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the database cannot be used: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the journal cannot be brought into the database: {0}")]
    CatchUp(String),
    #[error("caller IDs cannot be brought up: {0}")]
    CallerIds(#[from] CallerIdsError),
    #[error(transparent)]
    Cdr(#[from] CdrError),
    #[error(transparent)]
    Deliveries(#[from] DeliveriesError),
    #[error("the server {name} of the configuration is not usable: {why}")]
    Server { name: String, why: String },
    #[error(
        "the default queue {0:?} of the configuration does not exist; create it, or remove the setting"
    )]
    DefaultQueue(String),
}

/// The tasks behind an [`App`].
pub struct Tasks {
    desk: JoinHandle<()>,
    applier: JoinHandle<()>,
    caller_ids: [JoinHandle<()>; 2],
    shared_caller_ids: Option<AbortOnDropHandle<()>>,
    cdr: CdrTasks,
    deliveries: DeliveryTask,
    _retention: Option<AbortOnDropHandle<()>>,
    _alarms: AbortOnDropHandle<()>,
    _reconciling: AbortOnDropHandle<()>,
}

impl Tasks {
    /// Waits until all events are in the journal and, if the database is there, in the database. Drop every [`App`] first.
    pub async fn finish(self) {
        // It holds a way to the desk, which ends with the last of them.
        drop(self.shared_caller_ids);
        let rest = async {
            self.cdr.finish().await;
            let _ = self.desk.await;
            let _ = self.applier.await;
            for task in self.caller_ids {
                let _ = task.await;
            }
        };
        let (rest, sent) = tokio::join!(
            tokio::time::timeout(STOP_TIMEOUT, rest),
            tokio::time::timeout(DELIVERY_TIMEOUT, self.deliveries.finish()),
        );
        if rest.is_err() {
            tracing::warn!("the database did not take the last events; they wait in the journal");
        }
        if sent.is_err() {
            tracing::warn!("a delivery was broken off; it is sent again at the next start");
        }
    }
}

impl App {
    /// Opens the store and the journal, puts the engine where it was, and connects to every Asterisk.
    pub async fn start(setup: Setup) -> Result<(Self, Tasks), StartError> {
        Self::start_before(setup, None).await
    }

    /// The same, before a witness of everything that the queue engine hears and says.
    pub async fn start_before(
        setup: Setup,
        witness: Option<Box<dyn Witness>>,
    ) -> Result<(Self, Tasks), StartError> {
        make_folder(&setup.data)?;
        let vault = Vault::open_or_make(&setup.data.join("secret.key"))?;
        let store = Store::open(&setup.dsn).await?;
        store.migrate().await?;
        let clock = Clock::start();
        // A gauge that is set before there is a recorder would be missing until something changes.
        crate::api::install_metrics();

        let applied = store.journal().applied_seq().await?;
        let (journal, mut applier) =
            Journal::open(&setup.data.join("journal"), applied, setup.journal)?;
        let caught_up = applier.catch_up_once(&store).await;
        caught_up.map_err(StartError::CatchUp)?;
        let stream = recent_events(&store).await?;
        let status = journal.status();
        set_default_queue(&store, setup.default_queue.as_deref()).await?;
        keep_servers(&store, &vault, &clock, &setup.servers).await?;

        setup.numbers.warm();
        let watch = setup.caller_ids.watch_calls;
        let or_trunk_number = setup.caller_ids.or_trunk_number;
        // Of its own, as the next: together they would be too much for the stack.
        let caller_ids = Box::pin(callerid::start(
            &store,
            clock.clone(),
            &setup.data.join("ledger"),
            setup.journal,
            setup.caller_ids,
        ))
        .await?;
        let ways = Ways::new(clock.clone());
        let realtime = Realtime::load(&store, &vault, setup.numbers, ways).await?;
        let outgoing = Outgoing {
            caller_ids: caller_ids.caller_ids.clone(),
            watch,
            or_trunk_number,
            phones: realtime.clone(),
        };
        let started = Box::pin(telephony::start(
            &store,
            clock.clone(),
            journal,
            stream.clone(),
            setup.numbers,
            outgoing,
            witness,
        ))
        .await?;
        started.acd.park_in(setup.parking).await;
        let applier = tokio::spawn(applier.run(store.clone()));
        let retention = setup.retention.map(|keep| {
            let forgetting = retention::run(store.clone(), clock.clone(), keep);
            AbortOnDropHandle::new(tokio::spawn(forgetting))
        });
        let tolerances = setup.cdr.tolerances;
        let (cdr, cdr_tasks) = cdr::start(&store, clock.clone(), setup.cdr).await?;
        let reports = Reports::new(store.clone(), cdr.clone(), clock.clone());
        let (deliveries, delivery_task) = deliveries::start(
            &store,
            clock.clone(),
            vault.clone(),
            reports.clone(),
            &setup.data,
            setup.deliveries,
        )
        .await?;
        let reconciler = Reconciler::new(store.clone(), cdr.clone(), clock.clone(), tolerances);
        let reconciler = reconciler.with_calls_of(setup.retention);
        let reconciling = AbortOnDropHandle::new(tokio::spawn(reconciler.clone().run()));
        let app = Self {
            reconciler,
            reports,
            alarms: AlarmBoard::default(),
            deliveries,
            cdr,
            store,
            acd: started.acd,
            servers: started.servers,
            stream,
            clock,
            vault,
            journal: status,
            caller_ids: caller_ids.caller_ids,
            numbers: setup.numbers,
            provisioner: Provisioner::new(realtime.clone(), setup.provisioning),
            realtime,
        };
        app.connect_servers(&setup.servers).await?;
        let watching = app.watch_for_alarms();
        let desk = started.desk;
        let tasks = Tasks {
            desk,
            applier,
            caller_ids: [caller_ids.desk, caller_ids.applier],
            shared_caller_ids: caller_ids.link,
            cdr: cdr_tasks,
            deliveries: delivery_task,
            _retention: retention,
            _alarms: watching,
            _reconciling: reconciling,
        };
        Ok((app, tasks))
    }

    fn watch_for_alarms(&self) -> AbortOnDropHandle<()> {
        let watch = alarms::Watch {
            store: self.store.clone(),
            clock: self.clock.clone(),
            reports: self.reports.clone(),
            deliveries: self.deliveries.clone(),
            home: self.cdr.home().clone(),
            board: self.alarms.clone(),
        };
        AbortOnDropHandle::new(tokio::spawn(watch.run()))
    }

    async fn connect_servers(&self, configured: &[ConfiguredServer]) -> Result<(), StartError> {
        let servers = self.all_servers().await?;
        self.provisioner.expect(&servers);
        for server in servers {
            let from_file = configured.iter().find(|c| c.name == server.name);
            let credentials = match from_file {
                Some(configured) => configured.credentials.clone(),
                None => self.credentials(server.id).await?,
            };
            let name = server.name.clone();
            let started = self.connect(server, credentials).await;
            started.map_err(|error| StartError::Server {
                name,
                why: error.to_string(),
            })?;
        }
        Ok(())
    }

    async fn all_servers(&self) -> Result<Vec<Server>, StoreError> {
        let mut all: Vec<Server> = Vec::new();
        loop {
            let after = all.last().map(|server| server.name.as_str());
            let servers = self.store.servers();
            let page = servers.list(after, store::MAX_PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Connects to a server, in place of what is running under its id. Returns at once.
    pub(crate) async fn connect(
        &self,
        server: Server,
        credentials: Credentials,
    ) -> Result<(), ConfigError> {
        self.realtime.admit(server.id, &server.application);
        self.provisioner
            .set(&server, credentials.ami_secret.as_deref());
        self.servers.set(server, credentials).await
    }

    /// Leaves a server alone for good. Its calls stay up, but are over in our log.
    pub(crate) async fn disconnect(&self, server: ServerId) {
        self.realtime.dismiss(server);
        self.provisioner.remove(server);
        self.servers.remove(server).await;
    }

    /// How to log in to a server of the database.
    pub async fn credentials(&self, server: ServerId) -> Result<Credentials, StartError> {
        let secrets = self.store.servers().secrets(server).await?;
        Ok(Credentials::open(
            &self.vault,
            &secrets.unwrap_or_default(),
        )?)
    }
}

impl Sink for Store {
    async fn apply(&self, events: &[model::Event]) -> Result<(), String> {
        let applied = self.journal().apply(events).await;
        applied.map(drop).map_err(|error| error.to_string())
    }
}

pub(crate) fn make_folder(path: &std::path::Path) -> Result<(), StartError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.map_err(|source| StartError::DataFolder {
        path: path.to_owned(),
        source,
    })
}

/// The newest events, so that clients resume over a restart.
async fn recent_events(store: &Store) -> Result<Stream, StoreError> {
    let last = store.events().last_seq().await?;
    let mut after = last.saturating_sub(KEPT_EVENTS as u64);
    let mut recent = Vec::new();
    loop {
        let page = store.events().after(after, store::MAX_PAGE).await?;
        let Some(newest) = page.last() else { break };
        after = newest.seq;
        recent.extend(page.into_iter().map(telephony::untraced));
    }
    Ok(Stream::new(recent, last))
}

async fn set_default_queue(store: &Store, name: Option<&str>) -> Result<(), StartError> {
    let Some(name) = name else { return Ok(()) };
    let queue = store.queues().by_name(name).await?;
    let queue = queue.ok_or_else(|| StartError::DefaultQueue(name.to_owned()))?;
    Ok(store.settings().set_default_queue(Some(queue.id)).await?)
}

/// Puts the configuration's servers into the database, where calls refer to them.
async fn keep_servers(
    store: &Store,
    vault: &Vault,
    clock: &Clock,
    configured: &[ConfiguredServer],
) -> Result<(), StartError> {
    for one in configured {
        let existing = store.servers().by_name(&one.name).await?;
        let id = existing
            .as_ref()
            .map_or_else(|| new_server_id(clock), |server| server.id);
        let server = Server {
            id,
            name: one.name.clone(),
            ari_url: one.ari_url.clone(),
            ari_user: one.ari_user.clone(),
            application: one.application.clone(),
            active: true,
            dial_out: one.dial_out.clone(),
            ami: one.ami.clone(),
            provisioned_by: one.provisioned_by,
        };
        server.check().map_err(|invalid| StartError::Server {
            name: one.name.clone(),
            why: invalid.to_string(),
        })?;
        let secrets = one.credentials.sealed(vault)?;
        if existing.is_some() {
            store.servers().update(&server, &secrets).await?;
        } else {
            store.servers().create(&server, &secrets).await?;
        }
    }
    Ok(())
}

fn new_server_id(clock: &Clock) -> ServerId {
    let (at, random): (Timestamp, u128) = clock.id();
    ServerId::new(at, random)
}
