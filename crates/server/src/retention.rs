//! Forgets what has ended longer ago than the configuration says, a little at a time.
//!
//! Never touches what has not ended, and never holds the database for long: calls go on beside it.

use std::time::Duration;

use model::Timestamp;
use store::{Store, StoreError};

use crate::clock::Clock;

/// How often it looks.
const ROUND: Duration = Duration::from_hours(1);
/// Between two steps, so that the journal and requests get their turn.
const PAUSE: Duration = Duration::from_millis(100);

/// Forgets what is older than `keep`, for as long as it is polled.
pub(crate) async fn run(store: Store, clock: Clock, keep: Duration) {
    let keep = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
    let mut rounds = tokio::time::interval(ROUND);
    loop {
        rounds.tick().await;
        let now = clock.now().utc.as_micros();
        let before = Timestamp::from_micros(now.saturating_sub(keep));
        match forget(&store, before).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "deleted what is older than retention.days"),
            Err(error) => {
                tracing::warn!(%error, "cannot delete what is older than retention.days; trying again in an hour");
            }
        }
    }
}

async fn forget(store: &Store, before: Timestamp) -> Result<u64, StoreError> {
    let mut rows = 0;
    let day = i32::try_from(before.as_micros().div_euclid(86_400_000_000)).unwrap_or(i32::MIN);
    loop {
        let step = store.calls().prune_before(before).await?
            + store.agent_states().prune_before(before).await?
            + store.events().prune_before(before).await?
            + store.caller_id_uses().prune_before(before).await?
            + store.reconciliations().prune_before(day).await?
            + store.deliveries().prune_before(before).await?;
        if step == 0 {
            return Ok(rows);
        }
        rows += step;
        tokio::time::sleep(PAUSE).await;
    }
}
