//! The trunk doctor: what each Asterisk says of a trunk, one silent call over it, and what was found before.

use axum::{Json, extract::State};
use model::{Timestamp, Trunk, TrunkId};
use serde::{Deserialize, Serialize};
use store::{KeptTrunkCheck, MAX_TRUNK_CHECKS};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::{Api, JsonBody, Segments, rotation::destination, servers};
use crate::{
    auth::Principal,
    doctor::{self, Finding, TestCall},
    problem::{Code, Problem, ProblemBody},
};

/// Checks that run at a time: each may be a call.
static CHECKS: Semaphore = Semaphore::const_new(2);

/// What is to be looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrunkCheckFields {
    /// A number to call over the trunk: nobody speaks, and it is hung up after a second. Nothing: no call.
    #[serde(default)]
    #[schema(max_length = 64)]
    to: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct TrunkChecked {
    made_at: Timestamp,
    /// Who asked for it.
    made_by: String,
    /// Whether nothing is a problem, and the call, if there was one, rang.
    ok: bool,
    findings: Vec<Finding>,
    call: Option<TestCall>,
}

/// The last checks of a trunk, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrunkChecks {
    #[schema(max_items = 100)]
    items: Vec<TrunkChecked>,
}

/// Look at a trunk: does each Asterisk have it, does it answer OPTIONS and how fast, are we registered? With `to`, one silent call.
///
/// The call goes over this trunk alone, as its rules want the number dialled, and says how long it took to ring and to be
/// answered, and in which codec. The last 100 checks of a trunk are kept.
#[utoipa::path(
    post,
    path = "/v1/trunks/{id}/check",
    operation_id = "trunks_check",
    tag = "trunks",
    params(("id" = TrunkId, Path)),
    request_body = TrunkCheckFields,
    responses(
        (status = 200, description = "What was found, and what mends it", body = TrunkChecked),
        (status = 400, description = "`to` is no number that can be called, or one for emergencies", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The trunk does not take this number, or no Asterisk that has it is connected", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn check(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<TrunkId>,
    JsonBody(fields): JsonBody<TrunkCheckFields>,
) -> Result<Json<TrunkChecked>, Problem> {
    let to = fields.to.map(|to| destination(api.app.numbers, &to));
    let to = to.transpose()?;
    let kept = api.app.store.trunks().get(id).await?;
    let trunk = kept.ok_or_else(|| Problem::not_found("trunk"))?.trunk;
    let _turn = CHECKS.acquire().await.expect("never closed");
    let provisioned = api
        .app
        .provisioner
        .look(&super::trunks::wanted(&api, &trunk))
        .await;
    let findings = doctor::examine_trunk(&trunk, &provisioned);
    let call = match to {
        Some(to) => Some(call(&api, &trunk, to).await?),
        None => None,
    };
    let (made_at, random) = api.app.clock.id();
    let rang = call.as_ref().is_none_or(TestCall::rang);
    let checked = TrunkChecked {
        made_at,
        made_by: principal.name.clone(),
        ok: rang && !doctor::has_problem(&findings),
        findings,
        call,
    };
    keep(&api, (id, random), &checked).await?;
    Ok(Json(checked))
}

async fn keep(
    api: &Api,
    (trunk, random): (TrunkId, u128),
    checked: &TrunkChecked,
) -> Result<(), Problem> {
    let result = serde_json::to_string(checked).map_err(|error| {
        tracing::error!(%error, "a check cannot be written");
        Problem::new(Code::Internal, "What was found could not be kept.")
    })?;
    let kept = KeptTrunkCheck {
        trunk,
        made_at: checked.made_at,
        made_by: checked.made_by.clone(),
        result,
    };
    api.app.store.trunks().keep_check(&kept, random).await?;
    Ok(())
}

async fn call(api: &Api, trunk: &Trunk, to: model::E164) -> Result<TestCall, Problem> {
    let outbound = trunk.outbound.as_ref().filter(|_| trunk.active);
    let outbound = outbound.ok_or_else(|| {
        let detail = "No calls go out by this trunk: it has no `outbound`, or is not active.";
        Problem::new(Code::NoWayOut, detail)
    })?;
    let rule = outbound.rule_for(to).ok_or_else(|| {
        let detail = "The trunk has no rule for this number.";
        Problem::new(Code::NoWayOut, detail).about("to")
    })?;
    let connected = api.app.servers.connected(trunk.server);
    let server = connected.first().copied().ok_or_else(|| {
        let detail = "No Asterisk that has this trunk is connected.";
        Problem::new(Code::NoWayOut, detail)
    })?;
    let (server, credentials) = servers::with_credentials(api, server).await?;
    let dialled = rule.dialled(to);
    let endpoint = format!("PJSIP/{dialled}@{}", trunk.name);
    let (at, random) = api.app.clock.id();
    let id = TrunkId::new(at, random).to_string();
    let config = asterisk::ari::Config::new(
        &server.ari_url,
        &server.ari_user,
        credentials.password,
        &server.application,
    );
    let what = (server.name, endpoint, dialled);
    // It goes on when whoever asked for it does not wait.
    let call = tokio::spawn(async move { doctor::place_test_call(config, &id, what).await });
    call.await.map_err(|error| {
        tracing::error!(%error, "a silent call broke off");
        Problem::new(Code::Internal, "The call broke off.")
    })
}

/// What was found when a trunk was looked at before.
#[utoipa::path(
    get,
    path = "/v1/trunks/{id}/checks",
    operation_id = "trunks_checks",
    tag = "trunks",
    params(("id" = TrunkId, Path)),
    responses((status = 200, description = "The last checks, the newest first; at most 100", body = TrunkChecks))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Segments(id): Segments<TrunkId>,
) -> Result<Json<TrunkChecks>, Problem> {
    let kept = api
        .app
        .store
        .trunks()
        .checks(id, MAX_TRUNK_CHECKS.into())
        .await?;
    let read = |kept: &KeptTrunkCheck| serde_json::from_str(&kept.result);
    let items: Result<Vec<TrunkChecked>, _> = kept.iter().map(read).collect();
    let items = items.map_err(|error| {
        tracing::error!(%error, trunk = %id, "a kept check cannot be read");
        Problem::new(Code::Internal, "What was found before cannot be read.")
    })?;
    Ok(Json(TrunkChecks { items }))
}
