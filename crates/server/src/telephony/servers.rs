//! The Asterisk servers that are driven right now.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use asterisk::ari::{Client, Config, ConfigError, ConnectionState, RestError, Transport};
use engine::{dial::Leg, trunk};
use model::{CallId, Server, ServerId, Timestamp, TrunkId};
use serde::Serialize;
use tokio::{
    sync::{Semaphore, oneshot, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use store::ServerSecrets;

use crate::{
    callerid::CallerIds,
    clock::Clock,
    secrets::{Vault, VaultError},
    ways::Ways,
};

use super::{
    desk::{Ask, Place},
    execute::REQUEST_TIMEOUT,
    link::{Link, Surroundings},
    names::Names,
    outbound::{Outbound, TrunkNames, Trunks},
    outbox::{COMMANDS_PER_SERVER, outbox},
};

/// How the connection to one Asterisk stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServerState {
    Connecting,
    Connected,
    /// Asterisk refuses the user or the password.
    Unauthorized,
    /// Another program took the Stasis application.
    Replaced,
    Lost,
}

/// One server and its connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServerStatus {
    pub id: ServerId,
    pub name: String,
    pub state: ServerState,
    /// Since when, as far as this process knows.
    pub since: Timestamp,
    pub version: Option<String>,
    /// What is wrong, in words.
    pub reason: Option<String>,
}

/// How to log in to a server.
#[derive(Clone)]
pub struct Credentials {
    pub password: String,
    /// Of the manager interface.
    pub ami_secret: Option<String>,
    pub transport: Transport,
}

impl Credentials {
    /// For the store.
    pub(crate) fn sealed(&self, vault: &Vault) -> Result<ServerSecrets, VaultError> {
        let ami = self.ami_secret.as_deref();
        Ok(ServerSecrets {
            ari: vault.seal(&self.password)?,
            ami: ami.map(|secret| vault.seal(secret)).transpose()?,
        })
    }

    /// From the store.
    pub fn open(vault: &Vault, secrets: &ServerSecrets) -> Result<Self, VaultError> {
        let ami = secrets.ami.as_deref();
        Ok(Self {
            password: vault.open(&secrets.ari)?,
            ami_secret: ami.map(|sealed| vault.open(sealed)).transpose()?,
            transport: Transport::Auto,
        })
    }
}

/// Recordings that are fetched at a time.
static FETCHES: Semaphore = Semaphore::const_new(4);

/// Why a recording is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFetched {
    #[error("no connection to its Asterisk")]
    NotConnected,
    #[error("{0}")]
    Refused(String),
}

/// Adds, changes, removes and shows servers. Cheap to clone.
#[derive(Clone)]
pub struct Servers {
    around: Surroundings,
    ways: Ways,
    /// Who is told how outbound calls end.
    watch_for: Option<CallerIds>,
    trunks: Arc<watch::Sender<TrunkNames>>,
    running: Arc<Mutex<BTreeMap<ServerId, Running>>>,
}

struct Running {
    server: Server,
    client: Client,
    since: Arc<AtomicI64>,
    link: JoinHandle<()>,
    follower: JoinHandle<()>,
    outbound: Option<Watching>,
}

/// Outbound calls are followed.
struct Watching {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.client.close();
        self.link.abort();
        self.follower.abort();
        if let Some(outbound) = &self.outbound {
            // It leaves in order, within a second.
            outbound.stop.cancel();
        }
    }
}

impl Servers {
    pub(super) fn new(around: Surroundings, ways: Ways, watch_for: Option<CallerIds>) -> Self {
        Self {
            around,
            ways,
            watch_for,
            trunks: Arc::default(),
            running: Arc::default(),
        }
    }

    /// Connects to a server, in place of what is running under its id. Returns at once.
    pub async fn set(&self, server: Server, credentials: Credentials) -> Result<(), ConfigError> {
        self.let_go(server.id).await;
        if !server.active {
            let server = server.id;
            let forgotten = trunk::Input::ServerForgotten { server };
            self.ways.handle(forgotten);
            return Ok(());
        }
        let mut config = Config::new(
            &server.ari_url,
            &server.ari_user,
            credentials.password,
            &server.application,
        );
        config.transport = credentials.transport;
        config.timing.request_timeout = REQUEST_TIMEOUT;
        let (client, events) = Client::connect(config.clone())?;
        let (outbox, inbox) = outbox(COMMANDS_PER_SERVER);
        let (reply, known) = oneshot::channel();
        let attach = Ask::Attach {
            server: server.id,
            dial_out: server.dial_out.clone(),
            outbox,
            reply,
        };
        let _ = self.around.acd.0.send(attach).await;
        let known = known.await.unwrap_or_default();
        let link = Link::new(server.clone(), client.clone(), self.around.clone(), known);
        let since = Arc::new(AtomicI64::new(self.around.clock.now().utc.as_micros()));
        let follower = follow(
            client.watch_connection(),
            self.around.clock.clone(),
            since.clone(),
        );
        let outbound = Some(self.outbound(&server, config));
        let running = Running {
            since,
            outbound,
            client,
            link: tokio::spawn(link.run(events, inbox)),
            follower: tokio::spawn(follower),
            server,
        };
        self.lock().insert(running.server.id, running);
        Ok(())
    }

    /// From now on the trunk is followed under this name.
    pub fn follow_trunk(&self, id: TrunkId, name: &str) {
        let name = name.to_owned();
        self.trunks.send_if_modified(|names| {
            let before = names.insert(id, name.clone());
            before.is_none_or(|before| before != name)
        });
    }

    pub fn forget_trunk(&self, trunk: TrunkId) {
        self.trunks
            .send_if_modified(|names| names.remove(&trunk).is_some());
    }

    fn outbound(&self, server: &Server, config: Config) -> Watching {
        let outbound = Outbound {
            caller_ids: self.watch_for.clone(),
            trunks: Trunks {
                server: server.id,
                names: self.trunks.clone(),
                ways: self.ways.clone(),
            },
            numbers: self.around.numbers,
            server: server.name.clone(),
            names: Names::new(&server.application),
        };
        let stop = CancellationToken::new();
        let task = tokio::spawn(outbound.run(config, stop.clone()));
        Watching { stop, task }
    }

    /// Leaves a server alone for good. Its calls stay up, but are over in our log, and their agents are free.
    pub async fn remove(&self, server: ServerId) {
        self.let_go(server).await;
        let _ = self.around.acd.0.send(Ask::Forget(server)).await;
    }

    /// Leaves a server alone. Its calls stay up and are ours again when it is set again.
    async fn let_go(&self, server: ServerId) {
        let running = self.lock().remove(&server);
        if let Some(mut running) = running {
            running.link.abort();
            // Until it is over it could still tell of calls that the next link would not know.
            let _ = (&mut running.link).await;
            // Nor may it leave when the next one has come.
            if let Some(outbound) = running.outbound.take() {
                outbound.stop.cancel();
                let _ = outbound.task.await;
            }
            self.around.acd.lost(server).await;
            let _ = self.around.acd.0.send(Ask::Detach(server)).await;
        }
    }

    /// Lets go of every server, when we stop. Their calls stay up.
    pub fn disconnect_all(&self) {
        self.lock().clear();
    }

    /// Takes the Stasis application back from whoever replaced us. `false`: no such server.
    pub fn take_over(&self, server: ServerId) -> bool {
        let running = self.lock();
        let found = running.get(&server);
        if let Some(running) = found {
            running.client.take_over();
        }
        found.is_some()
    }

    /// The servers that are connected, by name; `only` that one, if it is.
    pub(crate) fn connected(&self, only: Option<ServerId>) -> Vec<ServerId> {
        let running = self.lock();
        let fits =
            |one: &&Running| one.is_connected() && only.is_none_or(|only| only == one.server.id);
        let mut connected: Vec<&Running> = running.values().filter(fits).collect();
        connected.sort_by(|a, b| a.server.name.cmp(&b.server.name));
        connected.into_iter().map(|one| one.server.id).collect()
    }

    /// Where a call could be placed, by name.
    pub(super) fn places(&self, call: CallId) -> Vec<Place> {
        let running = self.lock();
        let mut servers: Vec<&Running> = running.values().collect();
        servers.sort_by(|a, b| a.server.name.cmp(&b.server.name));
        let place = |one: &Running| Place {
            server: one.server.id,
            connected: one.is_connected(),
            channel: Names::new(&one.server.application).leg(call, Leg::Agent),
        };
        servers.into_iter().map(place).collect()
    }

    /// Whether this server knows a phone of this number, as far as it can be asked.
    pub(crate) async fn has_phone(&self, server: ServerId, number: &str) -> bool {
        let client = self.lock().get(&server).map(|one| one.client.clone());
        match client {
            Some(client) => client.endpoints().get("PJSIP", number).await.is_ok(),
            None => false,
        }
    }

    /// A recording's file, from the server that made it.
    pub async fn recording(&self, server: ServerId, name: &str) -> Result<Vec<u8>, NotFetched> {
        let client = self.lock().get(&server).map(|one| one.client.clone());
        let client = client.ok_or(NotFetched::NotConnected)?;
        // Each is held in memory, and may be large.
        let _turn = FETCHES.acquire().await.expect("never closed");
        let file = client.recordings().stored_file(name).await;
        file.map_err(|error| match error {
            RestError::Rejected { .. } | RestError::Malformed(_) => {
                NotFetched::Refused(error.to_string())
            }
            _ => NotFetched::NotConnected,
        })
    }

    /// How all connections stand.
    pub fn states(&self) -> Vec<ServerStatus> {
        self.lock().values().map(Running::status).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ServerId, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes when the state of a connection became another one.
async fn follow(mut state: watch::Receiver<ConnectionState>, clock: Clock, since: Arc<AtomicI64>) {
    let mut kind = std::mem::discriminant(&*state.borrow_and_update());
    while state.changed().await.is_ok() {
        let new = std::mem::discriminant(&*state.borrow_and_update());
        if new != kind {
            kind = new;
            since.store(clock.now().utc.as_micros(), Ordering::Relaxed);
        }
    }
}

impl Running {
    fn is_connected(&self) -> bool {
        let state = self.client.connection_state();
        matches!(state, ConnectionState::Connected { .. })
    }

    fn status(&self) -> ServerStatus {
        let (state, version, reason) = match self.client.connection_state() {
            ConnectionState::Connecting => (ServerState::Connecting, None, None),
            ConnectionState::Connected { version, .. } => {
                (ServerState::Connected, Some(version.text), None)
            }
            ConnectionState::Unauthorized => {
                let why = format!(
                    "Asterisk refuses the user {} or its password; compare them with ari.conf",
                    self.server.ari_user
                );
                (ServerState::Unauthorized, None, Some(why))
            }
            ConnectionState::Replaced => {
                let why = format!(
                    "another program took the Stasis application {}; stop it, or ask to take over",
                    self.server.application
                );
                (ServerState::Replaced, None, Some(why))
            }
            ConnectionState::Lost { why, .. } => (ServerState::Lost, None, Some(why)),
            ConnectionState::Closed => (ServerState::Lost, None, Some("closed".to_owned())),
        };
        ServerStatus {
            id: self.server.id,
            name: self.server.name.clone(),
            state,
            since: Timestamp::from_micros(self.since.load(Ordering::Relaxed)),
            version,
            reason,
        }
    }
}
