//! Phone numbers: as people and networks write them, as E.164, and where in the world they belong.
//!
//! The numbering plans are libphonenumber's: the crate `rlibphonenumber` reads numbers, `plan/` keeps what the crate lacks
//! (regions, emergency numbers) in small tables made by `scripts/numbering`. Nothing here may decide who is called, or
//! make a number of what cannot be read as one: that is refused with words for the user.
//!
//! Rules that are ours and not obvious:
//! - Without a configured country, 10 digits, and 11 that begin with 1, are North American (calling code 1, NANP). Every
//!   other number then needs its country code.
//! - A number that its metadata knows no country for belongs to the main country of its calling code: metadata is older
//!   than the newest numbers.
//! - The area code of a NANP number is its first three digits, mobile and toll-free numbers included.
//! - Without a `+`, a number that is none at home may begin with its country code, if that makes it a *valid* number.
//! - Fewer than 10 digits, as written or with the country code, are a destination only if they are a *valid* number; from
//!   10 on, a *possible* length is enough.
//! - What has been read is read as the same number when it is printed and comes back; otherwise it is refused.
//! - An emergency number is its own kind of destination and never an [`E164`].
//! - NANP numbers, most of the traffic, take a way past the library that is tested to lead to the same.

mod destination;
mod emergency;
mod nanp;
mod own;
mod place;
mod regions;
mod written;

use model::{Caller, Country};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, enums::Region};

pub use destination::Destination;
pub use own::OwnNumber;
pub use written::{MAX_TEXT, NotADestination};

/// Reads numbers with the country of this installation in mind.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numbers {
    /// For numbers written without a country.
    country: Option<Region>,
}

impl Numbers {
    /// `country` is ISO 3166-1 alpha-2, such as `SK`; unknown ones are `None`.
    pub fn new(country: &str) -> Option<Self> {
        let country = country.parse().ok()?;
        PHONE_NUMBER_UTIL.get_country_code_for_region(country)?;
        Some(Self {
            country: Some(country),
        })
    }

    /// Reads the tables now, which takes some 30 ms, so that no call has to wait for it.
    pub fn warm(self) {
        for number in ["+421255550100", "+12125550100"] {
            if let Ok(Destination::Number(number)) = self.destination(number) {
                Self::place(number);
            }
        }
    }

    /// The caller with both texts made safe, and the number as E.164 where it can be read as one.
    pub fn caller(self, number: &str, name: &str) -> Caller {
        let mut caller = Caller::new(number, name);
        caller.e164 = self.e164(&caller.number);
        caller
    }

    /// `+` and digits, or nothing for extensions, withheld and malformed numbers.
    pub fn e164(self, number: &str) -> Option<String> {
        let parsed = PHONE_NUMBER_UTIL.parse(number, self.country).ok()?;
        PHONE_NUMBER_UTIL
            .is_possible_number(&parsed)
            .then(|| parsed.format_as(PhoneNumberFormat::E164).into_owned())
    }

    /// Without one, a number without a country code is read as one of the United States.
    pub(crate) fn has_country(self) -> bool {
        self.country.is_some()
    }

    /// The country that a number without a country code is read in.
    fn home(self) -> Region {
        self.country.unwrap_or(Region::US)
    }
}

/// Nothing for numbers that belong to the world, such as satellite phones.
fn country(region: Region) -> Option<Country> {
    Country::new(&region.as_region_str())
}

#[cfg(test)]
mod against_library;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_person_has_one_number_however_it_is_written() {
        let numbers = Numbers::new("US").unwrap();
        for written in [
            "+1 202 555 0147",
            "2025550147",
            "1-202-555-0147",
            "(202) 555-0147",
        ] {
            assert_eq!(
                numbers.e164(written).as_deref(),
                Some("+12025550147"),
                "{written}"
            );
        }
    }

    #[test]
    fn what_is_no_number_stays_text() {
        let numbers = Numbers::default();
        for text in [
            "",
            "anonymous",
            "101",
            "5550147",
            "+",
            "sip:eve@example.org",
        ] {
            assert_eq!(numbers.e164(text), None, "{text}");
        }
        for country in ["Atlantis", "XX", "001", ""] {
            assert!(Numbers::new(country).is_none(), "{country}");
        }
    }
}
