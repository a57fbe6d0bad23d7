//! The rolls that a question is answered from: from memory, from the store, or made from packs.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, PoisonError},
};

use engine::stats::{Pack, Roll, Span};
use store::{PackBatch, PackedRoll};

use super::{
    super::clock::{Day, begin, day_of},
    Ruled, Shelf, ShelfError, State, in_background, kept,
};

impl Shelf {
    /// The rolls of a source that make up `range`, each with whether it goes on from the one before. Days that the range cuts
    /// are counted from their rows.
    pub(in crate::cdr) async fn rolls(
        &self,
        source: &str,
        range: &Range<i64>,
    ) -> Result<Vec<(bool, Arc<Roll>)>, ShelfError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let (first, last) = (
            day_of(&self.home, range.start),
            day_of(&self.home, range.end - 1),
        );
        let cut_first = begin(&self.home, first) < range.start;
        let cut_last = range.end < begin(&self.home, last + 1);
        let is_cut = |day| cut_first && day <= first + 1 || cut_last && day == last;
        let days = self.states(source, first..last + 1);
        let mut ready = self.ready(source, &days).await?;
        let mut rolls = Vec::with_capacity(days.len());
        for day in days.keys() {
            let roll = match ready.remove(day) {
                _ if is_cut(*day) => Arc::new(self.cut(source, *day, range).await?),
                Some(roll) => roll,
                None => self.made(source, *day).await?,
            };
            rolls.push((days.contains_key(&(day - 1)), roll));
        }
        Ok(rolls)
    }

    pub(super) fn states(&self, source: &str, days: Range<Day>) -> BTreeMap<Day, State> {
        let all = self.all();
        let known = all.get(source).map(|shelved| shelved.days.range(days));
        known
            .into_iter()
            .flatten()
            .map(|(day, state)| (*day, *state))
            .collect()
    }

    /// Those of the days whose rolls are in memory or in the store.
    async fn ready(
        &self,
        source: &str,
        days: &BTreeMap<Day, State>,
    ) -> Result<BTreeMap<Day, Arc<Roll>>, ShelfError> {
        let mut ready: BTreeMap<Day, Arc<Roll>> = BTreeMap::new();
        let Some(rules) = self.rules(source) else {
            return Ok(ready);
        };
        {
            let all = self.all();
            let newest = all.get(source).into_iter().flat_map(|it| &it.newest);
            ready.extend(newest.map(|(day, (_, roll))| (*day, Arc::clone(roll))));
            let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            for (day, state) in days {
                if !ready.contains_key(day)
                    && let Some(roll) = cache.get(state.id)
                {
                    ready.insert(*day, roll);
                }
            }
        }
        let wanted = |(day, state): (&Day, &State)| {
            (state.is_rolled && !ready.contains_key(day)).then_some(*day)
        };
        let wanted: Vec<Day> = days.iter().filter_map(wanted).collect();
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
            return Ok(ready);
        };
        let packs = self.store.cdr_packs();
        let mut kept = packs.rolls(source, &rules.mark, *first..=*last).await?;
        kept.retain(|roll| wanted.binary_search(&roll.day).is_ok());
        let destinations = self.destinations();
        let rolls = in_background(move || {
            let roll = |kept: PackedRoll| {
                let roll = kept::roll_from_bytes(&kept.bytes, destinations)?;
                Ok((kept.day, Arc::new(roll)))
            };
            kept.into_iter()
                .map(roll)
                .collect::<Result<Vec<_>, kept::Spoilt>>()
        });
        let mut cache_these = Vec::new();
        for (day, roll) in rolls.await?? {
            cache_these.push((days[&day].id, Arc::clone(&roll)));
            ready.insert(day, roll);
        }
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        for (state, roll) in cache_these {
            cache.put(state, roll);
        }
        Ok(ready)
    }

    fn destinations(&self) -> usize {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.len()
    }

    /// Makes the roll of a day from its pack, and keeps it.
    pub(in crate::cdr) async fn made(
        &self,
        source: &str,
        day: Day,
    ) -> Result<Arc<Roll>, ShelfError> {
        let before = self.states(source, day..day + 1);
        let (pack, yesterday) = (
            self.pack(source, day).await?.unwrap_or_default(),
            self.pack(source, day - 1).await?,
        );
        let Some(rules) = self.rules(source) else {
            return Ok(Arc::default());
        };
        let of = (pack, yesterday, i64::MIN..i64::MAX);
        let roll = Arc::new(self.rolled(Arc::clone(&rules), of).await?);
        let bytes = {
            let roll = Arc::clone(&roll);
            in_background(move || kept::roll_to_bytes(&roll)).await?
        };
        // Nothing else is written meanwhile; had it been before, another state would say so.
        let _writing = self.written.lock().await;
        if before.is_empty() || self.states(source, day..day + 1) != before {
            return Ok(roll);
        }
        let extensions = self.new_names(source, [&*roll]);
        let batch = PackBatch {
            source,
            rolls: &[PackedRoll { day, bytes }],
            rules: &rules.mark,
            extensions: &extensions,
            ..PackBatch::default()
        };
        self.store.cdr_packs().write(&batch).await?;
        self.names_are_written(source, &extensions);
        if let Some(shelved) = self.all_mut().get_mut(source)
            && let Some(state) = shelved.days.get_mut(&day)
        {
            state.is_rolled = true;
            let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.put(state.id, Arc::clone(&roll));
        }
        Ok(roll)
    }

    /// What of a day, and of the day before, is in `range`.
    async fn cut(&self, source: &str, day: Day, range: &Range<i64>) -> Result<Roll, ShelfError> {
        let (pack, before) = (
            self.pack(source, day).await?,
            self.pack(source, day - 1).await?,
        );
        match (pack, self.rules(source)) {
            (Some(pack), Some(rules)) => self.rolled(rules, (pack, before, range.clone())).await,
            _ => Ok(Roll::default()),
        }
    }

    /// The roll of a pack, with that of the day before, of an interval of time.
    pub(super) async fn rolled(
        &self,
        rules: Arc<Ruled>,
        (pack, before, range): (Arc<Pack>, Option<Arc<Pack>>, Range<i64>),
    ) -> Result<Roll, ShelfError> {
        let known = Arc::clone(&self.known);
        in_background(move || {
            let span = |pack| Span {
                pack,
                from: range.start,
                until: range.end,
            };
            let known = known.read().unwrap_or_else(PoisonError::into_inner);
            let before = before.as_deref().map(span);
            Roll::of(span(&pack), before, &rules.rules, &known)
        })
        .await
    }
}
