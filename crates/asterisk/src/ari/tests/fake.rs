//! A server that speaks as much ARI as the client's tests need, and fails when told to.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::ari::{Client, Config, ConnectionState, Events, Incoming};

/// What the test makes the newest WebSocket do.
pub(super) enum Command {
    Say(String),
    /// End the TCP connection without a close frame.
    Drop,
    /// Read nothing more, not even pings.
    GoDeaf,
}

pub(super) struct Fake {
    pub(super) base_url: String,
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) version: Mutex<String>,
    pub(super) password: Mutex<String>,
    /// Statuses to answer everything with, one each, before behaving.
    pub(super) statuses: Mutex<VecDeque<u16>>,
    /// Requests for `channels/slow` wait for a permit of this.
    pub(super) slow: Semaphore,
    /// Requests for the channel list wait for a permit of this, and give it back.
    pub(super) lists: Semaphore,
    /// `http GET channels`, `ws POST channels/1/answer`.
    pub(super) log: Mutex<Vec<String>>,
    pub(super) active: watch::Sender<usize>,
    pub(super) busiest: AtomicUsize,
    pub(super) opened: watch::Sender<usize>,
    pub(super) newest: Mutex<Option<mpsc::UnboundedSender<Command>>>,
    pub(super) echoes: Mutex<Echoes>,
    /// Event types that the application's filter hides.
    pub(super) disallowed: Mutex<Vec<&'static str>>,
}

/// What becomes of a request for a user event.
#[derive(Clone, Copy, Default)]
pub(super) enum Echoes {
    #[default]
    Sent,
    /// Answered, and then nothing.
    Lost,
    Refused(u16, &'static str),
}

impl Fake {
    pub(super) async fn start() -> Self {
        let inner = Arc::new(Inner {
            version: Mutex::new("22.10.0".into()),
            password: Mutex::new("right".into()),
            statuses: Mutex::default(),
            slow: Semaphore::new(0),
            lists: Semaphore::new(1_000),
            log: Mutex::default(),
            active: watch::Sender::new(0),
            busiest: AtomicUsize::new(0),
            opened: watch::Sender::new(0),
            newest: Mutex::default(),
            echoes: Mutex::default(),
            disallowed: Mutex::default(),
        });
        let router = Router::new().fallback(serve).with_state(Arc::clone(&inner));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/ari", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base_url, inner }
    }

    pub(super) fn config(&self) -> Config {
        let mut config = Config::new(&self.base_url, "user", "right", "acd");
        config.timing.unauthorized_retry = Duration::from_millis(20);
        config
    }

    /// Connects, and waits until that has succeeded.
    pub(super) async fn connected(&self, config: Config) -> (Client, Events) {
        let (client, mut events) = Client::connect(config).unwrap();
        assert!(matches!(
            next(&mut events).await,
            Incoming::Connected { .. }
        ));
        (client, events)
    }

    pub(super) fn command(&self, command: Command) {
        self.inner
            .newest
            .lock()
            .unwrap()
            .as_ref()
            .unwrap()
            .send(command)
            .ok()
            .unwrap();
    }

    pub(super) fn say_event(&self, name: &str) {
        let event = json!({"type": name, "application": "acd", "timestamp": "", "asterisk_id": ""});
        self.command(Command::Say(event.to_string()));
    }

    /// Waits until the client has asked for so many echoes.
    pub(super) async fn echoed(&self, times: usize) {
        let asked = || {
            let log = self.inner.log.lock().unwrap();
            log.iter()
                .filter(|line| line.starts_with("http POST events/user/CordboardEcho?"))
                .count()
        };
        within(async {
            while asked() < times {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }

    pub(super) fn logged(&self, what: &str) -> usize {
        self.inner
            .log
            .lock()
            .unwrap()
            .iter()
            .filter(|line| line.as_str() == what)
            .count()
    }
}

/// The next item, or a failed test.
pub(super) async fn next(events: &mut Events) -> Incoming {
    within(events.recv()).await.unwrap()
}

/// A bound on a hanging test; no behaviour depends on it.
pub(super) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("the test hangs")
}

pub(super) async fn until_state(client: &Client, wanted: impl FnMut(&ConnectionState) -> bool) {
    within(client.watch_connection().wait_for(wanted))
        .await
        .unwrap();
}

async fn serve(State(inner): State<Arc<Inner>>, headers: HeaderMap, request: Request) -> Response {
    let status = inner.statuses.lock().unwrap().pop_front();
    if let Some(status) = status {
        let message = if status == 503 {
            "Asterisk not booted"
        } else {
            "Resource not found"
        };
        return (
            StatusCode::from_u16(status).unwrap(),
            json!({ "message": message }).to_string(),
        )
            .into_response();
    }
    let login = format!("user:{}", inner.password.lock().unwrap());
    let login = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(login)
    );
    if headers
        .get("authorization")
        .is_none_or(|value| value.to_str().unwrap() != login)
    {
        return (
            StatusCode::UNAUTHORIZED,
            r#"{"message":"Authentication required"}"#,
        )
            .into_response();
    }
    let (mut parts, body) = request.into_parts();
    let uri = parts
        .uri
        .path_and_query()
        .unwrap()
        .as_str()
        .strip_prefix("/ari/")
        .unwrap()
        .to_owned();
    if uri.starts_with("events?") {
        assert_eq!(uri, "events?app=acd&subscribeAll=false");
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &inner)
            .await
            .unwrap();
        return upgrade.on_upgrade(move |socket| talk(inner, socket));
    }
    let body: Bytes = axum::body::to_bytes(body, 1_000_000).await.unwrap();
    let (status, answer) = answer(
        &inner,
        "http",
        parts.method.as_str(),
        &uri,
        &String::from_utf8_lossy(&body),
    )
    .await;
    (
        StatusCode::from_u16(status).unwrap(),
        answer.map_or(String::new(), |answer| answer.to_string()),
    )
        .into_response()
}

async fn answer(
    inner: &Inner,
    way: &str,
    method: &str,
    uri: &str,
    body: &str,
) -> (u16, Option<Value>) {
    inner
        .log
        .lock()
        .unwrap()
        .push(format!("{way} {method} {uri}{body}"));
    let not_found = (404, Some(json!({ "message": "Channel not found" })));
    if let Some(echo) = uri.strip_prefix("events/user/") {
        return user_event(inner, echo, body);
    }
    match uri {
        "asterisk/info" => (
            200,
            Some(json!({ "system": { "version": *inner.version.lock().unwrap() } })),
        ),
        "asterisk/ping" => (200, Some(json!({ "ping": "pong" }))),
        "channels" => {
            let _ = inner.lists.acquire().await.unwrap();
            (
                200,
                Some(json!([{ "id": "c1", "name": "PJSIP/trunk-1", "state": "Up" }])),
            )
        }
        "bridges" | "endpoints" => (200, Some(json!([]))),
        "applications/acd" => {
            let hidden = inner.disallowed.lock().unwrap();
            let hidden: Vec<_> = hidden.iter().map(|name| json!({ "type": name })).collect();
            let application =
                json!({ "name": "acd", "channel_ids": ["c1"], "events_disallowed": hidden });
            (200, Some(application))
        }
        "channels/slow" => {
            inner.active.send_modify(|active| {
                *active += 1;
                inner.busiest.fetch_max(*active, Ordering::Relaxed);
            });
            inner.slow.acquire().await.unwrap().forget();
            inner.active.send_modify(|active| *active -= 1);
            (200, Some(json!({ "id": "slow" })))
        }
        uri if uri.starts_with("channels/gone") => not_found,
        uri if uri.starts_with("channels?") => (500, Some(json!({ "error": "Allocation failed" }))),
        _ => (204, None),
    }
}

fn user_event(inner: &Inner, uri: &str, body: &str) -> (u16, Option<Value>) {
    let (name, application) = uri.split_once("?application=").unwrap();
    match *inner.echoes.lock().unwrap() {
        Echoes::Sent => {
            let mut variables = serde_json::from_str::<Value>(body).unwrap()["variables"].take();
            variables["eventname"] = name.into();
            let event = json!({
                "type": "ChannelUserevent", "timestamp": "", "eventname": name,
                "userevent": variables, "asterisk_id": "", "application": application,
            });
            let newest = inner.newest.lock().unwrap();
            let _ = newest
                .as_ref()
                .unwrap()
                .send(Command::Say(event.to_string()));
            (204, None)
        }
        Echoes::Lost => (204, None),
        Echoes::Refused(status, message) => (status, Some(json!({ "message": message }))),
    }
}

async fn talk(inner: Arc<Inner>, mut socket: WebSocket) {
    let (commands, mut commanded) = mpsc::unbounded_channel();
    let (answers, mut answered) = mpsc::unbounded_channel::<String>();
    *inner.newest.lock().unwrap() = Some(commands);
    inner.opened.send_modify(|opened| *opened += 1);
    loop {
        tokio::select! {
            biased;
            command = commanded.recv() => match command {
                Some(Command::Say(text)) => socket.send(Message::text(text)).await.unwrap(),
                Some(Command::GoDeaf) => std::future::pending().await,
                Some(Command::Drop) | None => return,
            },
            Some(answer) = answered.recv() => socket.send(Message::text(answer)).await.unwrap(),
            message = socket.recv() => {
                let Some(Ok(message)) = message else { return };
                let Message::Text(text) = message else { continue };
                let request: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(request["type"], "RESTRequest");
                let (inner, answers) = (Arc::clone(&inner), answers.clone());
                tokio::spawn(async move {
                    let text = |member: &str| request[member].as_str().unwrap_or_default().to_owned();
                    let (status, body) =
                        answer(&inner, "ws", &text("method"), &text("uri"), &text("message_body")).await;
                    let mut response = json!({
                        "type": "RESTResponse",
                        "transaction_id": text("transaction_id"),
                        "request_id": text("request_id"),
                        "status_code": status,
                        "reason_phrase": "Whatever",
                        "uri": text("uri"),
                        "application": "acd",
                    });
                    if let Some(body) = body {
                        response["content_type"] = "application/json".into();
                        response["message_body"] = body.to_string().into();
                    }
                    let _ = answers.send(response.to_string());
                });
            }
        }
    }
}
