//! Texts that must not be shown.

use std::fmt;

/// What stands in place of a secret.
pub(super) const REDACTED: &str = "[redacted]";

/// A password, or a text that contains one. Shown as `[redacted]`, in `Debug` too.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// A DSN without its password, to be shown: `postgres://cordboard:[redacted]@db/cordboard`.
pub fn redacted_dsn(dsn: &str) -> String {
    // Parameters may hold a password as well: `?password=…`.
    let (address, parameters) = dsn.split_once('?').map_or((dsn, ""), |(a, p)| (a, p));
    let parameters = if parameters.is_empty() { "" } else { "?…" };
    let Some((scheme, rest)) = address.split_once("://") else {
        return format!("{address}{parameters}");
    };
    // The password itself may hold an `@`: the last one ends it.
    let shown = match rest.rsplit_once('@') {
        Some((login, place)) => match login.split_once(':') {
            Some((user, _)) => format!("{user}:{REDACTED}@{place}"),
            None => format!("{login}@{place}"),
        },
        None => rest.to_owned(),
    };
    format!("{scheme}://{shown}{parameters}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_secret() {
        assert_eq!(format!("{:?}", Secret::new("hidden")), "[redacted]");
        for (dsn, shown) in [
            (
                "postgres://u:p@ss@db:5432/c?sslpassword=x",
                "postgres://u:[redacted]@db:5432/c?…",
            ),
            ("mysql://u@db/c", "mysql://u@db/c"),
            ("sqlite:///srv/c.sqlite", "sqlite:///srv/c.sqlite"),
            ("sqlite::memory:", "sqlite::memory:"),
        ] {
            assert_eq!(redacted_dsn(dsn), shown);
        }
    }
}
