//! What was told to whom, and what became of it.

use axum::{Json, extract::State, http::StatusCode};
use model::{Delivery, DeliveryId, DeliveryState, RecipientId};
use serde::Deserialize;
use store::DeliveryFilter;
use utoipa::IntoParams;

use super::{
    Api, Page, Params, Segments,
    page::{checked_cursor, checked_limit, no_cursor},
};
use crate::{
    deliveries::Untold,
    problem::{Code, Problem},
};

/// How soon it makes sense to ask again, in seconds, when too many wait.
const ASK_AGAIN: u64 = 60;

/// Which deliveries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryQuery {
    /// The most items to answer with, 1 to 250; 100 unless told.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// To whom.
    recipient: Option<RecipientId>,
    state: Option<DeliveryState>,
}

/// Deliveries, newest first.
#[utoipa::path(
    get,
    path = "/v1/deliveries",
    operation_id = "deliveries_list",
    tag = "deliveries",
    params(DeliveryQuery),
    responses((status = 200, description = "A page of deliveries", body = Page<Delivery>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<DeliveryQuery>,
) -> Result<Json<Page<Delivery>>, Problem> {
    let filter = DeliveryFilter {
        schedule: None,
        recipient: query.recipient,
        state: query.state,
    };
    page(&api, filter, query.cursor.as_deref(), query.limit).await
}

pub(super) async fn page(
    api: &Api,
    filter: DeliveryFilter,
    cursor: Option<&str>,
    limit: Option<u32>,
) -> Result<Json<Page<Delivery>>, Problem> {
    let limit = checked_limit(limit)?;
    let after = checked_cursor(cursor)?.map(str::parse::<DeliveryId>);
    let after = after.transpose().map_err(|_| no_cursor())?;
    let deliveries = api.app.store.deliveries();
    let found = deliveries.page(filter, after, limit + 1).await?;
    Ok(Json(Page::of(found, limit, |one| one.id.to_string())))
}

/// One delivery.
#[utoipa::path(
    get,
    path = "/v1/deliveries/{id}",
    operation_id = "deliveries_show",
    tag = "deliveries",
    params(("id" = DeliveryId, Path)),
    responses((status = 200, description = "The delivery", body = Delivery))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<DeliveryId>,
) -> Result<Json<Delivery>, Problem> {
    found(&api, id).await.map(Json)
}

/// Send a delivery once more, under the same id. One that waits is tried at once; one that is under way goes on.
#[utoipa::path(
    post,
    path = "/v1/deliveries/{id}/redeliver",
    operation_id = "deliveries_redeliver",
    tag = "deliveries",
    params(("id" = DeliveryId, Path)),
    responses((status = 202, description = "On its way", body = Delivery))
)]
pub(crate) async fn redeliver(
    State(api): State<Api>,
    Segments(id): Segments<DeliveryId>,
) -> Result<(StatusCode, Json<Delivery>), Problem> {
    found(&api, id).await?;
    let now = api.app.clock.now().utc;
    api.app.store.deliveries().redeliver(id, now).await?;
    let delivery = found(&api, id).await?;
    api.app.deliveries.wake();
    Ok((StatusCode::ACCEPTED, Json(delivery)))
}

async fn found(api: &Api, id: DeliveryId) -> Result<Delivery, Problem> {
    let delivery = api.app.store.deliveries().get(id).await?;
    delivery.ok_or_else(|| Problem::not_found("delivery"))
}

impl From<Untold> for Problem {
    fn from(untold: Untold) -> Self {
        match untold {
            Untold::TooMany(_) => {
                Self::new(Code::TooManyRequests, format!("{untold}.")).retry_after(ASK_AGAIN)
            }
            Untold::Store(error) => error.into(),
        }
    }
}
