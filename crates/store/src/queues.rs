//! Lines of waiting callers and their rules.

use model::{Overflow, Queue, QueueId};

use crate::database::Database;
use crate::row::Row;
use crate::sql::{self, Sql, Value, json, word};
use crate::{Settings, StoreError};

const TABLE: &str = "queues";
const COLUMNS: &[&str] = &[
    "id",
    "name",
    "display_name",
    "strategy",
    "priority",
    "ring_seconds",
    "wrap_up_seconds",
    "no_answer_seconds",
    "max_wait_seconds",
    "max_size",
    "no_agents",
    "overflow",
    "overflow_queue_id",
    "answer_on",
    "music_class",
    "time_zone",
    "required_skills",
    "service_level_seconds",
    "pick_up_waiting",
    "active",
];

pub struct Queues<'a> {
    pub(crate) database: &'a Database,
}

impl Queues<'_> {
    /// A name that is taken is a conflict in `name`, an unknown overflow queue in `overflow`.
    pub async fn create(&self, queue: &Queue) -> Result<(), StoreError> {
        let sql = Sql::insert(TABLE, COLUMNS, values(queue));
        match self.database.execute(sql).await {
            Err(error) if error.is_reference() => Err(StoreError::missing("overflow")),
            other => other.map(drop),
        }
    }

    pub async fn get(&self, id: QueueId) -> Result<Option<Queue>, StoreError> {
        self.first(Sql::select(TABLE, COLUMNS, "WHERE id = ?").bind(id))
            .await
    }

    pub async fn by_name(&self, name: &str) -> Result<Option<Queue>, StoreError> {
        self.first(Sql::select(TABLE, COLUMNS, "WHERE name = ?").bind(name))
            .await
    }

    /// In the order of their names, after the name `after`.
    pub async fn list(&self, after: Option<&str>, limit: u32) -> Result<Vec<Queue>, StoreError> {
        let sql = Sql::select(TABLE, COLUMNS, "WHERE name > ? ORDER BY name LIMIT ?")
            .bind(after.unwrap_or_default())
            .bind(sql::page(limit)?);
        self.database.fetch(sql).await?.iter().map(queue).collect()
    }

    pub async fn update(&self, queue: &Queue) -> Result<(), StoreError> {
        let sql = Sql::update(TABLE, COLUMNS, values(queue));
        match self.database.execute_on_one(sql).await {
            Err(error) if error.is_reference() => Err(StoreError::missing("overflow")),
            other => other,
        }
    }

    /// Removes it with its members. Refused while DIDs, other queues' overflow or the default lead to it.
    /// Its calls stay in the log.
    pub async fn delete(&self, id: QueueId) -> Result<(), StoreError> {
        let settings = Settings {
            database: self.database,
        };
        if settings.default_queue().await? == Some(id) {
            return Err(StoreError::still_referred("it is the default queue"));
        }
        let sql = Sql::delete(TABLE, "id").bind(id);
        match self.database.execute_on_one(sql).await {
            Err(error) if error.is_reference() => Err(self.referrers(id).await?),
            other => other,
        }
    }

    /// Says who leads to the queue.
    async fn referrers(&self, id: QueueId) -> Result<StoreError, StoreError> {
        let text = "SELECT (SELECT COUNT(*) FROM did_routes WHERE queue_id = ?) AS dids, \
                    (SELECT COUNT(*) FROM queues WHERE overflow_queue_id = ?) AS overflows";
        let sql = Sql::new(TABLE, text).bind(id).bind(id);
        let row = self.database.fetch_first(sql).await?;
        let (dids, overflows): (u64, u64) = match row {
            Some(row) => (row.int("dids")?, row.int("overflows")?),
            None => (0, 0),
        };
        Ok(StoreError::still_referred(format!(
            "{dids} DIDs and the overflow of {overflows} queues lead to it"
        )))
    }

    async fn first(&self, sql: Sql) -> Result<Option<Queue>, StoreError> {
        let row = self.database.fetch_first(sql).await?;
        row.as_ref().map(queue).transpose()
    }
}

fn values(queue: &Queue) -> Vec<Value> {
    let overflow_queue = match &queue.overflow {
        Overflow::Queue { queue } => Some(*queue),
        Overflow::HangUp | Overflow::Dialplan(_) => None,
    };
    vec![
        queue.id.into(),
        (&queue.name).into(),
        (&queue.display_name).into(),
        queue.strategy.as_str().into(),
        queue.priority.into(),
        queue.ring_seconds.into(),
        queue.wrap_up_seconds.into(),
        queue.no_answer_seconds.into(),
        queue.max_wait_seconds.into(),
        queue.max_size.into(),
        word(queue.no_agents),
        json(&queue.overflow),
        overflow_queue.into(),
        word(queue.answer_on),
        (&queue.music_class).into(),
        (&queue.time_zone).into(),
        json(&queue.required_skills),
        queue.service_level_seconds.into(),
        queue.pick_up_waiting.into(),
        queue.active.into(),
    ]
}

fn queue(row: &Row) -> Result<Queue, StoreError> {
    Ok(Queue {
        id: QueueId(row.uuid("id")?),
        name: row.text("name")?,
        display_name: row.text("display_name")?,
        strategy: row.word("strategy")?,
        priority: row.int("priority")?,
        ring_seconds: row.int("ring_seconds")?,
        wrap_up_seconds: row.int("wrap_up_seconds")?,
        no_answer_seconds: row.opt_int("no_answer_seconds")?,
        max_wait_seconds: row.opt_int("max_wait_seconds")?,
        max_size: row.opt_int("max_size")?,
        no_agents: row.word("no_agents")?,
        overflow: row.json("overflow")?,
        answer_on: row.word("answer_on")?,
        music_class: row.text("music_class")?,
        time_zone: row.text("time_zone")?,
        required_skills: row.json("required_skills")?,
        service_level_seconds: row.int("service_level_seconds")?,
        pick_up_waiting: row.bool("pick_up_waiting")?,
        active: row.bool("active")?,
    })
}
