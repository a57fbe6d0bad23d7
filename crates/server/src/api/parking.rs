//! Parking: a call waits in a slot without an agent, for whoever fetches it; and picking up, which asks for a call as well.

use axum::{Json, extract::State};
use model::{AgentId, Apart, Call, CallId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, Params, Segments, call_control::told, calls};
use crate::{
    auth::Principal,
    problem::{Code, Problem, ProblemBody},
};

/// A call in a slot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ParkedCall {
    slot: u32,
    since: Timestamp,
    /// When it comes back by itself, or is looked at again if nobody is there.
    until: Timestamp,
    /// Who parked it.
    by: AgentId,
    call: Call,
}

/// The calls that are parked, by their slots.
///
/// A user with the role agent sees those of the own queues, without the caller's number unless it was the own call.
#[utoipa::path(
    get,
    path = "/v1/parked-calls",
    operation_id = "parked_calls_list",
    tag = "calls",
    responses((status = 200, description = "All of them: at most one for each slot", body = Vec<ParkedCall>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    principal: Principal,
) -> Result<Json<Vec<ParkedCall>>, Problem> {
    let viewer = api.viewer(&principal).await?;
    let parked = api.app.acd.parked().await?;
    let seen = parked.iter().filter_map(|call| viewer.call(call));
    let list = seen.filter_map(|call| {
        let parked = call.control.parked?;
        Some(ParkedCall {
            slot: parked.slot,
            since: parked.since,
            until: parked.until,
            by: parked.by,
            call,
        })
    });
    Ok(Json(list.collect()))
}

/// Park a call that talks.
///
/// The customer hears music in the smallest free slot (`control.parked`), and the agent is free, with wrap-up. Whoever sees the
/// call may retrieve it. If nobody does in time, the agent who parked it is rung, if available; else it is in line again, first.
/// Calls that were placed cannot be parked.
#[utoipa::path(
    post,
    path = "/v1/calls/{id}/park",
    operation_id = "calls_park",
    tag = "calls",
    params(("id" = CallId, Path)),
    responses(
        (status = 200, description = "It is in its slot", body = Call),
        (status = 409, description = "Nobody talks on this call, somebody is consulted, it was placed, or every slot is taken", body = ProblemBody, content_type = "application/problem+json"),
        (status = 504, description = "Asterisk does not answer in time; the customer may be on hold", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn park(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
) -> Result<Json<Call>, Problem> {
    calls::own(&api, &principal, id).await?;
    let parked = api.app.acd.park(id, &principal.name).await;
    parked.map(Json).map_err(told)
}

/// Who is to have the call.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Whom {
    /// The own agent unless told; a user with the role agent cannot name another.
    agent: Option<AgentId>,
}

/// Fetch a parked call.
///
/// The agent's phone rings, and is asked to answer by itself; the answer comes when the two talk, or says why they do not. In any
/// state but on a call; after it the agent is on the break, or offline, as before.
#[utoipa::path(
    post,
    path = "/v1/calls/{id}/retrieve",
    operation_id = "calls_retrieve",
    tag = "calls",
    params(("id" = CallId, Path), Whom),
    responses(
        (status = 200, description = "The two talk", body = Call),
        (status = 409, description = "It is not parked, somebody else gets it already, the agent is on a call, or does not pick up", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "The agent's phone cannot be rung", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn retrieve(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
    Params(whom): Params<Whom>,
) -> Result<Json<Call>, Problem> {
    give(&api, &principal, id, whom, Apart::Retrieved).await
}

/// Pick up a call that rings at a colleague.
///
/// The colleague's phone stops, which counts against nobody; the rest is as with `retrieve`. The agent has to be a member of the
/// call's queue. A call that rings nobody's phone yet can be picked up where its queue says so (`pick_up_waiting`).
#[utoipa::path(
    post,
    path = "/v1/calls/{id}/pick-up",
    operation_id = "calls_pick_up",
    tag = "calls",
    params(("id" = CallId, Path), Whom),
    responses(
        (status = 200, description = "The two talk", body = Call),
        (status = 409, description = "It neither rings nor waits, somebody else gets it already, the agent is no member, is on a call, or does not pick up", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "The agent's phone cannot be rung", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn pick_up(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
    Params(whom): Params<Whom>,
) -> Result<Json<Call>, Problem> {
    give(&api, &principal, id, whom, Apart::PickedUp).await
}

async fn give(
    api: &Api,
    principal: &Principal,
    id: CallId,
    whom: Whom,
    how: Apart,
) -> Result<Json<Call>, Problem> {
    let (_, viewer) = calls::find(api, principal, id).await?;
    let none = || Problem::field("agent", "agent is missing, and this log-in is no agent's.");
    let agent = whom.agent.or(principal.agent).ok_or_else(none)?;
    if !viewer.sees_agent(agent) {
        let detail = "An agent takes calls on the own phone only.";
        return Err(Problem::new(Code::Forbidden, detail).about("agent"));
    }
    let given = api.app.acd.give(id, agent, how).await;
    given.map(Json).map_err(told)
}
