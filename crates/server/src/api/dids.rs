//! Our own numbers and where a call to them goes.

use axum::{Json, extract::State, http::StatusCode};
use engine::{acd::Input, dialplan::Dialplan};
use model::{Did, DidId, DidTarget, Invalid};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Api, JsonBody, Page, PageQuery, Params, Segments, created, created::Created,
    dialplan_contexts::refuse_did_out,
};
use crate::problem::{Problem, ProblemBody};

/// What may be set of a number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DidFields {
    /// As Asterisk delivers it: the extension in which the call arrives.
    #[schema(max_length = 64)]
    number: String,
    to: DidTarget,
    /// For how long a caller whom one of our agents called lately waits for this agent alone, where it leads to a queue; 0: not at all.
    #[serde(default = "model::return_wait")]
    #[schema(maximum = 600, default = 20)]
    return_wait_seconds: u16,
    #[serde(default)]
    #[schema(max_length = 500)]
    note: String,
}

impl DidFields {
    pub(super) fn into_did(self, id: DidId) -> Result<Did, Problem> {
        let did = Did {
            id,
            number: self.number,
            to: self.to,
            return_wait_seconds: self.return_wait_seconds,
            note: self.note,
        };
        did.check()?;
        Ok(did)
    }
}

/// Numbers in the order of their digits.
#[utoipa::path(
    get,
    path = "/v1/dids",
    operation_id = "dids_list",
    tag = "dids",
    params(PageQuery),
    responses((status = 200, description = "A page of numbers", body = Page<Did>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<Did>>, Problem> {
    let limit = page.limit()?;
    let dids = api.app.store.dids().list(page.after()?, limit + 1).await?;
    Ok(Json(Page::of(dids, limit, |did| did.number.clone())))
}

/// Add a number.
#[utoipa::path(
    post,
    path = "/v1/dids",
    operation_id = "dids_create",
    tag = "dids",
    request_body = DidFields,
    responses(
        (status = 201, description = "Added", body = Did, headers(("Location" = String))),
        (status = 409, description = "The number is taken", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(fields): JsonBody<DidFields>,
) -> Result<Created<Did>, Problem> {
    let (at, random) = api.app.clock.id();
    let did = fields.into_did(DidId::new(at, random))?;
    let _turn = api.set_up.lock().await;
    refuse(&api, &did).await?;
    api.app.store.dids().create(&did).await?;
    hold(&api, &did).await;
    Ok(created(format!("/v1/dids/{}", did.id), did))
}

/// One number.
#[utoipa::path(
    get,
    path = "/v1/dids/{id}",
    operation_id = "dids_show",
    tag = "dids",
    params(("id" = DidId, Path)),
    responses((status = 200, description = "The number", body = Did))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<DidId>,
) -> Result<Json<Did>, Problem> {
    let did = api.app.store.dids().get(id).await?;
    did.map(Json).ok_or_else(|| Problem::not_found("number"))
}

/// Replace a number.
#[utoipa::path(
    put,
    path = "/v1/dids/{id}",
    operation_id = "dids_replace",
    tag = "dids",
    params(("id" = DidId, Path)),
    request_body = DidFields,
    responses((status = 200, description = "Replaced", body = Did))
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Segments(id): Segments<DidId>,
    JsonBody(fields): JsonBody<DidFields>,
) -> Result<Json<Did>, Problem> {
    let did = fields.into_did(id)?;
    let _turn = api.set_up.lock().await;
    refuse(&api, &did).await?;
    api.app.store.dids().update(&did).await?;
    hold(&api, &did).await;
    Ok(Json(did))
}

/// Remove a number.
#[utoipa::path(
    delete,
    path = "/v1/dids/{id}",
    operation_id = "dids_delete",
    tag = "dids",
    params(("id" = DidId, Path)),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Segments(id): Segments<DidId>,
) -> Result<StatusCode, Problem> {
    let _turn = api.set_up.lock().await;
    api.app.store.dids().delete(id).await?;
    api.app.acd.tell(Input::DidRemoved(id)).await;
    api.app.realtime.remove_did(id);
    Ok(StatusCode::NO_CONTENT)
}

/// What is not there, and what would let whoever calls in call out.
async fn refuse(api: &Api, did: &Did) -> Result<(), Problem> {
    let missing = |field, what: &str| Err(Problem::from(Invalid::new(field, what)));
    let store = &api.app.store;
    if let Some(queue) = did.to.queue()
        && store.queues().get(queue).await?.is_none()
    {
        return missing("to.queue", "is no queue");
    }
    match &did.to {
        DidTarget::Agent { agent, .. } if store.agents().get(*agent).await?.is_none() => {
            missing("to.agent", "is no agent")
        }
        DidTarget::Context { context, .. } => refuse_context(api, did, context),
        _ => Ok(()),
    }
}

fn refuse_context(api: &Api, did: &Did, context: &str) -> Result<(), Problem> {
    let mut next = api.app.realtime.dialplan(Dialplan::clone);
    if !next.has(context) {
        let problem = "is no context of the dialplan (/v1/dialplan/contexts)";
        return Err(Invalid::new("to.context", problem).into());
    }
    next.set_did(did);
    refuse_did_out(&next, "to.context")
}

/// From the next call on.
async fn hold(api: &Api, did: &Did) {
    api.app.acd.tell(Input::DidSet(did.clone())).await;
    api.app.realtime.set_did(did);
}
