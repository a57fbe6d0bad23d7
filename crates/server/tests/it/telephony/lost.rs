//! Events and requests that get lost: nothing may stay rung, connected, waiting or in silence.

use std::time::Duration;

use model::{DialplanTarget, EventBody, OfferResult, Outcome, Overflow};
use sim::asterisk::{EventFaults, Place, SimConfig};

use super::{Centre, Events, until};

const NOTHING_ARRIVES: EventFaults = EventFaults {
    lose: 1.0,
    duplicate: 0.0,
    reorder: 0.0,
    delay: 0.0,
    delay_by: Duration::ZERO,
};

async fn queued(events: &mut Events) {
    let queued = |body: &EventBody| matches!(body, EventBody::CallQueued { .. });
    events.wait("queued", queued).await;
}

async fn connected(events: &mut Events) {
    let connected = |body: &EventBody| matches!(body, EventBody::ServerConnected { .. });
    events.wait("connected anew", connected).await;
}

#[tokio::test]
async fn a_caller_who_went_on_in_the_dialplan_is_left_alone() {
    let centre = Centre::start(SimConfig::default()).await;
    let voicemail = DialplanTarget {
        context: "voicemail".to_owned(),
        extension: "s".to_owned(),
        priority: 1,
    };
    let patient = |queue: &mut model::Queue| {
        queue.max_wait_seconds = Some(1);
        queue.overflow = Overflow::Dialplan(voicemail);
    };
    centre.queue("sales", patient).await;
    let support = centre.queue("support", |_| {}).await;
    let mut events = centre.events();
    let mut caller = centre.caller("sales");
    queued(&mut events).await;
    centre.pbx.set_event_faults(NOTHING_ARRIVES);
    let in_dialplan = |place: &Place| matches!(place, Place::Dialplan { .. });
    caller.wait_until(|p| in_dialplan(&p.place)).await;
    centre.pbx.set_event_faults(EventFaults::default());

    centre.pbx.cut_websockets();
    connected(&mut events).await;
    // Whatever the connection has brought about is done when another caller has been served.
    centre.pbx.phone("101").answers_after(Duration::ZERO);
    centre.agent("101", &[support]).await;
    let other = centre.caller("support");
    events.answered().await;
    assert!(
        in_dialplan(&caller.progress().place),
        "{caller:?}",
        caller = caller.progress()
    );
    other.hang_up();
    caller.hang_up();
    centre.all_quiet().await;
}

#[tokio::test]
async fn a_caller_whose_end_was_missed_is_not_offered_for_ever() {
    let centre = Centre::start(SimConfig::default()).await;
    let sales = centre.queue("sales", |_| {}).await;
    let mut events = centre.events();
    let caller = centre.caller("sales");
    queued(&mut events).await;
    centre.pbx.set_event_faults(NOTHING_ARRIVES);
    caller.hang_up();
    centre.pbx.set_event_faults(EventFaults::default());

    centre.pbx.phone("101").answers_after(Duration::ZERO);
    centre.agent("101", &[sales]).await;
    events.ended().await;
    centre.all_quiet().await;
}

#[tokio::test]
async fn a_link_that_brings_no_events_is_found_out_and_what_it_missed_is_made_up_for() {
    let centre = Centre::start(SimConfig::default()).await;
    let mut events = centre.events();
    centre.queue("sales", |_| {}).await;
    let leaving = centre.caller("sales");
    queued(&mut events).await;
    centre.pbx.mute_connections();
    leaving.hang_up();
    let arriving = centre.caller("sales");
    // The limits are the real ones: 5 s of quiet, and 10 s for the echo.
    let lost = |body: &EventBody| matches!(body, EventBody::ServerLost { reason, .. } if reason.starts_with("events no longer arrive"));
    events.wait("the link is lost", lost).await;
    connected(&mut events).await;
    queued(&mut events).await;
    arriving.hang_up();
    centre.all_quiet().await;
}

#[tokio::test]
async fn a_phone_that_stopped_ringing_unheard_is_found_out_by_the_next_connection() {
    let centre = Centre::start(SimConfig::default()).await;
    let sales = centre
        .queue("sales", |queue| queue.ring_seconds = 120)
        .await;
    let phone = centre.pbx.phone("101");
    phone.never_answers();
    centre.agent("101", &[sales]).await;
    let mut events = centre.events();
    let caller = centre.caller("sales");
    until("the phone rings", async || !phone.calls().is_empty()).await;
    centre.pbx.set_event_faults(NOTHING_ARRIVES);
    phone.hang_up();
    centre.pbx.set_event_faults(EventFaults::default());
    centre.pbx.cut_websockets();
    let over = |body: &EventBody| matches!(body, EventBody::OfferEnded { .. });
    events.wait("the offer is over", over).await;
    caller.hang_up();
    centre.all_quiet().await;
}

#[tokio::test]
async fn whoever_could_not_be_hung_up_is_not_left_in_silence() {
    let centre = Centre::start(SimConfig::default()).await;
    for _ in 0..3 {
        centre
            .pbx
            .refuse_next("DELETE", "channels", 500, "Internal error");
    }
    let mut events = centre.events();
    let mut caller = centre.caller("no-such-queue");
    let ended = events.ended().await.body;
    assert!(matches!(
        ended,
        EventBody::CallEnded {
            outcome: Outcome::Unrouted,
            ..
        }
    ));
    // Nor may the comparison be given up that finds it.
    centre
        .pbx
        .refuse_next("GET", "channels", 500, "Internal error");
    let gone = tokio::time::timeout(super::PATIENCE, caller.ended()).await;
    gone.unwrap();
    centre.all_quiet().await;
}

#[tokio::test]
async fn what_was_ended_while_asterisk_was_away_is_ended_when_it_is_back() {
    let centre = Centre::start(SimConfig::default()).await;
    let sales = centre.queue("sales", |_| {}).await;
    centre.pbx.phone("101").answers_after(Duration::ZERO);
    centre.agent("101", &[sales]).await;
    let mut events = centre.events();
    let _caller = centre.caller("sales");
    let call = events.answered().await.body.call().unwrap();
    centre.pbx.go_away();
    let lost = |body: &EventBody| matches!(body, EventBody::ServerLost { .. });
    events.wait("the server is lost", lost).await;
    centre.app.acd.hang_up(call).await.unwrap();
    events.ended().await;
    centre.pbx.come_back().await.unwrap();
    centre.all_quiet().await;
}

#[tokio::test]
async fn an_offer_is_not_withdrawn_before_it_was_made() {
    let centre = Centre::start(SimConfig::default()).await;
    let sales = centre.queue("sales", |_| {}).await;
    let phone = centre.pbx.phone("101");
    phone.never_answers();
    let mut events = centre.events();
    let caller = centre.caller("sales");
    queued(&mut events).await;
    centre.pbx.stall(true);
    centre.agent("101", &[sales]).await;
    let offered = |body: &EventBody| matches!(body, EventBody::CallOffered { .. });
    events.wait("offered", offered).await;
    caller.hang_up();
    let gone = |body: &EventBody| {
        matches!(
            body,
            EventBody::OfferEnded {
                result: OfferResult::CallerGone,
                ..
            }
        )
    };
    events.wait("the caller gave up", gone).await;
    centre.pbx.stall(false);
    // By the time that another call is through, the first one's requests are.
    phone.answers_after(Duration::ZERO);
    let other = centre.caller("sales");
    events.answered().await;
    other.hang_up();
    centre.all_quiet().await;
}
