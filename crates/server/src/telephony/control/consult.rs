//! A third person in Asterisk: rung, moved between bridges, and left with the customer.

use asterisk::ari::{HangupReason, Join, Originate, RestError};
use engine::control::{Arrangement, TARGET_RING, Target, Verb, Waits};
use model::CallId;

use super::{Found, Hand};
use crate::telephony::{
    execute::{end_channel, make_bridge},
    phones::{RING_TIMEOUT_SLACK, caller_id},
};

/// What the agent hears while the third one's phone rings.
const RINGING: &str = "tone:ring";

impl Hand {
    pub(super) async fn consult(
        &self,
        call: CallId,
        found: &Found,
        verb: &Verb,
        waits: Waits,
    ) -> Result<(), RestError> {
        match verb {
            Verb::Consult(target) => self.ring_target(call, found, target, waits.customer).await,
            Verb::Swap if waits.customer => {
                self.let_wait(call, &found.target).await?;
                self.let_talk(found, &found.customer).await
            }
            Verb::Swap => {
                self.let_wait(call, &found.customer).await?;
                self.fetch(found, &found.target, waits.target).await
            }
            Verb::Conference => {
                self.fetch(found, &found.customer, waits.customer).await?;
                self.fetch(found, &found.target, waits.target).await
            }
            Verb::Transfer => self.give_over(call, found).await,
            Verb::EndConsult => {
                self.end_target(&found.target).await;
                self.bring_back(call, found, waits).await
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn arrange(
        &self,
        call: CallId,
        found: &Found,
        what: Arrangement,
        waits: Waits,
    ) -> Result<(), RestError> {
        match what {
            Arrangement::Meet => {
                self.stop_ringing(call).await;
                self.let_talk(found, &found.target).await
            }
            Arrangement::GiveOver => self.give_over(call, found).await,
            Arrangement::Return => self.bring_back(call, found, waits).await,
        }
    }

    async fn ring_target(
        &self,
        call: CallId,
        found: &Found,
        target: &Target,
        customer_waits: bool,
    ) -> Result<(), RestError> {
        if !customer_waits {
            self.let_wait(call, &found.customer).await?;
        }
        let originate = Originate {
            endpoint: target.endpoint.clone(),
            channel_id: found.target.clone(),
            app: Some(self.client.application().to_owned()),
            caller_id: target.shown.as_ref().map(caller_id),
            timeout: Some(TARGET_RING + RING_TIMEOUT_SLACK),
            originator: Some(found.agent.clone()),
            ..Originate::default()
        };
        if let Err(error) = self.client.channels().originate(&originate).await {
            if !customer_waits {
                let _ = self.let_talk(found, &found.customer).await;
            }
            return Err(error);
        }
        let (bridge, playback) = (&found.bridge, self.names.ringing(call));
        let bridges = self.client.bridges();
        // Without it the agent hears nothing until they answer, which is no reason not to call.
        let _ = bridges.play(bridge, &playback, RINGING).await;
        Ok(())
    }

    async fn let_talk(&self, found: &Found, channel: &str) -> Result<(), RestError> {
        let bridges = self.client.bridges();
        bridges
            .add_channels(&found.bridge, &[channel], found.join)
            .await
    }

    /// Asterisk takes a channel out and puts it in again that is there already, and not always is it heard then.
    async fn fetch(&self, found: &Found, channel: &str, waits: bool) -> Result<(), RestError> {
        if waits {
            self.let_talk(found, channel).await?;
        }
        Ok(())
    }

    async fn bring_back(&self, call: CallId, found: &Found, waits: Waits) -> Result<(), RestError> {
        self.stop_ringing(call).await;
        self.fetch(found, &found.customer, waits.customer).await
    }

    /// Into a bridge of their own: the call's is taken down with the agent.
    async fn give_over(&self, call: CallId, found: &Found) -> Result<(), RestError> {
        self.stop_ringing(call).await;
        let bridge = self.names.transfer_bridge(call);
        make_bridge(&self.client, &bridge, "mixing", &call.to_string()).await?;
        let both = [found.customer.as_str(), &found.target];
        let bridges = self.client.bridges();
        bridges.add_channels(&bridge, &both, Join::default()).await
    }

    /// Fails where nothing rings, which is as good.
    async fn stop_ringing(&self, call: CallId) {
        let _ = self
            .client
            .playbacks()
            .stop(&self.names.ringing(call))
            .await;
    }

    pub(super) async fn drop_target(&self, call: CallId, number: u32) {
        self.stop_ringing(call).await;
        self.end_target(&self.names.consult(call, number)).await;
    }

    async fn end_target(&self, target: &str) {
        end_channel(&self.client, target, HangupReason::Normal).await;
    }
}
