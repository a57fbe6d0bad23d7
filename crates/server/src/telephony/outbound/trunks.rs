//! Which channels are up on our trunks, and which trunks answer.

use std::{collections::BTreeMap, sync::Arc};

use asterisk::ari::{Channel, ChannelState, Endpoint, Event, EventKind, Snapshot};
use engine::trunk::Input;
use model::{ServerId, TrunkId};
use tokio::sync::watch;

use super::Outbound;
use crate::ways::Ways;

/// What each trunk is called in Asterisk.
pub(in crate::telephony) type TrunkNames = BTreeMap<TrunkId, String>;

/// The trunks that are followed on one server.
#[derive(Clone)]
pub(in crate::telephony) struct Trunks {
    pub(in crate::telephony) server: ServerId,
    pub(in crate::telephony) names: Arc<watch::Sender<TrunkNames>>,
    pub(in crate::telephony) ways: Ways,
}

impl Trunks {
    pub(super) fn names(&self) -> watch::Receiver<TrunkNames> {
        self.names.subscribe()
    }

    /// `provider` of `PJSIP/provider-0000001c`, if that is one of ours.
    fn of_channel(&self, channel: &Channel) -> Option<String> {
        let name = channel.name.strip_prefix("PJSIP/")?;
        let (endpoint, _) = name.rsplit_once('-')?;
        self.known(endpoint)
    }

    fn of_endpoint(&self, endpoint: &Endpoint) -> Option<String> {
        let is_sip = endpoint.technology.eq_ignore_ascii_case("PJSIP");
        is_sip.then(|| self.known(&endpoint.resource)).flatten()
    }

    fn known(&self, name: &str) -> Option<String> {
        self.names
            .borrow()
            .values()
            .find(|known| *known == name)
            .cloned()
    }
}

/// Without a state nobody has asked it yet.
fn is_offline(endpoint: &Endpoint) -> bool {
    endpoint.state.as_deref() == Some("offline")
}

impl Outbound {
    pub(super) fn hear_of_trunks(&self, event: &Event) {
        let server = self.trunks.server;
        let input = match &event.kind {
            EventKind::ChannelCreated { channel } => {
                let trunk = self.trunks.of_channel(channel);
                trunk.map(|trunk| Input::ChannelBegan {
                    server,
                    trunk,
                    channel: self.names.counted_as(&channel.id),
                    // Asterisk makes a channel for a call that comes in as one that rings already.
                    outgoing: channel.state == ChannelState::Down,
                })
            }
            EventKind::ChannelDestroyed { channel, .. } => {
                let trunk = self.trunks.of_channel(channel);
                trunk.map(|trunk| Input::ChannelEnded {
                    server,
                    trunk,
                    channel: self.names.counted_as(&channel.id),
                })
            }
            EventKind::ContactStatusChange { endpoint, .. }
            | EventKind::PeerStatusChange { endpoint, .. }
            | EventKind::EndpointStateChange { endpoint } => {
                let trunk = self.trunks.of_endpoint(endpoint);
                trunk.map(|trunk| Input::TrunkReached {
                    server,
                    trunk,
                    reachable: !is_offline(endpoint),
                })
            }
            _ => None,
        };
        if let Some(input) = input {
            self.trunks.ways.handle(input);
        }
    }

    pub(super) fn compare_trunks(&self, snapshot: &Snapshot) {
        let channels = snapshot.channels.iter().filter_map(|channel| {
            let trunk = self.trunks.of_channel(channel)?;
            Some((trunk, self.names.counted_as(&channel.id)))
        });
        let offline = snapshot.endpoints.iter().filter(|one| is_offline(one));
        let compared = Input::ServerCompared {
            server: self.trunks.server,
            channels: channels.collect(),
            unreachable: offline
                .filter_map(|one| self.trunks.of_endpoint(one))
                .collect(),
        };
        self.trunks.ways.handle(compared);
    }
}
