//! The centre as it is now, as far as the one who asks may see it.

use axum::{Json, extract::State};
use model::{Call, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use crate::{
    auth::Principal,
    problem::Problem,
    telephony::{AgentLive, QueueLive, ServerStatus},
    visible::Viewer,
};

/// Everything, as of event number `seq`: follow `/ws?after=SEQ` from here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Live {
    seq: u64,
    /// Usually 0. Otherwise the disk refuses to take events: so many are in here already but will only be told when it
    /// takes them, or never if the server dies before. Do not apply events to this; read it again.
    untold_events: u64,
    at: Timestamp,
    queues: Vec<QueueLive>,
    agents: Vec<AgentLive>,
    /// Calls that have not ended, oldest first.
    calls: Vec<Call>,
    servers: Vec<ServerStatus>,
}

/// Everything that happens now.
///
/// A user with the role agent sees the own queues and the own agent, and callers' numbers of own calls only.
#[utoipa::path(
    get,
    path = "/v1/live",
    operation_id = "live_show",
    tag = "live",
    responses((status = 200, description = "The centre as it is now", body = Live))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    principal: Principal,
) -> Result<Json<Live>, Problem> {
    let mut viewer = api.viewer(&principal).await?;
    let live = api.app.acd.live().await?;
    for agent in &live.agents {
        if viewer.sees_agent(agent.agent.id)
            && let Some(call) = agent.status.call
        {
            viewer.owns(call);
        }
    }
    let servers = match viewer {
        Viewer::All => api.app.servers.states(),
        _ => Vec::new(),
    };
    Ok(Json(Live {
        seq: live.seq,
        untold_events: live.untold_events,
        at: live.at,
        queues: live
            .queues
            .into_iter()
            .filter(|queue| viewer.sees_queue(queue.queue.id))
            .collect(),
        agents: live
            .agents
            .into_iter()
            .filter(|agent| viewer.sees_agent(agent.agent.id))
            .collect(),
        calls: live
            .calls
            .iter()
            .filter_map(|call| viewer.call(call))
            .collect(),
        servers,
    }))
}
