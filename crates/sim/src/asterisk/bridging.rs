//! Channels entering and leaving bridges.

use asterisk::ari::{Bridge, CallerId};
use serde_json::{Value, json};

use super::apps::About;
use super::world::{SimBridge, World, now};

impl World {
    /// Makes a bridge; `None` when the kind is unknown.
    pub(super) fn make_bridge(&mut self, id: &str, kind: &str, name: &str) -> Option<Value> {
        let kinds: Vec<&str> = kind.split(',').map(str::trim).collect();
        let known = |kind: &&str| {
            matches!(
                *kind,
                "mixing" | "holding" | "dtmf_events" | "proxy_media" | ""
            )
        };
        if !kinds.iter().all(known) {
            return None;
        }
        let holding = kinds.contains(&"holding");
        let view = Bridge {
            id: id.to_owned(),
            technology: if holding {
                "holding_bridge"
            } else {
                "simple_bridge"
            }
            .into(),
            bridge_type: if holding { "holding" } else { "mixing" }.into(),
            bridge_class: "stasis".into(),
            creator: "Stasis".into(),
            name: name.to_owned(),
            channels: Vec::new(),
            creationtime: now(),
            video_mode: "talker".into(),
            ..Bridge::default()
        };
        self.bridges
            .insert(id.to_owned(), SimBridge { view, music: None });
        let about = About {
            nobody: true,
            ..About::bridge(id)
        };
        let view = self.bridge_view(id);
        self.emit("BridgeCreated", about, &json!({ "bridge": view }));
        Some(view)
    }

    pub(super) fn bridge_view(&self, id: &str) -> Value {
        let view = self.bridges.get(id).map(|bridge| &bridge.view);
        serde_json::to_value(view).unwrap_or_default()
    }

    /// Moves a channel into a bridge, out of the one it is in.
    pub(super) fn enter_bridge(&mut self, bridge: &str, id: &str) {
        self.leave_bridge(id);
        let Some(entered) = self.bridges.get_mut(bridge) else {
            return;
        };
        let Some(leg) = self.legs.get_mut(id) else {
            return;
        };
        entered.view.channels.push(id.to_owned());
        // Asterisk lists them by id.
        entered.view.channels.sort();
        leg.bridge = Some(bridge.to_owned());
        if let Some(app) = &leg.app
            && let Some(app) = self.apps.get_mut(app)
        {
            app.bridges.insert(bridge.to_owned());
        }
        self.bridge_event("ChannelEnteredBridge", bridge, id);
        self.tell_peers(bridge);
    }

    pub(super) fn leave_bridge(&mut self, id: &str) {
        let Some(bridge) = self.legs.get_mut(id).and_then(|leg| leg.bridge.take()) else {
            return;
        };
        let peers = self.peers(&bridge);
        if let Some(left) = self.bridges.get_mut(&bridge) {
            left.view.channels.retain(|channel| channel != id);
        }
        self.bridge_event("ChannelLeftBridge", &bridge, id);
        let mixed = self
            .bridges
            .get(&bridge)
            .is_some_and(|bridge| bridge.view.technology == "softmix");
        for peer in peers {
            if let Some(leg) = self.legs.get(&peer) {
                leg.progress
                    .send_modify(|progress| progress.bridged_with = None);
            }
            if mixed && peer != id {
                self.set_connected(&peer, CallerId::default());
            }
        }
        let over_with_the_last = self.peers(&bridge).is_empty();
        if over_with_the_last && let Some(bridge) = self.bridges.get_mut(&bridge) {
            bridge.music = None;
        }
    }

    pub(super) fn destroy_bridge(&mut self, id: &str) {
        for channel in self.peers(id) {
            self.leave_bridge(&channel);
        }
        self.stop_bridge_media(id);
        let view = self.bridge_view(id);
        self.emit(
            "BridgeDestroyed",
            About::bridge(id),
            &json!({ "bridge": view }),
        );
        self.bridges.remove(id);
        for app in self.apps.values_mut() {
            app.bridges.remove(id);
        }
    }

    fn peers(&self, bridge: &str) -> Vec<String> {
        self.bridges
            .get(bridge)
            .map(|bridge| bridge.view.channels.clone())
            .unwrap_or_default()
    }

    fn bridge_event(&mut self, name: &str, bridge: &str, channel: &str) {
        let members =
            json!({ "bridge": self.bridge_view(bridge), "channel": self.channel_view(channel) });
        let about = About {
            bridge: Some(bridge),
            ..About::channel(channel)
        };
        self.emit(name, about, &members);
    }

    /// Two channels that talk learn of each other, and so do their phones.
    fn tell_peers(&mut self, bridge: &str) {
        let mixing = self
            .bridges
            .get(bridge)
            .is_some_and(|bridge| bridge.view.bridge_type == "mixing");
        let [one, two] = self.peers(bridge).try_into().unwrap_or_default();
        if !mixing || one.is_empty() {
            return;
        }
        for (id, peer) in [(&one, &two), (&two, &one)] {
            let Some(other) = self.legs.get(peer).map(|leg| leg.view.clone()) else {
                return;
            };
            self.set_variable_event(id, "BRIDGEPEER", &other.name);
            self.set_variable_event(id, "BRIDGEPVTCALLID", &other.protocol_id);
            if let Some(leg) = self.legs.get(id) {
                leg.progress
                    .send_modify(|progress| progress.bridged_with = Some(peer.clone()));
            }
        }
        let callers = [&one, &two].map(|id| {
            self.legs
                .get(id)
                .map(|leg| leg.view.caller.clone())
                .unwrap_or_default()
        });
        let [first, second] = callers;
        self.set_connected(&one, second);
        self.set_connected(&two, first);
    }

    /// The identity of the other side, told when it is a new one.
    pub(super) fn set_connected(&mut self, id: &str, connected: CallerId) {
        let Some(leg) = self.legs.get_mut(id) else {
            return;
        };
        if leg.view.connected != connected {
            leg.view.connected = connected;
            self.emit_channel("ChannelConnectedLine", id, json!({}));
        }
    }
}
