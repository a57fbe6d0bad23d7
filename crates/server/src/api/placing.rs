//! `POST /v1/calls`: an agent calls somebody. The same request as programs made it before is in [`super::originate`].

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use engine::dial;
use model::{AgentId, Call, CallId, E164, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::{
    Api, JsonBody, Segments, calls, created,
    created::Created,
    rotation::{destination, name, refused},
    sentence::sentence,
};
use crate::{
    auth::{By, Principal},
    problem::{Code, Problem, ProblemBody},
    telephony::{NotPlaced, Wish},
};

/// The header that makes a request one that may come again.
const KEY: &str = "Idempotency-Key";
/// The longest such key, in characters.
const MAX_KEY: usize = 255;

/// Whom to call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallFields {
    /// The number, as people write it: `+421905123456`, `(310) 555-0142`.
    #[schema(max_length = 64)]
    to: String,
    /// For the choice of the caller ID, and in the log.
    #[serde(default)]
    #[schema(max_length = 100)]
    campaign: String,
    /// Whose phone rings first; the own agent's unless told.
    #[serde(default)]
    agent: Option<AgentId>,
}

/// A call that was placed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlacedCall {
    /// For `/v1/calls/{id}`.
    pub(super) id: CallId,
    pub(super) agent: Option<AgentId>,
    /// With country code.
    pub(super) to: Option<String>,
    campaign: String,
    /// The number of ours that is presented; `null`: the trunk's own.
    caller_id: Option<String>,
    placed_at: Timestamp,
    /// The agent's, in Asterisk.
    pub(super) channel: String,
}

impl From<Call> for PlacedCall {
    fn from(call: Call) -> Self {
        let (campaign, caller_id) = call
            .placed
            .map(|placed| (placed.campaign, placed.caller_id))
            .unwrap_or_default();
        Self {
            id: call.id,
            agent: call.agent,
            to: call.caller.e164,
            campaign,
            caller_id,
            placed_at: call.arrived_at,
            channel: call.channel,
        }
    }
}

/// Call somebody: the agent's phone rings, then the other one's.
///
/// The number to present is chosen first, so no phone rings where there is none. A user with the role agent calls with the
/// own phone. With `Idempotency-Key` the request may be sent again: it rings once, and is answered as the first time.
#[utoipa::path(
    post,
    path = "/v1/calls",
    operation_id = "calls_place",
    tag = "calls",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters; every user and key has keys of their own", max_length = 255)),
    request_body = CallFields,
    responses(
        (status = 201, description = "Placed: the agent's phone rings", body = PlacedCall, headers(("Location" = String))),
        (status = 400, description = "`to` is no number that can be called, or one for emergencies", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The agent is on a call or not active, or there is no way to the telephone network", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The key belongs to another call", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "The agent calls too often", body = ProblemBody, content_type = "application/problem+json", headers(("Retry-After" = u64))),
        (status = 503, description = "No number can be presented now: `retry_at` and `numbers` say more", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn place(
    State(api): State<Api>,
    principal: Principal,
    headers: HeaderMap,
    JsonBody(fields): JsonBody<CallFields>,
) -> Result<Created<PlacedCall>, Problem> {
    let agent = whose(&principal, fields.agent)?;
    let to = destination(api.app.numbers, &fields.to)?;
    let campaign = name("campaign", &fields.campaign)?;
    let call = call(&api, &principal, &headers, (agent, to, &campaign)).await?;
    let location = format!("/v1/calls/{}", call.id);
    Ok(created(location, call.into()))
}

/// Places the call, unless it was before.
pub(super) async fn call(
    api: &Api,
    principal: &Principal,
    headers: &HeaderMap,
    (agent, to, campaign): (AgentId, E164, &str),
) -> Result<Call, Problem> {
    let key = key(headers)?;
    let (at, random) = api.app.clock.id();
    let wish = Wish {
        call: key.map_or_else(|| CallId::new(at, random), |key| id_of(principal, key)),
        agent,
        to,
        campaign: campaign.to_owned(),
    };
    if key.is_some()
        && let Some(known) = known(api, wish.call).await?
    {
        let other = || NotPlaced::OtherCall.told(api);
        return wish.is(&known).then_some(known).ok_or_else(other);
    }
    if api.app.journal.refuses_calls() {
        return Err(Problem::unavailable("The disk under the journal"));
    }
    let placed = api.app.acd.place(&api.app.servers, wish).await;
    placed.map_err(|why| why.told_to(api, principal))
}

pub(super) fn no_trunk() -> Problem {
    Problem::new(Code::NoWayOut, "No trunk takes the call now.")
}

/// The call that this key has placed. Who knows what is going on is asked before the database, which may be away.
async fn known(api: &Api, call: CallId) -> Result<Option<Call>, Problem> {
    if let Some(call) = api.app.acd.call(call).await? {
        return Ok(Some(call));
    }
    if let Some(call) = api.app.store.calls().get(call).await? {
        return Ok(Some(call));
    }
    // It may be one of those that the database has not taken yet, and the dialler has forgotten.
    if api.app.journal.get().behind > dial::MAX_ENDED as u64 {
        return Err(Problem::unavailable("The database, which is behind,"));
    }
    Ok(None)
}

/// End a call.
///
/// As `POST /v1/calls/{id}/hangup`.
#[utoipa::path(
    delete,
    path = "/v1/calls/{id}",
    operation_id = "calls_delete",
    tag = "calls",
    params(("id" = CallId, Path)),
    responses(
        (status = 202, description = "Asked; the event `call_ended` says when it is done"),
        (status = 409, description = "The call has ended", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    state: State<Api>,
    principal: Principal,
    id: Segments<CallId>,
) -> Result<StatusCode, Problem> {
    calls::hang_up(state, principal, id).await
}

/// Whose phone rings first.
fn whose(principal: &Principal, asked: Option<AgentId>) -> Result<AgentId, Problem> {
    if principal.is_agent() && asked.is_some() && asked != principal.agent {
        let detail = "An agent calls with the own phone only.";
        return Err(Problem::new(Code::Forbidden, detail).about("agent"));
    }
    let none = || {
        let detail = "agent is missing, and this log-in is no agent's.";
        Problem::field("agent", detail)
    };
    asked.or(principal.agent).ok_or_else(none)
}

fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(KEY) else {
        return Ok(None);
    };
    let key = value.to_str().ok().filter(|key| {
        let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        visible && (1..=MAX_KEY).contains(&key.len())
    });
    let wrong = || {
        let detail = format!("{KEY} is not 1 to {MAX_KEY} visible ASCII characters.");
        Problem::field(KEY, detail)
    };
    key.map(Some).ok_or_else(wrong)
}

/// The key's call, and with it the names of its channels: whoever asks again asks for the same ones.
fn id_of(principal: &Principal, key: &str) -> CallId {
    let by = match principal.by {
        By::User { user, .. } => format!("user {user}"),
        By::Key(id) => format!("key {id}"),
        By::AdminToken => "token".to_owned(),
    };
    let digest = Sha256::digest(format!("call of {by}: {key}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    CallId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

impl NotPlaced {
    /// How trunks stand is no business of an agent's.
    fn told_to(self, api: &Api, principal: &Principal) -> Problem {
        match self {
            Self::NoTrunk(_) if principal.is_agent() => no_trunk(),
            why => why.told(api),
        }
    }

    /// What a client is told.
    fn told(self, api: &Api) -> Problem {
        match self {
            Self::Refused(crate::telephony::Refused::NotActive) => {
                Problem::new(Code::StateRefused, "The agent is not active.").about("agent")
            }
            Self::Refused(why) => why.into(),
            Self::AgentBusy => {
                Problem::new(Code::AgentBusy, "The agent is on a call.").about("agent")
            }
            Self::OtherCall => {
                let detail = format!("{KEY} was used before, for another call: take a new one.");
                Problem::new(Code::KeyReused, detail).about(KEY)
            }
            Self::TooMany => {
                Problem::unavailable("The dialler, which has as many calls as it may,")
            }
            Self::NoWayOut => Problem::new(
                Code::NoWayOut,
                "No trunk takes calls out, and no server has dial_out: add a trunk, or set dial_out of a server.",
            ),
            Self::NoTrunk(_) => Problem::new(Code::NoWayOut, sentence(&self)),
            Self::WayOutLost => Problem::unavailable("The Asterisk that calls go out by"),
            Self::NoCallerId(why) => refused(api, why),
            Self::NoAnswer => Problem::unavailable("The choice of a caller ID"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn with_key(key: &[u8]) -> HeaderMap {
        let value = axum::http::HeaderValue::from_bytes(key).unwrap();
        HeaderMap::from_iter([(
            axum::http::HeaderName::from_static("idempotency-key"),
            value,
        )])
    }

    #[test]
    fn a_key_is_short_and_visible() {
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
        assert_eq!(key(&with_key(b"order-7/a")).unwrap(), Some("order-7/a"));
        assert!(key(&with_key(&[b'k'; MAX_KEY])).unwrap().is_some());
        for bad in [&b""[..], b"a b", b"\xc4\x8d", &[b'k'; MAX_KEY + 1]] {
            let problem = key(&with_key(bad)).unwrap_err();
            assert_eq!(problem.code(), Code::InvalidField, "{bad:?}");
        }
    }
}
