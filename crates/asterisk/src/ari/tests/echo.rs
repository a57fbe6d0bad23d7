//! Events that stop arriving while requests are answered.

use std::time::Duration;

use super::fake::{Echoes, Fake, next};
use crate::ari::{Client, Config, ConnectionState, Events, Incoming};

fn impatient(fake: &Fake) -> Config {
    let mut config = fake.config();
    config.timing.echo_after = Duration::from_millis(10);
    config.timing.echo_timeout = Duration::from_millis(100);
    config
}

/// A client whose echoes come back.
async fn echoing(fake: &Fake) -> (Client, Events) {
    let mut config = impatient(fake);
    config.timing.echo_timeout = Duration::from_mins(1);
    fake.connected(config).await
}

async fn disconnected(events: &mut Events) -> String {
    let Incoming::Disconnected { why } = next(events).await else {
        panic!("still connected")
    };
    why
}

#[tokio::test]
async fn echoes_come_back_and_nobody_else_sees_them() {
    let fake = Fake::start().await;
    let (client, mut events) = echoing(&fake).await;
    // The next is asked for only when the one before has come back.
    fake.echoed(5).await;
    fake.say_event("Tick");
    let Incoming::Event(event) = next(&mut events).await else {
        panic!("no event")
    };
    assert_eq!(event.extra.len(), 0);
    assert!(!matches!(
        event.kind,
        crate::ari::EventKind::ChannelUserevent { .. }
    ));
    let stats = client.stats();
    assert_eq!((stats.events, stats.unknown_events), (1, 1), "the tick");
    assert_eq!((stats.connects, stats.echoes_lost), (1, 0));
}

#[tokio::test]
async fn a_connection_that_brings_no_events_is_lost_and_made_anew() {
    let fake = Fake::start().await;
    let (client, mut events) = fake.connected(impatient(&fake)).await;
    *fake.inner.echoes.lock().unwrap() = Echoes::Lost;
    let why = disconnected(&mut events).await;
    *fake.inner.echoes.lock().unwrap() = Echoes::Sent;
    assert_eq!(
        why,
        "events no longer arrive: requests are answered, but an event of our own did not come back within 100ms"
    );
    let Incoming::Connected { snapshot, .. } = next(&mut events).await else {
        panic!("not connected")
    };
    assert_eq!(snapshot.channels.len(), 1);
    assert!(client.stats().echoes_lost >= 1);
}

#[tokio::test]
async fn an_asterisk_that_has_forgotten_us_is_asked_anew() {
    let fake = Fake::start().await;
    let (client, mut events) = fake.connected(impatient(&fake)).await;
    *fake.inner.echoes.lock().unwrap() = Echoes::Refused(404, "Application not found");
    let why = disconnected(&mut events).await;
    assert_eq!(
        why,
        "events no longer arrive: Asterisk no longer knows our application"
    );
    assert_eq!(client.stats().echoes_lost, 1);
}

#[tokio::test]
async fn a_user_who_may_only_read_is_watched_by_pings_alone() {
    let fake = Fake::start().await;
    *fake.inner.echoes.lock().unwrap() = Echoes::Refused(403, "Write access denied");
    let (client, mut events) = fake.connected(impatient(&fake)).await;
    fake.echoed(1).await;
    *fake.inner.echoes.lock().unwrap() = Echoes::Refused(404, "Application not found");
    // Would be lost if it asked again.
    assert!(
        tokio::time::timeout(Duration::from_millis(200), events.recv())
            .await
            .is_err()
    );
    assert_eq!(client.stats().rejected, 1);
}

#[tokio::test]
async fn a_refusal_of_the_request_says_nothing_about_events() {
    let fake = Fake::start().await;
    *fake.inner.echoes.lock().unwrap() = Echoes::Refused(503, "Asterisk not booted");
    let (client, mut events) = fake.connected(impatient(&fake)).await;
    fake.echoed(5).await;
    assert_eq!(events.try_recv(), None);
    assert_eq!(client.stats().connects, 1);
    assert!(matches!(
        client.connection_state(),
        ConnectionState::Connected { .. }
    ));
}

#[tokio::test]
async fn a_filter_that_hides_the_echo_is_seen_beforehand() {
    let fake = Fake::start().await;
    *fake.inner.disallowed.lock().unwrap() = vec!["ChannelUserevent"];
    *fake.inner.echoes.lock().unwrap() = Echoes::Lost;
    let (client, mut events) = fake.connected(impatient(&fake)).await;
    let requests = client.stats().requests;
    assert!(
        tokio::time::timeout(Duration::from_millis(200), events.recv())
            .await
            .is_err()
    );
    assert_eq!(client.stats().requests, requests);
}
