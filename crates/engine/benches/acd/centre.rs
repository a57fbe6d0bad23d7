//! A centre under steady load: as many callers come as go.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant as Clock};

use cordboard_engine::acd::{Acd, Command, Input, OfferFailure};
use model::{
    Agent, AgentId, AgentState, CallId, Caller, Instant, Member, Now, OfferId, Queue, QueueId,
    ServerId, Strategy, Timestamp,
};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) agents: usize,
    pub(crate) queues: usize,
    pub(crate) waiting: usize,
}

impl Size {
    pub(crate) fn of(agents: usize) -> Self {
        Self {
            agents,
            queues: agents / 10,
            waiting: agents * 4,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// More callers than agents: a line in every queue.
    Busy { ring_all: bool },
    /// Most agents are available; each caller is offered at once.
    Calm,
}

/// An agent serves this many queues.
const MEMBERSHIPS: usize = 3;

pub(crate) struct Centre {
    size: Size,
    traffic: Traffic,
    acd: Acd,
    now: Now,
    chance: SmallRng,
    /// Callers in line, some of whom have left it since.
    waiting: VecDeque<CallId>,
    /// Phones that ring.
    ringing: VecDeque<OfferId>,
    connecting: VecDeque<OfferId>,
    talking: Vec<(CallId, OfferId)>,
    calls: BTreeMap<OfferId, CallId>,
    on_break: Vec<AgentId>,
    numbers: u128,
    /// Nanoseconds per input.
    pub(crate) timings: Vec<u32>,
}

impl Centre {
    pub(crate) fn new(size: Size, traffic: Traffic) -> Self {
        Self {
            size,
            traffic,
            acd: Acd::new(7),
            now: Now {
                mono: Instant(1_000_000_000),
                utc: Timestamp::from_micros(1_767_600_000_000_000),
            },
            chance: SmallRng::seed_from_u64(7),
            waiting: VecDeque::new(),
            ringing: VecDeque::new(),
            connecting: VecDeque::new(),
            talking: Vec::new(),
            calls: BTreeMap::new(),
            on_break: Vec::new(),
            numbers: 0,
            timings: Vec::new(),
        }
    }

    /// Queues, agents, and the load.
    pub(crate) fn fill(&mut self) {
        for number in 0..self.size.queues {
            let mut queue = Queue::new(queue_id(number), &format!("q{number}"));
            queue.strategy = self.strategy(number);
            queue.wrap_up_seconds = 0;
            queue.no_answer_seconds = Some(1);
            queue.max_wait_seconds = Some(86_400);
            queue.max_size = None;
            self.give(Input::QueueSet(queue));
        }
        for number in 0..self.size.agents {
            let agent = agent_id(number);
            self.give(Input::AgentSet(Agent {
                id: agent,
                name: format!("agent {number}"),
                extension: format!("{}", 1000 + number),
                user: None,
                skills: BTreeMap::new(),
                active: true,
            }));
            for _ in 0..MEMBERSHIPS {
                let queue = queue_id(self.chance.random_range(0..self.size.queues));
                let penalty = self.chance.random_range(0..3);
                self.give(Input::MemberSet(Member {
                    queue,
                    agent,
                    penalty,
                    paused: false,
                }));
            }
            self.ask(agent, AgentState::Available);
        }
        let callers = match self.traffic {
            Traffic::Busy { .. } => self.size.agents + self.size.waiting,
            Traffic::Calm => self.size.agents / 10,
        };
        for _ in 0..callers {
            self.arrive();
            self.phones();
        }
    }

    fn strategy(&self, number: usize) -> Strategy {
        let ring_all = self.traffic == Traffic::Busy { ring_all: true };
        let all = Strategy::ALL.into_iter();
        let used: Vec<_> = all
            .filter(|s| ring_all || *s != Strategy::RingAll)
            .collect();
        used[number % used.len()]
    }

    /// Steady traffic until so many inputs have been timed.
    pub(crate) fn play(&mut self, inputs: usize) {
        let end = self.timings.len() + inputs;
        self.timings.reserve(inputs);
        while self.timings.len() < end {
            match self.chance.random_range(0..10) {
                0 => self.give_up(),
                1 => self.pause(),
                _ => self.hang_up(),
            }
            self.phones();
            while self.acd.open_calls() < self.wanted() {
                self.arrive();
                self.phones();
            }
            let due = self.acd.poll_timeout();
            if due.is_some_and(|due| due <= self.now.mono) {
                self.give(Input::Tick);
            }
        }
    }

    /// Callers in line or on the phone.
    fn wanted(&self) -> usize {
        match self.traffic {
            Traffic::Busy { .. } => self.size.agents + self.size.waiting,
            Traffic::Calm => self.size.agents / 10,
        }
    }

    fn arrive(&mut self) {
        self.numbers += 1;
        let call = CallId::new(self.now.utc, self.numbers << 60);
        let queue = self.chance.random_range(0..self.size.queues);
        self.waiting.push_back(call);
        self.give(Input::CallArrived {
            call,
            server: ServerId(Uuid::nil()),
            channel: format!("cordboard-{}", self.numbers),
            caller: Caller {
                number: "5550199".to_owned(),
                e164: Some("+15550199".to_owned()),
                name: "A caller".to_owned(),
            },
            dialled: "5550100".to_owned(),
            argument: Some(format!("q{queue}")),
            priority: 0,
            returned: None,
        });
    }

    /// A caller in line leaves.
    fn give_up(&mut self) {
        for _ in 0..4 {
            let Some(call) = self.waiting.pop_front() else {
                return;
            };
            if self.acd.call(call).is_some_and(|call| call.agent.is_none()) {
                return self.give(Input::CallerHungUp {
                    call,
                    cause: Some(16),
                });
            }
        }
    }

    /// A conversation ends.
    fn hang_up(&mut self) {
        if self.talking.is_empty() {
            return;
        }
        let index = self.chance.random_range(0..self.talking.len());
        let (call, offer) = self.talking.swap_remove(index);
        if self.chance.random_bool(0.5) {
            self.give(Input::CallerHungUp {
                call,
                cause: Some(16),
            });
        } else {
            self.give(Input::AgentHungUp {
                offer,
                cause: Some(16),
            });
        }
    }

    /// Somebody goes on a break, somebody comes back.
    fn pause(&mut self) {
        let agent = agent_id(self.chance.random_range(0..self.size.agents));
        self.ask(agent, AgentState::Break);
        self.on_break.push(agent);
        if self.on_break.len() > self.size.agents / 50 {
            let back = self.on_break.swap_remove(0);
            self.ask(back, AgentState::Available);
        }
    }

    fn ask(&mut self, agent: AgentId, state: AgentState) {
        let reason = (state == AgentState::Break).then(|| "lunch".to_owned());
        self.give(Input::StateAsked {
            agent,
            state,
            reason,
        });
    }

    /// Every phone that rings is answered, but for one in ten.
    fn phones(&mut self) {
        while let Some(offer) = self.ringing.pop_front() {
            if self.chance.random_bool(0.1) {
                let why = OfferFailure::NoAnswer;
                self.give(Input::OfferFailed { offer, why });
            } else {
                self.give(Input::OfferAnswered { offer });
            }
            while let Some(offer) = self.connecting.pop_front() {
                self.give(Input::Connected { offer });
                if let Some(call) = self.calls.remove(&offer) {
                    self.talking.push((call, offer));
                }
            }
        }
    }

    fn give(&mut self, input: Input) {
        self.now = self.now.after(Duration::from_micros(200));
        let began = Clock::now();
        self.acd.handle(self.now, input);
        let mut said = 0;
        while let Some(command) = self.acd.next_command() {
            match command {
                Command::Offer { offer, .. } => self.ringing.push_back(offer),
                Command::Connect { call, offer } => {
                    self.calls.insert(offer, call);
                    self.connecting.push_back(offer);
                }
                _ => said += 1,
            }
        }
        std::hint::black_box(said);
        let nanos = began.elapsed().as_nanos();
        self.timings.push(u32::try_from(nanos).unwrap_or(u32::MAX));
    }
}

fn queue_id(number: usize) -> QueueId {
    QueueId(scattered(2, number))
}

fn agent_id(number: usize) -> AgentId {
    AgentId(scattered(3, number))
}

/// Ids in no order, as real ones of different days are.
fn scattered(kind: u64, number: usize) -> Uuid {
    let mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Uuid::from_u64_pair(mixed, kind)
}
