//! What is missing or wrong is said in words, and put right without a restart.

use std::time::Duration;

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

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_postgresql_is_away_and_nothing_is_lost() {
    if let Some(lab) = lab::up_or_skip(Release::Asterisk22).await {
        calls_go_on_while_the_database_is_away(lab, lab::postgres().await.unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_while_mariadb_is_away_and_nothing_is_lost() {
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
    phone.answers_after(Duration::ZERO).await.unwrap();
    centre.agent("Ann Example", 101, &[&sales]).await;
    let mut events = centre.events().await;

    database.stop().await.unwrap();
    for _ in 0..3 {
        let caller = lab.trunk_calls("5550101").await.unwrap();
        caller.hears(phone.tone()).await.unwrap();
        caller.hang_up().await.unwrap();
        events.wait_type("call_ended").await;
    }
    let health = centre.ask(Method::GET, "/health", None).await;
    assert_eq!(health.status(), 503);

    database.start().await.unwrap();
    let log = centre.wait_for_log(3).await;
    assert!(log.iter().all(|call| call["outcome"] == "answered"));
}
