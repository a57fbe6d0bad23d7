//! A person whom an agent has called calls back, in a real Asterisk.

use std::time::Duration;

use lab::Release;
use serde_json::json;

use super::{
    caller_id::Outbound,
    id,
    placing::{PERSON, WAY_OUT},
};

/// Its dialplan names no queue.
const NUMBER: &str = "5550120";

async fn who_calls_back_reaches_who_called(release: Release) {
    let Some(outbound) = Outbound::start_bare(release, &[WAY_OUT]).await else {
        return;
    };
    let (lab, centre) = (&outbound.lab, &outbound.centre);
    let sales = centre.queue("sales", json!({"wrap_up_seconds": 0})).await;
    let did = json!({"number": NUMBER, "to": {"type": "queue", "queue": sales}, "return_wait_seconds": 30});
    centre.post("/v1/dids", did).await;
    // Both are free, and Joe has been for longer.
    let (at_ann, at_joe) = (lab.phone(101), lab.phone(102));
    for phone in [&at_ann, &at_joe] {
        phone.answers_after(Duration::ZERO).await.unwrap();
    }
    centre.agent("Joe Example", 102, &[&sales]).await;
    let ann = centre.agent("Ann Example", 101, &[&sales]).await;

    lab.far_end().answers_after(Duration::ZERO).await.unwrap();
    let call = json!({"to": PERSON, "campaign": "spring", "agent": ann});
    let call = id(&centre.post("/v1/calls", call).await);
    let placed = at_ann.rings().await.unwrap();
    let at_person = lab.far_end().rings().await.unwrap();
    at_person.hears(at_ann.tone()).await.unwrap();
    placed.hang_up().await.unwrap();
    lab.wait_no_channels().await.unwrap();
    outbound.ended(PERSON).await;

    let caller = lab.trunk_caller().with_number(PERSON);
    let tone = caller.tone();
    let returns = caller.calls(NUMBER).await.unwrap();
    let rung = at_ann.rings().await.unwrap();
    rung.hears(tone).await.unwrap();
    returns.hears(at_ann.tone()).await.unwrap();
    assert!(at_joe.calls_received().is_empty());

    // Nobody else is given the next one while Ann talks; then she is.
    let caller = lab.trunk_caller().with_number(PERSON);
    let tone = caller.tone();
    let waits = caller.calls(NUMBER).await.unwrap();
    waits.hears(lab::Tone::MUSIC).await.unwrap();
    assert!(at_joe.calls_received().is_empty());
    returns.hang_up().await.unwrap();
    rung.wait_ended().await.unwrap();
    let rung = at_ann.rings().await.unwrap();
    rung.hears(tone).await.unwrap();

    // Who was never called reaches whose turn it is.
    let stranger = lab.trunk_calls(NUMBER).await.unwrap();
    at_joe.rings().await.unwrap();
    for call in [&waits, &stranger] {
        call.hang_up().await.unwrap();
    }
    lab.wait_no_channels().await.unwrap();
    let log = centre.wait_for_log(4).await;
    let by_ann = log.iter().filter(|call| call["agent"] == ann.as_str());
    assert_eq!(by_ann.count(), 3, "{log:#?}");
    assert!(log.iter().any(|one| one["id"] == call.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_calls_back_on_asterisk_22() {
    who_calls_back_reaches_who_called(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_calls_back_on_asterisk_16() {
    who_calls_back_reaches_who_called(Release::Asterisk16).await;
}
