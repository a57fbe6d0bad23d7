//! One of our own numbers, as an import or a form gives it.

use model::{CallerId, CallerIdKey, Digits, E164, Invalid, Timestamp};

use super::Numbers;
use super::written::Written;

/// What is known of a number that we may present; the fields of [`model::CallerId`] of the same names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnNumber {
    /// As it was given, without what stands between the digits.
    pub number: String,
    pub e164: E164,
    pub country: Option<String>,
    pub calling_code: Option<u16>,
    pub region: Option<String>,
    pub area_code: Option<String>,
}

impl OwnNumber {
    /// The number with the usual caps. Nobody vouches for it yet.
    pub fn into_caller_id(self, id: CallerIdKey, at: Timestamp) -> CallerId {
        CallerId {
            country: self.country,
            calling_code: self.calling_code,
            region: self.region,
            area_code: self.area_code,
            ..CallerId::new(id, &self.number, self.e164, at)
        }
    }
}

impl Numbers {
    /// Reads `text` like a destination, but for extensions, which a caller ID cannot have. `area_code` is the
    /// administrator's word against the numbering plan's; an empty one says nothing.
    pub fn caller_id(self, text: &str, area_code: Option<&str>) -> Result<OwnNumber, Invalid> {
        let refused = |why: String| Invalid::new("number", why);
        let written = Written::read(text).map_err(|why| refused(why.to_string()))?;
        if self.is_emergency(written.digits) {
            return Err(refused("is an emergency number".to_owned()));
        }
        let e164 = self
            .number(written)
            .map_err(|why| refused(why.to_string()))?;
        let place = Self::place(e164);
        let said = area_code.map(str::trim).filter(|code| !code.is_empty());
        Ok(OwnNumber {
            number: format!("{}{}", if written.plus { "+" } else { "" }, written.digits),
            e164,
            country: place.country.map(|country| country.to_string()),
            calling_code: Self::calling_code(e164),
            region: place.region.map(|region| region.as_ref().to_owned()),
            area_code: match said {
                Some(code) => Some(checked_area_code(code)?.to_string()),
                None => place.area_code.map(|code| code.to_string()),
            },
        })
    }
}

fn checked_area_code(code: &str) -> Result<Digits, Invalid> {
    Digits::new(code)
        .filter(|digits| (1..=8).contains(&digits.len()))
        .ok_or_else(|| Invalid::new("area_code", "is not 1 to 8 digits"))
}
