//! Bridges: where channels hear each other.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::Fields;
use super::playbacks::Playback;
use super::recordings::{LiveRecording, Record};
use super::rest::{Request, RestError};
use super::way::Way;

/// One bridge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct Bridge {
    pub id: String,
    /// `simple_bridge`, `native_rtp`, `softmix`, `holding_bridge`; changes while the bridge lives.
    pub technology: String,
    /// `mixing` or `holding`.
    pub bridge_type: String,
    pub bridge_class: String,
    pub creator: String,
    pub name: String,
    /// Ids of the channels in it.
    pub channels: Vec<String>,
    pub creationtime: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub video_mode: String,
    /// Members this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl From<Map<String, Value>> for Bridge {
    fn from(members: Map<String, Value>) -> Self {
        let mut fields = Fields::from(members);
        Self {
            id: fields.string("id"),
            technology: fields.string("technology"),
            bridge_type: fields.string("bridge_type"),
            bridge_class: fields.string("bridge_class"),
            creator: fields.string("creator"),
            name: fields.string("name"),
            channels: fields.strings("channels"),
            creationtime: fields.string("creationtime"),
            video_mode: fields.string("video_mode"),
            extra: fields.rest(),
        }
    }
}

/// How channels join a bridge.
#[derive(Debug, Clone, Copy, Default)]
pub struct Join<'a> {
    /// In holding bridges: `participant` (hears music) or `announcer`.
    pub role: Option<&'a str>,
    pub absorb_dtmf: bool,
    pub mute: bool,
    /// Keeps the other party's identity from being sent to the phones (Asterisk 18 and later).
    pub inhibit_connected_line_updates: bool,
}

/// The calls of `/bridges`.
#[derive(Debug, Clone, Copy)]
pub struct Bridges<'a> {
    pub(super) core: &'a Way,
}

impl Bridges<'_> {
    pub async fn list(&self) -> Result<Vec<Bridge>, RestError> {
        self.core.send_for(Request::get(&["bridges"])).await
    }

    pub async fn get(&self, id: &str) -> Result<Bridge, RestError> {
        self.core.send_for(Request::get(&["bridges", id])).await
    }

    /// `kind`: `mixing`, `holding`, or with options as in `mixing,dtmf_events`. A repeated id is refused with 409
    /// when the kind differs.
    pub async fn create(&self, id: &str, kind: &str, name: &str) -> Result<Bridge, RestError> {
        let request = Request::post(&["bridges", id])
            .query("type", kind)
            .query("name", name);
        self.core.send_for(request).await
    }

    pub async fn destroy(&self, id: &str) -> Result<(), RestError> {
        self.core.send(Request::delete(&["bridges", id])).await
    }

    /// Adds channels, or moves them from the bridge they are in. The answer waits until a playback on each has ended.
    pub async fn add_channels(
        &self,
        id: &str,
        channels: &[&str],
        join: Join<'_>,
    ) -> Result<(), RestError> {
        let mut request = Request::post(&["bridges", id, "addChannel"])
            .query("channel", &channels.join(","))
            .query_some("role", join.role)
            .waiting_for_channel();
        let flags = [
            ("absorbDTMF", join.absorb_dtmf),
            ("mute", join.mute),
            (
                "inhibitConnectedLineUpdates",
                join.inhibit_connected_line_updates,
            ),
        ];
        for (name, set) in flags {
            if set {
                request = request.query(name, "true");
            }
        }
        self.core.send(request).await
    }

    pub async fn remove_channels(&self, id: &str, channels: &[&str]) -> Result<(), RestError> {
        let request = Request::post(&["bridges", id, "removeChannel"])
            .query("channel", &channels.join(","))
            .waiting_for_channel();
        self.core.send(request).await
    }

    /// Music for everyone in the bridge.
    pub async fn start_moh(&self, id: &str, class: Option<&str>) -> Result<(), RestError> {
        self.core
            .send(Request::post(&["bridges", id, "moh"]).query_some("mohClass", class))
            .await
    }

    /// Refused with 409 when no music plays.
    pub async fn stop_moh(&self, id: &str) -> Result<(), RestError> {
        self.core
            .send(Request::delete(&["bridges", id, "moh"]))
            .await
    }

    pub async fn play(
        &self,
        id: &str,
        playback_id: &str,
        media: &str,
    ) -> Result<Playback, RestError> {
        let request = Request::post(&["bridges", id, "play", playback_id]).query("media", media);
        self.core.send_for(request).await
    }

    /// A name that exists is refused with 409 unless the recording says `overwrite` or `append`.
    pub async fn record(&self, id: &str, record: &Record) -> Result<LiveRecording, RestError> {
        self.core
            .send_for(record.onto(Request::post(&["bridges", id, "record"])))
            .await
    }
}
