//! Over real sockets, with the clients that the rest of Cordboard uses.

use std::time::Duration;

use asterisk::ami;
use asterisk::ari::{
    Client, Config, ConnectionState, Event, EventKind, Events, HangupReason, Incoming, Join,
    Originate, RestError,
};
use tokio::time::timeout;

use crate::asterisk::demo::{Rates, Stream, traffic};
use crate::asterisk::{Caller, EventFaults, Place, SimConfig, SimPbx};

/// A bound on a hanging test; no behaviour depends on it.
async fn within<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(20), future)
        .await
        .expect("the test hangs")
}

fn fast() -> SimConfig {
    SimConfig {
        speed: 100.0,
        ..SimConfig::default()
    }
}

fn config(pbx: &SimPbx) -> Config {
    let mut config = Config::new(pbx.ari_url(), pbx.username(), pbx.password(), "cordboard");
    config.timing.unauthorized_retry = Duration::from_millis(20);
    config
}

async fn connected(pbx: &SimPbx) -> (Client, Events) {
    let (client, mut events) = Client::connect(config(pbx)).unwrap();
    assert!(matches!(
        next(&mut events).await,
        Incoming::Connected { .. }
    ));
    (client, events)
}

async fn next(events: &mut Events) -> Incoming {
    within(events.recv()).await.unwrap()
}

/// The next event that `wanted` makes something of.
async fn event<T>(events: &mut Events, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
    loop {
        if let Incoming::Event(event) = next(events).await
            && let Some(found) = wanted(&event)
        {
            return found;
        }
    }
}

fn stasis_start(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::StasisStart { channel, .. } => Some(channel.id.clone()),
        _ => None,
    }
}

fn offer(phone: &str, id: &str) -> Originate {
    Originate {
        endpoint: format!("PJSIP/{phone}"),
        channel_id: id.into(),
        app: Some("cordboard".into()),
        app_args: Some("agent".into()),
        timeout: Some(Duration::from_secs(20)),
        ..Originate::default()
    }
}

#[tokio::test]
async fn a_whole_call_on_both_releases() {
    for (version, over_websocket) in [("22.10.0", true), ("16.28.0~dfsg", false)] {
        let pbx = SimPbx::start(SimConfig {
            version: version.into(),
            ..fast()
        })
        .await
        .unwrap();
        let (client, mut events) = connected(&pbx).await;
        let mut call =
            pbx.caller_dials("5550100", Caller::new("Zoe Example", "5550177"), &["sales"]);
        let caller = event(&mut events, stasis_start).await;
        assert_eq!(caller, call.id());
        assert_eq!(
            client
                .channels()
                .get(&caller)
                .await
                .unwrap()
                .protocol_id
                .is_empty(),
            !over_websocket
        );
        client.channels().answer(&caller).await.unwrap();
        client
            .channels()
            .start_moh(&caller, Some("sales"))
            .await
            .unwrap();
        assert_eq!(call.progress().music.as_deref(), Some("sales"));
        client
            .channels()
            .originate(&offer("101", "agent-1"))
            .await
            .unwrap();
        assert_eq!(event(&mut events, stasis_start).await, "agent-1");
        client.channels().stop_moh(&caller).await.unwrap();
        client
            .bridges()
            .create("b", "mixing", "call")
            .await
            .unwrap();
        client
            .bridges()
            .add_channels("b", &[&caller, "agent-1"], Join::default())
            .await
            .unwrap();
        let progress = within(call.wait_until(|progress| progress.bridged_with.is_some())).await;
        assert_eq!(progress.bridged_with.as_deref(), Some("agent-1"));
        pbx.phone("101").hang_up();
        let gone = |event: &Event| match &event.kind {
            EventKind::ChannelDestroyed { channel, cause, .. } => {
                Some((channel.id.clone(), *cause))
            }
            _ => None,
        };
        assert_eq!(event(&mut events, gone).await, ("agent-1".into(), 16));
        client
            .channels()
            .hang_up(&caller, HangupReason::Normal)
            .await
            .unwrap();
        assert_eq!(within(call.ended()).await, 16);
        client.bridges().destroy("b").await.unwrap();
        assert!(client.snapshot().await.unwrap().channels.is_empty());
        assert_eq!(client.stats().malformed + client.stats().unknown_events, 0);
    }
}

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
async fn a_second_client_takes_the_application_over() {
    let pbx = SimPbx::start(fast()).await.unwrap();
    let (_first, mut first_events) = connected(&pbx).await;
    let (_second, mut second_events) = connected(&pbx).await;
    assert_eq!(next(&mut first_events).await, Incoming::Replaced);
    let call = pbx.caller_dials("5550100", Caller::default(), &[]);
    assert_eq!(event(&mut second_events, stasis_start).await, call.id());
}

#[tokio::test]
async fn a_changed_password_is_noticed_and_forgiven() {
    let pbx = SimPbx::start(fast()).await.unwrap();
    let right = pbx.password();
    pbx.change_password("another");
    let mut settings = config(&pbx);
    settings.password.clone_from(&right);
    let (client, mut events) = Client::connect(settings).unwrap();
    let mut state = client.watch_connection();
    within(state.wait_for(|state| *state == ConnectionState::Unauthorized))
        .await
        .unwrap();
    pbx.change_password(&right);
    assert!(matches!(
        next(&mut events).await,
        Incoming::Connected { .. }
    ));
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
async fn without_an_application_the_dialplan_goes_on() {
    let pbx = SimPbx::start(fast()).await.unwrap();
    let mut call = pbx.caller_dials("5550100", Caller::default(), &[]);
    assert_eq!(call.progress().place, Place::NoApplication);
    within(call.ended()).await;
    let (client, mut events) = connected(&pbx).await;
    let mut call = pbx.caller_dials("5550100", Caller::default(), &[]);
    let id = event(&mut events, stasis_start).await;
    client
        .channels()
        .continue_in_dialplan(&id, Some(("overflow", "s", 1)))
        .await
        .unwrap();
    let place = Place::Dialplan {
        context: "overflow".into(),
        extension: "s".into(),
        priority: 1,
    };
    assert_eq!(call.progress().place, place);
    assert_eq!(within(call.ended()).await, 16);
}

#[tokio::test]
async fn adding_a_channel_waits_for_its_playback() {
    let pbx = SimPbx::start(SimConfig {
        prompt: Duration::from_secs(20),
        ..fast()
    })
    .await
    .unwrap();
    let (client, mut events) = connected(&pbx).await;
    pbx.caller_dials("5550100", Caller::default(), &[]);
    let id = event(&mut events, stasis_start).await;
    client.bridges().create("b", "mixing", "").await.unwrap();
    client
        .channels()
        .play(&id, "p", "sound:hello-world")
        .await
        .unwrap();
    within(client.bridges().add_channels("b", &[&id], Join::default()))
        .await
        .unwrap();
    let order = |event: &Event| match &event.kind {
        EventKind::PlaybackFinished { .. } => Some("finished"),
        EventKind::ChannelEnteredBridge { .. } => Some("entered"),
        _ => None,
    };
    assert_eq!(event(&mut events, order).await, "finished");
    assert_eq!(event(&mut events, order).await, "entered");
}

#[tokio::test]
async fn what_plays_and_what_waits_to_play_fails_with_the_channel() {
    let pbx = SimPbx::start(SimConfig {
        prompt: Duration::from_hours(1),
        ..fast()
    })
    .await
    .unwrap();
    let (client, mut events) = connected(&pbx).await;
    let call = pbx.caller_dials("5550100", Caller::default(), &[]);
    let id = event(&mut events, stasis_start).await;
    for playback in ["p1", "p2"] {
        client
            .channels()
            .play(&id, playback, "sound:hello-world")
            .await
            .unwrap();
    }
    call.hang_up();
    let told = |event: &Event| match &event.kind {
        EventKind::PlaybackStarted { playback } | EventKind::PlaybackFinished { playback } => {
            Some(format!("{} {}", playback.id, playback.state))
        }
        EventKind::ChannelHangupRequest { .. } => Some("hangup".into()),
        EventKind::StasisEnd { .. } => Some("end".into()),
        _ => None,
    };
    for wanted in [
        "p1 playing",
        "hangup",
        "p1 failed",
        "p2 playing",
        "p2 failed",
        "end",
    ] {
        assert_eq!(event(&mut events, told).await, wanted);
    }
}

#[tokio::test]
async fn an_old_asterisk_gives_no_cause_for_a_time_out() {
    for (version, wanted) in [("22.10.0", (19, Some(480))), ("16.28.0", (0, None))] {
        let pbx = SimPbx::start(SimConfig {
            version: version.into(),
            ..fast()
        })
        .await
        .unwrap();
        let (client, mut events) = connected(&pbx).await;
        pbx.phone("101").never_answers();
        client
            .channels()
            .originate(&offer("101", "agent-1"))
            .await
            .unwrap();
        let gone = |event: &Event| match &event.kind {
            EventKind::ChannelDestroyed {
                cause, tech_cause, ..
            } => Some((*cause, *tech_cause)),
            _ => None,
        };
        assert_eq!(event(&mut events, gone).await, wanted);
    }
}

#[tokio::test]
async fn the_manager_logs_in_lists_and_hangs_up() {
    let pbx = SimPbx::start(fast()).await.unwrap();
    let (_client, mut events) = connected(&pbx).await;
    let mut call = pbx.caller_dials("5550100", Caller::default(), &[]);
    event(&mut events, stasis_start).await;
    let settings = ami::Config::new(
        pbx.ami_address().to_string(),
        pbx.username(),
        pbx.password(),
    );
    let (manager, _manager_events) = ami::Client::start(settings);
    within(manager.connected()).await.unwrap();
    let list = within(manager.list(&ami::Action::new("CoreShowChannels")))
        .await
        .unwrap();
    assert_eq!(list.events.len(), 1);
    assert_eq!(list.events[0].get_str("Uniqueid").unwrap(), call.id());
    let hangup = ami::Action::new("Hangup")
        .header("Channel", call.id())
        .header("Cause", "17");
    within(manager.call(&hangup)).await.unwrap();
    assert_eq!(within(call.ended()).await, 17);
}

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
