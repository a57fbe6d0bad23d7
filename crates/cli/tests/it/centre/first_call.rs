//! The thin path, end to end: trunk, Asterisk, queue, agent's phone, and back to available.

use std::time::Duration;

use lab::{Lab, Release, Tone};
use serde_json::{Value, json};

use super::Cordboard;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_queued_answered_heard_and_logged_on_asterisk_22() {
    if let Some(lab) = lab::up_or_skip(Release::Asterisk22).await {
        a_call_is_queued_answered_heard_and_logged(lab).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_queued_answered_heard_and_logged_on_asterisk_16() {
    if let Some(lab) = lab::up_or_skip(Release::Asterisk16).await {
        a_call_is_queued_answered_heard_and_logged(lab).await;
    }
}

async fn a_call_is_queued_answered_heard_and_logged(lab: Lab) {
    let centre = Cordboard::start(&lab).await;
    let support = centre.queue("support", json!({"wrap_up_seconds": 1})).await;
    let mut events = centre.events().await;
    let phone = lab.phone(101);
    phone.answers_after(Duration::from_secs(1)).await.unwrap();

    // 5550102 is Stasis(cordboard,support). Nobody is there yet: music.
    let caller = lab.trunk_calls("5550102").await.unwrap();
    caller.wait_answered().await.unwrap();
    caller.hears(Tone::MUSIC).await.unwrap();
    assert_eq!(
        events.wait_type("call_queued").await["queue"],
        support.as_str()
    );

    // An agent comes; the phone rings and answers; they hear each other.
    let ann = centre.agent("Ann Example", 101, &[&support]).await;
    let rung = phone.rings().await.unwrap();
    rung.wait_answered().await.unwrap();
    caller.hears(phone.tone()).await.unwrap();
    rung.hears(Tone::caller(0)).await.unwrap();
    assert_eq!(
        events.wait_type("call_answered").await["agent"],
        ann.as_str()
    );

    // The caller hangs up: the agent's phone too, wrap-up, available again.
    caller.hang_up().await.unwrap();
    rung.wait_ended().await.unwrap();
    events.wait_state(&ann, "wrap_up").await;
    events.wait_state(&ann, "available").await;
    lab.wait_no_channels().await.unwrap();

    let log = centre.wait_for_log(1).await;
    let states = centre.wait_for_states(&ann, 5).await;
    assert_eq!(
        states,
        ["available", "ringing", "busy", "wrap_up", "available"]
    );
    let call = &log[0];
    assert_eq!(call["outcome"], "answered");
    assert_eq!(call["ended_by"], "caller");
    assert_eq!(call["agent"], ann.as_str());
    assert_eq!(call["queue"], support.as_str());
    assert_eq!(call["dialled"], "5550102");
    times_are_in_order(call);
}

fn times_are_in_order(call: &Value) {
    let times: Vec<&str> = ["arrived_at", "queued_at", "answered_at", "ended_at"]
        .map(|field| {
            call[field]
                .as_str()
                .unwrap_or_else(|| panic!("{field}: {call}"))
        })
        .to_vec();
    assert!(times.is_sorted(), "{times:?}");
    assert!(
        call["wait_ms"].as_u64().unwrap() >= 1_000,
        "the phone rang for a second: {call}"
    );
    assert!(call["talk_ms"].as_u64().unwrap() > 0, "{call}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_misses_a_call_gets_no_other_and_the_next_agent_does() {
    let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let centre = Cordboard::start(&lab).await;
    let rules = json!({"ring_seconds": 2, "no_answer_seconds": null, "wrap_up_seconds": 0});
    let sales = centre.queue("sales", rules).await;
    let mut events = centre.events().await;
    lab.phone(101).never_answers().await.unwrap();
    lab.phone(102).declines().await.unwrap();
    lab.phone(103).is_busy().await.unwrap();
    lab.phone(104)
        .answers_after(Duration::from_millis(200))
        .await
        .unwrap();
    let mut agents = Vec::new();
    for extension in [101, 102, 103, 105, 104] {
        agents.push(
            centre
                .agent(&format!("Agent {extension}"), extension, &[&sales])
                .await,
        );
    }

    let caller = lab.trunk_calls("5550101").await.unwrap();
    for (agent, result) in [
        (&agents[0], "missed"),
        (&agents[1], "declined"),
        (&agents[2], "phone_busy"),
        (&agents[3], "unreachable"),
        (&agents[4], "answered"),
    ] {
        let ended = events.wait_type("offer_ended").await;
        assert_eq!(
            (&ended["agent"], &ended["result"]),
            (&json!(agent), &json!(result))
        );
    }
    caller.hears(lab.phone(104).tone()).await.unwrap();
    caller.hang_up().await.unwrap();
    centre.wait_for_log(1).await;
    for agent in &agents[..4] {
        let live = centre.get("/v1/live").await;
        let shown = live["agents"]
            .as_array()
            .unwrap()
            .iter()
            .find(|a| a["agent"]["id"] == json!(agent));
        let status = &shown.unwrap()["status"];
        assert_eq!(status["state"], "no_answer", "{status}");
        assert!(status["reason"].is_string(), "{status}");
    }
    lab.wait_no_channels().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_phones_ring_and_one_wins() {
    let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let centre = Cordboard::start(&lab).await;
    let sales = centre
        .queue(
            "sales",
            json!({"strategy": "ring_all", "wrap_up_seconds": 0}),
        )
        .await;
    let mut events = centre.events().await;
    lab.phone(101).never_answers().await.unwrap();
    lab.phone(102)
        .answers_after(Duration::from_secs(1))
        .await
        .unwrap();
    for extension in [101, 102] {
        centre
            .agent(&format!("Agent {extension}"), extension, &[&sales])
            .await;
    }
    let caller = lab.trunk_calls("5550101").await.unwrap();
    let lost = lab.phone(101).rings().await.unwrap();
    caller.hears(lab.phone(102).tone()).await.unwrap();
    lost.wait_ended().await.unwrap();
    let ended = events
        .wait("the lost race", |e| {
            e["type"] == "offer_ended" && e["result"] == "lost_race"
        })
        .await;
    assert!(ended["ring_ms"].as_u64().unwrap() < 5_000);
    caller.hang_up().await.unwrap();
    centre.wait_for_log(1).await;
    lab.wait_no_channels().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_give_up_are_logged_as_abandoned_wherever_they_are() {
    let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let centre = Cordboard::start(&lab).await;
    let sales = centre.queue("sales", json!({"wrap_up_seconds": 0})).await;
    let mut events = centre.events().await;

    // While waiting, with nobody there.
    let caller = lab.trunk_calls("5550101").await.unwrap();
    caller.wait_answered().await.unwrap();
    caller.hang_up().await.unwrap();
    assert_eq!(events.wait_type("call_ended").await["outcome"], "abandoned");

    // While an agent's phone rings: it stops.
    lab.phone(101).never_answers().await.unwrap();
    let ann = centre.agent("Ann Example", 101, &[&sales]).await;
    let caller = lab.trunk_calls("5550101").await.unwrap();
    let rung = lab.phone(101).rings().await.unwrap();
    caller.hang_up().await.unwrap();
    rung.wait_ended().await.unwrap();
    assert_eq!(events.wait_type("call_ended").await["outcome"], "abandoned");
    events.wait_state(&ann, "available").await;

    assert!(
        centre
            .wait_for_log(2)
            .await
            .iter()
            .all(|call| call["ended_by"] == "caller")
    );
    lab.wait_no_channels().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_too_long_goes_where_the_queue_says() {
    let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let centre = Cordboard::start(&lab).await;
    let overflow =
        json!({"action": "dialplan", "context": "overflow", "extension": "s", "priority": 1});
    centre
        .queue(
            "sales",
            json!({"max_wait_seconds": 1, "overflow": overflow}),
        )
        .await;
    centre
        .queue("support", json!({"max_wait_seconds": 1}))
        .await;

    let to_dialplan = lab.trunk_calls("5550101").await.unwrap();
    to_dialplan.hears(Tone::OVERFLOW).await.unwrap();
    to_dialplan.hang_up().await.unwrap();
    let hung_up = lab.trunk_calls("5550102").await.unwrap();
    hung_up.wait_ended().await.unwrap();
    // 5550150 has no queue at all: a logged, polite end.
    let unrouted = lab.trunk_calls("5550150").await.unwrap();
    unrouted.wait_ended().await.unwrap();

    let outcomes: Vec<_> = centre
        .wait_for_log(3)
        .await
        .iter()
        .map(|c| c["outcome"].clone())
        .collect();
    assert_eq!(outcomes, ["unrouted", "rejected", "overflowed"]);
    lab.wait_no_channels().await.unwrap();
}
