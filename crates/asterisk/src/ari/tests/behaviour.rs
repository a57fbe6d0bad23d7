//! What the client does when the other side misbehaves.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::fake::{Command, Fake, next, until_state, within};
use crate::ari::{
    Client, ConnectionState, HangupReason, Incoming, Join, MAX_CONNECTIONS, MAX_IN_FLIGHT,
    MAX_WAITING, Originate, RestError, Transport,
};

#[tokio::test]
async fn a_wrong_password_is_a_state_and_ends_when_it_is_right() {
    let fake = Fake::start().await;
    *fake.inner.password.lock().unwrap() = "changed".into();
    let (client, mut events) = Client::connect(fake.config()).unwrap();
    until_state(&client, |state| *state == ConnectionState::Unauthorized).await;
    assert_eq!(
        client.channels().list().await,
        Err(rejected(401, "Authentication required"))
    );
    assert!(events.try_recv().is_none());
    *fake.inner.password.lock().unwrap() = "right".into();
    assert!(matches!(
        next(&mut events).await,
        Incoming::Connected { .. }
    ));
}

#[tokio::test]
async fn a_booting_asterisk_is_waited_for() {
    let fake = Fake::start().await;
    // The WebSocket is refused twice; then it opens, and the first question still meets the boot.
    fake.inner.statuses.lock().unwrap().extend([404, 503]);
    let (client, mut events) = Client::connect(fake.config()).unwrap();
    let starting = |state: &ConnectionState| matches!(state, ConnectionState::Lost { why } if why.contains("starting"));
    until_state(&client, starting).await;
    let Incoming::Connected { version, snapshot } = next(&mut events).await else {
        panic!("not connected")
    };
    assert_eq!(version.major, 22);
    assert_eq!(snapshot.channels[0].id, "c1");
    assert_eq!(snapshot.application.channel_ids, ["c1"]);
    assert_eq!(client.stats().connects, 1);
}

#[tokio::test]
async fn rest_that_is_not_ready_when_the_websocket_is_delays_the_snapshot() {
    let fake = Fake::start().await;
    let hold = fake.inner.lists.acquire_many(1_000).await.unwrap();
    let (client, mut events) = Client::connect(fake.config()).unwrap();
    within(
        fake.inner
            .opened
            .subscribe()
            .wait_for(|opened| *opened == 1),
    )
    .await
    .unwrap();
    fake.say_event("Early");
    fake.inner.statuses.lock().unwrap().extend([503, 503, 503]);
    drop(hold);
    assert!(matches!(
        next(&mut events).await,
        Incoming::Connected { .. }
    ));
    assert!(matches!(next(&mut events).await, Incoming::Event(event) if event.extra.is_empty()));
    assert_eq!(fake.inner.opened.borrow().to_owned(), 1);
    assert_eq!(client.stats().unknown_events, 1);
}

#[tokio::test]
async fn nobody_listening_is_a_state_and_not_an_end() {
    let (address, refused) = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        (listener.local_addr().unwrap(), "refused")
    };
    let config = crate::ari::Config::new(format!("http://{address}/ari"), "user", "x", "acd");
    let (client, _events) = Client::connect(config).unwrap();
    let lost = |state: &ConnectionState| matches!(state, ConnectionState::Lost { why } if why.contains(refused));
    until_state(&client, lost).await;
    let error = client.asterisk().ping().await.unwrap_err();
    assert!(
        matches!(&error, RestError::Unreachable(why) if why.contains(refused)),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_dropped_websocket_is_told_and_reopened_with_a_snapshot() {
    let fake = Fake::start().await;
    let (client, mut events) = fake.connected(fake.config()).await;
    fake.command(Command::Drop);
    assert!(matches!(
        next(&mut events).await,
        Incoming::Disconnected { .. }
    ));
    let Incoming::Connected { snapshot, .. } = next(&mut events).await else {
        panic!("not connected")
    };
    assert_eq!(snapshot.channels.len(), 1);
    assert_eq!(client.stats().connects, 2);
}

#[tokio::test]
async fn silence_is_noticed() {
    let fake = Fake::start().await;
    let mut config = fake.config();
    config.timing.ping_interval = Duration::from_millis(10);
    config.timing.ping_timeout = Duration::from_millis(100);
    let (_client, mut events) = fake.connected(config).await;
    fake.command(Command::GoDeaf);
    let Incoming::Disconnected { why } = next(&mut events).await else {
        panic!("still connected")
    };
    assert!(why.contains("nothing heard"), "{why}");
}

#[tokio::test]
async fn a_replaced_application_stays_so_until_it_is_taken_back() {
    let fake = Fake::start().await;
    let (client, mut events) = fake.connected(fake.config()).await;
    client.take_over();
    fake.say_event("ApplicationReplaced");
    assert_eq!(next(&mut events).await, Incoming::Replaced);
    assert_eq!(client.connection_state(), ConnectionState::Replaced);
    // Requests go on over HTTP, and nothing reconnects meanwhile.
    client.asterisk().ping().await.unwrap();
    assert_eq!(fake.logged("http GET asterisk/ping"), 1);
    assert!(events.try_recv().is_none());
    assert_eq!(*fake.inner.opened.borrow(), 1);
    client.take_over();
    assert!(matches!(
        next(&mut events).await,
        Incoming::Connected { .. }
    ));
    assert_eq!(*fake.inner.opened.borrow(), 2);
}

#[tokio::test]
async fn a_request_without_an_answer_times_out_on_both_ways() {
    for transport in [Transport::Http, Transport::WebSocket] {
        let fake = Fake::start().await;
        let mut config = fake.config();
        config.transport = transport;
        config.timing.request_timeout = Duration::from_millis(50);
        let (client, _events) = fake.connected(config).await;
        assert_eq!(client.channels().get("slow").await, Err(RestError::Timeout));
        assert_eq!(client.asterisk().ping().await, Ok(()));
        assert_eq!(client.stats().timeouts, 1);
    }
}

#[tokio::test]
async fn requests_in_flight_are_bounded_and_the_rest_waits() {
    for (transport, bound) in [
        (Transport::Http, MAX_CONNECTIONS),
        (Transport::WebSocket, MAX_IN_FLIGHT),
    ] {
        let fake = Fake::start().await;
        let mut config = fake.config();
        config.transport = transport;
        let (client, _events) = fake.connected(config).await;
        let requests: Vec<_> = (0..MAX_IN_FLIGHT + 50)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.channels().get("slow").await })
            })
            .collect();
        within(
            fake.inner
                .active
                .subscribe()
                .wait_for(|active| *active == bound),
        )
        .await
        .unwrap();
        fake.inner.slow.add_permits(requests.len());
        for request in requests {
            assert_eq!(within(request).await.unwrap().unwrap().id, "slow");
        }
        assert_eq!(
            fake.inner.busiest.load(Ordering::Relaxed),
            bound,
            "{transport:?}"
        );
    }
}

#[tokio::test]
async fn more_requests_than_may_wait_are_refused_at_once() {
    let fake = Fake::start().await;
    let (client, _events) = fake.connected(fake.config()).await;
    let requests: Vec<_> = (0..MAX_IN_FLIGHT + MAX_WAITING)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.channels().get("slow").await })
        })
        .collect();
    within(
        fake.inner
            .active
            .subscribe()
            .wait_for(|active| *active == MAX_IN_FLIGHT),
    )
    .await
    .unwrap();
    assert_eq!(
        client.channels().get("slow").await,
        Err(RestError::Overloaded)
    );
    for request in &requests {
        request.abort();
    }
}

#[tokio::test]
async fn a_slow_consumer_is_told_how_much_it_missed() {
    let fake = Fake::start().await;
    let mut config = fake.config();
    config.event_queue = 10;
    let (client, mut events) = fake.connected(config).await;
    for _ in 0..25 {
        fake.say_event("Tick");
    }
    // Answered on the same WebSocket after the events, so all of them have been read by then.
    client.asterisk().ping().await.unwrap();
    assert_eq!(fake.logged("ws GET asterisk/ping"), 1);
    for _ in 0..10 {
        assert!(matches!(next(&mut events).await, Incoming::Event(_)));
    }
    assert_eq!(next(&mut events).await, Incoming::Overflowed { missed: 15 });
    assert_eq!(client.snapshot().await.unwrap().channels.len(), 1);
    fake.say_event("Tick");
    assert!(matches!(next(&mut events).await, Incoming::Event(_)));
    assert_eq!((client.stats().events, client.stats().missed), (11, 15));
}

#[tokio::test]
async fn requests_take_the_websocket_where_the_version_has_it() {
    let fake = Fake::start().await;
    let (client, _events) = fake.connected(fake.config()).await;
    client.channels().ring("a/b").await.unwrap();
    assert_eq!(fake.logged("ws POST channels/a%2Fb/ring"), 1);
    client.channels().answer("a/b").await.unwrap();
    assert_eq!(fake.logged("http POST channels/a%2Fb/answer"), 1);
    let gone = client
        .channels()
        .hang_up("gone", HangupReason::AnsweredElsewhere)
        .await
        .unwrap_err();
    assert_eq!(gone, rejected(404, "Channel not found"));
    assert!(gone.is_not_found());
    assert_eq!(
        fake.logged("ws DELETE channels/gone?reason=answered_elsewhere"),
        1
    );
    let what = Originate {
        endpoint: "PJSIP/999".into(),
        channel_id: "ch-1".into(),
        variables: vec![("X".into(), "1".into())],
        ..Originate::default()
    };
    assert_eq!(
        client.channels().originate(&what).await,
        Err(rejected(500, "Allocation failed"))
    );
    let originated =
        r#"ws POST channels?endpoint=PJSIP%2F999&channelId=ch-1{"variables":{"X":"1"}}"#;
    assert_eq!(fake.logged(originated), 1);
    client
        .bridges()
        .add_channels("b", &["1", "2"], Join::default())
        .await
        .unwrap();
    assert_eq!(
        fake.logged("http POST bridges/b/addChannel?channel=1%2C2"),
        1
    );
}

#[tokio::test]
async fn requests_take_http_with_an_older_version() {
    let fake = Fake::start().await;
    *fake.inner.version.lock().unwrap() = "16.28.0~dfsg-0+deb11u4".into();
    let (client, _events) = fake.connected(fake.config()).await;
    client.channels().answer("1").await.unwrap();
    assert_eq!(fake.logged("http POST channels/1/answer"), 1);
}

#[tokio::test]
async fn a_request_on_a_dying_websocket_is_unreachable_and_not_lost() {
    let fake = Fake::start().await;
    let (client, mut events) = fake.connected(fake.config()).await;
    let request = tokio::spawn({
        let client = client.clone();
        async move { client.channels().get("slow").await }
    });
    within(
        fake.inner
            .active
            .subscribe()
            .wait_for(|active| *active == 1),
    )
    .await
    .unwrap();
    fake.command(Command::Drop);
    let error = within(request).await.unwrap().unwrap_err();
    assert!(matches!(error, RestError::Unreachable(_)), "{error:?}");
    assert!(matches!(
        next(&mut events).await,
        Incoming::Disconnected { .. }
    ));
}

#[tokio::test]
async fn messages_that_are_no_events_are_counted_and_skipped() {
    let fake = Fake::start().await;
    let (client, mut events) = fake.connected(fake.config()).await;
    for text in [
        "",
        "[]",
        "{",
        r#"{"type":"StasisStart"}"#,
        r#"{"type":"RESTResponse","request_id":"77"}"#,
    ] {
        fake.command(Command::Say(text.into()));
    }
    fake.say_event("Tick");
    assert!(matches!(next(&mut events).await, Incoming::Event(_)));
    assert_eq!(client.stats().malformed, 4);
}

#[tokio::test]
async fn closing_ends_the_stream_and_keeps_requests() {
    let fake = Fake::start().await;
    let (client, mut events) = fake.connected(fake.config()).await;
    client.close();
    assert!(within(events.recv()).await.is_none());
    assert_eq!(client.connection_state(), ConnectionState::Closed);
    client.asterisk().ping().await.unwrap();
    let (client, events) = fake.connected(fake.config()).await;
    drop(events);
    until_state(&client, |state| *state == ConnectionState::Closed).await;
}

fn rejected(status: u16, message: &str) -> RestError {
    RestError::Rejected {
        status,
        message: message.into(),
    }
}
