//! `POST /telephony/calls/originate/`: [`super::placing`], as programs asked for it before.

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use model::CallId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, placing,
    rotation::{destination, name},
};
use crate::{auth::Principal, extract::read_json, problem::Problem};

/// Whom to call.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct OriginateFields {
    #[serde(default)]
    phone_number: String,
    #[serde(default)]
    campaign_id: Option<Campaign>,
}

/// Programs sent it as a number as well.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
enum Campaign {
    Number(u64),
    Name(String),
}

/// What became of it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Originated {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<CallId>,
    /// The agent's, in Asterisk.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The same as a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}

/// Call somebody with the phone of who is logged in.
#[utoipa::path(
    post,
    path = "/telephony/calls/originate/",
    operation_id = "telephony_originate",
    tag = "calls",
    request_body = OriginateFields,
    responses(
        (status = 200, description = "The agent's phone rings", body = Originated),
        (status = 400, description = "Refused: `error` says why", body = Originated),
        (status = 503, description = "No number can be presented now", body = Originated, headers(("Retry-After" = u64))),
    )
)]
pub(crate) async fn originate(
    State(api): State<Api>,
    principal: Principal,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let placed = match read_json(request).await {
        Ok(fields) => place(&api, &principal, &headers, fields).await,
        Err(problem) => Err(problem),
    };
    match placed {
        Ok(originated) if originated.success => Json(originated).into_response(),
        Ok(refused) => (StatusCode::BAD_REQUEST, Json(refused)).into_response(),
        Err(problem) => told(&problem),
    }
}

async fn place(
    api: &Api,
    principal: &Principal,
    headers: &HeaderMap,
    fields: OriginateFields,
) -> Result<Originated, Problem> {
    let refused = |why: &str| Originated {
        error: Some(why.to_owned()),
        ..Originated::default()
    };
    if fields.phone_number.trim().is_empty() {
        return Ok(refused("Phone number is required"));
    }
    let agent = match principal.agent {
        Some(agent) => api.app.store.agents().get(agent).await?,
        None => None,
    };
    let Some(agent) = agent.filter(|agent| agent.active) else {
        return Ok(refused("No active phone assigned"));
    };
    let campaign = match fields.campaign_id {
        Some(Campaign::Number(number)) => number.to_string(),
        Some(Campaign::Name(name)) => name,
        None => String::new(),
    };
    let campaign = name("campaign_id", &campaign)?;
    let to = destination(api.app.numbers, &fields.phone_number);
    let to = to.map_err(|problem| problem.renamed("to", "phone_number"))?;
    let call = placing::call(api, principal, headers, (agent.id, to, &campaign)).await?;
    Ok(Originated {
        success: true,
        call_id: Some(call.id),
        message: Some(format!("Calling {to}")),
        channel_id: Some(call.channel),
        ..Originated::default()
    })
}

/// A problem in this path's words. What a client can mend was always 400 here.
fn told(problem: &Problem) -> Response {
    let status = match problem.code().status() {
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    let body = Originated {
        error: Some(problem.detail().to_owned()),
        code: Some(problem.code().as_str()),
        ..Originated::default()
    };
    let mut response = (status, Json(body)).into_response();
    if let Some(seconds) = problem.retry_after_seconds() {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
