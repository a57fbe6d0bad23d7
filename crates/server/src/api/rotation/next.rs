//! `GET /next-cid`: the number that the next call presents.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use engine::callerid::{Allocation, Counts, Refusal, Shortage};
use model::{E164, ReservationId, Role, Tier, Timestamp};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::super::Api;
use crate::{
    auth::{client_address, identify, present},
    callerid::{Question, Refused},
    numbers::{Destination, Numbers},
    problem::{Code, Problem, ProblemBody},
};

/// The longest name of a campaign or an agent, in characters.
const MAX_NAME: usize = 100;
/// Says in a header why a plain answer is empty.
const REASON: &str = "x-cordboard-reason";
/// In a plain answer: the reservation, for a `DELETE` when the call is over.
const RESERVATION: &str = "x-cordboard-reservation";

/// What is asked. All of it is text that a dialplan put into the address.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by hand, to name all that is missing")]
pub(crate) struct NextQuery {
    /// The number to be called, as dialplans write it: `3105559876`, `13105559876`, `+421905123456`, `00421905123456`.
    to: String,
    /// The campaign, at most 100 characters. It may be empty.
    campaign: String,
    /// Who calls, at most 100 characters. It may be empty.
    agent: String,
    /// `empty`: when there is no number, answer 200 with an empty text instead of a refusal.
    #[param(inline, required = false)]
    when_none: Option<String>,
}

/// The number to present, and the call it was chosen for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NextCid<'a> {
    success: bool,
    /// As the trunk takes it.
    caller_id: &'a str,
    area_code: Option<String>,
    carrier: &'a str,
    /// Seconds after which it is free again if nothing tells that the call is over.
    reserved_for: u64,
    /// As it was asked for.
    destination: &'a str,
    agent: &'a str,
    campaign: &'a str,
    /// For `DELETE /api/reservation/{id}`.
    reservation_id: ReservationId,
    /// Where the number was found.
    tier: Tier,
}

/// The numbers that were considered, by what keeps them.
#[derive(Debug, Serialize)]
struct Reasons {
    capped: u32,
    reserved: u32,
    resting: u32,
    inactive: u32,
    unverified: u32,
}

/// The number that the next call presents. It is reserved until the call is over.
///
/// Without a key for the networks of `caller_id.networks`, elsewhere with one. With `Accept: text/plain` the answer is the
/// bare number, or nothing.
#[utoipa::path(
    get,
    path = "/next-cid",
    operation_id = "rotation_next",
    tag = "caller-id rotation",
    params(NextQuery),
    responses(
        (status = 200, description = "A number, reserved", body = NextCid<'static>),
        (status = 400, description = "`to` is no number that can be called, or one for emergencies", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is missing", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "The agent asked too often", body = ProblemBody, content_type = "application/problem+json", headers(("Retry-After" = u64))),
        (status = 503, description = "No number now: `retry_at` and `numbers` say more", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn next(State(api): State<Api>, parts: Parts) -> Response {
    let plain = parts
        .headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().starts_with("text/plain"));
    answer(&api, &parts, plain).await
}

/// The same as a bare number, for `${CURL(…)}`. A refusal has no text, so that it never becomes a caller ID.
#[utoipa::path(
    get,
    path = "/next-cid.txt",
    operation_id = "rotation_next_text",
    tag = "caller-id rotation",
    params(NextQuery),
    responses((status = 200, description = "The number, or nothing with `when_none=empty`", body = String, content_type = "text/plain"))
)]
pub(crate) async fn next_text(State(api): State<Api>, parts: Parts) -> Response {
    answer(&api, &parts, true).await
}

async fn answer(api: &Api, parts: &Parts, plain: bool) -> Response {
    let begun = Instant::now();
    let asked = Asked::read(parts.uri.query().unwrap_or_default());
    let given = match trusted(api, &parts.headers, &parts.extensions).await {
        Ok(()) => allocate(api, &asked).await,
        Err(problem) => Err(problem),
    };
    let response = match given {
        Ok(given) if plain => bare(&given),
        Ok(given) => json(&asked, &given),
        Err(problem) if asked.when_none.as_deref() == Some("empty") => {
            nothing(StatusCode::OK, &problem)
        }
        Err(problem) if plain => nothing(problem.code().status(), &problem),
        Err(problem) => problem.into_response(),
    };
    let now = api.app.clock.now();
    api.rotation.note(now.mono, begun.elapsed());
    response
}

/// A program of a listed network, or one with a key.
pub(super) async fn trusted(
    api: &Api,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<(), Problem> {
    // A page that somebody on this machine looks at may not use up numbers.
    let from_other_page = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none");
    let address = client_address(headers, extensions, &api.auth);
    let known = extensions.get::<ConnectInfo<SocketAddr>>().is_some();
    if known && !from_other_page && api.auth.networks.contains(address) {
        return Ok(());
    }
    let Some(credential) = present(headers) else {
        return Err(Problem::new(
            Code::Unauthenticated,
            format!(
                "{address} is in none of caller_id.networks: send a key as Authorization: Bearer."
            ),
        ));
    };
    let principal = identify(api, &credential).await?;
    match principal.map(|principal| principal.role) {
        None => Err(Problem::new(Code::Unauthenticated, "The key is not valid.")),
        Some(Role::Agent) => Err(Problem::new(
            Code::Forbidden,
            "The role agent may not do this.",
        )),
        Some(_) => Ok(()),
    }
}

/// The parameters as they came.
#[derive(Debug, Default)]
struct Asked {
    to: Option<String>,
    campaign: Option<String>,
    agent: Option<String>,
    when_none: Option<String>,
}

impl Asked {
    /// What is unknown is ignored, as it always was; of two with one name the last counts.
    fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "to" => &mut asked.to,
                "campaign" => &mut asked.campaign,
                "agent" => &mut asked.agent,
                "when_none" => &mut asked.when_none,
                _ => continue,
            };
            *place = Some(value.into_owned());
        }
        asked
    }

    fn required<'a>(name: &'static str, value: Option<&'a String>) -> Result<&'a str, Problem> {
        let missing =
            || Problem::new(Code::MissingParameter, format!("{name} is missing.")).about(name);
        value.map(String::as_str).ok_or_else(missing)
    }

    fn question(&self, numbers: Numbers) -> Result<Question, Problem> {
        let to = Self::required("to", self.to.as_ref())?;
        let campaign = name(
            "campaign",
            Self::required("campaign", self.campaign.as_ref())?,
        )?;
        let agent = name("agent", Self::required("agent", self.agent.as_ref())?)?;
        let to = destination(numbers, to)?;
        Ok(Question {
            to,
            place: Numbers::place(to),
            campaign,
            agent,
        })
    }
}

pub(crate) fn name(field: &'static str, text: &str) -> Result<Arc<str>, Problem> {
    let text = text.trim();
    if text.chars().count() > MAX_NAME {
        let detail = format!("{field} is longer than {MAX_NAME} characters.");
        return Err(Problem::field(field, detail));
    }
    if text.chars().any(char::is_control) {
        return Err(Problem::field(
            field,
            format!("{field} has a control character."),
        ));
    }
    Ok(text.into())
}

pub(crate) fn destination(numbers: Numbers, text: &str) -> Result<E164, Problem> {
    match numbers.destination(text) {
        Ok(Destination::Number(to)) => Ok(to),
        Ok(Destination::Emergency(digits)) => {
            tracing::warn!(%digits, "a call for help keeps its caller ID");
            let detail =
                format!("{digits} is an emergency number: call it with your own caller ID.");
            Err(Problem::new(Code::EmergencyNumber, detail).about("to"))
        }
        Err(why) => Err(Problem::field("to", format!("to {why}."))),
    }
}

async fn allocate(api: &Api, asked: &Asked) -> Result<Box<Allocation>, Problem> {
    let question = asked.question(api.app.numbers)?;
    api.app
        .caller_ids
        .next(question)
        .await
        .map_err(|why| refused(api, why))
}

/// What a client is told of a refusal.
pub(crate) fn refused(api: &Api, refused: Refused) -> Problem {
    match refused {
        Refused::Engine(Refusal::TooManyQuestions { retry_after }) => {
            let seconds = retry_after.as_secs_f64().ceil().max(1.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "at most 60"
            )]
            Problem::new(
                Code::TooManyRequests,
                "Rate limit exceeded: the agent asked too often in the last minute.",
            )
            .retry_after(seconds as u64)
        }
        Refused::Engine(Refusal::Exhausted(shortage)) => {
            exhausted(&shortage, api.app.clock.now().utc)
        }
        Refused::Unwritten(error) => {
            tracing::error!(%error, "no caller ID is presented: the ledger cannot be written");
            Problem::unavailable("The disk under the caller IDs' ledger")
        }
        Refused::Full => {
            tracing::error!("no caller ID is presented: the database is too far behind the ledger");
            Problem::unavailable("The database that the caller IDs' uses go into")
        }
        Refused::Unshared(error) => {
            tracing::error!(%error, "no caller ID is presented: Redis is gone");
            Problem::unavailable("The Redis that the caller IDs are shared by")
        }
        Refused::Stopping => Problem::unavailable("The server, which is stopping,"),
    }
}

fn exhausted(shortage: &Shortage, now: Timestamp) -> Problem {
    let Counts {
        available: _,
        reserved,
        capped,
        resting,
        inactive,
        unverified,
    } = shortage.counts;
    let reasons = Reasons {
        capped,
        reserved,
        resting,
        inactive,
        unverified,
    };
    let detail = format!(
        "No available caller-IDs: {capped} at a cap, {reserved} reserved, {resting} resting, {inactive} inactive, {unverified} unverified."
    );
    let problem = Problem::new(Code::NoCallerId, detail)
        .with("retry_at", shortage.retry_at)
        .with("numbers", reasons);
    match shortage.retry_at {
        Some(at) => problem.retry_after(at.since(now).as_secs() + 1),
        None => problem,
    }
}

fn json(asked: &Asked, given: &Allocation) -> Response {
    let reservation = &given.reservation;
    let held = reservation.expires_at.since(reservation.made_at);
    let body = NextCid {
        success: true,
        caller_id: &given.presented,
        area_code: given.area_code.map(|code| code.to_string()),
        carrier: &given.carrier,
        reserved_for: held.as_secs(),
        destination: asked.to.as_deref().unwrap_or_default(),
        agent: asked.agent.as_deref().unwrap_or_default(),
        campaign: asked.campaign.as_deref().unwrap_or_default(),
        reservation_id: reservation.id,
        tier: reservation.tier,
    };
    let body = shell_safe(serde_json::to_string(&body).unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// Dialplans out there put the answer between a shell's quotes. No JSON says other things without these characters, and
/// outside of strings it has none of them.
fn shell_safe(json: String) -> String {
    if !json.contains(['\'', '`', '$']) {
        return json;
    }
    json.replace('\'', "\\u0027")
        .replace('`', "\\u0060")
        .replace('$', "\\u0024")
}

fn bare(given: &Allocation) -> Response {
    let reservation = given.reservation.id.to_string();
    let mut response = plain(StatusCode::OK, given.presented.to_string());
    if let Ok(value) = HeaderValue::from_str(&reservation) {
        response.headers_mut().insert(RESERVATION, value);
    }
    response
}

fn nothing(status: StatusCode, problem: &Problem) -> Response {
    let mut response = plain(status, String::new());
    let reason = HeaderValue::from_static(problem.code().as_str());
    response.headers_mut().insert(REASON, reason);
    response
}

fn plain(status: StatusCode, text: String) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status, kind, Body::from(text)).into_response()
}
