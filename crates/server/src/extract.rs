//! What handlers take from a request. A refusal is always a problem that names the field.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    extract::{
        FromRequest, FromRequestParts, Path, Request, path::ErrorKind, rejection::PathRejection,
    },
    http::{HeaderMap, header, request::Parts},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use tokio::time::Instant;

use crate::problem::{Code, Problem};

/// The largest body that is read.
pub(crate) const MAX_BODY: usize = 1024 * 1024;
/// The largest file that is taken.
pub(crate) const MAX_FILE: usize = 64 * MAX_BODY;
/// The longest that a body, or a piece of a file, may take to arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body of at most so many bytes.
pub(crate) struct JsonBody<T, const MAX: usize = MAX_BODY>(pub(crate) T);

/// A form, as it was sent.
pub(crate) struct FormBody(pub(crate) String);

/// The parts of the path.
pub(crate) struct Segments<T>(pub(crate) T);

/// The query.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync, const MAX: usize> FromRequest<S> for JsonBody<T, MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is(request.headers(), "application/json") {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "Send the body with Content-Type: application/json.",
            ));
        }
        let body = in_time(request.into_body(), MAX).await?;
        parse(&body).map(Self)
    }
}

/// A JSON body, whatever it is declared as.
pub(crate) async fn read_json<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    parse(&in_time(request.into_body(), MAX_BODY).await?)
}

impl<S: Send + Sync> FromRequest<S> for FormBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is(request.headers(), "application/x-www-form-urlencoded") {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "Send the body with Content-Type: application/x-www-form-urlencoded.",
            ));
        }
        let bytes = in_time(request.into_body(), MAX_BODY).await?;
        Ok(Self(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

/// A file of comma-separated values, piece by piece.
pub(crate) struct CsvBody(BodyDataStream);

impl<S: Send + Sync> FromRequest<S> for CsvBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is(request.headers(), "text/csv") {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "Send the file with Content-Type: text/csv.",
            ));
        }
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > MAX_FILE as u64) {
            return Err(Self::too_large());
        }
        Ok(Self(request.into_body().into_data_stream()))
    }
}

impl CsvBody {
    /// The next piece; nothing at the end. Each has its time, and the last comes before `until`.
    pub(crate) async fn next(&mut self, until: Instant) -> Result<Option<Bytes>, Problem> {
        let until = until.min(Instant::now() + BODY_TIMEOUT);
        let next = tokio::time::timeout_at(until, self.0.next()).await;
        let next =
            next.map_err(|_| Problem::new(Code::BodyTooSlow, "The file did not arrive in time."))?;
        next.transpose()
            .map_err(|_| Problem::field("body", "The file broke off before its end."))
    }

    pub(crate) fn too_large() -> Problem {
        let detail = format!("The file is longer than {MAX_FILE} bytes: split it.");
        Problem::new(Code::BodyTooLarge, detail)
    }
}

fn is(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted))
}

async fn in_time(body: Body, max: usize) -> Result<BytesMut, Problem> {
    tokio::time::timeout(BODY_TIMEOUT, read(body, max))
        .await
        .map_err(|_| {
            let seconds = BODY_TIMEOUT.as_secs();
            Problem::new(
                Code::BodyTooSlow,
                format!("The body did not arrive within {seconds} seconds."),
            )
        })?
}

async fn read(body: Body, max: usize) -> Result<BytesMut, Problem> {
    let mut chunks = body.into_data_stream();
    let mut all = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|_| Problem::new(Code::BadJson, "The body broke off before its end."))?;
        if all.len() + chunk.len() > max {
            return Err(Problem::new(
                Code::BodyTooLarge,
                format!("The body is longer than {max} bytes."),
            ));
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        // serde_json calls some values of the wrong type syntax errors.
        if serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
            value_problem(&error.path().to_string(), &error.inner().to_string())
        } else {
            no_json(error.inner())
        }
    })?;
    reader.end().map_err(|error| no_json(&error))?;
    Ok(value)
}

/// A value that was read as JSON already.
pub(crate) fn read_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| value_problem(&error.path().to_string(), &error.inner().to_string()))
}

fn no_json(error: &serde_json::Error) -> Problem {
    Problem::new(Code::BadJson, format!("{}.", capital(&error.to_string())))
}

/// The problem of a value that does not fit, with the best name of its field that serde gives.
fn value_problem(path: &str, message: &str) -> Problem {
    let named = ["unknown field `", "missing field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.split('`').next());
    let parent = path.trim_matches('.');
    let field = match (named, parent) {
        (Some(name), "" | "?") => name.to_owned(),
        (Some(name), parent) if parent == name || parent.ends_with(&format!(".{name}")) => {
            parent.to_owned()
        }
        (Some(name), parent) => format!("{parent}.{name}"),
        (None, parent) => parent.to_owned(),
    };
    let detail = format!("{}.", capital(message));
    let known = !field.is_empty() && field != "?";
    Problem::field(if known { &field } else { "body" }, detail)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

impl<T: DeserializeOwned + Send + 'static, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(failure)) => {
                Err(path_problem(failure.into_kind()))
            }
            Err(_) => Err(Problem::new(Code::Internal, "The path has no parts.")),
        }
    }
}

fn path_problem(kind: ErrorKind) -> Problem {
    let key = match kind {
        ErrorKind::ParseErrorAtKey { key, .. }
        | ErrorKind::InvalidUtf8InPathParam { key }
        | ErrorKind::DeserializeError { key, .. } => key,
        _ => "id".to_owned(),
    };
    let detail = format!("{key} in the path is no id.");
    Problem::field(key, detail)
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        let reader = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(reader)
            .map(Self)
            .map_err(|error| value_problem(&error.path().to_string(), &error.inner().to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::response::IntoResponse as _;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Outer {
        name: String,
        size: Option<u32>,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        level: u8,
    }

    async fn refusal(body: &[u8]) -> (String, String) {
        let response = parse::<Outer>(body).unwrap_err().into_response();
        let bytes = axum::body::to_bytes(response.into_body(), MAX_BODY)
            .await
            .unwrap();
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        (text("code"), text("field"))
    }

    #[tokio::test(start_paused = true)]
    async fn does_not_wait_for_ever_for_a_body() {
        let endless = futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
        let request = Request::builder()
            .header("content-type", "application/json; charset=utf-8")
            .body(Body::from_stream(endless))
            .unwrap();
        let refused = JsonBody::<Outer>::from_request(request, &()).await;
        let status = refused.err().unwrap().into_response().status();
        assert_eq!(status, 408);
    }

    #[tokio::test]
    async fn names_the_field() {
        for (body, code, field) in [
            (&b"{"[..], "bad_json", ""),
            (b"", "bad_json", ""),
            (b"[]", "invalid_field", "body"),
            (b"3", "invalid_field", "body"),
            (b"{\"name\":\"a\"} x", "bad_json", ""),
            (b"{}", "invalid_field", "name"),
            (b"{\"name\":3}", "invalid_field", "name"),
            (b"{\"name\":\"a\",\"nome\":1}", "invalid_field", "nome"),
            (b"{\"name\":\"a\",\"size\":\"x\"}", "invalid_field", "size"),
            (b"{\"name\":\"a\",\"size\":-1}", "invalid_field", "size"),
            (b"{\"name\":\"\xff\"}", "invalid_field", "name"),
            (
                b"{\"name\":\"a\",\"inner\":{\"level\":300}}",
                "invalid_field",
                "inner.level",
            ),
            (
                b"{\"name\":\"a\",\"inner\":{\"l\":3}}",
                "invalid_field",
                "inner.l",
            ),
            (
                b"{\"name\":\"a\",\"inner\":{}}",
                "invalid_field",
                "inner.level",
            ),
        ] {
            let shown = String::from_utf8_lossy(body).into_owned();
            assert_eq!(
                refusal(body).await,
                (code.to_owned(), field.to_owned()),
                "{shown}"
            );
        }
    }
}
