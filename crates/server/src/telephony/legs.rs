//! The two legs and the bridge of each call that we place, on one Asterisk.
//!
//! What is asked for one call is done in the order in which it was asked, beside the link and beside all other calls.

use std::time::Duration;

use asterisk::ari::{Client, HangupReason, Join, Originate, RestError};
use engine::dial::{Command, Input, Leg};
use model::{CallId, Caller, ReservationId};
use tokio::sync::mpsc;

use super::{
    execute::{BRIDGE_TIMEOUT, Finding, Gone, end_channel, gave_up, make_bridge},
    link::Surroundings,
    names::Names,
    phones::{RING_TIMEOUT_SLACK, caller_id},
    turns::Turns,
};

/// Carried by the customer's channel and by whatever it calls, as the dialplan's calls carry it.
const RESERVATION: &str = "__CORDBOARD_RESERVATION";

/// Q.850 causes for what Asterisk refuses or does not answer.
const NO_ROUTE: u16 = 3;
const SUBSCRIBER_ABSENT: u16 = 20;
/// We have more to ask than Asterisk answers: no trunk's fault.
const TEMPORARY_FAILURE: u16 = 41;

/// What is being done for the calls of one Asterisk.
pub(super) struct Legs {
    hand: Hand,
    turns: Turns<CallId>,
}

/// Does it.
#[derive(Clone)]
struct Hand {
    client: Client,
    names: Names,
    around: Surroundings,
    findings: mpsc::Sender<Finding>,
}

impl Legs {
    pub(super) fn new(
        client: Client,
        names: Names,
        around: Surroundings,
        findings: mpsc::Sender<Finding>,
    ) -> Self {
        let hand = Hand {
            client,
            names,
            around,
            findings,
        };
        Self {
            hand,
            turns: Turns::default(),
        }
    }

    /// Does it once everything is done that was asked for this call before.
    pub(super) fn carry_out(&mut self, command: Command) {
        let Some((call, _)) = command.place() else {
            return;
        };
        let hand = self.hand.of(call);
        self.turns
            .next(call, async move { hand.carry_out(command).await });
    }
}

impl Hand {
    /// What it asks of Asterisk is asked for this call.
    fn of(&self, call: CallId) -> Self {
        Self {
            client: self.around.watch(&self.client, call),
            ..self.clone()
        }
    }

    async fn carry_out(&self, command: Command) {
        match command {
            Command::RingAgent {
                call,
                extension,
                customer,
                timeout,
                ..
            } => self.ring_agent(call, &extension, &customer, timeout).await,
            Command::CallCustomer {
                call,
                endpoint,
                caller_id,
                reservation,
                timeout,
                ..
            } => {
                self.call_customer(call, endpoint, caller_id, reservation, timeout)
                    .await;
            }
            Command::Connect { call, .. } => self.connect(call).await,
            Command::HangUp { call, leg, .. } => self.hang_up(call, leg).await,
            Command::TakeDown { call, .. } => self.take_down(call).await,
            Command::Publish(_)
            | Command::Engage { .. }
            | Command::Disengage { .. }
            | Command::AskCallerId { .. }
            | Command::NotPlaced { .. }
            | Command::AskWay { .. }
            | Command::TrunkFailed { .. }
            | Command::Release { .. } => unreachable!("done by the desk"),
        }
    }

    async fn ring_agent(
        &self,
        call: CallId,
        extension: &str,
        customer: &Caller,
        timeout: Duration,
    ) {
        let originate = Originate {
            endpoint: format!("PJSIP/{extension}"),
            channel_id: self.names.leg(call, Leg::Agent),
            app: Some(self.client.application().to_owned()),
            caller_id: Some(caller_id(customer)),
            timeout: Some(timeout + RING_TIMEOUT_SLACK),
            ..Originate::default()
        };
        self.originate(call, Leg::Agent, originate).await;
    }

    async fn call_customer(
        &self,
        call: CallId,
        endpoint: String,
        caller_id: Option<String>,
        reservation: Option<ReservationId>,
        timeout: Duration,
    ) {
        let agent = self.names.leg(call, Leg::Agent);
        // Without it the agent waits in silence, which is no reason not to call.
        let _ = self.client.channels().ring(&agent).await;
        let carried = reservation.map(|id| (RESERVATION.to_owned(), id.to_string()));
        let originate = Originate {
            endpoint,
            channel_id: self.names.leg(call, Leg::Customer),
            app: Some(self.client.application().to_owned()),
            caller_id,
            timeout: Some(timeout + RING_TIMEOUT_SLACK),
            originator: Some(agent),
            variables: carried.into_iter().collect(),
            ..Originate::default()
        };
        self.originate(call, Leg::Customer, originate).await;
    }

    async fn originate(&self, call: CallId, leg: Leg, what: Originate) {
        let Err(error) = self.client.channels().originate(&what).await else {
            return;
        };
        let endpoint = &what.endpoint;
        tracing::info!(%error, %call, ?leg, endpoint, "a leg of a call could not be made");
        if gave_up(&error) {
            self.around.acd.dial(Input::LegUnsure { call, leg }).await;
            let _ = self.findings.send(Finding::GaveUp).await;
            return;
        }
        let cause = match (&error, leg) {
            (RestError::Rejected { .. }, Leg::Agent) => SUBSCRIBER_ABSENT,
            (RestError::Rejected { .. }, Leg::Customer) => NO_ROUTE,
            _ => TEMPORARY_FAILURE,
        };
        self.refused(call, leg, cause).await;
    }

    async fn refused(&self, call: CallId, leg: Leg, cause: u16) {
        let cause = Some(cause);
        let refused = Input::LegRefused { call, leg, cause };
        self.around.acd.dial(refused).await;
    }

    async fn connect(&self, call: CallId) {
        let built = tokio::time::timeout(BRIDGE_TIMEOUT, self.build_bridge(call)).await;
        let input = match built.unwrap_or(Err(RestError::Timeout)) {
            Ok(()) => Input::Connected { call },
            Err(error) => {
                tracing::warn!(%error, %call, "agent and customer could not be bridged");
                if gave_up(&error) {
                    let _ = self.findings.send(Finding::GaveUp).await;
                }
                Input::ConnectFailed { call }
            }
        };
        self.around.acd.dial(input).await;
    }

    async fn build_bridge(&self, call: CallId) -> Result<(), RestError> {
        let (channels, bridges) = (self.client.channels(), self.client.bridges());
        let [agent, customer] = [Leg::Agent, Leg::Customer].map(|leg| self.names.leg(call, leg));
        let bridge = self.names.dial_bridge(call);
        let name = call.to_string();
        // Fails where nothing rings, which is as good.
        let quiet = channels.stop_ring(&agent);
        // It is there already where this is asked for once more, after a lost connection.
        let (_, made) = tokio::join!(quiet, make_bridge(&self.client, &bridge, "mixing", &name));
        made?;
        // The trunk must not be told that it talks with its own customer, whose number the agent's phone was shown.
        let join = Join {
            inhibit_connected_line_updates: true,
            ..Join::default()
        };
        bridges
            .add_channels(&bridge, &[&agent, &customer], join)
            .await
    }

    async fn hang_up(&self, call: CallId, leg: Leg) {
        let channel = self.names.leg(call, leg);
        let gone = end_channel(&self.client, &channel, HangupReason::Normal).await;
        if gone == Gone::Unknown {
            let _ = self.findings.send(Finding::Unsure).await;
        }
    }

    async fn take_down(&self, call: CallId) {
        let bridge = self.names.dial_bridge(call);
        if let Err(error) = self.client.bridges().destroy(&bridge).await
            && !error.is_not_found()
        {
            tracing::warn!(%error, %call, "could not take the bridge down");
            let _ = self.findings.send(Finding::Unsure).await;
        }
    }
}
