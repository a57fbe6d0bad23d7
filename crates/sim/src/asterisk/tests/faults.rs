//! What goes wrong on demand, as our own client sees it.

use std::time::Duration;

use asterisk::ari::{ConnectionState, Incoming, RestError};
use tokio::time::sleep;

use super::connected::{connected, event, fast, next, offer, stasis_start, within};
use crate::asterisk::{Caller, EventFaults, Hang, SimConfig, SimPbx};

#[tokio::test]
async fn events_can_overtake_the_answer_that_caused_them() {
    let pbx = SimPbx::start(fast()).await.unwrap();
    let (client, mut events) = connected(&pbx).await;
    pbx.phone("101").answers_after(Duration::ZERO);
    pbx.answer_late(Duration::from_mins(1));
    let request =
        tokio::spawn(async move { client.channels().originate(&offer("101", "agent-1")).await });
    assert_eq!(event(&mut events, stasis_start).await, "agent-1");
    assert!(!request.is_finished());
    request.abort();
}

#[tokio::test]
async fn a_restart_loses_the_calls_and_is_recovered_from() {
    let pbx = SimPbx::start(fast()).await.unwrap();
    let (client, mut events) = connected(&pbx).await;
    let mut call = pbx.caller_dials("5550100", Caller::default(), &[]);
    event(&mut events, stasis_start).await;
    within(pbx.restart(Duration::from_secs(30))).await.unwrap();
    assert_eq!(within(call.ended()).await, 0);
    assert!(matches!(
        next(&mut events).await,
        Incoming::Disconnected { .. }
    ));
    let Incoming::Connected { snapshot, .. } = next(&mut events).await else {
        panic!("not connected")
    };
    assert!(snapshot.channels.is_empty());
    assert!(matches!(
        client.connection_state(),
        ConnectionState::Connected { .. }
    ));
}

#[tokio::test]
async fn calls_outlive_a_cut_websocket_and_a_cut_cable() {
    let pbx = SimPbx::start(fast()).await.unwrap();
    let (client, mut events) = connected(&pbx).await;
    let call = pbx.caller_dials("5550100", Caller::default(), &[]);
    event(&mut events, stasis_start).await;
    pbx.cut_websockets();
    assert!(matches!(
        next(&mut events).await,
        Incoming::Disconnected { .. }
    ));
    let Incoming::Connected { snapshot, .. } = next(&mut events).await else {
        panic!("not connected")
    };
    assert_eq!(snapshot.application.channel_ids, [call.id()]);
    pbx.go_away();
    assert!(matches!(
        next(&mut events).await,
        Incoming::Disconnected { .. }
    ));
    assert!(matches!(
        client.asterisk().ping().await,
        Err(RestError::Unreachable(_))
    ));
    pbx.come_back().await.unwrap();
    let Incoming::Connected { snapshot, .. } = next(&mut events).await else {
        panic!("not connected")
    };
    assert_eq!(snapshot.channels[0].id, call.id());
}

#[tokio::test]
async fn events_are_lost_doubled_and_reordered_on_demand() {
    let pbx = SimPbx::start(fast()).await.unwrap();
    let (client, mut events) = connected(&pbx).await;
    pbx.set_event_faults(EventFaults {
        lose: 1.0,
        ..EventFaults::default()
    });
    pbx.caller_dials("5550100", Caller::default(), &[]);
    pbx.set_event_faults(EventFaults {
        duplicate: 1.0,
        ..EventFaults::default()
    });
    let doubled = pbx.caller_dials("5550100", Caller::default(), &[]);
    assert_eq!(event(&mut events, stasis_start).await, doubled.id());
    assert_eq!(event(&mut events, stasis_start).await, doubled.id());
    pbx.set_event_faults(EventFaults {
        reorder: 1.0,
        ..EventFaults::default()
    });
    let held = pbx.caller_dials("5550100", Caller::default(), &[]);
    let overtaking = pbx.caller_dials("5550100", Caller::default(), &[]);
    assert_eq!(event(&mut events, stasis_start).await, overtaking.id());
    assert_eq!(event(&mut events, stasis_start).await, held.id());
    pbx.refuse_next("POST", "bridges", 500, "Unable to create bridge");
    let refused = client
        .bridges()
        .create("b", "mixing", "")
        .await
        .unwrap_err();
    assert_eq!(
        refused,
        RestError::Rejected {
            status: 500,
            message: "Unable to create bridge".into()
        }
    );
    client.bridges().create("b", "mixing", "").await.unwrap();
}

#[tokio::test]
async fn a_stalled_asterisk_does_not_answer_and_goes_on_later() {
    let pbx = SimPbx::start(fast()).await.unwrap();
    let (client, _events) = connected(&pbx).await;
    pbx.stall(true);
    let request = tokio::spawn(async move { client.channels().list().await });
    tokio::task::yield_now().await;
    assert!(!request.is_finished());
    pbx.stall(false);
    assert_eq!(within(request).await.unwrap(), Ok(Vec::new()));
}

#[tokio::test]
async fn what_hangs_is_carried_out_though_nobody_waits_any_more() {
    let config = SimConfig {
        version: "16.28.0".into(),
        ..fast()
    };
    let pbx = SimPbx::start(config).await.unwrap();
    let (client, _events) = connected(&pbx).await;
    pbx.hang_next("POST", "channels", Hang::BeforeItsEffect);
    pbx.hang_next("POST", "bridges", Hang::BeforeItsAnswer);
    let ringing = client.clone();
    let ringing =
        tokio::spawn(async move { ringing.channels().originate(&offer("101", "agent-1")).await });
    let bridging = client.clone();
    let bridging =
        tokio::spawn(async move { bridging.bridges().create("bridge-1", "mixing", "").await });
    within(async {
        while pbx.hanging() < 2 || pbx.bridges().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(!bridging.is_finished() && pbx.channels().is_empty());
    // Another one overtakes them.
    client.bridges().destroy("bridge-1").await.unwrap();
    ringing.abort();
    within(pbx.let_go()).await;
    within(bridging).await.unwrap().unwrap();
    assert_eq!(pbx.channels()[0].id, "agent-1");
}
