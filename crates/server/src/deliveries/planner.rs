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
            let next = self.plan_all(self.now()).await;
            let pause = match next {
                Ok(next) => next.map_or(POLL, |next| next.since(self.now()).min(POLL)),
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

    /// Gives the time when there may be more.
    async fn plan_all(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut next: Option<Timestamp> = None;
        for kept in self.store.report_schedules().active().await? {
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
        Ok(next)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use model::{
        Cadence, Delivery, Recipient, RecipientId, ReportFormat, ReportOptions, ReportPeriod,
        ReportScheduleId, Target,
    };
    use store::DeliveryFilter;
    use uuid::Uuid;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    /// Somebody who is told a report at 07:30 in Bratislava, planned until the midnight before.
    async fn planner() -> Planner {
        let store = Store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        let ops = Recipient {
            id: RecipientId(Uuid::from_u128(1)),
            name: "Ops".to_owned(),
            target: Target::Mail {
                address: "ops@example.com".to_owned(),
            },
            alarms: false,
        };
        store.recipients().create(&ops, "").await.unwrap();
        let schedule = ReportSchedule {
            id: ReportScheduleId(Uuid::from_u128(2)),
            name: "Queues, daily".to_owned(),
            report: "queue".to_owned(),
            options: ReportOptions::default(),
            period: ReportPeriod::Yesterday,
            format: ReportFormat::Xlsx,
            cadence: Cadence::Day,
            at: "07:30".to_owned(),
            time_zone: "Europe/Bratislava".to_owned(),
            recipients: vec![ops.id],
            active: true,
        };
        let kept = KeptSchedule {
            schedule,
            planned_until: at("2026-11-30T00:00:00Z"),
        };
        store.report_schedules().create(&kept).await.unwrap();
        let clock = Clock::start();
        let deliveries = Deliveries {
            store: store.clone(),
            clock: clock.clone(),
            can_mail: true,
            allow_private: false,
            wake: Arc::default(),
            plan: Arc::default(),
        };
        Planner {
            store,
            clock,
            deliveries,
            wake: Arc::default(),
        }
    }

    async fn planned(planner: &Planner, now: &str) -> (Vec<Delivery>, Option<Timestamp>) {
        let next = planner.plan_all(at(now)).await.unwrap();
        let log = planner.store.deliveries();
        let log = log.page(DeliveryFilter::default(), None, 9).await;
        (log.unwrap(), next)
    }

    #[tokio::test]
    async fn a_report_is_planned_when_it_is_due_and_not_before() {
        let planner = planner().await;
        let (early, next) = planned(&planner, "2026-11-30T06:29:59.999999Z").await;
        assert_eq!((early, next), (vec![], Some(at("2026-11-30T06:30:00Z"))));
        let (due, next) = planned(&planner, "2026-11-30T06:30:00Z").await;
        assert_eq!(next, Some(at("2026-12-01T06:30:00Z")));
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].due_at, at("2026-11-30T06:30:00Z"));
        assert!(!due[0].late);
        let (again, _) = planned(&planner, "2026-11-30T06:30:15Z").await;
        assert_eq!(again, due);
        // Five minutes are no matter, more are said.
        let (on_time, _) = planned(&planner, "2026-12-01T06:35:00Z").await;
        assert!(!on_time[0].late);
        let (late, _) = planned(&planner, "2026-12-02T06:35:01Z").await;
        assert!(late.len() == 3 && late[0].late);
    }
}
