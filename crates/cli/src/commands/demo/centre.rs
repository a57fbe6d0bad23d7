//! The demo's queues, agents and users, made as an administrator would make them.

use model::{Agent, AgentId, Member, Queue, QueueId, Role, Strategy, User, UserId};
use serde::Serialize;
use server::{app::App, auth};

use super::at_speed;
use crate::failure::{Code, Failure};

/// Agents: name and the queues they serve, by index into [`QUEUES`].
const AGENTS: [(&str, &[usize]); 14] = [
    ("Bert Example", &[0, 1]),
    ("Cora Example", &[0]),
    ("Dino Example", &[0, 2]),
    ("Elsa Example", &[0]),
    ("Finn Example", &[0, 1]),
    ("Gina Example", &[1]),
    ("Hugo Example", &[1]),
    ("Iris Example", &[1, 2]),
    ("Jack Example", &[1]),
    ("Kira Example", &[1]),
    ("Liam Example", &[2]),
    ("Mona Example", &[2, 0]),
    ("Nico Example", &[1]),
    ("Olga Example", &[0, 1, 2]),
];

const QUEUES: [(&str, &str, Strategy); 3] = [
    ("sales", "Sales", Strategy::LongestIdle),
    ("support", "Support", Strategy::LeastCalls),
    ("billing", "Billing", Strategy::RingAll),
];

const FIRST_EXTENSION: usize = 101;

/// Who can log in.
#[derive(Serialize)]
pub(super) struct LogIn {
    pub(super) name: &'static str,
    pub(super) password: String,
    pub(super) role: Role,
    #[serde(skip)]
    pub(super) what: &'static str,
}

impl LogIn {
    /// For the terminal.
    pub(super) fn line(&self) -> String {
        format!("  {:<9} {}   {}\n", self.name, self.password, self.what)
    }
}

/// The phones of all agents.
pub(super) fn extensions() -> Vec<String> {
    (0..AGENTS.len()).map(extension).collect()
}

fn extension(agent: usize) -> String {
    (FIRST_EXTENSION + agent).to_string()
}

/// Makes everything; gives who can log in. Bert is the one agent with a log-in.
pub(super) async fn found(app: &App, speed: f64) -> anyhow::Result<Vec<LogIn>> {
    if app.store.users().count().await? > 0 {
        let what = "this folder holds a centre already";
        let failure = Failure::new(Code::Failed, what).because("the demo makes one of its own");
        return Err(failure
            .remedy("name a folder that is not there yet, or leave --data out")
            .into());
    }
    let mut log_ins = Vec::new();
    for (name, role, what) in [
        ("admin", Role::Administrator, "may do everything"),
        (
            "sue",
            Role::Supervisor,
            "sees everything, sets agents' states",
        ),
        ("bert", Role::Agent, "an agent: own state, own calls"),
    ] {
        let password = auth::random_password();
        let (at, random) = app.clock.id();
        let user = User {
            id: UserId::new(at, random),
            name: name.to_owned(),
            role,
            agent: None,
            active: true,
            created_at: at,
        };
        app.store
            .users()
            .create(&user, &auth::hash_password(&password)?)
            .await?;
        log_ins.push((
            user.id,
            LogIn {
                name,
                password,
                role,
                what,
            },
        ));
    }
    let mut queues = Vec::new();
    for (name, title, strategy) in QUEUES {
        queues.push(make_queue(app, name, title, strategy, speed).await?);
    }
    for (index, (name, serves)) in AGENTS.into_iter().enumerate() {
        let user = (index == 0).then_some(log_ins[2].0);
        let agent = make_agent(app, name, extension(index), user).await?;
        for queue in serves {
            join(app, queues[*queue], agent).await?;
        }
    }
    Ok(log_ins.into_iter().map(|(_, log_in)| log_in).collect())
}

async fn make_queue(
    app: &App,
    name: &str,
    title: &str,
    strategy: Strategy,
    speed: f64,
) -> anyhow::Result<QueueId> {
    let (at, random) = app.clock.id();
    let usual = Queue::new(QueueId::new(at, random), name);
    let queue = Queue {
        display_name: title.to_owned(),
        strategy,
        ring_seconds: at_speed(usual.ring_seconds, speed),
        wrap_up_seconds: at_speed(usual.wrap_up_seconds, speed),
        no_answer_seconds: Some(at_speed(45, speed)),
        max_wait_seconds: Some(at_speed(600, speed)),
        service_level_seconds: at_speed(usual.service_level_seconds, speed),
        ..usual
    };
    app.store.queues().create(&queue).await?;
    let id = queue.id;
    app.acd.set_queue(queue).await;
    Ok(id)
}

async fn make_agent(
    app: &App,
    name: &str,
    extension: String,
    user: Option<UserId>,
) -> anyhow::Result<AgentId> {
    let (at, random) = app.clock.id();
    let agent = Agent {
        id: AgentId::new(at, random),
        name: name.to_owned(),
        extension,
        user,
        skills: std::collections::BTreeMap::new(),
        active: true,
    };
    app.store.agents().create(&agent).await?;
    let id = agent.id;
    app.acd.set_agent(agent).await;
    Ok(id)
}

async fn join(app: &App, queue: QueueId, agent: AgentId) -> anyhow::Result<()> {
    let member = Member {
        queue,
        agent,
        penalty: 0,
        paused: false,
    };
    app.store.members().create(&member).await?;
    app.acd.set_member(member).await;
    Ok(())
}
