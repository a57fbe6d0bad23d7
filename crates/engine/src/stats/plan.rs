//! Numbers as a site dials them: what stands before a number, and the number behind it.
//!
//! A plan is rules, not metadata: it is asked for every row. What it says can be said back: a [`Form`] and a number give the
//! text that was dialled, so that a count of different texts is a count of different (form, number) pairs.

use model::E164;

/// The longest text that is taken for a number.
const MAX_DIGITS: usize = 24;

/// How a site writes numbers. Every list is tried in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberPlan {
    /// Digits for an outside line, such as `9`. A number that makes no sense behind them is read as it stands.
    pub outside: Vec<String>,
    /// What stands before a country code, such as `00` or `011`; `+` always does.
    pub international: Vec<String>,
    /// What stands before a number of the own country, such as `0`, or `1` in North America; it is not part of the number.
    pub national: Option<String>,
    /// The own country's calling code. Without it, numbers without a country code are only texts.
    pub calling_code: Option<u16>,
    /// How many digits a number of the own country has, its area code included: shortest and longest.
    pub national_digits: (u8, u8),
    /// Numbers of people in the house.
    pub internal: Vec<Pattern>,
}

impl Default for NumberPlan {
    /// Four digits are internal; 00, 011 or + stand before a country code, or nothing.
    fn default() -> Self {
        Self {
            outside: Vec::new(),
            international: vec!["00".to_owned(), "011".to_owned()],
            national: None,
            calling_code: None,
            national_digits: (7, 11),
            internal: vec![Pattern::new("XXXX").expect("a pattern")],
        }
    }
}

/// How a number was written: which of the plan's rules led to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Form {
    /// 0: no outside line; else the rule's place in the list, from 1.
    outside: u8,
    /// 0: `+`; 1: nothing before the country code; 2: national prefix; 3: as dialled at home; from 4: international prefixes.
    before: u8,
}

const PLUS: u8 = 0;
const BARE: u8 = 1;
const NATIONAL: u8 = 2;
const HOME: u8 = 3;
const INTERNATIONAL: u8 = 4;

impl Form {
    /// Of what is no number, and needs no plan to be said back.
    pub const AS_IS: Self = Self {
        outside: 15,
        before: 15,
    };

    /// One byte for each of the plan's forms.
    pub fn code(self) -> u8 {
        self.outside << 4 | self.before
    }
}

/// What was dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialled<'a> {
    Internal(&'a str),
    Number(Form, E164),
    /// No number of this plan: `s`, `h`, `*97`, a service.
    Text(&'a str),
}

impl NumberPlan {
    /// Reads a `dst`, a `src`, or a number that somebody looks for.
    pub fn read<'a>(&self, dialled: &'a str) -> Dialled<'a> {
        if self.internal.iter().any(|pattern| pattern.matches(dialled)) {
            return Dialled::Internal(dialled);
        }
        let mut digits = [0; MAX_DIGITS];
        let Some((plus, digits)) = digits_of(dialled, &mut digits) else {
            return Dialled::Text(dialled);
        };
        let found = if plus {
            e164(digits).map(|number| {
                (
                    Form {
                        outside: 0,
                        before: PLUS,
                    },
                    number,
                )
            })
        } else {
            self.number(digits)
        };
        found.map_or(Dialled::Text(dialled), |(form, number)| {
            Dialled::Number(form, number)
        })
    }

    fn number(&self, digits: &str) -> Option<(Form, E164)> {
        let behind = |(outside, prefix): (u8, &String)| {
            let rest = digits.strip_prefix(prefix.as_str())?;
            let (before, number) = self.without_outside(rest)?;
            Some((Form { outside, before }, number))
        };
        let outside = (1..15).zip(&self.outside).find_map(behind);
        outside.or_else(|| {
            let (before, number) = self.without_outside(digits)?;
            Some((Form { outside: 0, before }, number))
        })
    }

    fn without_outside(&self, digits: &str) -> Option<(u8, E164)> {
        for (rule, prefix) in (INTERNATIONAL..15).zip(&self.international) {
            if let Some(number) = digits.strip_prefix(prefix.as_str()).and_then(e164) {
                return Some((rule, number));
            }
        }
        let Some(calling_code) = self.calling_code else {
            return e164(digits).map(|number| (BARE, number));
        };
        if let Some(rest) = self
            .national
            .as_ref()
            .and_then(|it| digits.strip_prefix(it.as_str()))
            && let Some(number) = self.at_home(calling_code, rest)
        {
            return Some((NATIONAL, number));
        }
        if let Some(number) = self.at_home(calling_code, digits) {
            return Some((HOME, number));
        }
        e164(digits).map(|number| (BARE, number))
    }

    fn at_home(&self, calling_code: u16, national: &str) -> Option<E164> {
        let (shortest, longest) = self.national_digits;
        let length = u8::try_from(national.len()).ok()?;
        if !(shortest..=longest).contains(&length) || national.starts_with('0') {
            return None;
        }
        let digits: u64 = national.parse().ok()?;
        E164::from_digits(u64::from(calling_code) * 10u64.pow(length.into()) + digits)
    }

    /// The text that [`NumberPlan::read`] reads as this; nothing for a form that is not of this plan.
    pub fn write(&self, form: Form, number: E164) -> Option<String> {
        let outside = match form.outside.checked_sub(1) {
            Some(rule) => self.outside.get(usize::from(rule))?,
            None => "",
        };
        let all = number.digits().to_string();
        let national = || all.strip_prefix(&self.calling_code?.to_string());
        Some(match form.before {
            PLUS => format!("+{all}"),
            BARE => format!("{outside}{all}"),
            NATIONAL => format!("{outside}{}{}", self.national.as_ref()?, national()?),
            HOME => format!("{outside}{}", national()?),
            rule => {
                let prefix = self.international.get(usize::from(rule - INTERNATIONAL))?;
                format!("{outside}{prefix}{all}")
            }
        })
    }
}

/// Eight to fifteen digits, the first not 0: shorter ones are services and extensions (ITU-T E.164 §6.2 bounds the longest).
fn e164(digits: &str) -> Option<E164> {
    if !(8..=15).contains(&digits.len()) || digits.starts_with('0') {
        return None;
    }
    E164::from_digits(digits.parse().ok()?)
}

/// The digits of `text` without what people put between them, and whether a `+` stood before them.
fn digits_of<'b>(text: &str, buffer: &'b mut [u8; MAX_DIGITS]) -> Option<(bool, &'b str)> {
    let (plus, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut length = 0;
    for byte in rest.bytes() {
        match byte {
            b'0'..=b'9' => {
                *buffer.get_mut(length)? = byte;
                length += 1;
            }
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' => {}
            _ => return None,
        }
    }
    let digits = std::str::from_utf8(&buffer[..length]).ok()?;
    (!digits.is_empty()).then_some((plus, digits))
}

/// An Asterisk extension pattern without its `_`: digits, `X` (0–9), `Z` (1–9), `N` (2–9), and `.` for one or more of anything
/// at the end. Or a range of numbers of the same length: `2000-3999`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    Marks(Vec<Mark>, Rest),
    Range {
        first: u64,
        last: u64,
        length: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Digit(u8),
    From(u8),
}

/// What may follow the last mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    Nothing,
    Anything,
}

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no pattern: write digits, X, Z or N for a digit, a '.' at the end for the rest; or a range such as 2000-3999"
)]
pub struct NotAPattern;

impl Pattern {
    pub fn new(text: &str) -> Result<Self, NotAPattern> {
        let text = text.trim().trim_start_matches('_');
        if text.is_empty() || text.len() > MAX_DIGITS * 2 {
            return Err(NotAPattern);
        }
        if let Some((first, last)) = text.split_once('-') {
            let (first, last) = (first.trim(), last.trim());
            let number = |text: &str| {
                let digits = text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
                digits
                    .then(|| text.parse::<u64>().ok())
                    .flatten()
                    .ok_or(NotAPattern)
            };
            let range = Self::Range {
                first: number(first)?,
                last: number(last)?,
                length: first.len(),
            };
            return (first.len() == last.len() && first <= last)
                .then_some(range)
                .ok_or(NotAPattern);
        }
        let (marks, rest) = match text.strip_suffix('.') {
            Some(marks) => (marks, Rest::Anything),
            None => (text, Rest::Nothing),
        };
        let mark = |byte| match byte {
            b'0'..=b'9' => Ok(Mark::Digit(byte)),
            b'X' | b'x' => Ok(Mark::From(b'0')),
            b'Z' | b'z' => Ok(Mark::From(b'1')),
            b'N' | b'n' => Ok(Mark::From(b'2')),
            _ => Err(NotAPattern),
        };
        let marks = marks.bytes().map(mark).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::Marks(marks, rest))
    }

    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Range {
                first,
                last,
                length,
            } => {
                text.len() == *length
                    && text.bytes().all(|byte| byte.is_ascii_digit())
                    && text
                        .parse()
                        .is_ok_and(|number| (*first..=*last).contains(&number))
            }
            Self::Marks(marks, rest) => {
                let long_enough = match rest {
                    Rest::Nothing => text.len() == marks.len(),
                    Rest::Anything => text.len() > marks.len(),
                };
                let fits = |(mark, byte): (&Mark, u8)| match mark {
                    Mark::Digit(digit) => byte == *digit,
                    Mark::From(least) => (*least..=b'9').contains(&byte),
                };
                long_enough && marks.iter().zip(text.bytes()).all(fits)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn slovak() -> NumberPlan {
        NumberPlan {
            outside: vec!["9".to_owned()],
            national: Some("0".to_owned()),
            calling_code: Some(421),
            national_digits: (9, 9),
            ..NumberPlan::default()
        }
    }

    fn number(plan: &NumberPlan, dialled: &str) -> Option<String> {
        match plan.read(dialled) {
            Dialled::Number(_, number) => Some(number.to_string()),
            _ => None,
        }
    }

    #[test]
    fn one_person_is_one_destination_however_dialled() {
        for dialled in [
            "00421255550100",
            "+421255550100",
            "9-011-421255550100",
            "9011421255550100",
            "900421255550100",
            "0255550100",
            "90255550100",
            "255550100",
            "421255550100",
            "+421 2 5555 0100",
        ] {
            let read = number(&slovak(), dialled);
            assert_eq!(read.as_deref(), Some("+421255550100"), "{dialled}");
        }
    }

    #[test]
    fn north_america_dials_with_and_without_its_one() {
        let plan = NumberPlan {
            national: Some("1".to_owned()),
            calling_code: Some(1),
            national_digits: (10, 10),
            ..NumberPlan::default()
        };
        for dialled in [
            "2025550147",
            "12025550147",
            "+12025550147",
            "01112025550147",
        ] {
            assert_eq!(
                number(&plan, dialled).as_deref(),
                Some("+12025550147"),
                "{dialled}"
            );
        }
    }

    #[test]
    fn what_is_no_number_stays_what_it_is() {
        let plan = slovak();
        for text in [
            "",
            "s",
            "h",
            "*97",
            "112",
            "+",
            "2'; DROP TABLE cdr",
            "00",
            "٠٠٤٢١٢٥٥٥٥٠١٠٠",
        ] {
            assert_eq!(plan.read(text), Dialled::Text(text), "{text}");
        }
        let long = "1".repeat(300);
        assert_eq!(plan.read(&long), Dialled::Text(&long));
        assert_eq!(plan.read("2001"), Dialled::Internal("2001"));
    }

    #[test]
    fn patterns_are_asterisks() {
        let fits = |pattern, text| Pattern::new(pattern).unwrap().matches(text);
        assert!(fits("XXXX", "2001") && !fits("XXXX", "20011") && !fits("XXXX", "200"));
        assert!(fits("_2XX.", "20011") && !fits("_2XX.", "200"));
        assert!(fits("NZX", "219") && !fits("NZX", "119") && !fits("NZX", "209"));
        assert!(fits("2000-3999", "2000") && fits("2000-3999", "3999"));
        assert!(
            !fits("2000-3999", "4000")
                && !fits("2000-3999", "02000")
                && !fits("2000-3999", "+2000")
        );
        for wrong in [
            "",
            "_",
            "20-1",
            "30-20",
            "a",
            "2.1",
            "1-",
            "x-y",
            "99999999999999999999-99999999999999999999",
        ] {
            assert!(Pattern::new(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_was_dialled_can_be_said_back(digits in "9?(00|011|0|)[1-9][0-9]{7,14}", plus: bool) {
            let dialled = if plus { format!("+{digits}") } else { digits };
            for plan in [slovak(), NumberPlan::default()] {
                if let Dialled::Number(form, number) = plan.read(&dialled) {
                    prop_assert_eq!(plan.write(form, number), Some(dialled.clone()));
                }
            }
        }

        #[test]
        fn nothing_that_is_dialled_breaks_it(text in ".{0,40}") {
            slovak().read(&text);
            if let Ok(pattern) = Pattern::new(&text) {
                pattern.matches(&text);
            }
        }
    }
}
