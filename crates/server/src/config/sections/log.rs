//! `[log]`: what is written to standard error.

use super::{Key, Section, SectionReader, key};
use crate::config::value::words;

words! {
    /// How a line of the log looks.
    LogFormat {
        Text = "text",
        /// One object per line.
        Json = "json",
    }
    expected "\"text\" or \"json\""
}

/// What is written to standard error.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// A level, or a filter such as `info,server::telephony=debug`.
    pub level: String,
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

impl Section for LogConfig {
    const NAME: &'static str = "log";
    const ABOUT: &'static str = "What is written to standard error.";
    const KEYS: &'static [Key] = &[
        key(
            "level",
            "`error`, `warn`, `info`, `debug` or `trace`; by module too: `info,cordboard_asterisk=debug`.",
            "\"info\"",
        ),
        key(
            "format",
            "`text`, or `json`: one object per line.",
            "\"json\"",
        ),
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        let default = Self::default();
        Self {
            level: from.value("level", default.level),
            format: from.value("format", default.format),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let directives = self.level.split(',').map(str::trim);
        for directive in directives {
            let level = directive.rsplit('=').next().unwrap_or(directive);
            if !LEVELS.contains(&level.to_lowercase().as_str()) {
                return Err((
                    "level",
                    format!("has {directive:?}; the levels are {}", LEVELS.join(", ")),
                ));
            }
        }
        Ok(())
    }
}
