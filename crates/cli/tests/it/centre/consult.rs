//! Somebody else is asked, or given the customer, in a real Asterisk: who hears whom, and what becomes of the rest.

use std::time::Duration;

use lab::{Call, Phone, Release, Tone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{control::Talk, id, placing::WAY_OUT};

const CALLER: fn() -> Tone = || Tone::caller(0);

impl Talk {
    /// Sue at 103, who answers at once.
    async fn sue(&self) -> Phone {
        let sue = self.lab.phone(103);
        sue.answers_after(Duration::ZERO).await.unwrap();
        sue
    }

    async fn asks(&self, verb: &str, body: Value) -> Value {
        let call = self.centre.post(&self.path(verb), body).await;
        call["control"].clone()
    }

    async fn consults(&mut self, sue: &Phone) -> Call {
        let asked = self.asks("consult", json!({"to": "103"})).await;
        assert_eq!(asked["consult"]["to"], "103");
        assert!(asked["held_since"].is_string(), "{asked}");
        let at_sue = sue.rings().await.unwrap();
        self.wait_consult("talking").await;
        at_sue
    }

    async fn wait_consult(&mut self, state: &str) {
        let is = |event: &Value| event["deed"] == "consult_changed" && event["state"] == state;
        self.events.wait(state, is).await;
    }

    async fn wait_deed(&mut self, deed: &str) -> Value {
        self.events.wait(deed, |event| event["deed"] == deed).await
    }

    async fn wait_transferred(&mut self) {
        let given = self.wait_deed("transferred").await;
        assert_eq!(given["to"], "103");
        let ended = self.events.wait_type("call_ended").await;
        assert_eq!(
            (&ended["outcome"], &ended["ended_by"]),
            (&json!("answered"), &json!("agent"))
        );
        self.rung.wait_ended().await.unwrap();
        self.events.wait_state(&self.ann, "available").await;
    }

    /// The customer and Sue hear each other and nobody else; then she hangs up, and nothing is left.
    async fn left_with(&self, at_sue: &Call, sue: &Phone) {
        tokio::try_join!(self.caller.hears(sue.tone()), at_sue.hears(CALLER())).unwrap();
        self.caller
            .stops_hearing(self.phone().tone())
            .await
            .unwrap();
        self.caller.stops_hearing(Tone::MUSIC).await.unwrap();
        at_sue.hang_up().await.unwrap();
        self.caller.wait_ended().await.unwrap();
        self.lab.wait_no_channels().await.unwrap();
        self.no_bridges().await;
    }
}

async fn a_colleague_is_asked_and_given_the_customer(release: Release) {
    let Some(mut talk) = Talk::start(release).await else {
        return;
    };
    let (ann, sue) = (talk.phone().tone(), talk.sue().await);
    let at_sue = talk.consults(&sue).await;
    assert_eq!(at_sue.from(), "101", "she sees who asks");
    tokio::try_join!(talk.rung.hears(sue.tone()), at_sue.hears(ann)).unwrap();
    talk.caller.hears(Tone::MUSIC).await.unwrap();
    talk.caller.stops_hearing(sue.tone()).await.unwrap();

    talk.asks("swap", json!({})).await;
    talk.both_hear().await;
    at_sue.hears(Tone::MUSIC).await.unwrap();
    at_sue.stops_hearing(CALLER()).await.unwrap();
    talk.asks("swap", json!({})).await;
    tokio::try_join!(talk.rung.hears(sue.tone()), at_sue.hears(ann)).unwrap();
    talk.caller.hears(Tone::MUSIC).await.unwrap();

    let three = talk.asks("conference", json!({})).await;
    assert_eq!(three["consult"]["state"], "conference");
    for (who, others) in [
        (&talk.caller, [ann, sue.tone()]),
        (&talk.rung, [CALLER(), sue.tone()]),
        (&at_sue, [CALLER(), ann]),
    ] {
        tokio::try_join!(who.hears(others[0]), who.hears(others[1])).unwrap();
    }

    let given = talk.asks("transfer", json!({})).await;
    assert_eq!(given["transferred_to"], "103");
    talk.wait_transferred().await;
    // Ours is over, theirs goes on; over a restart of ours as well.
    talk.centre.kill();
    talk.centre.start_again().await;
    assert_eq!(talk.centre.get("/v1/live").await["calls"], json!([]));
    talk.left_with(&at_sue, &sue).await;
    let log = talk.centre.wait_for_log(1).await;
    assert_eq!(log[0]["control"]["transferred_to"], "103");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_is_asked_and_given_the_customer_on_asterisk_22() {
    a_colleague_is_asked_and_given_the_customer(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_is_asked_and_given_the_customer_on_asterisk_16() {
    a_colleague_is_asked_and_given_the_customer(Release::Asterisk16).await;
}

async fn a_transfer_is_done_when_they_answer(release: Release) {
    let Some(mut talk) = Talk::start(release).await else {
        return;
    };
    let sue = talk.lab.phone(103);
    sue.answers_after(Duration::from_secs(1)).await.unwrap();
    let ringing = talk.asks("transfer", json!({"to": "103"})).await;
    assert_eq!(ringing["consult"]["transfer"], true);
    let at_sue = sue.rings().await.unwrap();
    assert_eq!(at_sue.from(), "+12025550100", "she sees whom she gets");
    talk.caller.hears(Tone::MUSIC).await.unwrap();
    talk.wait_transferred().await;
    talk.left_with(&at_sue, &sue).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_done_when_they_answer_on_asterisk_22() {
    a_transfer_is_done_when_they_answer(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_done_when_they_answer_on_asterisk_16() {
    a_transfer_is_done_when_they_answer(Release::Asterisk16).await;
}

/// Busy, nobody there, no such phone, gone in the middle, called off: the customer is the agent's again each time.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_gives_the_customer_back() {
    let Some(mut talk) = Talk::start(Release::Asterisk22).await else {
        return;
    };
    for (to, code) in [
        ("Local/103@internal", "invalid_field"),
        ("PJSIP/103", "invalid_field"),
        ("103; DROP", "invalid_field"),
        ("999999", "invalid_field"),
        ("911", "emergency_number"),
        ("+13105550142", "no_way_out"),
    ] {
        for verb in ["consult", "transfer"] {
            let body = json!({"to": to});
            let (status, why) = talk.refused(Method::POST, &talk.path(verb), body).await;
            assert_eq!(why, code, "{verb} {to}: {status}");
        }
    }
    // A phone that is set up and not there. The customer does not even notice for long.
    let nobody = json!({"to": "105"});
    let refused = talk
        .refused(Method::POST, &talk.path("consult"), nobody)
        .await;
    assert_eq!(
        refused,
        (StatusCode::BAD_GATEWAY, "asterisk_refused".to_owned())
    );
    talk.both_hear().await;

    let sue = talk.lab.phone(103);
    sue.is_busy().await.unwrap();
    for verb in ["consult", "transfer"] {
        talk.asks(verb, json!({"to": "103"})).await;
        sue.rings().await.unwrap();
        let ended = talk.wait_deed("consult_ended").await;
        assert_eq!(ended["cause"], 17, "{ended}");
        talk.wait_deed("resumed").await;
        talk.both_hear().await;
        talk.caller.stops_hearing(Tone::MUSIC).await.unwrap();
    }

    sue.answers_after(Duration::ZERO).await.unwrap();
    let at_sue = talk.consults(&sue).await;
    at_sue.hang_up().await.unwrap();
    talk.wait_deed("resumed").await;
    talk.both_hear().await;

    let at_sue = talk.consults(&sue).await;
    let early = talk
        .refused(Method::POST, &talk.path("hold"), json!({}))
        .await;
    assert_eq!(early, (StatusCode::CONFLICT, "control_refused".to_owned()));
    let after = talk.asks("end_consult", json!({})).await;
    assert!(
        after["consult"].is_null() && after["held_since"].is_null(),
        "{after}"
    );
    at_sue.wait_ended().await.unwrap();
    talk.both_hear().await;
    let call = talk.over().await;
    assert_eq!(call["control"]["transferred_to"], Value::Null);
}

/// Killed in the middle of a consultation: the customer does not wait for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_a_consultation_brings_the_customer_back() {
    let Some(mut talk) = Talk::start(Release::Asterisk22).await else {
        return;
    };
    let sue = talk.sue().await;
    let at_sue = talk.consults(&sue).await;
    talk.centre.kill();
    talk.centre.start_again().await;
    at_sue.wait_ended().await.unwrap();
    talk.both_hear().await;
    talk.over().await;
}

/// A placed call goes to a number over the trunk.
#[tokio::test(flavor = "multi_thread")]
async fn a_placed_call_is_given_to_a_number() {
    let outbound = super::caller_id::Outbound::start_bare(Release::Asterisk22, &[WAY_OUT]);
    let Some(outbound) = outbound.await else {
        return;
    };
    let (lab, centre) = (outbound.lab, outbound.centre);
    let (phone, far_end) = (lab.phone(101), lab.far_end());
    phone.answers_after(Duration::ZERO).await.unwrap();
    far_end.answers_after(Duration::ZERO).await.unwrap();
    let ann = centre.agent("Ann Example", 101, &[]).await;
    let body = json!({"to": "+13105550142", "agent": ann});
    let call = id(&centre.post("/v1/calls", body).await);
    let (rung, customer) = (phone.rings().await.unwrap(), far_end.rings().await.unwrap());
    customer.hears(phone.tone()).await.unwrap();
    let to = json!({"to": "(310) 555-0143"});
    centre.post(&format!("/v1/calls/{call}/transfer"), to).await;
    let other = far_end.rings().await.unwrap();
    assert_eq!(other.to(), "13105550143");
    rung.wait_ended().await.unwrap();
    // Both ends of the trunk have one voice: each hears the other's.
    tokio::try_join!(customer.hears(far_end.tone()), other.hears(far_end.tone())).unwrap();
    let log = centre.wait_for_log(1).await;
    assert_eq!(log[0]["control"]["transferred_to"], "(310) 555-0143");
    customer.hang_up().await.unwrap();
    other.wait_ended().await.unwrap();
    lab.wait_no_channels().await.unwrap();
}

/// She hangs up her phone, as people do: the two who are left talk on.
#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_leaves_the_customer_with_the_other() {
    let Some(mut talk) = Talk::start(Release::Asterisk22).await else {
        return;
    };
    let sue = talk.sue().await;
    let at_sue = talk.consults(&sue).await;
    talk.asks("conference", json!({})).await;
    talk.rung.hang_up().await.unwrap();
    talk.wait_transferred().await;
    talk.left_with(&at_sue, &sue).await;
}

/// The same of a call that we placed, from the consultation.
#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_a_placed_call_leaves_the_customer_with_the_other() {
    let outbound = super::caller_id::Outbound::start_bare(Release::Asterisk22, &[WAY_OUT]);
    let Some(outbound) = outbound.await else {
        return;
    };
    let (lab, centre) = (outbound.lab, outbound.centre);
    let (phone, sue, far_end) = (lab.phone(101), lab.phone(103), lab.far_end());
    for one in [&phone, &sue, &far_end] {
        one.answers_after(Duration::ZERO).await.unwrap();
    }
    let ann = centre.agent("Ann Example", 101, &[]).await;
    let body = json!({"to": "+13105550142", "agent": ann});
    let call = id(&centre.post("/v1/calls", body).await);
    let (rung, customer) = (phone.rings().await.unwrap(), far_end.rings().await.unwrap());
    customer.hears(phone.tone()).await.unwrap();
    let to = json!({"to": "103"});
    centre.post(&format!("/v1/calls/{call}/consult"), to).await;
    let at_sue = sue.rings().await.unwrap();
    tokio::try_join!(rung.hears(sue.tone()), at_sue.hears(phone.tone())).unwrap();
    rung.hang_up().await.unwrap();
    tokio::try_join!(customer.hears(sue.tone()), at_sue.hears(far_end.tone())).unwrap();
    let log = centre.wait_for_log(1).await;
    assert_eq!(log[0]["control"]["transferred_to"], "103");
    customer.hang_up().await.unwrap();
    at_sue.wait_ended().await.unwrap();
    lab.wait_no_channels().await.unwrap();
}

async fn a_customer_goes_to_another_queue(release: Release) {
    let Some(mut talk) = Talk::start(release).await else {
        return;
    };
    let billing = talk.centre.queue("billing", json!({})).await;
    let nowhere = json!({"queue": talk.ann});
    let (_, code) = talk
        .refused(Method::POST, &talk.path("transfer"), nowhere)
        .await;
    assert_eq!(code, "invalid_field");
    let given = talk.asks("transfer", json!({"queue": billing})).await;
    assert_eq!(given["transferred_to"], "billing");
    talk.rung.wait_ended().await.unwrap();
    talk.events.wait_state(&talk.ann, "available").await;
    let queued = talk.events.wait_type("call_queued").await;
    assert_eq!(queued["queue"], billing.as_str());
    assert_ne!(queued["call"], talk.call.as_str());
    // Nobody is there yet: music. Then somebody comes.
    talk.caller.hears(Tone::MUSIC).await.unwrap();
    let sue = talk.sue().await;
    talk.centre.agent("Sue Example", 103, &[&billing]).await;
    let at_sue = sue.rings().await.unwrap();
    tokio::try_join!(talk.caller.hears(sue.tone()), at_sue.hears(CALLER())).unwrap();
    talk.caller.hang_up().await.unwrap();
    at_sue.wait_ended().await.unwrap();
    talk.lab.wait_no_channels().await.unwrap();
    talk.no_bridges().await;
    let log = talk.centre.wait_for_log(2).await;
    assert_eq!(
        (&log[0]["outcome"], &log[1]["outcome"]),
        (&json!("answered"), &json!("answered"))
    );
    assert_eq!(log[0]["caller"], log[1]["caller"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_goes_to_another_queue_on_asterisk_22() {
    a_customer_goes_to_another_queue(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_goes_to_another_queue_on_asterisk_16() {
    a_customer_goes_to_another_queue(Release::Asterisk16).await;
}
