//! What no compiler checks: who may depend on whom, names, file lengths, and what must not be committed.
//!
//! Looks only at what Cargo and git say; never changes a file.

mod arrows;
mod files;
mod metadata;

use std::{fmt, fs, path::Path, process::Command};

use anyhow::{Context, ensure};

/// Something that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// A file, or a crate.
    place: String,
    what: String,
}

impl Problem {
    fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        let (place, what) = (place.into(), what.into());
        Self { place, what }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Everything that is wrong with the repository in `root`.
pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<Problem>> {
    let mut problems = arrows::check(&metadata::read(root)?);
    for name in tracked(root)? {
        // Gone from the folder but not yet from the index, or not text: nothing to read.
        let text = fs::read_to_string(root.join(&name)).unwrap_or_default();
        problems.extend(files::check(&name, &text));
    }
    Ok(problems)
}

/// The names of the files that are, or are about to be, committed.
fn tracked(root: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .output()
        .context("run git")?;
    ensure!(
        output.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    Ok(names.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn this_repository_is_tidy() {
        let problems = super::check(&crate::root()).unwrap();
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "\n{}\n", lines.join("\n"));
    }
}
