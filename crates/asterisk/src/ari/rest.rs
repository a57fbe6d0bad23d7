//! One REST request and its answer, whichever way it travels.
//!
//! Values never reach a path or query unencoded: an id with `/`, `?` or `%` stays one segment.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Answers larger than this are refused (4,000 channels are about 2 MB).
pub const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// Longer refusal texts are cut: they end in logs and on screens.
const MAX_MESSAGE_CHARS: usize = 500;

/// Why a request brought no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestError {
    /// Asterisk said no. `message` is its own text (`message` or `error` in the body), or the reason phrase.
    #[error("Asterisk refused with {status}: {message}")]
    Rejected { status: u16, message: String },
    /// No answer in time. Whether Asterisk acted is not known; with ids of our own the request can be repeated.
    #[error("Asterisk did not answer in time")]
    Timeout,
    /// No connection, or it broke before the answer.
    #[error("Asterisk is not reachable: {0}")]
    Unreachable(String),
    /// Too many requests of ours wait already (see [`crate::ari::MAX_WAITING`]).
    #[error("too many requests are waiting for this Asterisk")]
    Overloaded,
    /// A positive answer whose body is not what the documentation says.
    #[error("Asterisk answered something unreadable: {0}")]
    Malformed(String),
}

impl RestError {
    /// The channel, bridge, playback … does not exist (any more).
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Rejected { status: 404, .. })
    }

    /// The state of the thing does not allow it, or its id is taken.
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Rejected {
                status: 409 | 412 | 422,
                ..
            }
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A request under construction: `channels/{id}/play` with its query.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query relative to the ARI prefix, already encoded, without a leading slash.
    pub(crate) uri: String,
    pub(crate) body: Option<Value>,
    /// Asterisk answers only when the channel has nothing else to do, such as a playback.
    pub(crate) waits_for_channel: bool,
    has_query: bool,
}

impl Request {
    pub(crate) fn new(method: Method, path: &[&str]) -> Self {
        let mut uri = String::with_capacity(64);
        for (index, segment) in path.iter().enumerate() {
            if index > 0 {
                uri.push('/');
            }
            encode_into(segment, &mut uri);
        }
        Self {
            method,
            uri,
            body: None,
            waits_for_channel: false,
            has_query: false,
        }
    }

    pub(crate) fn get(path: &[&str]) -> Self {
        Self::new(Method::Get, path)
    }

    pub(crate) fn post(path: &[&str]) -> Self {
        Self::new(Method::Post, path)
    }

    pub(crate) fn put(path: &[&str]) -> Self {
        Self::new(Method::Put, path)
    }

    pub(crate) fn delete(path: &[&str]) -> Self {
        Self::new(Method::Delete, path)
    }

    pub(crate) fn query(mut self, key: &str, value: &str) -> Self {
        self.uri.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        encode_into(key, &mut self.uri);
        self.uri.push('=');
        encode_into(value, &mut self.uri);
        self
    }

    pub(crate) fn query_some(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(key, value),
            None => self,
        }
    }

    /// Adds a `variables` body unless there are none.
    pub(crate) fn variables(mut self, variables: &[(String, String)]) -> Self {
        if !variables.is_empty() {
            let map = variables
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().into()))
                .collect();
            self.body = Some(serde_json::json!({ "variables": Value::Object(map) }));
        }
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    pub(crate) fn waiting_for_channel(mut self) -> Self {
        self.waits_for_channel = true;
        self
    }
}

/// Status and body of an answer; a status of 300 and above has become [`RestError::Rejected`] already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Looks at the status first and at the body second.
    pub(crate) fn from_parts(status: u16, reason: &str, body: Vec<u8>) -> Result<Self, RestError> {
        if (200..300).contains(&status) {
            return Ok(Self { body });
        }
        Err(RestError::Rejected {
            status,
            message: refusal_text(reason, &body),
        })
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, RestError> {
        serde_json::from_slice(&self.body).map_err(|error| RestError::Malformed(error.to_string()))
    }
}

/// Asterisk uses `message` for most refusals and `error` for a few; proxies and the HTTP server itself send HTML.
fn refusal_text(reason: &str, body: &[u8]) -> String {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let text = parsed
        .as_ref()
        .and_then(|value| value.get("message").or_else(|| value.get("error")))
        .and_then(Value::as_str)
        .unwrap_or(reason);
    text.chars().take(MAX_MESSAGE_CHARS).collect()
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
fn encode_into(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    encode_into(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_and_queries_are_encoded() {
        let request = Request::post(&["recordings", "live", "2026/call 1", "stop"])
            .query("a&b", "ü=?")
            .query("c", "1,2");
        assert_eq!(
            request.uri,
            "recordings/live/2026%2Fcall%201/stop?a%26b=%C3%BC%3D%3F&c=1%2C2"
        );
    }

    #[test]
    fn both_kinds_of_refusal_are_read() {
        let refusal = |body: &[u8]| Answer::from_parts(500, "Internal", body.to_vec()).unwrap_err();
        let rejected = |message: &str| RestError::Rejected {
            status: 500,
            message: message.into(),
        };
        assert_eq!(
            refusal(br#"{"error":"Allocation failed"}"#),
            rejected("Allocation failed")
        );
        assert_eq!(
            refusal(br#"{"message":"Unknown device"}"#),
            rejected("Unknown device")
        );
        assert_eq!(refusal(b"<html>"), rejected("Internal"));
        assert!(Answer::from_parts(204, "No Content", Vec::new()).is_ok());
    }
}
