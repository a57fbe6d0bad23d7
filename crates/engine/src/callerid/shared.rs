//! What an allocator goes by that several nodes share and that lives outside this process: the same cells, in the same order,
//! and the same judgement of a number. It keeps nothing.

use std::collections::BTreeSet;

use model::{CallerId, CallerIdRule, Country, Place, Tier};

use super::ask;
use super::cell::CellKey;
use super::group::{Area, GroupKey};
use super::health::{self, Health, Pool, Score, Scores};
use super::setup::area;
use super::{ClassIndex, Name};

/// Every cell that a number is in, those that are only counted included.
pub fn cells_of(number: &CallerId) -> Vec<CellKey> {
    group_key(number, 0, |name| name.into()).cell_keys()
}

/// The cells that answer a question when its sticky number does not, most fitting first.
pub fn cells_asked(
    place: &Place,
    rule: Option<&CallerIdRule>,
) -> impl Iterator<Item = (Tier, CellKey)> + use<> {
    ask::cell_keys(place, rule).into_iter()
}

/// Cells whose counts, added and subtracted, count every number that any tier would take once. Area and region lie
/// within the country, so what is counted twice is what the country shares with the two pools.
pub fn cells_counted(place: &Place, rule: Option<&CallerIdRule>) -> Vec<(Sign, CellKey)> {
    let pool: Option<Name> = rule.and_then(|rule| rule.pool.as_deref()).map(Into::into);
    let mut cells = vec![(Sign::Add, CellKey::DefaultPool)];
    if let Some(pool) = &pool {
        cells.push((Sign::Add, CellKey::Pool(pool.clone())));
    }
    if let Some(country) = place.country {
        cells.push((Sign::Add, CellKey::Country(country)));
        cells.push((Sign::Subtract, CellKey::CountryAndDefaultPool(country)));
        if let Some(pool) = pool {
            cells.push((Sign::Subtract, CellKey::CountryAndPool(country, pool)));
        }
    }
    cells
}

/// How a cell's counts enter a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Add,
    Subtract,
}

/// The pool beside which a number's health is judged, as a name that no other pool has.
pub fn pool_of(number: &CallerId) -> String {
    let labels: Vec<&str> = number.labels.iter().map(String::as_str).collect();
    let country = number.country.as_deref().unwrap_or_default();
    format!("{country}:{}", labels.join(","))
}

/// How a number fares beside its pool, both as outcomes by tier in the order of [`Tier::ALL`].
pub fn judge(number: [Score; 6], pool: [PoolScore; 6]) -> Health {
    health::judge(&Scores(number), &Pool::from(pool))
}

/// The outcomes of all numbers of a pool in one tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolScore {
    pub attempts: u64,
    pub answers: u64,
    pub short: u64,
}

pub(super) fn group_key(
    said: &CallerId,
    class: ClassIndex,
    mut name: impl FnMut(&str) -> Name,
) -> GroupKey {
    let labels: &BTreeSet<String> = &said.labels;
    let area: Area = area(said);
    GroupKey {
        class,
        labels: labels.iter().map(|label| name(label)).collect(),
        country: said.country.as_deref().and_then(Country::new),
        region: said.region.as_deref().map(name),
        area,
    }
}
