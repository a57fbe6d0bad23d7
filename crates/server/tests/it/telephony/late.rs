//! Requests that Asterisk carries out, or answers, later than we wait for.

use std::time::Duration;

use model::{AgentState, DialplanTarget, Event, EventBody, OfferResult, Overflow};
use sim::asterisk::{CallHandle, CallProgress, Hang, Place, SimConfig};
use tokio::time::Instant;

use super::{Centre, Events, PATIENCE, until};

/// How long the dialplan keeps a caller: longer than a request is waited for and tried again.
const DIALPLAN_HOLDS: Duration = Duration::from_secs(8);

/// Without REST over the WebSocket, where one request that hangs holds up all that follow it.
async fn over_http() -> Centre {
    let config = SimConfig {
        version: "16.28.0".into(),
        dialplan_holds: DIALPLAN_HOLDS,
        ..SimConfig::default()
    };
    Centre::start(config).await
}

fn in_dialplan(progress: &CallProgress) -> bool {
    matches!(progress.place, Place::Dialplan { .. })
}

/// A caller who is about to overflow into the dialplan, by a request that hangs.
async fn about_to_go_on(centre: &Centre, hang: Hang) -> CallHandle {
    let voicemail = DialplanTarget {
        context: "voicemail".to_owned(),
        extension: "s".to_owned(),
        priority: 1,
    };
    let hurried = |queue: &mut model::Queue| {
        queue.max_wait_seconds = Some(1);
        queue.overflow = Overflow::Dialplan(voicemail);
    };
    centre.queue("sales", hurried).await;
    let caller = centre.caller("sales");
    let path = format!("channels/{}/continue", caller.id());
    centre.pbx.hang_next("POST", &path, hang);
    caller
}

async fn offer_ended(events: &mut Events, wanted: OfferResult) -> Event {
    let ended = |body: &EventBody| matches!(body, EventBody::OfferEnded { result, .. } if *result == wanted);
    events.wait("the offer is over", ended).await
}

#[tokio::test]
async fn a_phone_rung_after_we_gave_up_is_silenced() {
    let centre = over_http().await;
    let sales = centre.queue("sales", |queue| {
        queue.ring_seconds = 120;
        queue.no_answer_seconds = Some(600);
    });
    let sales = sales.await;
    let phone = centre.pbx.phone("101");
    phone.never_answers();
    let mut events = centre.events();
    let mut caller = centre.caller("sales");
    caller.wait_until(|progress| progress.music.is_some()).await;
    centre
        .pbx
        .hang_next("POST", "channels", Hang::BeforeItsEffect);
    centre.agent("101", &[sales]).await;
    offer_ended(&mut events, OfferResult::Unreachable).await;
    assert!(phone.calls().is_empty());
    centre.pbx.let_go().await;
    let silent = until("a silent phone", async || phone.calls().is_empty());
    let at_once = tokio::time::timeout(Duration::from_secs(5), silent).await;
    at_once.unwrap();
    caller.hang_up();
    centre.all_quiet().await;
}

#[tokio::test]
async fn a_bridge_made_after_we_gave_up_is_taken_down() {
    let centre = over_http().await;
    let sales = centre.queue("sales", |_| {}).await;
    centre.pbx.phone("101").answers_after(Duration::ZERO);
    centre.agent("101", &[sales]).await;
    let hang = |method, hang| centre.pbx.hang_next(method, "bridges", hang);
    hang("POST", Hang::BeforeItsEffect);
    hang("DELETE", Hang::BeforeItsAnswer);
    let caller = centre.caller("sales");
    until("found none to take down", async || {
        centre.pbx.hanging() == 2
    })
    .await;
    centre.pbx.let_go().await;
    assert!(!centre.pbx.bridges().is_empty());
    caller.hang_up();
    centre.all_quiet().await;
}

#[tokio::test]
async fn what_asterisk_does_not_do_is_told_before_the_engine_gives_up() {
    let centre = over_http().await;
    let sales = centre.queue("sales", |_| {}).await;
    centre.pbx.phone("101").answers_after(Duration::ZERO);
    centre.agent("101", &[sales]).await;
    centre
        .pbx
        .hang_next("POST", "bridges", Hang::BeforeItsEffect);
    let mut events = centre.events();
    let caller = centre.caller("sales");
    let offered = |body: &EventBody| matches!(body, EventBody::CallOffered { .. });
    let offered = events.wait("offered", offered).await;
    let failed = offer_ended(&mut events, OfferResult::BridgeFailed).await;
    assert!(failed.at.since(offered.at) < engine::acd::CONNECT_TIMEOUT);
    caller.hang_up();
    centre.pbx.let_go().await;
    centre.all_quiet().await;
}

#[tokio::test]
async fn who_answers_first_need_not_wait_for_the_other_phones() {
    let centre = over_http().await;
    let sales = centre.queue("sales", |queue| {
        queue.strategy = model::Strategy::RingAll;
    });
    let sales = sales.await;
    let mut events = centre.events();
    let mut caller = centre.caller("sales");
    caller.wait_until(|progress| progress.music.is_some()).await;
    let slow = centre.pbx.phone("101");
    slow.never_answers();
    centre
        .pbx
        .hang_next("POST", "channels", Hang::BeforeItsEffect);
    centre.agent("101", &[sales]).await;
    until("one phone cannot be rung", async || {
        centre.pbx.hanging() == 1
    })
    .await;
    centre.pbx.phone("102").answers_after(Duration::ZERO);
    let fast = centre.agent("102", &[sales]).await;
    let offered =
        |body: &EventBody| matches!(body, EventBody::CallOffered { agent, .. } if *agent == fast);
    let offered = events.wait("the other phone rings", offered).await;
    let answered = events.answered().await;
    assert!(answered.at.since(offered.at) < Duration::from_secs(3));
    assert_eq!(centre.pbx.hanging(), 1);

    centre.pbx.let_go().await;
    until("a silent phone", async || slow.calls().is_empty()).await;
    caller.hang_up();
    centre.all_quiet().await;
}

#[tokio::test]
async fn an_agent_who_talks_is_not_cut_off_by_the_request_that_rang() {
    let centre = over_http().await;
    let sales = centre.queue("sales", |_| {}).await;
    centre.pbx.phone("101").answers_after(Duration::ZERO);
    let mut events = centre.events();
    let mut caller = centre.caller("sales");
    caller.wait_until(|progress| progress.music.is_some()).await;
    centre
        .pbx
        .hang_next("POST", "channels", Hang::BeforeItsAnswer);
    let agent = centre.agent("101", &[sales]).await;
    events.answered().await;
    let request_timeout = Duration::from_secs(5);
    tokio::time::sleep(request_timeout + Duration::from_secs(1)).await;
    assert_eq!(centre.status_of(agent).await.state, AgentState::Busy);
    assert!(caller.progress().bridged_with.is_some());
    caller.hang_up();
    centre.pbx.let_go().await;
    centre.all_quiet().await;
}

#[tokio::test]
async fn a_caller_who_went_on_unanswered_is_not_hung_up() {
    let centre = over_http().await;
    let mut caller = about_to_go_on(&centre, Hang::BeforeItsAnswer).await;
    caller.wait_until(in_dialplan).await;
    let since = Instant::now();
    let again = format!("channels/{}/continue", caller.id());
    let hang = Hang::BeforeItsAnswer;
    until("the first try", async || centre.pbx.hanging() == 1).await;
    centre.pbx.hang_next("POST", &again, hang);
    until("a second try", async || centre.pbx.hanging() == 2).await;
    centre.pbx.let_go().await;
    caller.ended().await;
    // By the dialplan, not by us.
    assert!(since.elapsed() + Duration::from_secs(1) > DIALPLAN_HOLDS);
    centre.all_quiet().await;
}

#[tokio::test]
async fn a_caller_who_did_not_go_on_is_sent_again() {
    let centre = over_http().await;
    let mut caller = about_to_go_on(&centre, Hang::BeforeItsEffect).await;
    let on = |progress: &CallProgress| in_dialplan(progress) || progress.has_ended();
    let waited = tokio::time::timeout(PATIENCE, caller.wait_until(on)).await;
    assert!(in_dialplan(&waited.unwrap()));
    centre.pbx.let_go().await;
    centre.all_quiet().await;
}
