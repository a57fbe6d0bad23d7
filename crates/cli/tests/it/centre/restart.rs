//! Crashes: of ours and of Asterisk's. Nobody is dropped who need not be, and the log is complete.

use std::time::Duration;

use lab::{Release, Tone};
use serde_json::json;

use super::Cordboard;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_finds_its_callers_waiting_ringing_and_talking() {
    let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let mut centre = Cordboard::start(&lab).await;
    let sales = centre
        .queue("sales", json!({"wrap_up_seconds": 0, "ring_seconds": 30}))
        .await;
    let support = centre.queue("support", json!({"wrap_up_seconds": 0})).await;
    lab.phone(101).answers_after(Duration::ZERO).await.unwrap();
    lab.phone(102)
        .answers_after(Duration::from_secs(6))
        .await
        .unwrap();
    centre.agent("Ann Example", 101, &[&sales]).await;

    let talking = lab.trunk_calls("5550101").await.unwrap();
    talking.hears(lab.phone(101).tone()).await.unwrap();
    let bob = centre.agent("Bob Example", 102, &[&sales]).await;
    let ringing = lab.trunk_calls("5550101").await.unwrap();
    let rung = lab.phone(102).rings().await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let caller = lab.trunk_calls("5550102").await.unwrap();
        caller.wait_answered().await.unwrap();
        waiting.push(caller);
    }

    let before = centre.get("/v1/live").await;
    centre.kill();
    let took = centre.start_again().await;
    println!("back after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");

    // The talking still talk, the ringing still rings and is answered, the waiting wait in their order.
    talking.hears(lab.phone(101).tone()).await.unwrap();
    rung.wait_answered().await.unwrap();
    ringing.hears(lab.phone(102).tone()).await.unwrap();
    let after = centre.get("/v1/live").await;
    let line = |live: &serde_json::Value| {
        let mut calls: Vec<_> = live["calls"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|call| call["queue"] == support.as_str())
            .map(|call| {
                (
                    call["queued_at"].as_str().unwrap().to_owned(),
                    call["id"].clone(),
                )
            })
            .collect();
        calls.sort_by(|a, b| a.0.cmp(&b.0));
        calls
    };
    assert_eq!(line(&before), line(&after));
    assert_eq!(line(&after).len(), 3);
    waiting[0].hears(Tone::MUSIC).await.unwrap();

    // The line is served in its order.
    for caller in [&talking, &ringing] {
        caller.hang_up().await.unwrap();
    }
    centre.set_state(&bob, "offline").await;
    lab.phone(103).answers_after(Duration::ZERO).await.unwrap();
    let mut events = centre.events().await;
    centre.agent("Carol Example", 103, &[&support]).await;
    let first = line(&after)[0].1.clone();
    let answered = events
        .wait("an answer in support", |e| {
            e["type"] == "call_answered" && e["queue"] == support.as_str()
        })
        .await;
    assert_eq!(answered["call"], first);
    for caller in &waiting {
        caller.hang_up().await.unwrap();
    }
    let log = centre.wait_for_log(5).await;
    let answered = log
        .iter()
        .filter(|call| call["outcome"] == "answered")
        .count();
    let abandoned = log
        .iter()
        .filter(|call| call["outcome"] == "abandoned")
        .count();
    assert_eq!((answered, abandoned), (3, 2), "{log:#?}");
    lab.wait_no_channels().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_left_while_we_were_down_has_abandoned() {
    let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let mut centre = Cordboard::start(&lab).await;
    centre.queue("sales", json!({})).await;
    let leaves = lab.trunk_calls("5550101").await.unwrap();
    leaves.wait_answered().await.unwrap();
    centre.kill();
    leaves.hang_up().await.unwrap();
    lab.wait_no_channels().await.unwrap();
    centre.start_again().await;
    assert_eq!(centre.wait_for_log(1).await[0]["outcome"], "abandoned");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_asterisk_is_found_again_and_its_lost_calls_are_logged() {
    let Some(mut lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let centre = Cordboard::start(&lab).await;
    let sales = centre.queue("sales", json!({"wrap_up_seconds": 0})).await;
    let caller = lab.trunk_calls("5550101").await.unwrap();
    caller.wait_answered().await.unwrap();
    let mut events = centre.events().await;
    lab.kill_asterisk().await.unwrap();
    events.wait_type("server_lost").await;
    lab.start_asterisk().await.unwrap();
    events.wait_type("server_connected").await;
    let ended = events.wait_type("call_ended").await;
    assert_eq!(ended["outcome"], "failed", "{ended}");

    let phone = lab.phone(101);
    phone.answers_after(Duration::ZERO).await.unwrap();
    centre.agent("Ann Example", 101, &[&sales]).await;
    let next = lab.trunk_calls("5550101").await.unwrap();
    next.hears(phone.tone()).await.unwrap();
    next.hang_up().await.unwrap();
    centre.wait_for_log(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_asterisk_lost_while_we_were_down_have_failed() {
    let Some(mut lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let mut centre = Cordboard::start(&lab).await;
    centre.queue("sales", json!({})).await;
    let caller = lab.trunk_calls("5550101").await.unwrap();
    caller.wait_answered().await.unwrap();
    centre.kill();
    lab.kill_asterisk().await.unwrap();
    lab.start_asterisk().await.unwrap();
    centre.start_again().await;
    assert_eq!(centre.wait_for_log(1).await[0]["outcome"], "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_stop_finishes_requests_and_leaves_calls_up() {
    let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let mut centre = Cordboard::start(&lab).await;
    let sales = centre.queue("sales", json!({"wrap_up_seconds": 0})).await;
    let phone = lab.phone(101);
    phone.answers_after(Duration::ZERO).await.unwrap();
    let ann = centre.agent("Ann Example", 101, &[&sales]).await;
    let talking = lab.trunk_calls("5550101").await.unwrap();
    talking.hears(phone.tone()).await.unwrap();
    let rung = phone.rings().await.unwrap();
    let waiting = lab.trunk_calls("5550101").await.unwrap();
    waiting.wait_answered().await.unwrap();

    // Somebody reads the event stream, and a request is under way.
    let _events = centre.events().await;
    let late = centre.begin("POST /v1/queues", "{\"name\": \"late\"}");
    centre.terminate();
    centre.wait_deaf().await;
    let answer = late.finish();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(centre.wait_ended().await, Some(0));

    // Nobody is there, and they talk and wait on.
    talking.hears(phone.tone()).await.unwrap();
    rung.hears(Tone::caller(0)).await.unwrap();
    waiting.hears(Tone::MUSIC).await.unwrap();

    centre.start_again().await;
    let live = centre.get("/v1/live").await;
    let call = |state: &str| {
        let calls = live["calls"].as_array().unwrap();
        let found = calls.iter().find(|call| call["state"] == state);
        found.unwrap_or_else(|| panic!("no call is {state}: {live:#}"))
    };
    assert_eq!(call("talking")["agent"], ann.as_str());
    assert_eq!(call("waiting")["queue"], sales.as_str());
    let queues = centre.get("/v1/queues").await;
    assert_eq!(queues["items"][0]["name"], "late", "{queues}");

    // Both are still ours: the one ends in the log, the other is served.
    talking.hang_up().await.unwrap();
    rung.wait_ended().await.unwrap();
    waiting.hears(phone.tone()).await.unwrap();
    waiting.hang_up().await.unwrap();
    let log = centre.wait_for_log(2).await;
    for call in &log {
        assert_eq!(call["outcome"], "answered", "{log:#?}");
        assert_eq!(call["ended_by"], "caller", "{log:#?}");
    }
    lab.wait_no_channels().await.unwrap();
}
