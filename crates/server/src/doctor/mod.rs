//! Looks at everything the server needs, and says what is wrong, why, and what to do.
//!
//! Changes nothing that matters: never migrates a schema, never connects to Asterisk's event stream (which would take
//! the calls away from a running server), never shows a secret. Every look has a time limit.

mod agi;
mod asterisk;
mod caller_ids;
mod cdr;
mod data;
mod database;
mod listen;
mod mail;
mod phones;
mod redis;
mod trunk;

use model::Server;
use serde::{Deserialize, Serialize};
use store::Store;
use utoipa::ToSchema;

pub(crate) use trunk::{TestCall, examine_trunk, place_test_call};

use crate::{config::Config, telephony::Credentials};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    /// It works, but not as it should, or not for long.
    Warning,
    /// It does not work.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Such as `database` or `asterisk main`.
    pub subject: String,
    pub verdict: Verdict,
    /// What was seen, in a sentence without a full stop.
    pub what: String,
    pub why: Option<String>,
    pub remedy: Option<String>,
}

impl Finding {
    fn ok(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Ok, what)
    }

    fn warning(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Warning, what)
    }

    fn problem(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(subject, Verdict::Problem, what)
    }

    fn new(subject: impl Into<String>, verdict: Verdict, what: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            verdict,
            what: what.into(),
            why: None,
            remedy: None,
        }
    }

    fn because(mut self, why: impl std::fmt::Display) -> Self {
        self.why = Some(why.to_string());
        self
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Whether anything does not work.
pub(crate) fn has_problem(findings: &[Finding]) -> bool {
    let mut verdicts = findings.iter().map(|finding| finding.verdict);
    verdicts.any(|verdict| verdict == Verdict::Problem)
}

/// Looks at everything that the configuration names.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = data::examine(config);
    let (database, store) = database::examine(config).await;
    findings.extend(database);
    findings.extend(redis::examine(config).await);
    findings.push(listen::examine(config).await);
    findings.extend(agi::examine(config).await);
    findings.extend(mail::examine(config).await);
    findings.extend(cdr::examine(config, store.as_ref()).await);
    findings.extend(asterisk::examine(config, store.as_ref()).await);
    findings.extend(phones::examine(config, store.as_ref()).await);
    if let Some(store) = store {
        findings.extend(caller_ids::examine(config, &store).await);
        store.close().await;
    }
    findings
}

/// Looks at every Asterisk alone, and whether it is set up for us.
pub async fn examine_asterisk(config: &Config) -> Vec<Finding> {
    let (mut findings, store) = database::examine(config).await;
    findings.retain(|finding| finding.verdict != Verdict::Ok);
    findings.extend(asterisk::examine(config, store.as_ref()).await);
    findings.extend(phones::examine(config, store.as_ref()).await);
    if let Some(store) = store {
        store.close().await;
    }
    findings
}

/// Looks at one Asterisk, as it is kept here.
pub(crate) async fn examine_server(
    server: &Server,
    credentials: &Credentials,
    store: &Store,
) -> Vec<Finding> {
    let secret = credentials.ami_secret.as_deref();
    let (mut findings, phones) = tokio::join!(
        asterisk::examine_one(server, &credentials.password),
        phones::examine_one(server, secret, store),
    );
    findings.extend(phones);
    findings
}

#[cfg(test)]
mod tests;
