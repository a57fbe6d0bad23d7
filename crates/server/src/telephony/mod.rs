//! The only place where Asterisk's words become ours ([`translate`]) and our commands become Asterisk's ([`execute`]).
//!
//! One task owns the queue engine ([`desk`]); one task an Asterisk follows its events ([`link`]); one task a call does what is
//! commanded, in order ([`execute`]), and beside it one for each phone that is rung for the call ([`phones`]). None of them
//! ever holds a lock while waiting, and the engine waits for nobody.

mod control;
mod desk;
mod execute;
mod legs;
mod link;
mod live;
mod names;
mod outbound;
mod outbox;
mod phones;
mod restore;
mod resync;
mod servers;
#[cfg(test)]
mod tests;
mod today;
mod trace;
mod translate;
mod turns;
mod witness;

use engine::{
    acd::{CallExplained, Input},
    control::Verb,
    dial::Order,
};
use model::{
    Agent, AgentId, AgentState, AgentStatus, Apart, Call, CallId, Caller, E164, Event, EventBody,
    Member, Queue, Watch, WatchMode,
};
use tokio::sync::{mpsc, oneshot};

use crate::config::ParkingConfig;
use desk::{Ask, Demand, Mailbox, Place, What, same};
pub use desk::{MAILBOX, NotDone, NotPlaced, Refused};
pub(crate) use desk::{untraced, words};
pub use live::{AgentLive, AgentsByState, LiveView, QueueLive};
pub(crate) use phones::caller_id;
pub use restore::{Outgoing, Started, start};
pub use servers::{Credentials, NotFetched, ServerState, ServerStatus, Servers};
pub use today::QueueToday;
pub use trace::Trace;
pub use witness::Witness;

/// A call that somebody wants to be placed.
#[derive(Debug, Clone)]
pub struct Wish {
    pub call: CallId,
    /// Whose phone rings first.
    pub agent: AgentId,
    pub to: E164,
    /// May be empty.
    pub campaign: String,
}

impl Wish {
    /// Is `call` what is wished for?
    pub fn is(&self, call: &Call) -> bool {
        same(call, (self.agent, self.to, &self.campaign))
    }

    fn order(self, place: &Place, extension: String) -> Order {
        let to = self.to.to_string();
        Order {
            call: self.call,
            server: place.server,
            channel: place.channel.clone(),
            agent: self.agent,
            extension,
            to: self.to,
            customer: Caller {
                e164: Some(to.clone()),
                ..Caller::new(&to, "")
            },
            campaign: self.campaign,
        }
    }
}

/// How the rest of the server speaks with the queue engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Acd {
    asks: mpsc::Sender<Ask>,
}

impl Acd {
    /// Tells of something that happened, such as a changed queue. Waits when the engine is busy.
    pub async fn tell(&self, input: Input) {
        Mailbox(self.asks.clone()).tell(input).await;
    }

    /// From now on the queue is so.
    pub async fn set_queue(&self, queue: Queue) {
        self.tell(Input::QueueSet(queue)).await;
    }

    /// From now on the agent is so.
    pub async fn set_agent(&self, agent: Agent) {
        self.tell(Input::AgentSet(agent)).await;
    }

    /// From now on the agent serves the queue so.
    pub async fn set_member(&self, member: Member) {
        self.tell(Input::MemberSet(member)).await;
    }

    /// Everything as it is right now.
    pub async fn live(&self) -> Result<LiveView, Refused> {
        self.ask(Ask::Live).await
    }

    /// Puts an agent into a state, at once or after the present call; gives what became of it.
    pub async fn ask_state(
        &self,
        agent: AgentId,
        state: AgentState,
        reason: Option<String>,
    ) -> Result<AgentStatus, Refused> {
        let ask = |reply| Ask::SetState {
            agent,
            state,
            reason,
            reply,
        };
        self.ask(ask).await?
    }

    /// Calls somebody. When it returns, the call is written down, and its agent's phone about to ring.
    pub async fn place(&self, servers: &Servers, wish: Wish) -> Result<Call, NotPlaced> {
        let places = servers.places(wish.call);
        let ask = |reply| Ask::Place {
            wish,
            places,
            reply,
        };
        self.ask(ask).await?
    }

    /// A call that is open; of those that were placed, one that ended lately as well.
    pub async fn call(&self, call: CallId) -> Result<Option<Call>, Refused> {
        self.ask(|reply| Ask::Call { call, reply }).await
    }

    /// What has been asked of Asterisk for a call that is open, or has just ended.
    pub async fn trace(&self, call: CallId) -> Result<Option<Trace>, Refused> {
        self.ask(|reply| Ask::Trace { call, reply }).await
    }

    /// Ends a call.
    pub async fn hang_up(&self, call: CallId) -> Result<(), Refused> {
        self.ask(|reply| Ask::HangUp { call, reply }).await?
    }

    /// Does something to a call that talks. When it returns, Asterisk has done it, and the call stands so.
    pub async fn control(&self, call: CallId, verb: Verb, by: &str) -> Result<Call, NotDone> {
        self.demand(call, What::Verb(verb), by).await
    }

    /// The slots that calls are parked in.
    pub async fn park_in(&self, config: ParkingConfig) {
        let _ = self.asks.send(Ask::ParkIn(config)).await;
    }

    /// Puts the customer of a call that talks into the smallest free slot. When it returns, the agent is let go.
    pub async fn park(&self, call: CallId, by: &str) -> Result<Call, NotDone> {
        self.demand(call, What::Park, by).await
    }

    /// Calls that are parked, by their slots.
    pub async fn parked(&self) -> Result<Vec<Call>, Refused> {
        self.ask(Ask::Parked).await
    }

    /// Rings an agent who picks a call up, or fetches it from its slot. When it returns, the two talk.
    pub async fn give(&self, call: CallId, agent: AgentId, how: Apart) -> Result<Call, NotDone> {
        let ask = |reply| Ask::Give {
            call,
            agent,
            how,
            reply,
        };
        self.ask(ask).await?
    }

    /// Lets a supervisor hear a call, in another way if it is heard already. When it returns, the phone rings, or the way
    /// is changed.
    pub async fn watch(
        &self,
        call: CallId,
        watcher: AgentId,
        mode: WatchMode,
        by: &str,
    ) -> Result<(), NotDone> {
        let watched = self.demand(call, What::Watch { watcher, mode }, by).await;
        watched.map(drop)
    }

    /// Lets a supervisor hear the call no more.
    pub async fn unwatch(&self, call: CallId, watcher: AgentId, by: &str) -> Result<(), NotDone> {
        let left = self.demand(call, What::Unwatch { watcher }, by).await;
        left.map(drop)
    }

    async fn demand(&self, call: CallId, what: What, by: &str) -> Result<Call, NotDone> {
        let by = by.to_owned();
        let demand = Demand { call, by, what };
        self.ask(|reply| Ask::Demand { demand, reply }).await?
    }

    /// Who watches a call.
    pub async fn watches(&self, call: CallId) -> Result<Vec<Watch>, Refused> {
        self.ask(|reply| Ask::Watches { call, reply }).await
    }

    /// Who could take a waiting call, who could not, and why. `None`: the call does not wait.
    pub async fn explain(&self, call: CallId) -> Result<Option<CallExplained>, Refused> {
        self.ask(|reply| Ask::Explain { call, reply }).await
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        let sent = self.asks.send(ask(reply)).await;
        sent.map_err(|_| Refused::Stopping)?;
        answer.await.map_err(|_| Refused::Stopping)
    }
}

/// The counters of `/metrics` that follow from events.
fn count(event: &Event) {
    match &event.body {
        EventBody::CallArrived { .. } => {
            metrics::counter!("cordboard_calls_arrived_total").increment(1);
        }
        EventBody::CallPlaced { .. } => {
            metrics::counter!("cordboard_calls_placed_total").increment(1);
        }
        EventBody::CallEnded { outcome, .. } => {
            let outcome = format!("{outcome:?}").to_lowercase();
            metrics::counter!("cordboard_calls_ended_total", "outcome" => outcome).increment(1);
        }
        EventBody::OfferEnded { result, .. } => {
            let result = format!("{result:?}").to_lowercase();
            metrics::counter!("cordboard_offers_ended_total", "result" => result).increment(1);
        }
        _ => {}
    }
}
