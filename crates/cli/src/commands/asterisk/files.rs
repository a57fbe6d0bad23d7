//! Rendered files, written so that nobody sees a half one, and nobody else sees one at all.

use std::{fs, os::unix::fs::DirBuilderExt as _, path::Path};

use anyhow::Context as _;
use server::whole_file::{self, WholeFileError};

use crate::failure::{Code, Failure};

/// A file of Asterisk's configuration.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// Writes all of them into `folder`, which is made if it is missing.
pub(super) fn write(folder: &Path, files: &[File]) -> anyhow::Result<()> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.with_context(|| format!("cannot make {}", folder.display()))?;
    for file in files {
        let written = whole_file::replace(folder, file.name, &file.text, 0o600);
        written.map_err(|error| refused(&error))?;
        eprintln!("wrote {}", folder.join(file.name).display());
    }
    Ok(())
}

fn refused(error: &WholeFileError) -> Failure {
    let failure = Failure::new(Code::Failed, error.to_string());
    match error {
        WholeFileError::Others(_) => {
            failure.remedy("name another folder by --out, and take what is in the files into yours")
        }
        _ => failure,
    }
}
