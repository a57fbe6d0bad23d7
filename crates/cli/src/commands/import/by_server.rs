//! An import by a running server.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use model::CallerIdImportId;
use reqwest::{RequestBuilder, Url};
use serde_json::Value;
use server::callerid::import::ImportReport;

use super::{progress, unreadable};
use crate::{
    failure::{Code, Failure},
    output::Output,
};

/// The longest file that a server takes, in bytes.
const MAX_FILE: u64 = 64 << 20;
/// The longest that it may take for it.
const TIMEOUT: Duration = Duration::from_mins(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Which server.
#[derive(Debug, Args)]
pub(in crate::commands) struct Server {
    /// Have a running server do it, such as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL", requires = "key_file")]
    api: Option<Url>,
    /// A file with an administrator's key, from `cordboard key create`
    #[arg(long, value_name = "FILE", requires = "api")]
    key_file: Option<std::path::PathBuf>,
}

/// A server, and what opens it.
pub(super) struct Remote {
    url: Url,
    key: String,
    client: reqwest::Client,
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
}

impl Remote {
    pub(super) async fn take_in(
        &self,
        path: &Path,
        dry_run: bool,
        output: &Output,
    ) -> anyhow::Result<ImportReport> {
        let file = File::open(path).map_err(|error| unreadable(path, error))?;
        let mut body = Vec::new();
        let read = file.take(MAX_FILE + 1).read_to_end(&mut body);
        if read.map_err(|error| unreadable(path, error))? as u64 > MAX_FILE {
            let what = format!("{} is longer than {} MiB", path.display(), MAX_FILE >> 20);
            let failure = Failure::new(Code::Failed, what);
            return Err(failure
                .remedy("split it, or stop the server and import it without `--api`")
                .into());
        }
        let name = path.file_name().unwrap_or(path.as_os_str());
        let mut url = self.at("v1/caller-ids/import")?;
        url.query_pairs_mut()
            .append_pair("file", &name.to_string_lossy())
            .append_pair("dry_run", &dry_run.to_string());
        let bar = progress::waiting(output);
        let request = self.client.post(url).header("content-type", "text/csv");
        let answer = self.answer(request.body(body)).await;
        bar.finish_and_clear();
        Ok(serde_json::from_value(answer?)?)
    }

    /// What was undone: the numbers that were restored, and those that were removed.
    pub(super) async fn undo(&self, id: CallerIdImportId) -> anyhow::Result<(u64, u64)> {
        let url = self.at(&format!("v1/caller-ids/imports/{id}/undo"))?;
        let answer = self.answer(self.client.post(url)).await?;
        let count = |name: &str| answer[name].as_u64().unwrap_or_default();
        Ok((count("restored"), count("removed")))
    }

    fn at(&self, path: &str) -> anyhow::Result<Url> {
        let base = self.url.as_str().trim_end_matches('/');
        Ok(Url::parse(&format!("{base}/{path}"))?)
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let failed = |why: &dyn std::error::Error| {
            let why = std::iter::successors(Some(why), |why| why.source());
            let why: Vec<_> = why.map(ToString::to_string).collect();
            let what = format!("the server {} did not do it", self.url);
            Failure::new(Code::Failed, what).because(why.join(": "))
        };
        let sent = request.bearer_auth(&self.key).send().await;
        let response = sent.map_err(|error| {
            failed(&error.without_url()).remedy("is it running, and is `--api` its address?")
        })?;
        let status = response.status();
        let body = response.text().await.map_err(|error| failed(&error))?;
        let json: Value = serde_json::from_str(&body).unwrap_or_default();
        if status.is_success() {
            return Ok(json);
        }
        let why = json["detail"].as_str().unwrap_or("it is no Cordboard");
        let what = format!("the server {} answered {status}", self.url);
        Err(Failure::new(Code::Failed, what).because(why))
    }
}
