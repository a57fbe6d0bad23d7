//! Playbacks: one prompt, or several in a row, on a channel or bridge.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::Fields;
use super::rest::{Request, RestError};
use super::way::Way;

/// One playback.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct Playback {
    pub id: String,
    pub media_uri: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_media_uri: String,
    /// `channel:ID` or `bridge:ID`.
    pub target_uri: String,
    pub language: String,
    /// `queued`, `playing`, `continuing`, `done`, `failed`.
    pub state: String,
    /// Members this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl From<Map<String, Value>> for Playback {
    fn from(members: Map<String, Value>) -> Self {
        let mut fields = Fields::from(members);
        Self {
            id: fields.string("id"),
            media_uri: fields.string("media_uri"),
            next_media_uri: fields.string("next_media_uri"),
            target_uri: fields.string("target_uri"),
            language: fields.string("language"),
            state: fields.string("state"),
            extra: fields.rest(),
        }
    }
}

/// The calls of `/playbacks`.
#[derive(Debug, Clone, Copy)]
pub struct Playbacks<'a> {
    pub(super) core: &'a Way,
}

impl Playbacks<'_> {
    pub async fn get(&self, id: &str) -> Result<Playback, RestError> {
        self.core.send_for(Request::get(&["playbacks", id])).await
    }

    pub async fn stop(&self, id: &str) -> Result<(), RestError> {
        self.core.send(Request::delete(&["playbacks", id])).await
    }

    /// `operation`: `restart`, `pause`, `unpause`, `reverse` or `forward`.
    pub async fn control(&self, id: &str, operation: &str) -> Result<(), RestError> {
        self.core
            .send(Request::post(&["playbacks", id, "control"]).query("operation", operation))
            .await
    }
}
