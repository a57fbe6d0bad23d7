//! Servers that are changed and removed while calls are up.

use std::time::Duration;

use model::{AgentState, EndedBy, EventBody, Outcome};
use sim::asterisk::SimConfig;

use super::{Centre, until};

#[tokio::test]
async fn a_changed_server_keeps_its_calls() {
    let centre = Centre::start(SimConfig::default()).await;
    let sales = centre.queue("sales", |_| {}).await;
    centre.pbx.phone("101").answers_after(Duration::ZERO);
    centre.agent("101", &[sales]).await;
    let mut events = centre.events();
    let talking = centre.caller("sales");
    events.answered().await;
    let waiting = centre.caller("sales");
    let queued = |body: &EventBody| matches!(body, EventBody::CallQueued { .. });
    events.wait("the second caller waits", queued).await;
    let before = centre.calls().await;

    let mut server = centre.configured().await;
    server.name = "renamed".to_owned();
    let set = centre.app.servers.set(server, centre.credentials()).await;
    set.unwrap();
    let connected = |body: &EventBody| matches!(body, EventBody::ServerConnected { .. });
    events.wait("connected anew", connected).await;
    talking.hang_up();
    let ended = events.ended().await;
    let EventBody::CallEnded {
        call,
        outcome,
        ended_by,
        ..
    } = ended.body
    else {
        unreachable!()
    };
    assert_eq!(
        (call, outcome, ended_by),
        (before[0].id, Outcome::Answered, EndedBy::Caller)
    );
    let next = events.answered().await.body.call();
    assert_eq!(next, Some(before[1].id), "who waited still waits");
    waiting.hang_up();
    centre.all_quiet().await;
}

#[tokio::test]
async fn a_removed_server_sets_its_agents_free_and_keeps_its_calls_up() {
    let centre = Centre::start(SimConfig::default()).await;
    let sales = centre.queue("sales", |_| {}).await;
    centre.pbx.phone("101").answers_after(Duration::ZERO);
    let agent = centre.agent("101", &[sales]).await;
    let mut events = centre.events();
    let caller = centre.caller("sales");
    events.answered().await;
    centre.app.servers.remove(centre.server()).await;
    events.ended().await;
    assert_eq!(centre.status_of(agent).await.state, AgentState::Available);
    assert!(caller.progress().bridged_with.is_some());
}

#[tokio::test]
async fn calls_of_a_server_removed_while_we_were_down_do_not_hold_agents() {
    let mut centre = Centre::start(SimConfig::default()).await;
    let sales = centre.queue("sales", |_| {}).await;
    centre.pbx.phone("101").answers_after(Duration::ZERO);
    let agent = centre.agent("101", &[sales]).await;
    let mut events = centre.events();
    let _caller = centre.caller("sales");
    let call = events.answered().await.body.call().unwrap();
    until("written down", async || {
        centre.app.journal.get().behind == 0
    })
    .await;
    centre
        .app
        .store
        .servers()
        .delete(centre.server())
        .await
        .unwrap();
    centre.restart().await;
    let logged = centre.app.store.calls();
    until("its end is logged", async || {
        logged.get(call).await.unwrap().unwrap().ended_at.is_some()
    })
    .await;
    // The caller is still there and may be served anew, as a call of the server that is configured again.
    assert_ne!(centre.status_of(agent).await.call, Some(call));
}
