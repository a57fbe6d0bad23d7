//! Channels: one leg each, from Asterisk to a phone or trunk.
//!
//! Nothing here remembers a channel; every call is one request. Ids are the caller's to choose: pass `channel_id`
//! and no answer has to arrive before events of the new channel can be understood. Channels that enter our
//! application, and those created or originated with `app=` ours, are subscribed by Asterisk itself; only others need
//! [`Applications::subscribe`](super::Applications::subscribe).

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::fields::Fields;
use super::playbacks::Playback;
use super::recordings::{LiveRecording, Record};
use super::rest::{Request, RestError};
use super::way::Way;

/// One channel, as Asterisk describes it in events and answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct Channel {
    pub id: String,
    /// `PJSIP/101-00000001`; reused after a restart of Asterisk.
    pub name: String,
    pub state: ChannelState,
    /// The SIP Call-ID; empty from older releases and for other technologies.
    pub protocol_id: String,
    pub caller: CallerId,
    pub connected: CallerId,
    pub accountcode: String,
    pub dialplan: DialplanPosition,
    /// See [`super::timestamp`].
    pub creationtime: String,
    pub language: String,
    /// The number that was redirected from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub caller_rdnis: String,
    /// Variables that `ari.conf` asks to be sent with every channel.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub channelvars: Map<String, Value>,
    /// Members this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl From<Map<String, Value>> for Channel {
    fn from(members: Map<String, Value>) -> Self {
        let mut fields = Fields::from(members);
        Self {
            id: fields.string("id"),
            name: fields.string("name"),
            state: ChannelState::from(fields.string("state")),
            protocol_id: fields.string("protocol_id"),
            caller: fields.object("caller").unwrap_or_default(),
            connected: fields.object("connected").unwrap_or_default(),
            accountcode: fields.string("accountcode"),
            dialplan: fields.object("dialplan").unwrap_or_default(),
            creationtime: fields.string("creationtime"),
            language: fields.string("language"),
            caller_rdnis: fields.string("caller_rdnis"),
            channelvars: fields.object("channelvars").unwrap_or_default(),
            extra: fields.rest(),
        }
    }
}

/// Name and number of a party; both may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct CallerId {
    pub name: String,
    pub number: String,
}

impl From<Map<String, Value>> for CallerId {
    fn from(members: Map<String, Value>) -> Self {
        let mut fields = Fields::from(members);
        Self {
            name: fields.string("name"),
            number: fields.string("number"),
        }
    }
}

/// Where in the dialplan a channel is, and which application it executes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct DialplanPosition {
    pub context: String,
    pub exten: String,
    pub priority: i64,
    /// `Stasis` while an ARI application has the channel; empty from older releases.
    pub app_name: String,
    /// `application,argument,…` when `app_name` is `Stasis`.
    pub app_data: String,
}

impl From<Map<String, Value>> for DialplanPosition {
    fn from(members: Map<String, Value>) -> Self {
        let mut fields = Fields::from(members);
        Self {
            context: fields.string("context"),
            exten: fields.string("exten"),
            priority: fields.integer("priority").unwrap_or_default(),
            app_name: fields.string("app_name"),
            app_data: fields.string("app_data"),
        }
    }
}

/// What a channel's technology says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum ChannelState {
    #[default]
    Down,
    Reserved,
    OffHook,
    Dialing,
    /// An inbound channel that was not answered yet.
    Ring,
    /// An outbound channel whose far end alerts.
    Ringing,
    Up,
    Busy,
    /// A state this crate does not name, with Asterisk's text.
    Other(String),
}

impl ChannelState {
    /// Asterisk's text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Down => "Down",
            Self::Reserved => "Rsrved",
            Self::OffHook => "OffHook",
            Self::Dialing => "Dialing",
            Self::Ring => "Ring",
            Self::Ringing => "Ringing",
            Self::Up => "Up",
            Self::Busy => "Busy",
            Self::Other(text) => text,
        }
    }
}

impl From<String> for ChannelState {
    fn from(text: String) -> Self {
        match text.as_str() {
            "Down" => Self::Down,
            "Rsrved" => Self::Reserved,
            "OffHook" => Self::OffHook,
            "Dialing" => Self::Dialing,
            "Ring" => Self::Ring,
            "Ringing" => Self::Ringing,
            "Up" => Self::Up,
            "Busy" => Self::Busy,
            _ => Self::Other(text),
        }
    }
}

impl Serialize for ChannelState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for ChannelState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// `POST /channels`: create and dial at once. The channel enters the application when it is answered.
#[derive(Debug, Clone, Default)]
pub struct Originate {
    /// `PJSIP/101`, `PJSIP/5550100@trunk`, `Local/600@internal`.
    pub endpoint: String,
    /// The id of the new channel.
    pub channel_id: String,
    /// The id of the second half, for Local channels.
    pub other_channel_id: Option<String>,
    /// The Stasis application to enter; `None` uses `context`, `extension` and `priority`.
    pub app: Option<String>,
    /// Comma separated arguments of `StasisStart`.
    pub app_args: Option<String>,
    pub context: Option<String>,
    pub extension: Option<String>,
    pub priority: Option<u32>,
    /// `"Name" <number>` or the number alone. It also becomes the caller's connected line.
    pub caller_id: Option<String>,
    /// How long to ring, whole seconds; Asterisk's default is 30.
    pub timeout: Option<Duration>,
    /// The channel on whose behalf this one is made: gives it the same linkedid and codecs.
    pub originator: Option<String>,
    pub variables: Vec<(String, String)>,
}

/// `POST /channels/create`: create without dialling. The channel is in the application at once and state `Down`.
#[derive(Debug, Clone, Default)]
pub struct Create {
    pub endpoint: String,
    /// The id of the new channel.
    pub channel_id: String,
    pub other_channel_id: Option<String>,
    pub app: String,
    pub app_args: Option<String>,
    pub originator: Option<String>,
    pub variables: Vec<(String, String)>,
}

/// Why a channel is hung up, as far as the far end can be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HangupReason {
    #[default]
    Normal,
    Busy,
    Congestion,
    NoAnswer,
    /// A phone that stops ringing shows no missed call.
    AnsweredElsewhere,
    /// A Q.850 cause (`reason_code`, Asterisk 16.8 and later).
    Cause(u8),
}

/// The calls of `/channels`.
#[derive(Debug, Clone, Copy)]
pub struct Channels<'a> {
    pub(super) core: &'a Way,
}

impl Channels<'_> {
    pub async fn list(&self) -> Result<Vec<Channel>, RestError> {
        self.core.send_for(Request::get(&["channels"])).await
    }

    pub async fn get(&self, id: &str) -> Result<Channel, RestError> {
        self.core.send_for(Request::get(&["channels", id])).await
    }

    /// An unknown or unregistered endpoint is refused with 500 `Allocation failed`, by some releases with 409; busy, declined and silent phones are told by
    /// `ChannelDestroyed` alone. A repeated id is refused with 409.
    pub async fn originate(&self, what: &Originate) -> Result<Channel, RestError> {
        let timeout = what
            .timeout
            .map(|timeout| timeout.as_secs().max(1).to_string());
        let priority = what.priority.map(|priority| priority.to_string());
        let request = Request::post(&["channels"])
            .query("endpoint", &what.endpoint)
            .query("channelId", &what.channel_id)
            .query_some("otherChannelId", what.other_channel_id.as_deref())
            .query_some("app", what.app.as_deref())
            .query_some("appArgs", what.app_args.as_deref())
            .query_some("context", what.context.as_deref())
            .query_some("extension", what.extension.as_deref())
            .query_some("priority", priority.as_deref())
            .query_some("callerId", what.caller_id.as_deref())
            .query_some("timeout", timeout.as_deref())
            .query_some("originator", what.originator.as_deref())
            .variables(&what.variables);
        self.core.send_for(request).await
    }

    pub async fn create(&self, what: &Create) -> Result<Channel, RestError> {
        let request = Request::post(&["channels", "create"])
            .query("endpoint", &what.endpoint)
            .query("channelId", &what.channel_id)
            .query_some("otherChannelId", what.other_channel_id.as_deref())
            .query("app", &what.app)
            .query_some("appArgs", what.app_args.as_deref())
            .query_some("originator", what.originator.as_deref())
            .variables(&what.variables);
        self.core.send_for(request).await
    }

    /// Dials a channel made by [`Self::create`]. Naming the caller makes Asterisk send its `ChannelDestroyed` as well.
    pub async fn dial(
        &self,
        id: &str,
        caller: Option<&str>,
        timeout: Option<Duration>,
    ) -> Result<(), RestError> {
        let timeout = timeout.map(|timeout| timeout.as_secs().max(1).to_string());
        let request = Request::post(&["channels", id, "dial"])
            .query_some("caller", caller)
            .query_some("timeout", timeout.as_deref());
        self.core.send(request).await
    }

    pub async fn answer(&self, id: &str) -> Result<(), RestError> {
        self.core
            .send(Request::post(&["channels", id, "answer"]).waiting_for_channel())
            .await
    }

    pub async fn hang_up(&self, id: &str, reason: HangupReason) -> Result<(), RestError> {
        let request = Request::delete(&["channels", id]);
        let request = match reason {
            HangupReason::Normal => request.query("reason", "normal"),
            HangupReason::Busy => request.query("reason", "busy"),
            HangupReason::Congestion => request.query("reason", "congestion"),
            HangupReason::NoAnswer => request.query("reason", "no_answer"),
            HangupReason::AnsweredElsewhere => request.query("reason", "answered_elsewhere"),
            HangupReason::Cause(cause) => request.query("reason_code", &cause.to_string()),
        };
        self.core.send(request).await
    }

    /// Indicates ringing to an inbound caller.
    pub async fn ring(&self, id: &str) -> Result<(), RestError> {
        self.post(id, "ring").await
    }

    pub async fn stop_ring(&self, id: &str) -> Result<(), RestError> {
        self.delete(id, "ring").await
    }

    /// Music from `class`, or Asterisk's default class.
    pub async fn start_moh(&self, id: &str, class: Option<&str>) -> Result<(), RestError> {
        self.core
            .send(Request::post(&["channels", id, "moh"]).query_some("mohClass", class))
            .await
    }

    pub async fn stop_moh(&self, id: &str) -> Result<(), RestError> {
        self.delete(id, "moh").await
    }

    /// Tells the far end that it is on hold.
    pub async fn hold(&self, id: &str) -> Result<(), RestError> {
        self.post(id, "hold").await
    }

    pub async fn unhold(&self, id: &str) -> Result<(), RestError> {
        self.delete(id, "hold").await
    }

    /// `direction`: `both`, `in` or `out`.
    pub async fn mute(&self, id: &str, direction: &str) -> Result<(), RestError> {
        self.core
            .send(Request::post(&["channels", id, "mute"]).query("direction", direction))
            .await
    }

    pub async fn unmute(&self, id: &str, direction: &str) -> Result<(), RestError> {
        self.core
            .send(Request::delete(&["channels", id, "mute"]).query("direction", direction))
            .await
    }

    pub async fn send_dtmf(&self, id: &str, digits: &str) -> Result<(), RestError> {
        self.core
            .send(Request::post(&["channels", id, "dtmf"]).query("dtmf", digits))
            .await
    }

    /// Plays `media` (`sound:hello-world`, `recording:name`, `digits:42`; several separated by commas).
    /// Media that cannot be played is told by `PlaybackFinished` with state `failed`, not here.
    pub async fn play(
        &self,
        id: &str,
        playback_id: &str,
        media: &str,
    ) -> Result<Playback, RestError> {
        let request = Request::post(&["channels", id, "play", playback_id]).query("media", media);
        self.core.send_for(request).await
    }

    /// Refused while the channel is in a bridge: then record the bridge, or a snoop channel.
    pub async fn record(&self, id: &str, record: &Record) -> Result<LiveRecording, RestError> {
        self.core
            .send_for(record.onto(Request::post(&["channels", id, "record"])))
            .await
    }

    /// The value, empty when the variable is; 404 for a variable that does not exist.
    pub async fn variable(&self, id: &str, name: &str) -> Result<String, RestError> {
        let request = Request::get(&["channels", id, "variable"]).query("variable", name);
        self.core
            .send_for::<Variable>(request)
            .await
            .map(|variable| variable.value)
    }

    pub async fn set_variable(&self, id: &str, name: &str, value: &str) -> Result<(), RestError> {
        let request = Request::post(&["channels", id, "variable"])
            .query("variable", name)
            .query("value", value)
            .waiting_for_channel();
        self.core.send(request).await
    }

    /// Lets the channel leave the application and go on in the dialplan; without a place, at the next priority.
    pub async fn continue_in_dialplan(
        &self,
        id: &str,
        place: Option<(&str, &str, u32)>,
    ) -> Result<(), RestError> {
        let mut request = Request::post(&["channels", id, "continue"]);
        if let Some((context, extension, priority)) = place {
            request = request
                .query("context", context)
                .query("extension", extension)
                .query("priority", &priority.to_string());
        }
        self.core.send(request).await
    }

    /// Hands the channel to another application.
    pub async fn move_to(
        &self,
        id: &str,
        app: &str,
        app_args: Option<&str>,
    ) -> Result<(), RestError> {
        let request = Request::post(&["channels", id, "move"])
            .query("app", app)
            .query_some("appArgs", app_args);
        self.core.send(request).await
    }

    /// Tells the far end to call `endpoint` instead (SIP 302).
    pub async fn redirect(&self, id: &str, endpoint: &str) -> Result<(), RestError> {
        self.core
            .send(Request::post(&["channels", id, "redirect"]).query("endpoint", endpoint))
            .await
    }

    /// A channel that hears (`spy`) and speaks into (`whisper`) another: `both`, `in`, `out` or `none` each.
    pub async fn snoop(
        &self,
        id: &str,
        snoop_id: &str,
        (spy, whisper): (&str, &str),
        app: &str,
        app_args: Option<&str>,
    ) -> Result<Channel, RestError> {
        let request = Request::post(&["channels", id, "snoop", snoop_id])
            .query("spy", spy)
            .query("whisper", whisper)
            .query("app", app)
            .query_some("appArgs", app_args);
        self.core.send_for(request).await
    }

    async fn post(&self, id: &str, what: &str) -> Result<(), RestError> {
        self.core.send(Request::post(&["channels", id, what])).await
    }

    async fn delete(&self, id: &str, what: &str) -> Result<(), RestError> {
        self.core
            .send(Request::delete(&["channels", id, what]))
            .await
    }
}

#[derive(Deserialize)]
pub(super) struct Variable {
    #[serde(default)]
    pub(super) value: String,
}
