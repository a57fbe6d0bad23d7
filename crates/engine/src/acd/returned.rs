//! Calls that come back: kept for a while for the agent who made the call that they answer.

use std::time::Duration;

use model::{AgentId, AgentState, CallState, Choice, DidTarget, OverflowReason};

use super::Acd;
use super::record::{AgentSlot, CallSlot, Kept, QueueSlot};

impl Acd {
    /// Does it matter for a call whether we have called the caller before?
    pub fn asks_who_called(&self, argument: Option<&str>, dialled: &str) -> bool {
        self.named_queue(argument).is_none()
            && self.did(dialled).is_some_and(|did| {
                did.return_wait_seconds > 0 && matches!(did.to, DidTarget::Queue { .. })
            })
    }

    /// A new call is kept for this agent, if that leads anywhere.
    pub(super) fn keeping(&self, agent: AgentId, seconds: u16) -> Option<Kept> {
        let agent = self.agents.slot(agent)?;
        let record = &self.agents[agent];
        let there = !matches!(record.status.state, AgentState::Break | AgentState::Offline);
        (record.employed() && there).then(|| Kept {
            agent,
            until: self.now.utc.after(Duration::from_secs(seconds.into())),
        })
    }

    /// Gives an available agent the first of the calls that are kept for him.
    pub(super) fn offer_kept(&mut self, a: AgentSlot) {
        let record = &self.agents[a];
        if record.status.state != AgentState::Available {
            return;
        }
        let Some(&(_, _, _, c)) = record.kept.first() else {
            return;
        };
        let Some(q) = self.calls[c].queue else {
            return;
        };
        let choice = self.only_choice(a, q);
        self.make_unofferable(c);
        self.calls[c].kept = None;
        self.arm(c);
        self.ring(c, a, q, choice);
        if let Some(place) = self.calls[c].place {
            // A queue that rings everybody rings this agent alone at first.
            self.queues[q].joinable.remove(&place);
        }
    }

    pub(super) fn only_choice(&self, a: AgentSlot, q: QueueSlot) -> Choice {
        Choice {
            strategy: None,
            apart: None,
            eligible: 1,
            first: vec![self.candidate(q, a)],
            passed_over: Vec::new(),
        }
    }

    /// From now on the call is for everybody.
    pub(super) fn let_go(&mut self, c: CallSlot) {
        self.make_unofferable(c);
        if self.calls[c].kept.take().is_none() {
            return;
        }
        self.make_offerable(c);
        self.arm(c);
        self.let_go.push(c);
    }

    /// The agent will take none of the calls that are kept for him.
    pub(super) fn let_all_go(&mut self, a: AgentSlot) {
        while let Some(&(_, _, _, c)) = self.agents[a].kept.first() {
            self.let_go(c);
        }
    }

    /// A call that has been let go goes by the rule for new ones.
    pub(super) fn overflow_if_unstaffed(&mut self, c: CallSlot) {
        let Some(record) = self.calls.try_get(c) else {
            return;
        };
        let waits = record.call.state == CallState::Waiting && !record.frozen;
        let unstaffed = record
            .queue
            .is_some_and(|q| self.queues[q].refuses_unstaffed());
        if waits && unstaffed {
            self.overflow(c, OverflowReason::NoAgents);
        }
    }

    pub(super) fn kept_in_words(&self, kept: Kept) -> String {
        let name = &self.agents[kept.agent].agent.name;
        format!(
            "; kept until {} for {name}, whose call this one answers",
            kept.until
        )
    }
}
