//! A source, looked at from all sides without reading a call: for `cordboard doctor`.

use store::Store;

use crate::config::CdrSourceConfig;

use super::{
    clock::{Clock, local},
    source::{Source, SourceError},
};

/// What was seen. Nothing was changed, and no table read through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    /// Why it cannot be read.
    pub(crate) trouble: Option<String>,
    /// Tables that look like call detail records, where the one that is configured is not there.
    pub(crate) elsewhere: Vec<String>,
    /// What cannot be told, and what its own lists are used for.
    pub(crate) notes: Vec<String>,
    /// The statement that would make the index that is missing.
    pub(crate) missing_index: Option<String>,
    /// By how many seconds the clock of its machine is ahead of ours.
    pub(crate) seconds_ahead: Option<i64>,
    /// When its newest call began, in seconds since 1970.
    pub(crate) newest: Option<i64>,
}

/// `zone`: where `calldate` is written, if the source does not say; `now` in seconds since 1970; our own log is in `store`.
pub(crate) async fn look_at(
    config: &CdrSourceConfig,
    zone: &str,
    now: i64,
    store: Option<&Store>,
) -> Seen {
    let source = Source::new(config, zone, store);
    let mut seen = Seen::default();
    if let Err(error) = look(&source, now, &mut seen).await {
        if matches!(error, SourceError::NoTable(_)) {
            seen.elsewhere = source.tables_like_it().await.unwrap_or_default();
        }
        seen.trouble = Some(error.to_string());
    }
    seen
}

async fn look(source: &Source, now: i64, seen: &mut Seen) -> Result<(), SourceError> {
    let columns = source.columns().await?;
    seen.notes = columns.notes();
    seen.missing_index = source.missing_index(&columns).await?;
    seen.seconds_ahead = source.clock().await?.map(|clock| clock - now);
    seen.notes.extend(source.lists().await?.notes);
    // Without an index the newest call would be found by reading all of them.
    if seen.missing_index.is_none() {
        let zone = columns.zone(&source.zone);
        let ahead = local(&zone, now) + 365 * 86_400;
        let newest = source.last_before(&columns, ahead).await?;
        let mut clock = Clock::new(zone);
        seen.newest = newest.map(|newest| clock.instant(newest, None));
    }
    Ok(())
}
