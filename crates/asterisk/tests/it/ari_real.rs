//! The ARI client against a real Asterisk, of the lab's two releases: what only a real one can prove.

use std::time::Duration;

use cordboard_asterisk::ari::{
    Client, Config, EventKind, Events, Incoming, Join, Originate, Transport,
};
use lab::Lab;
use tokio::time::timeout;

use crate::releases::on_each_release;

/// The longest that anything here may take.
const LIMIT: Duration = Duration::from_secs(20);

on_each_release!(
    echoes_come_back_and_nobody_else_sees_them,
    a_connection_that_brings_no_events_is_lost_and_made_anew,
);

/// Asks for an echo as soon as the one before is back.
fn config(lab: &Lab) -> Config {
    let mut config = Config::new(lab.ari_url(), lab.ari_user(), lab.secret(), "echoes");
    config.timing.echo_after = Duration::from_millis(10);
    config
}

async fn next(events: &mut Events) -> Incoming {
    timeout(LIMIT, events.recv())
        .await
        .expect("in time")
        .unwrap()
}

async fn connected(config: Config) -> (Client, Events) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (client, mut events) = Client::connect(config).unwrap();
    let first = next(&mut events).await;
    assert!(matches!(first, Incoming::Connected { .. }), "{first:?}");
    (client, events)
}

/// Waits for this many requests more; of a client that asks for nothing else, each follows an echo that came back.
async fn echoed(client: &Client, times: u64) {
    let wanted = client.stats().requests + times;
    let waiting = async {
        while client.stats().requests < wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LIMIT, waiting).await.expect("echoes");
}

async fn echoes_come_back_and_nobody_else_sees_them(lab: &Lab) {
    let (client, mut events) = connected(config(lab)).await;
    echoed(&client, 10).await;
    assert_eq!(events.try_recv(), None);
    let stats = client.stats();
    assert_eq!(
        (stats.connects, stats.echoes_lost, stats.rejected),
        (1, 0, 0)
    );
}

/// The filter stands for whatever keeps events back: the request for the echo succeeds all the same.
async fn a_connection_that_brings_no_events_is_lost_and_made_anew(lab: &Lab) {
    let mut config = config(lab);
    config.timing.echo_timeout = Duration::from_millis(500);
    let (client, mut events) = connected(config).await;
    let applications = client.applications();
    let hidden = applications.disallow("echoes", &["ChannelUserevent"]).await;
    hidden.unwrap();
    let Incoming::Disconnected { why } = next(&mut events).await else {
        panic!("still connected")
    };
    assert!(why.starts_with("events no longer arrive"), "{why}");
    let again = next(&mut events).await;
    assert!(matches!(again, Incoming::Connected { .. }), "{again:?}");
    // Asterisk forgot the application, which nothing was subscribed to, and its filter.
    echoed(&client, 5).await;
    let stats = client.stats();
    assert_eq!((stats.connects, stats.echoes_lost), (2, 1));
}

/// Asterisk 22 answers nothing on this WebSocket while `addChannel` waits for the end of a tone, not even pings.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_request_in_front_is_not_taken_for_lost_events() {
    let Some(lab) = lab::up_or_skip(lab::Release::Asterisk22).await else {
        return;
    };
    let mut config = config(&lab);
    config.transport = Transport::WebSocket;
    let (client, mut events) = connected(config).await;
    let silent = Originate {
        endpoint: "Local/5550192@from-trunk".into(),
        channel_id: "slow-1".into(),
        app: Some("echoes".into()),
        ..Originate::default()
    };
    client.channels().originate(&silent).await.unwrap();
    let started = async {
        loop {
            if let Incoming::Event(event) = next(&mut events).await
                && matches!(event.kind, EventKind::StasisStart { .. })
            {
                return;
            }
        }
    };
    started.await;
    client
        .bridges()
        .create("slow-b", "mixing", "")
        .await
        .unwrap();
    let channels = client.channels();
    let endless = channels.play("slow-1", "slow-p", "tone:busy").await;
    endless.unwrap();
    let slow = tokio::spawn({
        let client = client.clone();
        async move {
            client
                .bridges()
                .add_channels("slow-b", &["slow-1"], Join::default())
                .await
        }
    });
    echoed(&client, 10).await;
    assert!(!slow.is_finished(), "it waits for the tone");
    let stats = client.stats();
    assert_eq!((stats.connects, stats.echoes_lost), (1, 0));
    slow.abort();
    client.close();
}
