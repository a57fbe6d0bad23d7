//! The Asterisk process itself.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::channels::Variable;
use super::fields::Fields;
use super::rest::{Request, RestError};
use super::version::Version;
use super::way::Way;

/// `GET /asterisk/info`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct AsteriskInfo {
    pub version: Version,
    /// The MAC-like id that events carry as `asterisk_id`.
    pub entity_id: String,
    /// `asteriskname` of `asterisk.conf`.
    pub name: String,
    /// See [`super::timestamp`]; changes with a restart.
    pub startup_time: String,
    pub last_reload_time: String,
    /// Everything else, among it `build`.
    pub extra: Map<String, Value>,
}

impl From<Map<String, Value>> for AsteriskInfo {
    fn from(members: Map<String, Value>) -> Self {
        let mut fields = Fields::from(members);
        let mut part =
            |key| Fields::from(fields.object::<Map<String, Value>>(key).unwrap_or_default());
        let (mut system, mut config, mut status) = (part("system"), part("config"), part("status"));
        Self {
            version: Version::parse(&system.string("version")),
            entity_id: system.string("entity_id"),
            name: config.string("name"),
            startup_time: status.string("startup_time"),
            last_reload_time: status.string("last_reload_time"),
            extra: fields.rest(),
        }
    }
}

/// The calls of `/asterisk`.
#[derive(Debug, Clone, Copy)]
pub struct Asterisk<'a> {
    pub(super) core: &'a Way,
}

impl Asterisk<'_> {
    pub async fn info(&self) -> Result<AsteriskInfo, RestError> {
        self.core
            .send_for(Request::get(&["asterisk", "info"]))
            .await
    }

    /// Succeeds once Asterisk has booted; before that 404, then 503.
    pub async fn ping(&self) -> Result<(), RestError> {
        self.core.send(Request::get(&["asterisk", "ping"])).await
    }

    /// A global variable; empty when it does not exist.
    pub async fn variable(&self, name: &str) -> Result<String, RestError> {
        let request = Request::get(&["asterisk", "variable"]).query("variable", name);
        self.core
            .send_for::<Variable>(request)
            .await
            .map(|variable| variable.value)
    }

    pub async fn set_variable(&self, name: &str, value: &str) -> Result<(), RestError> {
        let request = Request::post(&["asterisk", "variable"])
            .query("variable", name)
            .query("value", value);
        self.core.send(request).await
    }
}
