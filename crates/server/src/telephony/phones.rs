//! The phones rung for one call: a task for each while there is something to do, so that none waits for another's.
//!
//! What is asked for one phone is done in the order in which it was asked. The caller's channel and the bridges are the
//! [`Executor`](super::execute::Executor)'s and must never be touched here.

use std::{collections::HashMap, sync::Arc, time::Duration};

use asterisk::ari::{HangupReason, Originate, RestError};
use engine::acd::OfferFailure;
use model::{Caller, OfferId};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::AbortHandle,
};

use super::{
    execute::{Finding, Gone, Reach},
    turns::Turns,
};

/// Phones of one call that are rung at the same time, and that are silenced.
const PHONES_AT_ONCE: usize = 16;
/// Asterisk's own ring time-out lies this far behind the engine's, which ends every offer.
pub(super) const RING_TIMEOUT_SLACK: Duration = Duration::from_secs(5);

/// What is being done to the phones of one call.
pub(super) struct Phones {
    hand: Arc<Hand>,
    turns: Turns<OfferId>,
    /// The requests that ring phones.
    ringing: HashMap<OfferId, AbortHandle>,
}

/// Does it.
struct Hand {
    reach: Reach,
    ringing: Semaphore,
    ending: Semaphore,
}

impl Phones {
    pub(super) fn new(reach: Reach) -> Self {
        let hand = Hand {
            reach,
            ringing: Semaphore::new(PHONES_AT_ONCE),
            ending: Semaphore::new(PHONES_AT_ONCE),
        };
        Self {
            hand: Arc::new(hand),
            turns: Turns::default(),
            ringing: HashMap::new(),
        }
    }

    /// `asked_for`: the agent has asked for this call.
    pub(super) fn ring(
        &mut self,
        offer: OfferId,
        extension: String,
        timeout: Duration,
        asked_for: bool,
    ) {
        let hand = self.hand.clone();
        let ringing = self.turns.next(offer, async move {
            hand.ring(offer, &extension, timeout, asked_for).await;
        });
        self.ringing.retain(|_, request| !request.is_finished());
        self.ringing.insert(offer, ringing);
    }

    /// Ends the agent's leg, whatever it is doing.
    pub(super) fn end(&mut self, offer: OfferId, reason: HangupReason) {
        let hand = self.hand.clone();
        self.turns
            .next(offer, async move { hand.end(offer, reason).await });
    }

    /// Sees whether the agent's leg is there.
    pub(super) fn look_for(&mut self, offer: OfferId) {
        let hand = self.hand.clone();
        self.turns
            .next(offer, async move { hand.look_for(offer).await });
    }

    /// The agent has picked up: whatever is said yet of the request that rang the phone, nothing follows from it.
    pub(super) fn answered(&mut self, offer: OfferId) {
        if let Some(ringing) = self.ringing.remove(&offer) {
            ringing.abort();
        }
    }
}

impl Hand {
    async fn ring(&self, offer: OfferId, extension: &str, timeout: Duration, asked_for: bool) {
        let Reach { client, leg, .. } = &self.reach;
        let originate = Originate {
            endpoint: format!("PJSIP/{extension}"),
            channel_id: self.reach.names.agent_channel(offer),
            app: Some(client.application().to_owned()),
            caller_id: Some(caller_id(&leg.caller)),
            timeout: Some(timeout + RING_TIMEOUT_SLACK),
            originator: Some(leg.channel.clone()),
            variables: if asked_for {
                answering_by_itself()
            } else {
                Vec::new()
            },
            ..Originate::default()
        };
        let rung = {
            let _turn = turn(&self.ringing).await;
            client.channels().originate(&originate).await
        };
        let Err(error) = rung else { return };
        tracing::info!(%error, call = %leg.call, %offer, extension, "the phone could not be rung");
        if !matches!(error, RestError::Rejected { .. }) {
            // Nobody knows whether Asterisk got the request, so it must not ring on.
            let (channel, reason) = (&originate.channel_id, HangupReason::Normal);
            if self.reach.end_channel(channel, reason).await == Gone::Unknown {
                self.reach.tell(Finding::Unsure).await;
            }
        }
        let why = OfferFailure::Unreachable;
        self.reach.tell(Finding::LegGone { offer, why }).await;
        self.reach.tell_if_given_up(&error).await;
    }

    /// Where no leg is, no event will say so.
    async fn end(&self, offer: OfferId, reason: HangupReason) {
        let _turn = turn(&self.ending).await;
        let channel = self.reach.names.agent_channel(offer);
        let why = OfferFailure::NoAnswer;
        match self.reach.end_channel(&channel, reason).await {
            Gone::Now => {}
            Gone::Already => self.reach.tell(Finding::LegGone { offer, why }).await,
            Gone::Unknown => self.reach.tell(Finding::Unsure).await,
        }
    }

    async fn look_for(&self, offer: OfferId) {
        let _turn = turn(&self.ending).await;
        let channel = self.reach.names.agent_channel(offer);
        match self.reach.client.channels().get(&channel).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => {
                let why = OfferFailure::NoAnswer;
                self.reach.tell(Finding::LegGone { offer, why }).await;
            }
            Err(_) => self.reach.tell(Finding::Unsure).await,
        }
    }
}

/// The header by which most desk phones answer at once, where they are set to allow it.
fn answering_by_itself() -> Vec<(String, String)> {
    let header = "PJSIP_HEADER(add,Call-Info)".to_owned();
    vec![(header, "<sip:cordboard>;answer-after=0".to_owned())]
}

async fn turn(turns: &Semaphore) -> SemaphorePermit<'_> {
    turns.acquire().await.expect("never closed")
}

/// `"Name" <number>` as Asterisk reads it. Both come from the caller, so what has a meaning there is left out.
pub(crate) fn caller_id(caller: &Caller) -> String {
    let keep =
        |text: &str, what: fn(char) -> bool| text.chars().filter(|c| what(*c)).collect::<String>();
    let name = keep(&caller.name, |c| {
        !c.is_control() && !matches!(c, '"' | '<' | '>' | '\\')
    });
    let number = keep(&caller.number, |c| {
        c.is_ascii_alphanumeric() || matches!(c, '+' | '*' | '#' | '-' | '.' | '_')
    });
    format!("\"{}\" <{number}>", name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_name_cannot_break_out_of_its_quotes() {
        let caller = Caller {
            number: "555<0100>;x".to_owned(),
            e164: None,
            name: "Eve\" <911> \\".to_owned(),
        };
        assert_eq!(caller_id(&caller), "\"Eve 911\" <5550100x>");
    }
}
