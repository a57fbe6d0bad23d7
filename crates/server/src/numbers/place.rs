//! Where a number belongs: country, area code, region.

use std::sync::LazyLock;

use model::{Country, Digits, E164, Place};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, enums::Region};

use super::{Numbers, country, nanp, regions};

/// By the code: whether some country, or the world, has it.
static CALLING_CODES: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let mut codes = vec![false; 1000];
    for code in PHONE_NUMBER_UTIL.get_supported_calling_codes() {
        if let Some(known) = usize::try_from(code)
            .ok()
            .and_then(|code| codes.get_mut(code))
        {
            *known = true;
        }
    }
    codes
});

impl Numbers {
    /// Where the number belongs; all empty for a calling code that nobody has.
    pub fn place(number: E164) -> Place {
        if let Some(national) = nanp::national(number) {
            return place_in_north_america(national);
        }
        match split(number) {
            Some((calling_code, national)) => place_by_library(number, calling_code, national),
            None => Place::default(),
        }
    }

    /// The country of [`Numbers::place`], for far less work: where a calling code is of one country, no pattern is looked at.
    pub fn country_of(number: E164) -> Option<Country> {
        if let Some(national) = nanp::national(number) {
            return country_in_north_america(national);
        }
        let (calling_code, national) = split(number)?;
        region_by_library(&parsed(calling_code, national)).and_then(country)
    }

    /// The country code that the number begins with, such as 421.
    pub fn calling_code(number: E164) -> Option<u16> {
        split(number).map(|(code, _)| code)
    }
}

/// The calling code, and the national number with its leading zeros.
pub(super) fn split(number: E164) -> Option<(u16, Digits)> {
    let length = number.digits().ilog10() + 1;
    (1..=length.min(3)).find_map(|kept| {
        let rest = 10u64.pow(length - kept);
        let code = number.digits() / rest;
        let known = CALLING_CODES.get(usize::try_from(code).ok()?)?;
        let national = u8::try_from(length - kept)
            .ok()
            .and_then(|length| Digits::padded(number.digits() % rest, length))?;
        known.then_some((u16::try_from(code).ok()?, national))
    })
}

fn place_in_north_america(national: u64) -> Place {
    let code = national / 10u64.pow(7);
    let area = nanp::area(code);
    Place {
        country: country_in_north_america(national),
        region: area.and_then(|area| area.state.clone()),
        area_code: Digits::padded(code, 3),
        national: Digits::padded(national, 10).unwrap_or_default(),
    }
}

fn country_in_north_america(national: u64) -> Option<Country> {
    let area = nanp::area(national / 10u64.pow(7));
    area.map_or_else(|| country(Region::US), |area| Some(area.country))
}

fn region_by_library(parsed: &PhoneNumber) -> Option<Region> {
    PHONE_NUMBER_UTIL
        .get_region_for_number(parsed)
        .or_else(|| PHONE_NUMBER_UTIL.get_region_for_country_code(parsed.country_code))
}

fn place_by_library(number: E164, calling_code: u16, national: Digits) -> Place {
    let parsed = parsed(calling_code, national);
    let region = region_by_library(&parsed);
    let code = PHONE_NUMBER_UTIL.get_length_of_geographical_area_code(&parsed);
    let code = u8::try_from(code).ok().filter(|length| *length > 0);
    let geographical = code.is_some() || PHONE_NUMBER_UTIL.is_number_geographical(&parsed);
    Place {
        country: region.and_then(country),
        region: geographical.then(|| regions::region(number)).flatten(),
        area_code: code.map(|length| national.first(length)),
        national,
    }
}

/// As the library would read it. Zeros at the beginning of a number are a field of their own there; the last digit never
/// counts as one.
pub(super) fn parsed(calling_code: u16, national: Digits) -> PhoneNumber {
    let zeros = i32::from(
        national
            .leading_zeros()
            .min(national.len().saturating_sub(1)),
    );
    PhoneNumber {
        country_code: i32::from(calling_code),
        national_number: national.value(),
        italian_leading_zero: (zeros > 0).then_some(true),
        number_of_leading_zeros: (zeros > 1).then_some(zeros),
        ..PhoneNumber::default()
    }
}
