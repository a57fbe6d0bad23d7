//! The province or town of a number outside North America, by its first digits.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use model::E164;

/// Regions by the first digits of their numbers, calling code included.
///
/// No calling code begins another one, and none with 0: the digits as a number are all there is to know.
struct Regions {
    by_digits: HashMap<u32, Arc<str>>,
    /// The most digits of a key.
    longest: u32,
}

static REGIONS: LazyLock<Regions> =
    LazyLock::new(|| Regions::read(include_str!("plan/regions.txt")));

/// What the longest known prefix of the number says. Only for geographical numbers: others may begin alike.
pub(super) fn region(number: E164) -> Option<Arc<str>> {
    REGIONS.of(number)
}

impl Regions {
    fn of(&self, number: E164) -> Option<Arc<str>> {
        let length = number.digits().ilog10() + 1;
        (2..=self.longest.min(length)).rev().find_map(|kept| {
            let digits = u32::try_from(number.digits() / 10u64.pow(length - kept)).ok()?;
            self.by_digits.get(&digits).cloned()
        })
    }

    fn read(plan: &str) -> Self {
        let mut regions = Self {
            by_digits: HashMap::new(),
            longest: 0,
        };
        let mut calling_code = "";
        for line in plan.lines().filter(|line| !line.starts_with('#')) {
            let Some((region, prefixes)) = line.split_once('\t') else {
                calling_code = line;
                continue;
            };
            let region: Arc<str> = region.into();
            for prefix in prefixes.split(' ') {
                if let Ok(digits) = format!("{calling_code}{prefix}").parse::<u32>() {
                    regions.longest = regions.longest.max(digits.ilog10() + 1);
                    regions.by_digits.insert(digits, Arc::clone(&region));
                }
            }
        }
        regions
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(regions: &Regions, number: &str) -> Option<String> {
        let region = regions.of(number.parse().unwrap())?;
        Some(region.as_ref().to_owned())
    }

    #[test]
    fn the_longest_prefix_decides() {
        let regions = Regions::read("# head\n39\nRome\t06\nVatican City\t06698\n49\nBerlin\t30\n");
        assert_eq!(of(&regions, "+390612345678").as_deref(), Some("Rome"));
        assert_eq!(
            of(&regions, "+390669812345").as_deref(),
            Some("Vatican City")
        );
        assert_eq!(of(&regions, "+493012345").as_deref(), Some("Berlin"));
        assert_eq!(of(&regions, "+3961234567"), None, "the zero counts");
        assert_eq!(of(&regions, "+4930").as_deref(), Some("Berlin"));
        assert_eq!(of(&regions, "+493"), None);
        assert_eq!(of(&regions, "+4"), None);
    }

    #[test]
    fn every_line_of_the_plan_is_read() {
        let plan = include_str!("plan/regions.txt");
        let lines = plan.lines().filter(|line| !line.starts_with('#'));
        let prefixes: usize = lines
            .filter_map(|line| line.split_once('\t'))
            .map(|(_, prefixes)| prefixes.split(' ').count())
            .sum();
        assert_eq!(REGIONS.by_digits.len(), prefixes);
        assert!(prefixes > 10_000, "{prefixes}");
    }

    #[test]
    fn a_region_is_the_same_text_every_time() {
        let region = |number: &str| REGIONS.of(number.parse().unwrap()).unwrap();
        assert!(Arc::ptr_eq(
            &region("+421221234567"),
            &region("+421227654321")
        ));
    }
}
