//! The same scripts as a program of their own, which asks a server over HTTP: `cordboard agi`, for Asterisk's `agi-bin`.

use std::time::Duration;

use asterisk::agi::{AgiError, Session};
use model::{ReservationId, Tier, checked_presentable};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Answer, Ended, Presented, Question, SCRIPT_LIMIT, Status};
use crate::config::Secret;

/// How long the server may take to be reached.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// A server that is asked over HTTP.
#[derive(Debug)]
pub struct OverHttp {
    http: Client,
    /// `http://127.0.0.1:8080`, without a slash at its end.
    base: String,
    key: Option<Secret>,
}

/// Which script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// With campaign, agent, destination as arguments.
    NextCid,
    /// With the reservation, 1 or 0 for answered or not, the seconds of talk as arguments.
    Release,
}

/// A number, as `/next-cid` gives it.
#[derive(Debug, Deserialize)]
struct Given {
    caller_id: String,
    reservation_id: ReservationId,
    tier: Tier,
}

/// A refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
    detail: String,
}

impl OverHttp {
    pub fn new(base: &str, key: Option<Secret>) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(SCRIPT_LIMIT)
            .tls_backend_preconfigured(tls(base))
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        Ok(Self {
            http: http.build()?,
            base: base.trim_end_matches('/').to_owned(),
            key,
        })
    }

    /// Runs a script on a channel that was just opened.
    pub async fn run<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        script: Script,
        arguments: Vec<Vec<u8>>,
        channel: S,
    ) -> Result<(), AgiError> {
        let mut session = Session::start(channel).await?;
        match script {
            Script::NextCid => self.next_cid(&mut session, arguments).await?,
            Script::Release => self.release(&mut session, &arguments).await?,
        }
        session.finish().await
    }

    async fn next_cid<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        session: &mut Session<S>,
        arguments: Vec<Vec<u8>>,
    ) -> Result<(), AgiError> {
        let answer = match Question::read(session, arguments).await? {
            Ok(question) => self.ask(&question).await,
            Err(unclear) => Answer::Keep(Status::Invalid, unclear.to_string()),
        };
        let told = answer.tell(session).await;
        if let (Err(_), Answer::Present(Presented { reservation, .. })) = (&told, &answer) {
            let _ = self
                .end(&[("reservation_id", reservation.to_string())])
                .await;
        }
        told?;
        session.verbose(&answer.line(), 3).await
    }

    async fn release<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        session: &mut Session<S>,
        arguments: &[Vec<u8>],
    ) -> Result<(), AgiError> {
        let line = match Ended::read(arguments.iter().map(Vec::as_slice)) {
            Ok(None) => "cordboard: nothing was reserved".to_owned(),
            Ok(Some(ended)) => {
                let reservation = ended.reservation;
                match self.end(&ended.fields()).await {
                    Ok(()) => format!("cordboard: reservation {reservation} is over"),
                    Err(why) => format!("cordboard: reservation {reservation}: {why}"),
                }
            }
            Err(error) => format!("cordboard: {error}"),
        };
        session.verbose(&line, 3).await
    }

    async fn ask(&self, question: &Question) -> Answer {
        let Question {
            to,
            campaign,
            agent,
        } = question;
        let query = [("to", to), ("campaign", campaign), ("agent", agent)];
        let path = format!("{}/next-cid?{}", self.base, encoded(&query));
        match self.send(self.http.get(path)).await {
            Ok((StatusCode::OK, body)) => given(&body),
            Ok((status, body)) => refused(status, &body),
            Err(why) => Answer::Keep(Status::Error, why),
        }
    }

    async fn end(&self, fields: &[(&str, String)]) -> Result<(), String> {
        let request = self.http.post(format!("{}/next-cid/ended", self.base));
        let form = "application/x-www-form-urlencoded";
        let request = request.header("content-type", form).body(encoded(fields));
        match self.send(request).await? {
            (status, _) if status.is_success() => Ok(()),
            (status, body) => Err(problem(status, &body).detail),
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), String> {
        let request = match &self.key {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        };
        let response = request.send().await.map_err(|error| cause(&error))?;
        let status = response.status();
        Ok((status, body(response).await?))
    }
}

/// What lies deepest: above it stands only that a request failed.
fn cause(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// A machine without root certificates can still ask over plain HTTP.
fn tls(base: &str) -> rustls::ClientConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = rustls::RootCertStore::empty();
    if base.starts_with("https:") {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

async fn body(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_ANSWER => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => return Err(format!("the answer is longer than {MAX_ANSWER} bytes")),
            Ok(None) => return Ok(body),
            Err(error) => return Err(cause(&error)),
        }
    }
}

fn encoded<T: AsRef<str>>(fields: &[(&str, T)]) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        text.append_pair(name, value.as_ref());
    }
    text.finish()
}

/// Whoever answers at that address: only what can be a caller ID becomes one.
fn given(body: &[u8]) -> Answer {
    match serde_json::from_slice::<Given>(body) {
        Ok(given) if checked_presentable("caller_id", &given.caller_id).is_ok() => {
            Answer::Present(Presented {
                caller_id: given.caller_id,
                reservation: given.reservation_id,
                tier: given.tier,
            })
        }
        _ => Answer::Keep(
            Status::Error,
            "the answer is none of Cordboard's".to_owned(),
        ),
    }
}

fn refused(status: StatusCode, body: &[u8]) -> Answer {
    let problem = problem(status, body);
    let status = match (status.as_u16(), problem.code.as_str()) {
        (_, "emergency_number") => Status::Emergency,
        (400 | 422, _) => Status::Invalid,
        (429, _) => Status::Limit,
        (503, "no_caller_id") => Status::None,
        _ => Status::Error,
    };
    Answer::Keep(status, problem.detail)
}

fn problem(status: StatusCode, body: &[u8]) -> Problem {
    let mut problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    if problem.detail.is_empty() {
        problem.detail = format!("the server answered {status}");
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019a0000-0000-7000-8000-000000000001";

    #[test]
    fn only_a_number_becomes_a_caller_id() {
        let status = |caller_id: &str, tier: &str| {
            let text =
                serde_json::json!({"caller_id": caller_id, "reservation_id": ID, "tier": tier});
            given(text.to_string().as_bytes()).status()
        };
        assert_eq!(status("3105550100", "area_code"), Status::Ok);
        for caller_id in ["", "x", "310\"", "3105550100\nHANGUP", "٣١٠٥٥٥٠١٠٠"] {
            assert_eq!(status(caller_id, "area_code"), Status::Error, "{caller_id}");
        }
        assert_eq!(status("3105550100", "best"), Status::Error);
        assert_eq!(given(b"<html>").status(), Status::Error);
    }

    #[test]
    fn a_refusal_says_what_the_dialplan_can_use() {
        for (code, name, expected) in [
            (400, "invalid_field", Status::Invalid),
            (400, "emergency_number", Status::Emergency),
            (422, "missing_parameter", Status::Invalid),
            (429, "too_many_requests", Status::Limit),
            (503, "no_caller_id", Status::None),
            (503, "unavailable", Status::Error),
            (401, "unauthenticated", Status::Error),
            (302, "", Status::Error),
        ] {
            let body = format!("{{\"code\": \"{name}\", \"detail\": \"why\"}}");
            let status = StatusCode::from_u16(code).expect("a status");
            let expected = Answer::Keep(expected, "why".to_owned());
            assert_eq!(refused(status, body.as_bytes()), expected);
        }
        let Answer::Keep(_, why) = refused(StatusCode::BAD_GATEWAY, b"<html>") else {
            panic!("a refusal")
        };
        assert_eq!(why, "the server answered 502 Bad Gateway");
    }
}
