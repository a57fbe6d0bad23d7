//! Rows of a pack by what somebody looks for.

use std::hash::{BuildHasher as _, Hasher as _};
use std::ops::{Range, RangeInclusive};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::count::{By, is_called};
use super::destinations::{Destination, DestinationId, Destinations};
use super::pack::{Disposition, Pack, Stored};
use super::plan::{Dialled, NumberPlan};
use super::rules::Rules;

/// What is looked for; all that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Began within, in seconds since 1970.
    pub range: Range<i64>,
    /// Who called, was called, or was dialled, in any notation of the source's plan; or an extension.
    pub number: Option<Box<str>>,
    pub extension: Option<Box<str>>,
    /// What a report counts, and in which of its rows: a group's text, or a place.
    pub group: Option<(By, Option<Box<str>>)>,
    pub disposition: Option<Disposition>,
    pub duration_seconds: RangeInclusive<u32>,
    pub talk_seconds: RangeInclusive<u32>,
    pub recorded: Option<bool>,
}

/// Looks through packs of one source.
pub struct Finder<'a> {
    filter: &'a Filter,
    rules: &'a Rules,
    known: &'a Destinations,
    plan: &'a NumberPlan,
    /// The number that is looked for, as the plan reads it.
    sought: Option<(Dialled<'a>, Option<DestinationId>)>,
}

impl<'a> Finder<'a> {
    pub fn new(
        filter: &'a Filter,
        rules: &'a Rules,
        known: &'a Destinations,
        plan: &'a NumberPlan,
    ) -> Self {
        let sought = filter.number.as_deref().map(|number| {
            let dialled = plan.read(number);
            let destination = match dialled {
                Dialled::Number(_, number) => Destination::Number(number),
                Dialled::Internal(text) => Destination::Internal(text),
                Dialled::Text(text) => Destination::Text(text),
            };
            (dialled, known.find(destination))
        });
        Self {
            filter,
            rules,
            known,
            plan,
            sought,
        }
    }

    /// The rows of `pack` that are looked for, in the order of time.
    pub fn rows<'p>(&self, pack: &'p Pack) -> Vec<Stored<'p>> {
        let mut texts: HashMap<&'p str, bool, FixedState> = HashMap::default();
        let rows = pack.rows();
        rows.filter(|row| self.has(row) && self.has_number(row, &mut texts))
            .collect()
    }

    fn has(&self, row: &Stored<'_>) -> bool {
        let filter = self.filter;
        let is = |asked: &Option<Box<str>>, text: &str| {
            asked.as_deref().is_none_or(|asked| asked == text)
        };
        filter.range.contains(&row.at())
            && is(&filter.extension, row.extension())
            && filter
                .disposition
                .is_none_or(|asked| asked == row.disposition())
            && filter.duration_seconds.contains(&row.duration())
            && filter.talk_seconds.contains(&row.talked())
            && filter.recorded.is_none_or(|asked| asked == row.recorded())
            && filter.group.as_ref().is_none_or(|(by, only)| {
                let group = by.group(row, self.rules, self.known);
                group.is_some_and(|group| only.as_deref().is_none_or(|only| is_called(group, only)))
            })
    }

    fn has_number<'p>(
        &self,
        row: &Stored<'p>,
        texts: &mut HashMap<&'p str, bool, FixedState>,
    ) -> bool {
        let Some((sought, destination)) = self.sought else {
            return true;
        };
        let same = |dialled: Dialled<'_>| match (sought, dialled) {
            (Dialled::Number(_, one), Dialled::Number(_, other)) => one == other,
            (
                Dialled::Internal(one) | Dialled::Text(one),
                Dialled::Internal(other) | Dialled::Text(other),
            ) => one == other,
            _ => false,
        };
        Some(row.destination()) == destination
            || [row.caller(), row.did(), row.extension()]
                .into_iter()
                .any(|text| {
                    *texts
                        .entry(text)
                        .or_insert_with(|| !text.is_empty() && same(self.plan.read(text)))
                })
    }
}

/// A row's place among all, which stays when other rows come in late: when it began, and a number of its own.
pub type Spot = (i64, u64);

/// Gives each row its place; rows of one channel that began in the same second are counted.
pub fn spotted<'a>(source: &str, rows: &[Stored<'a>]) -> Vec<(Spot, Stored<'a>)> {
    let mut last = (i64::MIN, Vec::<u32>::new());
    let spots = rows.iter().map(|row| {
        if last.0 != row.at() {
            last = (row.at(), Vec::new());
        }
        let unique = row.unique_index();
        let before = last.1.iter().filter(|other| **other == unique).count();
        last.1.push(unique);
        let mut hasher = FixedState::default().build_hasher();
        hasher.write(source.as_bytes());
        hasher.write(row.unique().to_string().as_bytes());
        hasher.write_usize(before);
        ((row.at(), hasher.finish()), *row)
    });
    spots.collect()
}
