//! Every refusal as RFC 9457 `application/problem+json`, with a `code` that never changes its meaning.
//!
//! A problem tells the client what to change. It never carries a driver's message, a path of this machine or a secret: those
//! go to the log.

use std::collections::BTreeMap;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::Invalid;
use serde::Serialize;
use store::{ConflictKind, StoreError};
use utoipa::ToSchema;

use crate::telephony::Refused;

/// What went wrong, as a word that programs may compare. Documented in `docs/API.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Code {
    /// The body is no JSON.
    BadJson,
    /// A value is missing, unknown, of the wrong type or out of its bounds; `field` names it.
    InvalidField,
    /// The body is longer than 1 MiB, or a file than 64 MiB or than its rows may be many.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTooSlow,
    /// A parameter is not there at all; `field` names it.
    MissingParameter,
    /// The body is not declared as `application/json`, or a file as `text/csv`.
    UnsupportedMediaType,
    /// No valid session or key came with the request.
    Unauthenticated,
    /// Name or password is wrong.
    WrongCredentials,
    /// The role may not do this.
    Forbidden,
    /// A request with a session cookie came without `X-Cordboard: 1`, or from another site.
    CrossSite,
    /// There is no such path.
    NoSuchPath,
    /// The path exists, for other methods.
    MethodNotAllowed,
    /// There is nothing with this id.
    NotFound,
    /// Another one has this name or number; `field` names it.
    Conflict,
    /// Others depend on it.
    InUse,
    /// Rows of a file are refused, and nothing of it was written; `rows` names them.
    RowsRefused,
    /// It cannot be taken back; `detail` says why.
    UndoRefused,
    /// The agent cannot go to this state.
    StateRefused,
    /// The call has ended.
    CallEnded,
    /// Nobody talks on the call.
    NotTalking,
    /// It cannot be done to the call as it stands; `detail` says why.
    ControlRefused,
    /// Asterisk said no.
    AsteriskRefused,
    /// Asterisk did not answer in time: nobody knows whether it did it.
    AsteriskSilent,
    /// The day cannot be compared: it is not over, or not all of it is known.
    NotJudged,
    /// Too many tries; see `Retry-After`.
    TooManyRequests,
    /// A call for help keeps the caller ID that it has.
    EmergencyNumber,
    /// Every number that could be presented is in use or at a cap; `retry_at` and `numbers` say more.
    NoCallerId,
    /// The agent is on a call.
    AgentBusy,
    /// `Idempotency-Key` was used before, for something else.
    KeyReused,
    /// No server says where calls go to the telephone network.
    NoWayOut,
    /// A part that is needed does not answer; see `Retry-After`.
    Unavailable,
    /// Our own mistake; it is in the log.
    Internal,
}

impl Code {
    /// All of them, for the documentation and its test.
    pub(crate) const ALL: [Self; 32] = [
        Self::BadJson,
        Self::InvalidField,
        Self::BodyTooLarge,
        Self::BodyTooSlow,
        Self::MissingParameter,
        Self::UnsupportedMediaType,
        Self::Unauthenticated,
        Self::WrongCredentials,
        Self::Forbidden,
        Self::CrossSite,
        Self::NoSuchPath,
        Self::MethodNotAllowed,
        Self::NotFound,
        Self::Conflict,
        Self::InUse,
        Self::RowsRefused,
        Self::UndoRefused,
        Self::StateRefused,
        Self::CallEnded,
        Self::NotTalking,
        Self::ControlRefused,
        Self::AsteriskRefused,
        Self::AsteriskSilent,
        Self::NotJudged,
        Self::TooManyRequests,
        Self::EmergencyNumber,
        Self::NoCallerId,
        Self::AgentBusy,
        Self::KeyReused,
        Self::NoWayOut,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The word on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::InvalidField => "invalid_field",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTooSlow => "body_too_slow",
            Self::MissingParameter => "missing_parameter",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Unauthenticated => "unauthenticated",
            Self::WrongCredentials => "wrong_credentials",
            Self::Forbidden => "forbidden",
            Self::CrossSite => "cross_site",
            Self::NoSuchPath => "no_such_path",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::InUse => "in_use",
            Self::RowsRefused => "rows_refused",
            Self::UndoRefused => "undo_refused",
            Self::StateRefused => "state_refused",
            Self::CallEnded => "call_ended",
            Self::NotTalking => "not_talking",
            Self::ControlRefused => "control_refused",
            Self::AsteriskRefused => "asterisk_refused",
            Self::AsteriskSilent => "asterisk_silent",
            Self::NotJudged => "not_judged",
            Self::TooManyRequests => "too_many_requests",
            Self::EmergencyNumber => "emergency_number",
            Self::NoCallerId => "no_caller_id",
            Self::AgentBusy => "agent_busy",
            Self::KeyReused => "key_reused",
            Self::NoWayOut => "no_way_out",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status that goes with it.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::BadJson | Self::InvalidField | Self::EmergencyNumber => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::MissingParameter | Self::KeyReused | Self::RowsRefused => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unauthenticated | Self::WrongCredentials => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NoSuchPath | Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict
            | Self::InUse
            | Self::UndoRefused
            | Self::StateRefused
            | Self::CallEnded
            | Self::NotTalking
            | Self::ControlRefused
            | Self::NotJudged
            | Self::AgentBusy
            | Self::NoWayOut => StatusCode::CONFLICT,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::AsteriskRefused => StatusCode::BAD_GATEWAY,
            Self::AsteriskSilent => StatusCode::GATEWAY_TIMEOUT,
            Self::NoCallerId | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::BadJson => "The body is no JSON",
            Self::InvalidField => "A field has an invalid value",
            Self::BodyTooLarge => "The body is too large",
            Self::BodyTooSlow => "The body came too slowly",
            Self::MissingParameter => "A parameter is missing",
            Self::UnsupportedMediaType => "The body is of another type",
            Self::Unauthenticated => "Log in first",
            Self::WrongCredentials => "Name or password is wrong",
            Self::Forbidden => "Your role may not do this",
            Self::CrossSite => "The request may come from another site",
            Self::NoSuchPath => "There is no such path",
            Self::MethodNotAllowed => "This path has other methods",
            Self::NotFound => "There is nothing with this id",
            Self::Conflict => "Another one has the same value",
            Self::InUse => "Something depends on it",
            Self::RowsRefused => "Rows of the file are refused",
            Self::UndoRefused => "It cannot be taken back",
            Self::StateRefused => "The agent cannot go to this state",
            Self::CallEnded => "The call has ended",
            Self::NotTalking => "Nobody talks on the call",
            Self::ControlRefused => "This cannot be done to the call now",
            Self::AsteriskRefused => "Asterisk refuses it",
            Self::AsteriskSilent => "Asterisk does not answer",
            Self::NotJudged => "The day cannot be judged",
            Self::TooManyRequests => "Too many tries",
            Self::EmergencyNumber => "A call for help keeps its caller ID",
            Self::NoCallerId => "No caller ID can be presented now",
            Self::AgentBusy => "The agent is on a call",
            Self::KeyReused => "The key was used before",
            Self::NoWayOut => "There is no way to the telephone network",
            Self::Unavailable => "A part that is needed does not answer",
            Self::Internal => "Our own mistake",
        }
    }
}

/// A refusal, as handlers return it.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    field: Option<String>,
    retry_after_seconds: Option<u64>,
    allow: Option<String>,
    /// Further members, as RFC 9457 allows them.
    extensions: BTreeMap<&'static str, serde_json::Value>,
}

/// How long a client should wait when a dependency does not answer.
const UNAVAILABLE_RETRY_SECONDS: u64 = 2;

/// The longest detail and field, in characters: what was sent is not sent back at length.
const MAX_DETAIL: usize = 500;
const MAX_FIELD: usize = 200;

fn shortened(text: String, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl Problem {
    /// A problem with a sentence for the person who reads it.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            field: None,
            retry_after_seconds: None,
            allow: None,
            extensions: BTreeMap::new(),
        }
    }

    /// A value that must be changed, by the name of its field.
    pub(crate) fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidField, detail).about(field)
    }

    /// Nothing has this id.
    pub(crate) fn not_found(noun: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {noun}."))
    }

    /// The path has other methods.
    pub(crate) fn method_not_allowed(allowed: &str) -> Self {
        let detail = format!("This path knows {allowed}.");
        Self {
            allow: Some(allowed.to_owned()),
            ..Self::new(Code::MethodNotAllowed, detail)
        }
    }

    /// A dependency does not answer now.
    pub(crate) fn unavailable(part: &str) -> Self {
        Self::new(Code::Unavailable, format!("{part} does not answer."))
            .retry_after(UNAVAILABLE_RETRY_SECONDS)
    }

    /// Names the field it is about.
    #[must_use]
    pub(crate) fn about(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Names the field as this interface does.
    #[must_use]
    pub(crate) fn renamed(mut self, from: &str, to: &str) -> Self {
        if self.field.as_deref() == Some(from) {
            self.field = Some(to.to_owned());
            if let Some(rest) = self.detail.strip_prefix(from) {
                self.detail = format!("{to}{rest}");
            }
        }
        self
    }

    /// Says one thing more to programs.
    #[must_use]
    pub(crate) fn with(mut self, member: &'static str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        self.extensions.insert(member, value);
        self
    }

    pub(crate) fn field_name(&self) -> Option<&str> {
        self.field.as_deref()
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after_seconds
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// Tells when to try again.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }
}

/// The wire shape of a problem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A URI reference to the code's description.
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    code: Code,
    detail: String,
    /// The field that must be changed, as a path such as `overflow.queue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What else a code tells.
    #[serde(flatten)]
    #[schema(ignore)]
    extensions: BTreeMap<&'static str, serde_json::Value>,
}

impl From<crate::cdr::ShelfError> for Problem {
    fn from(error: crate::cdr::ShelfError) -> Self {
        match error {
            crate::cdr::ShelfError::Store(error) => error.into(),
            error => {
                tracing::error!(%error, "figures cannot be told");
                Self::new(Code::Internal, "It is in the log.")
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let body = ProblemBody {
            kind: format!("/docs#{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: status.as_u16(),
            code: self.code,
            detail: shortened(self.detail, MAX_DETAIL),
            field: self.field.map(|field| shortened(field, MAX_FIELD)),
            extensions: self.extensions,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(Ok(allowed)) = self.allow.map(HeaderValue::try_from) {
            headers.insert(header::ALLOW, allowed);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"cordboard\""),
            );
        }
        response
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let detail = format!("{} {}.", invalid.field, invalid.problem);
        Self::field(invalid.field, detail)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { problem } => {
                tracing::warn!(%problem, "the database does not answer");
                Self::unavailable("The database")
            }
            StoreError::Conflict {
                field,
                kind,
                problem,
            } => {
                let detail = format!("{field} {problem}.");
                match kind {
                    ConflictKind::Taken => Self::new(Code::Conflict, detail).about(field),
                    ConflictKind::Missing => Self::field(field, detail),
                    ConflictKind::StillReferred => Self::new(Code::InUse, detail).about(field),
                }
            }
            StoreError::NotFound { .. } => Self::new(Code::NotFound, "It is not there any more."),
            StoreError::Refused { field, problem } => {
                let detail = format!("{field} {problem}.");
                Self::field(field, detail)
            }
            error @ (StoreError::Gap { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Dsn { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::ChangedMigration { .. }
            | StoreError::Database { .. }) => {
                tracing::error!(%error, "the store refused");
                Self::new(Code::Internal, "It is in the log.")
            }
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoSuchAgent => Self::not_found("agent"),
            Refused::NoSuchCall => Self::new(Code::CallEnded, "The call has ended."),
            Refused::NotActive | Refused::NotAskable => {
                Self::new(Code::StateRefused, format!("{refused}."))
            }
            Refused::Stopping => Self::unavailable("The queue engine"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_one_word_on_the_wire() {
        for code in Code::ALL {
            let json = serde_json::to_value(code).expect("a word");
            assert_eq!(json, code.as_str());
        }
    }

    #[test]
    fn every_code_is_documented() {
        let text = include_str!("../../../docs/API.md");
        for code in Code::ALL {
            let cell = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
            assert!(text.contains(&cell), "docs/API.md lacks {cell}");
        }
    }
}
