//! Device states: what the channels of a phone or trunk amount to.

use asterisk::ari::ChannelState;
use serde_json::{Value, json};

use super::apps::About;
use super::world::World;

impl World {
    pub(super) fn device_changed(&mut self, id: &str) {
        if let Some(device) = self.legs.get(id).and_then(|leg| device_of(&leg.view.name)) {
            self.device_event(&device);
        }
    }

    pub(super) fn device_event(&mut self, device: &str) {
        let state = self.device_state(device);
        let about = About {
            device: Some(device),
            ..About::default()
        };
        let members: Value = json!({ "device_state": { "name": device, "state": state } });
        self.emit("DeviceStateChanged", about, &members);
        self.manager.device_state(device, &state);
    }

    pub(super) fn device_state(&self, device: &str) -> String {
        if let Some(state) = self.device_states.get(device) {
            return state.clone();
        }
        let mut states = self
            .legs
            .values()
            .filter(|leg| device_of(&leg.view.name).as_deref() == Some(device));
        let registered =
            device
                .strip_prefix("PJSIP/")
                .is_some_and(|key| match self.phones.get(key) {
                    Some(phone) => phone.is_registered(),
                    None => key == "trunk",
                });
        let busy = |state: &ChannelState| matches!(state, ChannelState::Up | ChannelState::Ring);
        if states.clone().any(|leg| busy(&leg.view.state)) {
            "INUSE".into()
        } else if states.any(|leg| leg.view.state == ChannelState::Ringing) {
            "RINGING".into()
        } else if registered {
            "NOT_INUSE".into()
        } else {
            "UNAVAILABLE".into()
        }
    }
}

/// `PJSIP/101` of `PJSIP/101-0000000a`.
pub(super) fn device_of(channel_name: &str) -> Option<String> {
    channel_name
        .rsplit_once('-')
        .map(|(device, _)| device.to_owned())
}
