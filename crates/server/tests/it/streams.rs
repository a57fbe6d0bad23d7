//! The event stream over WebSocket and server-sent events: same frames, same eyes, same ends.

use std::time::Duration;

use futures_util::StreamExt as _;
use model::{AgentId, Event, EventBody, Role, ServerId};
use reqwest::Method;
use serde_json::{Value, json};
use server::auth::AuthConfig;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

use crate::harness::{A_FILE_A_WRITE, Away, Client, Server};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Long enough for a busy machine, short enough for a failing test.
const PATIENCE: Duration = Duration::from_secs(15);

async fn try_open(
    server: &Server,
    client: &Client,
    query: &str,
    origin: Option<&str>,
) -> Result<Socket, Error> {
    let url = format!("ws://{}/ws{query}", server.address);
    let mut request = url.into_client_request().unwrap();
    for (name, value) in client.headers() {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    if let Some(origin) = origin {
        request
            .headers_mut()
            .insert("origin", origin.parse().unwrap());
    }
    connect_async(request).await.map(|(socket, _)| socket)
}

async fn open(server: &Server, client: &Client, query: &str) -> Socket {
    try_open(server, client, query, None).await.unwrap()
}

async fn receive(socket: &mut Socket) -> Message {
    let next = tokio::time::timeout(PATIENCE, socket.next()).await;
    next.expect("a frame in time")
        .expect("not the end")
        .unwrap()
}

/// The next frame that is no ping.
async fn frame(socket: &mut Socket) -> Value {
    loop {
        let message = receive(socket).await;
        let text = message.to_text().unwrap();
        let json: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{message:?}"));
        if json["type"] != "ping" {
            return json;
        }
    }
}

async fn close_code(socket: &mut Socket) -> (u16, String) {
    loop {
        if let Message::Close(Some(close)) = receive(socket).await {
            return (close.code.into(), close.reason.to_string());
        }
    }
}

async fn set(client: &Client, agent: AgentId, state: &str) {
    let path = format!("/v1/agents/{agent}/state");
    let answer = client.put(&path, &json!({"state": state})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn quick() -> AuthConfig {
    AuthConfig {
        stream_check: Duration::from_millis(50),
        ..AuthConfig::default()
    }
}

#[tokio::test]
async fn a_client_is_greeted_told_and_resumes() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let agent = server.agent("Agnes", "101").await;
    let mut socket = open(&server, &root, "").await;
    let hello = frame(&mut socket).await;
    assert_eq!(hello, json!({"type": "hello", "seq": 0, "resumed": false}));
    set(&root, agent, "available").await;
    let told = frame(&mut socket).await;
    assert_eq!(
        (&told["type"], &told["seq"]),
        (&json!("agent_changed"), &json!(1))
    );
    assert_eq!(
        (&told["from"], &told["state"]),
        (&json!("offline"), &json!("available"))
    );
    drop(socket);

    set(&root, agent, "break").await;
    set(&root, agent, "offline").await;
    let mut socket = open(&server, &root, "?after=1").await;
    let hello = frame(&mut socket).await;
    assert_eq!(hello, json!({"type": "hello", "seq": 1, "resumed": true}));
    assert_eq!(frame(&mut socket).await["state"], "break");
    assert_eq!(frame(&mut socket).await["state"], "offline");
    let mut socket = open(&server, &root, "?after=999").await;
    let hello = frame(&mut socket).await;
    assert_eq!(hello, json!({"type": "hello", "seq": 3, "resumed": false}));
}

#[tokio::test]
async fn server_sent_events_carry_the_same() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let agent = server.agent("Agnes", "101").await;
    set(&root, agent, "available").await;
    let again = root.with("last-event-id", "0");
    let mut stream = again.request(Method::GET, "/v1/events", None).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while !text.contains("agent_changed") {
        let chunk = tokio::time::timeout(PATIENCE, stream.chunk())
            .await
            .unwrap();
        text.push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
    }
    let start = "id: 0\ndata: {\"type\":\"hello\",\"seq\":0,\"resumed\":true}\n\nid: 1\ndata: {";
    assert!(text.starts_with(start), "{text}");
}

#[tokio::test]
async fn an_agent_is_told_of_the_own_desk_only() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let own = server.agent("Agnes", "101").await;
    let other = server.agent("Bert", "102").await;
    let agnes = server.logged_in("agnes", Role::Agent, Some(own)).await;
    let mut socket = open(&server, &agnes, "").await;
    frame(&mut socket).await;
    set(&root, other, "available").await;
    set(&root, own, "available").await;
    let told = frame(&mut socket).await;
    assert_eq!(told["agent"], json!(own));
    assert_eq!(told["seq"], 2);
}

#[tokio::test]
async fn a_sign_of_life_comes_when_nothing_happens() {
    let server = Server::start_with(quick()).await;
    let root = server.administrator().await;
    let mut socket = open(&server, &root, "").await;
    frame(&mut socket).await;
    let message = receive(&mut socket).await;
    assert_eq!(message.to_text().unwrap(), r#"{"type":"ping"}"#);
}

#[tokio::test]
async fn the_sign_of_life_says_what_cannot_be_told() {
    let server = Server::start_on(quick(), A_FILE_A_WRITE).await;
    let root = server.administrator().await;
    let agent = server.agent("Agnes", "101").await;
    set(&root, agent, "available").await;
    let mut socket = open(&server, &root, "").await;
    frame(&mut socket).await;
    let mut messages = root.request(Method::GET, "/v1/events", None).await;
    let disk = Away::take(server.journal_folder());
    set(&root, agent, "break").await;
    let said = r#"{"type":"ping","untold_events":1}"#;
    let hear = async {
        while receive(&mut socket).await.to_text().unwrap() != said {}
        let mut text = String::new();
        while !text.contains(&format!("data: {said}\n\n")) {
            let chunk = messages.chunk().await.unwrap().unwrap();
            text += std::str::from_utf8(&chunk).unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, hear).await.expect(said);
    let live = root.get("/v1/live").await.json();
    assert_eq!(
        (&live["seq"], &live["untold_events"]),
        (&json!(1), &json!(1))
    );
    let health = root.get("/health").await;
    assert!(
        health.body.contains("1 events wait in memory"),
        "{health:?}"
    );

    disk.put_back();
    assert_eq!(frame(&mut socket).await["seq"], 2);
    assert_eq!(root.get("/v1/live").await.json()["untold_events"], 0);
}

#[tokio::test]
async fn who_is_logged_out_hears_no_more() {
    let server = Server::start_with(quick()).await;
    let root = server.administrator().await;
    let mut socket = open(&server, &root, "").await;
    frame(&mut socket).await;
    assert_eq!(root.delete("/v1/session").await.status, 204);
    assert_eq!(
        close_code(&mut socket).await,
        (4001, "logged_out".to_owned())
    );
}

#[tokio::test]
async fn a_role_that_changes_changes_what_is_seen() {
    let server = Server::start_with(quick()).await;
    let root = server.administrator().await;
    let agent = server.agent("Agnes", "101").await;
    let user = server.user("sue", Role::Supervisor, None).await;
    let sue = server
        .anonymous()
        .log_in("sue", crate::harness::PASSWORD)
        .await;
    let mut socket = open(&server, &sue, "").await;
    frame(&mut socket).await;
    set(&root, agent, "available").await;
    assert_eq!(frame(&mut socket).await["seq"], 1);
    let fields = json!({"name": "sue", "role": "agent"});
    root.put(&format!("/v1/users/{}", user.id), &fields).await;
    // Two pings: the second check began after the change.
    receive(&mut socket).await;
    receive(&mut socket).await;
    set(&root, agent, "break").await;
    for _ in 0..3 {
        assert_eq!(
            receive(&mut socket).await.to_text().unwrap(),
            r#"{"type":"ping"}"#
        );
    }
}

#[tokio::test]
async fn who_falls_behind_is_told_so() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let mut socket = open(&server, &root, "").await;
    frame(&mut socket).await;
    let many = server::stream::KEPT_EVENTS as u64 + 10;
    let event = |seq| Event {
        seq,
        at: model::Timestamp::default(),
        body: EventBody::ServerReplaced {
            server: ServerId::new(model::Timestamp::default(), 0),
        },
    };
    // All at once, under one lock: no client can have read any of them.
    server.app.stream.publish((1..=many).map(event));
    assert_eq!(close_code(&mut socket).await, (4008, "lagged".to_owned()));
}

#[tokio::test]
async fn stopping_says_goodbye() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let mut socket = open(&server, &root, "").await;
    frame(&mut socket).await;
    server.stop.cancel();
    assert_eq!(close_code(&mut socket).await, (1001, "stopping".to_owned()));
}

#[tokio::test]
async fn another_sites_page_cannot_listen() {
    let server = Server::start().await;
    let root = server.administrator().await;
    for (origin, expected) in [("http://evil.example", 403), ("null", 403)] {
        match try_open(&server, &root, "", Some(origin)).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), expected),
            other => panic!("{origin}: {other:?}"),
        }
    }
    let own = format!("http://{}", server.address);
    assert!(try_open(&server, &root, "", Some(&own)).await.is_ok());
    match try_open(&server, &server.anonymous(), "", None).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 401),
        other => panic!("{other:?}"),
    }
    let plain = root.get("/ws").await;
    assert_eq!(plain.verdict().2, "Upgrade");
}
