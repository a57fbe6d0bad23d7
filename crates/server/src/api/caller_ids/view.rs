//! A number with what it is doing.

use engine::callerid::{Health, Interval, Status};
use model::{CallerId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use crate::{api::rotation::refused, callerid::Shown, problem::Problem};

/// A number of ours, and what it is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallerIdView {
    #[serde(flatten)]
    caller_id: CallerId,
    /// Nothing for a moment after it was made.
    state: Option<CallerIdState>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallerIdState {
    /// `available`, `reserved`, `capped`, `resting`, `inactive` or `unverified`.
    status: &'static str,
    /// Calls that present it now.
    in_use: u16,
    used_this_minute: u32,
    used_this_hour: u32,
    used_today: u32,
    last_used_at: Option<Timestamp>,
    /// When a capped number may be used again.
    capped_until: Option<Timestamp>,
    health: HealthView,
}

/// How its calls went, beside those of its pool in the same tiers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthView {
    attempts: u32,
    answers: u32,
    /// Answered, and over within 6 s.
    short: u32,
    answer_rate: Option<IntervalView>,
    short_share: Option<IntervalView>,
    expected_answer_rate: Option<f64>,
    expected_short_share: Option<f64>,
    /// Its share of turns in line, in percent.
    weight: u8,
}

/// A rate with Wilson's bounds at 99 %; 0 to 1.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntervalView {
    rate: f64,
    lower: f64,
    upper: f64,
}

/// Adds to each what it is doing.
pub(super) async fn views(
    api: &Api,
    caller_ids: Vec<CallerId>,
) -> Result<Vec<CallerIdView>, Problem> {
    let keys = caller_ids.iter().map(|one| one.id).collect();
    let shown = api
        .app
        .caller_ids
        .show(keys)
        .await
        .map_err(|why| refused(api, why))?;
    let pairs = caller_ids.into_iter().zip(shown);
    Ok(pairs
        .map(|(caller_id, shown)| view(caller_id, shown))
        .collect())
}

fn view(caller_id: CallerId, shown: Option<Shown>) -> CallerIdView {
    let state = shown.map(|Shown { state, .. }| CallerIdState {
        status: Status::name(state.status),
        in_use: state.in_use,
        used_this_minute: state.used_this_minute,
        used_this_hour: state.used_this_hour,
        used_today: state.used_today,
        last_used_at: state.last_used_at,
        capped_until: state.capped_until,
        health: health(&state.health),
    });
    CallerIdView { caller_id, state }
}

fn health(health: &Health) -> HealthView {
    let interval = |interval: Option<Interval>| {
        interval.map(|Interval { rate, lower, upper }| IntervalView { rate, lower, upper })
    };
    HealthView {
        attempts: health.attempts,
        answers: health.answers,
        short: health.short,
        answer_rate: interval(health.answer_rate),
        short_share: interval(health.short_share),
        expected_answer_rate: health.expected_answer_rate,
        expected_short_share: health.expected_short_share,
        weight: health.weight,
    }
}
