//! Which members belong to which event.

use serde_json::{Map, Value};

use super::{AttendedTransfer, BlindTransfer, EventError, EventKind};
use crate::ari::bridges::Bridge;
use crate::ari::channels::Channel;
use crate::ari::device_states::DeviceState;
use crate::ari::endpoints::Endpoint;
use crate::ari::fields::Fields;
use crate::ari::playbacks::Playback;
use crate::ari::recordings::LiveRecording;

/// The event's members while they are being taken apart.
pub(super) struct Parts {
    pub(super) fields: Fields,
    pub(super) event: String,
}

impl Parts {
    pub(super) fn of(members: Map<String, Value>) -> Self {
        let mut fields = Fields::from(members);
        let event = fields.string("type");
        Self { fields, event }
    }

    pub(super) fn kind(&mut self) -> Result<EventKind, EventError> {
        let event = self.event.clone();
        Ok(match event.as_str() {
            "Dial" => EventKind::Dial {
                peer: self.channel("peer")?,
                caller: self.fields.boxed("caller"),
                forwarded: self.fields.boxed("forwarded"),
                forward: self.fields.string("forward"),
                dialstring: self.fields.string("dialstring"),
                dialstatus: self.fields.string("dialstatus"),
            },
            "DeviceStateChanged" => EventKind::DeviceStateChanged {
                device_state: self.device_state()?,
            },
            "EndpointStateChange" => EventKind::EndpointStateChange {
                endpoint: self.endpoint()?,
            },
            "ContactStatusChange" => EventKind::ContactStatusChange {
                endpoint: self.endpoint()?,
                contact_info: self.fields.object("contact_info").unwrap_or_default(),
            },
            "PeerStatusChange" => EventKind::PeerStatusChange {
                endpoint: self.endpoint()?,
                peer_status: self.peer_status(),
            },
            "PlaybackStarted" => EventKind::PlaybackStarted {
                playback: self.playback()?,
            },
            "PlaybackContinuing" => EventKind::PlaybackContinuing {
                playback: self.playback()?,
            },
            "PlaybackFinished" => EventKind::PlaybackFinished {
                playback: self.playback()?,
            },
            "RecordingStarted" => EventKind::RecordingStarted {
                recording: self.recording()?,
            },
            "RecordingFinished" => EventKind::RecordingFinished {
                recording: self.recording()?,
            },
            "RecordingFailed" => EventKind::RecordingFailed {
                recording: self.recording()?,
            },
            "ApplicationReplaced" => EventKind::ApplicationReplaced,
            name if name.starts_with("Bridge") => self.bridge_kind(name)?,
            name if name.starts_with("Channel") || name.starts_with("Stasis") => {
                self.channel_kind(name)?
            }
            _ => EventKind::Other { event_type: event },
        })
    }

    fn channel_kind(&mut self, name: &str) -> Result<EventKind, EventError> {
        Ok(match name {
            "StasisStart" => EventKind::StasisStart {
                channel: self.channel("channel")?,
                args: self.fields.strings("args"),
                replace_channel: self.fields.boxed("replace_channel"),
            },
            "StasisEnd" => EventKind::StasisEnd {
                channel: self.channel("channel")?,
            },
            "ChannelCreated" => EventKind::ChannelCreated {
                channel: self.channel("channel")?,
            },
            "ChannelDestroyed" => EventKind::ChannelDestroyed {
                channel: self.channel("channel")?,
                cause: self.fields.integer("cause").unwrap_or_default(),
                cause_txt: self.fields.string("cause_txt"),
                tech_cause: self.fields.integer("tech_cause"),
            },
            "ChannelStateChange" => EventKind::ChannelStateChange {
                channel: self.channel("channel")?,
            },
            "ChannelHangupRequest" => EventKind::ChannelHangupRequest {
                channel: self.channel("channel")?,
                cause: self.fields.integer("cause"),
                tech_cause: self.fields.integer("tech_cause"),
                soft: self.fields.boolean("soft"),
            },
            "ChannelDtmfReceived" => EventKind::ChannelDtmfReceived {
                channel: self.channel("channel")?,
                digit: self.fields.string("digit"),
                duration_ms: self.fields.integer("duration_ms").unwrap_or_default(),
            },
            "ChannelEnteredBridge" => EventKind::ChannelEnteredBridge {
                bridge: self.bridge("bridge")?,
                channel: self.channel("channel")?,
            },
            "ChannelLeftBridge" => EventKind::ChannelLeftBridge {
                bridge: self.bridge("bridge")?,
                channel: self.channel("channel")?,
            },
            _ => return self.channel_detail(name),
        })
    }

    fn channel_detail(&mut self, name: &str) -> Result<EventKind, EventError> {
        Ok(match name {
            "ChannelVarset" => EventKind::ChannelVarset {
                channel: self.fields.boxed("channel"),
                variable: self.fields.string("variable"),
                value: self.fields.string("value"),
            },
            "ChannelDialplan" => EventKind::ChannelDialplan {
                channel: self.channel("channel")?,
                dialplan_app: self.fields.string("dialplan_app"),
                dialplan_app_data: self.fields.string("dialplan_app_data"),
            },
            "ChannelCallerId" => EventKind::ChannelCallerId {
                channel: self.channel("channel")?,
                presentation: self
                    .fields
                    .integer("caller_presentation")
                    .unwrap_or_default(),
                presentation_txt: self.fields.string("caller_presentation_txt"),
            },
            "ChannelConnectedLine" => EventKind::ChannelConnectedLine {
                channel: self.channel("channel")?,
            },
            "ChannelHold" => EventKind::ChannelHold {
                channel: self.channel("channel")?,
                musicclass: self.fields.string("musicclass"),
            },
            "ChannelUnhold" => EventKind::ChannelUnhold {
                channel: self.channel("channel")?,
            },
            "ChannelTalkingStarted" => EventKind::ChannelTalkingStarted {
                channel: self.channel("channel")?,
            },
            "ChannelTalkingFinished" => EventKind::ChannelTalkingFinished {
                channel: self.channel("channel")?,
                duration: self.fields.integer("duration").unwrap_or_default(),
            },
            "ChannelUserevent" => EventKind::ChannelUserevent {
                eventname: self.fields.string("eventname"),
                userevent: self
                    .fields
                    .object::<Map<String, Value>>("userevent")
                    .unwrap_or_default()
                    .into(),
                channel: self.fields.boxed("channel"),
                bridge: self.fields.boxed("bridge"),
                endpoint: self.fields.object("endpoint"),
            },
            _ => EventKind::Other {
                event_type: name.to_owned(),
            },
        })
    }

    fn bridge_kind(&mut self, name: &str) -> Result<EventKind, EventError> {
        Ok(match name {
            "BridgeCreated" => EventKind::BridgeCreated {
                bridge: self.bridge("bridge")?,
            },
            "BridgeDestroyed" => EventKind::BridgeDestroyed {
                bridge: self.bridge("bridge")?,
            },
            "BridgeMerged" => EventKind::BridgeMerged {
                bridge: self.bridge("bridge")?,
                bridge_from: self.bridge("bridge_from")?,
            },
            "BridgeBlindTransfer" => EventKind::BridgeBlindTransfer(Box::new(BlindTransfer {
                channel: *self.channel("channel")?,
                exten: self.fields.string("exten"),
                context: self.fields.string("context"),
                result: self.fields.string("result"),
                is_external: self.fields.boolean("is_external"),
                transferee: self.fields.object("transferee"),
                replace_channel: self.fields.object("replace_channel"),
                bridge: self.fields.object("bridge"),
            })),
            "BridgeAttendedTransfer" => {
                EventKind::BridgeAttendedTransfer(Box::new(AttendedTransfer {
                    transferer_first_leg: *self.channel("transferer_first_leg")?,
                    transferer_second_leg: *self.channel("transferer_second_leg")?,
                    result: self.fields.string("result"),
                    is_external: self.fields.boolean("is_external"),
                    destination_type: self.fields.string("destination_type"),
                    destination_bridge: self.fields.string("destination_bridge"),
                    destination_application: self.fields.string("destination_application"),
                    transferee: self.fields.object("transferee"),
                    transfer_target: self.fields.object("transfer_target"),
                    replace_channel: self.fields.object("replace_channel"),
                    transferer_first_leg_bridge: self.fields.object("transferer_first_leg_bridge"),
                    transferer_second_leg_bridge: self
                        .fields
                        .object("transferer_second_leg_bridge"),
                }))
            }
            _ => EventKind::Other {
                event_type: name.to_owned(),
            },
        })
    }

    fn missing(&self, member: &'static str) -> EventError {
        EventError::Missing {
            event: self.event.clone(),
            member,
        }
    }

    fn channel(&mut self, member: &'static str) -> Result<Box<Channel>, EventError> {
        let channel: Option<Box<Channel>> = self.fields.boxed(member);
        channel
            .filter(|channel| !channel.id.is_empty())
            .ok_or_else(|| self.missing(member))
    }

    fn bridge(&mut self, member: &'static str) -> Result<Box<Bridge>, EventError> {
        let bridge: Option<Box<Bridge>> = self.fields.boxed(member);
        bridge
            .filter(|bridge| !bridge.id.is_empty())
            .ok_or_else(|| self.missing(member))
    }

    fn playback(&mut self) -> Result<Playback, EventError> {
        self.fields
            .object("playback")
            .ok_or_else(|| self.missing("playback"))
    }

    fn recording(&mut self) -> Result<LiveRecording, EventError> {
        self.fields
            .object("recording")
            .ok_or_else(|| self.missing("recording"))
    }

    fn endpoint(&mut self) -> Result<Endpoint, EventError> {
        self.fields
            .object("endpoint")
            .ok_or_else(|| self.missing("endpoint"))
    }

    fn peer_status(&mut self) -> String {
        let peer: Map<String, Value> = self.fields.object("peer").unwrap_or_default();
        Fields::from(peer).string("peer_status")
    }

    fn device_state(&mut self) -> Result<DeviceState, EventError> {
        let state: Option<Map<String, Value>> = self.fields.object("device_state");
        let mut state = Fields::from(state.ok_or_else(|| self.missing("device_state"))?);
        Ok(DeviceState {
            name: state.string("name"),
            state: state.string("state"),
        })
    }
}
