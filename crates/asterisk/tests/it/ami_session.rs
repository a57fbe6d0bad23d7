//! Sessions coming and going: the client against the server half in memory, with the clock in the test's hand.

use std::time::Duration;

use cordboard_asterisk::ami::{Action, AmiError, Auth, Client, Item, Reply, ServerSession, State};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::pbx::{accept_action, config, connected, pbx, secret_of, wait_for};

#[tokio::test(start_paused = true)]
async fn logs_in_by_challenge_and_the_secret_does_not_travel() {
    let (wire, pbx) = pbx();
    let (client, _events) = Client::start_with(config(), wire);
    let (_session, login) = pbx.logged_in().await;
    assert!(login.by_challenge);
    assert_eq!(
        (login.username.as_str(), login.event_mask.as_str()),
        ("cordboard", "on")
    );
    let state = wait_for(&client, State::is_connected).await;
    assert_eq!(
        state,
        State::Connected {
            session: 1,
            version: "11.0.0".into()
        }
    );
}

#[tokio::test(start_paused = true)]
async fn logs_in_with_a_plain_secret_where_told_to() {
    let (wire, pbx) = pbx();
    let mut plain = config();
    plain.auth = Auth::Plain;
    let (client, _events) = Client::start_with(plain, wire);
    let (_session, login) = pbx.logged_in().await;
    assert!(!login.by_challenge);
    client.connected().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_is_said_in_words_and_tried_again_slowly() {
    let (wire, pbx) = pbx();
    let mut wrong = config();
    wrong.secret = "wrong".into();
    let (client, _events) = Client::start_with(wrong, wire);
    let mut session = ServerSession::greet(pbx.accept()).await.unwrap();
    assert_eq!(session.login("1", secret_of).await.unwrap(), None);
    let state = wait_for(&client, |state| matches!(state, State::Refused { .. })).await;
    let retry_in = Duration::from_secs(15);
    assert_eq!(
        state,
        State::Refused {
            message: "Authentication failed".into(),
            retry_in
        }
    );
    assert_eq!(
        client.send(&Action::new("Ping")).await,
        Err(AmiError::NotConnected)
    );

    let refused = Instant::now();
    let mut session = ServerSession::greet(pbx.accept()).await.unwrap();
    assert!(session.next_action().await.unwrap().is_some());
    assert!(refused.elapsed() >= retry_in, "{:?}", refused.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_cut_in_the_middle_of_a_message_fails_the_calls_and_comes_back() {
    let (client, mut events, pbx, mut session) = connected(config()).await;
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.call(&Action::new("CoreStatus")).await }
    });
    session.next_action().await.unwrap().unwrap();
    session
        .send_raw(b"Event: Newchannel\r\nChannel: PJS")
        .await
        .unwrap();
    drop(session);
    assert_eq!(call.await.unwrap(), Err(AmiError::ConnectionLost));
    assert_eq!(events.recv().await, Some(Item::Disconnected));
    let (mut session, _) = pbx.logged_in().await;
    assert_eq!(events.recv().await, Some(Item::Connected { session: 2 }));
    session.send(&Reply::event("FullyBooted")).await.unwrap();
    let Some(Item::Event(event)) = events.recv().await else {
        panic!("an event")
    };
    assert_eq!(event.name(), "FullyBooted", "the half message must be gone");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stalls_is_found_out_by_ping() {
    let (client, mut events, _pbx, mut session) = connected(config()).await;
    let started = Instant::now();
    let ping = session.next_action().await.unwrap().unwrap();
    assert!(ping.is("Ping"));
    assert_eq!(started.elapsed().as_secs(), 10);
    let state = wait_for(&client, |state| !state.is_connected()).await;
    let State::Waiting { reason, .. } = state else {
        panic!("{state:?}")
    };
    assert_eq!(reason, "no sign of life within 5s");
    assert_eq!(started.elapsed().as_secs(), 15);
    assert_eq!(events.recv().await, Some(Item::Disconnected));
}

#[tokio::test(start_paused = true)]
async fn answered_pings_keep_the_session() {
    let (client, _events, _pbx, mut session) = connected(config()).await;
    for _ in 0..20 {
        accept_action(&mut session, "Ping").await;
    }
    assert_eq!(client.counters().sessions(), 1);
    assert!(client.state().borrow().is_connected());
    assert_eq!(client.counters().unmatched(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_is_told_how_many_events_it_lost() {
    let mut small = config();
    small.event_buffer = 4;
    let (client, mut events, _pbx, mut session) = connected(small).await;
    for n in 0..10 {
        session
            .send(&Reply::event("Newchannel").header("N", n.to_string()))
            .await
            .unwrap();
    }
    // An answered action proves that the reader got past the events without waiting for their consumer.
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.call(&Action::new("CoreStatus")).await }
    });
    accept_action(&mut session, "CoreStatus").await;
    call.await.unwrap().unwrap();
    assert_eq!(client.counters().lost(), 6);
    for n in 0..4 {
        let Some(Item::Event(event)) = events.recv().await else {
            panic!("an event")
        };
        assert_eq!(event.get_str("N").unwrap(), n.to_string());
    }
    let lagged = events.recv().await.unwrap();
    assert_eq!(lagged, Item::Lagged(6));
    assert!(lagged.needs_resync());
    session.send(&Reply::event("Hangup")).await.unwrap();
    let Some(Item::Event(event)) = events.recv().await else {
        panic!("an event")
    };
    assert_eq!(event.name(), "Hangup");
}

#[tokio::test(start_paused = true)]
async fn a_new_session_is_told_even_to_a_consumer_whose_buffer_was_full() {
    let mut small = config();
    small.event_buffer = 1;
    let (client, mut events, pbx, mut session) = connected(small).await;
    session.send(&Reply::event("A")).await.unwrap();
    session.send(&Reply::event("B")).await.unwrap();
    drop(session);
    wait_for(&client, |state| !state.is_connected()).await;
    let _session = pbx.logged_in().await;
    client.connected().await.unwrap();
    let Some(Item::Event(event)) = events.recv().await else {
        panic!("an event")
    };
    assert_eq!(event.name(), "A");
    assert_eq!(events.recv().await, Some(Item::Lagged(1)));
    assert_eq!(events.recv().await, Some(Item::Disconnected));
    assert_eq!(events.recv().await, Some(Item::Connected { session: 2 }));
}

#[tokio::test(start_paused = true)]
async fn an_oversize_message_ends_the_session_with_a_reason() {
    let (client, mut events, pbx, session) = connected(config()).await;
    let (_reader, mut writer) = session.split();
    let flood = tokio::spawn(async move { while writer.send_raw(&[b'x'; 4096]).await.is_ok() {} });
    let state = wait_for(&client, |state| !state.is_connected()).await;
    let State::Waiting { reason, .. } = state else {
        panic!("{state:?}")
    };
    assert_eq!(reason, "AMI message longer than 4194304 bytes");
    assert_eq!(events.recv().await, Some(Item::Disconnected));
    flood.await.unwrap();
    let _session = pbx.logged_in().await;
    client.connected().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_no_manager_interface_is_named() {
    let (wire, pbx) = pbx();
    let (client, _events) = Client::start_with(config(), wire);
    let mut stream = pbx.accept();
    stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n").await.unwrap();
    let state = wait_for(&client, |state| matches!(state, State::Waiting { .. })).await;
    let State::Waiting { reason, retry_in } = state else {
        panic!("{state:?}")
    };
    assert_eq!(reason, "the peer is not an Asterisk manager interface");
    assert!(retry_in <= Duration::from_millis(250));
    let _silent = pbx.accept();
    let is_silence = |state: &State| matches!(state, State::Waiting { reason, .. } if reason == "no banner within 5s");
    wait_for(&client, is_silence).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_connection_is_tried_for_ever_at_most_15_s_apart() {
    let (wire, pbx) = pbx();
    drop(pbx);
    let (client, _events) = Client::start_with(config(), wire);
    let mut state = client.state();
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        let waiting = state
            .wait_for(|state| matches!(state, State::Waiting { .. }))
            .await
            .unwrap()
            .clone();
        let State::Waiting { retry_in, .. } = waiting else {
            panic!("{waiting:?}")
        };
        longest = longest.max(retry_in);
        tokio::time::sleep(retry_in + Duration::from_millis(1)).await;
    }
    assert!(
        longest > Duration::from_secs(7) && longest <= Duration::from_secs(15),
        "{longest:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn filters_are_in_place_before_events_are_switched_on() {
    let (wire, pbx) = pbx();
    let mut filtered = config();
    filtered.filters = vec!["!Event: VarSet".into(), "!Event: RTCPSent".into()];
    filtered.event_mask = "call,cdr".into();
    let (client, _events) = Client::start_with(filtered, wire);
    let (mut session, login) = pbx.logged_in().await;
    assert_eq!(login.event_mask, "off");
    let filter = session.next_action().await.unwrap().unwrap();
    assert_eq!(
        (filter.text("Operation"), filter.text("Filter")),
        ("Add".into(), "!Event: VarSet".into())
    );
    session
        .send(&filter.answer(Reply::success()))
        .await
        .unwrap();
    let filter = session.next_action().await.unwrap().unwrap();
    session
        .send(&filter.answer(Reply::error("Permission denied")))
        .await
        .unwrap();
    let events = session.next_action().await.unwrap().unwrap();
    assert_eq!(
        (events.action(), events.text("EventMask")),
        ("Events".into(), "call,cdr".into())
    );
    session
        .send(&events.answer(Reply::success()))
        .await
        .unwrap();
    client.connected().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shut_down_client_logs_off_and_stays_closed() {
    let (client, mut events, _pbx, mut session) = connected(config()).await;
    let (action, ()) = tokio::join!(session.next_action(), client.shutdown());
    assert!(action.unwrap().unwrap().is("Logoff"));
    assert_eq!(
        client.send(&Action::new("Ping")).await,
        Err(AmiError::Closed)
    );
    assert_eq!(client.connected().await, Err(AmiError::Closed));
    assert_eq!(events.recv().await, Some(Item::Disconnected));
    assert_eq!(events.recv().await, None);
}
