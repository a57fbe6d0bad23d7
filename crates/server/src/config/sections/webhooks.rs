//! `[webhooks]`: where webhooks may go.

use super::{Key, Section, SectionReader, key};

/// Where webhooks may go.
#[derive(Debug, Clone, Default)]
pub struct WebhooksConfig {
    pub allow_private: bool,
}

impl Section for WebhooksConfig {
    const NAME: &'static str = "webhooks";
    const ABOUT: &'static str = "Where reports and alarms are posted to.";
    const KEYS: &'static [Key] = &[key(
        "allow_private",
        "Whether they may go into private networks and to this machine. Link-local addresses, where clouds keep their machines' secrets, are never reached.",
        "true",
    )];

    fn read(from: &mut SectionReader<'_>) -> Self {
        let default = Self::default();
        Self {
            allow_private: from.value("allow_private", default.allow_private),
        }
    }
}
