//! What holds for the whole centre.

use axum::{Json, extract::State};
use engine::acd::Input;
use model::QueueId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, JsonBody};
use crate::problem::Problem;

/// The centre's settings.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where calls go that nothing else routes; `null`: they end politely.
    default_queue: Option<QueueId>,
}

/// The settings.
#[utoipa::path(
    get,
    path = "/v1/settings",
    operation_id = "settings_show",
    tag = "settings",
    responses((status = 200, description = "The settings", body = Settings))
)]
pub(crate) async fn show(State(api): State<Api>) -> Result<Json<Settings>, Problem> {
    let default_queue = api.app.store.settings().default_queue().await?;
    Ok(Json(Settings { default_queue }))
}

/// Replace the settings.
#[utoipa::path(
    put,
    path = "/v1/settings",
    operation_id = "settings_replace",
    tag = "settings",
    request_body = Settings,
    responses((status = 200, description = "Replaced", body = Settings))
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    JsonBody(settings): JsonBody<Settings>,
) -> Result<Json<Settings>, Problem> {
    let _turn = api.set_up.lock().await;
    let queue = settings.default_queue;
    api.app.store.settings().set_default_queue(queue).await?;
    api.app.acd.tell(Input::DefaultQueueSet(queue)).await;
    Ok(Json(settings))
}
