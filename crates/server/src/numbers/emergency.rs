//! The numbers that call for help.

use model::{Digits, Invalid};
use rlibphonenumber::enums::Region;

use super::Numbers;

/// Each country's own, a country a line.
const PLAN: &str = include_str!("plan/emergency.txt");

/// Understood by mobile networks everywhere, and by people who come from elsewhere.
const EVERYWHERE: [&str; 3] = ["112", "911", "999"];

/// The most digits of an emergency number.
const LONGEST: u8 = 6;

/// Whether `digits`, dialled in `country`, call for help.
pub(super) fn is_emergency(country: Region, digits: Digits) -> bool {
    if digits.is_empty() || digits.len() > LONGEST {
        return false;
    }
    let dialled = digits.to_string();
    EVERYWHERE.contains(&dialled.as_str()) || of(&country.as_region_str()).any(|own| own == dialled)
}

impl Numbers {
    /// Refused: a phone that would ring in place of help.
    pub(crate) fn refuse_emergency(self, field: &'static str, number: &str) -> Result<(), Invalid> {
        let is_for_help = Digits::new(number).is_some_and(|digits| self.is_emergency(digits));
        if is_for_help {
            let problem =
                "is a number for emergencies: whoever calls for help must not get a phone";
            return Err(Invalid::new(field, problem));
        }
        Ok(())
    }

    /// The numbers that call for help at home.
    pub(crate) fn emergencies(self) -> Vec<&'static str> {
        let mut all = EVERYWHERE.to_vec();
        all.extend(of(&self.home().as_region_str()));
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn of(country: &str) -> impl Iterator<Item = &'static str> {
    PLAN.lines()
        .filter_map(|line| line.split_once(' '))
        .filter(move |(of, _)| *of == country)
        .flat_map(|(_, numbers)| numbers.split(' '))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rlibphonenumber::PHONE_NUMBER_UTIL;

    use super::super::Destination;
    use super::*;

    #[test]
    fn a_country_has_its_own_and_the_worlds() {
        for (country, own, not) in [
            (Region::US, "911", "155"),
            (Region::GB, "999", "155"),
            (Region::SK, "155", "000"),
            (Region::CZ, "158", "110"),
            (Region::DE, "110", "155"),
            (Region::FR, "15", "155"),
            (Region::IT, "118", "000"),
            (Region::AU, "000", "155"),
            (Region::BR, "190", "155"),
            (Region::IN, "108", "155"),
            (Region::JM, "119", "155"),
        ] {
            let is = |digits| is_emergency(country, Digits::new(digits).unwrap());
            assert!(is(own) && is("112") && is("911") && is("999"), "{country}");
            assert!(!is(not) && !is("") && !is("1"), "{country}");
        }
    }

    /// With a prefix to get out of the building, a trunk prefix or its country code it is no number either.
    #[test]
    fn no_emergency_number_is_a_number_of_the_network() {
        for line in PLAN.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split(' ');
            let Some(numbers) = words.next().and_then(Numbers::new) else {
                panic!("{line}");
            };
            let calling_code = PHONE_NUMBER_UTIL
                .get_country_code_for_region(numbers.home())
                .unwrap();
            // Longer ones are plain numbers of a police station.
            for digits in words.filter(|digits| digits.len() <= 4) {
                let read = |text: &str| numbers.destination(text);
                let help = Destination::Emergency(Digits::new(digits).unwrap());
                assert_eq!(read(digits), Ok(help), "{line}");
                for before in ["0", "9", "00", &format!("+{calling_code}")] {
                    let read = read(&format!("{before}{digits}"));
                    assert!(
                        !matches!(read, Ok(Destination::Number(_))),
                        "{before} {digits} of {line}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_emergency_number_is_short() {
        let numbers = PLAN
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| line.split(' ').skip(1));
        for number in numbers {
            let digits = Digits::new(number).unwrap();
            assert!((2..=LONGEST).contains(&digits.len()), "{number}");
        }
    }
}
