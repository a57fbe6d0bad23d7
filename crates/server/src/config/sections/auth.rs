//! `[auth]`: log-ins.

use super::{Key, Section, SectionReader, key};

/// Log-ins.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    pub session_idle_hours: u32,
    pub session_max_hours: u32,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            session_idle_hours: 12,
            session_max_hours: 7 * 24,
        }
    }
}

/// A year: no session is longer.
const MAX_HOURS: u32 = 366 * 24;

impl Section for AuthConfig {
    const NAME: &'static str = "auth";
    const ABOUT: &'static str =
        "Log-ins to the page. Keys for programs do not expire; they are revoked.";
    const KEYS: &'static [Key] = &[
        key(
            "session_idle_hours",
            "A log-in ends after so many hours without a request.",
            "12",
        ),
        key(
            "session_max_hours",
            "A log-in ends after so many hours in any case.",
            "168",
        ),
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        let default = Self::default();
        Self {
            session_idle_hours: from.value("session_idle_hours", default.session_idle_hours),
            session_max_hours: from.value("session_max_hours", default.session_max_hours),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let (idle, max) = (self.session_idle_hours, self.session_max_hours);
        if !(1..=MAX_HOURS).contains(&max) {
            return Err((
                "session_max_hours",
                format!("is {max}, not in 1 to {MAX_HOURS}"),
            ));
        }
        if idle == 0 || idle > max {
            return Err((
                "session_idle_hours",
                format!("is {idle}, not in 1 to session_max_hours ({max})"),
            ));
        }
        Ok(())
    }
}
