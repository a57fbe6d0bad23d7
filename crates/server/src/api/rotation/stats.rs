//! `GET /api/stats`: the pool at a glance.

use axum::{Json, extract::State};
use model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::next::refused;
use crate::problem::Problem;

/// The pool at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RotationStats {
    pub(super) total_caller_ids: u64,
    pub(super) active_caller_ids: u64,
    pub(super) active_reservations: usize,
    pub(super) requests_last_hour: u64,
    /// 0 where nobody asked.
    pub(super) avg_response_time_ms: f64,
    timestamp: Timestamp,
    /// Numbers by what they are doing; `total_caller_ids` is their sum.
    pub(super) numbers: ByStatus,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ByStatus {
    pub(super) available: u32,
    pub(super) reserved: u32,
    pub(super) capped: u32,
    pub(super) resting: u32,
    pub(super) inactive: u32,
    pub(super) unverified: u32,
}

/// The pool at a glance.
#[utoipa::path(
    get,
    path = "/api/stats",
    operation_id = "rotation_stats",
    tag = "caller-id rotation",
    responses((status = 200, description = "Figures of this moment", body = RotationStats))
)]
pub(crate) async fn stats(State(api): State<Api>) -> Result<Json<RotationStats>, Problem> {
    figures(&api).await.map(Json)
}

pub(super) async fn figures(api: &Api) -> Result<RotationStats, Problem> {
    let totals = api
        .app
        .caller_ids
        .totals()
        .await
        .map_err(|why| refused(api, why))?;
    let now = api.app.clock.now();
    let (requests_last_hour, average) = api.rotation.last_hour(now.mono);
    let counts = totals.numbers;
    let numbers = ByStatus {
        available: counts.available,
        reserved: counts.reserved,
        capped: counts.capped,
        resting: counts.resting,
        inactive: counts.inactive,
        unverified: counts.unverified,
    };
    let active = [
        counts.available,
        counts.reserved,
        counts.capped,
        counts.resting,
        counts.unverified,
    ];
    let active: u64 = active.into_iter().map(u64::from).sum();
    Ok(RotationStats {
        total_caller_ids: active + u64::from(counts.inactive),
        active_caller_ids: active,
        active_reservations: totals.reservations,
        requests_last_hour,
        avg_response_time_ms: average.map_or(0.0, |average| average.as_secs_f64() * 1_000.0),
        timestamp: now.utc,
        numbers,
    })
}
