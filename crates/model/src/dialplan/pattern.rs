//! What a rule of the dialplan is for: exact digits, or a pattern as Asterisk has them.
//!
//! A pattern is read once, into what may stand at each place; nothing of its text is ever given to Asterisk.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::{PartialSchema, ToSchema};

use crate::{check::bounded, checked_dialable};

/// What is dialled: `112`, or with `_` in front `_0ZXXXXXXXX`, `_00.`, `_[2-5]XX!`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: String,
    places: Vec<Symbols>,
    rest: Rest,
    is_exact: bool,
}

/// What may stand at one place: some of the digits, `*`, `#` and `+`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Symbols(u128);

/// What may follow the places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rest {
    Nothing,
    /// `.`: at least one more.
    Some,
    /// `!`: anything, or nothing.
    Any,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPattern(String);

/// The longest text.
const MAX_TEXT: usize = 80;
/// The most places: nothing longer is dialled.
const MAX_PLACES: usize = 40;

impl Pattern {
    /// What may stand at each place, from the first on.
    pub fn places(&self) -> &[Symbols] {
        &self.places
    }

    pub fn rest(&self) -> Rest {
        self.rest
    }

    /// It stands for one number alone.
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// How many symbols are dialled at least.
    pub fn least(&self) -> usize {
        self.places.len() + usize::from(self.rest == Rest::Some)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether both stand for the same, however they are written: `_[1-3]X` and `_[123]X`.
    pub fn is_same(&self, other: &Self) -> bool {
        self.places == other.places && self.rest == other.rest && self.is_exact == other.is_exact
    }

    fn exact(text: &str) -> Result<Self, BadPattern> {
        checked_dialable("pattern", text)
            .map_err(|bad| BadPattern(format!("{}; a pattern begins with '_'", bad.problem)))?;
        let places: Vec<_> = text.chars().map(Symbols::one).collect();
        Self::of(text, places, Rest::Nothing, true)
    }

    fn read(text: &str, body: &str) -> Result<Self, BadPattern> {
        let mut places = Vec::new();
        let mut rest = Rest::Nothing;
        let mut left = body;
        while let Some(first) = left.chars().next() {
            if rest != Rest::Nothing {
                return Err(BadPattern("has something behind '.' or '!'".to_owned()));
            }
            left = &left[first.len_utf8()..];
            match first {
                '.' => rest = Rest::Some,
                '!' => rest = Rest::Any,
                '[' => {
                    let (set, after) = left
                        .split_once(']')
                        .ok_or_else(|| BadPattern("has a '[' without its ']'".to_owned()))?;
                    places.push(Symbols::set(set)?);
                    left = after;
                }
                _ => places.push(Symbols::read(first)?),
            }
        }
        let many = |it: &Symbols| it.count() > 1;
        if rest == Rest::Nothing && !places.iter().any(many) {
            let problem = "stands for one number alone: write it without '_'";
            return Err(BadPattern(problem.to_owned()));
        }
        if places.is_empty() {
            let problem = "stands for everything, whatever it is; say how it begins, such as _X.";
            return Err(BadPattern(problem.to_owned()));
        }
        Self::of(text, places, rest, false)
    }

    fn of(
        text: &str,
        places: Vec<Symbols>,
        rest: Rest,
        is_exact: bool,
    ) -> Result<Self, BadPattern> {
        if places.len() > MAX_PLACES {
            let problem = format!("has {} places; the limit is {MAX_PLACES}", places.len());
            return Err(BadPattern(problem));
        }
        let text = text.to_owned();
        Ok(Self {
            text,
            places,
            rest,
            is_exact,
        })
    }
}

impl Symbols {
    /// ASCII's first is the highest bit, so that sets compare as Asterisk compares them.
    fn one(symbol: char) -> Self {
        Self(1 << (127 - (symbol as u32 & 127)))
    }

    fn span(first: char, last: char) -> Self {
        Self((first..=last).fold(0, |set, symbol| set | Self::one(symbol).0))
    }

    fn read(symbol: char) -> Result<Self, BadPattern> {
        match symbol.to_ascii_uppercase() {
            'X' => Ok(Self::span('0', '9')),
            'Z' => Ok(Self::span('1', '9')),
            'N' => Ok(Self::span('2', '9')),
            _ if is_dialled(symbol) => Ok(Self::one(symbol)),
            _ => Err(BadPattern(format!(
                "has {symbol:?}; use digits, '*', '#', '+', X, Z, N, [ ], and '.' or '!' at the end"
            ))),
        }
    }

    /// What stands in brackets: single ones, and ranges of digits.
    fn set(text: &str) -> Result<Self, BadPattern> {
        let bad = || BadPattern(format!("has [{text}], which is no set such as [13-5]"));
        let symbols: Vec<char> = text.chars().collect();
        let mut set = 0;
        let mut left = symbols.as_slice();
        loop {
            left = match left {
                [] if set == 0 => return Err(bad()),
                [] => return Ok(Self(set)),
                [first, '-', last, after @ ..]
                    if first.is_ascii_digit() && last.is_ascii_digit() && first <= last =>
                {
                    set |= Self::span(*first, *last).0;
                    after
                }
                [one, after @ ..] if is_dialled(*one) && after.first() != Some(&'-') => {
                    set |= Self::one(*one).0;
                    after
                }
                _ => return Err(bad()),
            }
        }
    }

    pub fn has(self, symbol: char) -> bool {
        symbol.is_ascii() && self.0 & Self::one(symbol).0 != 0
    }

    pub fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// The lowest of them, in the order of ASCII.
    pub fn lowest(self) -> u32 {
        self.0.leading_zeros()
    }

    /// All of them as bits, the lowest symbol the highest bit.
    pub fn bits(self) -> u128 {
        self.0
    }
}

fn is_dialled(symbol: char) -> bool {
    symbol.is_ascii_digit() || matches!(symbol, '*' | '#' | '+')
}

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        bounded("pattern", text, 1, MAX_TEXT).map_err(|bad| BadPattern(bad.problem))?;
        match text.strip_prefix('_') {
            Some(body) => Self::read(text, body),
            None => Self::exact(text),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({})", self.text)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read: Result<Self, _> = text.parse();
        read.map_err(|bad| D::Error::custom(format!("the pattern {bad}")))
    }
}

impl PartialSchema for Pattern {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .max_length(Some(MAX_TEXT))
            .description(Some(
                "What is dialled: `112`, or a pattern such as `_0ZXXXXXXXX`, `_00.`, `_[2-5]XX!`.",
            ))
            .into()
    }
}

impl ToSchema for Pattern {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patterns_are_read() {
        for good in [
            "112",
            "*97",
            "+4215550100",
            "_X.",
            "_0ZXXXXXXXX",
            "_00.",
            "_[2-5]XX!",
            "_+X.",
            "_[13-5*]x",
            "_nXX",
            "_5.",
        ] {
            let pattern: Pattern = good.parse().unwrap();
            assert_eq!(pattern.to_string(), good);
            assert_eq!(pattern.is_exact(), !good.starts_with('_'));
        }
        let least = |text: &str| text.parse::<Pattern>().unwrap().least();
        assert_eq!((least("112"), least("_X."), least("_XX!")), (3, 2, 2));
        let same = |one: &str, other: &str| {
            let (one, other): (Pattern, Pattern) = (one.parse().unwrap(), other.parse().unwrap());
            one.is_same(&other)
        };
        assert!(same("_[1-3]X", "_[321]X") && same("_x.", "_X.") && !same("_X.", "_X!"));
    }

    #[test]
    fn what_is_none_is_refused() {
        let long = format!("_{}", "X".repeat(200));
        let wide = format!("_{}", "X".repeat(41));
        for bad in [
            "",
            "_",
            "_.",
            "_!",
            "_X!X",
            "_X.X",
            "_[",
            "_[]X",
            "_[1-]X",
            "_[5-2]X",
            "_[a]X",
            "_[1-3",
            "_X]",
            &long,
            &wide,
            "_12",
            "s",
            "h",
            "i",
            "${EXTEN}",
            "_${EXTEN}",
            "101,1,System(x)",
            "101\n",
            "1-2",
            "_1-X",
            "_X/5",
            "1+2",
            "_Xé",
            "_[1X]",
        ] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad:?}");
        }
    }
}
