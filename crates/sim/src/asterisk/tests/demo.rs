//! Random traffic against the simplest application there is.

use std::time::Duration;

use asterisk::ari::{Client, EventKind, Events, HangupReason, Incoming, Join};

use super::connected::{connected, offer, within};
use crate::asterisk::demo::{Rates, Stream, traffic};
use crate::asterisk::{SimConfig, SimPbx};

/// The simplest application there is: each caller gets the next phone.
async fn serve_in_turn(client: Client, mut events: Events) {
    let mut offers = 0_usize;
    while let Some(incoming) = events.recv().await {
        let Incoming::Event(event) = incoming else {
            continue;
        };
        match event.kind {
            EventKind::StasisStart { channel, args, .. }
                if args.first().is_some_and(|arg| arg == "sales") =>
            {
                offers += 1;
                let phone = format!("{}", 101 + offers % 10);
                let mut what = offer(&phone, &format!("agent-{offers}"));
                what.app_args = Some(format!("agent,{}", channel.id));
                client.channels().originate(&what).await.unwrap();
            }
            EventKind::StasisStart { channel, args, .. } => {
                let bridge = format!("bridge-{}", channel.id);
                client
                    .bridges()
                    .create(&bridge, "mixing", "")
                    .await
                    .unwrap();
                // The caller may have given up meanwhile.
                if client
                    .bridges()
                    .add_channels(&bridge, &[&args[1], &channel.id], Join::default())
                    .await
                    .is_err()
                {
                    client
                        .channels()
                        .hang_up(&channel.id, HangupReason::Normal)
                        .await
                        .ok();
                }
            }
            EventKind::ChannelLeftBridge { bridge, .. } => {
                for channel in &bridge.channels {
                    client
                        .channels()
                        .hang_up(channel, HangupReason::Normal)
                        .await
                        .ok();
                }
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn demo_traffic_arrives_talks_and_leaves() {
    let pbx = std::sync::Arc::new(
        SimPbx::start(SimConfig {
            speed: 2_000.0,
            ..SimConfig::default()
        })
        .await
        .unwrap(),
    );
    let (client, events) = connected(&pbx).await;
    let stats = client.clone();
    let serving = tokio::spawn(serve_in_turn(client, events));
    let stream = Stream {
        did: "5550100".into(),
        args: vec!["sales".into()],
        calls_per_hour: 600.0,
    };
    let phones = (101..=110).map(|phone| phone.to_string()).collect();
    let traffic = traffic(
        &pbx,
        Rates {
            streams: vec![stream],
            phones,
            ..Rates::default()
        },
        7,
    );
    within(async {
        while traffic.calls() < 50 || traffic.served() < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    traffic.stop();
    within(async {
        while pbx
            .channels()
            .iter()
            .any(|channel| channel.name.starts_with("PJSIP/trunk"))
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(stats.stats().malformed, 0);
    serving.abort();
}
