//! One section, one file: its struct, its keys and its check.

mod acd;
mod asterisk;
mod auth;
mod caller_id;
mod cdr_source;
mod data;
mod database;
mod journal;
mod log;
mod mail;
mod parking;
mod provisioning;
mod retention;
mod server;
mod statistics;
mod webhooks;

pub use acd::AcdConfig;
pub use asterisk::{AsteriskConfig, Provisioned, Rest};
pub use auth::AuthConfig;
pub use caller_id::{CallerIdConfig, CallerIdDurability, CallerIdFail};
pub(crate) use cdr_source::OWN_LOG;
pub use cdr_source::{CdrSourceConfig, CdrSourceKind};
pub use data::DataConfig;
pub use database::DatabaseConfig;
pub use journal::JournalConfig;
pub use log::{LogConfig, LogFormat};
pub use mail::{MailConfig, MailTls};
pub use parking::ParkingConfig;
pub use provisioning::ProvisioningConfig;
pub use retention::RetentionConfig;
pub use server::ServerConfig;
pub use statistics::StatisticsConfig;
pub use webhooks::WebhooksConfig;

pub(super) use asterisk::check_names;
pub(super) use cdr_source::check_sources;
pub(super) use provisioning::check_ways;

use super::reader::SectionReader;

/// A shorter secret of a program could be guessed.
const MIN_TOKEN: usize = 16;

/// A key and the words about it.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// What it is, with its unit; a sentence or two.
    pub(super) about: &'static str,
    /// In TOML, shown where there is no default.
    pub(super) example: &'static str,
}

const fn key(name: &'static str, about: &'static str, example: &'static str) -> Key {
    Key {
        name,
        about,
        example,
    }
}

/// A part of the configuration.
pub(super) trait Section: Default {
    const NAME: &'static str;
    const ABOUT: &'static str;
    const KEYS: &'static [Key];
    /// `[[name]]` rather than `[name]`.
    const IS_LIST: bool = false;

    fn read(from: &mut SectionReader<'_>) -> Self;

    /// What no single value tells: the key, and what is wrong with it.
    fn check(&self) -> Result<(), (&'static str, String)> {
        Ok(())
    }
}

/// What can be said about a section without an instance of it.
pub(super) struct Outline {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) keys: &'static [Key],
    pub(super) is_list: bool,
}

const fn outline<S: Section>() -> Outline {
    Outline {
        name: S::NAME,
        about: S::ABOUT,
        keys: S::KEYS,
        is_list: S::IS_LIST,
    }
}

/// In the order in which they are shown.
pub(super) const ALL: [Outline; 16] = [
    outline::<ServerConfig>(),
    outline::<DataConfig>(),
    outline::<DatabaseConfig>(),
    outline::<AsteriskConfig>(),
    outline::<ProvisioningConfig>(),
    outline::<AcdConfig>(),
    outline::<ParkingConfig>(),
    outline::<CallerIdConfig>(),
    outline::<StatisticsConfig>(),
    outline::<CdrSourceConfig>(),
    outline::<MailConfig>(),
    outline::<WebhooksConfig>(),
    outline::<AuthConfig>(),
    outline::<JournalConfig>(),
    outline::<RetentionConfig>(),
    outline::<LogConfig>(),
];

pub(super) fn names() -> [&'static str; 16] {
    ALL.map(|section| section.name)
}

/// The section that has this key, if only one has.
pub(super) fn section_with(key: &str) -> Option<&'static str> {
    let mut found = ALL
        .into_iter()
        .filter(|section| section.keys.iter().any(|known| known.name == key));
    match (found.next(), found.next()) {
        (Some(section), None) => Some(section.name),
        _ => None,
    }
}
