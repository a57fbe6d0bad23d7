//! What a client sends ([`Action`]) and what a server sends ([`Reply`]).
//!
//! A key or value that would break out of its line is refused before anything is sent.

use std::fmt;

use super::error::HeaderError;

/// Longest line that Asterisk reads in an action, with its CR LF, in bytes.
pub const MAX_ACTION_LINE: usize = 1022;
/// Most headers that Asterisk reads in an action, `Action` and `ActionID` included.
pub const MAX_ACTION_HEADERS: usize = 128;

/// Header lines under construction. The first mistake is kept and told when the whole is about to be sent.
#[derive(Clone, Default)]
struct Headers {
    bytes: Vec<u8>,
    count: usize,
    error: Option<HeaderError>,
}

impl Headers {
    fn push(&mut self, key: &[u8], value: &[u8]) {
        if let Err(error) = check(key, value) {
            self.error.get_or_insert(error);
            return;
        }
        self.count += 1;
        for part in [key, b": ", value, b"\r\n"] {
            self.bytes.extend_from_slice(part);
        }
    }

    fn check_line(&mut self, key: &[u8], value: &[u8]) {
        let length = key.len() + value.len() + 4;
        if length > MAX_ACTION_LINE {
            let key = String::from_utf8_lossy(key).into_owned();
            self.error.get_or_insert(HeaderError::LineTooLong {
                key,
                length,
                limit: MAX_ACTION_LINE,
            });
        }
    }

    fn finish(&self) -> Result<Vec<u8>, HeaderError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let mut bytes = self.bytes.clone();
        bytes.extend_from_slice(b"\r\n");
        Ok(bytes)
    }
}

fn check(key: &[u8], value: &[u8]) -> Result<(), HeaderError> {
    let breaks_line = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0);
    let name = || String::from_utf8_lossy(key).into_owned();
    if key.is_empty() || key.iter().any(|byte| breaks_line(byte) || *byte == b':') {
        return Err(HeaderError::Key { key: name() });
    }
    if value.iter().any(breaks_line) {
        return Err(HeaderError::Value { key: name() });
    }
    Ok(())
}

/// Something Asterisk is asked to do.
///
/// ```
/// use cordboard_asterisk::ami::Action;
///
/// let action = Action::new("Originate")
///     .header("Channel", "PJSIP/101")
///     .header("Variable", "LEAD=1")
///     .header("Variable", "CAMPAIGN=2")
///     .header("Async", "true");
/// assert!(action.encode().is_ok());
///
/// let injected = Action::new("Originate").header("Channel", "PJSIP/101\r\nApplication: System");
/// assert!(injected.encode().is_err());
/// ```
#[derive(Clone)]
pub struct Action {
    name: String,
    id: Option<String>,
    headers: Headers,
}

impl Action {
    /// An action of this name, such as `Originate`.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let mut headers = Headers::default();
        headers.push(b"Action", name.as_bytes());
        headers.check_line(b"Action", name.as_bytes());
        Self {
            name,
            id: None,
            headers,
        }
    }

    /// Adds a header; the same key may be added again. A mistake is told by [`Self::encode`] and by sending.
    #[must_use]
    pub fn header(mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let (key, value) = (key.as_ref(), value.as_ref());
        self.headers.check_line(key, value);
        self.headers.push(key, value);
        if key.eq_ignore_ascii_case(b"ActionID") && self.id.is_none() {
            self.id = Some(String::from_utf8_lossy(value).into_owned());
        }
        self
    }

    /// The action's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `ActionID`, where one was given. A client makes one up where none was.
    pub fn action_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The bytes to send.
    pub fn encode(&self) -> Result<Vec<u8>, HeaderError> {
        if self.headers.count > MAX_ACTION_HEADERS {
            return Err(HeaderError::TooMany {
                limit: MAX_ACTION_HEADERS,
            });
        }
        self.headers.finish()
    }
}

impl fmt::Debug for Action {
    /// Values are left out: they may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Action({}, {} headers)", self.name, self.headers.count)
    }
}

/// What the server half sends: an answer or an event. Values are refused as in [`Action`]; lengths are not bounded,
/// as Asterisk's are not.
#[derive(Clone)]
pub struct Reply {
    first: Headers,
    rest: Headers,
}

impl Reply {
    /// `Response: Success`
    pub fn success() -> Self {
        Self::response("Success")
    }

    /// `Response: Error` with a message.
    pub fn error(message: &str) -> Self {
        Self::response("Error").header("Message", message)
    }

    /// `Response: …`
    pub fn response(response: &str) -> Self {
        Self::starting(b"Response", response)
    }

    /// `Event: …`
    pub fn event(name: &str) -> Self {
        Self::starting(b"Event", name)
    }

    fn starting(key: &[u8], value: &str) -> Self {
        let mut first = Headers::default();
        first.push(key, value.as_bytes());
        Self {
            first,
            rest: Headers::default(),
        }
    }

    /// Puts the `ActionID` where Asterisk has it, on the second line.
    #[must_use]
    pub fn action_id(mut self, action_id: impl AsRef<[u8]>) -> Self {
        self.first.push(b"ActionID", action_id.as_ref());
        self
    }

    /// Adds a header; the same key may be added again.
    #[must_use]
    pub fn header(mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.rest.push(key.as_ref(), value.as_ref());
        self
    }

    /// The bytes to send.
    pub fn encode(&self) -> Result<Vec<u8>, HeaderError> {
        if let Some(error) = &self.first.error {
            return Err(error.clone());
        }
        let mut bytes = self.first.bytes.clone();
        bytes.extend(self.rest.finish()?);
        Ok(bytes)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({} headers)", self.first.count + self.rest.count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn line_breaks_and_nul_are_refused_in_key_and_value() {
        for bad in ["a\r\nEvent: x", "a\nb", "a\rb", "a\0b"] {
            let error = Action::new("Ping")
                .header("Note", bad)
                .encode()
                .unwrap_err();
            assert_eq!(error, HeaderError::Value { key: "Note".into() }, "{bad:?}");
            assert!(matches!(
                Action::new("Ping").header(bad, "x").encode(),
                Err(HeaderError::Key { .. })
            ));
            assert!(Reply::event("X").header("Note", bad).encode().is_err());
            assert!(Action::new(bad).encode().is_err());
        }
        assert!(matches!(
            Action::new("Ping").header("", "x").encode(),
            Err(HeaderError::Key { .. })
        ));
        assert!(matches!(
            Action::new("Ping").header("A:B", "x").encode(),
            Err(HeaderError::Key { .. })
        ));
    }

    #[test]
    fn what_asterisk_would_refuse_is_refused_here() {
        let long = Action::new("Ping")
            .header("Note", "y".repeat(2000))
            .encode();
        assert!(
            matches!(long, Err(HeaderError::LineTooLong { length: 2008, .. })),
            "{long:?}"
        );
        let many = (0..MAX_ACTION_HEADERS).fold(Action::new("Ping"), |action, n| {
            action.header(format!("H{n}"), "v")
        });
        assert_eq!(
            many.encode(),
            Err(HeaderError::TooMany {
                limit: MAX_ACTION_HEADERS
            })
        );
    }

    #[test]
    fn debug_hides_values() {
        let action = Action::new("Login").header("Secret", "hunter2");
        assert!(!format!("{action:?}").contains("hunter2"));
    }
}
