//! Parked calls and calls that are picked up, in a real Asterisk: who hears whom, and who is let go.

use std::time::Duration;

use lab::{Release, Tone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Cordboard, control::Talk};

const CALLER: fn() -> Tone = || Tone::caller(0);

impl Talk {
    /// Into a slot: the customer hears music, and Ann's phone is let go.
    async fn parks(&mut self) -> Value {
        let call = self.centre.post(&self.path("park"), json!({})).await;
        assert_eq!(call["state"], "parked", "{call}");
        self.rung.wait_ended().await.unwrap();
        self.events.wait_type("call_parked").await;
        self.events.wait_state(&self.ann, "available").await;
        self.caller.hears(Tone::MUSIC).await.unwrap();
        self.caller
            .stops_hearing(self.phone().tone())
            .await
            .unwrap();
        call["control"]["parked"].clone()
    }

    /// At the phone 103, who is no member of the queue and answers at once.
    async fn bob(&self) -> String {
        let phone = self.lab.phone(103);
        phone.answers_after(Duration::ZERO).await.unwrap();
        self.centre.agent("Bob Example", 103, &[]).await
    }

    async fn list(&self) -> Vec<Value> {
        let list = self.centre.get("/v1/parked-calls").await;
        list.as_array().unwrap().clone()
    }

    async fn left_over(&self) {
        self.lab.wait_no_channels().await.unwrap();
        self.no_bridges().await;
    }
}

async fn a_parked_call_is_fetched_by_a_colleague(release: Release) {
    let Some(mut talk) = Talk::start(release).await else {
        return;
    };
    let bob = talk.bob().await;
    let parked = talk.parks().await;
    assert_eq!(
        (&parked["slot"], &parked["by"]),
        (&json!(701), &json!(talk.ann))
    );
    let list = talk.list().await;
    assert_eq!(list.len(), 1);
    assert_eq!(
        (&list[0]["slot"], &list[0]["call"]["id"]),
        (&json!(701), &json!(talk.call))
    );
    let again = talk
        .refused(Method::POST, &talk.path("park"), json!({}))
        .await;
    assert_eq!(again, (StatusCode::CONFLICT, "not_talking".to_owned()));
    let held = talk
        .refused(Method::POST, &talk.path("hold"), json!({}))
        .await;
    assert_eq!(held, (StatusCode::CONFLICT, "not_talking".to_owned()));

    // Nobody is forgotten over a restart of ours.
    talk.centre.kill();
    talk.centre.start_again().await;
    assert_eq!(talk.list().await[0]["slot"], 701);
    talk.caller.hears(Tone::MUSIC).await.unwrap();

    let path = talk.path(&format!("retrieve?agent={bob}"));
    let call = talk.centre.post(&path, json!({})).await;
    assert_eq!(
        (&call["state"], &call["agent"]),
        (&json!("talking"), &json!(bob))
    );
    let phone = talk.lab.phone(103);
    let at_bob = phone.rings().await.unwrap();
    tokio::try_join!(talk.caller.hears(phone.tone()), at_bob.hears(CALLER())).unwrap();
    talk.caller.stops_hearing(Tone::MUSIC).await.unwrap();
    assert!(talk.list().await.is_empty());
    let taken = talk.refused(Method::POST, &path, json!({})).await;
    assert_eq!(taken, (StatusCode::CONFLICT, "control_refused".to_owned()));

    // A call like any other: on hold, and parked once more.
    assert!(talk.does("hold").await["held_since"].is_string());
    talk.caller.hears(Tone::MUSIC).await.unwrap();
    let call = talk.centre.post(&talk.path("park"), json!({})).await;
    assert_eq!(call["control"]["parked"]["by"], bob);
    at_bob.wait_ended().await.unwrap();
    talk.caller.stops_hearing(phone.tone()).await.unwrap();
    talk.caller.hears(Tone::MUSIC).await.unwrap();
    let call = talk.over().await;
    assert_eq!(
        (&call["outcome"], &call["ended_by"], &call["agent"]),
        (&json!("answered"), &json!("caller"), &json!(bob))
    );
    assert!(call["control"]["parked_ms"].as_u64().unwrap() > 0, "{call}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_call_is_fetched_by_a_colleague_on_asterisk_22() {
    a_parked_call_is_fetched_by_a_colleague(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_call_is_fetched_by_a_colleague_on_asterisk_16() {
    a_parked_call_is_fetched_by_a_colleague(Release::Asterisk16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_call_comes_back_to_who_parked_it() {
    let few = [
        ("CORDBOARD__PARKING__RETURN_SECONDS", "10"),
        ("CORDBOARD__PARKING__LAST_SLOT", "701"),
    ];
    let Some(mut talk) = Talk::start_with(Release::Asterisk22, &few).await else {
        return;
    };
    talk.parks().await;
    // She takes the next one, and there is no slot for it.
    let second = talk.lab.trunk_calls("5550102").await.unwrap();
    let at_ann = talk.phone().rings().await.unwrap();
    let answered = talk.events.wait_type("call_answered").await;
    let path = format!("/v1/calls/{}/park", answered["call"].as_str().unwrap());
    let full = talk.refused(Method::POST, &path, json!({})).await;
    assert_eq!(full, (StatusCode::CONFLICT, "control_refused".to_owned()));
    tokio::try_join!(
        second.hears(talk.phone().tone()),
        at_ann.hears(Tone::caller(1))
    )
    .unwrap();
    second.hang_up().await.unwrap();

    talk.rung = talk.phone().rings().await.unwrap();
    talk.events.wait_type("call_retrieved").await;
    talk.both_hear().await;
    talk.caller.hang_up().await.unwrap();
    talk.rung.wait_ended().await.unwrap();
    talk.left_over().await;
}

async fn a_colleagues_call_is_picked_up(release: Release) {
    let Some(lab) = lab::up_or_skip(release).await else {
        return;
    };
    let centre = Cordboard::start(&lab).await;
    let support = centre.queue("support", json!({"wrap_up_seconds": 0})).await;
    let mut events = centre.events().await;
    let (slow, quick) = (lab.phone(101), lab.phone(102));
    slow.answers_after(Duration::from_mins(1)).await.unwrap();
    quick.answers_after(Duration::ZERO).await.unwrap();
    let ann = centre.agent("Ann Example", 101, &[&support]).await;
    let caller = lab.trunk_calls("5550102").await.unwrap();
    let at_ann = slow.rings().await.unwrap();
    let call = events.wait_type("call_offered").await["call"].clone();
    let bob = centre.agent("Bob Example", 102, &[&support]).await;
    centre.set_state(&bob, "break").await;
    let path = format!("/v1/calls/{}/pick-up?agent={bob}", call.as_str().unwrap());
    // Two at once: one wins.
    let asked = [(); 2].map(|()| centre.ask(Method::POST, &path, Some(json!({}))));
    let [first, second] = asked;
    let (first, second) = tokio::join!(first, second);
    let mut statuses = [first.status(), second.status()];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::CONFLICT]);
    at_ann.wait_ended().await.unwrap();
    let at_bob = quick.rings().await.unwrap();
    tokio::try_join!(caller.hears(quick.tone()), at_bob.hears(CALLER())).unwrap();
    let ended = |event: &Value| event["type"] == "offer_ended" && event["agent"] == ann;
    let ended = events.wait("the end of Ann's offer", ended).await;
    assert_eq!(ended["result"], "picked_up");
    let live = centre.get("/v1/live").await;
    let agents = live["agents"].as_array().unwrap();
    let of = |id: &str| agents.iter().find(|one| one["agent"]["id"] == id).unwrap();
    assert_eq!(
        of(&ann)["status"]["state"],
        "available",
        "it is no missed call"
    );
    at_bob.hang_up().await.unwrap();
    caller.wait_ended().await.unwrap();
    events.wait_state(&bob, "break").await;
    lab.wait_no_channels().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleagues_call_is_picked_up_on_asterisk_22() {
    a_colleagues_call_is_picked_up(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleagues_call_is_picked_up_on_asterisk_16() {
    a_colleagues_call_is_picked_up(Release::Asterisk16).await;
}
