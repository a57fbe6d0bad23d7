//! Device states: what hints and queues believe about a device.

use serde::{Deserialize, Serialize};

use super::rest::{Request, RestError};
use super::way::Way;

/// `PJSIP/101` and `INUSE`, `NOT_INUSE`, `RINGING`, `UNAVAILABLE`, `BUSY`, `ONHOLD`, `UNKNOWN` …
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceState {
    pub name: String,
    pub state: String,
}

/// The calls of `/deviceStates`.
#[derive(Debug, Clone, Copy)]
pub struct DeviceStates<'a> {
    pub(super) core: &'a Way,
}

impl DeviceStates<'_> {
    /// Only the devices that ARI itself controls (`Stasis:…`).
    pub async fn list(&self) -> Result<Vec<DeviceState>, RestError> {
        self.core.send_for(Request::get(&["deviceStates"])).await
    }

    /// Any device; one that does not exist is `UNKNOWN` or `INVALID`.
    pub async fn get(&self, name: &str) -> Result<DeviceState, RestError> {
        self.core
            .send_for(Request::get(&["deviceStates", name]))
            .await
    }

    /// Only names that begin with `Stasis:` can be set.
    pub async fn set(&self, name: &str, state: &str) -> Result<(), RestError> {
        self.core
            .send(Request::put(&["deviceStates", name]).query("deviceState", state))
            .await
    }

    pub async fn remove(&self, name: &str) -> Result<(), RestError> {
        self.core
            .send(Request::delete(&["deviceStates", name]))
            .await
    }
}
