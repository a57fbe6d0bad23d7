//! The ways past the library lead to where the library leads; and nothing panics, whatever comes.
#![allow(clippy::unwrap_used)]

use model::Digits;
use proptest::prelude::*;
use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumberFormat};

use super::written::MIN_DIGITS;
use super::{Destination, Numbers, place};

/// As the library reads `text` in `country`: possible, and of few digits valid.
fn by_library(text: &str, country: &str) -> Option<String> {
    let parsed = PHONE_NUMBER_UTIL
        .parse(text, Some(country.parse().unwrap()))
        .ok()?;
    let number = parsed.format_as(PhoneNumberFormat::E164).into_owned();
    let is_credible = if number.len() < 1 + usize::from(MIN_DIGITS) {
        PHONE_NUMBER_UTIL.is_valid_number(&parsed)
    } else {
        let possible = PHONE_NUMBER_UTIL.is_possible_number_with_reason(&parsed);
        possible == Ok(NumberLengthType::IsPossible)
    };
    is_credible.then_some(number)
}

fn by_us(text: &str, numbers: Numbers) -> Option<String> {
    match numbers.destination(text).ok()? {
        Destination::Number(number) => Some(number.to_string()),
        Destination::Emergency(_) => None,
    }
}

proptest! {
    #[test]
    fn ten_and_eleven_digits_are_read_as_the_library_does(national in "[0-9]{10}") {
        for text in [national.clone(), format!("1{national}"), format!("+1{national}")] {
            prop_assert_eq!(by_us(&text, Numbers::default()), by_library(&text, "US"), "{}", &text);
            for country in ["US", "CA", "JM", "DO"] {
                let numbers = Numbers::new(country).unwrap();
                prop_assert_eq!(by_us(&text, numbers), by_library(&text, country), "{} in {}", &text, country);
            }
        }
        let text = format!("+1{national}");
        prop_assert_eq!(by_us(&text, Numbers::new("SK").unwrap()), by_library(&text, "SK"));
    }

    /// Numbers that are written the one right way are taken apart without the library's parser.
    #[test]
    fn a_number_is_taken_apart_as_the_library_does(digits in "[1-9][0-9]{5,14}") {
        let text = format!("+{digits}");
        let number = text.parse().unwrap();
        let Ok(read) = PHONE_NUMBER_UTIL.parse(&text, None) else { return Ok(()) };
        if read.format_as(PhoneNumberFormat::E164) == text {
            let (calling_code, national) = place::split(number).unwrap();
            prop_assert_eq!(place::parsed(calling_code, national), read);
        }
    }

    #[test]
    fn a_place_is_what_the_library_says(digits in "[1-9][0-9]{5,14}") {
        let number = format!("+{digits}").parse().unwrap();
        let place = Numbers::place(number);
        let Some((calling_code, national)) = place::split(number) else { return Ok(()) };
        prop_assert_eq!(Some(calling_code), Numbers::calling_code(number));
        prop_assert_eq!(place.national, national);
        prop_assert_eq!(&place.country, &Numbers::country_of(number));
        let parsed = place::parsed(calling_code, national);
        if let Some(region) = PHONE_NUMBER_UTIL.get_region_for_number(&parsed) {
            prop_assert_eq!(place.country, super::country(region));
        }
        let length = PHONE_NUMBER_UTIL.get_length_of_geographical_area_code(&parsed);
        if length > 0 {
            prop_assert_eq!(place.area_code, Digits::new(&national.to_string()[..length]));
        }
    }

    /// In whatever country it was read, and with whatever notation its digits came.
    #[test]
    fn what_is_read_prints_and_reads_back_the_same(
        text in "(\\+|00|011|0|1)?[0-9]{6,15}( x[0-9]{1,4})?",
        country in prop::sample::select(vec!["US", "SK", "CZ", "GB", "DE", "IT", "BR", "AU", "JM", "RU", "AR", "MX"]),
    ) {
        let numbers = Numbers::new(country).unwrap();
        if let Ok(Destination::Number(number)) = numbers.destination(&text) {
            let printed = number.to_string();
            for reader in [numbers, Numbers::default()] {
                prop_assert_eq!(reader.destination(&printed), Ok(Destination::Number(number)), "{} from {}", &printed, &text);
            }
        }
    }

    #[test]
    fn nothing_panics(text in any::<String>(), area_code in any::<String>()) {
        read_in_every_way(&text, &area_code);
    }

    #[test]
    fn nothing_that_looks_like_a_number_panics(text in "[ +]?[0-9+(). x;=ext-]{0,40}", area_code in "[0-9]{0,20}") {
        read_in_every_way(&text, &area_code);
    }
}

fn read_in_every_way(text: &str, area_code: &str) {
    for numbers in [
        Numbers::default(),
        Numbers::new("SK").unwrap(),
        Numbers::new("IT").unwrap(),
        Numbers::new("JM").unwrap(),
    ] {
        if let Ok(Destination::Number(number)) = numbers.destination(text) {
            Numbers::place(number);
        }
        if let Ok(own) = numbers.caller_id(text, Some(area_code)) {
            model::checked_presentable("number", &own.number).unwrap();
        }
    }
}
