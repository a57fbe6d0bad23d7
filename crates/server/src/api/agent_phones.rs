//! Hot-desking: an agent sits down at another desk, and has that desk's phone.

use axum::{Json, extract::State};
use engine::acd::Input;
use model::{Agent, AgentId, AgentState, checked_dialable};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, JsonBody, Segments};
use crate::{
    auth::Principal,
    problem::{Code, Problem, ProblemBody},
    telephony::AgentLive,
};

/// A phone to sit at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhoneFields {
    /// Its extension.
    #[schema(max_length = 64)]
    extension: String,
}

/// Who sits where now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PhoneTaken {
    agent: Agent,
    /// Who had this phone before, and has the one that was left; nothing: nobody had it.
    moved: Option<Moved>,
}

/// Somebody who has another phone now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Moved {
    id: AgentId,
    extension: String,
}

/// Sit at another phone: calls ring there from now on.
///
/// Everybody has one phone, and no phone two agents: whoever had this one, and is offline, gets the one that is left. A user with
/// the role agent moves the own agent only.
#[utoipa::path(
    put,
    path = "/v1/agents/{id}/phone",
    operation_id = "agents_set_phone",
    tag = "agents",
    params(("id" = AgentId, Path)),
    request_body = PhoneFields,
    responses(
        (status = 200, description = "Who sits where now", body = PhoneTaken),
        (status = 400, description = "No phone has this extension", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The agent is on a call, or somebody who is not offline sits there", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn take(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<AgentId>,
    JsonBody(fields): JsonBody<PhoneFields>,
) -> Result<Json<PhoneTaken>, Problem> {
    checked_dialable("extension", &fields.extension)?;
    if principal.is_agent() && principal.agent != Some(id) {
        let detail = "An agent moves to another phone alone.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let extension = fields.extension;
    let _turn = api.set_up.lock().await;
    let agents = api.app.store.agents();
    let agent = agents.get(id).await?;
    let agent = agent.ok_or_else(|| Problem::not_found("agent"))?;
    if agent.extension == extension {
        let moved = None;
        return Ok(Json(PhoneTaken { agent, moved }));
    }
    let there = agents.by_extension(&extension).await?;
    if there.is_none() {
        is_phone(&api, &extension, principal.is_agent()).await?;
    }
    may_move(&api, &agent, there.as_ref()).await?;
    let (agent, there) = agents.sit_at(agent, there, &extension).await?;
    for agent in there.iter().chain([&agent]) {
        api.app.acd.tell(Input::AgentSet(agent.clone())).await;
    }
    let moved = there.map(|it| Moved {
        id: it.id,
        extension: it.extension,
    });
    Ok(Json(PhoneTaken { agent, moved }))
}

/// It is set up here, or an Asterisk knows it. What Asterisk alone knows may be something else, such as a provider's line: an agent
/// cannot sit there.
async fn is_phone(api: &Api, extension: &str, is_agent: bool) -> Result<(), Problem> {
    let set_up = api.app.store.extensions().by_number(extension).await?;
    if set_up.is_some_and(|kept| kept.extension.active) {
        return Ok(());
    }
    let servers = api.app.servers.connected(None);
    for server in servers.into_iter().filter(|_| !is_agent) {
        if api.app.servers.has_phone(server, extension).await {
            return Ok(());
        }
    }
    let detail = format!("No phone has the extension {extension}.");
    Err(Problem::field("extension", detail))
}

/// Nobody is moved away from a call, nor from a desk where somebody works.
async fn may_move(api: &Api, agent: &Agent, there: Option<&Agent>) -> Result<(), Problem> {
    let live = api.app.acd.live().await?;
    let state = |of: &Agent| {
        let found = live
            .agents
            .iter()
            .find(|it: &&AgentLive| it.agent.id == of.id);
        found.map_or(AgentState::Offline, |it| it.status.state)
    };
    if matches!(state(agent), AgentState::Ringing | AgentState::Busy) {
        return Err(Problem::new(Code::AgentBusy, "The agent is on a call."));
    }
    if let Some(there) = there.filter(|there| state(there) != AgentState::Offline) {
        let detail = format!(
            "An agent who is {} sits there.",
            state(there).as_str().replace('_', " ")
        );
        return Err(Problem::new(Code::StateRefused, detail).about("extension"));
    }
    Ok(())
}
