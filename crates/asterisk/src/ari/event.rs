//! What Asterisk tells: one JSON message of the WebSocket as a typed value.
//!
//! Unknown events and members are kept, never an error. No input panics or grows beyond its own size.

use serde_json::{Map, Value};

mod parts;

use super::bridges::Bridge;
use super::channels::Channel;
use super::device_states::DeviceState;
use super::endpoints::{ContactInfo, Endpoint};
use super::playbacks::Playback;
use super::recordings::LiveRecording;
use parts::Parts;

/// A larger event is refused. Real ones stay below 4 KB; user events carry what their sender likes.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// Why a message is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    #[error("an event of {bytes} bytes is over the limit of {MAX_EVENT_BYTES}")]
    TooLarge { bytes: usize },
    /// Not JSON, not UTF-8, nested more than 127 deep, or not an object.
    #[error("not a JSON object: {0}")]
    NotJson(String),
    /// A member without which the event means nothing.
    #[error("{event} without its {member}")]
    Missing { event: String, member: &'static str },
}

/// One event.
///
/// ```
/// use cordboard_asterisk::ari::{Event, EventKind};
/// let event = Event::parse(br#"{"type":"StasisStart","application":"acd","timestamp":"","args":["sales"],
///     "channel":{"id":"1795222036.0","state":"Up","caller":{"name":"","number":"5550177"}}}"#)?;
/// let EventKind::StasisStart { channel, args, .. } = event.kind else { panic!("typed") };
/// assert_eq!((channel.caller.number.as_str(), args[0].as_str()), ("5550177", "sales"));
/// # Ok::<(), cordboard_asterisk::ari::EventError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The application it was sent to.
    pub application: String,
    /// When Asterisk made it; see [`super::timestamp`].
    pub timestamp: String,
    /// Which Asterisk.
    pub asterisk_id: String,
    pub kind: EventKind,
    /// Members this crate does not know. Of [`EventKind::Other`], all.
    pub extra: Map<String, Value>,
}

/// What happened. Named as in Asterisk's documentation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// A channel entered the application. Inbound callers, and our own channels when they answer (or, made by
    /// `create`, at once).
    StasisStart {
        channel: Box<Channel>,
        args: Vec<String>,
        replace_channel: Option<Box<Channel>>,
    },
    /// A channel left the application: for inbound callers this is the last event.
    StasisEnd {
        channel: Box<Channel>,
    },
    /// Only with `subscribe_all`.
    ChannelCreated {
        channel: Box<Channel>,
    },
    /// The end of a channel that was made with `app=`. `cause` is Q.850; an originate that nobody answered in time
    /// ends with 19, on Asterisk 16 with 0.
    ChannelDestroyed {
        channel: Box<Channel>,
        cause: i64,
        cause_txt: String,
        tech_cause: Option<i64>,
    },
    ChannelStateChange {
        channel: Box<Channel>,
    },
    /// Someone wants it to end. `cause` is not reliable: 32 is a flag, not Q.850; a remote BYE often has none.
    ChannelHangupRequest {
        channel: Box<Channel>,
        cause: Option<i64>,
        tech_cause: Option<i64>,
        soft: bool,
    },
    ChannelDtmfReceived {
        channel: Box<Channel>,
        digit: String,
        duration_ms: i64,
    },
    ChannelEnteredBridge {
        bridge: Box<Bridge>,
        channel: Box<Channel>,
    },
    ChannelLeftBridge {
        bridge: Box<Bridge>,
        channel: Box<Channel>,
    },
    /// `None`: a global variable.
    ChannelVarset {
        channel: Option<Box<Channel>>,
        variable: String,
        value: String,
    },
    ChannelDialplan {
        channel: Box<Channel>,
        dialplan_app: String,
        dialplan_app_data: String,
    },
    ChannelCallerId {
        channel: Box<Channel>,
        presentation: i64,
        presentation_txt: String,
    },
    ChannelConnectedLine {
        channel: Box<Channel>,
    },
    ChannelHold {
        channel: Box<Channel>,
        musicclass: String,
    },
    ChannelUnhold {
        channel: Box<Channel>,
    },
    ChannelTalkingStarted {
        channel: Box<Channel>,
    },
    /// `duration` in milliseconds.
    ChannelTalkingFinished {
        channel: Box<Channel>,
        duration: i64,
    },
    ChannelUserevent {
        eventname: String,
        userevent: Value,
        channel: Option<Box<Channel>>,
        bridge: Option<Box<Bridge>>,
        endpoint: Option<Endpoint>,
    },
    /// Only with `subscribe_all`.
    BridgeCreated {
        bridge: Box<Bridge>,
    },
    BridgeDestroyed {
        bridge: Box<Bridge>,
    },
    BridgeMerged {
        bridge: Box<Bridge>,
        bridge_from: Box<Bridge>,
    },
    BridgeBlindTransfer(Box<BlindTransfer>),
    BridgeAttendedTransfer(Box<AttendedTransfer>),
    /// `dialstatus` is empty at the start, then `RINGING`, `PROGRESS`, `ANSWER`, `BUSY`, `NOANSWER` …; an originate
    /// that times out has no last one.
    Dial {
        peer: Box<Channel>,
        caller: Option<Box<Channel>>,
        forwarded: Option<Box<Channel>>,
        forward: String,
        dialstring: String,
        dialstatus: String,
    },
    PlaybackStarted {
        playback: Playback,
    },
    PlaybackContinuing {
        playback: Playback,
    },
    PlaybackFinished {
        playback: Playback,
    },
    RecordingStarted {
        recording: LiveRecording,
    },
    RecordingFinished {
        recording: LiveRecording,
    },
    RecordingFailed {
        recording: LiveRecording,
    },
    EndpointStateChange {
        endpoint: Endpoint,
    },
    ContactStatusChange {
        endpoint: Endpoint,
        contact_info: ContactInfo,
    },
    PeerStatusChange {
        endpoint: Endpoint,
        peer_status: String,
    },
    DeviceStateChanged {
        device_state: DeviceState,
    },
    /// Another WebSocket took the application over; this one stays open and hears nothing more.
    ApplicationReplaced,
    /// An event this crate does not type. Its members are in [`Event::extra`].
    Other {
        event_type: String,
    },
}

/// A phone sent REFER inside one of our bridges.
#[derive(Debug, Clone, PartialEq)]
pub struct BlindTransfer {
    /// Who transferred.
    pub channel: Channel,
    pub exten: String,
    pub context: String,
    /// `Success`, `Fail`, `Invalid`, `Not Permitted`.
    pub result: String,
    pub is_external: bool,
    pub transferee: Option<Channel>,
    /// Stands in the bridge in place of the one who transferred.
    pub replace_channel: Option<Channel>,
    pub bridge: Option<Bridge>,
}

/// A phone joined its two calls.
#[derive(Debug, Clone, PartialEq)]
pub struct AttendedTransfer {
    pub transferer_first_leg: Channel,
    pub transferer_second_leg: Channel,
    pub result: String,
    pub is_external: bool,
    /// `bridge`, `application`, `link`, `threeway` or `fail`.
    pub destination_type: String,
    pub destination_bridge: String,
    pub destination_application: String,
    pub transferee: Option<Channel>,
    pub transfer_target: Option<Channel>,
    pub replace_channel: Option<Channel>,
    pub transferer_first_leg_bridge: Option<Bridge>,
    pub transferer_second_leg_bridge: Option<Bridge>,
}

impl Event {
    /// Reads one WebSocket message.
    pub fn parse(message: &[u8]) -> Result<Self, EventError> {
        if message.len() > MAX_EVENT_BYTES {
            return Err(EventError::TooLarge {
                bytes: message.len(),
            });
        }
        let members: Map<String, Value> = serde_json::from_slice(message)
            .map_err(|error| EventError::NotJson(error.to_string()))?;
        Self::from_members(members)
    }

    pub(crate) fn from_members(members: Map<String, Value>) -> Result<Self, EventError> {
        let mut parts = Parts::of(members);
        if parts.event.is_empty() {
            return Err(EventError::Missing {
                event: "a message".into(),
                member: "type",
            });
        }
        let application = parts.fields.string("application");
        let timestamp = parts.fields.string("timestamp");
        let asterisk_id = parts.fields.string("asterisk_id");
        let kind = parts.kind()?;
        Ok(Self {
            application,
            timestamp,
            asterisk_id,
            kind,
            extra: parts.fields.rest(),
        })
    }

    /// How many members this crate does not know, those of nested channels and bridges included.
    pub fn unknown_members(&self) -> usize {
        let nested = match &self.kind {
            EventKind::ChannelEnteredBridge { bridge, channel }
            | EventKind::ChannelLeftBridge { bridge, channel } => {
                bridge.extra.len() + channel.extra.len()
            }
            kind => kind.channel().map_or(0, |channel| channel.extra.len()),
        };
        self.extra.len() + nested
    }
}

impl EventKind {
    /// The channel it is about; of Dial, the one being dialled.
    pub fn channel(&self) -> Option<&Channel> {
        match self {
            Self::StasisStart { channel, .. }
            | Self::StasisEnd { channel }
            | Self::ChannelCreated { channel }
            | Self::ChannelDestroyed { channel, .. }
            | Self::ChannelStateChange { channel }
            | Self::ChannelHangupRequest { channel, .. }
            | Self::ChannelDtmfReceived { channel, .. }
            | Self::ChannelEnteredBridge { channel, .. }
            | Self::ChannelLeftBridge { channel, .. }
            | Self::ChannelDialplan { channel, .. }
            | Self::ChannelCallerId { channel, .. }
            | Self::ChannelConnectedLine { channel }
            | Self::ChannelHold { channel, .. }
            | Self::ChannelUnhold { channel }
            | Self::ChannelTalkingStarted { channel }
            | Self::ChannelTalkingFinished { channel, .. }
            | Self::Dial { peer: channel, .. } => Some(channel),
            Self::ChannelVarset { channel, .. } | Self::ChannelUserevent { channel, .. } => {
                channel.as_deref()
            }
            Self::BridgeBlindTransfer(transfer) => Some(&transfer.channel),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn unknown_events_and_members_survive_and_are_counted() {
        let event = Event::parse(
            br#"{"type":"ChannelTeleported","timestamp":"t","channel":{"id":"1"},"where":"moon","application":"a"}"#,
        )
        .unwrap();
        assert_eq!(
            event.kind,
            EventKind::Other {
                event_type: "ChannelTeleported".into()
            }
        );
        assert_eq!(event.extra["where"], "moon");
        assert_eq!(event.unknown_members(), 2);

        let event = Event::parse(
            br#"{"type":"StasisEnd","channel":{"id":"1","colour":"red","tenantid":"x"},"mood":1}"#,
        )
        .unwrap();
        assert_eq!(event.unknown_members(), 3);
    }

    #[test]
    fn null_and_missing_optional_members_are_no_error() {
        let event = Event::parse(
            br#"{"type":"ChannelDestroyed","channel":{"id":"1","name":null,"caller":null},"cause":null}"#,
        )
        .unwrap();
        let EventKind::ChannelDestroyed {
            channel,
            cause,
            tech_cause,
            ..
        } = event.kind
        else {
            panic!("{:?}", event.kind)
        };
        assert_eq!((channel.name.as_str(), cause, tech_cause), ("", 0, None));
    }

    #[test]
    fn what_cannot_be_an_event_is_refused() {
        let no_type = Event::parse(b"{}").unwrap_err();
        assert_eq!(
            no_type,
            EventError::Missing {
                event: "a message".into(),
                member: "type"
            }
        );
        let no_channel = Event::parse(br#"{"type":"StasisStart"}"#).unwrap_err();
        assert_eq!(
            no_channel,
            EventError::Missing {
                event: "StasisStart".into(),
                member: "channel"
            }
        );
        assert!(matches!(Event::parse(b"[1]"), Err(EventError::NotJson(_))));
        assert!(matches!(
            Event::parse(&[0xff, 0xfe]),
            Err(EventError::NotJson(_))
        ));
        let deep = [b"{\"type\":\"x\",\"a\":".as_slice(), &vec![b'['; 100_000]].concat();
        assert!(matches!(Event::parse(&deep), Err(EventError::NotJson(_))));
        let large = vec![b' '; MAX_EVENT_BYTES + 1];
        assert_eq!(
            Event::parse(&large),
            Err(EventError::TooLarge {
                bytes: MAX_EVENT_BYTES + 1
            })
        );
    }
}
