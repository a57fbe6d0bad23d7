//! Watches how often calls to outside are answered, by trunk and by country, and keeps the alarms that are raised.
//!
//! An hour of calls is compared with the same hour of the week in the four weeks before. It ends half an hour ago: a call detail
//! record comes when its call is over, so that of the newest hour mostly the unanswered ones would be known. While not all is known of
//! that time, nothing is judged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::alarm::{Alarms, Change, Figures, Limits, Raised, Share};
use jiff::{Span, Timestamp, ToSpan as _, tz::TimeZone};
use store::{PlannedDelivery, Store, StoreError};

use crate::clock::Clock;
use crate::deliveries::{AlarmsContent, Content, Deliveries, Telling};
use crate::reports::{Question, Report, ReportKind, Reports, Unmade};

/// How often it looks.
const ROUND: Duration = Duration::from_mins(5);
/// How soon it looks again when not all was known; twice as long after each time.
const AGAIN: Duration = Duration::from_secs(10);
/// How long ago the judged time ends, and how long it is, in minutes.
const ENDS_AGO: i64 = 30;
const LENGTH: i64 = 60;
/// So many weeks before are usual.
const WEEKS: i64 = 4;
const WATCHED: [ReportKind; 2] = [ReportKind::Trunk, ReportKind::Country];
/// How often a look is tried while other nodes change what is raised.
const TRIES: u32 = 5;

/// What is raised now. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct AlarmBoard {
    shown: Arc<Mutex<Shown>>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    pub(crate) raised: Vec<Raised>,
    /// When the figures were judged last.
    pub(crate) looked_at: Option<model::Timestamp>,
}

impl AlarmBoard {
    pub(crate) fn shown(&self) -> Shown {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.clone()
    }

    fn show(&self, raised: Vec<Raised>, looked_at: Option<model::Timestamp>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = Shown { raised, looked_at };
    }
}

/// What watches.
pub(crate) struct Watch {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) reports: Reports,
    pub(crate) deliveries: Deliveries,
    pub(crate) home: TimeZone,
    pub(crate) board: AlarmBoard,
}

impl Watch {
    /// Looks for as long as it is polled.
    pub(crate) async fn run(self) {
        match self.store.alarms().raised().await {
            Ok(kept) => self.board.show(read(kept.as_deref()), None),
            Err(error) => tracing::warn!(%error, "the alarms of before cannot be read"),
        }
        let mut again = AGAIN;
        loop {
            let now = self.clock.now().utc;
            let whole = match figures(&self.reports, now.to_jiff(), &self.home).await {
                Ok(Some(figures)) => {
                    if let Err(error) = self.judge(now, &figures).await {
                        tracing::warn!(%error, "alarms cannot be kept and told; they are judged again");
                    }
                    true
                }
                Ok(None) => false,
                Err(error) => {
                    tracing::warn!(%error, "alarms cannot be judged");
                    true
                }
            };
            let pause = if whole { ROUND } else { again };
            again = if whole { AGAIN } else { ROUND.min(again * 2) };
            tokio::time::sleep(pause).await;
        }
    }

    /// Judges the figures against what is raised in the database: what changed is told in the transaction that notes it, so that
    /// neither a crash nor another node tells it twice.
    async fn judge(
        &self,
        now: model::Timestamp,
        figures: &BTreeMap<String, Figures>,
    ) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let before = self.store.alarms().raised().await?;
            let mut alarms = Alarms::new(Limits::default(), read(before.as_deref()));
            let changes = alarms.look(now, figures);
            let raised: Vec<Raised> = alarms.raised().cloned().collect();
            let after = serde_json::to_string(&raised).expect("texts and numbers are JSON");
            let told = self.told(now, &changes).await?;
            let before = before.as_deref();
            if self.store.alarms().replace(before, &after, &told).await? {
                changes.iter().for_each(tell);
                self.board.show(raised, Some(now));
                self.deliveries.wake();
                return Ok(());
            }
        }
        tracing::warn!("alarms are judged by others all the time; trying again later");
        Ok(())
    }

    /// What is told of these changes, as rows of the outbox.
    async fn told(
        &self,
        now: model::Timestamp,
        changes: &[Change],
    ) -> Result<Vec<PlannedDelivery>, StoreError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let recipients = self.store.recipients().of_alarms().await?;
        let telling = Telling {
            source: "alarms".to_owned(),
            schedule: None,
            due_at: now,
            late: false,
            content: &Content::Alarms(AlarmsContent::of(changes)),
        };
        Ok(self.deliveries.planned(&telling, &recipients))
    }
}

fn tell(change: &Change) {
    let (Change::Raised(one) | Change::Cleared(one) | Change::Forgotten(one)) = change;
    let Share { answered, attempts } = one.recent;
    let (usual_answered, usual_attempts) = (one.usual.answered, one.usual.attempts);
    let group = &one.group;
    match change {
        Change::Raised(_) => tracing::warn!(
            group,
            answered,
            attempts,
            usual_answered,
            usual_attempts,
            "alarm: calls are answered less often than usual"
        ),
        Change::Cleared(_) => tracing::info!(group, answered, attempts, "alarm cleared"),
        Change::Forgotten(_) => tracing::info!(group, "alarm forgotten: too few calls to judge"),
    }
}

/// By group; nothing while not all is known of the time.
async fn figures(
    reports: &Reports,
    now: Timestamp,
    home: &TimeZone,
) -> Result<Option<BTreeMap<String, Figures>>, Unmade> {
    let questions: Vec<Question> = (0..=WEEKS).map(|week| question(now, week, home)).collect();
    // Nobody waits for an alarm: what was not read yet is not read for its sake, before what somebody waits for.
    for question in &questions {
        if !reports.knows(question)? {
            return Ok(None);
        }
    }
    let mut groups: BTreeMap<String, Figures> = BTreeMap::new();
    for kind in WATCHED {
        for (week, question) in questions.iter().enumerate() {
            let report = reports.make(kind, question).await?;
            if !report.errors.is_empty() {
                return Ok(None);
            }
            for (key, share) in shares(&report) {
                let group = groups.entry(format!("{}:{key}", kind.id())).or_default();
                let side = match week {
                    0 => &mut group.recent,
                    _ => &mut group.usual,
                };
                side.answered += share.answered;
                side.attempts += share.attempts;
            }
        }
    }
    Ok(Some(groups))
}

/// The judged time, some weeks before by the calendar: the same hour, also where clocks were changed between.
fn question(now: Timestamp, weeks: i64, home: &TimeZone) -> Question {
    let at = |minutes: i64| {
        let shown = now.to_zoned(home.clone());
        let span: Span = minutes.minutes();
        let shown = shown.saturating_sub(weeks.weeks()).saturating_sub(span);
        Some(shown.timestamp().to_string())
    };
    Question {
        from: at(ENDS_AGO + LENGTH),
        to: at(ENDS_AGO),
        ..Question::default()
    }
}

/// Answered calls and attempts of each row, by what the row is of.
fn shares(report: &Report) -> impl Iterator<Item = (String, Share)> {
    let [attempts, answered] = ["attempts", "answered"].map(|key| report.position(key));
    report.rows.iter().filter_map(move |row| {
        let count = |at: Option<usize>| row.cells.get(at?)?.as_count();
        let share = Share {
            attempts: count(attempts)?,
            answered: count(answered)?,
        };
        Some((row.cells.first()?.as_text()?.to_owned(), share))
    })
}

/// What another version kept otherwise is judged anew.
fn read(kept: Option<&str>) -> Vec<Raised> {
    kept.and_then(|kept| serde_json::from_str(kept).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_same_hour_of_the_week_is_the_same_on_the_clock() {
        let home = TimeZone::get("Europe/Bratislava").unwrap();
        // A week after clocks were set back.
        let now: Timestamp = "2026-10-30T10:00:00Z".parse().unwrap();
        let asked = |weeks| {
            let question = question(now, weeks, &home);
            [question.from.unwrap(), question.to.unwrap()]
        };
        assert_eq!(asked(0), ["2026-10-30T08:30:00Z", "2026-10-30T09:30:00Z"]);
        assert_eq!(asked(1), ["2026-10-23T07:30:00Z", "2026-10-23T08:30:00Z"]);
    }
}
