//! Agents on calls that come through no queue: those that they make.

use model::{AgentId, AgentState, AgentStatus, CallId};

use super::Acd;

impl Acd {
    /// May this agent be put on a call now?
    pub fn is_free(&self, agent: AgentId) -> bool {
        self.agents
            .get(agent)
            .is_some_and(|record| record.employed() && !record.bound())
    }

    pub(super) fn agent_engaged(&mut self, agent: AgentId, call: CallId) {
        let Some(a) = self.agents.slot(agent) else {
            return;
        };
        let record = &mut self.agents[a];
        if record.bound() {
            return;
        }
        record.engaged = Some(call);
        let status = &record.status;
        if status.state == AgentState::Busy && status.call == Some(call) {
            // As we knew it before a restart of ours.
            return;
        }
        let (next, next_reason) = self.goes_back_to(a);
        let status = AgentStatus {
            call: Some(call),
            next,
            next_reason,
            ..AgentStatus::plain(AgentState::Busy, self.now.utc)
        };
        self.set_status(a, status, None);
    }

    pub(super) fn agent_disengaged(&mut self, agent: AgentId, call: CallId, talked: bool) {
        let Some(a) = self.agents.slot(agent) else {
            return;
        };
        let record = &mut self.agents[a];
        if record.engaged != Some(call) {
            return;
        }
        record.engaged = None;
        if talked && record.status.next.is_none() {
            self.make_available(a, true);
        } else {
            self.relieve(a);
        }
    }
}
