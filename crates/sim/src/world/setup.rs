//! What a day's centre is made of, and how its administrators change it while calls run.

use std::collections::BTreeMap;

use engine::acd::Input;
use model::{
    Agent, AgentId, AnswerOn, DialplanTarget, Did, DidId, DidTarget, Member, NoAgents, Overflow,
    Queue, QueueId, ServerId, SkillRequirement, Strategy, Timestamp,
};
use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use uuid::Uuid;

/// Everything that would be in the store: enough to set up an engine anew.
#[derive(Debug, Default)]
pub(super) struct Setup {
    pub(super) servers: Vec<ServerId>,
    pub(super) queues: BTreeMap<QueueId, Queue>,
    pub(super) agents: BTreeMap<AgentId, Agent>,
    pub(super) members: BTreeMap<(QueueId, AgentId), Member>,
    pub(super) dids: Vec<Did>,
    pub(super) default_queue: Option<QueueId>,
    names: u32,
}

const SKILLS: [&str; 2] = ["french", "billing"];
const ZONES: [&str; 4] = [
    "UTC",
    "Europe/Bratislava",
    "America/Santiago",
    "Asia/Kathmandu",
];

fn id(kind: u128, number: u32) -> Uuid {
    Uuid::from_u128((kind << 64) | u128::from(number))
}

impl Setup {
    pub(super) fn random(chance: &mut SmallRng) -> Self {
        let mut setup = Self::default();
        for number in 0..chance.random_range(1..=2) {
            setup.servers.push(ServerId(id(1, number)));
        }
        for _ in 0..chance.random_range(1..=4) {
            setup.add_queue(chance);
        }
        for _ in 0..chance.random_range(2..=9) {
            setup.add_agent(chance);
        }
        let queues: Vec<QueueId> = setup.queues.keys().copied().collect();
        for (number, queue) in queues.iter().enumerate() {
            setup.dids.push(Did {
                id: DidId(id(4, u32::try_from(number).unwrap_or(0))),
                number: format!("55501{number:02}"),
                to: DidTarget::Queue { queue: *queue },
                return_wait_seconds: chance.random_range(0..30),
                note: String::new(),
            });
        }
        if chance.random_bool(0.5) {
            setup.default_queue = queues.choose(chance).copied();
        }
        setup
    }

    fn add_queue(&mut self, chance: &mut SmallRng) -> Input {
        self.names += 1;
        let queue_id = QueueId(id(2, self.names));
        let mut queue = Queue::new(queue_id, &format!("q{}", self.names));
        self.shuffle_rules(&mut queue, chance);
        self.queues.insert(queue_id, queue.clone());
        Input::QueueSet(queue)
    }

    fn shuffle_rules(&self, queue: &mut Queue, chance: &mut SmallRng) {
        queue.strategy = *Strategy::ALL
            .choose(chance)
            .unwrap_or(&Strategy::LongestIdle);
        queue.priority = chance.random_range(0..3);
        queue.ring_seconds = chance.random_range(3..20);
        queue.wrap_up_seconds = *[0, 0, 5, 15].choose(chance).unwrap_or(&0);
        queue.no_answer_seconds = *[None, Some(0), Some(0), Some(5), Some(30)]
            .choose(chance)
            .unwrap_or(&None);
        queue.max_wait_seconds = maybe(chance, 0.7, 3..90);
        queue.max_size = maybe(chance, 0.5, 1..9);
        queue.no_agents = *[NoAgents::Wait, NoAgents::RefuseNew, NoAgents::OverflowAll]
            .choose(chance)
            .unwrap_or(&NoAgents::Wait);
        queue.answer_on = if chance.random_bool(0.5) {
            AnswerOn::Queue
        } else {
            AnswerOn::Agent
        };
        ZONES[chance.random_range(0..ZONES.len())].clone_into(&mut queue.time_zone);
        queue.required_skills = SKILLS
            .iter()
            .filter(|_| chance.random_bool(0.15))
            .map(|skill| SkillRequirement {
                skill: (*skill).to_owned(),
                min_level: 3,
            })
            .collect();
        let others: Vec<QueueId> = self.queues.keys().copied().collect();
        queue.overflow = match (chance.random_range(0..3), others.choose(chance)) {
            (0, Some(other)) if *other != queue.id => Overflow::Queue { queue: *other },
            (1, _) => Overflow::Dialplan(DialplanTarget {
                context: "overflow".to_owned(),
                extension: "s".to_owned(),
                priority: 1,
            }),
            _ => Overflow::HangUp,
        };
    }

    fn add_agent(&mut self, chance: &mut SmallRng) -> Vec<Input> {
        self.names += 1;
        let agent = Agent {
            id: AgentId(id(3, self.names)),
            name: format!("a{}", self.names),
            extension: format!("{}", 100 + self.names),
            user: None,
            skills: random_skills(chance),
            active: true,
        };
        let id = agent.id;
        self.agents.insert(id, agent.clone());
        let mut inputs = vec![Input::AgentSet(agent)];
        let queues: Vec<QueueId> = self.queues.keys().copied().collect();
        for queue in queues {
            if chance.random_bool(0.7) {
                inputs.push(self.set_member(queue, id, chance));
            }
        }
        inputs
    }

    fn set_member(&mut self, queue: QueueId, agent: AgentId, chance: &mut SmallRng) -> Input {
        let member = Member {
            queue,
            agent,
            penalty: chance.random_range(0..3),
            paused: chance.random_bool(0.1),
        };
        self.members.insert((queue, agent), member.clone());
        Input::MemberSet(member)
    }

    /// What a fresh engine is told first.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let queues = self.queues.values().cloned().map(Input::QueueSet);
        let agents = self.agents.values().cloned().map(Input::AgentSet);
        let members = self.members.values().cloned().map(Input::MemberSet);
        let dids = self.dids.iter().cloned().map(Input::DidSet);
        queues
            .chain(agents)
            .chain(members)
            .chain(dids)
            .chain([Input::DefaultQueueSet(self.default_queue)])
            .collect()
    }

    /// An administrator changes something.
    pub(super) fn meddle(&mut self, chance: &mut SmallRng) -> Vec<Input> {
        let queues: Vec<QueueId> = self.queues.keys().copied().collect();
        let agents: Vec<AgentId> = self.agents.keys().copied().collect();
        let (Some(&queue), Some(&agent)) = (queues.choose(chance), agents.choose(chance)) else {
            return vec![self.add_queue(chance)];
        };
        match chance.random_range(0..12) {
            0 => vec![self.add_queue(chance)],
            1 => self.add_agent(chance),
            2 if queues.len() > 1 => {
                self.queues.remove(&queue);
                self.members.retain(|(of, _), _| *of != queue);
                vec![Input::QueueRemoved(queue)]
            }
            3 if agents.len() > 2 => {
                self.agents.remove(&agent);
                self.members.retain(|(_, who), _| *who != agent);
                vec![Input::AgentRemoved(agent)]
            }
            4 | 5 => {
                self.members.remove(&(queue, agent));
                vec![Input::MemberRemoved(queue, agent)]
            }
            6 => {
                let mut changed = self.queues[&queue].clone();
                self.shuffle_rules(&mut changed, chance);
                changed.active = chance.random_bool(0.8);
                self.queues.insert(queue, changed.clone());
                vec![Input::QueueSet(changed)]
            }
            7 => {
                let mut changed = self.agents[&agent].clone();
                changed.skills = random_skills(chance);
                changed.active = chance.random_bool(0.8);
                self.agents.insert(agent, changed.clone());
                vec![Input::AgentSet(changed)]
            }
            _ => vec![self.set_member(queue, agent, chance)],
        }
    }
}

fn maybe(chance: &mut SmallRng, often: f64, range: std::ops::Range<u32>) -> Option<u32> {
    chance
        .random_bool(often)
        .then(|| chance.random_range(range))
}

fn random_skills(chance: &mut SmallRng) -> BTreeMap<String, u8> {
    let mut skills = BTreeMap::new();
    for skill in SKILLS {
        if chance.random_bool(0.7) {
            skills.insert(skill.to_owned(), chance.random_range(1..=10));
        }
    }
    skills
}

/// A day in 2026, sometimes minutes before a midnight or before the clocks change.
pub(super) fn random_start(chance: &mut SmallRng) -> Timestamp {
    let seconds = match chance.random_range(0..4) {
        // 2026-03-28T22:55Z, minutes before midnight in Bratislava, hours before the clocks change.
        0 => 1_774_738_500,
        // 2026-12-31T23:55Z.
        1 => 1_798_761_300,
        _ => 1_767_225_600 + chance.random_range(0..31_000_000),
    };
    Timestamp::from_micros(seconds * 1_000_000)
}
