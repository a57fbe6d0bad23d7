//! The number that somebody is about to call.

use model::{Digits, E164};
use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, enums::Region,
};

use super::written::{MIN_DIGITS, NotADestination, Written, without_extension};
use super::{Numbers, country, emergency, nanp};

/// Before a country code, where the country says nothing else.
const INTERNATIONAL_PREFIXES: [&str; 3] = ["00", "011", ""];

/// What a dialplan is about to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    Number(E164),
    /// A call for help: it keeps the caller ID that it has, so that help can call back and knows where to go.
    Emergency(Digits),
}

impl Numbers {
    /// Reads the number as dialplans, web pages and people write it; an extension is cut. The digits of an emergency
    /// number are recognised however they are spaced.
    pub fn destination(self, text: &str) -> Result<Destination, NotADestination> {
        let written = Written::read(without_extension(text))?;
        if self.is_emergency(written.digits) {
            return Ok(Destination::Emergency(written.digits));
        }
        self.number(written).map(Destination::Number)
    }

    pub(super) fn is_emergency(self, digits: Digits) -> bool {
        emergency::is_emergency(self.home(), digits)
    }

    pub(super) fn number(self, written: Written) -> Result<E164, NotADestination> {
        if let Some(number) = self.north_american(written) {
            return Ok(number);
        }
        let Written { plus, digits } = written;
        if plus {
            return international(digits);
        }
        let few = digits.len() < MIN_DIGITS;
        if few && self.country.is_none() {
            return Err(NotADestination::TooFewDigits(digits.len()));
        }
        let home = self.home();
        PHONE_NUMBER_UTIL
            .parse(digits.to_string(), Some(home))
            .ok()
            .and_then(|parsed| credible(&parsed, few))
            .or_else(|| without_plus(digits).filter(|_| !few))
            .ok_or_else(|| not_of(home, digits))
    }

    /// What the library would say, 20 times as fast.
    fn north_american(self, Written { plus, digits }: Written) -> Option<E164> {
        let with_code = digits.len() == 11 && digits.first(1).value() == 1;
        let without_code = digits.len() == 10;
        let fits = if plus {
            with_code
        } else {
            (with_code || without_code) && PHONE_NUMBER_UTIL.is_nanpa_country(self.home())
        };
        fits.then(|| nanp::e164(digits.value() % 10u64.pow(10)))
            .flatten()
    }
}

/// Digits behind a `+`.
fn international(digits: Digits) -> Result<E164, NotADestination> {
    let few = digits.len() < MIN_DIGITS;
    match PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None) {
        Err(ParseError::InvalidCountryCode) => Err(NotADestination::UnknownCountryCode),
        read => read
            .ok()
            .and_then(|parsed| credible(&parsed, few))
            .ok_or(if few {
                NotADestination::TooFewDigits(digits.len())
            } else {
                NotADestination::NotInternational
            }),
    }
}

/// A number with its country code but no `+`. That it has one is a guess, so it has to be valid.
fn without_plus(digits: Digits) -> Option<E164> {
    let digits = digits.to_string();
    INTERNATIONAL_PREFIXES.iter().find_map(|prefix| {
        let rest = digits.strip_prefix(prefix)?;
        let parsed = PHONE_NUMBER_UTIL.parse(format!("+{rest}"), None).ok()?;
        PHONE_NUMBER_UTIL
            .is_valid_number(&parsed)
            .then(|| e164(&parsed))
            .flatten()
    })
}

fn not_of(home: Region, digits: Digits) -> NotADestination {
    let in_north_america = PHONE_NUMBER_UTIL.is_nanpa_country(home);
    match digits.len() {
        few if few < MIN_DIGITS && in_north_america => NotADestination::TooFewDigits(few),
        many if many > 15 => NotADestination::TooManyDigits(many.into()),
        _ => country(home).map_or(NotADestination::NotInternational, NotADestination::NotOf),
    }
}

/// The number, if it has a length that its country has, the area code included. One of few digits, be it as written or
/// behind its `+`, has to be one that its country has.
fn credible(parsed: &PhoneNumber, few: bool) -> Option<E164> {
    let number = e164(parsed)?;
    let is_credible = if few || number.digits() < 10u64.pow(u32::from(MIN_DIGITS) - 1) {
        PHONE_NUMBER_UTIL.is_valid_number(parsed)
    } else {
        let length = PHONE_NUMBER_UTIL.is_possible_number_with_reason(parsed);
        length == Ok(NumberLengthType::IsPossible)
    };
    is_credible.then_some(number)
}

/// Nothing for a number that would be read as another one once it is printed, such as one with a trunk prefix too many.
fn e164(parsed: &PhoneNumber) -> Option<E164> {
    let printed = parsed.format_as(PhoneNumberFormat::E164);
    let again = PHONE_NUMBER_UTIL.parse(printed.as_ref(), None).ok()?;
    (again == *parsed).then(|| printed.parse().ok()).flatten()
}
