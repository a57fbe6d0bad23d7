//! Secrets from where a centre file says that they are. They are read when they are needed, and go into a request and nowhere else.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use server::centre::{Change, Plan, SecretSource};

use crate::failure::{Code, Failure};

/// The most bytes that are read of a file.
const MAX_FILE: u64 = 4096;

/// Those that a plan needs: by the path of the change, then by its field.
pub(super) struct Secrets(BTreeMap<String, BTreeMap<String, String>>);

impl Secrets {
    /// Reads all of them before anything is changed. Paths of files are meant from `folder`.
    pub(super) fn read(plan: &Plan, folder: Option<&Path>) -> Result<Self, Failure> {
        let (mut all, mut missing) = (BTreeMap::new(), Vec::new());
        for change in &plan.changes {
            let mut of_it = BTreeMap::new();
            for (field, source) in &change.secrets {
                match read(source, folder) {
                    Ok(secret) => {
                        of_it.insert(field.clone(), secret);
                    }
                    Err(why) => missing.push(format!("{field} of {}: {why}", change.title())),
                }
            }
            if !of_it.is_empty() {
                all.insert(change.path.clone(), of_it);
            }
        }
        if missing.is_empty() {
            return Ok(Self(all));
        }
        let failure = Failure::new(
            Code::Failed,
            "a secret is not where the file says; nothing was done",
        );
        Err(failure.because(missing.join("\n")))
    }

    pub(super) fn of(&self, change: &Change) -> impl Iterator<Item = (&str, &str)> {
        let of_it = self.0.get(&change.path).into_iter().flatten();
        of_it.map(|(field, secret)| (field.as_str(), secret.as_str()))
    }
}

fn read(source: &SecretSource, folder: Option<&Path>) -> Result<String, String> {
    let secret = match source {
        SecretSource::Env(name) => std::env::var(name)
            .map_err(|_| format!("there is no variable {name} in the environment"))?,
        SecretSource::File(path) => {
            let path = folder.map_or_else(|| PathBuf::from(path), |folder| folder.join(path));
            let failed = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
            let mut text = String::new();
            let file = File::open(&path).map_err(failed)?;
            file.take(MAX_FILE)
                .read_to_string(&mut text)
                .map_err(failed)?;
            text.lines().next().unwrap_or_default().to_owned()
        }
    };
    if secret.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(secret)
}
