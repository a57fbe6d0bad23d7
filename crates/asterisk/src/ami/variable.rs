//! Reading a channel variable without trusting its value.

use super::action::Action;
use super::client::Client;
use super::error::AmiError;

impl Client {
    /// The value of a variable or function, such as `CALLERID(name)`, of a channel or, without one, of the globals.
    /// An unset variable is empty. `name` must be trusted: it is an expression to Asterisk.
    ///
    /// The value travels percent-encoded (Asterisk's `URIENCODE` within `EVAL`), because the plain answer would
    /// let line breaks in the value act as headers and messages.
    pub async fn variable(&self, channel: Option<&str>, name: &str) -> Result<Vec<u8>, AmiError> {
        let encoded = format!("EVAL(${{URIENCODE(${{{name}}})}})");
        let mut action = Action::new("Getvar").header("Variable", encoded);
        if let Some(channel) = channel {
            action = action.header("Channel", channel);
        }
        let response = self.call(&action).await?;
        Ok(percent_decoded(response.get("Value").unwrap_or_default()))
    }
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let escaped = if let [b'%', high, low, ..] = rest {
            hex(*high).zip(hex(*low))
        } else {
            None
        };
        if let Some((high, low)) = escaped {
            bytes.push(high << 4 | low);
            rest = &rest[3..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_escapes_are_undone_and_stray_signs_stay() {
        assert_eq!(
            percent_decoded(b"line%0D%0AEvent%3a%20Fake%"),
            b"line\r\nEvent: Fake%"
        );
        assert_eq!(percent_decoded(b"%zz%4"), b"%zz%4");
    }
}
