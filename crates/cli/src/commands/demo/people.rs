//! What the demo's agents do besides talking: they come, take breaks, come back, and notice that they missed a call.

use std::time::Duration;

use model::{AgentId, AgentState};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use server::{app::App, telephony::AgentLive};
use tokio::task::JoinHandle;

const BREAKS: [&str; 4] = ["lunch", "coffee", "training", "meeting"];
/// How often every agent thinks about what to do, in simulated time.
const THINK: Duration = Duration::from_secs(10);
/// The chance, at each thought, of going to a break, and of coming back from one.
const LEAVES: f64 = 0.01;
const RETURNS: f64 = 0.06;

/// Agents with a will. They stop when dropped.
pub(super) struct People(JoinHandle<()>);

impl Drop for People {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl People {
    /// Logs everybody in but two, who come later.
    pub(super) async fn start(app: &App, speed: f64, seed: u64) -> anyhow::Result<Self> {
        let live = app.acd.live().await?;
        for agent in live.agents.iter().skip(2) {
            app.acd
                .ask_state(agent.agent.id, AgentState::Available, None)
                .await?;
        }
        let (app, chance) = (app.clone(), StdRng::seed_from_u64(seed));
        Ok(Self(tokio::spawn(live_on(
            app,
            chance,
            THINK.div_f64(speed),
        ))))
    }
}

async fn live_on(app: App, mut chance: StdRng, think: Duration) {
    loop {
        tokio::time::sleep(think).await;
        let Ok(live) = app.acd.live().await else {
            return;
        };
        for agent in &live.agents {
            if let Some((state, reason)) = wish(agent, &mut chance) {
                let _ = app.acd.ask_state(id(agent), state, reason).await;
            }
        }
    }
}

fn id(agent: &AgentLive) -> AgentId {
    agent.agent.id
}

fn wish(agent: &AgentLive, chance: &mut StdRng) -> Option<(AgentState, Option<String>)> {
    // An agent with a log-in of its own belongs to whoever looks at the demo.
    let has_hands = agent.agent.user.is_some();
    match agent.status.state {
        AgentState::Available if !has_hands && chance.random_bool(LEAVES) => {
            let reason = BREAKS[chance.random_range(0..BREAKS.len())];
            Some((AgentState::Break, Some(reason.to_owned())))
        }
        AgentState::Break | AgentState::Offline if !has_hands && chance.random_bool(RETURNS) => {
            Some((AgentState::Available, None))
        }
        _ => None,
    }
}
