//! What monitors see, and what every answer tells the browser.

use std::time::Duration;

use model::Role;
use reqwest::Method;
use serde_json::json;
use server::auth::AuthConfig;

use crate::harness::{Server, shape};

#[tokio::test]
async fn health_says_what_is_missing() {
    let server = Server::start().await;
    let well = server.anonymous().get("/health").await;
    assert_eq!(well.status, 200);
    insta::assert_json_snapshot!("well", shape(&well.json()));
    // A port that was just ours and is closed again.
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ari", closed.local_addr().unwrap());
    drop(closed);
    let root = server.administrator().await;
    let asterisk = json!({"name": "pbx", "ari_url": url, "ari_user": "u", "password": "p"});
    let id = root.post("/v1/servers", &asterisk).await.id();
    let ill = server.anonymous().get("/health").await;
    assert_eq!(ill.status, 503);
    assert!(ill.headers.contains_key("retry-after"));
    let json = ill.json();
    assert_eq!(json["status"], "degraded");
    assert_eq!(json["dependencies"][3]["name"], "asterisk:pbx");
    assert_eq!(json["dependencies"][3]["status"], "degraded");
    assert!(json["dependencies"][3]["reason"].is_string());
    let live = root.get("/v1/live").await.json();
    assert_eq!(live["servers"][0]["name"], "pbx");
    assert_eq!(root.delete(&format!("/v1/servers/{id}")).await.status, 204);
    assert_eq!(server.anonymous().get("/health").await.status, 200);
}

#[tokio::test]
async fn a_server_is_looked_at_by_administrators() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let asterisk = json!({
        "name": "pbx", "ari_url": "http://127.0.0.1:1/ari", "ari_user": "u", "password": "hush-hush",
        "ami": {"address": "127.0.0.1:1", "user": "m", "secret": "hush-hush"}, "active": false,
    });
    let id = root.post("/v1/servers", &asterisk).await.id();
    let path = format!("/v1/servers/{id}/check");
    let checked = root.post(&path, &json!({})).await;
    assert_eq!(
        (checked.status.as_u16(), &checked.json()["ok"]),
        (200, &json!(false))
    );
    let findings = checked.json()["findings"].clone();
    let said = |at: usize, key: &str| findings[at][key].as_str().unwrap_or_default().to_owned();
    assert_eq!(said(0, "what"), "http://127.0.0.1:1/ari does not answer");
    assert_eq!(said(1, "what"), "no manager interface at 127.0.0.1:1");
    assert!(!said(0, "remedy").is_empty() && !said(1, "remedy").is_empty());
    assert!(!checked.body.contains("hush"), "{checked:?}");
    let sue = server.logged_in("sue", Role::Supervisor, None).await;
    assert_eq!(sue.post(&path, &json!({})).await.verdict().1, "forbidden");
    let nobodys = format!("/v1/servers/{}/check", server.queue("sales").await);
    assert_eq!(
        root.post(&nobodys, &json!({})).await.verdict().1,
        "not_found"
    );
}

#[tokio::test]
async fn a_database_that_is_gone_is_named_and_ends_no_request_in_a_mystery() {
    let server = Server::start().await;
    let program = server.program(Role::Service).await;
    let agent = server.agent("Agnes", "101").await;
    assert_eq!(program.get("/v1/queues").await.status, 200);
    server.app.store.close().await;
    let ill = server.anonymous().get("/health").await;
    assert_eq!(ill.status, 503);
    assert_eq!(ill.json()["dependencies"][0]["status"], "degraded");
    assert_eq!(ill.json()["database"], "disconnected");
    let answer = program.get("/v1/queues").await;
    assert_eq!(answer.verdict().1, "unavailable");
    assert!(answer.headers.contains_key("retry-after"));

    // Whoever was let in a moment ago goes on with what needs no database.
    let path = format!("/v1/agents/{agent}/state");
    let state = program.put(&path, &json!({"state": "available"})).await;
    assert_eq!(state.json()["state"], "available", "{state:?}");
    let live = program.get("/v1/live").await;
    assert_eq!(live.json()["agents"][0]["status"]["state"], "available");
    let stranger = server.anonymous().with("authorization", "Bearer cb_x_y");
    assert_eq!(stranger.get("/v1/live").await.verdict().1, "unavailable");
}

/// Connections are made before anybody can ask, and what is told of them then may not change for long.
#[tokio::test]
async fn what_is_counted_before_the_first_request_is_not_lost() {
    let early = || metrics::gauge!("cordboard_told_early").set(1.0);
    let server = Server::start_in_turn(AuthConfig::default(), |_, _| (), early).await;
    let program = server.program(Role::Service).await;
    let figures = program.get("/metrics").await;
    assert!(
        figures.body.contains("cordboard_told_early 1"),
        "{figures:?}"
    );
}

#[tokio::test]
async fn metrics_show_queues_agents_and_requests() {
    let server = Server::start().await;
    server.queue("sales").await;
    server.agent("Agnes", "101").await;
    let program = server.program(Role::Service).await;
    program.get("/v1/queues").await;
    let figures = program.get("/metrics").await;
    assert_eq!(figures.status, 200);
    for line in [
        "cordboard_queue_calls{queue=\"sales\",state=\"waiting\"} 0",
        "cordboard_agents{state=\"offline\"} 1",
        "cordboard_journal_behind_events 0",
        "cordboard_stream_subscribers 0",
        "cordboard_http_requests_total{method=\"GET\",route=\"/v1/queues\",status=\"200\"}",
    ] {
        assert!(
            figures.body.contains(line),
            "{line} is not in\n{}",
            figures.body
        );
    }
}

#[tokio::test]
async fn every_answer_tells_the_browser_what_not_to_do() {
    let server = Server::start().await;
    let nobody = server.anonymous();
    for path in [
        "/",
        "/v1/session",
        "/health",
        "/docs",
        "/nowhere",
        "/v1/nowhere",
    ] {
        let answer = nobody.get(path).await;
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'self'; "),
            "{path}: {policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert!(answer.headers.contains_key("cache-control"), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_path_or_method_is_a_problem() {
    let server = Server::start().await;
    let nobody = server.anonymous();
    assert_eq!(nobody.get("/v1/nowhere").await.verdict().1, "no_such_path");
    assert_eq!(nobody.get("/v1").await.verdict().1, "no_such_path");
    let answer = nobody.send(Method::PATCH, "/v1/queues", None).await;
    assert_eq!(answer.verdict().1, "method_not_allowed");
    assert_eq!(answer.headers["allow"], "GET, POST");
    let answer = nobody.delete("/health").await;
    assert_eq!(answer.verdict().1, "method_not_allowed");
    assert_eq!(
        nobody.get("/some/page").await.status,
        200,
        "a page of the client"
    );
}

#[tokio::test]
async fn stopping_ends_the_event_streams_and_closes_the_port() {
    let server = Server::start().await;
    let program = server.program(Role::Service).await;
    let mut stream = program.request(Method::GET, "/v1/events", None).await;
    assert!(stream.chunk().await.unwrap().is_some(), "hello");
    server.stop.cancel();
    let mut rest = String::new();
    let ended = async {
        while let Some(chunk) = stream.chunk().await.unwrap() {
            rest.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ended)
        .await
        .unwrap();
    assert!(
        rest.contains(r#"{"type":"end","reason":"stopping"}"#),
        "{rest}"
    );
}

#[tokio::test]
async fn a_stop_is_not_held_up_by_who_listens() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = server::config::Config::default();
    config.data.folder = folder.path().to_owned();
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    let running = server::start(&config).await.unwrap();
    let address = running.local_addr();
    // Connected, and never says anything.
    let _silent = tokio::net::TcpStream::connect(address).await.unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let health = reqwest::get(format!("http://{address}/health")).await;
    assert_eq!(
        health.unwrap().status(),
        200,
        "and keeps its connection alive"
    );
    let stopped = tokio::time::timeout(Duration::from_secs(8), running.stop()).await;
    assert!(stopped.is_ok(), "it stops at once");
}
