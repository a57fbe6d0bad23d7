//! A refusal that says why: what every number that could have been presented is doing, and when to ask again.

use model::Timestamp;

use super::ask::cell_keys;
use super::cell::CellKey;
use super::input::{Asked, Counts, Shortage};
use super::shared::{Sign, cells_counted};
use super::{Allocator, NumberIndex};

/// How many reservations and caps are looked through for the first that helps this question. Past it the answer is a
/// moment at which it is not too late to ask again.
const LOOKED_THROUGH: usize = 256;

impl Allocator {
    pub(super) fn shortage(&self, asked: &Asked) -> Shortage {
        let rule = self.rule(&asked.campaign);
        let mut shortage = Shortage {
            retry_at: self.retry_at(asked),
            counts: self.reachable(asked),
            tiers: Vec::new(),
        };
        for (tier, key) in cell_keys(&asked.place, rule) {
            let counts = self.counts_in(key, asked);
            match shortage.tiers.last_mut() {
                // Of the prefixes, the shortest holds all others.
                Some((last, shortest)) if *last == tier => *shortest = counts,
                _ => shortage.tiers.push((tier, counts)),
            }
        }
        shortage
    }

    /// All numbers that any tier would take, each once.
    fn reachable(&self, asked: &Asked) -> Counts {
        let mut sum = Counts::default();
        for (sign, cell) in cells_counted(&asked.place, self.rule(&asked.campaign)) {
            let counts = self.counts_in(cell, asked);
            match sign {
                Sign::Add => sum.add(counts),
                Sign::Subtract => sum.subtract(counts),
            }
        }
        sum
    }

    pub(super) fn counts_in(&self, key: CellKey, asked: &Asked) -> Counts {
        let mut cells = Vec::new();
        self.find_cells(key, &asked.campaign, &mut cells);
        let mut sum = Counts::default();
        for cell in cells {
            sum.add(self.cells[cell as usize].counts);
        }
        sum
    }

    fn retry_at(&self, asked: &Asked) -> Option<Timestamp> {
        let reserved = first_or_bound(
            self.reservations
                .by_expiry()
                .map(|open| (open.what.expires_at, open.number)),
            |number| self.would_help(number, asked),
        );
        let capped = first_or_bound(self.capped.iter().copied(), |number| {
            self.would_help(number, asked)
        });
        [reserved, capped].into_iter().flatten().min()
    }

    /// Whether a number, once free, could answer this question.
    fn would_help(&self, index: NumberIndex, asked: &Asked) -> bool {
        let number = &self.numbers[index];
        let key = &self.groups[number.group as usize].key;
        let campaigns = &self.classes[key.class as usize];
        let pool = self
            .rule(&asked.campaign)
            .and_then(|rule| rule.pool.as_deref());
        number.active
            && number.presentable
            && (campaigns.is_empty() || campaigns.contains(&*asked.campaign))
            && (key.labels.is_empty()
                || (key.country.is_some() && key.country == asked.place.country)
                || pool.is_some_and(|pool| key.labels.iter().any(|label| **label == *pool)))
    }
}

fn first_or_bound(
    waits: impl Iterator<Item = (Timestamp, NumberIndex)>,
    helps: impl Fn(NumberIndex) -> bool,
) -> Option<Timestamp> {
    let mut last = None;
    for (seen, (at, number)) in waits.enumerate() {
        if helps(number) {
            return Some(at);
        }
        if seen + 1 >= LOOKED_THROUGH {
            last = Some(at);
            break;
        }
    }
    last
}
