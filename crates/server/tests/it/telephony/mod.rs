//! The whole server against a simulated PBX: callers, phones, and what goes wrong between us and Asterisk.

mod disk;
mod late;
mod lost;
mod outbound;
mod placed;
mod restart;
mod returned;
mod servers;
mod soak;
mod watch;

use std::{path::PathBuf, sync::Arc, time::Duration};

use model::{
    Agent, AgentId, AgentState, AgentStatus, Call, Event, EventBody, Member, Queue, QueueId,
    Server, ServerId,
};
use server::{
    app::{App, ConfiguredServer, Setup, Tasks},
    journal::Limits,
    numbers::Numbers,
    stream::Subscription,
    telephony::{Credentials, ServerState},
};
use sim::asterisk::{CallHandle, Caller, SimConfig, SimPbx};
use tempfile::TempDir;
use watch::Breaches;

/// Longer than anything here may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);

/// A server with one simulated Asterisk.
pub(crate) struct Centre {
    pub(crate) pbx: Arc<SimPbx>,
    pub(crate) app: App,
    tasks: Option<Tasks>,
    folder: TempDir,
    journal: Limits,
    breaches: Breaches,
}

/// The events since some moment.
pub(crate) struct Events(Subscription);

impl Centre {
    pub(crate) async fn start(config: SimConfig) -> Self {
        Self::start_with(config, Limits::default()).await
    }

    pub(crate) async fn start_with(config: SimConfig, journal: Limits) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pbx = Arc::new(SimPbx::start(config).await.unwrap());
        let folder = tempfile::tempdir().unwrap();
        let breaches = Breaches::default();
        let started = App::start_before(setup(&pbx, &folder, journal), Some(breaches.watch()));
        let (app, tasks) = started.await.unwrap();
        let centre = Self {
            pbx,
            app,
            tasks: Some(tasks),
            folder,
            journal,
            breaches,
        };
        centre.connected().await;
        centre
    }

    /// Stops as the program does, and starts again on the same data.
    pub(crate) async fn restart(&mut self) {
        self.restart_after(async |_| ()).await;
    }

    /// The same, with something that happens while nobody is there.
    pub(crate) async fn restart_after(&mut self, meanwhile: impl AsyncFnOnce(&SimPbx)) {
        let tasks = self.tasks.take().unwrap();
        self.app.servers.disconnect_all();
        // The old parts must all be gone before the new ones open the same files.
        let gone = tempfile::tempdir().unwrap();
        let idle = Setup {
            servers: Vec::new(),
            ..setup(&self.pbx, &gone, self.journal)
        };
        let (idle, idle_tasks) = App::start(idle).await.unwrap();
        drop(std::mem::replace(&mut self.app, idle));
        tasks.finish().await;
        meanwhile(&self.pbx).await;
        let setup = setup(&self.pbx, &self.folder, self.journal);
        let started = App::start_before(setup, Some(self.breaches.watch()));
        let (app, tasks) = started.await.unwrap();
        drop(std::mem::replace(&mut self.app, app));
        idle_tasks.finish().await;
        self.tasks = Some(tasks);
        self.connected().await;
    }

    pub(crate) fn journal_folder(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    pub(crate) fn server(&self) -> ServerId {
        self.app.servers.states()[0].id
    }

    pub(crate) async fn configured(&self) -> Server {
        let servers = self.app.store.servers();
        servers.get(self.server()).await.unwrap().unwrap()
    }

    pub(crate) fn credentials(&self) -> Credentials {
        credentials(&self.pbx)
    }

    pub(crate) async fn connected(&self) {
        let up = || {
            let states = self.app.servers.states();
            states.iter().all(|s| s.state == ServerState::Connected)
        };
        until("the connection to Asterisk", async || up()).await;
    }

    pub(crate) async fn queue(&self, name: &str, change: impl FnOnce(&mut Queue)) -> QueueId {
        let (at, random) = self.app.clock.id();
        let mut queue = Queue::new(QueueId::new(at, random), name);
        queue.wrap_up_seconds = 0;
        change(&mut queue);
        self.app.store.queues().create(&queue).await.unwrap();
        let id = queue.id;
        self.app.acd.tell(engine::acd::Input::QueueSet(queue)).await;
        id
    }

    /// Logged in, in these queues.
    pub(crate) async fn agent(&self, extension: &str, queues: &[QueueId]) -> AgentId {
        let (at, random) = self.app.clock.id();
        let agent = Agent {
            id: AgentId::new(at, random),
            name: format!("Agent {extension}"),
            extension: extension.to_owned(),
            user: None,
            skills: std::collections::BTreeMap::new(),
            active: true,
        };
        let id = agent.id;
        self.app.store.agents().create(&agent).await.unwrap();
        self.app.acd.tell(engine::acd::Input::AgentSet(agent)).await;
        for queue in queues {
            let member = Member {
                queue: *queue,
                agent: id,
                penalty: 0,
                paused: false,
            };
            self.app.store.members().create(&member).await.unwrap();
            let input = engine::acd::Input::MemberSet(member);
            self.app.acd.tell(input).await;
        }
        self.available(id).await;
        id
    }

    pub(crate) async fn available(&self, agent: AgentId) {
        let asked = self.app.acd.ask_state(agent, AgentState::Available, None);
        asked.await.unwrap();
    }

    pub(crate) fn caller(&self, queue: &str) -> CallHandle {
        let caller = Caller::new("Zoe Example", "5550177");
        self.pbx.caller_dials("5550100", caller, &[queue])
    }

    pub(crate) fn events(&self) -> Events {
        Events(self.app.stream.subscribe(None))
    }

    pub(crate) async fn calls(&self) -> Vec<Call> {
        self.app.acd.live().await.unwrap().calls
    }

    pub(crate) async fn status_of(&self, agent: AgentId) -> AgentStatus {
        let live = self.app.acd.live().await.unwrap();
        let found = live.agents.iter().find(|a| a.agent.id == agent).unwrap();
        found.status.clone()
    }

    /// Nothing is left anywhere, and no rule was broken on the way.
    pub(crate) async fn all_quiet(&self) {
        until("an empty PBX", async || {
            self.pbx.channels().is_empty() && self.pbx.bridges().is_empty()
        })
        .await;
        until("an empty centre", async || self.calls().await.is_empty()).await;
        until("an empty journal", async || {
            self.app.journal.get().behind == 0
        })
        .await;
        self.breaches.none();
    }
}

impl Events {
    pub(crate) async fn wait(&mut self, what: &str, wanted: impl Fn(&EventBody) -> bool) -> Event {
        let found = async {
            loop {
                let event = self.0.next().await.unwrap().unwrap();
                if wanted(&event.body) {
                    return Event::clone(&event);
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("no event: {what}"))
    }

    pub(crate) async fn answered(&mut self) -> Event {
        let answered = |body: &EventBody| matches!(body, EventBody::CallAnswered { .. });
        self.wait("the call is answered", answered).await
    }

    pub(crate) async fn ended(&mut self) -> Event {
        let ended = |body: &EventBody| matches!(body, EventBody::CallEnded { .. });
        self.wait("the call has ended", ended).await
    }
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(POLL).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("never: {what}"));
}

fn credentials(pbx: &SimPbx) -> Credentials {
    Credentials {
        password: pbx.password(),
        ami_secret: None,
        transport: asterisk::ari::Transport::Auto,
    }
}

fn setup(pbx: &SimPbx, folder: &TempDir, journal: Limits) -> Setup {
    Setup {
        data: folder.path().to_owned(),
        dsn: format!("sqlite:{}", folder.path().join("test.sqlite").display()),
        journal,
        retention: None,
        numbers: Numbers::default(),
        caller_ids: server::callerid::Settings {
            watch_calls: true,
            ..server::callerid::Settings::default()
        },
        cdr: server::cdr::CdrSettings::default(),
        deliveries: server::deliveries::Settings::default(),
        provisioning: server::provision::Settings::default(),
        servers: vec![ConfiguredServer {
            name: "sim".to_owned(),
            ari_url: pbx.ari_url(),
            ari_user: pbx.username(),
            application: "cordboard".to_owned(),
            dial_out: Some("PJSIP/{number}@trunk".parse().unwrap()),
            ami: None,
            provisioned_by: model::ProvisionedBy::Http,
            credentials: credentials(pbx),
        }],
        default_queue: None,
        parking: server::config::ParkingConfig::default(),
    }
}
