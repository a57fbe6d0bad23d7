//! The outbox: what is to be told to whom, and what became of it.
//!
//! A source's due time is planned once for each recipient, whoever plans it and however often. Whoever sends takes a lease
//! first; only its holder writes down what became of it. A lease that ran out was of somebody who is gone: it is taken anew.

use model::{
    Delivery, DeliveryEvent, DeliveryId, DeliveryState, RecipientId, ReportScheduleId, Timestamp,
    visible,
};
use uuid::Uuid;

use crate::StoreError;
use crate::database::{Database, Tx};
use crate::row::Row;
use crate::sql::{self, Sql, Value, pieces, word};

const TABLE: &str = "deliveries";
const COLUMNS: &[&str] = &[
    "id",
    "source",
    "event",
    "schedule_id",
    "recipient_id",
    "recipient_name",
    "due_at",
    "late",
    "content",
    "state",
    "attempts",
    "next_attempt_at",
    "error",
    "created_at",
    "finished_at",
];

/// The longest error that is kept, in characters.
const MAX_ERROR: usize = 500;
/// The most deliveries that one [`Deliveries::prune_before`] deletes, so that it never holds the file for long.
const PRUNE_STEP: u32 = 1_000;

/// A delivery that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedDelivery {
    /// What it comes from: with its due time and recipient, it is planned once. At most 100 characters.
    pub source: String,
    /// What is told, in the words of whoever sends it.
    pub content: String,
    pub delivery: Delivery,
}

/// A delivery that the holder of `lease` is to send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenDelivery {
    pub delivery: Delivery,
    pub content: String,
    pub lease: Uuid,
}

/// For how long, and by whom, a delivery is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub id: Uuid,
    /// The same over a restart: see [`Deliveries::release`].
    pub owner: Uuid,
    pub until: Timestamp,
}

/// The outbox as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outlook {
    /// How many deliveries wait.
    pub waiting: u64,
    /// Since when the oldest of them is due.
    pub oldest_due_at: Option<Timestamp>,
    /// When something will be due that is not yet.
    pub next_attempt_at: Option<Timestamp>,
}

/// Which deliveries; all that is given must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryFilter {
    pub schedule: Option<ReportScheduleId>,
    pub recipient: Option<RecipientId>,
    pub state: Option<DeliveryState>,
}

/// Whose deliveries are given up.
pub(crate) enum Whose {
    Recipient(RecipientId),
    Schedule(ReportScheduleId),
}

pub struct Deliveries<'a> {
    pub(crate) database: &'a Database,
}

impl Deliveries<'_> {
    /// Puts them into the outbox; those that are there already stay as they are.
    pub async fn plan(&self, planned: &[PlannedDelivery]) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        put(&mut tx, self.database, planned).await?;
        tx.commit().await
    }

    pub async fn get(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id);
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(delivery).transpose()
    }

    /// The newest first, after the delivery `after`.
    pub async fn page(
        &self,
        filter: DeliveryFilter,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut conditions = vec!["id < ?"];
        let mut values: Vec<Value> = vec![after.map_or(Uuid::max(), |id| id.0).into()];
        if let Some(schedule) = filter.schedule {
            conditions.push("schedule_id = ?");
            values.push(schedule.into());
        }
        if let Some(recipient) = filter.recipient {
            conditions.push("recipient_id = ?");
            values.push(recipient.into());
        }
        if let Some(state) = filter.state {
            conditions.push("state = ?");
            values.push(word(state));
        }
        let rest = format!(
            "WHERE {} ORDER BY id DESC LIMIT ?",
            conditions.join(" AND ")
        );
        let sql = Sql::select(TABLE, COLUMNS, &rest);
        let sql = values.into_iter().fold(sql, Sql::bind);
        let rows = self.database.fetch(sql.bind(sql::page(limit)?)).await?;
        rows.iter().map(delivery).collect()
    }

    /// For whom something is due.
    pub async fn due(&self, now: Timestamp) -> Result<Vec<RecipientId>, StoreError> {
        let text = "SELECT recipient_id FROM deliveries WHERE state = ? AND next_attempt_at <= ? \
                    AND NOT EXISTS (SELECT 1 FROM deliveries AS taken \
                    WHERE taken.recipient_id = deliveries.recipient_id AND taken.state = deliveries.state \
                    AND taken.next_attempt_at > ? AND taken.lease IS NOT NULL) \
                    GROUP BY recipient_id ORDER BY MIN(next_attempt_at)";
        let sql = Sql::new(TABLE, text).bind(waiting()).bind(now).bind(now);
        let rows = self.database.fetch(sql).await?;
        let recipient = |row: &Row| row.uuid("recipient_id").map(RecipientId);
        rows.iter().map(recipient).collect()
    }

    /// What waits, seen at `now`.
    pub async fn outlook(&self, now: Timestamp) -> Result<Outlook, StoreError> {
        let text = "SELECT COUNT(*) AS waiting, MIN(due_at) AS oldest_due_at, \
                    MIN(CASE WHEN next_attempt_at > ? THEN next_attempt_at END) AS next_attempt_at \
                    FROM deliveries WHERE state = ?";
        let sql = Sql::new(TABLE, text).bind(now).bind(waiting());
        let row = self.database.fetch_first(sql).await?;
        row.map_or(Ok(Outlook::default()), |row| {
            Ok(Outlook {
                waiting: row.int("waiting")?,
                oldest_due_at: row.opt_instant("oldest_due_at")?,
                next_attempt_at: row.opt_instant("next_attempt_at")?,
            })
        })
    }

    /// How many wait for this recipient.
    pub async fn waiting_for(&self, recipient: RecipientId) -> Result<u64, StoreError> {
        let text =
            "SELECT COUNT(*) AS waiting FROM deliveries WHERE recipient_id = ? AND state = ?";
        let sql = Sql::new(TABLE, text).bind(recipient).bind(waiting());
        let row = self.database.fetch_first(sql).await?;
        row.map_or(Ok(0), |row| row.int("waiting"))
    }

    /// Takes what has been due for this recipient for longest, unless another took it in this instant. Alarms are taken in their
    /// order: one that is to be tried again holds up the later ones, or it would seem to be raised when it is over.
    pub async fn take(
        &self,
        recipient: RecipientId,
        now: Timestamp,
        lease: Lease,
    ) -> Result<Option<TakenDelivery>, StoreError> {
        let rest = "WHERE recipient_id = ? AND state = ? AND next_attempt_at <= ? \
                    AND (event <> ? OR NOT EXISTS (SELECT 1 FROM deliveries AS earlier \
                    WHERE earlier.source = deliveries.source AND earlier.recipient_id = deliveries.recipient_id \
                    AND earlier.state = deliveries.state AND earlier.due_at < deliveries.due_at)) \
                    ORDER BY next_attempt_at, id LIMIT 1";
        let sql = Sql::select(TABLE, COLUMNS, rest)
            .bind(recipient)
            .bind(waiting())
            .bind(now)
            .bind(word(DeliveryEvent::Alarms));
        let Some(row) = self.database.fetch_first(sql).await? else {
            return Ok(None);
        };
        let mut delivery = delivery(&row)?;
        let text = "UPDATE deliveries \
                    SET lease = ?, lease_owner = ?, next_attempt_at = ?, attempts = attempts + 1 \
                    WHERE id = ? AND state = ? AND attempts = ? AND next_attempt_at = ?";
        let sql = Sql::new(TABLE, text)
            .bind(lease.id)
            .bind(lease.owner)
            .bind(lease.until)
            .bind(delivery.id)
            .bind(waiting())
            .bind(delivery.attempts)
            .bind(delivery.next_attempt_at);
        if self.database.execute(sql).await? == 0 {
            return Ok(None);
        }
        delivery.attempts += 1;
        delivery.next_attempt_at = Some(lease.until);
        Ok(Some(TakenDelivery {
            delivery,
            content: row.text("content")?,
            lease: lease.id,
        }))
    }

    /// Keeps the lease for longer. `false`: it is another's by now.
    pub async fn hold(
        &self,
        id: DeliveryId,
        lease: Uuid,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let text =
            "UPDATE deliveries SET next_attempt_at = ? WHERE id = ? AND lease = ? AND state = ?";
        let sql = Sql::new(TABLE, text)
            .bind(until)
            .bind(id)
            .bind(lease)
            .bind(waiting());
        Ok(self.database.execute(sql).await? > 0)
    }

    /// Gives back what this owner had taken before it went away.
    pub async fn release(&self, owner: Uuid, now: Timestamp) -> Result<u64, StoreError> {
        let text = "UPDATE deliveries SET lease = NULL, lease_owner = NULL, next_attempt_at = ? \
                    WHERE lease_owner = ? AND state = ?";
        let sql = Sql::new(TABLE, text).bind(now).bind(owner).bind(waiting());
        self.database.execute(sql).await
    }

    /// It was sent. `false`: the lease is another's by now.
    pub async fn sent(
        &self,
        id: DeliveryId,
        lease: Uuid,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.finish(id, lease, DeliveryState::Sent, at, None).await
    }

    /// It is given up. `false`: the lease is another's by now.
    pub async fn failed(
        &self,
        id: DeliveryId,
        lease: Uuid,
        at: Timestamp,
        error: &str,
    ) -> Result<bool, StoreError> {
        let error = Some(visible(error, MAX_ERROR));
        self.finish(id, lease, DeliveryState::Failed, at, error)
            .await
    }

    /// It is to be tried again. `false`: the lease is another's by now.
    pub async fn put_off(
        &self,
        id: DeliveryId,
        lease: Uuid,
        until: Timestamp,
        error: &str,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE deliveries \
                    SET next_attempt_at = ?, error = ?, lease = NULL, lease_owner = NULL \
                    WHERE id = ? AND lease = ? AND state = ?";
        let sql = Sql::new(TABLE, text)
            .bind(until)
            .bind(visible(error, MAX_ERROR))
            .bind(id)
            .bind(lease)
            .bind(waiting());
        Ok(self.database.execute(sql).await? > 0)
    }

    /// Sends it once more, with as many attempts as a new one. One that is under way goes on as it is.
    pub async fn redeliver(&self, id: DeliveryId, now: Timestamp) -> Result<(), StoreError> {
        let text = "UPDATE deliveries SET state = ?, attempts = 0, next_attempt_at = ?, \
                    error = NULL, finished_at = NULL, lease = NULL, lease_owner = NULL \
                    WHERE id = ? AND (lease IS NULL OR next_attempt_at <= ?)";
        let sql = Sql::new(TABLE, text)
            .bind(waiting())
            .bind(now)
            .bind(id)
            .bind(now);
        if self.database.execute(sql).await? == 0 && self.get(id).await?.is_none() {
            return Err(StoreError::NotFound { table: TABLE });
        }
        Ok(())
    }

    /// Forgets those that were over before `before`, at most 1,000 in one go; how many. Call again until it says 0.
    pub async fn prune_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.database.begin().await?;
        let rest = "WHERE finished_at < ? ORDER BY finished_at LIMIT ?";
        let sql = Sql::select(TABLE, &["id"], rest)
            .bind(before)
            .bind(PRUNE_STEP);
        let rows = tx.fetch(sql).await?;
        let old = rows.iter().map(|row| row.uuid("id"));
        let old: Vec<Uuid> = old.collect::<Result<_, _>>()?;
        for ids in pieces(&old) {
            tx.execute(Sql::delete_among(TABLE, "id", ids)).await?;
        }
        tx.commit().await?;
        Ok(old.len() as u64)
    }

    async fn finish(
        &self,
        id: DeliveryId,
        lease: Uuid,
        state: DeliveryState,
        at: Timestamp,
        error: Option<String>,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE deliveries SET state = ?, finished_at = ?, error = ?, \
                    next_attempt_at = NULL, lease = NULL, lease_owner = NULL \
                    WHERE id = ? AND lease = ? AND state = ?";
        let sql = Sql::new(TABLE, text)
            .bind(word(state))
            .bind(at)
            .bind(error)
            .bind(id)
            .bind(lease)
            .bind(waiting());
        Ok(self.database.execute(sql).await? > 0)
    }
}

/// Puts them into the outbox, unless they are there.
pub(crate) async fn put(
    tx: &mut Tx,
    database: &Database,
    planned: &[PlannedDelivery],
) -> Result<(), StoreError> {
    let rows: Vec<_> = planned.iter().map(values).collect();
    let leave = database.db().leave_same_key("id");
    tx.put(TABLE, COLUMNS, &leave, &rows).await
}

/// Gives up what waits, because whom or what it is about was removed. Who sends one now writes down what becomes of it.
pub(crate) async fn give_up(tx: &mut Tx, whose: Whose, at: Timestamp) -> Result<(), StoreError> {
    let (column, id, error): (_, Value, _) = match whose {
        Whose::Recipient(id) => ("recipient_id", id.into(), "the recipient was removed"),
        Whose::Schedule(id) => ("schedule_id", id.into(), "the schedule was removed"),
    };
    let text = format!(
        "UPDATE deliveries SET state = ?, finished_at = ?, error = ?, next_attempt_at = NULL, \
         lease = NULL, lease_owner = NULL \
         WHERE {column} = ? AND state = ? AND (lease IS NULL OR next_attempt_at <= ?)"
    );
    let sql = Sql::new(TABLE, text)
        .bind(word(DeliveryState::Failed))
        .bind(at)
        .bind(error)
        .bind(id)
        .bind(waiting())
        .bind(at);
    tx.execute(sql).await.map(drop)
}

fn waiting() -> Value {
    word(DeliveryState::Waiting)
}

fn values(planned: &PlannedDelivery) -> Vec<Value> {
    let delivery = &planned.delivery;
    vec![
        delivery.id.into(),
        (&planned.source).into(),
        word(delivery.event),
        delivery.schedule.into(),
        delivery.recipient.into(),
        (&delivery.recipient_name).into(),
        delivery.due_at.into(),
        delivery.late.into(),
        (&planned.content).into(),
        word(delivery.state),
        delivery.attempts.into(),
        delivery.next_attempt_at.into(),
        delivery.error.clone().into(),
        delivery.created_at.into(),
        delivery.finished_at.into(),
    ]
}

fn delivery(row: &Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: DeliveryId(row.uuid("id")?),
        event: row.word("event")?,
        schedule: row.opt_uuid("schedule_id")?.map(ReportScheduleId),
        recipient: RecipientId(row.uuid("recipient_id")?),
        recipient_name: row.text("recipient_name")?,
        due_at: row.instant("due_at")?,
        late: row.bool("late")?,
        state: row.word("state")?,
        attempts: row.int("attempts")?,
        next_attempt_at: row.opt_instant("next_attempt_at")?,
        error: row.opt_text("error")?,
        created_at: row.instant("created_at")?,
        finished_at: row.opt_instant("finished_at")?,
    })
}
