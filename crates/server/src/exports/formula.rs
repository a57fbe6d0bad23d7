//! Texts that a spreadsheet would take for a formula: names and numbers come from callers. The mark that keeps them texts is a
//! `'` before them, and can be taken off again.

use std::borrow::Cow;

/// The text as it stands in a CSV file.
pub(crate) fn marked(text: &str) -> Cow<'_, str> {
    if would_be_formula(text) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

/// The text of which [`marked`] made this.
pub(crate) fn unmarked(text: &str) -> &str {
    let plain = text.strip_prefix('\'');
    plain.filter(|it| would_be_formula(it)).unwrap_or(text)
}

/// One that is marked already would be taken for one as soon as the mark is taken off.
fn would_be_formula(text: &str) -> bool {
    let bare = text.trim_start_matches('\'');
    bare.starts_with(['\t', '\r']) || bare.trim_start().starts_with(['=', '+', '-', '@'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_off_as_it_went_on() {
        for text in ["=1", "+1", "-1", "@A1", "\t=1", " =1", "'=1", "''-", "-"] {
            let there = marked(text);
            assert!(there.starts_with('\'') && there.len() == text.len() + 1);
            assert_eq!(unmarked(&there), text);
        }
        for text in ["", "'", "Nora", "'t Hooft", "a=1", "Jean-Luc"] {
            assert_eq!(marked(text), text);
            assert_eq!(unmarked(text), text);
        }
        assert_eq!(unmarked("=1"), "=1");
    }
}
