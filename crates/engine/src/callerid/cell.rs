//! Cells: every way in which a group of numbers can be found.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use model::{Country, Digits};

use super::input::Counts;
use super::line::Line;
use super::{GroupIndex, Name, Turn};

/// National prefixes shorter than this bring nobody near.
pub(super) const MIN_PREFIX: u8 = 2;
/// And longer ones are single lines of a town.
pub(super) const MAX_PREFIX: u8 = 6;

/// What the numbers of a cell have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CellKey {
    AreaCode(Country, Digits),
    /// For numbers whose plan knows no area codes.
    Prefix(Country, Digits),
    Region(Country, Name),
    Country(Country),
    Pool(Name),
    DefaultPool,
    /// Only counted: what two tiers share.
    CountryAndPool(Country, Name),
    CountryAndDefaultPool(Country),
}

impl CellKey {
    /// Whether numbers are chosen from it.
    pub(super) fn is_chosen_from(&self) -> bool {
        !matches!(
            self,
            Self::CountryAndPool(..) | Self::CountryAndDefaultPool(_)
        )
    }
}

/// A name that no other key has, for whoever keeps cells elsewhere.
impl std::fmt::Display for CellKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AreaCode(country, code) => write!(f, "area:{}:{code}", country.code()),
            Self::Prefix(country, prefix) => write!(f, "prefix:{}:{prefix}", country.code()),
            Self::Region(country, region) => write!(f, "region:{}:{region}", country.code()),
            Self::Country(country) => write!(f, "country:{}", country.code()),
            Self::Pool(label) => write!(f, "pool:{label}"),
            Self::DefaultPool => f.write_str("default"),
            Self::CountryAndPool(country, label) => {
                write!(f, "country+pool:{}:{label}", country.code())
            }
            Self::CountryAndDefaultPool(country) => {
                write!(f, "country+default:{}", country.code())
            }
        }
    }
}

/// Groups by the turn by which each is shown. Of a group's entries only the one counts that its group knows of; the others are
/// left from before, and go when they come first.
pub(super) type Heads = BinaryHeap<Reverse<(Turn, GroupIndex)>>;

/// The groups of one class that share a key.
#[derive(Default)]
pub(super) struct Cell {
    pub(super) counts: Counts,
    /// Choices since the last control call.
    pub(super) since_control: u32,
    /// Shown by the turn of the head of their line, or an earlier one: corrected when it is looked at.
    pub(super) healthy: Heads,
    pub(super) resting: Heads,
    pub(super) groups: Vec<GroupIndex>,
}

impl Cell {
    pub(super) fn heads(&mut self, line: Line) -> &mut Heads {
        match line {
            Line::Healthy => &mut self.healthy,
            Line::Resting => &mut self.resting,
        }
    }
}
