//! Callers who may be calling us back: who called them is looked up before the engine hears of the call.
//!
//! The desk waits for nobody, so the arrival is laid aside meanwhile. What is told of its server in that time comes after it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use engine::acd::{Input, Returned};
use model::{CallId, E164, ServerId, Timestamp};
use store::{Store, StoreError};
use tokio::sync::{Semaphore, mpsc};

use super::{Ask, Desk};
use crate::numbers::{Destination, Numbers};

/// How long ago we may have called.
const LATELY: Duration = Duration::from_hours(30 * 24);
/// The longest that a caller hears nothing for this; then the call is like any other.
const LOOK_UP_TIME: Duration = Duration::from_millis(500);
/// Look-ups at once: with more, callers had rather not wait for them.
const MAX_LOOK_UPS: usize = 32;

/// Knows whom we have called.
pub(crate) struct Finder {
    store: Store,
    numbers: Numbers,
    /// Weak, or the desk would keep itself alive.
    desk: mpsc::WeakSender<Ask>,
    turns: Arc<Semaphore>,
}

impl Finder {
    pub(crate) fn new(store: Store, numbers: Numbers, desk: mpsc::WeakSender<Ask>) -> Self {
        let turns = Arc::new(Semaphore::new(MAX_LOOK_UPS));
        Self {
            store,
            numbers,
            desk,
            turns,
        }
    }
}

/// Arrivals that are laid aside.
#[derive(Default)]
pub(super) struct Returns {
    finder: Option<Finder>,
    waiting: BTreeMap<CallId, Input>,
}

impl Desk {
    /// From now on those who call back find who called them.
    pub(in crate::telephony) fn find_by(&mut self, finder: Finder) {
        self.returns.finder = Some(finder);
    }

    /// Takes in what happened; an arrival perhaps later.
    pub(in crate::telephony) fn hear(&mut self, input: Input) {
        match &input {
            Input::CallArrived { call, .. } if self.look_up(&input) => {
                self.returns.waiting.insert(*call, input);
            }
            Input::ServerLost { server } | Input::ServerResynced { server, .. } => {
                self.bring_arrivals(*server);
                self.input(input);
            }
            _ => self.input(input),
        }
    }

    /// Who called this person has been found out, or not.
    pub(in crate::telephony) fn found(&mut self, call: CallId, found: Option<Returned>) {
        if let Some(mut arrival) = self.returns.waiting.remove(&call) {
            if let Input::CallArrived { returned, .. } = &mut arrival {
                *returned = found;
            }
            self.input(arrival);
        }
    }

    /// What is told of a server is told of calls that the engine knows.
    pub(super) fn bring_arrivals(&mut self, server: ServerId) {
        let of_server = |arrival: &Input| matches!(arrival, Input::CallArrived { server: its, .. } if *its == server);
        let waiting = self
            .returns
            .waiting
            .extract_if(.., |_, arrival| of_server(arrival));
        let arrivals: Vec<Input> = waiting.map(|(_, arrival)| arrival).collect();
        for arrival in arrivals {
            self.input(arrival);
        }
    }

    /// Whether the answer will come by itself.
    fn look_up(&self, arrival: &Input) -> bool {
        let Input::CallArrived {
            call,
            caller,
            dialled,
            argument,
            ..
        } = arrival
        else {
            return false;
        };
        let person = caller.e164.as_deref().and_then(|text| text.parse().ok());
        let (Some(finder), Some(person)) = (&self.returns.finder, person) else {
            return false;
        };
        if !self.acd.asks_who_called(argument.as_deref(), dialled) {
            return false;
        }
        let Ok(turn) = Arc::clone(&finder.turns).try_acquire_owned() else {
            return false;
        };
        let (store, desk, call) = (finder.store.clone(), finder.desk.clone(), *call);
        let since = self.clock.now().utc.before(LATELY);
        let dialled = match finder.numbers.destination(dialled) {
            Ok(Destination::Number(number)) => Some(number),
            _ => None,
        };
        tokio::spawn(async move {
            let found =
                tokio::time::timeout(LOOK_UP_TIME, find(&store, person, dialled, since)).await;
            let returned = match found {
                Ok(Ok(returned)) => returned,
                Ok(Err(error)) => {
                    tracing::warn!(%error, %call, "who called this person before could not be looked up");
                    None
                }
                Err(_) => {
                    tracing::warn!(%call, "it takes too long to look up who called this person before");
                    None
                }
            };
            drop(turn);
            if let Some(desk) = desk.upgrade() {
                let _ = desk.send(Ask::Found { call, returned }).await;
            }
        });
        true
    }
}

/// Who of ours called this person last, and for which queue.
async fn find(
    store: &Store,
    person: E164,
    dialled: Option<E164>,
    since: Timestamp,
) -> Result<Option<Returned>, StoreError> {
    let last = store.caller_id_uses().last_for(person, dialled).await?;
    let Some(made) = last.filter(|made| made.made_at >= since) else {
        return Ok(None);
    };
    let (agents, queues) = (store.agents(), store.queues());
    let agent = agents.by_extension(&made.agent).await?;
    let queue = queues.by_name(&made.campaign).await?;
    Ok(Some(Returned {
        agent: agent.map(|agent| agent.id),
        queue: queue.map(|queue| queue.id),
    }))
}
