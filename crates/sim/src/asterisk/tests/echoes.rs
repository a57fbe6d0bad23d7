//! Connections that answer requests and bring no events, as our own clients see them.

use std::time::Duration;

use asterisk::ami;
use asterisk::ari::{Client, Incoming, Join, Transport};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::connected::{config, event, fast, next, stasis_start, within};
use crate::asterisk::{Caller, SimConfig, SimPbx};

#[tokio::test]
async fn a_connection_that_brings_no_events_is_found_out_and_catches_up() {
    let pbx = SimPbx::start(fast()).await.unwrap();
    let mut settings = config(&pbx);
    settings.timing.echo_after = Duration::from_millis(20);
    settings.timing.echo_timeout = Duration::from_millis(500);
    let (client, mut events) = Client::connect(settings).unwrap();
    assert!(matches!(
        next(&mut events).await,
        Incoming::Connected { .. }
    ));
    pbx.mute_connections();
    let unheard = pbx.caller_dials("5550100", Caller::default(), &[]);
    assert_eq!(
        client.asterisk().ping().await,
        Ok(()),
        "requests are answered"
    );
    let Incoming::Disconnected { why } = next(&mut events).await else {
        panic!("still connected")
    };
    assert!(why.starts_with("events no longer arrive"), "{why}");
    let Incoming::Connected { snapshot, .. } = next(&mut events).await else {
        panic!("not connected")
    };
    assert_eq!(snapshot.application.channel_ids, [unheard.id()]);
    let heard = pbx.caller_dials("5550100", Caller::default(), &[]);
    assert_eq!(event(&mut events, stasis_start).await, heard.id());
    assert_eq!(client.stats().echoes_lost, 1);
}

#[tokio::test]
async fn a_slow_request_in_front_is_not_taken_for_lost_events() {
    let prompt = Duration::from_hours(1);
    let pbx = SimPbx::start(SimConfig { prompt, ..fast() }).await.unwrap();
    let mut settings = config(&pbx);
    settings.transport = Transport::WebSocket;
    settings.timing.echo_after = Duration::from_millis(10);
    settings.timing.request_timeout = Duration::from_mins(1);
    let (client, mut events) = Client::connect(settings).unwrap();
    assert!(matches!(
        next(&mut events).await,
        Incoming::Connected { .. }
    ));
    pbx.caller_dials("5550100", Caller::default(), &[]);
    let id = event(&mut events, stasis_start).await;
    client.bridges().create("b", "mixing", "").await.unwrap();
    let channels = client.channels();
    channels.play(&id, "p", "sound:hello-world").await.unwrap();
    let slow = tokio::spawn({
        let client = client.clone();
        async move {
            client
                .bridges()
                .add_channels("b", &[&id], Join::default())
                .await
        }
    });
    let before = client.stats().requests;
    // Each is asked for when the one before has come back, although the WebSocket takes no request now.
    within(async {
        while client.stats().requests < before + 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(!slow.is_finished());
    assert_eq!(
        (client.stats().connects, client.stats().echoes_lost),
        (1, 0)
    );
    slow.abort();
}

#[tokio::test]
async fn a_manager_session_that_brings_no_events_is_found_out() {
    let pbx = SimPbx::start(fast()).await.unwrap();
    let mut witness = witness(&pbx).await;
    let address = pbx.ami_address().to_string();
    let mut settings = ami::Config::new(address, pbx.username(), pbx.password());
    settings.timeouts.echo_after = Duration::from_millis(100);
    settings.timeouts.echo_timeout = Duration::from_secs(2);
    let (manager, mut events) = ami::Client::start(settings);
    within(manager.connected()).await.unwrap();
    within(async {
        let mut line = String::new();
        while !line.contains("UserEvent: CordboardEcho") {
            line.clear();
            assert_ne!(witness.read_line(&mut line).await.unwrap(), 0);
        }
    })
    .await;
    pbx.mute_connections();
    within(manager.state().wait_for(|state| !state.is_connected()))
        .await
        .unwrap();
    assert_eq!(manager.counters().echoes_lost(), 1);
    within(async { while events.recv().await != Some(ami::Item::Connected { session: 2 }) {} })
        .await;
}

/// A manager session that sees every byte, echoes included.
async fn witness(pbx: &SimPbx) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(pbx.ami_address()).await.unwrap();
    let login = format!(
        "Action: Login\r\nUsername: {}\r\nSecret: {}\r\n\r\n",
        pbx.username(),
        pbx.password()
    );
    stream.write_all(login.as_bytes()).await.unwrap();
    let mut witness = BufReader::new(stream);
    let mut line = String::new();
    while !line.contains("FullyBooted") {
        line.clear();
        within(witness.read_line(&mut line)).await.unwrap();
    }
    witness
}
