//! `/v1/cdr-sources`: where call detail records are read, and how that goes.

use axum::{Json, extract::State};
use model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use crate::cdr::{Load, Progress};

/// All of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CdrSources {
    items: Vec<CdrSource>,
}

/// One database or file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CdrSource {
    name: String,
    /// `mysql`, `postgres`, `csv` or `own`.
    kind: &'static str,
    /// Rows read since the server started.
    rows_read: u64,
    /// When it was last looked at with success.
    looked_at: Option<Timestamp>,
    /// Until when all calls are known; there may be gaps before it while a load is going on.
    known_until: Option<Timestamp>,
    /// A load that takes its time.
    load: Option<CdrLoad>,
    /// Why the last look failed.
    error: Option<String>,
    /// What cannot be told for want of a column or a right, and what its own lists are used for.
    notes: Vec<String>,
}

/// How far a load is: the first one, or one after a long absence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CdrLoad {
    /// From 0 to 1.
    share_done: f64,
    /// Of a database. Days without calls count, too.
    days_left: Option<i64>,
    /// Of a file.
    bytes_left: Option<i64>,
    rows_per_second: u64,
    /// If it goes on as it went.
    seconds_left: Option<u64>,
}

/// The sources of call detail records, and how reading them goes.
#[utoipa::path(
    get,
    path = "/v1/cdr-sources",
    operation_id = "list_cdr_sources",
    tag = "call statistics",
    responses((status = 200, description = "In the order of the configuration", body = CdrSources))
)]
pub(crate) async fn list(State(api): State<Api>) -> Json<CdrSources> {
    let sources = api.app.cdr.progress().into_iter();
    let items = sources.map(|(name, kind, progress)| source(name, kind.word(), progress));
    Json(CdrSources {
        items: items.collect(),
    })
}

fn source(name: &str, kind: &'static str, progress: Progress) -> CdrSource {
    let instant = Timestamp::from_second;
    CdrSource {
        name: name.to_owned(),
        kind,
        rows_read: progress.rows,
        looked_at: progress.looked_at.map(instant),
        known_until: progress.read.end().map(instant),
        load: progress.load.as_ref().map(Into::into),
        error: progress.error,
        notes: progress.notes,
    }
}

impl From<&Load> for CdrLoad {
    fn from(load: &Load) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a share, for people")]
        let share_done = 1.0 - load.left as f64 / load.all.max(1) as f64;
        let days = (load.left + 86_399) / 86_400;
        Self {
            share_done: share_done.clamp(0.0, 1.0),
            days_left: load.is_of_time.then_some(days),
            bytes_left: (!load.is_of_time).then_some(load.left),
            rows_per_second: load.rows_per_second(),
            seconds_left: load.seconds_left(),
        }
    }
}
