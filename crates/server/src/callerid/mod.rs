//! Caller ID: the next call's number, for whoever asks.
//!
//! One task owns the allocator ([`desk`]). What it decides stands in the ledger ([`record`]), a journal of its own, before
//! anybody is told; the database is brought up behind it. After a restart the ledger's rest is applied and the allocator
//! goes on where it was ([`restore`]): no number goes over a cap because we died, and none carries more calls than it may.
//! After a loss of power ([`power`]) every number is charged for as many uses as the disk can have missed of it.

mod behind;
#[cfg(test)]
mod crowded;
mod desk;
pub mod import;
mod power;
mod record;
mod restore;
mod shared;
mod traffic;

use std::sync::Arc;

use engine::callerid::{
    Allocation, Counts, Explanation, Input, NumberState, Outcome, Refusal, Release, Restored, Usage,
};
use model::{CallerId, CallerIdKey, CallerIdRule, E164, Place, ReservationId};
use tokio::sync::{mpsc, oneshot, watch};

use crate::journal;
use desk::Ask;
pub use record::{Body, Record};
pub use restore::{CallerIdsError, Durability, Settings, Started, start};
pub use shared::{Fail, MAX_UNTOLD, SharedSettings};
pub(crate) use traffic::Traffic;

/// The most that the desk takes, and is asked, at once.
const BATCH: usize = 512;
/// Questions that may wait for the allocator: it takes them in microseconds, so this is a tenth of a second of a flood.
pub const MAILBOX: usize = 65_536;

/// How the rest of the server asks for caller IDs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CallerIds {
    asks: mpsc::Sender<Ask>,
    ledger: journal::StatusHandle,
    /// Where several nodes share them.
    shared: Option<shared::Shared>,
    any: watch::Receiver<bool>,
}

/// Which number to present to `to`?
#[derive(Debug, Clone)]
pub struct Question {
    pub to: E164,
    pub place: Place,
    pub campaign: Arc<str>,
    pub agent: Arc<str>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no number for this question now.
    #[error("no caller ID can be presented now")]
    Engine(Refusal),
    /// A use that is not written down could break a cap after a crash.
    #[error("the ledger cannot be written: {0}")]
    Unwritten(String),
    /// As many uses wait for the database as may.
    #[error("the ledger is full: the database is too far behind")]
    Full,
    /// Several nodes share the caller IDs, and what they share them by is gone.
    #[error("the shared caller IDs cannot be reached: {0}")]
    Unshared(String),
    #[error("the server is stopping")]
    Stopping,
}

/// What a number is doing, on all nodes, with the reservations that this node made.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub number: E164,
    pub state: NumberState,
    pub reservations: Vec<Restored>,
}

/// The whole pool at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    pub numbers: Counts,
    pub reservations: usize,
}

impl CallerIds {
    /// Chooses and reserves a number. When it returns, the reservation is written down.
    pub async fn next(&self, question: Question) -> Result<Box<Allocation>, Refused> {
        match &self.shared {
            Some(shared) => shared.next(self, question).await,
            None => self.own_next(question).await,
        }
    }

    async fn own_next(&self, question: Question) -> Result<Box<Allocation>, Refused> {
        self.ask(|reply| Ask::Next { question, reply }).await?
    }

    /// Why a use that is decided elsewhere could not be written down now.
    fn refuses(&self) -> Option<Refused> {
        let status = self.ledger.get();
        let unwritten = status.write_error.map(Refused::Unwritten);
        unwritten.or_else(|| (self.ledger.fill() >= 1.0).then_some(Refused::Full))
    }

    /// Writes down a use that was decided elsewhere, then gives it back.
    async fn adopt(&self, chosen: cluster::Chosen) -> Result<Box<Allocation>, Refused> {
        self.ask(|reply| Ask::Adopt { chosen, reply }).await?
    }

    async fn foreign_usages(&self) -> Result<Vec<(E164, Usage)>, String> {
        let usages = self.ask(Ask::ForeignUsages).await;
        usages.map_err(|error| error.to_string())
    }

    async fn own_usages(&self, keys: Vec<CallerIdKey>) -> Result<Vec<Usage>, String> {
        let usages = self.ask(|reply| Ask::Usages { keys, reply }).await;
        usages.map_err(|error| error.to_string())
    }

    async fn own_reservations(&self) -> Result<Vec<Restored>, String> {
        let limit = usize::MAX;
        let open = self.ask(|reply| Ask::Reservations { limit, reply }).await;
        open.map_err(|error| error.to_string())
    }

    /// What is wrong with the way to the shared pool, and what is done meanwhile. `None`: nothing is shared.
    pub fn shared(&self) -> Option<Option<String>> {
        Some(self.shared.as_ref()?.trouble())
    }

    /// Ends a reservation; `false`: there is none that is open with this id.
    pub async fn release(&self, reservation: ReservationId, why: Release) -> Result<bool, Refused> {
        let outcome = match why {
            Release::CallEnded(outcome) => outcome,
            Release::Deleted | Release::TimedOut | Release::NumberRemoved => None,
        };
        let shared = match &self.shared {
            Some(shared) => shared.released(reservation, outcome).await,
            None => false,
        };
        let own = self.ask(|reply| Ask::Release {
            reservation,
            why,
            reply,
        });
        Ok(own.await? || shared)
    }

    /// Ends every reservation of a number, and says how many there were.
    pub async fn release_number(&self, number: E164) -> Result<usize, Refused> {
        let shared = match &self.shared {
            Some(shared) => shared.number_released(number).await,
            None => 0,
        };
        let own = self.ask(|reply| Ask::ReleaseNumber { number, reply });
        Ok(own.await?.max(shared))
    }

    /// A call that presented `number` to `to` is over; without an outcome where nobody saw how.
    pub async fn call_ended(&self, number: E164, to: E164, outcome: Option<Outcome>) {
        if let Some(shared) = &self.shared {
            shared.call_ended(number, to, outcome).await;
        }
        self.tell(Input::CallEnded {
            number,
            to,
            outcome,
        })
        .await;
    }

    /// Whether there is any number at all; changes when the first comes or the last goes.
    pub(crate) fn any(&self) -> watch::Receiver<bool> {
        self.any.clone()
    }

    /// From now on these numbers are so.
    pub async fn set_numbers(&self, numbers: Vec<CallerId>) {
        if let Some(shared) = &self.shared {
            shared.numbers_set(&numbers).await;
        }
        let inputs = numbers.into_iter().map(Box::new).map(Input::NumberSet);
        self.tell_all(inputs.collect()).await;
    }

    /// These numbers are none of ours any more.
    pub async fn remove_numbers(&self, keys: Vec<CallerIdKey>) {
        if let Some(shared) = &self.shared {
            let keys = keys.clone();
            let numbers = self.ask(|reply| Ask::Numbers { keys, reply }).await;
            shared.numbers_removed(numbers.unwrap_or_default()).await;
        }
        self.tell_all(keys.into_iter().map(Input::NumberRemoved).collect())
            .await;
    }

    /// From now on the campaign chooses so.
    pub async fn set_rule(&self, rule: CallerIdRule) {
        if let Some(shared) = &self.shared {
            shared.set_rule(rule.clone());
        }
        self.tell(Input::RuleSet(rule)).await;
    }

    /// The campaign has no rule of its own any more.
    pub async fn remove_rule(&self, campaign: String) {
        if let Some(shared) = &self.shared {
            shared.remove_rule(&campaign);
        }
        self.tell(Input::RuleRemoved(campaign)).await;
    }

    /// What would be answered now, and why. Nothing is reserved.
    pub async fn explain(&self, question: Question) -> Result<Explanation, Refused> {
        self.ask(|reply| Ask::Explain { question, reply }).await
    }

    /// What these numbers are doing, in the same order; nothing for unknown ones.
    pub async fn show(&self, keys: Vec<CallerIdKey>) -> Result<Vec<Option<Shown>>, Refused> {
        let mut shown = self.ask(|reply| Ask::Show { keys, reply }).await?;
        let Some(shared) = &self.shared else {
            return Ok(shown);
        };
        let numbers: Vec<_> = shown.iter().flatten().map(|shown| shown.number).collect();
        if let Some(states) = shared.show(&numbers).await {
            for (shown, state) in shown.iter_mut().flatten().zip(states) {
                shown.state = state.unwrap_or_else(|| shown.state.clone());
            }
        }
        Ok(shown)
    }

    /// Open reservations, those first that expire first, at most `limit`.
    pub async fn reservations(&self, limit: usize) -> Result<Vec<Restored>, Refused> {
        if let Some(shared) = &self.shared
            && let Some(open) = shared.reservations(limit).await
        {
            return Ok(open);
        }
        self.ask(|reply| Ask::Reservations { limit, reply }).await
    }

    pub async fn totals(&self) -> Result<Totals, Refused> {
        if let Some(shared) = &self.shared
            && let Some(totals) = shared.totals().await
        {
            return Ok(totals);
        }
        self.ask(Ask::Totals).await
    }

    /// The state of the ledger.
    pub fn ledger(&self) -> journal::Status {
        self.ledger.get()
    }

    /// Returns when all that was said before has been heard.
    pub async fn caught_up(&self) {
        let _ = self.show(Vec::new()).await;
    }

    async fn tell(&self, input: Input) {
        self.tell_all(vec![input]).await;
    }

    /// Says nothing when the server has stopped.
    async fn tell_all(&self, inputs: Vec<Input>) {
        let _ = self.asks.send(Ask::Tell(inputs)).await;
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        let sent = self.asks.send(ask(reply)).await;
        sent.map_err(|_| Refused::Stopping)?;
        answer.await.map_err(|_| Refused::Stopping)
    }
}
