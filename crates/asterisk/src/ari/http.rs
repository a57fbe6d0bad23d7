//! REST over HTTP with keep-alive.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::sync::Semaphore;

use super::config::{Addresses, Config, ConfigError};
use super::rest::{Answer, MAX_ANSWER_BYTES, Method, Request, RestError};

/// HTTP connections to one Asterisk at once; its own limit (`session_limit`) is 100 unless configured.
pub const MAX_CONNECTIONS: usize = 40;

/// Asterisk closes an idle connection after 15 s (`session_keep_alive`); we give it up before that.
const IDLE: Duration = Duration::from_secs(8);

pub(super) struct Http {
    client: reqwest::Client,
    base: String,
    connections: Semaphore,
}

impl Http {
    pub(super) fn new(config: &Config, addresses: &Addresses) -> Result<Self, ConfigError> {
        let tls_error = |error: &dyn std::fmt::Display| ConfigError::Tls(error.to_string());
        let mut authorization =
            HeaderValue::from_str(&addresses.authorization).map_err(|error| tls_error(&error))?;
        authorization.set_sensitive(true);
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(config.tls()?.as_ref().clone())
            .default_headers(HeaderMap::from_iter([(AUTHORIZATION, authorization)]))
            .connect_timeout(config.timing.connect_timeout)
            .pool_max_idle_per_host(MAX_CONNECTIONS)
            .pool_idle_timeout(IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            // An environment's proxy is for the web, not for the telephone exchange.
            .no_proxy()
            .build()
            .map_err(|error| tls_error(&error))?;
        Ok(Self {
            client,
            base: addresses.rest.clone(),
            connections: Semaphore::new(MAX_CONNECTIONS),
        })
    }

    pub(super) async fn answer(&self, request: &Request) -> Result<Answer, RestError> {
        let _connection = self.connections.acquire().await.expect("never closed");
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self
            .client
            .request(method, format!("{}{}", self.base, request.uri));
        if let Some(body) = &request.body {
            builder = builder
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let mut response = builder
            .send()
            .await
            .map_err(|error| unreachable_by(&error))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| unreachable_by(&error))?
        {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(RestError::Malformed(format!(
                    "an answer over {MAX_ANSWER_BYTES} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Answer::from_parts(
            status.as_u16(),
            status.canonical_reason().unwrap_or_default(),
            body,
        )
    }
}

/// The innermost cause is the one that says something ("Connection refused"); the outer ones repeat the address.
fn unreachable_by(error: &reqwest::Error) -> RestError {
    if error.is_timeout() {
        return RestError::Timeout;
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = if error.source().is_some() {
        innermost.to_string()
    } else {
        "the request failed".into()
    };
    RestError::Unreachable(text)
}
