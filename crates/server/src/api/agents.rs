//! Who takes calls, and asking them into a state.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use engine::acd::Input;
use model::{Agent, AgentId, AgentState, AgentStatus, Skill, UserId, checked_text};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Api, JsonBody, Page, PageQuery, Params, Segments, created, created::Created};
use crate::{
    auth::Principal,
    problem::{Code, Problem, ProblemBody},
    telephony::Refused,
};

/// The longest reason for a state.
const MAX_REASON: usize = 100;

/// What may be set of an agent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentFields {
    #[schema(max_length = 100)]
    name: String,
    /// The extension of the phone that rings: `101` is dialled as `PJSIP/101`.
    #[schema(max_length = 64)]
    extension: String,
    /// Who logs in as this agent.
    #[serde(default)]
    user: Option<UserId>,
    /// Skill to level, 1 (some) to 10 (best).
    #[serde(default)]
    skills: BTreeMap<Skill, u8>,
    #[serde(default = "yes")]
    active: bool,
}

fn yes() -> bool {
    true
}

impl AgentFields {
    pub(super) fn into_agent(self, id: AgentId) -> Result<Agent, Problem> {
        let agent = Agent {
            id,
            name: self.name,
            extension: self.extension,
            user: self.user,
            skills: self.skills,
            active: self.active,
        };
        agent.check()?;
        Ok(agent)
    }
}

/// Agents in the order in which they were made.
#[utoipa::path(
    get,
    path = "/v1/agents",
    operation_id = "agents_list",
    tag = "agents",
    params(PageQuery),
    responses((status = 200, description = "A page of agents", body = Page<Agent>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<Agent>>, Problem> {
    let limit = page.limit()?;
    let agents = api.app.store.agents();
    let agents = agents.list(page.after_id()?, limit + 1).await?;
    Ok(Json(Page::of(agents, limit, |agent| agent.id.to_string())))
}

/// Make an agent.
#[utoipa::path(
    post,
    path = "/v1/agents",
    operation_id = "agents_create",
    tag = "agents",
    request_body = AgentFields,
    responses(
        (status = 201, description = "Made", body = Agent, headers(("Location" = String))),
        (status = 409, description = "The extension or the user is taken", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(fields): JsonBody<AgentFields>,
) -> Result<Created<Agent>, Problem> {
    let (at, random) = api.app.clock.id();
    let agent = fields.into_agent(AgentId::new(at, random))?;
    let _turn = api.set_up.lock().await;
    api.app.store.agents().create(&agent).await?;
    api.app.acd.tell(Input::AgentSet(agent.clone())).await;
    Ok(created(format!("/v1/agents/{}", agent.id), agent))
}

/// One agent.
#[utoipa::path(
    get,
    path = "/v1/agents/{id}",
    operation_id = "agents_show",
    tag = "agents",
    params(("id" = AgentId, Path)),
    responses((status = 200, description = "The agent", body = Agent))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<AgentId>,
) -> Result<Json<Agent>, Problem> {
    let agent = api.app.store.agents().get(id).await?;
    agent.map(Json).ok_or_else(|| Problem::not_found("agent"))
}

/// Replace an agent.
#[utoipa::path(
    put,
    path = "/v1/agents/{id}",
    operation_id = "agents_replace",
    tag = "agents",
    params(("id" = AgentId, Path)),
    request_body = AgentFields,
    responses((status = 200, description = "Replaced", body = Agent))
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Segments(id): Segments<AgentId>,
    JsonBody(fields): JsonBody<AgentFields>,
) -> Result<Json<Agent>, Problem> {
    let agent = fields.into_agent(id)?;
    let _turn = api.set_up.lock().await;
    api.app.store.agents().update(&agent).await?;
    api.app.acd.tell(Input::AgentSet(agent.clone())).await;
    Ok(Json(agent))
}

/// Remove an agent from all queues and from the list. The calls stay in the log.
#[utoipa::path(
    delete,
    path = "/v1/agents/{id}",
    operation_id = "agents_delete",
    tag = "agents",
    params(("id" = AgentId, Path)),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Segments(id): Segments<AgentId>,
) -> Result<StatusCode, Problem> {
    let _turn = api.set_up.lock().await;
    api.app.store.agents().delete(id).await?;
    api.app.acd.tell(Input::AgentRemoved(id)).await;
    Ok(StatusCode::NO_CONTENT)
}

/// A state to go to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedState {
    /// `available`, `break` or `offline`; the others follow from calls.
    state: AgentState,
    /// Such as the kind of break.
    #[serde(default)]
    #[schema(max_length = 100)]
    reason: Option<String>,
}

/// Ask an agent into a state.
///
/// During a call it begins when the call has ended; `next` in the answer says so. A user with the role agent may ask for
/// the own agent only.
#[utoipa::path(
    put,
    path = "/v1/agents/{id}/state",
    operation_id = "agents_set_state",
    tag = "agents",
    params(("id" = AgentId, Path)),
    request_body = AskedState,
    responses(
        (status = 200, description = "What the agent does now", body = AgentStatus),
        (status = 409, description = "The agent is not active", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn set_state(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<AgentId>,
    JsonBody(asked): JsonBody<AskedState>,
) -> Result<Json<AgentStatus>, Problem> {
    if let Some(reason) = &asked.reason {
        checked_text("reason", reason, MAX_REASON)?;
    }
    if principal.is_agent() && principal.agent != Some(id) {
        return Err(Problem::new(
            Code::Forbidden,
            "An agent sets the own state only.",
        ));
    }
    let status = api
        .app
        .acd
        .ask_state(id, asked.state, asked.reason)
        .await
        .map_err(refused)?;
    Ok(Json(status))
}

fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::NoSuchAgent => Problem::not_found("agent"),
        Refused::NotAskable => Problem::field(
            "state",
            "state is not one of available, break and offline; the others follow from calls.",
        ),
        Refused::NotActive => {
            Problem::new(Code::StateRefused, "The agent is not active.").about("id")
        }
        other => Problem::from(other),
    }
}
