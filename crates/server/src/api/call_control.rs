//! What is done to a call that talks: hold, mute, keys, recordings; and supervisors who take part.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use engine::control::{Failure, Refusal, Verb};
use model::{AgentId, Call, CallId, Recording, RecordingState, Watch, WatchMode, checked_digits};
use serde::{
    Deserialize,
    de::{IntoDeserializer as _, value::Error as ValueError},
};
use utoipa::{IntoParams, ToSchema};

use super::{Api, JsonBody, Params, Segments, calls};
use crate::{
    auth::Principal,
    problem::{Code, Problem, ProblemBody},
    telephony::{NotDone, NotFetched},
};

/// What can be done to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// The customer hears music, and the agent nothing.
    Hold,
    /// The two hear each other again.
    Unhold,
    /// Nobody hears the agent.
    Mute,
    Unmute,
    /// Both sides are recorded, into a file in Asterisk's recording folder.
    Record,
    /// What is said from now on is not in the file.
    PauseRecording,
    ResumeRecording,
    /// The file is complete. The next recording is another file.
    StopRecording,
}

impl From<Action> for Verb {
    fn from(action: Action) -> Self {
        match action {
            Action::Hold => Self::Hold,
            Action::Unhold => Self::Unhold,
            Action::Mute => Self::Mute,
            Action::Unmute => Self::Unmute,
            Action::Record => Self::StartRecording,
            Action::PauseRecording => Self::PauseRecording,
            Action::ResumeRecording => Self::ResumeRecording,
            Action::StopRecording => Self::StopRecording,
        }
    }
}

/// Do something to a call that talks.
///
/// The answer comes when Asterisk has done it; what is so already is answered at once, so a request may be sent again.
/// `control` of the call says how it stands. A user with the role agent does it to the own call.
#[utoipa::path(
    post,
    path = "/v1/calls/{id}/{action}",
    operation_id = "calls_control",
    tag = "calls",
    params(("id" = CallId, Path), ("action" = inline(Action), Path)),
    responses(
        (status = 200, description = "Done", body = Call),
        (status = 409, description = "Nobody talks on this call, or something else is being done to it, or there is nothing to pause", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "Asterisk refuses it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The connection to the call's Asterisk is lost", body = ProblemBody, content_type = "application/problem+json"),
        (status = 504, description = "Asterisk does not answer in time; nobody knows whether it was done", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn control(
    State(api): State<Api>,
    principal: Principal,
    Segments((id, action)): Segments<(CallId, String)>,
) -> Result<Json<Call>, Problem> {
    let action: Result<Action, ValueError> =
        Action::deserialize(action.as_str().into_deserializer());
    let action = action.map_err(|error| Problem::field("action", format!("action: {error}.")))?;
    carry_out(&api, &principal, id, action.into()).await
}

/// Which keys.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Digits {
    /// `0` to `9`, `*`, `#`, `A` to `D`.
    #[schema(min_length = 1, max_length = 32, pattern = "^[0-9*#A-D]+$")]
    digits: String,
}

/// Press keys for the customer to hear, such as a machine that asks for some.
///
/// How many there were is written down, not which. A user with the role agent does it on the own call.
#[utoipa::path(
    post,
    path = "/v1/calls/{id}/digits",
    operation_id = "calls_send_digits",
    tag = "calls",
    params(("id" = CallId, Path)),
    request_body = Digits,
    responses(
        (status = 200, description = "Asterisk plays them", body = Call),
        (status = 409, description = "Nobody talks on this call, or the customer is on hold", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn send_digits(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
    JsonBody(fields): JsonBody<Digits>,
) -> Result<Json<Call>, Problem> {
    checked_digits(&fields.digits)?;
    carry_out(&api, &principal, id, Verb::SendDigits(fields.digits)).await
}

async fn carry_out(
    api: &Api,
    principal: &Principal,
    id: CallId,
    verb: Verb,
) -> Result<Json<Call>, Problem> {
    calls::own(api, principal, id).await?;
    let acd = &api.app.acd;
    acd.control(id, verb, &principal.name).await.map_err(told)?;
    let call = acd.call(id).await?;
    // It may have ended at this very moment.
    let call = call.ok_or_else(|| Problem::new(Code::CallEnded, "The call has ended."))?;
    Ok(Json(call))
}

/// How a supervisor takes part.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchFields {
    mode: WatchMode,
    /// Whose phone; the own agent's unless told.
    #[serde(default)]
    agent: Option<AgentId>,
}

/// Take part in a call: the supervisor's phone rings, and then hears it.
///
/// Asked again it changes the way: listen, whisper to the agent, or barge in. Agents are not told of it; the events
/// `call_watched` go to supervisors.
#[utoipa::path(
    put,
    path = "/v1/calls/{id}/watch",
    operation_id = "calls_watch",
    tag = "calls",
    params(("id" = CallId, Path)),
    request_body = WatchFields,
    responses(
        (status = 200, description = "The phone rings (`state` is `ringing`), or the way is changed", body = Watch),
        (status = 409, description = "Nobody talks on this call, it is the own one, or the supervisor is on another", body = ProblemBody, content_type = "application/problem+json"),
        (status = 504, description = "Asterisk does not answer in time", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn watch(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
    JsonBody(fields): JsonBody<WatchFields>,
) -> Result<Json<Watch>, Problem> {
    calls::own(&api, &principal, id).await?;
    let watcher = watcher(&principal, fields.agent)?;
    let acd = &api.app.acd;
    acd.watch(id, watcher, fields.mode, &principal.name)
        .await
        .map_err(told)?;
    let watches = acd.watches(id).await?;
    let mut watches = watches.into_iter();
    let watch = watches.find(|watch| watch.watcher == watcher);
    let watch = watch.ok_or_else(|| Problem::new(Code::CallEnded, "The call has ended."))?;
    Ok(Json(watch))
}

/// Whose phone.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Watcher {
    /// The own agent's unless told.
    agent: Option<AgentId>,
}

/// Leave a call that was watched.
#[utoipa::path(
    delete,
    path = "/v1/calls/{id}/watch",
    operation_id = "calls_unwatch",
    tag = "calls",
    params(("id" = CallId, Path), Watcher),
    responses(
        (status = 204, description = "The supervisor's phone is let go"),
        (status = 409, description = "Nobody watches with this phone", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn unwatch(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
    Params(query): Params<Watcher>,
) -> Result<StatusCode, Problem> {
    let watcher = watcher(&principal, query.agent)?;
    let acd = &api.app.acd;
    acd.unwatch(id, watcher, &principal.name)
        .await
        .map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who watches a call.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/watch",
    operation_id = "calls_watches",
    tag = "calls",
    params(("id" = CallId, Path)),
    responses((status = 200, description = "In the order in which they came", body = Vec<Watch>))
)]
pub(crate) async fn watches(
    State(api): State<Api>,
    Segments(id): Segments<CallId>,
) -> Result<Json<Vec<Watch>>, Problem> {
    Ok(Json(api.app.acd.watches(id).await?))
}

fn watcher(principal: &Principal, asked: Option<AgentId>) -> Result<AgentId, Problem> {
    let none = || Problem::field("agent", "agent is missing, and this log-in is no agent's.");
    asked.or(principal.agent).ok_or_else(none)
}

/// A recording of a call, as a WAV file.
///
/// It is read from the Asterisk that made it, and at most 32 MiB long: some 35 minutes.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/recordings/{name}",
    operation_id = "calls_recording",
    tag = "calls",
    params(("id" = CallId, Path), ("name" = String, Path, description = "As in `control.recordings`")),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "audio/wav"),
        (status = 409, description = "It is still being recorded", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "Asterisk does not have it, or will not give it", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn recording(
    State(api): State<Api>,
    principal: Principal,
    Segments((id, name)): Segments<(CallId, String)>,
) -> Result<Response, Problem> {
    let call = calls::find(&api, &principal, id).await?.0;
    let known = call.control.recordings.iter().find(|one| one.name == name);
    let none = || Problem::not_found("recording");
    let known: &Recording = known.ok_or_else(none)?;
    if known.state != RecordingState::Ended {
        let detail = "It is still being recorded: stop it first.";
        return Err(Problem::new(Code::ControlRefused, detail));
    }
    let file = api.app.servers.recording(call.server, &known.name).await;
    let file = file.map_err(|why| match why {
        NotFetched::NotConnected => Problem::unavailable("The Asterisk that has it"),
        NotFetched::Refused(why) => Problem::new(Code::AsteriskRefused, why),
    })?;
    let disposition = format!("attachment; filename=\"{}.wav\"", known.name);
    let headers = [
        (header::CONTENT_TYPE, "audio/wav".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, file).into_response())
}

/// What a client is told.
fn told(why: NotDone) -> Problem {
    let refusal = match why {
        NotDone::Refused(why) => return why.into(),
        NotDone::Control(refusal) => refusal,
    };
    let detail = format!("{refusal}.");
    let detail = detail[..1].to_uppercase() + &detail[1..];
    match refusal {
        Refusal::NotTalking => Problem::new(Code::NotTalking, detail),
        Refusal::ServerLost => Problem::unavailable("The call's Asterisk"),
        Refusal::WatcherBusy => Problem::new(Code::AgentBusy, detail).about("agent"),
        Refusal::Failed(Failure::Rejected(_)) => Problem::new(Code::AsteriskRefused, detail),
        Refusal::Failed(Failure::Unknown) => Problem::new(Code::AsteriskSilent, detail),
        Refusal::Busy
        | Refusal::Held
        | Refusal::NoRecording
        | Refusal::TooManyRecordings
        | Refusal::TooManyWatchers
        | Refusal::NoWatcher
        | Refusal::OwnCall => Problem::new(Code::ControlRefused, detail),
    }
}
