//! Calls that are asked for and cannot be placed: what is refused, and with which words.

use model::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, Server};

const OLD_PATH: &str = "/telephony/calls/originate/";

#[tokio::test]
async fn what_is_no_number_is_refused_and_named() {
    let server = Server::start().await;
    let agent = server.agent("Agnes", "101").await;
    let root = server.administrator().await;
    for (to, code) in [
        ("", "invalid_field"),
        ("101", "invalid_field"),
        ("1-800-FLOWERS", "invalid_field"),
        ("Local/600@internal", "invalid_field"),
        ("PJSIP/101", "invalid_field"),
        ("3105550142@trunk", "invalid_field"),
        ("3105550142&PJSIP/101", "invalid_field"),
        ("${EXTEN}", "invalid_field"),
        ("+1310555014200000", "invalid_field"),
        ("911", "emergency_number"),
        ("112", "emergency_number"),
    ] {
        let body = json!({"to": to, "agent": agent});
        let answer = root.post("/v1/calls", &body).await;
        let expected = (400, code.to_owned(), "to".to_owned());
        assert_eq!(answer.verdict(), expected, "{to:?}");
    }
    // As it would be, were there an Asterisk.
    let body = json!({"to": "(310) 555-0142", "agent": agent});
    let answer = root.post("/v1/calls", &body).await;
    assert_eq!(answer.verdict().1, "no_way_out");
}

#[tokio::test]
async fn an_agent_calls_with_the_own_phone_only() {
    let server = Server::start().await;
    let own = server.agent("Agnes", "101").await;
    let other = server.agent("Bruno", "102").await;
    let agnes = server.logged_in("agnes", Role::Agent, Some(own)).await;
    let nobody = server.logged_in("nina", Role::Agent, None).await;
    let program = server.program(Role::Service).await;
    let to = |agent: Option<model::AgentId>| json!({"to": "+13105550142", "agent": agent});
    let verdict = |answer: Answer| (answer.status.as_u16(), answer.verdict().1);
    let says = |status, code: &str| (status, code.to_owned());
    for (client, agent, expected) in [
        (&agnes, Some(other), says(403, "forbidden")),
        (&agnes, Some(own), says(409, "no_way_out")),
        (&agnes, None, says(409, "no_way_out")),
        (&nobody, Some(own), says(403, "forbidden")),
        (&nobody, None, says(400, "invalid_field")),
        (&program, None, says(400, "invalid_field")),
        (&program, Some(other), says(409, "no_way_out")),
    ] {
        let answer = client.post("/v1/calls", &to(agent)).await;
        assert_eq!(verdict(answer), expected, "{agent:?}");
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let server = Server::start().await;
    let agent = server.agent("Agnes", "101").await;
    let body = json!({"to": "+13105550142", "agent": agent});
    let root = server.program(Role::Administrator).await;
    for key in [String::new(), "a b".to_owned(), "k".repeat(256)] {
        let root = root.clone().with("idempotency-key", &key);
        let answer = root.post("/v1/calls", &body).await;
        let expected = (
            400,
            "invalid_field".to_owned(),
            "Idempotency-Key".to_owned(),
        );
        assert_eq!(answer.verdict(), expected, "{key:?}");
    }
}

#[tokio::test]
async fn a_way_out_that_is_lost_is_said_to_be() {
    let server = Server::start().await;
    let agent = server.agent("Agnes", "101").await;
    let root = server.administrator().await;
    let asterisk = json!({
        "name": "pbx", "ari_url": "http://127.0.0.1:1/ari", "ari_user": "u", "password": "p",
        "dial_out": "PJSIP/{number}@trunk",
    });
    let made = root.post("/v1/servers", &asterisk).await;
    assert_eq!(made.json()["dial_out"], "PJSIP/{number}@trunk");
    let body = json!({"to": "+13105550142", "agent": agent});
    let answer = root.post("/v1/calls", &body).await;
    assert_eq!(answer.verdict().1, "unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    let mut other = asterisk.clone();
    (other["name"], other["dial_out"]) = (json!("two"), json!("PJSIP/101"));
    let refused = root.post("/v1/servers", &other).await.verdict();
    assert_eq!(
        (refused.1.as_str(), refused.2.as_str()),
        ("invalid_field", "dial_out")
    );
}

#[tokio::test]
async fn the_old_path_refuses_in_its_own_words() {
    let server = Server::start().await;
    let own = server.agent("Agnes", "101").await;
    let agnes = server.logged_in("agnes", Role::Agent, Some(own)).await;
    let sue = server.logged_in("sue", Role::Supervisor, None).await;
    let to = json!({"phone_number": "+13105550142", "campaign_id": 7});
    let told = |answer: Answer| {
        let json: Value = answer.json();
        assert_eq!(json["success"], false);
        (
            answer.status.as_u16(),
            json["error"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let phone = told(sue.post(OLD_PATH, &to).await);
    assert_eq!(phone, (400, "No active phone assigned".to_owned()));
    let missing = told(agnes.post(OLD_PATH, &json!({})).await);
    assert_eq!(missing, (400, "Phone number is required".to_owned()));
    let (status, why) = told(agnes.post(OLD_PATH, &json!({"phone_number": "911"})).await);
    assert!(status == 400 && why.contains("emergency"), "{why}");
    let (status, why) = told(
        agnes
            .post(OLD_PATH, &json!({"phone_number": "Local/1@x"}))
            .await,
    );
    assert!(
        status == 400 && why.starts_with("phone_number has"),
        "{why}"
    );
    let (status, why) = told(agnes.post(OLD_PATH, &to).await);
    assert!(status == 400 && why.contains("dial_out"), "{why}");
    let broken = agnes.bare(reqwest::Method::POST, OLD_PATH, "{").await;
    assert_eq!(told(broken).0, 400);
}
