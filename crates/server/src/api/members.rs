//! Which agents serve which queues.

use axum::{Json, extract::State, http::StatusCode};
use engine::acd::Input;
use model::{AgentId, Member, QueueId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Api, JsonBody, Page, PageQuery, Params, Segments};
use crate::problem::Problem;

/// How an agent serves a queue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberFields {
    /// Lower is asked first; a higher one only when no lower one is available.
    #[serde(default)]
    #[schema(maximum = 100, default = 0)]
    penalty: u8,
    /// A paused member gets no calls of this queue.
    #[serde(default)]
    paused: bool,
}

impl MemberFields {
    pub(super) fn into_member(self, queue: QueueId, agent: AgentId) -> Result<Member, Problem> {
        let member = Member {
            queue,
            agent,
            penalty: self.penalty,
            paused: self.paused,
        };
        member.check()?;
        Ok(member)
    }
}

/// A queue's members, by agent.
#[utoipa::path(
    get,
    path = "/v1/queues/{id}/members",
    operation_id = "members_list",
    tag = "queues",
    params(("id" = QueueId, Path), PageQuery),
    responses((status = 200, description = "A page of members", body = Page<Member>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Segments(queue): Segments<QueueId>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<Member>>, Problem> {
    let limit = page.limit()?;
    find_queue(&api, queue).await?;
    let members = api.app.store.members();
    let members = members.of_queue(queue, page.after_id()?, limit + 1).await?;
    Ok(Json(Page::of(members, limit, |member| {
        member.agent.to_string()
    })))
}

/// Make an agent a member of a queue, or change how the agent serves it.
#[utoipa::path(
    put,
    path = "/v1/queues/{id}/members/{agent}",
    operation_id = "members_set",
    tag = "queues",
    params(("id" = QueueId, Path), ("agent" = AgentId, Path)),
    request_body = MemberFields,
    responses((status = 200, description = "The agent serves the queue so", body = Member))
)]
pub(crate) async fn set(
    State(api): State<Api>,
    Segments((queue, agent)): Segments<(QueueId, AgentId)>,
    JsonBody(fields): JsonBody<MemberFields>,
) -> Result<Json<Member>, Problem> {
    let member = fields.into_member(queue, agent)?;
    let _turn = api.set_up.lock().await;
    let members = api.app.store.members();
    if members.get(queue, agent).await?.is_some() {
        members.update(&member).await?;
    } else {
        find_queue(&api, queue).await?;
        let known = api.app.store.agents().get(agent).await?;
        known.ok_or_else(|| Problem::not_found("agent"))?;
        members.create(&member).await?;
    }
    api.app.acd.tell(Input::MemberSet(member.clone())).await;
    Ok(Json(member))
}

/// Take an agent out of a queue.
#[utoipa::path(
    delete,
    path = "/v1/queues/{id}/members/{agent}",
    operation_id = "members_remove",
    tag = "queues",
    params(("id" = QueueId, Path), ("agent" = AgentId, Path)),
    responses((status = 204, description = "Taken out"))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Segments((queue, agent)): Segments<(QueueId, AgentId)>,
) -> Result<StatusCode, Problem> {
    let _turn = api.set_up.lock().await;
    api.app.store.members().delete(queue, agent).await?;
    api.app.acd.tell(Input::MemberRemoved(queue, agent)).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn find_queue(api: &Api, queue: QueueId) -> Result<(), Problem> {
    let known = api.app.store.queues().get(queue).await?;
    known.map(drop).ok_or_else(|| Problem::not_found("queue"))
}
