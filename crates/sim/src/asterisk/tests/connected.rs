//! Our own client, connected to a simulated PBX.

use std::time::Duration;

use asterisk::ari::{Client, Config, Event, EventKind, Events, Incoming, Originate};
use tokio::time::timeout;

use crate::asterisk::{SimConfig, SimPbx};

/// A bound on a hanging test; no behaviour depends on it.
pub(super) async fn within<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(20), future)
        .await
        .expect("the test hangs")
}

pub(super) fn fast() -> SimConfig {
    SimConfig {
        speed: 100.0,
        ..SimConfig::default()
    }
}

pub(super) fn config(pbx: &SimPbx) -> Config {
    let mut config = Config::new(pbx.ari_url(), pbx.username(), pbx.password(), "cordboard");
    config.timing.unauthorized_retry = Duration::from_millis(20);
    config
}

pub(super) async fn connected(pbx: &SimPbx) -> (Client, Events) {
    let (client, mut events) = Client::connect(config(pbx)).unwrap();
    assert!(matches!(
        next(&mut events).await,
        Incoming::Connected { .. }
    ));
    (client, events)
}

pub(super) async fn next(events: &mut Events) -> Incoming {
    within(events.recv()).await.unwrap()
}

/// The next event that `wanted` makes something of.
pub(super) async fn event<T>(
    events: &mut Events,
    mut wanted: impl FnMut(&Event) -> Option<T>,
) -> T {
    loop {
        if let Incoming::Event(event) = next(events).await
            && let Some(found) = wanted(&event)
        {
            return found;
        }
    }
}

pub(super) fn stasis_start(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::StasisStart { channel, .. } => Some(channel.id.clone()),
        _ => None,
    }
}

pub(super) fn offer(phone: &str, id: &str) -> Originate {
    Originate {
        endpoint: format!("PJSIP/{phone}"),
        channel_id: id.into(),
        app: Some("cordboard".into()),
        app_args: Some("agent".into()),
        timeout: Some(Duration::from_secs(20)),
        ..Originate::default()
    }
}
