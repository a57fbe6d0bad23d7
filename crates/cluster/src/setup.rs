//! What a number is for the shared pool, and whether a Redis can be trusted with it.

use engine::callerid::{Usage, cells_of, pool_of};
use model::{CallerId, CallerIdKey, Digits, Timestamp};
use redis::ScriptInvocation;
use serde::{Deserialize, Serialize};

/// A number, and what this node did with it before the pool knew of it.
#[derive(Debug, Clone)]
pub struct SharedNumber {
    pub said: CallerId,
    pub usage: Usage,
}

/// What an answer says of a number besides its digits. Any node can give it, whether it knows the number or not.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Label {
    pub(crate) key: CallerIdKey,
    pub(crate) presented: String,
    pub(crate) area_code: Option<String>,
    pub(crate) carrier: String,
    /// Whose midnight begins a new day of its cap.
    pub(crate) time_zone: String,
}

impl Label {
    pub(crate) fn digits(&self) -> Option<Digits> {
        self.area_code.as_deref().and_then(Digits::new)
    }
}

impl SharedNumber {
    /// Adds the arguments of `set.lua`.
    pub(crate) fn put(
        &self,
        call: &mut ScriptInvocation<'_>,
        node: &str,
        present_unverified: bool,
    ) {
        let said = &self.said;
        let standing = if said.verified.is_none() && !present_unverified {
            "U"
        } else if said.active {
            ""
        } else {
            "I"
        };
        let label = Label {
            key: said.id,
            presented: said.number.clone(),
            area_code: said.area_code.clone(),
            carrier: said.carrier.clone(),
            time_zone: said.time_zone.clone(),
        };
        let label = serde_json::to_string(&label).unwrap_or_default();
        call.arg(said.e164.digits())
            .arg(node)
            .arg(said.max_concurrent)
            .arg(said.per_minute_limit.map_or(-1, i64::from))
            .arg(said.hourly_limit)
            .arg(said.daily_limit)
            .arg(&said.time_zone)
            .arg(standing)
            .arg(pool_of(said))
            .arg(label);
        put_usage(&self.usage, call);
        call.arg(said.campaigns.len());
        for campaign in &said.campaigns {
            call.arg(campaign);
        }
        for cell in cells_of(said) {
            call.arg(cell.to_string());
        }
    }
}

/// Adds the arguments of `recall` in `shared.lua`.
pub(crate) fn put_usage(usage: &Usage, call: &mut ScriptInvocation<'_>) {
    for (window, used) in [usage.minute, usage.hour, usage.day] {
        call.arg(window).arg(used);
    }
    call.arg(usage.last_used_at.map_or(0, Timestamp::as_micros));
}

/// What a Redis does when its memory is full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy(String);

impl Policy {
    pub(crate) fn of(info: &str) -> Self {
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix("maxmemory_policy:"));
        Self(line.unwrap_or_default().trim().to_owned())
    }

    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether it may throw away what the pool is made of.
    pub fn evicts_the_pool(&self) -> bool {
        self.0.starts_with("allkeys-")
    }

    /// Whether it may throw away what lives for a while only: which number a person saw last, and how often an agent asked.
    pub fn evicts_what_expires(&self) -> bool {
        self.0.starts_with("volatile-")
    }
}
