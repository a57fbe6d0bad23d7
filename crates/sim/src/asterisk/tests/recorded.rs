//! The same requests as in a recording give the same events: types, order, members, causes.
//!
//! Left out of the comparison is what two recordings of the same flow differ in themselves: where Dial,
//! connected-line events and device states fall between the others, the quality figures, and the lab's own dialplan.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::compare::{Streams, assert_same, recording, streams};
use crate::asterisk::rest::{Call, answer};
use crate::asterisk::{CallHandle, Caller, SimConfig, SimPbx};

const APP: &str = "acd";

struct Desk {
    pbx: SimPbx,
    events: mpsc::Receiver<String>,
}

impl Desk {
    async fn new(subscribe_all: bool) -> Self {
        let config = SimConfig {
            application: APP.into(),
            answer_before_stasis: true,
            ..SimConfig::default()
        };
        let pbx = SimPbx::start(config).await.unwrap();
        let (socket, events) = mpsc::channel(10_000);
        pbx.service
            .shared
            .with(|world| world.listen(APP, subscribe_all, socket, 1));
        Self { pbx, events }
    }

    fn call(&self, args: &[&str]) -> CallHandle {
        self.pbx
            .caller_dials("5550101", Caller::new("Zoe Example", "5550177"), args)
    }

    async fn rest(&self, method: &str, uri: &str) -> u16 {
        let (status, _) = answer(
            &self.pbx.service.shared,
            Call::new(method, uri, b"").unwrap(),
        )
        .await;
        sleep(Duration::from_millis(5)).await;
        status
    }

    fn streams(mut self) -> Streams {
        let mut events = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            events.push(serde_json::from_str(&event).unwrap());
        }
        streams(events)
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_answered_by_an_originated_agent() {
    let desk = Desk::new(false).await;
    desk.pbx
        .phone("101")
        .answers_after(Duration::from_millis(1_500));
    let caller = desk.call(&["sales"]);
    let id = caller.id().to_owned();
    assert_eq!(
        desk.rest(
            "GET",
            &format!("channels/{id}/variable?variable=CALLERID(all)")
        )
        .await,
        200
    );
    assert_eq!(
        desk.rest(
            "POST",
            &format!("channels/{id}/variable?variable=CDR(userfield)&value=1")
        )
        .await,
        204
    );
    assert_eq!(desk.rest("POST", &format!("channels/{id}/ring")).await, 204);
    assert_eq!(
        desk.rest(
            "POST",
            "bridges?type=mixing&name=call-0001&bridgeId=br-0001"
        )
        .await,
        200
    );
    let agent = "channels?endpoint=PJSIP/101&app=acd&appArgs=agent,1&callerId=%22Zoe%20Example%22%20%3C5550177%3E\
                 &timeout=20&channelId=agent-0001";
    assert_eq!(desk.rest("POST", agent).await, 200);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(
        desk.rest("DELETE", &format!("channels/{id}/ring")).await,
        204
    );
    assert_eq!(
        desk.rest(
            "POST",
            &format!("bridges/br-0001/addChannel?channel={id},agent-0001")
        )
        .await,
        204
    );
    let record =
        "bridges/br-0001/record?name=call-0001&format=wav&maxDurationSeconds=0&ifExists=overwrite";
    assert_eq!(desk.rest("POST", record).await, 201);
    sleep(Duration::from_secs(5)).await;
    caller.hang_up();
    assert_eq!(
        desk.rest("POST", "recordings/live/call-0001/stop").await,
        204
    );
    assert_eq!(
        desk.rest("DELETE", "channels/agent-0001?reason=normal")
            .await,
        204
    );
    assert_eq!(desk.rest("DELETE", "bridges/br-0001").await, 204);
    assert_eq!(desk.rest("DELETE", &format!("channels/{id}")).await, 404);
    assert_same(
        &desk.streams(),
        &recording("inbound-answered-originate", |_| true),
    );
}

/// The requests of recordings 01b and 01c.
async fn created_and_dialled(desk: &Desk) {
    desk.pbx
        .phone("102")
        .answers_after(Duration::from_millis(1_500));
    desk.pbx
        .service
        .shared
        .with(|world| world.stored.insert("call-0002".into(), "wav".into()));
    let caller = desk.call(&["support"]);
    let id = caller.id().to_owned();
    assert_eq!(
        desk.rest("POST", &format!("channels/{id}/moh?mohClass=default"))
            .await,
        204
    );
    assert_eq!(
        desk.rest(
            "POST",
            "bridges/br-0002?type=mixing,dtmf_events&name=call-0002"
        )
        .await,
        200
    );
    let create = "channels/create?endpoint=PJSIP/102&app=acd&appArgs=agent,1&channelId=agent-0002";
    let variables = br#"{"variables":{"CALLREF":"call-0002","CALLERID(num)":"5550177","CALLERID(name)":"Zoe Example"}}"#;
    let call = Call::new("POST", create, variables).unwrap();
    assert_eq!(answer(&desk.pbx.service.shared, call).await.0, 200);
    sleep(Duration::from_millis(5)).await;
    assert_eq!(
        desk.rest("POST", "bridges/br-0002/addChannel?channel=agent-0002")
            .await,
        204
    );
    assert_eq!(
        desk.rest(
            "POST",
            &format!("channels/agent-0002/dial?caller={id}&timeout=20")
        )
        .await,
        204
    );
    sleep(Duration::from_secs(2)).await;
    assert_eq!(
        desk.rest("DELETE", &format!("channels/{id}/moh")).await,
        204
    );
    assert_eq!(
        desk.rest("POST", &format!("bridges/br-0002/addChannel?channel={id}"))
            .await,
        204
    );
    assert_eq!(
        desk.rest(
            "POST",
            "bridges/br-0002/record?name=call-0002&format=wav&ifExists=fail"
        )
        .await,
        409
    );
    sleep(Duration::from_secs(5)).await;
    caller.hang_up();
    assert_eq!(desk.rest("DELETE", "channels/agent-0002").await, 204);
    assert_eq!(desk.rest("DELETE", "bridges/br-0002").await, 204);
}

#[tokio::test(start_paused = true)]
async fn a_call_answered_by_an_agent_who_was_created_then_dialled() {
    let desk = Desk::new(false).await;
    created_and_dialled(&desk).await;
    assert_same(
        &desk.streams(),
        &recording("inbound-answered-create-dial", |_| true),
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_call_seen_by_who_subscribed_to_everything() {
    let desk = Desk::new(true).await;
    created_and_dialled(&desk).await;
    assert_same(
        &desk.streams(),
        &recording("inbound-answered-subscribe-all", |_| true),
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_in_the_music() {
    let desk = Desk::new(false).await;
    let caller = desk.call(&["sales"]);
    let id = caller.id().to_owned();
    assert_eq!(
        desk.rest("POST", &format!("channels/{id}/moh?mohClass=default"))
            .await,
        204
    );
    assert_eq!(
        desk.rest(
            "POST",
            &format!("channels/{id}/play/pb-0001?media=sound:hello-world")
        )
        .await,
        201
    );
    sleep(Duration::from_secs(4)).await;
    caller.hang_up();
    assert_eq!(
        desk.rest("DELETE", &format!("channels/{id}/moh")).await,
        404
    );
    let recorded = recording("abandon-channel-moh", |_| true);
    let caller_number = |streams: &Streams| format!("{streams:?}").replace("5550178", "5550177");
    assert_eq!(caller_number(&desk.streams()), caller_number(&recorded));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_gives_up_while_an_agent_rings() {
    let desk = Desk::new(false).await;
    desk.pbx.phone("101").never_answers();
    let caller = desk.pbx.caller_dials(
        "5550102",
        Caller::new("Amy Example", "5550178"),
        &["support"],
    );
    let id = caller.id().to_owned();
    assert_eq!(
        desk.rest("POST", "bridges/hold-0001?type=holding&name=queue-support")
            .await,
        200
    );
    assert_eq!(
        desk.rest(
            "POST",
            &format!("bridges/hold-0001/addChannel?channel={id}&role=participant")
        )
        .await,
        204
    );
    assert_eq!(
        desk.rest("POST", "bridges/hold-0001/moh?mohClass=default")
            .await,
        204
    );
    let agent = "channels?endpoint=PJSIP/101&app=acd&appArgs=agent,1&callerId=5550178&timeout=30&channelId=agent-0003";
    assert_eq!(desk.rest("POST", agent).await, 200);
    sleep(Duration::from_secs(5)).await;
    caller.hang_up();
    assert_eq!(
        desk.rest("DELETE", "channels/agent-0003?reason=answered_elsewhere")
            .await,
        204
    );
    assert_eq!(desk.rest("DELETE", "bridges/hold-0001/moh").await, 409);
    assert_eq!(desk.rest("DELETE", "bridges/hold-0001").await, 204);
    assert_same(
        &desk.streams(),
        &recording("abandon-agent-ringing", |_| true),
    );
}

#[tokio::test(start_paused = true)]
async fn an_agent_who_does_not_answer_and_the_next_who_does() {
    let desk = Desk::new(false).await;
    desk.pbx.phone("101").never_answers();
    desk.pbx.phone("102").answers_after(Duration::from_secs(1));
    let caller = desk.call(&["support"]);
    let id = caller.id().to_owned();
    assert_eq!(desk.rest("POST", &format!("channels/{id}/moh")).await, 204);
    assert_eq!(desk.rest("POST", "bridges/br-0004?type=mixing").await, 200);
    let offer = |phone: &str, id: &str, timeout: u32| {
        format!(
            "channels?endpoint=PJSIP/{phone}&app=acd&appArgs=agent,1&callerId=5550177&timeout={timeout}&channelId={id}"
        )
    };
    assert_eq!(desk.rest("POST", &offer("101", "agent-0004", 4)).await, 200);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(
        desk.rest("POST", &offer("102", "agent-0005", 10)).await,
        200
    );
    sleep(Duration::from_secs(2)).await;
    assert_eq!(
        desk.rest("DELETE", &format!("channels/{id}/moh")).await,
        204
    );
    assert_eq!(
        desk.rest(
            "POST",
            &format!("bridges/br-0004/addChannel?channel={id},agent-0005")
        )
        .await,
        204
    );
    sleep(Duration::from_secs(5)).await;
    caller.hang_up();
    assert_eq!(desk.rest("DELETE", "channels/agent-0005").await, 204);
    assert_eq!(desk.rest("DELETE", "bridges/br-0004").await, 204);
    assert_same(
        &desk.streams(),
        &recording("no-answer-originate-timeout", |_| true),
    );
}

#[tokio::test(start_paused = true)]
async fn phones_that_are_busy_decline_or_are_gone() {
    let desk = Desk::new(false).await;
    desk.pbx.phone("101").busy();
    desk.pbx.phone("102").declines();
    desk.pbx.phone("103").unreachable();
    for (phone, id) in [
        ("101", "agent-0060"),
        ("102", "agent-0061"),
        ("103", "agent-0062"),
    ] {
        let offer = format!(
            "channels?endpoint=PJSIP/{phone}&app=acd&appArgs=agent,test&timeout=4&channelId={id}"
        );
        assert_eq!(desk.rest("POST", &offer).await, 200);
    }
    sleep(Duration::from_secs(3)).await;
    for (id, status) in [
        ("agent-0060", 404),
        ("agent-0061", 404),
        ("agent-0062", 204),
    ] {
        assert_eq!(desk.rest("DELETE", &format!("channels/{id}")).await, status);
    }
    for (endpoint, status) in [("PJSIP/999", 500), ("PJSIP/", 400), ("SIP/101", 500)] {
        assert_eq!(
            desk.rest(
                "POST",
                &format!("channels?endpoint={endpoint}&app=acd&channelId=x")
            )
            .await,
            status
        );
    }
    let recorded = recording("originate-busy-declined", |id| id < "agent-0063");
    assert_same(&desk.streams(), &recorded);
}
