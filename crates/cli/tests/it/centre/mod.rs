//! The whole path: the real binary, a real Asterisk, real SIP phones. Here, a running `cordboard serve` and what tests ask of it.

mod as_code;
mod away;
mod call_end;
mod caller_id;
mod consult;
mod control;
mod deliveries;
mod dialplan;
mod dids;
mod first_call;
mod first_load;
mod howto;
mod parking;
mod placing;
mod provisioned;
mod provisioned_speed;
mod queue_log;
mod realtime;
mod reconcile;
mod restart;
mod returned;
mod trouble;
mod trunks;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use lab::{Lab, Port};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

/// The longest that anything in these tests may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// A server process in a data folder of its own.
pub(crate) struct Cordboard {
    child: Child,
    data: tempfile::TempDir,
    /// It is listened on again after a restart, so nobody else may get it meanwhile.
    _port: Port,
    listen: String,
    /// Where it answers FastAGI, if it does.
    agi: Option<String>,
    environment: Vec<(String, String)>,
    key: String,
    http: Client,
}

impl Cordboard {
    /// Starts a server that drives the lab's Asterisk, and waits until it is connected.
    pub(crate) async fn start(lab: &Lab) -> Self {
        let centre = Self::start_with(&lab.ari_url(), lab.secret(), &[]);
        centre.wait_for_server_state("connected").await;
        centre
    }

    /// Starts a server with an Asterisk that may or may not be there.
    pub(crate) fn start_with(ari_url: &str, secret: &str, environment: &[(&str, &str)]) -> Self {
        Self::start_as(ari_url, secret, "", environment)
    }

    /// The same; `more` is said of the Asterisk.
    pub(crate) fn start_as(
        ari_url: &str,
        secret: &str,
        more: &str,
        environment: &[(&str, &str)],
    ) -> Self {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(
            data.path().join("cordboard.toml"),
            format!(
                "[[asterisk]]\nname = \"lab\"\nari_url = \"{ari_url}\"\nuser = \"cordboard\"\npassword = \"{secret}\"\n{more}\n"
            ),
        )
        .unwrap();
        let environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let key = make_key(data.path(), &environment);
        let port = Port::reserve().unwrap();
        let listen = format!("127.0.0.1:{}", port.number());
        let (child, listen, agi) = spawn(data.path(), &listen, &environment);
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            child,
            data,
            _port: port,
            listen,
            agi,
            environment,
            key,
            http: Client::new(),
        }
    }

    /// `SIGKILL`: no chance to say goodbye.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// `SIGTERM`: an orderly end, which takes its time.
    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end; gives the exit code.
    pub(crate) async fn wait_ended(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < LIMIT, "it does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends the head of a request and waits until the server asks for its body.
    pub(crate) fn begin(&self, line: &str, body: &str) -> Begun {
        let mut stream = TcpStream::connect(&self.listen).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let (listen, key, length) = (&self.listen, &self.key, body.len());
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {listen}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut asked = [0; 25];
        stream.read_exact(&mut asked).unwrap();
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
        Begun {
            stream,
            body: body.to_owned(),
        }
    }

    /// Waits until nobody listens any more.
    pub(crate) async fn wait_deaf(&self) {
        let began = Instant::now();
        while TcpStream::connect(&self.listen).is_ok() {
            assert!(began.elapsed() < LIMIT, "it still listens");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts again in the same folder and on the same port; gives the time until `/health` answers.
    pub(crate) async fn start_again(&mut self) -> Duration {
        let began = Instant::now();
        self.spawn_again();
        self.wait_for_server_state("connected").await;
        began.elapsed()
    }

    /// The same, whether there is an Asterisk or not; it listens when this returns.
    pub(crate) fn spawn_again(&mut self) {
        let (child, listen, agi) = spawn(self.data.path(), &self.listen, &self.environment);
        assert_eq!(listen, self.listen);
        (self.child, self.agi) = (child, agi);
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.data.path().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.json(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.json(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        self.json(Method::PUT, path, Some(body)).await
    }

    /// The answer as it is, whatever its status.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self
            .http
            .request(method, format!("http://{}{path}", self.listen))
            .bearer_auth(&self.key)
            .timeout(LIMIT);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    async fn json(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let response = self.ask(method.clone(), path, body).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Makes a queue; `rules` are laid over the usual ones.
    pub(crate) async fn queue(&self, name: &str, rules: Value) -> String {
        let mut body = json!({"name": name});
        body.as_object_mut()
            .unwrap()
            .extend(rules.as_object().unwrap().clone());
        id(&self.post("/v1/queues", body).await)
    }

    /// Makes an agent who serves `queues`, available at once.
    pub(crate) async fn agent(&self, name: &str, extension: u16, queues: &[&str]) -> String {
        let body = json!({"name": name, "extension": extension.to_string()});
        let agent = id(&self.post("/v1/agents", body).await);
        for queue in queues {
            self.put(&format!("/v1/queues/{queue}/members/{agent}"), json!({}))
                .await;
        }
        self.set_state(&agent, "available").await;
        agent
    }

    pub(crate) async fn set_state(&self, agent: &str, state: &str) -> Value {
        self.put(
            &format!("/v1/agents/{agent}/state"),
            json!({"state": state}),
        )
        .await
    }

    /// The log, newest first.
    pub(crate) async fn calls(&self) -> Vec<Value> {
        self.get("/v1/calls").await["items"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// Follows the event stream from its beginning.
    pub(crate) async fn events(&self) -> Events {
        let response = self
            .http
            .get(format!("http://{}/v1/events?after=0", self.listen));
        let response = response.bearer_auth(&self.key).send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.status());
        Events {
            response,
            buffer: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// Waits until the (only) server's connection is in this state.
    pub(crate) async fn wait_for_server_state(&self, state: &str) -> Value {
        let began = Instant::now();
        loop {
            let live = self.get("/v1/live").await;
            let server = &live["servers"][0];
            if server["state"] == state {
                return server.clone();
            }
            assert!(began.elapsed() < LIMIT, "waiting for {state}: {server}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until this many calls are in the log and all of them have ended.
    pub(crate) async fn wait_for_log(&self, count: usize) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let calls = self.calls().await;
            if calls.len() == count && calls.iter().all(|call| call["outcome"].is_string()) {
                return calls;
            }
            assert!(
                began.elapsed() < LIMIT,
                "waiting for {count} calls: {calls:#?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The states that an agent went through, once there are `count`: the log is brought up behind the events.
    pub(crate) async fn wait_for_states(&self, agent: &str, count: usize) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let states = self.get(&format!("/v1/agents/{agent}/states")).await;
            let items = states["items"].as_array().into_iter().flatten();
            let states: Vec<Value> = items.map(|one| one["state"].clone()).collect();
            if states.len() >= count {
                return states;
            }
            assert!(
                began.elapsed() < LIMIT,
                "waiting for {count} states: {states:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Cordboard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.data.path().join("test.log"));
            eprintln!("---- cordboard's log\n{}", log.unwrap_or_default());
        }
    }
}

/// A request that is under way: its body is awaited.
pub(crate) struct Begun {
    stream: TcpStream,
    body: String,
}

impl Begun {
    /// Sends the body; gives the whole answer.
    pub(crate) fn finish(mut self) -> String {
        self.stream.write_all(self.body.as_bytes()).unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

/// The event stream as server-sent events.
pub(crate) struct Events {
    response: Response,
    buffer: Vec<u8>,
    seen: Vec<Value>,
}

impl Events {
    /// The next event (after those already given) of which `wanted` is true.
    pub(crate) async fn wait(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let search = async {
            loop {
                let event = self.next().await;
                if wanted(&event) {
                    return event;
                }
            }
        };
        let found = tokio::time::timeout(LIMIT, search).await;
        found.unwrap_or_else(|_| panic!("waited for {what}; came: {:#?}", self.seen))
    }

    /// The next event of this type.
    pub(crate) async fn wait_type(&mut self, kind: &str) -> Value {
        self.wait(kind, |event| event["type"] == kind).await
    }

    /// The next change of an agent into this state.
    pub(crate) async fn wait_state(&mut self, agent: &str, state: &str) -> Value {
        let wanted = |event: &Value| {
            event["type"] == "agent_changed" && event["agent"] == agent && event["state"] == state
        };
        self.wait(&format!("{agent} {state}"), wanted).await
    }

    /// All that came so far.
    pub(crate) fn seen(&self) -> &[Value] {
        &self.seen
    }

    async fn next(&mut self) -> Value {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|w| w == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                let text = String::from_utf8(block).unwrap();
                let data: String = text
                    .lines()
                    .filter_map(|l| l.strip_prefix("data:"))
                    .collect();
                if let Ok(event) = serde_json::from_str::<Value>(&data) {
                    self.seen.push(event.clone());
                    return event;
                }
                continue;
            }
            let chunk = self.response.chunk().await.unwrap();
            self.buffer
                .extend_from_slice(&chunk.expect("the stream goes on"));
        }
    }
}

pub(crate) fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

fn command(data: &Path, environment: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cordboard"));
    command
        .envs(environment.iter().cloned())
        .env_remove("CORDBOARD_CONFIG")
        .current_dir(data);
    command
}

fn make_key(data: &Path, environment: &[(String, String)]) -> String {
    let output = command(data, environment)
        .args(["key", "create", "test", "--role", "administrator", "--data"])
        .arg(data)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}{wrong}");
    let key = said.split_whitespace().find(|word| word.starts_with("cb_"));
    key.unwrap_or_else(|| panic!("no key in {said:?}"))
        .to_owned()
}

/// Starts `cordboard serve` and reads the addresses it prints.
fn spawn(
    data: &Path,
    listen: &str,
    environment: &[(String, String)],
) -> (Child, String, Option<String>) {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(data.join("test.log"))
        .unwrap();
    let mut child = command(data, environment)
        .args(["serve", "--listen", listen, "--config"])
        .arg(data.join("cordboard.toml"))
        .arg("--data")
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(log.try_clone().unwrap())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut address = |scheme: &str| loop {
        let line = lines.next().expect("the server says its address").unwrap();
        if let Some(rest) = line.split(scheme).nth(1) {
            break rest.split(['/', ' ']).next().unwrap().to_owned();
        }
    };
    let http = address("http://");
    let asks_agi = environment
        .iter()
        .any(|(name, _)| name.ends_with("__AGI_LISTEN"));
    let agi = asks_agi.then(|| address("agi://"));
    // Keep the pipe open, or the server's next line would end it.
    std::thread::spawn(move || {
        let mut log = log;
        for line in lines.map_while(Result::ok) {
            let _ = writeln!(log, "{line}");
        }
    });
    (child, http, agi)
}
