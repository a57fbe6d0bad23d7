//! A site's own table of countries: what numbers begin with, and what that is called there.

use std::collections::BTreeMap;

use model::E164;

use super::destinations::Place;

/// No number has more digits.
const MAX_DIGITS: u32 = 15;

/// The longest entry that a number begins with says where it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Countries {
    places: BTreeMap<u64, Place>,
}

impl Countries {
    /// Entries of code and name as the table has them; a code may begin with `+` or zeros. What is no code is left out.
    pub fn new(entries: impl IntoIterator<Item = (String, String)>) -> Self {
        let place = |(code, name): (String, String)| {
            let digits = code.trim().trim_start_matches('+').trim_start_matches('0');
            let is_code = digits.len() <= MAX_DIGITS as usize
                && digits.bytes().all(|byte| byte.is_ascii_digit());
            let prefix = digits.parse().ok().filter(|_| is_code)?;
            let (code, name) = (code.trim().into(), name.trim().into());
            Some((prefix, Place { code, name }))
        };
        Self {
            places: entries.into_iter().filter_map(place).collect(),
        }
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Nothing for a number that begins with none of the entries.
    pub fn place(&self, number: E164) -> Option<&Place> {
        let mut prefix = number.digits();
        while prefix > 0 {
            if let Some(place) = self.places.get(&prefix) {
                return Some(place);
            }
            prefix /= 10;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_longest_entry_says_where_a_number_is() {
        let table = [
            ("1", "North America"),
            ("+1242", "Bahamas"),
            ("00421", "Slovensko"),
            ("x", "nowhere"),
            ("", "nothing"),
            ("12345678901234567890", "too long"),
        ];
        let table = table.map(|(code, name)| (code.to_owned(), name.to_owned()));
        let countries = Countries::new(table);
        assert_eq!(countries.len(), 3);
        let named = |digits| {
            let place = countries.place(E164::from_digits(digits).unwrap());
            place.map(|place| (&*place.code, &*place.name))
        };
        assert_eq!(named(12_025_550_101), Some(("1", "North America")));
        assert_eq!(named(12_425_550_101), Some(("+1242", "Bahamas")));
        assert_eq!(named(421_255_550_101), Some(("00421", "Slovensko")));
        assert_eq!(named(442_079_460_123), None);
    }
}
