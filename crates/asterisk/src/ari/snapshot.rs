//! What is up in Asterisk at one moment, for comparing with what was believed.

use super::applications::Application;
use super::bridges::Bridge;
use super::channels::Channel;
use super::core::Core;
use super::endpoints::Endpoint;
use super::rest::{Request, RestError};

/// Everything that is up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// All channels of this Asterisk, also those that are not in our application.
    pub channels: Vec<Channel>,
    pub bridges: Vec<Bridge>,
    pub endpoints: Vec<Endpoint>,
    /// Our application: `channel_ids` are the channels whose events we get.
    pub application: Application,
}

impl Snapshot {
    pub(super) async fn take(core: &Core) -> Result<Self, RestError> {
        let application = &core.config.application;
        let (channels, bridges, endpoints, application) = tokio::try_join!(
            core.send_for_over_http(Request::get(&["channels"])),
            core.send_for_over_http(Request::get(&["bridges"])),
            core.send_for_over_http(Request::get(&["endpoints"])),
            core.send_for_over_http(Request::get(&["applications", application])),
        )?;
        Ok(Self {
            channels,
            bridges,
            endpoints,
            application,
        })
    }

    /// Whether a channel is in the Stasis application `name`, by what it executes.
    pub fn is_in_application(channel: &Channel, name: &str) -> bool {
        let application = channel
            .dialplan
            .app_data
            .split(',')
            .next()
            .unwrap_or_default();
        channel.dialplan.app_name == "Stasis" && application == name
    }
}
