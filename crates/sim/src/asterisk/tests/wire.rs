//! Over real sockets, with the clients that the rest of Cordboard uses.

use std::time::Duration;

use asterisk::ami;
use asterisk::ari::{
    Client, ConnectionState, Event, EventKind, HangupReason, Incoming, Join, Originate,
};

use super::connected::{config, connected, event, fast, next, offer, stasis_start, within};
use crate::asterisk::{Caller, Place, SimConfig, SimPbx};

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
        // The ring time-out is real time at any speed.
        let brief = Originate {
            timeout: Some(Duration::from_secs(1)),
            ..offer("101", "agent-1")
        };
        pbx.phone("101").never_answers();
        client.channels().originate(&brief).await.unwrap();
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
