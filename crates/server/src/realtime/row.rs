//! A row as `res_config_curl` reads it: `column=value&column=value`, percent-encoded, one on a line.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What Asterisk leaves as it is when it encodes; a plus is no space to it, so spaces are `%20`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Columns with their values, those that have none left out.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Row {
    columns: Vec<(&'static str, String)>,
    line: String,
}

/// What a phone is known by, and a trunk's password, stand in rows.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Row")
    }
}

impl Row {
    pub(super) fn new(columns: Vec<(&'static str, String)>) -> Self {
        let mut line = String::new();
        for (column, value) in &columns {
            if !line.is_empty() {
                line.push('&');
            }
            line.push_str(column);
            line.push('=');
            line.extend(utf8_percent_encode(value, ENCODED));
        }
        line.push('\n');
        Self { columns, line }
    }

    pub(super) fn get(&self, column: &str) -> Option<&str> {
        let found = self.columns.iter().find(|(name, _)| *name == column);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn columns(&self) -> &[(&'static str, String)] {
        &self.columns
    }

    /// With its newline.
    pub(super) fn line(&self) -> &str {
        &self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_can_end_it() {
        let row = Row::new(vec![
            ("id", "201".to_owned()),
            ("callerid", "\"Žofia & Co=1\" <201>\n+;%".to_owned()),
        ]);
        assert_eq!(
            row.line(),
            "id=201&callerid=%22%C5%BDofia%20%26%20Co%3D1%22%20%3C201%3E%0A%2B%3B%25\n"
        );
        assert_eq!(row.get("id"), Some("201"));
        assert_eq!(row.get("context"), None);
    }
}
