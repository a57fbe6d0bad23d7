//! Events that stop arriving while actions are answered: the client against the server half in memory, with the clock in
//! the test's hand.

use std::time::Duration;

use cordboard_asterisk::ami::{Client, Config, Events, Item, Reply, SessionError, State};
use tokio::time::Instant;

use crate::pbx::{Pbx, Session, config, connected, wait_for};

/// What Asterisk does with a `UserEvent`.
#[derive(Clone, Copy, PartialEq)]
enum Asterisk {
    SendsItBack,
    /// As without `read=user`, and as with a dispatcher that is stuck.
    SendsNothing,
    Denies,
}

fn echoing() -> Config {
    let mut config = config();
    config.timeouts.echo_after = Duration::from_secs(5);
    config
}

/// Answers actions for so long, or until the client has ended the session; the number of echoes it was asked for.
async fn serve(session: &mut Session, asterisk: Asterisk, length: Duration) -> usize {
    let mut asked = 0;
    let serving = async {
        while let Some(action) = session.next_action().await? {
            let echo = action.is("UserEvent");
            let reply = if echo && asterisk == Asterisk::Denies {
                Reply::error("Permission denied")
            } else {
                Reply::success()
            };
            session.send(&action.answer(reply)).await?;
            asked += usize::from(echo);
            if echo && asterisk == Asterisk::SendsItBack {
                let event = Reply::event("UserEvent")
                    .header("Privilege", "user,all")
                    .header("UserEvent", action.text("UserEvent").as_bytes())
                    .header("ActionID", action.text("ActionID").as_bytes());
                session.send(&event).await?;
            }
        }
        Ok::<(), SessionError>(())
    };
    // An error: the client has ended the session, which a test sees in its state.
    let _ = tokio::time::timeout(length, serving).await;
    asked
}

async fn echoed_once() -> (Client, Events, Pbx, Session) {
    let (client, events, pbx, mut session) = connected(echoing()).await;
    let asked = serve(&mut session, Asterisk::SendsItBack, Duration::from_secs(6)).await;
    assert_eq!(asked, 1);
    (client, events, pbx, session)
}

#[tokio::test(start_paused = true)]
async fn echoes_come_back_and_nobody_else_sees_them() {
    let (client, mut events, _pbx, mut session) = connected(echoing()).await;
    let asked = serve(&mut session, Asterisk::SendsItBack, Duration::from_mins(1)).await;
    assert_eq!(asked, 11);
    assert!(client.state().borrow().is_connected());
    assert_eq!(events.try_recv(), None);
    let counters = client.counters();
    assert_eq!(
        (
            counters.events(),
            counters.unmatched(),
            counters.echoes_lost()
        ),
        (0, 0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_that_brings_no_events_any_more_is_dead() {
    let (client, mut events, pbx, mut session) = echoed_once().await;
    let began = Instant::now();
    serve(&mut session, Asterisk::SendsNothing, Duration::from_mins(1)).await;
    let state = wait_for(&client, |state| !state.is_connected()).await;
    let State::Waiting { reason, .. } = state else {
        panic!("{state:?}")
    };
    assert!(reason.starts_with("events no longer arrive: "), "{reason}");
    // The last event was one second ago; then five seconds of quiet, and ten for the echo.
    assert_eq!(began.elapsed().as_secs(), 14);
    assert_eq!(events.recv().await, Some(Item::Disconnected));
    assert_eq!(client.counters().echoes_lost(), 1);
    let _session = pbx.logged_in().await;
    assert_eq!(events.recv().await, Some(Item::Connected { session: 2 }));
}

#[tokio::test(start_paused = true)]
async fn any_event_proves_that_events_arrive() {
    let (client, mut events, _pbx, mut session) = echoed_once().await;
    for _ in 0..20 {
        session.send(&Reply::event("Newchannel")).await.unwrap();
        let asked = serve(&mut session, Asterisk::SendsNothing, Duration::from_secs(4)).await;
        assert_eq!(asked, 0);
        assert!(matches!(events.recv().await, Some(Item::Event(_))));
    }
    assert!(client.state().borrow().is_connected());
}

#[tokio::test(start_paused = true)]
async fn without_the_permissions_only_ping_is_watched() {
    for asterisk in [Asterisk::SendsNothing, Asterisk::Denies] {
        let (client, _events, _pbx, mut session) = connected(echoing()).await;
        let asked = serve(&mut session, asterisk, Duration::from_mins(5)).await;
        assert_eq!(asked, 1, "given up after the first");
        assert!(client.state().borrow().is_connected());
        assert_eq!(client.counters().echoes_lost(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn who_filters_the_echo_away_does_not_end_the_session() {
    let (client, _events, _pbx, mut session) = echoed_once().await;
    let filter = {
        let client = client.clone();
        tokio::spawn(async move { client.add_filter("Event: Hangup").await })
    };
    serve(&mut session, Asterisk::SendsNothing, Duration::from_mins(5)).await;
    filter.await.unwrap().unwrap();
    assert!(client.state().borrow().is_connected());
}

#[tokio::test(start_paused = true)]
async fn who_wants_no_events_asks_for_no_echo() {
    let mut silent = echoing();
    silent.event_mask = "off".into();
    let (client, _events, _pbx, mut session) = connected(silent).await;
    let asked = serve(&mut session, Asterisk::SendsNothing, Duration::from_mins(1)).await;
    assert_eq!(asked, 0);
    assert!(client.state().borrow().is_connected());
}
