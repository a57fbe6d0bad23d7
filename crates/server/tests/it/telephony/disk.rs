//! A disk that refuses the journal: calls go on, and nobody is told what a crash would take back.

use std::time::Duration;

use model::{AgentState, EventBody};
use server::journal::Limits;
use sim::asterisk::{Place, SimConfig};

use super::{Centre, PATIENCE, until};
use crate::harness::{A_FILE_A_WRITE, Away};

fn queued(body: &EventBody) -> bool {
    matches!(body, EventBody::CallQueued { .. })
}

#[tokio::test]
async fn calls_go_on_and_are_told_in_order_once_the_disk_takes_them() {
    let centre = Centre::start_with(SimConfig::default(), A_FILE_A_WRITE).await;
    let sales = centre.queue("sales", |_| {}).await;
    centre.pbx.phone("101").answers_after(Duration::ZERO);
    let mut events = centre.events();
    let mut caller = centre.caller("sales");
    let told = events.wait("queued", queued).await.seq;

    let disk = Away::take(centre.journal_folder());
    centre.agent("101", &[sales]).await;
    until("the call is connected", async || {
        let calls = centre.calls().await;
        calls.iter().any(|call| call.answered_at.is_some())
    })
    .await;
    let live = centre.app.acd.live().await.unwrap();
    assert_eq!(live.seq, told, "nobody is told");
    assert!(live.untold_events >= 4, "{}", live.untold_events);
    let status = centre.app.journal.get();
    assert_eq!(status.unwritten, live.untold_events);
    assert!(status.write_error.is_some());

    disk.put_back();
    for seq in told + 1..=told + live.untold_events {
        let event = tokio::time::timeout(PATIENCE, events.0.next()).await;
        assert_eq!(event.unwrap().unwrap().unwrap().seq, seq, "in order");
    }
    caller.hang_up();
    events.ended().await;
    caller.ended().await;
    let live = centre.app.acd.live().await.unwrap();
    assert_eq!(live.untold_events, 0);
    centre.all_quiet().await;
}

#[tokio::test]
async fn no_number_is_told_twice_when_the_process_dies_before_the_disk_takes_it() {
    let mut centre = Centre::start_with(SimConfig::default(), A_FILE_A_WRITE).await;
    let agent = centre.agent("101", &[]).await;
    let mut events = centre.events();
    let told = events.0.seq;
    let disk = Away::take(centre.journal_folder());
    let asked = centre.app.acd.ask_state(agent, AgentState::Break, None);
    asked.await.unwrap();
    assert_eq!(centre.app.acd.live().await.unwrap().untold_events, 1);

    centre.restart_after(async |_| disk.put_back()).await;
    let before = events.0.next().await;
    assert_eq!(before, Ok(None), "the stream's end, and no event before it");
    let mut resumed = centre.app.stream.subscribe(Some(told));
    assert!(resumed.resumed);
    assert_eq!(resumed.next().await.unwrap().unwrap().seq, told + 1);
}

async fn goes_on_in_the_dialplan(centre: &Centre) {
    let mut caller = centre.caller("sales");
    let in_dialplan = |place: &Place| matches!(place, Place::Dialplan { .. });
    let handed_back = caller.wait_until(|p| in_dialplan(&p.place));
    tokio::time::timeout(PATIENCE, handed_back).await.unwrap();
    assert!(centre.calls().await.is_empty(), "no call of ours");
    caller.hang_up();
    caller.ended().await;
}

#[tokio::test]
async fn new_callers_are_handed_back_while_the_disk_refuses() {
    let centre = Centre::start_with(SimConfig::default(), A_FILE_A_WRITE).await;
    centre.queue("sales", |_| {}).await;
    let agent = centre.agent("101", &[]).await;
    let disk = Away::take(centre.journal_folder());
    let asked = centre.app.acd.ask_state(agent, AgentState::Break, None);
    asked.await.unwrap();
    goes_on_in_the_dialplan(&centre).await;
    disk.put_back();
    until("the disk takes it", async || {
        centre.app.journal.get().unwritten == 0
    })
    .await;
    let mut events = centre.events();
    let caller = centre.caller("sales");
    events.wait("queued", queued).await;
    caller.hang_up();
    centre.all_quiet().await;
}

/// So small that it is full from the first.
const FULL: Limits = Limits {
    max_bytes: 0,
    ..A_FILE_A_WRITE
};

#[tokio::test]
async fn new_callers_are_handed_back_while_the_journal_is_full() {
    let centre = Centre::start_with(SimConfig::default(), FULL).await;
    centre.queue("sales", |_| {}).await;
    goes_on_in_the_dialplan(&centre).await;
}

#[tokio::test]
async fn whoever_cannot_be_handed_back_is_hung_up() {
    let centre = Centre::start_with(SimConfig::default(), FULL).await;
    centre.queue("sales", |_| {}).await;
    centre
        .pbx
        .refuse_next("POST", "channels", 500, "Internal error");
    let mut caller = centre.caller("sales");
    let gone = tokio::time::timeout(PATIENCE, caller.ended()).await;
    gone.expect("no silence");
    centre.all_quiet().await;
}

#[tokio::test]
async fn whoever_can_neither_be_handed_back_nor_hung_up_is_found_again() {
    let centre = Centre::start_with(SimConfig::default(), FULL).await;
    centre.queue("sales", |_| {}).await;
    for method in ["POST", "DELETE"] {
        centre
            .pbx
            .refuse_next(method, "channels", 500, "Internal error");
    }
    goes_on_in_the_dialplan(&centre).await;
}
