//! Alarms that are raised, with the figures that raised them.

use axum::{Json, extract::State};
use engine::alarm::{Raised, Share};
use model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;

/// What is raised now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlarmsView {
    items: Vec<AlarmView>,
    /// When the figures were judged last: every five minutes, while all sources are whole. `null` before the first time.
    looked_at: Option<Timestamp>,
}

/// Calls of a group are answered less often than usual, by more than chance.
#[derive(Debug, Serialize, ToSchema)]
struct AlarmView {
    /// `trunk` or `country`.
    kind: String,
    /// The trunk, or the calling code.
    key: String,
    since: Timestamp,
    /// When its figures were seen last.
    judged_at: Timestamp,
    recent: ShareView,
    /// Of the same hour of the week in the four weeks before.
    usual: ShareView,
}

/// Answered calls of attempts.
#[derive(Debug, Serialize, ToSchema)]
struct ShareView {
    answered: u64,
    attempts: u64,
    rate: Option<f64>,
    /// The bounds of the true rate with 95 % confidence (Wilson).
    lower: Option<f64>,
    upper: Option<f64>,
}

impl From<Share> for ShareView {
    fn from(share: Share) -> Self {
        let interval = share.interval();
        Self {
            answered: share.answered,
            attempts: share.attempts,
            rate: interval.map(|it| it.rate),
            lower: interval.map(|it| it.lower),
            upper: interval.map(|it| it.upper),
        }
    }
}

impl From<Raised> for AlarmView {
    fn from(raised: Raised) -> Self {
        let (kind, key) = raised.group.split_once(':').unwrap_or(("", &raised.group));
        Self {
            kind: kind.to_owned(),
            key: key.to_owned(),
            since: raised.since,
            judged_at: raised.judged_at,
            recent: raised.recent.into(),
            usual: raised.usual.into(),
        }
    }
}

/// Alarms that are raised.
///
/// By trunk and by country: the hour that ended half an hour ago against the same hour of the week in the four weeks before.
#[utoipa::path(
    get,
    path = "/v1/alarms",
    operation_id = "alarms_list",
    tag = "reports",
    responses((status = 200, description = "The alarms", body = AlarmsView))
)]
pub(crate) async fn list(State(api): State<Api>) -> Json<AlarmsView> {
    let shown = api.app.alarms.shown();
    Json(AlarmsView {
        items: shown.raised.into_iter().map(Into::into).collect(),
        looked_at: shown.looked_at,
    })
}
