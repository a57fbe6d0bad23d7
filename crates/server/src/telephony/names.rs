//! The ids that we choose for channels and bridges, so that an event can be understood without having seen its request.

use model::OfferId;

/// Ids of one application; another Cordboard on the same Asterisk has another.
#[derive(Debug, Clone)]
pub(super) struct Names {
    agent: String,
    bridge: String,
}

impl Names {
    pub(super) fn new(application: &str) -> Self {
        Self {
            agent: format!("{application}-agent-"),
            bridge: format!("{application}-bridge-"),
        }
    }

    /// The channel to the agent's phone.
    pub(super) fn agent_channel(&self, offer: OfferId) -> String {
        format!("{}{offer}", self.agent)
    }

    /// The bridge of caller and agent.
    pub(super) fn bridge(&self, offer: OfferId) -> String {
        format!("{}{offer}", self.bridge)
    }

    pub(super) fn offer_of_channel(&self, channel: &str) -> Option<OfferId> {
        channel.strip_prefix(&self.agent)?.parse().ok()
    }

    pub(super) fn offer_of_bridge(&self, bridge: &str) -> Option<OfferId> {
        bridge.strip_prefix(&self.bridge)?.parse().ok()
    }
}
