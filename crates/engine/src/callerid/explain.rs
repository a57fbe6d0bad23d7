//! Why this number and not that one, without choosing any.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use model::{CallerIdKey, E164, Tier, Timestamp};

use super::ask::cell_keys;
use super::health::judge;
use super::input::{Asked, Counts, NumberState, Status};
use super::line::{Line, Stand};
use super::{Allocator, CellIndex, EXPLAINED, NumberIndex};

/// How many numbers of a tier are looked at for those that were passed over.
const LOOKED_AT: usize = 1000;

/// What would be answered to a question now.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The number that would be presented, unless one of better health in the same line gets its turn.
    pub choice: Option<(Tier, CallerIdKey)>,
    /// In the order in which they are asked.
    pub tiers: Vec<TierExplained>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TierExplained {
    pub tier: Tier,
    /// What the tier looked for: an area code, a prefix, a region, a country, a pool.
    pub sought: String,
    pub counts: Counts,
    /// First those that can be presented, in their order in line; then some of those that cannot. At most [`EXPLAINED`] of each.
    pub numbers: Vec<Considered>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Considered {
    pub key: CallerIdKey,
    pub number: E164,
    /// Anything but available is why it was passed over.
    pub status: Status,
    pub last_used_at: Option<Timestamp>,
    pub capped_until: Option<Timestamp>,
    pub weight: u8,
}

impl Allocator {
    /// What would be answered now, and why. Nothing is reserved or counted.
    pub fn explain(&self, asked: &Asked) -> Explanation {
        let mut tiers = Vec::new();
        if let Some(number) = self.sticky(&asked.campaign, asked.to) {
            let considered = self.considered(number);
            let mut counts = Counts::default();
            *counts.of(considered.status) += 1;
            tiers.push(TierExplained {
                tier: Tier::Sticky,
                sought: considered.number.to_string(),
                counts,
                numbers: vec![considered],
            });
        }
        for (tier, key) in cell_keys(&asked.place, self.rule(&asked.campaign)) {
            let mut cells = Vec::new();
            let sought = sought(&key);
            self.find_cells(key.clone(), &asked.campaign, &mut cells);
            tiers.push(TierExplained {
                tier,
                sought,
                counts: self.counts_in(key, asked),
                numbers: self.numbers_of(&cells),
            });
        }
        let choice = tiers.iter().find_map(|tier| {
            let first = tier.numbers.first()?;
            (first.status == Status::Available).then_some((tier.tier, first.key))
        });
        Explanation { choice, tiers }
    }

    fn numbers_of(&self, cells: &[CellIndex]) -> Vec<Considered> {
        let available = self.first_in_line(cells);
        let passed_over = cells
            .iter()
            .flat_map(|&cell| &self.cells[cell as usize].groups)
            .flat_map(|&group| &self.groups[group as usize].members)
            .take(LOOKED_AT)
            .filter(|&&number| self.numbers[number].status != Status::Available)
            .take(EXPLAINED);
        available
            .iter()
            .chain(passed_over)
            .map(|&number| self.considered(number))
            .collect()
    }

    /// The first available numbers over all groups of these cells. A group's shown turn is never later than its head's, so
    /// the search ends where no group can be earlier than what was found.
    fn first_in_line(&self, cells: &[CellIndex]) -> Vec<NumberIndex> {
        let mut found = BTreeSet::new();
        for &cell in cells {
            let mut heads = self.cells[cell as usize].healthy.clone().into_vec();
            heads.sort_unstable_by_key(|&Reverse(head)| head);
            for Reverse((shown, group)) in heads {
                let last = found.iter().nth(EXPLAINED - 1);
                if last.is_some_and(|&(turn, _)| turn < shown) {
                    break;
                }
                let line = self.groups[group as usize].line(Line::Healthy);
                found.extend(line.first(&self.numbers, EXPLAINED));
            }
        }
        found
            .into_iter()
            .take(EXPLAINED)
            .map(|(_, number)| number)
            .collect()
    }

    fn considered(&self, index: NumberIndex) -> Considered {
        let number = &self.numbers[index];
        Considered {
            key: number.key,
            number: number.e164,
            status: number.status,
            last_used_at: number.last_used(),
            capped_until: number.wakes_at(),
            weight: number.weight,
        }
    }

    pub(super) fn state_of(&self, index: NumberIndex) -> NumberState {
        let number = &self.numbers[index];
        let day = self.zones[usize::from(number.zone)].day_at(self.now.utc);
        let micros = self.now.utc.as_micros();
        let window = |length: i64| u32::try_from(micros.div_euclid(length)).unwrap_or(0);
        let pool = &self.pools[self.groups[number.group as usize].pool as usize];
        let mut health = judge(&number.scores, pool);
        health.resting = number.resting;
        debug_assert!(
            Line::of(number.status)
                .is_none_or(|line| { number.stand != Stand::Nowhere && number.line == line })
        );
        NumberState {
            status: number.status,
            in_use: number.in_use,
            used_this_minute: number.minute.used_in(window(super::windows::MINUTE)),
            used_this_hour: number.hour.used_in(window(super::windows::HOUR)),
            used_today: number.day.used_in(day),
            last_used_at: number.last_used(),
            capped_until: number.wakes_at(),
            health,
        }
    }
}

fn sought(key: &super::CellKey) -> String {
    use super::CellKey as Key;
    match key {
        Key::AreaCode(country, code) => format!("{country} {code}"),
        Key::Prefix(country, prefix) => format!("{country} {prefix}…"),
        Key::Region(country, region) => format!("{country} {region}"),
        Key::Country(country) | Key::CountryAndDefaultPool(country) => country.to_string(),
        Key::Pool(pool) | Key::CountryAndPool(_, pool) => pool.to_string(),
        Key::DefaultPool => "default".to_owned(),
    }
}
