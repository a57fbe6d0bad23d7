//! Which release of Asterisk is on the other side, and what it can do.

use std::fmt;

/// A release, as in `22.10.0` or `16.28.0~dfsg-0+deb11u4`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub major: u16,
    pub minor: u16,
    /// The text as Asterisk gave it.
    pub text: String,
}

impl Version {
    /// Reads the leading numbers; a text without them (`GIT-master-…`) becomes 0.0.
    ///
    /// ```
    /// use cordboard_asterisk::ari::Version;
    /// let version = Version::parse("22.10.0~dfsg+~cs6.15");
    /// assert_eq!((version.major, version.minor), (22, 10));
    /// assert!(version.has_rest_over_websocket());
    /// assert!(!Version::parse("16.28.0").has_rest_over_websocket());
    /// ```
    pub fn parse(text: &str) -> Self {
        let mut numbers = text
            .split(|mark: char| !mark.is_ascii_digit())
            .map(|digits| digits.parse::<u16>().unwrap_or(0));
        let major = if text.starts_with(|mark: char| mark.is_ascii_digit()) {
            numbers.next().unwrap_or(0)
        } else {
            0
        };
        let minor = if major == 0 {
            0
        } else {
            numbers.next().unwrap_or(0)
        };
        Self {
            major,
            minor,
            text: text.to_owned(),
        }
    }

    /// Whether REST requests may be sent over the event WebSocket (20.14, 21.9, 22.4 and everything from 23).
    pub fn has_rest_over_websocket(&self) -> bool {
        match self.major {
            20 => self.minor >= 14,
            21 => self.minor >= 9,
            22 => self.minor >= 4,
            major => major >= 23,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_version_texts_are_zero() {
        assert_eq!(Version::parse("GIT-master-12ab").major, 0);
        assert_eq!(Version::parse("").major, 0);
        let certified = Version::parse("20.7-cert2");
        assert_eq!((certified.major, certified.minor), (20, 7));
        assert!(!certified.has_rest_over_websocket());
        assert!(Version::parse("23.0.0").has_rest_over_websocket());
    }
}
