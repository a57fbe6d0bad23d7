//! Reading a channel variable without trusting its value.

use super::action::Action;
use super::client::Client;
use super::error::AmiError;
use crate::percent;

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
        Ok(percent::decode(response.get("Value").unwrap_or_default()))
    }
}
