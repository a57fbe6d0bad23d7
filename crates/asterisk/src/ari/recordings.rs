//! Recordings: live ones, and the files they leave behind.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::Fields;
use super::rest::{Request, RestError};
use super::way::Way;

/// A recording in progress, or the end of one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct LiveRecording {
    /// May contain slashes; Asterisk makes the folders.
    pub name: String,
    pub format: String,
    /// `queued`, `recording`, `paused`, `done`, `failed`, `canceled`.
    pub state: String,
    /// `channel:ID` or `bridge:ID`.
    pub target_uri: String,
    /// Seconds, when it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talking_duration: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence_duration: Option<i64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// Members this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl From<Map<String, Value>> for LiveRecording {
    fn from(members: Map<String, Value>) -> Self {
        let mut fields = Fields::from(members);
        Self {
            name: fields.string("name"),
            format: fields.string("format"),
            state: fields.string("state"),
            target_uri: fields.string("target_uri"),
            duration: fields.integer("duration"),
            talking_duration: fields.integer("talking_duration"),
            silence_duration: fields.integer("silence_duration"),
            cause: fields.string("cause"),
            extra: fields.rest(),
        }
    }
}

/// A recording on Asterisk's disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredRecording {
    pub name: String,
    pub format: String,
}

/// What happens when the name exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IfExists {
    #[default]
    Fail,
    Overwrite,
    Append,
}

/// How to record a channel or bridge.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub name: String,
    /// `wav`, `wav49`, `ulaw` … as Asterisk names formats; empty means `wav`.
    pub format: String,
    pub if_exists: IfExists,
    /// `None`: no limit.
    pub max_duration: Option<Duration>,
    pub max_silence: Option<Duration>,
    pub beep: bool,
    /// `none`, `any`, `*` or `#`.
    pub terminate_on: Option<String>,
}

impl Record {
    pub(super) fn onto(&self, request: Request) -> Request {
        let seconds = |limit: Option<Duration>| limit.unwrap_or_default().as_secs().to_string();
        let if_exists = match self.if_exists {
            IfExists::Fail => "fail",
            IfExists::Overwrite => "overwrite",
            IfExists::Append => "append",
        };
        request
            .query("name", &self.name)
            .query(
                "format",
                if self.format.is_empty() {
                    "wav"
                } else {
                    &self.format
                },
            )
            .query("maxDurationSeconds", &seconds(self.max_duration))
            .query("maxSilenceSeconds", &seconds(self.max_silence))
            .query("ifExists", if_exists)
            .query("beep", if self.beep { "true" } else { "false" })
            .query_some("terminateOn", self.terminate_on.as_deref())
    }
}

/// The calls of `/recordings`.
#[derive(Debug, Clone, Copy)]
pub struct Recordings<'a> {
    pub(super) core: &'a Way,
}

impl Recordings<'_> {
    pub async fn live(&self, name: &str) -> Result<LiveRecording, RestError> {
        self.core
            .send_for(Request::get(&["recordings", "live", name]))
            .await
    }

    /// Ends a live recording and keeps the file.
    pub async fn stop(&self, name: &str) -> Result<(), RestError> {
        self.live_post(name, "stop").await
    }

    /// Ends a live recording and throws the file away.
    pub async fn discard(&self, name: &str) -> Result<(), RestError> {
        self.core
            .send(Request::delete(&["recordings", "live", name]))
            .await
    }

    /// Refused with 409 before the recording has begun.
    pub async fn pause(&self, name: &str) -> Result<(), RestError> {
        self.live_post(name, "pause").await
    }

    pub async fn resume(&self, name: &str) -> Result<(), RestError> {
        self.live_delete(name, "pause").await
    }

    /// Records silence until [`Self::unmute`]: the length of the file stays that of the call.
    pub async fn mute(&self, name: &str) -> Result<(), RestError> {
        self.live_post(name, "mute").await
    }

    pub async fn unmute(&self, name: &str) -> Result<(), RestError> {
        self.live_delete(name, "mute").await
    }

    pub async fn list_stored(&self) -> Result<Vec<StoredRecording>, RestError> {
        self.core
            .send_for(Request::get(&["recordings", "stored"]))
            .await
    }

    pub async fn stored(&self, name: &str) -> Result<StoredRecording, RestError> {
        self.core
            .send_for(Request::get(&["recordings", "stored", name]))
            .await
    }

    /// The audio, at most [`MAX_ANSWER_BYTES`](super::MAX_ANSWER_BYTES) of it.
    pub async fn stored_file(&self, name: &str) -> Result<Vec<u8>, RestError> {
        let request = Request::get(&["recordings", "stored", name, "file"]);
        self.core
            .answer_over_http(request)
            .await
            .map(|answer| answer.body)
    }

    pub async fn copy_stored(&self, name: &str, to: &str) -> Result<StoredRecording, RestError> {
        let request = Request::post(&["recordings", "stored", name, "copy"])
            .query("destinationRecordingName", to);
        self.core.send_for(request).await
    }

    pub async fn delete_stored(&self, name: &str) -> Result<(), RestError> {
        self.core
            .send(Request::delete(&["recordings", "stored", name]))
            .await
    }

    async fn live_post(&self, name: &str, what: &str) -> Result<(), RestError> {
        self.core
            .send(Request::post(&["recordings", "live", name, what]))
            .await
    }

    async fn live_delete(&self, name: &str, what: &str) -> Result<(), RestError> {
        self.core
            .send(Request::delete(&["recordings", "live", name, what]))
            .await
    }
}
