//! Rows of all sources counted anew, two packs in memory at a time.

use std::{
    ops::Range,
    sync::{Arc, PoisonError},
};

use engine::stats::{Ask, Counted, Counting, Pack, TooMany};

use super::{
    Cdr, Known,
    clock::Day,
    kept::Spoilt,
    shelf::{Shelf, ShelfError},
};

/// Why rows were not counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CountError {
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error(transparent)]
    TooMany(#[from] TooMany),
}

impl Cdr {
    /// What `ask` says of all rows that began in its intervals; what was not read yet is read first.
    pub(crate) async fn count(&self, ask: Ask) -> Result<Counted, CountError> {
        let range = match (ask.borders.first(), ask.borders.last()) {
            (Some(from), Some(until)) => *from..*until,
            _ => 0..0,
        };
        self.wait_for(&range).await;
        let mut counting = Counting::new(ask);
        for source in self.sources.iter() {
            counting = count_source(&self.shelf, source, &range, counting).await?;
        }
        Ok(counting.finish()?)
    }
}

async fn count_source(
    shelf: &Arc<Shelf>,
    source: &Known,
    range: &Range<i64>,
    mut counting: Counting,
) -> Result<Counting, CountError> {
    if let Some(ruled) = shelf.rules(&source.name) {
        counting.set_rules(ruled.rules.clone());
    }
    let days = shelf.days(&source.name, range);
    let mut ahead: Option<(Day, Arc<Pack>)> = None;
    for (at, day) in days.iter().enumerate() {
        let read = ahead.take().filter(|(read, _)| read == day);
        let pack = match read {
            Some((_, pack)) => Some(pack),
            None => shelf.pack(&source.name, *day).await?,
        };
        let Some(pack) = pack else { continue };
        if days.get(at + 1) == Some(&(day + 1)) {
            let next = shelf.pack(&source.name, day + 1).await?;
            ahead = next.map(|next| (day + 1, next));
        }
        let next = ahead.as_ref().map(|(_, next)| Arc::clone(next));
        let (shelf, plan) = (Arc::clone(shelf), source.plan.clone());
        let day = tokio::task::spawn_blocking(move || {
            let known = shelf.known.read().unwrap_or_else(PoisonError::into_inner);
            let counted = counting.day(&pack, next.as_deref(), &known, &plan);
            counted.map(|()| counting)
        });
        counting = day.await.map_err(|_| ShelfError::from(Spoilt))??;
    }
    counting.end_source()?;
    Ok(counting)
}
