//! What is found out about the time when we were not there.

use std::time::Duration;

use model::{CallId, EventBody, Outcome, Overflow};
use sim::asterisk::{CallHandle, SimConfig, SimPbx};

use super::{Centre, until};

/// A caller in line, of whom the database knows.
async fn waiting(centre: &Centre) -> (CallHandle, CallId) {
    let mut events = centre.events();
    let caller = centre.caller("sales");
    let queued = |body: &EventBody| matches!(body, EventBody::CallQueued { .. });
    let queued = events.wait("the caller waits", queued).await;
    until("an empty journal", async || {
        centre.app.journal.get().behind == 0
    })
    .await;
    (caller, queued.body.call().unwrap())
}

async fn logged(centre: &Centre, call: CallId) -> model::Call {
    let calls = centre.app.store.calls();
    until("its end is logged", async || {
        calls.get(call).await.unwrap().unwrap().ended_at.is_some()
    })
    .await;
    calls.get(call).await.unwrap().unwrap()
}

#[tokio::test]
async fn who_came_from_another_queue_has_waited_in_this_one_since_then() {
    let mut centre = Centre::start(SimConfig::default()).await;
    let patient = |queue: &mut model::Queue| queue.max_wait_seconds = Some(2);
    let support = centre.queue("support", patient).await;
    let hurried = |queue: &mut model::Queue| {
        queue.max_wait_seconds = Some(1);
        queue.overflow = Overflow::Queue { queue: support };
    };
    centre.queue("sales", hurried).await;
    let mut events = centre.events();
    let (_caller, call) = waiting(&centre).await;
    let moved =
        |body: &EventBody| matches!(body, EventBody::CallQueued { queue, .. } if *queue == support);
    events.wait("the caller waits elsewhere", moved).await;
    centre.restart().await;
    let ended = logged(&centre, call).await;
    assert_eq!(ended.outcome, Some(Outcome::Rejected));
    assert!(ended.wait_ms.unwrap() >= 3_000, "{ended:?}");
}

#[tokio::test]
async fn who_was_cut_off_by_asterisk_while_we_were_down_has_not_hung_up() {
    let mut centre = Centre::start(SimConfig::default()).await;
    centre.queue("sales", |_| {}).await;
    let (_caller, call) = waiting(&centre).await;
    let restarted = async |pbx: &SimPbx| pbx.restart(Duration::ZERO).await.unwrap();
    centre.restart_after(restarted).await;
    let ended = logged(&centre, call).await;
    assert_eq!(ended.outcome, Some(Outcome::Failed));
}

#[tokio::test]
async fn who_hung_up_while_we_were_down_has_abandoned() {
    let mut centre = Centre::start(SimConfig::default()).await;
    centre.queue("sales", |_| {}).await;
    let (caller, call) = waiting(&centre).await;
    centre.restart_after(async |_| caller.hang_up()).await;
    let ended = logged(&centre, call).await;
    assert_eq!(ended.outcome, Some(Outcome::Abandoned));
}

#[tokio::test]
async fn whose_turn_it_is_outlives_a_restart() {
    let mut centre = Centre::start(SimConfig::default()).await;
    let sales = centre
        .queue("sales", |queue| {
            queue.strategy = model::Strategy::RoundRobin;
        })
        .await;
    let mut agents = Vec::new();
    for phone in ["101", "102", "103"] {
        centre.pbx.phone(phone).answers_after(Duration::ZERO);
        agents.push(centre.agent(phone, &[sales]).await);
    }
    let mut served = Vec::new();
    for restarts in [false, false, true, false] {
        if restarts {
            centre.all_quiet().await;
            centre.restart().await;
        }
        let mut events = centre.events();
        let caller = centre.caller("sales");
        let EventBody::CallAnswered { agent, .. } = events.answered().await.body else {
            unreachable!()
        };
        served.push(agent);
        caller.hang_up();
        events.ended().await;
    }
    let [first, second, third] = agents[..] else {
        unreachable!()
    };
    assert_eq!(served, [first, second, third, first]);
    centre.all_quiet().await;
}
