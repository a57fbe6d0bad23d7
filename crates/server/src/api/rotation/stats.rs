//! `GET /api/stats`: the pool at a glance.

use std::{sync::Mutex, time::Duration};

use axum::{Json, extract::State};
use model::{Instant, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::next::refused;
use crate::problem::Problem;

const MINUTES: usize = 60;

/// How many questions came in each minute of the last hour, and how long they took.
#[derive(Debug)]
pub(crate) struct Traffic(Mutex<[Minute; MINUTES]>);

#[derive(Debug, Clone, Copy, Default)]
struct Minute {
    /// Since the start.
    number: u64,
    questions: u64,
    took: Duration,
}

impl Default for Traffic {
    fn default() -> Self {
        Self(Mutex::new([Minute::default(); MINUTES]))
    }
}

impl Traffic {
    pub(crate) fn note(&self, now: Instant, took: Duration) {
        let number = minute(now);
        let Ok(mut minutes) = self.0.lock() else {
            return;
        };
        let index = usize::try_from(number).unwrap_or(0) % MINUTES;
        let one = &mut minutes[index];
        if one.number != number {
            *one = Minute {
                number,
                ..Minute::default()
            };
        }
        one.questions += 1;
        one.took += took;
    }

    /// Questions in the last hour, and what one took on average.
    fn last_hour(&self, now: Instant) -> (u64, Option<Duration>) {
        let now = minute(now);
        let Ok(minutes) = self.0.lock() else {
            return (0, None);
        };
        let recent = minutes
            .iter()
            .filter(|one| now - one.number.min(now) < MINUTES as u64);
        let (questions, took) = recent.fold((0, Duration::ZERO), |(questions, took), one| {
            (questions + one.questions, took + one.took)
        });
        let average = u32::try_from(questions)
            .ok()
            .and_then(|n| took.checked_div(n));
        (questions, average)
    }
}

fn minute(now: Instant) -> u64 {
    now.0 / 60_000_000
}

/// The pool at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RotationStats {
    total_caller_ids: u64,
    active_caller_ids: u64,
    active_reservations: usize,
    requests_last_hour: u64,
    /// 0 where nobody asked.
    avg_response_time_ms: f64,
    timestamp: Timestamp,
    /// Numbers by what they are doing; `total_caller_ids` is their sum.
    numbers: ByStatus,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ByStatus {
    available: u32,
    reserved: u32,
    capped: u32,
    resting: u32,
    inactive: u32,
    unverified: u32,
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
    let totals = api
        .app
        .caller_ids
        .totals()
        .await
        .map_err(|why| refused(&api, why))?;
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
    Ok(Json(RotationStats {
        total_caller_ids: active + u64::from(counts.inactive),
        active_caller_ids: active,
        active_reservations: totals.reservations,
        requests_last_hour,
        avg_response_time_ms: average.map_or(0.0, |average| average.as_secs_f64() * 1_000.0),
        timestamp: now.utc,
        numbers,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_later_a_question_is_forgotten() {
        let traffic = Traffic::default();
        let at = |minutes: u64| Instant(minutes * 60_000_000 + 5);
        traffic.note(at(0), Duration::from_millis(1));
        traffic.note(at(59), Duration::from_millis(3));
        assert_eq!(
            traffic.last_hour(at(59)),
            (2, Some(Duration::from_millis(2)))
        );
        assert_eq!(
            traffic.last_hour(at(60)),
            (1, Some(Duration::from_millis(3)))
        );
        traffic.note(at(60), Duration::from_millis(1));
        assert_eq!(
            traffic.last_hour(at(118)),
            (2, Some(Duration::from_millis(2)))
        );
        assert_eq!(traffic.last_hour(at(500)), (0, None));
    }
}
