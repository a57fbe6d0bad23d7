//! What the engine says, as one plain line each.

use model::{AgentId, AgentState, AgentStatus, CallId, EventBody, OfferId, QueueId};

use super::centre::Centre;
use crate::acd::Command;

impl Centre {
    fn name_of_agent(&self, id: AgentId) -> &str {
        self.agents
            .iter()
            .find(|(_, a)| a.id == id)
            .map_or("?", |(name, _)| name)
    }
    fn name_of_call(&self, id: CallId) -> &str {
        self.calls
            .iter()
            .find(|(_, c)| **c == id)
            .map_or("?", |(name, _)| name)
    }
    fn name_of_queue(&self, id: QueueId) -> &str {
        self.queues
            .iter()
            .find(|(_, q)| q.id == id)
            .map_or("?", |(name, _)| name)
    }
    fn name_of_offer(&self, id: OfferId) -> String {
        self.offers
            .get(&id)
            .map_or("?".to_owned(), |(call, agent)| format!("{call}/{agent}"))
    }

    pub(super) fn line(&mut self, command: Command) -> String {
        match command {
            Command::Publish(body) => self.fact(body),
            Command::Answer { call } => format!("! answer {}", self.name_of_call(call)),
            Command::Ring { call } => format!("! ringing for {}", self.name_of_call(call)),
            Command::PlayMusic { call, class } => {
                format!("! music {class} for {}", self.name_of_call(call))
            }
            Command::Park { call, class } => {
                format!("! park {} to {class}", self.name_of_call(call))
            }
            Command::Offer {
                call,
                agent,
                extension,
                timeout,
                ..
            } => format!(
                "! ring {}, {extension}, for {}, {timeout:?}",
                self.name_of_agent(agent),
                self.name_of_call(call)
            ),
            Command::Withdraw { offer } => format!("! withdraw {}", self.name_of_offer(offer)),
            Command::Connect { offer, .. } => format!("! connect {}", self.name_of_offer(offer)),
            Command::Disconnect { offer } => format!("! disconnect {}", self.name_of_offer(offer)),
            Command::HangUp { call } => format!("! hang up {}", self.name_of_call(call)),
            Command::Continue { call, target } => format!(
                "! continue {} at {},{},{}",
                self.name_of_call(call),
                target.context,
                target.extension,
                target.priority
            ),
        }
    }

    fn fact(&mut self, body: EventBody) -> String {
        match body {
            EventBody::CallArrived { call, .. } => format!("{} arrived", self.name_of_call(call)),
            EventBody::CallQueued {
                call,
                queue,
                position,
                overflow_reason,
                kept_for,
                ..
            } => {
                let after =
                    overflow_reason.map_or(String::new(), |r| format!(" after {}", word(&r)));
                let kept = kept_for.map_or(String::new(), |kept| {
                    format!(" for {}", self.name_of_agent(kept.agent))
                });
                let (call, queue) = (self.name_of_call(call), self.name_of_queue(queue));
                format!("{call} queued in {queue} at {position}{after}{kept}")
            }
            EventBody::CallOffered {
                call, offer, agent, ..
            } => {
                let names = (
                    self.name_of_call(call).to_owned(),
                    self.name_of_agent(agent).to_owned(),
                );
                let line = format!("{} offered to {}", names.0, names.1);
                self.offers.insert(offer, names);
                line
            }
            EventBody::OfferEnded {
                offer,
                result,
                ring_ms,
                ..
            } => {
                format!(
                    "offer {} {} after {ring_ms} ms",
                    self.name_of_offer(offer),
                    word(&result)
                )
            }
            EventBody::CallAnswered {
                call,
                agent,
                wait_ms,
                ..
            } => format!(
                "{} answered by {} after {wait_ms} ms",
                self.name_of_call(call),
                self.name_of_agent(agent)
            ),
            EventBody::CallEnded {
                call,
                outcome,
                overflow_reason,
                ended_by,
                wait_ms,
                talk_ms,
                ..
            } => {
                let mut line = format!(
                    "{} ended {} by {}",
                    self.name_of_call(call),
                    word(&outcome),
                    word(&ended_by)
                );
                if let Some(reason) = overflow_reason {
                    line += &format!(" for {}", word(&reason));
                }
                if let Some(wait) = wait_ms {
                    line += &format!(", waited {wait} ms");
                }
                if let Some(talk) = talk_ms {
                    line += &format!(", talked {talk} ms");
                }
                line
            }
            EventBody::AgentChanged {
                agent,
                from,
                status,
            } => self.agent_line(agent, from, status),
            other => format!("{other:?}"),
        }
    }

    fn agent_line(&self, agent: AgentId, from: AgentState, status: AgentStatus) -> String {
        let mut line = format!("{} {}", self.name_of_agent(agent), from.as_str());
        if from != status.state {
            line += &format!("→{}", status.state.as_str());
        }
        if let Some(reason) = status.reason {
            line += &format!(" ({reason})");
        }
        if let Some(until) = status.until {
            line += &format!(" for {} s", until.since(status.since).as_secs());
        }
        if let Some(next) = status.next {
            line += &format!(", then {}", next.as_str());
        }
        line
    }
}

/// An enum's word as people write it.
fn word(value: &impl std::fmt::Debug) -> String {
    let mut word = String::new();
    for letter in format!("{value:?}").chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push(' ');
        }
        word.extend(letter.to_lowercase());
    }
    word
}
