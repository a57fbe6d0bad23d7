//! Endpoints: the phones and trunks that Asterisk knows.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::Fields;
use super::rest::{Request, RestError};
use super::way::Way;

/// One endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct Endpoint {
    pub technology: String,
    pub resource: String,
    /// `online`, `offline` or `unknown`; may be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    pub channel_ids: Vec<String>,
    /// Members this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl From<Map<String, Value>> for Endpoint {
    fn from(members: Map<String, Value>) -> Self {
        let mut fields = Fields::from(members);
        Self {
            technology: fields.string("technology"),
            resource: fields.string("resource"),
            state: fields.optional_string("state"),
            channel_ids: fields.strings("channel_ids"),
            extra: fields.rest(),
        }
    }
}

/// A registration, as in `ContactStatusChange`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct ContactInfo {
    pub uri: String,
    /// `Reachable`, `Unreachable`, `NonQualified`, `Removed` …
    pub contact_status: String,
    pub aor: String,
    /// Microseconds, when the contact is qualified.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub roundtrip_usec: String,
}

impl From<Map<String, Value>> for ContactInfo {
    fn from(members: Map<String, Value>) -> Self {
        let mut fields = Fields::from(members);
        Self {
            uri: fields.string("uri"),
            contact_status: fields.string("contact_status"),
            aor: fields.string("aor"),
            roundtrip_usec: fields.string("roundtrip_usec"),
        }
    }
}

/// The calls of `/endpoints`.
#[derive(Debug, Clone, Copy)]
pub struct Endpoints<'a> {
    pub(super) core: &'a Way,
}

impl Endpoints<'_> {
    pub async fn list(&self) -> Result<Vec<Endpoint>, RestError> {
        self.core.send_for(Request::get(&["endpoints"])).await
    }

    /// `get("PJSIP", "101")`.
    pub async fn get(&self, technology: &str, resource: &str) -> Result<Endpoint, RestError> {
        self.core
            .send_for(Request::get(&["endpoints", technology, resource]))
            .await
    }
}
