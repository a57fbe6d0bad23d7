//! What Asterisk asks for: the body of a request of `res_config_curl`.
//!
//! `name=value` or `name operator=value`, percent-encoded both sides, joined by `&`; all of them must hold. A plus is a plus.

use std::cmp::Ordering;

/// Bodies of Asterisk have a handful of pairs of at most 255 bytes each.
pub(super) const MAX_PAIRS: usize = 32;
/// The longest pattern of a LIKE that is looked at: comparing costs its length times the value's.
const MAX_PATTERN: usize = 255;

/// All of it must hold for a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Conditions(Vec<Condition>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    column: String,
    operator: Operator,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Is,
    IsNot,
    Like,
    NotLike,
    /// The other value compares so to the given one.
    Compares(Ordering),
    ComparesNot(Ordering),
}

/// Why a body is none of `res_config_curl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadConditions {
    #[error("it has more than {MAX_PAIRS} pairs")]
    TooMany,
    #[error("a pair has no '='")]
    NoPair,
    #[error("an operator is not known")]
    Operator,
    #[error("it is no text after decoding")]
    Encoding,
    #[error("a pattern is longer than {MAX_PATTERN} bytes")]
    Pattern,
}

impl Conditions {
    pub(super) fn read(body: &str) -> Result<Self, BadConditions> {
        let pairs = body.trim_end().split('&').filter(|pair| !pair.is_empty());
        let mut all = Vec::new();
        for pair in pairs {
            if all.len() == MAX_PAIRS {
                return Err(BadConditions::TooMany);
            }
            all.push(Condition::read(pair)?);
        }
        Ok(Self(all))
    }

    /// The value that `id` must have, where there is one: such a row is found without a search.
    pub(super) fn id(&self) -> Option<&str> {
        self.value("id")
    }

    /// The value that a column must have, where there is one.
    pub(super) fn value(&self, column: &str) -> Option<&str> {
        let is_it = |it: &&Condition| it.operator == Operator::Is && it.column == column;
        self.0.iter().find(is_it).map(|it| it.value.as_str())
    }

    /// Whether a row is asked for of which `column` gives the values. An absent value is in no relation to anything.
    pub(super) fn hold<'r>(&self, column: impl Fn(&str) -> Option<&'r str>) -> bool {
        let holds = |it: &Condition| column(&it.column).is_some_and(|value| it.holds(value));
        self.0.iter().all(holds)
    }

    /// Nothing is asked for by name, so that every row would be meant.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Condition {
    fn read(pair: &str) -> Result<Self, BadConditions> {
        let (name, value) = pair.split_once('=').ok_or(BadConditions::NoPair)?;
        let name = decoded(name)?;
        let value = decoded(value)?;
        let (column, operator) = match name.split_once(' ') {
            None => (name.as_str(), Operator::Is),
            Some((column, operator)) => (column, Operator::read(operator.trim())?),
        };
        let is_pattern = matches!(operator, Operator::Like | Operator::NotLike);
        if is_pattern && value.len() > MAX_PATTERN {
            return Err(BadConditions::Pattern);
        }
        Ok(Self {
            column: column.to_owned(),
            operator,
            value,
        })
    }

    fn holds(&self, value: &str) -> bool {
        let wanted = self.value.as_str();
        match self.operator {
            Operator::Is => value == wanted,
            Operator::IsNot => value != wanted,
            Operator::Like => is_like(value, wanted),
            Operator::NotLike => !is_like(value, wanted),
            Operator::Compares(order) => compared(value, wanted) == order,
            Operator::ComparesNot(order) => compared(value, wanted) != order,
        }
    }
}

impl Operator {
    fn read(text: &str) -> Result<Self, BadConditions> {
        Ok(match text {
            "" | "=" => Self::Is,
            "!=" | "<>" => Self::IsNot,
            "<" => Self::Compares(Ordering::Less),
            ">" => Self::Compares(Ordering::Greater),
            "<=" => Self::ComparesNot(Ordering::Greater),
            ">=" => Self::ComparesNot(Ordering::Less),
            _ if text.eq_ignore_ascii_case("LIKE") => Self::Like,
            _ if text.eq_ignore_ascii_case("NOT LIKE") => Self::NotLike,
            _ => return Err(BadConditions::Operator),
        })
    }
}

/// As numbers where both are, as the databases do that Asterisk is used to.
fn compared(value: &str, wanted: &str) -> Ordering {
    match (value.parse::<i64>(), wanted.parse::<i64>()) {
        (Ok(value), Ok(wanted)) => value.cmp(&wanted),
        _ => value.cmp(wanted),
    }
}

/// SQL's LIKE with `%`, `_` and the backslash before what is meant as it stands.
fn is_like(value: &str, pattern: &str) -> bool {
    let (value, pattern) = (value.as_bytes(), pattern.as_bytes());
    let (mut at, mut pat) = (0, 0);
    // Where to go on when what follows the last `%` does not fit: it takes one byte more.
    let mut retry = None;
    loop {
        let step = match pattern.get(pat) {
            Some(b'%') => {
                retry = Some((at, pat));
                pat += 1;
                continue;
            }
            Some(b'_') if at < value.len() => 1,
            Some(b'\\')
                if pattern
                    .get(pat + 1)
                    .is_some_and(|b| value.get(at) == Some(b)) =>
            {
                2
            }
            Some(byte) if *byte != b'\\' && *byte != b'_' && value.get(at) == Some(byte) => 1,
            None if at == value.len() => return true,
            _ => 0,
        };
        if step > 0 {
            (at, pat) = (at + 1, pat + step);
            continue;
        }
        match retry {
            Some((from, percent)) if from < value.len() => {
                retry = Some((from + 1, percent));
                (at, pat) = (from + 1, percent + 1);
            }
            _ => return false,
        }
    }
}

/// Percent-decoded. A sign that is not followed by two digits stands for itself.
fn decoded(text: &str) -> Result<String, BadConditions> {
    let bytes = percent_encoding::percent_decode_str(text);
    let text = bytes.decode_utf8().map_err(|_| BadConditions::Encoding)?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn hold(body: &str, row: &[(&str, &str)]) -> bool {
        let find = |name: &str| row.iter().find(|(column, _)| *column == name);
        let conditions = Conditions::read(body).unwrap();
        conditions.hold(|name| find(name).map(|(_, value)| *value))
    }

    #[test]
    fn what_asterisk_sends_is_understood() {
        let row = [("id", "201"), ("expiration_time", "1795223880")];
        assert!(hold("id=201", &row));
        assert!(!hold("id=20", &row));
        assert!(hold("id%20LIKE=%25", &row));
        assert!(!hold("mailboxes%20!%3D=", &row), "an absent value");
        assert!(hold("mailboxes%20!%3D=", &[("mailboxes", "201@default")]));
        assert!(hold("expiration_time%20%3C%3D=1795223880", &row));
        assert!(!hold("expiration_time%20%3C%3D=1795223879", &row));
        assert!(
            hold("expiration_time%20%3E=99", &row),
            "as numbers, not as text"
        );
        assert!(hold("exten%20LIKE=%5C_%25", &[("exten", "_X.")]));
        assert!(!hold("exten%20LIKE=%5C_%25", &[("exten", "100")]));
        assert!(hold(
            "interface%20LIKE=%25&queue_name=sales",
            &[("interface", "PJSIP/201"), ("queue_name", "sales")]
        ));
        assert!(hold("id=201&", &row), "as destroy sends it");
        assert_eq!(Conditions::read("id=a%2Bb+c").unwrap().id(), Some("a+b+c"));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for (body, why) in [
            ("id", BadConditions::NoPair),
            ("id%20SOUNDS%20LIKE=x", BadConditions::Operator),
            ("id=%ff", BadConditions::Encoding),
        ] {
            assert_eq!(Conditions::read(body), Err(why), "{body}");
        }
        let many = "id=1&".repeat(MAX_PAIRS + 1);
        assert_eq!(Conditions::read(&many), Err(BadConditions::TooMany));
        let long = format!("id%20LIKE={}", "%25".repeat(MAX_PATTERN + 1));
        assert_eq!(Conditions::read(&long), Err(BadConditions::Pattern));
        assert!(Conditions::read("").unwrap().is_empty());
    }

    /// The same, obvious and slow.
    fn is_like_slowly(value: &[u8], pattern: &[u8]) -> bool {
        match (pattern, value) {
            ([], _) => value.is_empty(),
            ([b'%', rest @ ..], _) => {
                (0..=value.len()).any(|skip| is_like_slowly(&value[skip..], rest))
            }
            ([b'_', rest @ ..], [_, left @ ..]) => is_like_slowly(left, rest),
            ([b'\\', byte, rest @ ..], [first, left @ ..]) => {
                byte == first && is_like_slowly(left, rest)
            }
            ([b'\\' | b'_'] | [b'_', ..], _) => false,
            ([byte, rest @ ..], [first, left @ ..]) => byte == first && is_like_slowly(left, rest),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn like_is_what_it_is_in_sql(value in "[ab_%\\\\]{0,8}", pattern in "[ab_%\\\\]{0,8}") {
            let slowly = is_like_slowly(value.as_bytes(), pattern.as_bytes());
            prop_assert_eq!(is_like(&value, &pattern), slowly, "{} LIKE {}", value, pattern);
        }

        #[test]
        fn any_body_is_read_or_refused(body in "\\PC{0,300}") {
            if let Ok(conditions) = Conditions::read(&body) {
                conditions.hold(|_| Some("201"));
            }
        }
    }
}
