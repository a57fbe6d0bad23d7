//! Passwords that are read or made. Never from an argument: those are seen by every user of the machine.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use clap::Args;
use rand::{TryRngCore as _, rngs::OsRng};

use crate::failure::{Code, Failure};

/// The most bytes that are read of a password file.
const MAX_FILE: u64 = 4096;

/// Where a password comes from.
#[derive(Debug, Args)]
pub(crate) struct PasswordFile {
    /// A file with the password in its first line; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
}

impl PasswordFile {
    /// The password, within the bounds of a new one.
    pub(crate) fn read(&self) -> Result<String, Failure> {
        let path = &self.password_file;
        let failed = |error: io::Error| {
            Failure::new(
                Code::Failed,
                format!("cannot read the password from {}", path.display()),
            )
            .because(error)
        };
        let text = if path == Path::new("-") {
            bounded(io::stdin().lock())
        } else {
            File::open(path).and_then(bounded)
        };
        let text = text.map_err(failed)?;
        let password = text.lines().next().unwrap_or_default().to_owned();
        server::auth::check_new_password(&password).map_err(|error| {
            Failure::new(Code::Failed, "this password cannot be used").because(error)
        })?;
        Ok(password)
    }
}

fn bounded(from: impl io::Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(MAX_FILE).read_to_string(&mut text)?;
    Ok(text)
}

/// Without those that are mistaken for one another.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// 100 bits.
const LENGTH: usize = 20;

/// A password that nobody has to invent.
pub(crate) fn random() -> anyhow::Result<String> {
    let mut bytes = [0; LENGTH];
    OsRng.try_fill_bytes(&mut bytes)?;
    Ok(bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect())
}
