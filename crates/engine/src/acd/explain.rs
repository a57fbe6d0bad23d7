//! Why: for a call who could take it and who not, for an agent why a queue's calls do or do not come.

use model::{AgentId, AgentState, CallId, CallState, QueueId, Strategy};

use super::Acd;
use super::record::{AgentRecord, AgentSlot, Membership, QueueRecord, QueueSlot};

/// Why a call is where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallExplained {
    /// One sentence on the call itself.
    pub summary: String,
    /// Every member of its queue: the eligible ones first, in the order of choice.
    pub members: Vec<MemberExplained>,
}

/// Why an agent could be given a call of a queue, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberExplained {
    pub agent: AgentId,
    pub name: String,
    pub eligible: bool,
    pub why: String,
}

impl Acd {
    /// Why a waiting call waits, or who has it. `None`: there is no such open call.
    pub fn explain(&self, id: CallId) -> Option<CallExplained> {
        let record = self.calls.get(id)?;
        let Some(q) = record.queue else {
            return Some(CallExplained {
                summary: "is in no queue".to_owned(),
                members: Vec::new(),
            });
        };
        let queue = &self.queues[q];
        let name = &queue.queue.name;
        let position = record.place.map_or(0, |place| queue.line.rank(&place) + 1);
        let frozen = if record.frozen {
            "; its server is lost, so nothing is decided for it"
        } else {
            ""
        };
        let summary = match record.call.state {
            CallState::Waiting => {
                let kept = record.kept.map(|kept| self.kept_in_words(kept));
                let kept = kept.unwrap_or_default();
                format!("waits in {name}, number {position} in line{kept}{frozen}")
            }
            CallState::Ringing => format!(
                "number {position} in line of {name}, rings {} of its agents{frozen}",
                record.offers.len()
            ),
            CallState::Connecting => format!("is being connected to an agent of {name}{frozen}"),
            CallState::Talking => format!("talks with an agent of {name}{frozen}"),
            CallState::Parked => format!("is parked by an agent of {name}{frozen}"),
            CallState::Ended => "has ended".to_owned(),
        };
        Some(CallExplained {
            summary,
            members: self.explain_members(q),
        })
    }

    /// Why an agent gets, or does not get, a queue's calls. `None`: there is no such queue or agent.
    pub fn explain_agent(&self, queue: QueueId, agent: AgentId) -> Option<MemberExplained> {
        let q = self.queues.slot(queue)?;
        let record = self.agents.get(agent)?;
        Some(match record.membership(q) {
            Some(membership) => self.explain_member(&self.queues[q], record, membership),
            None => told(
                record,
                false,
                format!("is no member of {}", self.queues[q].queue.name),
            ),
        })
    }

    fn explain_members(&self, q: QueueSlot) -> Vec<MemberExplained> {
        let queue = &self.queues[q];
        let listed = queue.available.iter().map(|turn| turn.3);
        let waits = |a: &AgentSlot| {
            let turn = self.agents[*a].membership(q).and_then(|m| m.turn);
            turn.is_none()
        };
        let others = queue.members.iter().copied().filter(waits);
        listed
            .chain(others)
            .filter_map(|a| {
                let record = &self.agents[a];
                let membership = record.membership(q)?;
                Some(self.explain_member(queue, record, membership))
            })
            .collect()
    }

    fn explain_member(
        &self,
        queue: &QueueRecord,
        record: &AgentRecord,
        membership: &Membership,
    ) -> MemberExplained {
        let status = &record.status;
        if !queue.open() {
            return told(record, false, "the queue is closed".to_owned());
        }
        if !record.agent.active {
            return told(record, false, "is not active".to_owned());
        }
        if membership.paused {
            return told(record, false, "is paused in this queue".to_owned());
        }
        if membership.level.is_none() {
            return told(record, false, missing_skill(queue, record));
        }
        let reason = status.reason.as_deref().unwrap_or_default();
        let why = match status.state {
            AgentState::Available => {
                return told(record, true, self.turn_in_words(queue, record, membership));
            }
            AgentState::Offline => "is offline".to_owned(),
            AgentState::Break => format!("is on a break {reason}").trim_end().to_owned(),
            AgentState::Ringing => "is being rung for a call".to_owned(),
            AgentState::Busy => "is on a call".to_owned(),
            AgentState::WrapUp => match status.until {
                Some(until) => format!("is in wrap-up until {until}"),
                None => "is in wrap-up".to_owned(),
            },
            AgentState::NoAnswer => match status.until {
                Some(until) => format!("did not take an offer ({reason}), rests until {until}"),
                None => format!("did not take an offer ({reason}), rests until asked for"),
            },
        };
        told(record, false, why)
    }

    fn turn_in_words(
        &self,
        queue: &QueueRecord,
        record: &AgentRecord,
        membership: &Membership,
    ) -> String {
        let idle = record.idle_since;
        let ahead = membership
            .turn
            .map_or(0, |turn| queue.available.rank(&turn));
        let figure = match queue.queue.strategy {
            Strategy::LongestIdle => format!("idle since {idle}"),
            Strategy::RoundRobin if membership.last_offered == 0 => {
                "not offered a call yet".to_owned()
            }
            Strategy::RoundRobin => format!(
                "had offer {} of {}",
                membership.last_offered, queue.offers_made
            ),
            Strategy::LeastCalls => {
                let day = self.zones[queue.zone].day_at(self.now.utc);
                format!(
                    "{} calls today, idle since {idle}",
                    record.tally(queue.zone, day)
                )
            }
            Strategy::Random => "any of the lowest penalty".to_owned(),
            Strategy::RingAll => "all of the lowest penalty".to_owned(),
            Strategy::Skills => format!(
                "skill level {}, idle since {idle}",
                membership.level.unwrap_or(0)
            ),
        };
        format!(
            "available, {ahead} before, penalty {}, {figure}",
            membership.penalty
        )
    }
}

fn missing_skill(queue: &QueueRecord, record: &AgentRecord) -> String {
    let required = &queue.queue.required_skills;
    let lacking = required.iter().find(|requirement| {
        let level = record.agent.skills.get(&requirement.skill);
        level.is_none_or(|level| *level < requirement.min_level)
    });
    match lacking {
        Some(requirement) => format!(
            "lacks {} at level {} (has {})",
            requirement.skill,
            requirement.min_level,
            record.agent.skills.get(&requirement.skill).unwrap_or(&0)
        ),
        None => "lacks a required skill".to_owned(),
    }
}

fn told(record: &AgentRecord, eligible: bool, why: String) -> MemberExplained {
    MemberExplained {
        agent: record.agent.id,
        name: record.agent.name.clone(),
        eligible,
        why,
    }
}
