//! A running server of its own for each test, and clients with each role.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use model::{Agent, AgentId, ApiKey, ApiKeyId, Queue, QueueId, Role, User, UserId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use server::callerid::{Fail, Settings, SharedSettings};
use server::{
    app::{App, Setup, Tasks},
    auth::{AuthConfig, hash_password, new_api_key},
    cdr::CdrSettings,
    journal::Limits,
    numbers::Numbers,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A new file for every write, so that a folder that is gone refuses the very next one.
pub(crate) const A_FILE_A_WRITE: Limits = Limits {
    max_bytes: 1 << 20,
    segment_bytes: 1,
    max_unwritten: 1_000,
};

/// The journal's folder, out of the way.
pub(crate) struct Away {
    folder: PathBuf,
    away: PathBuf,
}

impl Away {
    pub(crate) fn take(folder: PathBuf) -> Self {
        let away = folder.with_extension("away");
        fs::rename(&folder, &away).unwrap();
        Self { folder, away }
    }

    pub(crate) fn put_back(self) {
        fs::rename(&self.away, &self.folder).unwrap();
    }
}

/// A server on a fresh SQLite file, without any Asterisk.
pub(crate) struct Server {
    pub(crate) app: App,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    tasks: Tasks,
    folder: TempDir,
    _end: End,
}

/// Ends what a server serves.
struct End(CancellationToken);

impl Drop for End {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    async fn read(response: reqwest::Response) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The status and, for a problem, its code and field.
    pub(crate) fn verdict(&self) -> (u16, String, String) {
        let json = self.json();
        let word = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), word("code"), word("field"))
    }

    pub(crate) fn id(&self) -> String {
        assert!(self.status.is_success(), "{self:?}");
        self.json()["id"].as_str().unwrap().to_owned()
    }
}

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    headers: Vec<(&'static str, String)>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(AuthConfig::default()).await
    }

    pub(crate) async fn start_with(auth: AuthConfig) -> Self {
        Self::start_on(auth, Limits::default()).await
    }

    pub(crate) async fn start_on(auth: AuthConfig, journal: Limits) -> Self {
        Self::start_sharing(auth, journal, None).await
    }

    /// One of several nodes: caller IDs are shared at this address.
    pub(crate) async fn start_sharing(
        auth: AuthConfig,
        journal: Limits,
        shared: Option<(&str, Fail)>,
    ) -> Self {
        Self::start_by(auth, |folder, setup| {
            setup.journal = journal;
            setup.caller_ids.shared = shared.map(|(url, fail)| SharedSettings {
                address: cluster::Address::parse(url).unwrap(),
                fail,
                node_file: folder.join("node"),
            });
        })
        .await
    }

    /// One that differs in what `change` says; it is given the data folder.
    pub(crate) async fn start_by(auth: AuthConfig, change: impl FnOnce(&Path, &mut Setup)) -> Self {
        Self::start_in_turn(auth, change, || ()).await
    }

    /// The same; `before` it answers requests, and after it has started all else, this happens.
    pub(crate) async fn start_in_turn(
        auth: AuthConfig,
        change: impl FnOnce(&Path, &mut Setup),
        before: impl FnOnce(),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut setup = Setup {
            data: folder.path().to_owned(),
            dsn: format!("sqlite:{}", folder.path().join("test.sqlite").display()),
            journal: Limits::default(),
            retention: None,
            numbers: Numbers::default(),
            caller_ids: Settings::default(),
            cdr: CdrSettings::default(),
            deliveries: server::deliveries::Settings::default(),
            provisioning: server::provision::Settings::default(),
            servers: Vec::new(),
            default_queue: None,
            parking: server::config::ParkingConfig::default(),
        };
        change(folder.path(), &mut setup);
        // A large future: all of a server.
        let (app, tasks) = Box::pin(App::start(setup)).await.unwrap();
        before();
        let stop = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = server::router(app.clone(), auth, stop.clone());
        tokio::spawn(server::listen::serve(listener, router, stop.clone()));
        Self {
            app,
            address,
            _end: End(stop.clone()),
            stop,
            tasks,
            folder,
        }
    }

    /// Ends it, and waits until nothing of it works any more.
    pub(crate) async fn finish(self) {
        self.stop.cancel();
        drop(self.app);
        self.tasks.finish().await;
    }

    pub(crate) fn database_file(&self) -> PathBuf {
        self.folder.path().join("test.sqlite")
    }

    pub(crate) fn journal_folder(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// Somebody without a session or key.
    pub(crate) fn anonymous(&self) -> Client {
        // A second one is refused; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Client {
            http,
            base: format!("http://{}", self.address),
            headers: Vec::new(),
        }
    }

    pub(crate) async fn user(&self, name: &str, role: Role, agent: Option<AgentId>) -> User {
        let (created_at, random) = self.app.clock.id();
        let user = User {
            id: UserId::new(created_at, random),
            name: name.to_owned(),
            role,
            agent,
            active: true,
            created_at,
        };
        let hash = hash_password(PASSWORD).unwrap();
        self.app.store.users().create(&user, &hash).await.unwrap();
        user
    }

    /// A new user of that name, logged in.
    pub(crate) async fn logged_in(&self, name: &str, role: Role, agent: Option<AgentId>) -> Client {
        self.user(name, role, agent).await;
        self.anonymous().log_in(name, PASSWORD).await
    }

    pub(crate) async fn administrator(&self) -> Client {
        self.logged_in("root", Role::Administrator, None).await
    }

    /// A program with a key of that role.
    pub(crate) async fn program(&self, role: Role) -> Client {
        let new = new_api_key();
        let (created_at, random) = self.app.clock.id();
        let key = ApiKey {
            id: ApiKeyId::new(created_at, random),
            name: format!("{role} program"),
            role,
            created_at,
            last_used_at: None,
            revoked_at: None,
        };
        let keys = self.app.store.api_keys();
        keys.create(&key, &new.hash).await.unwrap();
        self.anonymous()
            .with("authorization", &format!("Bearer {}", new.secret))
    }

    pub(crate) async fn agent(&self, name: &str, extension: &str) -> AgentId {
        let (at, random) = self.app.clock.id();
        let agent = Agent {
            id: AgentId::new(at, random),
            name: name.to_owned(),
            extension: extension.to_owned(),
            user: None,
            skills: std::collections::BTreeMap::new(),
            active: true,
        };
        self.app.store.agents().create(&agent).await.unwrap();
        let input = engine::acd::Input::AgentSet(agent.clone());
        self.app.acd.tell(input).await;
        agent.id
    }

    pub(crate) async fn queue(&self, name: &str) -> QueueId {
        let (at, random) = self.app.clock.id();
        let queue = Queue::new(QueueId::new(at, random), name);
        self.app.store.queues().create(&queue).await.unwrap();
        let input = engine::acd::Input::QueueSet(queue.clone());
        self.app.acd.tell(input).await;
        queue.id
    }
}

impl Client {
    /// The same, with one more header in every request.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same, without that header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    pub(crate) fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// Sends no more than needed to learn the status and a problem's code: the answer may have no end.
    pub(crate) async fn knock(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> (u16, String) {
        let response = self.request(method, path, body).await;
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type");
        if kind.is_none_or(|kind| kind != "application/problem+json") {
            return (status, String::new());
        }
        let problem: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        (status, problem["code"].as_str().unwrap().to_owned())
    }

    pub(crate) async fn log_in(self, name: &str, password: &str) -> Self {
        let given = json!({"name": name, "password": password});
        let answer = self.post("/v1/session", &given).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        self.with("cookie", &cookie).with("x-cordboard", "1")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let body = body.to_string().into_bytes();
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        let body = body.to_string().into_bytes();
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        Answer::read(self.request(method, path, body).await).await
    }

    /// A file of comma-separated values.
    pub(crate) async fn csv(&self, path: &str, file: impl Into<reqwest::Body>) -> Answer {
        let request = self.begin(Method::POST, path);
        let request = request.header("content-type", "text/csv").body(file);
        Answer::read(request.send().await.unwrap()).await
    }

    /// Without saying what the body is.
    pub(crate) async fn bare(&self, method: Method, path: &str, body: &'static str) -> Answer {
        let request = self.begin(method, path).body(body);
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> reqwest::Response {
        let mut request = self.begin(method, path);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        request.send().await.unwrap()
    }

    fn begin(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        self.headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, value)
        })
    }
}

/// The same JSON with a word in place of each id and instant.
pub(crate) fn shape(json: &Value) -> Value {
    match json {
        Value::String(text) if text.parse::<uuid::Uuid>().is_ok() => json!("[id]"),
        Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => json!("[instant]"),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect(),
        other => other.clone(),
    }
}
