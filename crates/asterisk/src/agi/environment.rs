//! What Asterisk tells a script before its first command: the `agi_…` lines.

use std::borrow::Cow;

use super::decode::{Lines, text};
use super::error::AgiDecodeError;

/// Most lines of an environment; Asterisk sends about 22 and one for each argument.
pub const MAX_ENVIRONMENT_LINES: usize = 256;

/// The variables at the start of a session, in their order. Values are bytes, as callers send them.
///
/// ```
/// use cordboard_asterisk::agi::Environment;
///
/// let environment = Environment::parse(
///     b"agi_network: yes\nagi_network_script: callerid?did=5550151&vip=yes\nagi_callerid: 5550177\nagi_arg_1: first argument\n\n",
/// )?;
/// assert_eq!(environment.script(), "callerid");
/// assert_eq!(environment.query("did").unwrap(), "5550151");
/// assert_eq!(environment.get_str("callerid").unwrap(), "5550177");
/// assert_eq!(environment.args().collect::<Vec<_>>(), [b"first argument"]);
/// # Ok::<(), cordboard_asterisk::agi::AgiDecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    variables: Vec<(String, Vec<u8>)>,
}

impl Environment {
    /// Reads an environment up to its empty line, or to the end of the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, AgiDecodeError> {
        let mut lines = Lines::default();
        lines.extend(bytes);
        let mut environment = Self::default();
        while let Some(line) = lines.next_line()? {
            if !environment.line(&line)? {
                break;
            }
        }
        Ok(environment)
    }

    /// Takes one line; false when it is the empty one that ends the environment.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<bool, AgiDecodeError> {
        if line.is_empty() {
            return Ok(false);
        }
        let broken = || AgiDecodeError::Environment(text(line));
        let colon = memchr::memchr(b':', line).ok_or_else(broken)?;
        let key = std::str::from_utf8(&line[..colon]).map_err(|_| broken())?;
        let key = key.strip_prefix("agi_").ok_or_else(broken)?;
        if self.variables.len() >= MAX_ENVIRONMENT_LINES {
            return Err(AgiDecodeError::TooManyVariables {
                limit: MAX_ENVIRONMENT_LINES,
            });
        }
        let value = line[colon + 1..]
            .strip_prefix(b" ")
            .unwrap_or(&line[colon + 1..]);
        self.variables.push((key.to_owned(), value.to_vec()));
        Ok(true)
    }

    /// Adds a variable, for Asterisk's side. A line break in the value becomes a blank, as nothing may leave its line.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let on_one_line = |byte: &u8| {
            if matches!(byte, b'\r' | b'\n' | 0) {
                b' '
            } else {
                *byte
            }
        };
        let name = name.replace([':', '\r', '\n', '\0'], "_");
        self.variables
            .push((name, value.as_ref().iter().map(on_one_line).collect()));
        self
    }

    /// The lines to send, with the empty one at their end.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, value) in &self.variables {
            for part in [b"agi_", name.as_bytes(), b": ", value, b"\n"] {
                bytes.extend_from_slice(part);
            }
        }
        bytes.push(b'\n');
        bytes
    }

    /// A variable by its name without `agi_`, such as `uniqueid`.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.variables
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_slice())
    }

    /// [`Self::get`] as text; bytes that are not UTF-8 become U+FFFD.
    pub fn get_str(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).map(String::from_utf8_lossy)
    }

    /// All variables in their order, names without `agi_`.
    pub fn variables(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The path of the AGI address without its query, such as `callerid`; empty for a script on stdio.
    pub fn script(&self) -> Cow<'_, str> {
        match self.get_str("network_script").unwrap_or_default() {
            Cow::Borrowed(script) => Cow::Borrowed(script.split('?').next().unwrap_or_default()),
            Cow::Owned(script) => {
                Cow::Owned(script.split('?').next().unwrap_or_default().to_owned())
            }
        }
    }

    /// A value of the AGI address' query (`agi://host/script?name=value`), as it stands: Asterisk encodes nothing.
    pub fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        let script = self.get("network_script")?;
        let question = memchr::memchr(b'?', script)?;
        let mut pairs = script[question + 1..].split(|byte| *byte == b'&');
        pairs.find_map(|pair| {
            let (key, value) = pair.split_at(memchr::memchr(b'=', pair).unwrap_or(pair.len()));
            (key == name.as_bytes())
                .then(|| String::from_utf8_lossy(value.strip_prefix(b"=").unwrap_or(value)))
        })
    }

    /// The arguments behind the address in the dialplan.
    pub fn args(&self) -> impl Iterator<Item = &[u8]> {
        self.variables()
            .filter(|(name, _)| name.starts_with("arg_"))
            .map(|(_, value)| value)
    }

    /// The extension is `h` where the call is over: most commands are refused then.
    pub fn is_after_hangup(&self) -> bool {
        self.get("extension") == Some(b"h")
    }
}
