//! Phone numbers as values: E.164 digits, and where in the world they belong.
//!
//! Reading what people type, and knowing the numbering plans, is not done here: it needs metadata.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::{PartialSchema, ToSchema};

/// Up to 18 decimal digits with their leading zeros: an area code, a prefix, a national number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digits {
    length: u8,
    value: u64,
}

impl Digits {
    pub const MAX: usize = 18;

    /// Nothing for other characters, or more than [`Digits::MAX`] of them.
    pub fn new(text: &str) -> Option<Self> {
        if text.len() > Self::MAX || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            length: u8::try_from(text.len()).ok()?,
            value: text
                .bytes()
                .fold(0, |value, byte| value * 10 + u64::from(byte - b'0')),
        })
    }

    /// `value` written with `length` digits, zeros in front; nothing if it needs more, or over [`Digits::MAX`].
    pub fn padded(value: u64, length: u8) -> Option<Self> {
        let fits = usize::from(length) <= Self::MAX && value < 10u64.pow(length.into());
        fits.then_some(Self { length, value })
    }

    /// The digits as a number, without leading zeros.
    pub fn value(self) -> u64 {
        self.value
    }

    /// How many zeros stand before the first other digit.
    pub fn leading_zeros(self) -> u8 {
        let significant = self.value.checked_ilog10().map_or(0, |log| log + 1);
        self.length - u8::try_from(significant).unwrap_or(self.length)
    }

    pub fn len(self) -> u8 {
        self.length
    }

    pub fn is_empty(self) -> bool {
        self.length == 0
    }

    /// The first `length` digits; all of them if there are fewer.
    #[must_use]
    pub fn first(self, length: u8) -> Self {
        let cut = self.length.saturating_sub(length);
        Self {
            length: self.length - cut,
            value: self.value / 10u64.pow(u32::from(cut)),
        }
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.length == 0 {
            return Ok(());
        }
        write!(
            f,
            "{:0width$}",
            self.value,
            width = usize::from(self.length)
        )
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digits({self})")
    }
}

/// A number of the public network (ITU-T E.164): at most 15 digits, the first of them not 0. On the wire: `+12025550147`; in a format
/// that is not for people, the digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(u64);

impl E164 {
    /// The digits as a number, country code first.
    pub fn digits(self) -> u64 {
        self.0
    }

    /// From the digits as a number; nothing over 15 digits.
    pub fn from_digits(digits: u64) -> Option<Self> {
        (digits > 0 && digits < 10u64.pow(15)).then_some(Self(digits))
    }
}

impl FromStr for E164 {
    type Err = NotE164;

    fn from_str(text: &str) -> Result<Self, NotE164> {
        let digits = text.strip_prefix('+').ok_or(NotE164)?;
        if digits.starts_with('0') || digits.is_empty() {
            return Err(NotE164);
        }
        let digits = Digits::new(digits).ok_or(NotE164)?;
        Self::from_digits(digits.value).ok_or(NotE164)
    }
}

/// A text that is not `+` and 1 to 15 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an E.164 number: write + and up to 15 digits, country code first")]
pub struct NotE164;

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for E164 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for E164 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let digits = u64::deserialize(deserializer)?;
            return Self::from_digits(digits).ok_or_else(|| D::Error::custom(NotE164));
        }
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl PartialSchema for E164 {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(r"^\+[1-9][0-9]{0,14}$"))
            .into()
    }
}

impl ToSchema for E164 {}

/// A country by its ISO 3166-1 alpha-2 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// `SK`; nothing that is not two capital letters.
    pub fn new(code: &str) -> Option<Self> {
        let code: [u8; 2] = code.as_bytes().try_into().ok()?;
        code.iter()
            .all(u8::is_ascii_uppercase)
            .then_some(Self(code))
    }

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Where a number belongs, as its numbering plan tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    pub country: Option<Country>,
    /// State, province or town.
    pub region: Option<Arc<str>>,
    /// The geographical area code; nothing where numbers have none, as most mobile numbers.
    pub area_code: Option<Digits>,
    /// The national significant number: the digits behind the country code.
    pub national: Digits,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn digits_keep_their_leading_zeros() {
        let digits = Digits::new("0042").unwrap();
        assert_eq!(digits.to_string(), "0042");
        assert_eq!(digits.first(3).to_string(), "004");
        assert_eq!(digits.first(9), digits);
        assert_ne!(Digits::new("42"), Digits::new("042"));
        assert_eq!(Digits::new("").unwrap().to_string(), "");
        assert_eq!(Digits::new("9".repeat(18).as_str()).unwrap().len(), 18);
        assert_eq!(Digits::padded(42, 4), Digits::new("0042"));
        assert_eq!(Digits::padded(42, 1), None);
        assert_eq!(Digits::padded(0, 19), None);
        for (text, zeros) in [("", 0), ("0", 1), ("000", 3), ("0042", 2), ("420", 0)] {
            assert_eq!(Digits::new(text).unwrap().leading_zeros(), zeros, "{text}");
        }
        for bad in ["1".repeat(19).as_str(), "4a", "٤٢", "+1", " 1"] {
            assert_eq!(Digits::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn e164_is_read_strictly() {
        let number: E164 = "+12025550147".parse().unwrap();
        assert_eq!(number.to_string(), "+12025550147");
        assert_eq!(E164::from_digits(number.digits()), Some(number));
        for bad in [
            "",
            "+",
            "12025550147",
            "+012",
            "+1202555014712345",
            "+1 202",
            "+٤٢",
        ] {
            assert_eq!(bad.parse::<E164>(), Err(NotE164), "{bad}");
        }
    }

    #[test]
    fn a_country_is_two_capital_letters() {
        assert_eq!(Country::new("SK").unwrap().code(), "SK");
        for bad in ["sk", "S", "SVK", "", "Š"] {
            assert_eq!(Country::new(bad), None, "{bad}");
        }
    }
}
