//! What people and dialplans write for a number, down to its digits.

use model::{Country, Digits};

/// The longest text that is looked at, in characters.
pub const MAX_TEXT: usize = 64;

/// The fewest digits that are taken without knowing the number.
pub(super) const MIN_DIGITS: u8 = 10;

/// Why a text is no number that can be called. Each reads on from the name of the parameter: `to has …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotADestination {
    #[error("has no digits")]
    Empty,
    #[error("is longer than {MAX_TEXT} characters")]
    TooLong,
    #[error("has the letter {0:?}; write the number in digits, an extension as ;ext=12 or x12")]
    Letter(char),
    #[error("has {0:?}, which is a digit but none of 0 to 9; write the number in those")]
    ForeignDigit(char),
    #[error(
        "has {0:?}; a number is digits, with a leading '+', blanks, '-', '.', '/' and parentheses at most"
    )]
    Character(char),
    #[error("has a '+' that is not at the beginning")]
    MisplacedPlus,
    #[error("needs at least {MIN_DIGITS} digits; it has {0}")]
    TooFewDigits(u8),
    #[error("has {0} digits; a number has at most 15 and an international prefix")]
    TooManyDigits(usize),
    #[error("begins with no country code that is in use")]
    UnknownCountryCode,
    /// Read in this country, and also with the calling code that it may begin with.
    #[error(
        "is no number of {0}; a number of another country begins with '+' and its country code"
    )]
    NotOf(Country),
    #[error("has the wrong number of digits for its country code")]
    NotInternational,
}

/// The digits of a number, and whether a `+` stood before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) plus: bool,
    pub(super) digits: Digits,
}

impl Written {
    /// Without what stands between the digits.
    pub(super) fn read(text: &str) -> Result<Self, NotADestination> {
        if text.chars().nth(MAX_TEXT).is_some() {
            return Err(NotADestination::TooLong);
        }
        let mut plus = false;
        let mut digits = [0u8; MAX_TEXT];
        let mut length = 0;
        for c in text.chars() {
            match c {
                '0'..='9' => {
                    digits[length] = c as u8;
                    length += 1;
                }
                '+' if plus || length > 0 => return Err(NotADestination::MisplacedPlus),
                '+' => plus = true,
                _ if stands_between(c) => {}
                _ => return Err(refused(c)),
            }
        }
        let digits = std::str::from_utf8(&digits[..length]).unwrap_or_default();
        match Digits::new(digits) {
            Some(digits) if digits.is_empty() => Err(NotADestination::Empty),
            Some(digits) => Ok(Self { plus, digits }),
            None => Err(NotADestination::TooManyDigits(length)),
        }
    }
}

/// The text before `;ext=12`, `x12`, `ext. 12` or `extension 12`; all of it if it has no such end.
pub(super) fn without_extension(text: &str) -> &str {
    let Some(at) = text.find(|c: char| c == ';' || c.is_ascii_alphabetic()) else {
        return text;
    };
    let (number, end) = text.split_at(at);
    let end = end.trim().trim_start_matches(';').to_ascii_lowercase();
    let extension = ["extension", "ext", "x"]
        .iter()
        .find_map(|mark| end.strip_prefix(mark))
        .map(|digits| digits.trim_start_matches(['.', ':', '=', ' ']));
    match extension {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => number,
        _ => text,
    }
}

/// Blanks, dashes and parentheses, also those that word processors put there.
fn stands_between(c: char) -> bool {
    matches!(c, ' ' | '\t' | '-' | '.' | '/' | '(' | ')')
        || matches!(
            c,
            '\u{a0}' | '\u{2009}' | '\u{202f}' | '\u{2010}'..='\u{2014}'
        )
}

fn refused(c: char) -> NotADestination {
    if c.is_numeric() {
        NotADestination::ForeignDigit(c)
    } else if c.is_alphabetic() {
        NotADestination::Letter(c)
    } else {
        NotADestination::Character(c)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Result<(bool, String), NotADestination> {
        Written::read(text).map(|written| (written.plus, written.digits.to_string()))
    }

    #[test]
    fn what_stands_between_digits_is_left_out() {
        for text in [
            "2125550147",
            "212-555-0147",
            "(212) 555.0147",
            " 212\t555/0147 ",
            "212\u{a0}555\u{2013}0147",
        ] {
            assert_eq!(read(text), Ok((false, "2125550147".to_owned())), "{text}");
        }
        assert_eq!(read("(+421) 2"), Ok((true, "4212".to_owned())));
    }

    #[test]
    fn what_is_no_digit_is_named() {
        use NotADestination as No;
        for (text, why) in [
            ("", No::Empty),
            (" +() ", No::Empty),
            ("1-800-FLOWERS", No::Letter('F')),
            ("+٤٢١", No::ForeignDigit('٤')),
            ("212555014７", No::ForeignDigit('７')),
            ("212555014²", No::ForeignDigit('²')),
            ("Č2125550147", No::Letter('Č')),
            ("2125550147;rm", No::Character(';')),
            ("2125550147\r\n", No::Character('\r')),
            ("2125550147\0", No::Character('\0')),
            ("212#", No::Character('#')),
            ("1+2", No::MisplacedPlus),
            ("++1", No::MisplacedPlus),
        ] {
            assert_eq!(read(text), Err(why), "{text:?}");
        }
        assert_eq!(read(&"5".repeat(18)).unwrap().1.len(), 18);
        assert_eq!(read(&"5".repeat(40)), Err(No::TooManyDigits(40)));
        assert_eq!(read(&"5".repeat(64)), Err(No::TooManyDigits(64)));
        assert_eq!(read(&" ".repeat(65)), Err(No::TooLong));
        assert_eq!(read(&"5".repeat(1 << 20)), Err(No::TooLong));
    }

    #[test]
    fn an_extension_is_cut() {
        for end in [
            ";ext=12",
            " x12",
            "x 12",
            "X12",
            " ext. 12",
            "ext12",
            " Ext: 12 ",
            " extension 12",
        ] {
            let text = format!("2125550147{end}");
            assert_eq!(without_extension(&text).trim(), "2125550147", "{end}");
        }
        for text in ["", "212", "212x", "212;12", "212 ext", "212x12y", "FLOWERS"] {
            assert_eq!(without_extension(text), text);
        }
    }
}
