//! A small centre for dialogue tests: things happen by name, and what the engine says is read as plain lines.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{
    Agent, AgentId, AgentState, CallId, Caller, Instant, Member, Now, OfferId, Queue, QueueId,
    ServerId, Timestamp,
};
use uuid::Uuid;

use crate::acd::{Acd, CallRestored, Input, OfferFailure, Returned, Snapshot};
use crate::invariants::Checker;

/// Monday 2026-01-05, 08:00 UTC.
pub(super) const START: i64 = 1_767_600_000;
pub(super) const PBX: ServerId = ServerId(Uuid::from_u128(0x5e));

pub(super) struct Centre {
    pub(super) acd: Acd,
    pub(super) now: Now,
    /// Every dialogue is watched; `None` where it tells what no checker can know.
    pub(super) checker: Option<Checker>,
    pub(super) queues: BTreeMap<String, Queue>,
    pub(super) agents: BTreeMap<String, Agent>,
    pub(super) calls: BTreeMap<String, CallId>,
    /// The last offer each agent got, and for whom.
    pub(super) offers: BTreeMap<OfferId, (String, String)>,
}

/// What the engine said to one input.
#[must_use]
pub(super) struct Said(pub(super) Vec<String>);

impl Said {
    /// Exactly these lines, in this order.
    #[track_caller]
    pub(super) fn says(self, expected: &str) {
        let expected: Vec<&str> = expected
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .collect();
        assert_eq!(self.0, expected, "\nsaid:\n{}\n", self.0.join("\n"));
    }

    #[track_caller]
    pub(super) fn says_nothing(self) {
        self.says("");
    }

    /// Among others, this line.
    #[track_caller]
    pub(super) fn mentions(self, line: &str) -> Self {
        assert!(
            self.0.iter().any(|l| l == line),
            "no {line:?} in:\n{}\n",
            self.0.join("\n")
        );
        self
    }

    #[track_caller]
    pub(super) fn never_mentions(self, part: &str) -> Self {
        assert!(
            !self.0.iter().any(|l| l.contains(part)),
            "{part:?} in:\n{}\n",
            self.0.join("\n")
        );
        self
    }

    pub(super) fn quietly(self) {
        drop(self);
    }
}

fn id_of(kind: u128, name: &str) -> Uuid {
    let mut bytes = [0; 16];
    for (to, from) in bytes[8..].iter_mut().zip(name.bytes()) {
        *to = from;
    }
    Uuid::from_u128(u128::from_be_bytes(bytes) | (kind << 96))
}

impl Centre {
    pub(super) fn new() -> Self {
        Self {
            acd: Acd::new(1),
            checker: Some(Checker::default()),
            now: Now {
                mono: Instant(1_000_000_000),
                utc: Timestamp::from_micros(START * 1_000_000),
            },
            queues: BTreeMap::new(),
            agents: BTreeMap::new(),
            calls: BTreeMap::new(),
            offers: BTreeMap::new(),
        }
    }

    /// One queue `support` and these agents in it, all available.
    pub(super) fn with(agents: &[&str]) -> Self {
        let mut centre = Self::new();
        centre.queue("support", |_| {});
        for agent in agents {
            centre.agent(agent, &["support"]);
            centre.after(1).available(agent).quietly();
        }
        centre
    }

    /// The same centre in an engine that has just been started: the set-up only.
    pub(super) fn restarted(&self) -> Self {
        let mut fresh = Self::new();
        fresh.now = self.now;
        fresh.calls = self.calls.clone();
        fresh.offers = self.offers.clone();
        for (name, queue) in &self.queues {
            fresh.queue(name, |q| *q = queue.clone());
        }
        for (name, agent) in &self.agents {
            fresh.agents.insert(name.clone(), agent.clone());
            fresh.input(Input::AgentSet(agent.clone())).quietly();
        }
        fresh
    }

    // ---- names

    pub(super) fn queue_id(name: &str) -> QueueId {
        QueueId(id_of(0x0e, name))
    }
    pub(super) fn agent_id(name: &str) -> AgentId {
        AgentId(id_of(0xa6, name))
    }
    pub(super) fn call_id(name: &str) -> CallId {
        CallId(id_of(0xca, name))
    }
    /// The offer that binds this agent now.
    #[track_caller]
    pub(super) fn offer(&self, agent: &str) -> OfferId {
        let offers = self.acd.offers().find(|o| o.2 == Self::agent_id(agent));
        offers.unwrap_or_else(|| panic!("{agent} has no offer")).0
    }

    // ---- set-up

    /// Adds or changes a queue.
    pub(super) fn queue(&mut self, name: &str, change: impl FnOnce(&mut Queue)) {
        self.change_queue(name, change).quietly();
    }
    pub(super) fn change_queue(&mut self, name: &str, change: impl FnOnce(&mut Queue)) -> Said {
        let fresh = Queue::new(Self::queue_id(name), name);
        let queue = self.queues.entry(name.to_owned()).or_insert(fresh);
        change(queue);
        let queue = queue.clone();
        self.input(Input::QueueSet(queue))
    }
    pub(super) fn agent(&mut self, name: &str, queues: &[&str]) {
        let agent = Agent {
            id: Self::agent_id(name),
            name: name.to_owned(),
            extension: format!("1{:02}", self.agents.len() + 1),
            user: None,
            skills: BTreeMap::new(),
            active: true,
        };
        self.agents.insert(name.to_owned(), agent.clone());
        self.input(Input::AgentSet(agent)).quietly();
        for queue in queues {
            self.member(name, queue, 0).quietly();
        }
    }
    pub(super) fn change_agent(&mut self, name: &str, change: impl FnOnce(&mut Agent)) -> Said {
        let agent = self.agents.get_mut(name).unwrap();
        change(agent);
        let agent = agent.clone();
        self.input(Input::AgentSet(agent))
    }
    pub(super) fn skill(&mut self, agent: &str, skill: &str, level: u8) -> Said {
        self.change_agent(agent, |a| {
            a.skills.insert(skill.to_owned(), level);
        })
    }
    pub(super) fn member(&mut self, agent: &str, queue: &str, penalty: u8) -> Said {
        self.input(Input::MemberSet(Member {
            queue: Self::queue_id(queue),
            agent: Self::agent_id(agent),
            penalty,
            paused: false,
        }))
    }
    pub(super) fn paused(&mut self, agent: &str, queue: &str, paused: bool) -> Said {
        self.input(Input::MemberSet(Member {
            queue: Self::queue_id(queue),
            agent: Self::agent_id(agent),
            penalty: 0,
            paused,
        }))
    }

    // ---- time

    /// Time goes by, and the engine sleeps.
    pub(super) fn after(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now.after(Duration::from_secs(seconds));
        self
    }
    /// Time goes by, and the engine is woken whenever it asked to be.
    pub(super) fn wait(&mut self, seconds: u64) -> Said {
        let end = self.now.after(Duration::from_secs(seconds));
        let mut said = Vec::new();
        while let Some(due) = self.acd.poll_timeout().filter(|due| *due <= end.mono) {
            self.now = self.now.after(due.since(self.now.mono));
            said.extend(self.input(Input::Tick).0);
        }
        self.now = end;
        Said(said)
    }

    // ---- what happens

    pub(super) fn arrives(&mut self, call: &str, argument: &str) -> Said {
        self.arrives_as(call, Some(argument), "5550100", 0)
    }
    pub(super) fn arrives_first(&mut self, call: &str, argument: &str, priority: i32) -> Said {
        self.arrives_as(call, Some(argument), "5550100", priority)
    }
    pub(super) fn arrives_as(
        &mut self,
        call: &str,
        argument: Option<&str>,
        dialled: &str,
        priority: i32,
    ) -> Said {
        self.arrives_back(call, argument, dialled, priority, None)
    }
    /// The same, of somebody whom we have called.
    pub(super) fn comes_back(&mut self, call: &str, to: &str) -> Said {
        let returned = Returned {
            agent: Some(Self::agent_id(to)),
            queue: None,
        };
        self.arrives_back(call, None, "5550100", 0, Some(returned))
    }
    pub(super) fn arrives_back(
        &mut self,
        call: &str,
        argument: Option<&str>,
        dialled: &str,
        priority: i32,
        returned: Option<Returned>,
    ) -> Said {
        self.calls.insert(call.to_owned(), Self::call_id(call));
        self.input(Input::CallArrived {
            call: Self::call_id(call),
            server: PBX,
            channel: format!("chan-{call}"),
            caller: Caller::new("5550199", call),
            dialled: dialled.to_owned(),
            argument: argument.map(str::to_owned),
            priority,
            returned,
        })
    }
    pub(super) fn hangs_up(&mut self, call: &str) -> Said {
        let call = Self::call_id(call);
        self.input(Input::CallerHungUp {
            call,
            cause: Some(16),
        })
    }
    pub(super) fn available(&mut self, agent: &str) -> Said {
        self.asks(agent, AgentState::Available, None)
    }
    pub(super) fn takes_break(&mut self, agent: &str, reason: &str) -> Said {
        self.asks(agent, AgentState::Break, Some(reason))
    }
    pub(super) fn goes_offline(&mut self, agent: &str) -> Said {
        self.asks(agent, AgentState::Offline, None)
    }
    fn asks(&mut self, agent: &str, state: AgentState, reason: Option<&str>) -> Said {
        let (agent, reason) = (Self::agent_id(agent), reason.map(str::to_owned));
        self.input(Input::StateAsked {
            agent,
            state,
            reason,
        })
    }
    pub(super) fn answers(&mut self, agent: &str) -> Said {
        let offer = self.offer(agent);
        self.input(Input::OfferAnswered { offer })
    }
    pub(super) fn connected(&mut self, agent: &str) -> Said {
        let offer = self.offer(agent);
        self.input(Input::Connected { offer })
    }
    pub(super) fn fails(&mut self, agent: &str, why: OfferFailure) -> Said {
        let offer = self.offer(agent);
        self.input(Input::OfferFailed { offer, why })
    }
    pub(super) fn agent_hangs_up(&mut self, agent: &str) -> Said {
        let offer = self.offer(agent);
        self.input(Input::AgentHungUp {
            offer,
            cause: Some(16),
        })
    }
    /// Arrives, is offered, answered and connected, one second each.
    pub(super) fn talks(&mut self, call: &str, agent: &str) {
        self.after(1).arrives(call, "support").quietly();
        self.after(1).answers(agent).quietly();
        self.after(1).connected(agent).quietly();
    }
    pub(super) fn resynced(&mut self, snapshot: Snapshot) -> Said {
        self.input(Input::ServerResynced {
            server: PBX,
            snapshot,
        })
    }
    pub(super) fn lost(&mut self) -> Said {
        self.input(Input::ServerLost { server: PBX })
    }
    pub(super) fn restored(&mut self, from: &Centre) {
        for call in from.acd.calls() {
            let offers = from.acd.offers().filter(|(_, of, _)| *of == call.id);
            self.input(Input::CallRestored(Box::new(CallRestored {
                call: call.clone(),
                offers: offers.map(|(offer, _, agent)| (offer, agent)).collect(),
                entered_at: from.acd.entered_at(call.id),
            })))
            .says_nothing();
        }
        for view in from.acd.agents() {
            self.input(Input::AgentRestored {
                agent: view.agent.id,
                status: view.status.clone(),
                calls_today: view.calls_today,
            })
            .says_nothing();
        }
    }

    pub(super) fn input(&mut self, input: Input) -> Said {
        if let Some(checker) = &mut self.checker {
            checker.input(self.now, &input);
        }
        self.acd.handle(self.now, input);
        let mut said = Vec::new();
        while let Some(command) = self.acd.next_command() {
            if let Some(checker) = &mut self.checker {
                checker.command(&command);
            }
            said.push(self.line(command));
        }
        if let Some(checker) = &mut self.checker {
            assert_eq!(checker.settled(), [], "said:\n{}\n", said.join("\n"));
        }
        Said(said)
    }

    pub(super) fn state(&self, agent: &str) -> AgentState {
        self.acd.agent(Self::agent_id(agent)).unwrap().status.state
    }
}
