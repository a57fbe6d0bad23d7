//! `[data]`: the folder for everything that is written.

use std::path::PathBuf;

use super::{Key, Section, SectionReader, key};

/// The folder for everything that is written.
#[derive(Debug, Clone)]
pub struct DataConfig {
    pub folder: PathBuf,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("cordboard-data"),
        }
    }
}

impl Section for DataConfig {
    const NAME: &'static str = "data";
    const ABOUT: &'static str = "The folder for everything that is written: journal, key, and the database if it is SQLite.";
    const KEYS: &'static [Key] = &[key(
        "folder",
        "Made at the first start. On a disk that survives a restart. Also `--data`.",
        "\"/var/lib/cordboard\"",
    )];

    fn read(from: &mut SectionReader<'_>) -> Self {
        Self {
            folder: from.path("folder", Self::default().folder),
        }
    }
}
