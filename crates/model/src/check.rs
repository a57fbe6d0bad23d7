//! The bounds of every text that reaches us from outside, and the error that names the field.

/// A value that was refused, with the field's name as it stands on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    pub field: &'static str,
    pub problem: String,
}

impl Invalid {
    pub fn new(field: &'static str, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self { field, problem }
    }
}

/// The longest name or label, in characters.
pub(crate) const MAX_NAME: usize = 100;
/// The longest number, extension or dialplan word, in characters.
pub(crate) const MAX_DIALABLE: usize = 64;

/// A name that a program uses: lower-case letters, digits, `-` and `_`, 1 to 100 characters.
pub fn checked_name(field: &'static str, text: &str) -> Result<(), Invalid> {
    bounded(field, text, 1, MAX_NAME)?;
    if let Some(bad) = text
        .chars()
        .find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_')))
    {
        return Err(Invalid::new(
            field,
            format!("has {bad:?}; use lower-case letters, digits, '-' and '_'"),
        ));
    }
    Ok(())
}

/// A name that people read: 1 to 100 characters, none of them a control character.
pub fn checked_label(field: &'static str, text: &str) -> Result<(), Invalid> {
    bounded(field, text, 1, MAX_NAME)?;
    printable(field, text)
}

/// Free text of at most `max` characters, none of them a control character.
pub fn checked_text(field: &'static str, text: &str, max: usize) -> Result<(), Invalid> {
    bounded(field, text, 0, max)?;
    printable(field, text)
}

/// A phone number or extension as dialled: digits, `*`, `#`, and a leading `+`, 1 to 64 characters.
pub fn checked_dialable(field: &'static str, text: &str) -> Result<(), Invalid> {
    bounded(field, text, 1, MAX_DIALABLE)?;
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() {
        return Err(Invalid::new(field, "has no digits"));
    }
    match digits
        .chars()
        .find(|c| !(c.is_ascii_digit() || matches!(c, '*' | '#')))
    {
        Some(bad) => Err(Invalid::new(
            field,
            format!("has {bad:?}; a number is digits, '*', '#' and a leading '+'"),
        )),
        None => Ok(()),
    }
}

/// Text from a caller or a network, made safe to store and show: control characters dropped,
/// cut at `max` characters. What was cut is gone, so use it only where the text decides nothing.
pub fn visible(text: &str, max: usize) -> String {
    text.trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(max)
        .collect()
}

pub(crate) fn bounded(
    field: &'static str,
    text: &str,
    min: usize,
    max: usize,
) -> Result<(), Invalid> {
    let length = text.chars().count();
    if length < min {
        Err(Invalid::new(field, "is empty"))
    } else if length > max {
        Err(Invalid::new(
            field,
            format!("has {length} characters; the limit is {max}"),
        ))
    } else {
        Ok(())
    }
}

fn printable(field: &'static str, text: &str) -> Result<(), Invalid> {
    match text.chars().find(|c| c.is_control()) {
        Some(bad) => Err(Invalid::new(
            field,
            format!("has the control character {bad:?}"),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn refuses_what_could_be_smuggled_into_a_channel_string() {
        assert_eq!(checked_dialable("number", "+15550100"), Ok(()));
        for bad in [
            "",
            "+",
            "555x",
            "101&PJSIP/102",
            "55\r\n5",
            "5\x005",
            "+1+2",
        ] {
            assert!(checked_dialable("number", bad).is_err(), "{bad:?}");
        }
        assert!(checked_dialable("number", &"5".repeat(65)).is_err());
    }

    #[test]
    fn names_the_field() {
        let error = checked_name("name", "Sales Team").unwrap_err();
        assert_eq!(error.field, "name");
        assert!(error.to_string().contains("'S'"), "{error}");
        assert!(checked_label("display_name", &"x".repeat(10_000)).is_err());
        assert!(checked_label("display_name", "a\0b").is_err());
    }

    #[test]
    fn shows_a_caller_name_without_its_control_characters() {
        assert_eq!(visible("  Eve\r\nAction: x\0 ", 8), "EveActio");
        assert_eq!(visible("AT&T", 100), "AT&T");
    }
}
