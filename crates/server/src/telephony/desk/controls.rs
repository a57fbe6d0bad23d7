//! The desk's part in call control: who waits for an answer, and when two talk.

use std::collections::BTreeMap;

use engine::{
    acd::Input as AcdInput,
    control::{Command, Control, Input, Refusal, Talkers, Ticket, Verb, WatchWish, Wish},
};
use model::{AgentId, Call, CallId, EventBody, ServerId, Watch, WatchId, WatchMode};
use tokio::sync::oneshot;

use super::{Desk, Refused};
use crate::telephony::outbox;

/// Why something was not done to a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Control(#[from] Refusal),
}

/// What somebody wants done to a call, and who.
#[derive(Debug)]
pub(in crate::telephony) struct Demand {
    pub(in crate::telephony) call: CallId,
    pub(in crate::telephony) by: String,
    pub(in crate::telephony) what: What,
}

#[derive(Debug)]
pub(in crate::telephony) enum What {
    Verb(Verb),
    Watch { watcher: AgentId, mode: WatchMode },
    Unwatch { watcher: AgentId },
}

pub(in crate::telephony) type Reply = oneshot::Sender<Result<(), NotDone>>;

/// The calls that talk, and those who want something done.
#[derive(Default)]
pub(super) struct Controls {
    control: Control,
    last_ticket: Ticket,
    waiting: BTreeMap<Ticket, Reply>,
}

impl Controls {
    pub(super) fn poll_timeout(&self) -> Option<model::Instant> {
        self.control.poll_timeout()
    }

    /// The call with what has been done to it.
    pub(super) fn complete(&self, call: &mut Call) {
        if let Some(state) = self.control.state(call.id) {
            call.control = state.clone();
        }
    }

    pub(super) fn watches(&self, call: CallId) -> Vec<Watch> {
        self.control.watchers(call).cloned().collect()
    }
}

impl Desk {
    pub(super) fn demand(&mut self, demand: Demand, reply: Reply) {
        self.controls.last_ticket += 1;
        let ticket = self.controls.last_ticket;
        match self.wish(demand, ticket) {
            Ok(input) => {
                self.controls.waiting.insert(ticket, reply);
                self.control(input);
            }
            Err(why) => drop(reply.send(Err(why.into()))),
        }
    }

    fn wish(&self, demand: Demand, ticket: Ticket) -> Result<Input, Refused> {
        let Demand { call, by, what } = demand;
        Ok(match what {
            What::Verb(verb) => Input::Asked(Wish {
                call,
                ticket,
                verb,
                by,
            }),
            What::Watch { watcher, mode } => {
                let known = self.acd.agent(watcher).ok_or(Refused::NoSuchAgent)?;
                if !known.agent.active {
                    return Err(Refused::NotActive);
                }
                let watched = self.known_call(call).and_then(|call| call.agent);
                let watched = watched.and_then(|agent| self.acd.agent(agent));
                let (at, random) = self.clock.id();
                Input::WatchAsked(WatchWish {
                    call,
                    ticket,
                    id: WatchId::new(at, random),
                    watcher,
                    extension: known.agent.extension.clone(),
                    title: watched.map_or_else(String::new, |view| view.agent.name.clone()),
                    free: self.acd.is_free(watcher),
                    mode,
                    by,
                })
            }
            What::Unwatch { watcher } => Input::UnwatchAsked {
                call,
                ticket,
                watcher,
            },
        })
    }

    pub(in crate::telephony) fn control(&mut self, input: Input) {
        let now = self.clock.now();
        self.controls.control.handle(now, input);
        let (mut facts, mut commands) = (Vec::new(), Vec::new());
        while let Some(command) = self.controls.control.next_command() {
            match command {
                Command::Publish(body) => facts.push(body),
                other => commands.push(other),
            }
        }
        self.publish(now.utc, facts);
        for command in commands {
            self.carry_out_control(command);
        }
    }

    fn carry_out_control(&mut self, command: Command) {
        let server = match &command {
            Command::Answer { ticket, result } => {
                if let Some(reply) = self.controls.waiting.remove(ticket) {
                    let _ = reply.send(result.clone().map_err(NotDone::Control));
                }
                return;
            }
            &Command::Engage {
                watcher: agent,
                call,
            } => return self.input(AcdInput::AgentEngaged { agent, call }),
            &Command::Disengage {
                watcher: agent,
                call,
            } => {
                let talked = false;
                return self.input(AcdInput::AgentDisengaged {
                    agent,
                    call,
                    talked,
                });
            }
            Command::Do { server, .. }
            | Command::CleanUp { server, .. }
            | Command::RingWatcher { server, .. }
            | Command::JoinWatcher { server, .. }
            | Command::DropWatcher { server, .. } => *server,
            Command::Publish(_) => return,
        };
        self.send(server, outbox::Command::Control(command));
    }

    /// Calls begin to talk, and end.
    pub(super) fn follow_talks(&mut self, facts: &[EventBody]) {
        for fact in facts {
            match fact {
                EventBody::CallAnswered { call, .. } | EventBody::CustomerAnswered { call, .. } => {
                    if let Some(call) = self.known_call(*call) {
                        self.begin_talk(call);
                    }
                }
                EventBody::CallEnded { call, .. } => self.control(Input::Over { call: *call }),
                _ => {}
            }
        }
    }

    fn begin_talk(&mut self, call: Call) {
        let talkers = match call.offer {
            Some(offer) => Talkers::Queued {
                channel: call.channel.clone(),
                offer,
            },
            None => Talkers::Placed,
        };
        let call = Box::new(call);
        self.control(Input::Talking { call, talkers });
    }

    /// A call that talked when we stopped. What has become of it is known once its server is found.
    pub(in crate::telephony) fn restore_talk(&mut self, call: Call) {
        let server: ServerId = call.server;
        self.begin_talk(call);
        self.control(Input::ServerLost { server });
    }
}
