//! The North American Numbering Plan: calling code 1, shared by some twenty countries, each area code in one of them.

use std::sync::{Arc, LazyLock};

use model::{Country, E164};

/// The calling code that the countries share.
pub(super) const CALLING_CODE: u16 = 1;

/// Where an area code is.
#[derive(Debug, Clone)]
pub(super) struct Area {
    pub(super) country: Country,
    /// `NY`, `ON`; nothing for toll-free and personal numbers, and in countries without states.
    pub(super) state: Option<Arc<str>>,
}

/// By area code.
static AREAS: LazyLock<Vec<Option<Area>>> = LazyLock::new(|| read(include_str!("plan/nanp.txt")));

/// Nothing for area codes that nobody has.
pub(super) fn area(code: u64) -> Option<&'static Area> {
    AREAS.get(usize::try_from(code).ok()?)?.as_ref()
}

/// The ten digits behind the calling code; nothing for other numbers.
pub(super) fn national(number: E164) -> Option<u64> {
    let first = 10u64.pow(10);
    (number.digits() / first == u64::from(CALLING_CODE)).then(|| number.digits() % first)
}

/// A number of ten digits whose area code and exchange both begin with 2 to 9, as all that are in use do.
pub(super) fn e164(national: u64) -> Option<E164> {
    let begins_well = |digit: u64| (2..=9).contains(&digit);
    (begins_well(national / 10u64.pow(9)) && begins_well(national / 10u64.pow(6) % 10))
        .then(|| E164::from_digits(u64::from(CALLING_CODE) * 10u64.pow(10) + national))
        .flatten()
}

fn read(plan: &str) -> Vec<Option<Area>> {
    let mut areas = vec![None; 1000];
    for line in plan.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let (Some(country), Some(state)) = (words.next().and_then(Country::new), words.next())
        else {
            continue;
        };
        let state: Option<Arc<str>> = (state != "-").then(|| state.into());
        for code in words.filter_map(|code| code.parse::<usize>().ok()) {
            if let Some(area) = areas.get_mut(code) {
                *area = Some(Area {
                    country,
                    state: state.clone(),
                });
            }
        }
    }
    areas
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, enums::Region};

    use super::*;

    fn country_by_library(national: u64) -> Option<Region> {
        PHONE_NUMBER_UTIL.get_region_for_number(&PhoneNumber {
            country_code: i32::from(CALLING_CODE),
            national_number: national,
            ..PhoneNumber::default()
        })
    }

    /// Every area code, with exchanges and lines all over it.
    #[test]
    fn every_area_code_is_in_the_country_that_the_library_says() {
        for code in 200..1000 {
            for exchange in (200..1000).step_by(37).chain([555, 999]) {
                let national = code * 10u64.pow(7) + exchange * 10_000 + (exchange * 7919) % 10_000;
                if let Some(said) = country_by_library(national) {
                    let ours = area(code).map(|area| area.country.code().to_owned());
                    assert_eq!(ours, Some(said.to_string()), "{national}");
                }
            }
        }
    }

    #[test]
    fn every_geographical_area_code_of_the_states_and_canada_has_a_state() {
        let mut states = BTreeSet::new();
        for code in 200..1000 {
            let Some(area) = area(code) else { continue };
            let fixed = PHONE_NUMBER_UTIL.get_length_of_geographical_area_code(&PhoneNumber {
                country_code: i32::from(CALLING_CODE),
                national_number: code * 10u64.pow(7) + 555_0147,
                ..PhoneNumber::default()
            });
            if ["US", "CA"].contains(&area.country.code()) && fixed == 3 {
                assert!(area.state.is_some(), "{code}");
            }
            states.extend(area.state.clone());
        }
        // 50 states and the capital; ten provinces and three territories, of which two and three share their codes.
        assert_eq!(states.len(), 51 + 10, "{states:?}");
    }
}
