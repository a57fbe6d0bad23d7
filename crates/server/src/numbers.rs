//! Phone numbers as the network writes them, and as E.164.

use model::Caller;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, enums::Region};

/// Reads numbers with the country of this installation in mind.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numbers {
    /// For numbers written without a country.
    country: Option<Region>,
}

impl Numbers {
    /// `country` is ISO 3166-1 alpha-2, such as `SK`; unknown ones are `None`.
    pub fn new(country: &str) -> Option<Self> {
        let country = Some(country.parse().ok()?);
        Some(Self { country })
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
}

#[cfg(test)]
mod tests {
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
        assert!(Numbers::new("Atlantis").is_none());
    }
}
