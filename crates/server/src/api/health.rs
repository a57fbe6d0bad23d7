//! Is everything there that calls need? For load balancers, monitors and people in a hurry.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use crate::{
    journal,
    telephony::{ServerState, ServerStatus},
};

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);
/// Rows that may wait for the database before it counts as a problem.
const MAX_BEHIND: u64 = 10_000;
const RETRY_SECONDS: &str = "5";

/// How well or ill the centre is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    status: Status,
    version: &'static str,
    timestamp: Timestamp,
    /// `connected` or `disconnected`, for monitors of the caller-ID rotation before.
    database: &'static str,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Ok,
    Degraded,
}

/// One thing that calls need.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dependency {
    /// `database`, `journal`, `caller_ids`, `redis`, or `asterisk:NAME`.
    pub(crate) name: String,
    pub(crate) status: Status,
    /// What is wrong, in words.
    pub(crate) reason: Option<String>,
}

impl Dependency {
    fn new(name: impl Into<String>, trouble: Option<String>) -> Self {
        Self {
            name: name.into(),
            status: if trouble.is_none() {
                Status::Ok
            } else {
                Status::Degraded
            },
            reason: trouble,
        }
    }
}

/// Is everything there?
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "health_show",
    tag = "operation",
    responses(
        (status = 200, description = "All is well", body = Health),
        (status = 503, description = "Something is missing; the reason stands at its name", body = Health),
    )
)]
pub(crate) async fn show(State(api): State<Api>) -> Response {
    let health = health(&api).await;
    if health.status == Status::Ok {
        Json(health).into_response()
    } else {
        let retry = [(header::RETRY_AFTER, RETRY_SECONDS)];
        (StatusCode::SERVICE_UNAVAILABLE, retry, Json(health)).into_response()
    }
}

pub(crate) async fn health(api: &Api) -> Health {
    let mut dependencies = vec![
        Dependency::new("database", database(api).await),
        Dependency::new("journal", journal(api.app.journal.get(), "events")),
        Dependency::new("caller_ids", journal(api.app.caller_ids.ledger(), "uses")),
    ];
    let connected = dependencies[0].status == Status::Ok;
    let redis = api.app.caller_ids.shared();
    dependencies.extend(redis.map(|trouble| Dependency::new("redis", trouble)));
    let servers = api.app.servers.states();
    dependencies.extend(servers.into_iter().map(|server| {
        let name = format!("asterisk:{}", server.name);
        Dependency::new(name, trouble(server))
    }));
    let well = dependencies.iter().all(|one| one.status == Status::Ok);
    Health {
        status: if well { Status::Ok } else { Status::Degraded },
        version: env!("CARGO_PKG_VERSION"),
        timestamp: api.app.clock.now().utc,
        database: if connected {
            "connected"
        } else {
            "disconnected"
        },
        dependencies,
    }
}

async fn database(api: &Api) -> Option<String> {
    match tokio::time::timeout(PATIENCE, api.app.store.ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// Of the journal of events, and of the ledger of caller IDs' uses.
fn journal(status: journal::Status, rows: &str) -> Option<String> {
    if status.lost > 0 {
        return Some(format!(
            "{} {rows} were lost: the disk was full",
            status.lost
        ));
    }
    status
        .write_error
        .map(|why| {
            let waiting = status.unwritten;
            format!("cannot be written, {waiting} {rows} wait in memory: {why}")
        })
        .or_else(|| {
            let why = status.sync_error?;
            Some(format!("does not reach the disk: {why}"))
        })
        .or_else(|| {
            let why = status.apply_error?;
            Some(format!(
                "{} {rows} wait for the database: {why}",
                status.behind
            ))
        })
        .or_else(|| {
            (status.behind > MAX_BEHIND)
                .then(|| format!("{} {rows} wait for the database", status.behind))
        })
}

fn trouble(server: ServerStatus) -> Option<String> {
    let state = match server.state {
        ServerState::Connected => return None,
        ServerState::Connecting => "connecting",
        ServerState::Unauthorized => "log-in refused",
        ServerState::Replaced => "another program has the application",
        ServerState::Lost => "connection lost",
    };
    Some(server.reason.unwrap_or_else(|| state.to_owned()))
}
