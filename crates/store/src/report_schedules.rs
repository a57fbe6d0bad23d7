//! Reports that are sent by the calendar, and until when each was planned.

use std::collections::BTreeMap;

use model::{Recipient, RecipientId, ReportSchedule, ReportScheduleId, Timestamp};
use uuid::Uuid;

use crate::StoreError;
use crate::database::{Database, Tx};
use crate::deliveries::{self, PlannedDelivery, Whose};
use crate::row::Row;
use crate::sql::{self, Sql, Value, json, pieces, word};

const TABLE: &str = "report_schedules";
const COLUMNS: &[&str] = &[
    "id",
    "name",
    "report",
    "options",
    "period",
    "format",
    "cadence",
    "at_time",
    "time_zone",
    "active",
    "planned_until",
];
const RECIPIENTS: &str = "report_schedule_recipients";
const RECIPIENT_COLUMNS: &[&str] = &["schedule_id", "recipient_id", "place"];

/// The most that there may be: the planner looks at all of them.
pub const MAX_SCHEDULES: u32 = 200;

/// A schedule, and what of it has been planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSchedule {
    pub schedule: ReportSchedule,
    /// Due times up to this one, with it, are planned or passed over.
    pub planned_until: Timestamp,
}

pub struct ReportSchedules<'a> {
    pub(crate) database: &'a Database,
}

impl ReportSchedules<'_> {
    /// Conflicts: `name` (taken), `recipients` (one is unknown).
    pub async fn create(&self, kept: &KeptSchedule) -> Result<(), StoreError> {
        let count = Sql::new(TABLE, "SELECT COUNT(*) AS many FROM report_schedules");
        let row = self.database.fetch_first(count).await?;
        let many: u32 = row.map_or(Ok(0), |row| row.int("many"))?;
        if many >= MAX_SCHEDULES {
            let problem = format!("would be one of more than {MAX_SCHEDULES} schedules");
            return Err(StoreError::refused("name", problem));
        }
        let mut tx = self.database.begin().await?;
        tx.execute(Sql::insert(TABLE, COLUMNS, values(kept)))
            .await?;
        put_recipients(&mut tx, &kept.schedule).await?;
        tx.commit().await
    }

    pub async fn get(&self, id: ReportScheduleId) -> Result<Option<KeptSchedule>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id);
        Ok(self.read(sql).await?.into_iter().next())
    }

    /// In the order of their names, after the name `after`.
    pub async fn list(
        &self,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<KeptSchedule>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE name > ? ORDER BY name LIMIT ?");
        let sql = sql.bind(after.unwrap_or_default());
        self.read(sql.bind(sql::page(limit)?)).await
    }

    /// Those that are to be planned; one that cannot be read hides no other.
    pub async fn active(&self) -> Result<Vec<Result<KeptSchedule, StoreError>>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE active = ? ORDER BY name").bind(true);
        self.read_each(sql).await
    }

    /// Whom a schedule tells, in its order.
    pub async fn recipients_of(&self, id: ReportScheduleId) -> Result<Vec<Recipient>, StoreError> {
        let text = "SELECT recipients.id AS id, name, target, alarms FROM recipients \
                    JOIN report_schedule_recipients AS told ON told.recipient_id = recipients.id \
                    WHERE told.schedule_id = ? ORDER BY told.place";
        let rows = self.database.fetch(Sql::new(RECIPIENTS, text).bind(id));
        rows.await?
            .iter()
            .map(crate::recipients::recipient)
            .collect()
    }

    /// Changes everything. Conflicts as those of [`Self::create`].
    pub async fn update(&self, kept: &KeptSchedule) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute_on_one(Sql::update(TABLE, COLUMNS, values(kept)))
            .await?;
        let before = Sql::delete(RECIPIENTS, "schedule_id").bind(kept.schedule.id);
        tx.execute(before).await?;
        put_recipients(&mut tx, &kept.schedule).await?;
        tx.commit().await
    }

    /// Removes it; what waits of it is given up, the rest stays in the log.
    pub async fn delete(&self, id: ReportScheduleId, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        tx.execute_on_one(Sql::delete(TABLE, "id").bind(id)).await?;
        deliveries::give_up(&mut tx, Whose::Schedule(id), at).await?;
        tx.commit().await
    }

    /// Puts what is due into the outbox, and notes that it was planned until `until`. `false`, and nothing was done: it was
    /// planned otherwise since `kept` was read, or is gone.
    pub async fn plan(
        &self,
        kept: &KeptSchedule,
        until: Timestamp,
        planned: &[PlannedDelivery],
    ) -> Result<bool, StoreError> {
        let mut tx = self.database.begin().await?;
        let text = "UPDATE report_schedules SET planned_until = ? \
                    WHERE id = ? AND planned_until = ? AND active = ?";
        let sql = Sql::new(TABLE, text)
            .bind(until)
            .bind(kept.schedule.id)
            .bind(kept.planned_until)
            .bind(true);
        if tx.execute(sql).await? == 0 {
            return Ok(false);
        }
        deliveries::put(&mut tx, self.database, planned).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn read(&self, sql: Sql) -> Result<Vec<KeptSchedule>, StoreError> {
        self.read_each(sql).await?.into_iter().collect()
    }

    async fn read_each(
        &self,
        sql: Sql,
    ) -> Result<Vec<Result<KeptSchedule, StoreError>>, StoreError> {
        let rows = self.database.fetch(sql).await?;
        let mut all: Vec<_> = rows.iter().map(kept).collect();
        let known = all.iter().flatten();
        let ids: Vec<ReportScheduleId> = known.map(|kept| kept.schedule.id).collect();
        let mut told: BTreeMap<Uuid, Vec<RecipientId>> = BTreeMap::new();
        for ids in pieces(&ids) {
            let order = " ORDER BY schedule_id, place";
            let sql = Sql::among(RECIPIENTS, RECIPIENT_COLUMNS, "schedule_id", ids, order);
            for row in self.database.fetch(sql).await? {
                let to = told.entry(row.uuid("schedule_id")?).or_default();
                to.push(RecipientId(row.uuid("recipient_id")?));
            }
        }
        for kept in all.iter_mut().flatten() {
            kept.schedule.recipients = told.remove(&kept.schedule.id.0).unwrap_or_default();
        }
        Ok(all)
    }
}

async fn put_recipients(tx: &mut Tx, schedule: &ReportSchedule) -> Result<(), StoreError> {
    let rows: Vec<Vec<Value>> = (0_u32..)
        .zip(&schedule.recipients)
        .map(|(place, id)| vec![schedule.id.into(), (*id).into(), place.into()])
        .collect();
    match tx.put(RECIPIENTS, RECIPIENT_COLUMNS, "", &rows).await {
        Err(error) if error.is_reference() => Err(StoreError::missing("recipients")),
        other => other,
    }
}

fn values(kept: &KeptSchedule) -> Vec<Value> {
    let schedule = &kept.schedule;
    vec![
        schedule.id.into(),
        (&schedule.name).into(),
        (&schedule.report).into(),
        json(&schedule.options),
        word(schedule.period),
        word(schedule.format),
        json(&schedule.cadence),
        (&schedule.at).into(),
        (&schedule.time_zone).into(),
        schedule.active.into(),
        kept.planned_until.into(),
    ]
}

/// Without its recipients.
fn kept(row: &Row) -> Result<KeptSchedule, StoreError> {
    let schedule = ReportSchedule {
        id: ReportScheduleId(row.uuid("id")?),
        name: row.text("name")?,
        report: row.text("report")?,
        options: row.json("options")?,
        period: row.word("period")?,
        format: row.word("format")?,
        cadence: row.json("cadence")?,
        at: row.text("at_time")?,
        time_zone: row.text("time_zone")?,
        recipients: Vec::new(),
        active: row.bool("active")?,
    };
    Ok(KeptSchedule {
        schedule,
        planned_until: row.instant("planned_until")?,
    })
}
