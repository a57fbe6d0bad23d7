//! What an agent was doing, and for how long.

use axum::{Json, extract::State};
use model::{AgentId, AgentState, CallId, Timestamp};
use serde::{Deserialize, Serialize};
use store::AgentInterval;
use utoipa::{IntoParams, ToSchema};

use super::{Api, Page, Params, Segments, page::checked_limit};
use crate::{auth::Principal, problem::Problem};

/// One stretch of time in one state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stretch {
    /// The number of the event that began it.
    seq: u64,
    state: AgentState,
    /// The kind of break, or why a call was missed.
    reason: Option<String>,
    started_at: Timestamp,
    /// `null`: it is what the agent does now.
    ended_at: Option<Timestamp>,
    /// The call it was about.
    call: Option<CallId>,
}

impl From<AgentInterval> for Stretch {
    fn from(interval: AgentInterval) -> Self {
        Self {
            seq: interval.seq,
            state: interval.state,
            reason: interval.reason,
            started_at: interval.started_at,
            ended_at: interval.ended_at,
            call: interval.call,
        }
    }
}

/// Which part of the log.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatesQuery {
    /// Stretches that end after this instant.
    from: Option<Timestamp>,
    /// Stretches that began before this instant.
    to: Option<Timestamp>,
    /// The most items to answer with, 1 to 250; 100 unless told.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<u64>,
}

/// An agent's states, in order.
///
/// A user with the role agent sees the own agent's only; others are not there.
#[utoipa::path(
    get,
    path = "/v1/agents/{id}/states",
    operation_id = "agents_states",
    tag = "agents",
    params(("id" = AgentId, Path), StatesQuery),
    responses((status = 200, description = "A page of stretches of time", body = Page<Stretch>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<AgentId>,
    Params(query): Params<StatesQuery>,
) -> Result<Json<Page<Stretch>>, Problem> {
    if principal.is_agent() && principal.agent != Some(id) {
        return Err(Problem::not_found("agent"));
    }
    let limit = checked_limit(query.limit)?;
    let store = &api.app.store;
    if store.agents().get(id).await?.is_none() {
        return Err(Problem::not_found("agent"));
    }
    let ever = (Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX));
    let between = (query.from.unwrap_or(ever.0), query.to.unwrap_or(ever.1));
    let states = store.agent_states();
    let found = states
        .of_agent(id, between, query.cursor, limit + 1)
        .await?;
    let found = found.into_iter().map(Stretch::from).collect();
    Ok(Json(Page::of(found, limit, |stretch| {
        stretch.seq.to_string()
    })))
}
