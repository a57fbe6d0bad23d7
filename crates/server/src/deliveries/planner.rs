//! Puts reports into the outbox when they are due.
//!
//! After a long stop only the last due time that was missed is told, and said to be late. Two nodes plan each due time once: the
//! schedule notes until when it was planned, in the same transaction.

use std::{sync::Arc, time::Duration};

use engine::timetable::Timetable;
use model::{ReportSchedule, Timestamp};
use store::{KeptSchedule, Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Content, Deliveries, Telling, report::ReportContent};
use crate::{clock::Clock, reports::zone_named};

/// How often it looks without being woken: another node may have changed a schedule, or somebody the clock.
const POLL: Duration = Duration::from_secs(15);
/// So much later than it was due a report is late, in microseconds.
const LATE: i64 = 5 * 60 * 1_000_000;

pub(super) struct Planner {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) deliveries: Deliveries,
    pub(super) wake: Arc<Notify>,
}

/// When a schedule's reports are due; nothing, where its time zone is not known here.
pub(crate) fn timetable(schedule: &ReportSchedule) -> Option<Timetable> {
    let zone = zone_named(&schedule.time_zone).ok()?;
    Timetable::new(schedule.cadence, schedule.time_of_day()?, zone)
}

impl Planner {
    pub(super) async fn run(self, stop: CancellationToken) {
        loop {
            let pause = match self.plan_all().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "cannot look for reports that are due");
                    POLL
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Gives the time until there may be more.
    async fn plan_all(&self) -> Result<Duration, StoreError> {
        let mut next: Option<Timestamp> = None;
        for kept in self.store.report_schedules().active().await? {
            let now = self.now();
            let planned = match kept {
                Ok(kept) => self.plan(&kept, now).await,
                Err(error) => Err(error),
            };
            match planned {
                Ok(due) => next = [next, due].into_iter().flatten().min(),
                // One that fails holds up no other.
                Err(error) => tracing::warn!(%error, "a report cannot be planned"),
            }
        }
        let until = next.map_or(i64::MAX, |next| {
            next.as_micros().saturating_sub(self.now().as_micros())
        });
        Ok(Duration::from_micros(u64::try_from(until).unwrap_or_default()).min(POLL))
    }

    /// Gives the time when it is due next.
    async fn plan(
        &self,
        kept: &KeptSchedule,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (schedule, name) = (&kept.schedule, &kept.schedule.name);
        let Some(table) = timetable(schedule) else {
            let zone = &schedule.time_zone;
            tracing::warn!(
                name,
                zone,
                "a report is not sent: its time zone is not known"
            );
            return Ok(None);
        };
        let next = table.next(now);
        let due = table.latest(now).filter(|due| *due > kept.planned_until);
        let Some(due_at) = due else { return Ok(next) };
        let missed_others = table
            .next(kept.planned_until)
            .is_some_and(|next| next < due_at);
        let late = missed_others || now.as_micros().saturating_sub(due_at.as_micros()) > LATE;
        let Some(content) = ReportContent::of(schedule, &table, due_at) else {
            tracing::warn!(name, %due_at, "a report is not sent: it or its period is not known");
            return Ok(next);
        };
        let told = Telling {
            source: format!("report:{}", schedule.id),
            schedule: Some(schedule.id),
            due_at,
            late,
            content: &Content::Report(content),
        };
        let schedules = self.store.report_schedules();
        let recipients = schedules.recipients_of(schedule.id).await?;
        let planned = self.deliveries.planned(&told, &recipients);
        if schedules.plan(kept, due_at, &planned).await? {
            let recipients = recipients.len();
            tracing::info!(name, %due_at, late, recipients, "a report is due");
            self.deliveries.wake();
        }
        Ok(next)
    }

    fn now(&self) -> Timestamp {
        self.clock.now().utc
    }
}
