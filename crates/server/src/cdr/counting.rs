//! Rows of all sources counted anew, two packs of each source in memory at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
};

use engine::stats::{self, Ask, Counted, Counting, Pack, TooMany};

use super::{
    Cdr, Known,
    clock::{Day, begin},
    kept::Spoilt,
    shelf::ShelfError,
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
        let wanted = ask.wanted();
        self.wait_for(&wanted).await;
        let days = self.sources.iter().map(|source| {
            let days = self.shelf.days(&source.name, &wanted);
            days.into_iter().collect::<BTreeSet<Day>>()
        });
        let days: Vec<BTreeSet<Day>> = days.collect();
        let all: BTreeSet<Day> = days.iter().flatten().copied().collect();
        let mut counting = Counting::new(ask);
        let mut ahead: BTreeMap<(usize, Day), Arc<Pack>> = BTreeMap::new();
        for day in all {
            for (at, source) in self.sources.iter().enumerate() {
                if !days[at].contains(&day) {
                    continue;
                }
                let pack = match ahead.remove(&(at, day)) {
                    Some(pack) => Some(pack),
                    None => self.shelf.pack(&source.name, day).await?,
                };
                if days[at].contains(&(day + 1))
                    && let Some(next) = self.shelf.pack(&source.name, day + 1).await?
                {
                    ahead.insert((at, day + 1), next);
                }
                if let Some(pack) = pack {
                    let next = ahead.get(&(at, day + 1)).cloned();
                    counting = self
                        .count_day(counting, (at, source), day, (pack, next))
                        .await?;
                }
            }
            counting.end_day(begin(&self.shelf.home, day + 1))?;
        }
        Ok(counting.finish()?)
    }

    async fn count_day(
        &self,
        mut counting: Counting,
        (at, source): (usize, &Known),
        day: Day,
        (pack, next): (Arc<Pack>, Option<Arc<Pack>>),
    ) -> Result<Counting, CountError> {
        let (shelf, plan) = (Arc::clone(&self.shelf), source.plan.clone());
        let (own, common) = (shelf.rules(&source.name), Arc::clone(&self.rules));
        let counted = tokio::task::spawn_blocking(move || {
            let known = shelf.known.read().unwrap_or_else(PoisonError::into_inner);
            let day = stats::Day {
                source: u16::try_from(at).unwrap_or(u16::MAX),
                pack: &pack,
                next: next.as_deref(),
                plan: &plan,
                rules: own.as_ref().map_or(&*common, |own| &own.rules),
                end: begin(&shelf.home, day + 1),
            };
            counting.day(day, &known).map(|()| counting)
        });
        Ok(counted.await.map_err(|_| ShelfError::from(Spoilt))??)
    }
}
