//! `GET /v1/caller-ids/return-call`: somebody calls one of our numbers; who of us called them?

use axum::{Json, extract::State};
use model::{CallerIdUse, E164, ReservationId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::{Api, Params, rotation::destination};
use crate::problem::{Code, Problem, ProblemBody};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReturnCallQuery {
    /// Who calls, as the trunk presents it.
    #[param(max_length = 100)]
    from: String,
    /// The number of ours that they dialled.
    #[param(max_length = 100)]
    to: String,
}

/// Who of us called this person last.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReturnCall {
    /// The use, as in `/v1/caller-ids/uses`.
    #[serde(rename = "use")]
    used: ReservationId,
    campaign: String,
    /// As the dialler names the agent.
    agent: String,
    /// What was presented; another number than the one dialled, where that one never called this person.
    number: E164,
    made_at: Timestamp,
}

impl From<CallerIdUse> for ReturnCall {
    fn from(made: CallerIdUse) -> Self {
        Self {
            used: made.id,
            campaign: made.campaign,
            agent: made.agent,
            number: made.number,
            made_at: made.made_at,
        }
    }
}

/// Who of us called this person last: from the number that they call back, else from any.
#[utoipa::path(
    get,
    path = "/v1/caller-ids/return-call",
    operation_id = "caller_ids_return_call",
    tag = "caller ids",
    params(ReturnCallQuery),
    responses(
        (status = 200, description = "The last call to this person", body = ReturnCall),
        (status = 404, description = "The number is not ours, or none of ours ever called this person", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn return_call(
    State(api): State<Api>,
    Params(query): Params<ReturnCallQuery>,
) -> Result<Json<ReturnCall>, Problem> {
    let from = destination(api.app.numbers, &query.from);
    let from = from.map_err(|problem| problem.renamed("to", "from"))?;
    let to = destination(api.app.numbers, &query.to)?;
    if api.app.store.caller_ids().by_e164(to).await?.is_none() {
        let detail = format!("{to} is no number of ours.");
        return Err(Problem::new(Code::NotFound, detail));
    }
    let last = api
        .app
        .store
        .caller_id_uses()
        .last_for(from, Some(to))
        .await?;
    let none = || Problem::new(Code::NotFound, format!("No number of ours called {from}."));
    last.map(ReturnCall::from).map(Json).ok_or_else(none)
}
