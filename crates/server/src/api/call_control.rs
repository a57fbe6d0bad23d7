//! What is done to a call that talks: hold, mute, keys, recordings; and supervisors who take part.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use engine::{
    acd::NotGiven,
    control::{Failure, Refusal, Target, TargetAt, Verb},
};
use model::{
    AgentId, Call, CallId, Caller, OfferResult, QueueId, Recording, RecordingState, Watch,
    WatchMode, checked_digits, checked_text,
};
use serde::{
    Deserialize,
    de::{IntoDeserializer as _, value::Error as ValueError},
};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, JsonBody, Params, Segments, calls, placing::no_trunk, rotation::destination,
    sentence::sentence,
};
use crate::{
    auth::Principal,
    problem::{Code, Problem, ProblemBody},
    telephony::{NotDone, NotFetched},
};

/// The longest text that a number is read from.
const MAX_TO: usize = 64;
/// The longest number of a phone of this house.
const MAX_EXTENSION: usize = 10;

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
    /// The customer and the one who is consulted change places: one talks, the other hears music.
    Swap,
    /// All three hear each other.
    Conference,
    /// The one who is consulted goes, and the agent and the customer hear each other.
    EndConsult,
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
            Action::Swap => Self::Swap,
            Action::Conference => Self::Conference,
            Action::EndConsult => Self::EndConsult,
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

/// Somebody else.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsultFields {
    /// A phone of this house (`103`), or a telephone number as people write it.
    #[schema(max_length = 64)]
    to: String,
}

/// Ask somebody else while the customer waits.
///
/// The customer hears music, the other one's phone rings, and once they pick up the agent talks with them: then `swap`,
/// `conference`, `transfer` or `end_consult`. If they do not answer, or go, the customer is brought back.
#[utoipa::path(
    post,
    path = "/v1/calls/{id}/consult",
    operation_id = "calls_consult",
    tag = "calls",
    params(("id" = CallId, Path)),
    request_body = ConsultFields,
    responses(
        (status = 200, description = "Their phone rings; `control.consult` says how far it has come", body = Call),
        (status = 400, description = "`to` is no phone of this house and no number that can be called", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Nobody talks on this call, or somebody is consulted already", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "Asterisk cannot ring that phone: nobody is registered there", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn consult(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
    JsonBody(fields): JsonBody<ConsultFields>,
) -> Result<Json<Call>, Problem> {
    checked_text("to", &fields.to, MAX_TO)?;
    let call = calls::own(&api, &principal, id).await?;
    let target = target(&api, &call, &fields.to, false).await?;
    carry_out(&api, &principal, id, Verb::Consult(target)).await
}

/// To whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransferFields {
    /// As in a consultation; nothing, and no queue: to the one who is consulted.
    #[serde(default)]
    #[schema(max_length = 64)]
    to: Option<String>,
    /// Of a call that came in: the customer waits in this queue, as a call of its own.
    #[serde(default)]
    queue: Option<QueueId>,
}

/// Give the customer to somebody else.
///
/// To the one who is consulted at once; to anybody else as soon as they pick up, and until then the customer hears music and the
/// agent the ringing. If they do not pick up, the customer is brought back. Then the agent is free, and the call has ended with
/// the outcome `answered` and `control.transferred_to`. To a queue it goes at once, and waits there as a call of its own.
#[utoipa::path(
    post,
    path = "/v1/calls/{id}/transfer",
    operation_id = "calls_transfer",
    tag = "calls",
    params(("id" = CallId, Path)),
    request_body = TransferFields,
    responses(
        (status = 200, description = "Done, or (with `to`) their phone rings", body = Call),
        (status = 400, description = "`to` is no phone of this house and no number that can be called", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Nobody talks on this call, nobody is consulted, or has not answered", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "Asterisk cannot ring that phone: nobody is registered there", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn transfer(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<CallId>,
    JsonBody(fields): JsonBody<TransferFields>,
) -> Result<Json<Call>, Problem> {
    checked_text("to", fields.to.as_deref().unwrap_or_default(), MAX_TO)?;
    let call = calls::own(&api, &principal, id).await?;
    let verb = match (&fields.to, fields.queue) {
        (Some(_), Some(_)) => {
            return Err(Problem::field(
                "queue",
                "queue and to cannot both be given.",
            ));
        }
        (Some(to), None) => Verb::Consult(target(&api, &call, to, true).await?),
        (None, Some(queue)) => {
            let queue = api.app.store.queues().get(queue).await?;
            let queue = queue.filter(|queue| queue.active);
            let queue =
                queue.ok_or_else(|| Problem::field("queue", "queue is none that is active."))?;
            Verb::ToQueue(queue.name)
        }
        (None, None) => Verb::Transfer,
    };
    carry_out(&api, &principal, id, verb).await
}

/// Who that is, and what their phone shows: with a consultation the agent, with a transfer the customer.
async fn target(api: &Api, call: &Call, to: &str, transfer: bool) -> Result<Target, Problem> {
    let asked = to.trim();
    let at = if is_phone(api, call, asked).await? {
        TargetAt::Phone(asked.to_owned())
    } else {
        TargetAt::Number(destination(api.app.numbers, asked)?)
    };
    let shown = match (&at, call.agent) {
        // The trunk's own number.
        (TargetAt::Number(_), _) => None,
        (TargetAt::Phone(_), Some(agent)) if !transfer => {
            let agent = api.app.store.agents().get(agent).await?;
            agent.map(|agent| Caller::new(&agent.extension, &agent.name))
        }
        (TargetAt::Phone(_), _) => Some(call.caller.clone()),
    };
    Ok(Target {
        to: asked.to_owned(),
        at,
        // The desk knows it.
        endpoint: String::new(),
        shown,
        transfer,
    })
}

/// Is it a phone of this house? Asterisk knows, and of those that nobody is registered at, we do.
async fn is_phone(api: &Api, call: &Call, to: &str) -> Result<bool, Problem> {
    let digits = to.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || !(2..=MAX_EXTENSION).contains(&to.len()) {
        return Ok(false);
    }
    let store = &api.app.store;
    Ok(api.app.servers.has_phone(call.server, to).await
        || store.agents().by_extension(to).await?.is_some()
        || store.extensions().by_number(to).await?.is_some())
}

async fn carry_out(
    api: &Api,
    principal: &Principal,
    id: CallId,
    verb: Verb,
) -> Result<Json<Call>, Problem> {
    calls::own(api, principal, id).await?;
    let done = api.app.acd.control(id, verb, &principal.name).await;
    done.map(Json).map_err(|why| match why {
        NotDone::NoTrunk(_) if principal.is_agent() => no_trunk().about("to"),
        why => told(why),
    })
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
pub(super) fn told(why: NotDone) -> Problem {
    let refusal = match why {
        NotDone::Refused(why) => return why.into(),
        NotDone::NoTrunk(_) => {
            return Problem::new(Code::NoWayOut, sentence(&why)).about("to");
        }
        NotDone::NotGiven(why) => {
            let code = match why {
                NotGiven::AgentBusy => Code::AgentBusy,
                NotGiven::ServerLost => return Problem::unavailable("The call's Asterisk"),
                _ => Code::ControlRefused,
            };
            return Problem::new(code, sentence(&why));
        }
        NotDone::NotPickedUp(result) => {
            let code = match result {
                OfferResult::PhoneBusy => Code::AgentBusy,
                OfferResult::Unreachable | OfferResult::BridgeFailed => Code::AsteriskRefused,
                _ => Code::ControlRefused,
            };
            return Problem::new(code, sentence(&why));
        }
        NotDone::Control(refusal) => refusal,
    };
    let detail = sentence(&refusal);
    match refusal {
        Refusal::NotTalking => Problem::new(Code::NotTalking, detail),
        Refusal::ServerLost => Problem::unavailable("The call's Asterisk"),
        Refusal::WatcherBusy => Problem::new(Code::AgentBusy, detail).about("agent"),
        Refusal::Failed(Failure::Rejected(_)) => Problem::new(Code::AsteriskRefused, detail),
        Refusal::Failed(Failure::Unknown) => Problem::new(Code::AsteriskSilent, detail),
        Refusal::Busy
        | Refusal::Held
        | Refusal::NotQueued
        | Refusal::NotParkable
        | Refusal::NoSlot
        | Refusal::Consulting
        | Refusal::NotConsulting
        | Refusal::NotAnswered
        | Refusal::NoRecording
        | Refusal::TooManyRecordings
        | Refusal::TooManyWatchers
        | Refusal::NoWatcher
        | Refusal::OwnCall => Problem::new(Code::ControlRefused, detail),
    }
}
