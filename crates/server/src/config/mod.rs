//! The configuration: defaults, then `cordboard.toml`, then the environment, then flags.
//!
//! Holds what needs a restart; queues, agents and numbers live in the store. A section is a file in `sections/`, with its
//! struct, the words about its keys and its `check`. Never reads a file or a variable after [`Config::load`], and never
//! shows a secret.

mod describe;
mod error;
mod reader;
mod secret;
mod sections;
mod source;
mod tree;
mod value;

use std::path::{Path, PathBuf};

pub use describe::{example, key_tables};
pub use error::{ConfigError, Flaw};
pub use reader::{Origin, Setting};
pub use secret::{Secret, redacted_dsn};
pub use sections::{
    AcdConfig, AsteriskConfig, AuthConfig, CallerIdConfig, CallerIdDurability, CallerIdFail,
    CdrSourceConfig, CdrSourceKind, DataConfig, DatabaseConfig, JournalConfig, LogConfig,
    LogFormat, MailConfig, MailTls, ParkingConfig, Provisioned, ProvisioningConfig, Rest,
    RetentionConfig, ServerConfig, StatisticsConfig, WebhooksConfig,
};
pub use source::{Flag, Sources};
pub use value::Size;

pub(crate) use reader::nearest;
use reader::{Reader, Report};
pub(crate) use sections::OWN_LOG;
use sections::Section;

/// The name of the configuration file.
pub const FILE_NAME: &str = "cordboard.toml";

/// Everything that is decided at the start.
#[derive(Debug, Clone, Default)]
pub struct Config {
    pub server: ServerConfig,
    pub data: DataConfig,
    pub database: DatabaseConfig,
    pub asterisk: Vec<AsteriskConfig>,
    pub provisioning: ProvisioningConfig,
    pub acd: AcdConfig,
    pub parking: ParkingConfig,
    pub caller_id: CallerIdConfig,
    pub statistics: StatisticsConfig,
    pub cdr_source: Vec<CdrSourceConfig>,
    pub mail: MailConfig,
    pub webhooks: WebhooksConfig,
    pub auth: AuthConfig,
    pub journal: JournalConfig,
    pub retention: RetentionConfig,
    pub log: LogConfig,
    file: Option<PathBuf>,
    settings: Vec<Setting>,
}

impl Config {
    /// Reads and checks all sources. The error lists everything that is wrong, not only the first.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let mut report = Report::default();
        let file = sources.file();
        let root = source::merged(sources, file.as_deref(), &mut report);
        let folder = file.as_deref().and_then(Path::parent);
        let mut reader = Reader::new(root, folder, &mut report);
        let mut config = Self {
            server: section(&mut reader),
            data: section(&mut reader),
            database: section(&mut reader),
            asterisk: list(&mut reader),
            provisioning: section(&mut reader),
            acd: section(&mut reader),
            parking: section(&mut reader),
            caller_id: section(&mut reader),
            statistics: section(&mut reader),
            cdr_source: list(&mut reader),
            mail: section(&mut reader),
            webhooks: section(&mut reader),
            auth: section(&mut reader),
            journal: section(&mut reader),
            retention: section(&mut reader),
            log: section(&mut reader),
            file: None,
            settings: Vec::new(),
        };
        reader.finish(&sections::names());
        sections::check_names(&config.asterisk, &mut report);
        sections::check_ways(&config.asterisk, &config.provisioning, &mut report);
        sections::check_sources(&config.cdr_source, &mut report);
        config.file = file;
        config.settings = std::mem::take(&mut report.settings);
        if report.flaws.is_empty() {
            Ok(config)
        } else {
            let mut flaws = report.flaws;
            flaws.sort_by(|a, b| a.origin.cmp(&b.origin));
            Err(ConfigError { flaws })
        }
    }

    /// The file that was read; `None`: there was none.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Every value with where it came from, secrets redacted. Empty for a configuration that was not loaded.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// The settings as TOML, each with its origin behind it.
    pub fn dump(&self) -> String {
        describe::dump(&self.settings)
    }

    /// Where the database is: as configured, else the file `cordboard.db` in the data folder.
    pub fn dsn(&self) -> Secret {
        self.database.dsn.clone().unwrap_or_else(|| {
            let file = self.data.folder.join("cordboard.db");
            Secret::new(format!("sqlite:{}", file.display()))
        })
    }

    /// The database's file, if it is SQLite in one.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let dsn = self.dsn();
        let path = dsn.expose().strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        (path != ":memory:").then(|| path.into())
    }
}

fn section<S: Section>(reader: &mut Reader<'_>) -> S {
    reader.section::<S>(S::NAME)
}

fn list<S: Section>(reader: &mut Reader<'_>) -> Vec<S> {
    reader.list::<S>(S::NAME)
}

#[cfg(test)]
mod tests;
