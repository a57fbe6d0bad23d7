//! `[journal]`: the file that stands before the database.

use super::{Key, Section, SectionReader, key};
use crate::config::Size;

/// The file that stands before the database.
#[derive(Debug, Clone)]
pub struct JournalConfig {
    pub max_bytes: Size,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            max_bytes: Size(256 << 20),
        }
    }
}

/// Two files of the journal: with less it could not begin a new one.
const MIN_BYTES: Size = Size(16 << 20);

impl Section for JournalConfig {
    const NAME: &'static str = "journal";
    const ABOUT: &'static str = "The file that keeps what happened until the database has it.";
    const KEYS: &'static [Key] = &[key(
        "max_bytes",
        "How large it may become while the database is away; then new calls are handed back to the dialplan, and no caller ID is presented. At least 16 MiB.",
        "\"256 MiB\"",
    )];

    fn read(from: &mut SectionReader<'_>) -> Self {
        Self {
            max_bytes: from.value("max_bytes", Self::default().max_bytes),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        if self.max_bytes < MIN_BYTES {
            return Err(("max_bytes", "is less than 16 MiB".to_owned()));
        }
        Ok(())
    }
}
