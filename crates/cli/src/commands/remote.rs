//! A running server, asked over its API.

use std::fs;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use reqwest::{RequestBuilder, StatusCode, Url};
use serde_json::Value;

use crate::failure::{Code, Failure};

/// The longest that it may take for an answer.
const TIMEOUT: Duration = Duration::from_mins(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Which server.
#[derive(Debug, Args)]
pub(super) struct Server {
    /// A running server, such as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL", requires = "key_file")]
    api: Option<Url>,
    /// A file with a key, from `cordboard key create`
    #[arg(long, value_name = "FILE", requires = "api")]
    key_file: Option<std::path::PathBuf>,
}

/// A server, and what opens it.
pub(super) struct Remote {
    url: Url,
    key: String,
    pub(super) client: reqwest::Client,
}

impl Server {
    /// Nothing when no server was named.
    pub(super) fn remote(&self) -> anyhow::Result<Option<Remote>> {
        let (Some(url), Some(file)) = (&self.api, &self.key_file) else {
            return Ok(None);
        };
        let key = fs::read_to_string(file).map_err(|error| unreadable(file, error))?;
        // A second one is refused; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // The key is for this server alone.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Some(Remote {
            url: url.clone(),
            key: key.trim().to_owned(),
            client,
        }))
    }

    /// For what only a running server can do.
    pub(super) fn needed(&self) -> anyhow::Result<Remote> {
        let no_server = || {
            Failure::new(Code::Failed, "no server was named")
                .remedy("name a running one: `--api http://127.0.0.1:8080 --key-file FILE`")
        };
        Ok(self.remote()?.ok_or_else(no_server)?)
    }
}

impl Remote {
    pub(super) fn at(&self, path: &str) -> anyhow::Result<Url> {
        let base = self.url.as_str().trim_end_matches('/');
        Ok(Url::parse(&format!("{base}/{path}"))?)
    }

    pub(super) async fn answer(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let answer = self.bytes(request).await?;
        Ok(serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// The same; nothing, where there is no such thing.
    pub(super) async fn find(&self, request: RequestBuilder) -> Result<Option<Value>, Failure> {
        match self.ask(request).await? {
            Ok(answer) => Ok(serde_json::from_slice(&answer.body).ok()),
            Err(refusal) if refusal.status == StatusCode::NOT_FOUND => Ok(None),
            Err(refusal) => Err(self.refused(&refusal)),
        }
    }

    /// The answer as it is, for files.
    pub(super) async fn bytes(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let asked = self.ask(request).await?;
        asked.map_err(|refusal| self.refused(&refusal))
    }

    /// The answer, or the problem that the server has with the request.
    pub(super) async fn ask(
        &self,
        request: RequestBuilder,
    ) -> Result<Result<Answer, Refusal>, Failure> {
        let failed = |error: reqwest::Error| self.failed(&error.without_url());
        let sent = request.bearer_auth(&self.key).send().await;
        let response = sent.map_err(failed)?;
        let status = response.status();
        let incomplete = response.headers().get("cordboard-incomplete");
        let incomplete = incomplete.and_then(|names| names.to_str().ok().map(str::to_owned));
        let body = response.bytes().await.map_err(failed)?;
        if status.is_success() {
            return Ok(Ok(Answer {
                body: body.into(),
                incomplete,
            }));
        }
        let problem = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Err(Refusal { status, problem }))
    }

    /// A server that was not reached did nothing; one that does not answer may have.
    fn failed(&self, error: &reqwest::Error) -> Failure {
        let why = std::iter::successors(Some(error as &dyn std::error::Error), |it| it.source());
        let why: Vec<_> = why.map(ToString::to_string).collect();
        let is_open = !error.is_connect() && !error.is_builder();
        let (what, remedy) = if is_open {
            let what = "gave no whole answer: nobody knows whether it was done";
            (what, "look at what there is before you do it again")
        } else {
            (
                "did not do it",
                "is it running, and is `--api` its address?",
            )
        };
        let mut failure = Failure::new(Code::Failed, format!("the server {} {what}", self.url))
            .because(why.join(": "))
            .remedy(remedy);
        failure.is_open = is_open;
        failure
    }

    pub(super) fn refused(&self, refusal: &Refusal) -> Failure {
        let why = refusal.problem["detail"].as_str();
        let what = format!("the server {} answered {}", self.url, refusal.status);
        Failure::new(Code::Failed, what).because(why.unwrap_or("it is no Cordboard"))
    }
}

/// Why a server does not do it.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// As it came; nothing where it is no problem of ours.
    pub(super) problem: Value,
}

/// What a server answered.
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    /// Which sources a file lacks.
    pub(super) incomplete: Option<String>,
}

pub(super) fn unreadable(file: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, format!("cannot read {}", file.display())).because(error)
}
