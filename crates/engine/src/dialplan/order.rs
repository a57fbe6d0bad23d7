//! Whether a number fits a pattern, and which of two patterns comes first: as Asterisk's `main/pbx.c` has it.

use std::cmp::Ordering;

use model::{Pattern, Rest, Symbols};

/// Why a number does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// Something else stands at this place, counted from 1.
    Differs(usize),
    /// It ends before the pattern does.
    TooShort,
    /// It goes on behind the pattern's end.
    TooLong,
}

pub(super) fn fits(pattern: &Pattern, dialled: &str) -> Result<(), Misfit> {
    let places = pattern.places();
    let mut symbols = dialled.chars();
    for (at, place) in places.iter().enumerate() {
        match symbols.next() {
            None => return Err(Misfit::TooShort),
            Some(symbol) if !place.has(symbol) => return Err(Misfit::Differs(at + 1)),
            Some(_) => {}
        }
    }
    match (pattern.rest(), symbols.next()) {
        (Rest::Some, None) => Err(Misfit::TooShort),
        (Rest::Nothing, Some(_)) => Err(Misfit::TooLong),
        _ => Ok(()),
    }
}

/// Exact digits come first. Of two patterns the first place at which they differ decides: fewer symbols before more, then the one with the
/// lower symbol; any symbol before `.`, `.` before `!`, and `!` before the end.
pub(super) fn compare(one: &Pattern, other: &Pattern) -> Ordering {
    if one.is_exact() || other.is_exact() {
        return other.is_exact().cmp(&one.is_exact());
    }
    let rank = |pattern: &Pattern, at: usize| match pattern.places().get(at) {
        Some(place) => rank_of(*place),
        None => (end_rank(pattern.rest()), 0, 0),
    };
    let longest = one.places().len().max(other.places().len());
    (0..=longest)
        .map(|at| rank(one, at).cmp(&rank(other, at)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Lower comes first. Of sets with as many symbols and the same lowest one, that which has the next lower one.
fn rank_of(place: Symbols) -> (u32, u32, u128) {
    (place.count(), place.lowest(), u128::MAX - place.bits())
}

/// Behind every set of symbols.
fn end_rank(rest: Rest) -> u32 {
    match rest {
        Rest::Some => 1_000,
        Rest::Any => 2_000,
        Rest::Nothing => 3_000,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_fit_as_in_asterisk() {
        let fit = |text: &str, dialled: &str| fits(&pattern(text), dialled);
        for (text, dialled) in [
            ("112", "112"),
            ("_X.", "11"),
            ("_X!", "1"),
            ("_X!", "123"),
            ("_NXX", "201"),
            ("_[13-5]Z", "41"),
            ("_+X.", "+421"),
            ("_*X.", "*97#"),
        ] {
            assert_eq!(fit(text, dialled), Ok(()), "{text} {dialled}");
        }
        for (text, dialled, why) in [
            ("112", "11", Misfit::TooShort),
            ("112", "1121", Misfit::TooLong),
            ("112", "113", Misfit::Differs(3)),
            ("_X.", "1", Misfit::TooShort),
            ("_NXX", "101", Misfit::Differs(1)),
            ("_[13-5]Z", "21", Misfit::Differs(1)),
            ("_[13-5]Z", "40", Misfit::Differs(2)),
            ("_X.", "+421", Misfit::Differs(1)),
            ("_X!", "", Misfit::TooShort),
        ] {
            assert_eq!(fit(text, dialled), Err(why), "{text} {dialled}");
        }
    }

    /// The order in which Asterisk shows them, too: a test with a real one is in the lab.
    #[test]
    fn the_more_specific_comes_first() {
        let sorted = [
            "112", "_01XX", "_0[12]X", "_0[13]X", "_0NXX", "_0Z.", "_0X", "_0XX", "_0.", "_0!",
            "_[1-3]X", "_[1-3]!", "_NXX", "_ZXX", "_XXXX.", "_XXXX!", "_XXXX", "_X.", "_X!",
        ];
        let mut all: Vec<Pattern> = sorted.iter().rev().map(|text| pattern(text)).collect();
        all.sort_by(compare);
        let shown: Vec<_> = all.iter().map(Pattern::as_str).collect();
        // What ends comes behind what goes on.
        let mut expected = sorted.to_vec();
        expected.swap(6, 7);
        assert_eq!(shown, expected);
    }

    proptest! {
        #[test]
        fn it_is_an_order(texts in prop::collection::vec("_([XZN0-3]|\\[0-[3-5]\\]){1,4}[X.!]", 3)) {
            let all: Vec<Pattern> = texts.iter().map(|text| pattern(text)).collect();
            let [a, b, c] = all.as_slice() else { return Ok(()) };
            prop_assert_eq!(compare(a, b), compare(b, a).reverse());
            if compare(a, b).is_le() && compare(b, c).is_le() {
                prop_assert!(compare(a, c).is_le());
            }
            prop_assert_eq!(compare(a, b).is_eq(), a.is_same(b));
        }
    }
}
