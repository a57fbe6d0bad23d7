//! Applications: who listens, and to what.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::rest::{Request, RestError};
use super::way::Way;

/// A Stasis application and what it is subscribed to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct Application {
    pub name: String,
    pub channel_ids: Vec<String>,
    pub bridge_ids: Vec<String>,
    /// `PJSIP/101`.
    pub endpoint_ids: Vec<String>,
    pub device_names: Vec<String>,
    pub events_allowed: Vec<Value>,
    pub events_disallowed: Vec<Value>,
    /// Members this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl From<Map<String, Value>> for Application {
    fn from(members: Map<String, Value>) -> Self {
        let mut fields = Fields::from(members);
        Self {
            name: fields.string("name"),
            channel_ids: fields.strings("channel_ids"),
            bridge_ids: fields.strings("bridge_ids"),
            endpoint_ids: fields.strings("endpoint_ids"),
            device_names: fields.strings("device_names"),
            events_allowed: fields.array("events_allowed"),
            events_disallowed: fields.array("events_disallowed"),
            extra: fields.rest(),
        }
    }
}

impl Application {
    /// All that it is subscribed to, as [`Applications::unsubscribe`] takes it.
    pub fn event_sources(&self) -> Vec<String> {
        let kinds = [
            ("channel", &self.channel_ids),
            ("bridge", &self.bridge_ids),
            ("endpoint", &self.endpoint_ids),
            ("deviceState", &self.device_names),
        ];
        let of = |(kind, ids): (&str, &Vec<String>)| -> Vec<String> {
            ids.iter().map(|id| format!("{kind}:{id}")).collect()
        };
        kinds.into_iter().flat_map(of).collect()
    }

    /// Whether its filter lets events of this type through. A filter outlives its WebSocket as long as
    /// the application is subscribed to something.
    pub fn hears(&self, event_type: &str) -> bool {
        let names = |types: &[Value]| types.iter().any(|one| one["type"] == event_type);
        !names(&self.events_disallowed)
            && (self.events_allowed.is_empty() || names(&self.events_allowed))
    }
}

/// The calls of `/applications`.
#[derive(Debug, Clone, Copy)]
pub struct Applications<'a> {
    pub(super) core: &'a Way,
}

impl Applications<'_> {
    pub async fn list(&self) -> Result<Vec<Application>, RestError> {
        self.core.send_for(Request::get(&["applications"])).await
    }

    pub async fn get(&self, name: &str) -> Result<Application, RestError> {
        self.core
            .send_for(Request::get(&["applications", name]))
            .await
    }

    /// Subscribes to `channel:ID`, `bridge:ID`, `endpoint:PJSIP/101`, `deviceState:PJSIP/101` (also without an
    /// instance, for all of a kind). Not needed with `subscribe_all`, nor for channels in the application or created
    /// with `app=` it, nor for bridges that such channels are in. Subscriptions survive a reconnect.
    pub async fn subscribe(&self, name: &str, sources: &[&str]) -> Result<Application, RestError> {
        let request = Request::post(&["applications", name, "subscription"])
            .query("eventSource", &sources.join(","));
        self.core.send_for(request).await
    }

    pub async fn unsubscribe(
        &self,
        name: &str,
        sources: &[&str],
    ) -> Result<Application, RestError> {
        let request = Request::delete(&["applications", name, "subscription"])
            .query("eventSource", &sources.join(","));
        self.core.send_for(request).await
    }

    /// Only events of these types are sent from now on. Our own event echo needs `ChannelUserevent`.
    pub async fn allow(&self, name: &str, event_types: &[&str]) -> Result<Application, RestError> {
        self.filter(name, "allowed", event_types).await
    }

    /// Keeps events of these types from being sent at all.
    pub async fn disallow(
        &self,
        name: &str,
        event_types: &[&str],
    ) -> Result<Application, RestError> {
        self.filter(name, "disallowed", event_types).await
    }

    async fn filter(
        &self,
        name: &str,
        member: &str,
        event_types: &[&str],
    ) -> Result<Application, RestError> {
        let types: Vec<Value> = event_types
            .iter()
            .map(|event_type| json!({ "type": event_type }))
            .collect();
        let request =
            Request::put(&["applications", name, "eventFilter"]).body(json!({ member: types }));
        self.core.send_for(request).await
    }
}
