//! What is missing or wrong is said in words, and put right without a restart.

use std::time::{Duration, Instant};

use lab::{Lab, Release};
use reqwest::Method;
use serde_json::{Value, json};

use super::Cordboard;

#[tokio::test(flavor = "multi_thread")]
async fn calls_flow_as_soon_as_asterisk_comes() {
    let Some(mut lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    lab.stop_asterisk().await.unwrap();
    let centre = Cordboard::start_with(&lab.ari_url(), lab.secret(), &[]);
    centre.queue("sales", json!({})).await;
    let health = centre.ask(Method::GET, "/health", None).await;
    assert_eq!(health.status(), 503);
    let health: Value = health.json().await.unwrap();
    assert!(
        health.to_string().contains("lab"),
        "names the server: {health}"
    );

    lab.start_asterisk().await.unwrap();
    centre.wait_for_server_state("connected").await;
    assert_eq!(centre.ask(Method::GET, "/health", None).await.status(), 200);
    let caller = lab.trunk_calls("5550101").await.unwrap();
    caller.wait_answered().await.unwrap();
    caller.hang_up().await.unwrap();
    centre.wait_for_log(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_in_words() {
    let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let centre = Cordboard::start_with(&lab.ari_url(), "wrong", &[]);
    let server = centre.wait_for_server_state("unauthorized").await;
    assert!(
        server["reason"].as_str().unwrap().contains("password"),
        "{server}"
    );
    let log = std::fs::read_to_string(centre.data().join("test.log")).unwrap();
    assert_eq!(log.matches("refuses").count(), 1, "said once:\n{log}");
    assert!(!log.contains("wrong\""), "the password is in no log");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_that_takes_our_application_is_shown_not_fought() {
    let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let first = Cordboard::start(&lab).await;
    let second = Cordboard::start(&lab).await;
    let server = first.wait_for_server_state("replaced").await;
    assert!(
        server["reason"].as_str().unwrap().contains("cordboard"),
        "{server}"
    );
    second.wait_for_server_state("connected").await;

    let id = server["id"].as_str().unwrap();
    first
        .post(&format!("/v1/servers/{id}/take-over"), json!({}))
        .await;
    first.wait_for_server_state("connected").await;
    second.wait_for_server_state("replaced").await;
}

/// How long the databases are gone.
const A_MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_postgresql_is_away_for_a_minute_and_nothing_is_lost() {
    if let Some(lab) = lab::up_or_skip(Release::Asterisk22).await {
        calls_go_on_while_the_database_is_away(lab, lab::postgres().await.unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_mariadb_is_away_for_a_minute_and_nothing_is_lost() {
    if let Some(lab) = lab::up_or_skip(Release::Asterisk22).await {
        calls_go_on_while_the_database_is_away(lab, lab::mariadb().await.unwrap()).await;
    }
}

async fn calls_go_on_while_the_database_is_away(lab: Lab, mut database: lab::Server) {
    let centre = Cordboard::start_with(
        &lab.ari_url(),
        lab.secret(),
        &[("CORDBOARD__DATABASE__DSN", database.dsn())],
    );
    centre.wait_for_server_state("connected").await;
    let sales = centre.queue("sales", json!({"wrap_up_seconds": 0})).await;
    let phone = lab.phone(101);
    phone
        .answers_after(Duration::from_millis(300))
        .await
        .unwrap();
    centre.agent("Ann Example", 101, &[&sales]).await;
    let mut events = centre.events().await;
    events.wait_type("agent_changed").await;
    assert_eq!(waiting_for_the_database(&centre).await, None);

    database.stop().await.unwrap();
    let gone = Instant::now();
    let (mut calls, mut behind) = (0, 0);
    while gone.elapsed() < A_MINUTE {
        // Two at a time: one talks, one waits until the phone is free and rings again.
        for _ in 0..2 {
            let talks = lab.trunk_calls("5550101").await.unwrap();
            events.wait_type("call_queued").await;
            let waits = lab.trunk_calls("5550101").await.unwrap();
            for caller in [talks, waits] {
                caller.hears(phone.tone()).await.unwrap();
                caller.hang_up().await.unwrap();
                events.wait_type("call_ended").await;
                calls += 1;
            }
        }
        let now = waiting_for_the_database(&centre).await;
        assert!(now > Some(behind), "{now:?} events wait, {behind} before");
        behind = now.unwrap_or_default();
    }
    assert!(calls >= 8, "{calls} calls in a minute");
    // One who talks and one who waits are there when it comes back.
    let talks = lab.trunk_calls("5550101").await.unwrap();
    talks.hears(phone.tone()).await.unwrap();
    let waits = lab.trunk_calls("5550101").await.unwrap();
    events.wait_type("call_queued").await;

    database.start().await.unwrap();
    for caller in [talks, waits] {
        caller.hears(phone.tone()).await.unwrap();
        caller.hang_up().await.unwrap();
        events.wait_type("call_ended").await;
        calls += 1;
    }
    let log = centre.wait_for_log(calls).await;
    assert!(log.iter().all(|call| call["outcome"] == "answered"));
    let mut stories = Vec::new();
    for call in &log {
        let path = format!("/v1/calls/{}/events", super::id(call));
        let story = centre.get(&path).await;
        stories.extend(story["items"].as_array().unwrap().clone());
    }
    stories.sort_by_key(|event| event["seq"].as_u64());
    let told = events.seen().iter();
    let told = told.filter(|event| event["call"].is_string());
    assert_eq!(stories, told.cloned().collect::<Vec<_>>());
    assert_eq!(waiting_for_the_database(&centre).await, None);
}

/// How many events wait, as `/health` says it in words; `None`: it says that all is well.
async fn waiting_for_the_database(centre: &Cordboard) -> Option<u64> {
    let health = centre.ask(Method::GET, "/health", None).await;
    let status = health.status();
    let health: Value = health.json().await.unwrap();
    let of = |name: &str| {
        let mut all = health["dependencies"].as_array().unwrap().iter();
        all.find(|one| one["name"] == name).unwrap().clone()
    };
    let (database, journal) = (of("database"), of("journal"));
    if status == 200 {
        assert_eq!(
            (&database["reason"], &journal["reason"]),
            (&Value::Null, &Value::Null)
        );
        return None;
    }
    assert_eq!(database["status"], "degraded", "{health}");
    let words = journal["reason"].as_str().expect("how many events wait");
    let (count, _) = words
        .split_once(" events wait for the database")
        .expect(words);
    Some(count.parse().unwrap())
}
