//! Secrets from where a centre file says that they are. They are read when they are needed, and go into a request and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use server::centre::{Change, Plan, SecretSource};

use crate::failure::{Code, Failure};

/// The most bytes that are read of a file.
const MAX_FILE: u64 = 4096;

/// What a rollback may read. The server says where secrets are, and whoever set it up may have meant another machine than this one: so
/// nothing is read of which whoever is here has not said so.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowed(Vec<String>);

impl Allowed {
    /// From the names of variables, such as `NAME` or `NAME_*`, and the paths of files and folders.
    pub(super) fn new(named: &[String]) -> Self {
        Self(named.to_vec())
    }

    fn has(&self, source: &SecretSource) -> bool {
        let mut named = self.0.iter();
        match source {
            SecretSource::Env(name) => named.any(|it| match it.strip_suffix('*') {
                Some(begin) => name.starts_with(begin),
                None => it == name,
            }),
            SecretSource::File(path) => {
                let path = Path::new(path);
                let is_plain = path.components().all(|it| it != Component::ParentDir);
                is_plain && named.any(|it| !it.is_empty() && path.starts_with(it))
            }
        }
    }

    /// Refuses a plan that needs others.
    fn check(&self, plan: &Plan) -> Result<(), Failure> {
        let all = plan.changes.iter().flat_map(|it| it.secrets.values());
        let others: BTreeSet<_> = all.filter(|it| !self.has(it)).map(word).collect();
        if others.is_empty() {
            return Ok(());
        }
        let named: Vec<_> = others
            .iter()
            .map(|it| format!("--secrets-from {it}"))
            .collect();
        let what = "a change says where secrets are, and nothing is read here unless you say so; nothing was done";
        Err(Failure::new(Code::Failed, what).remedy(format!(
            "if these are yours, and may be sent to the server: `{}` (a folder names all in it, `NAME_*` all such variables)",
            named.join(" ")
        )))
    }
}

/// How `--secrets-from` names it.
fn word(source: &SecretSource) -> &str {
    match source {
        SecretSource::Env(word) | SecretSource::File(word) => word,
    }
}

/// Those that a plan needs: by the path of the change, then by its field.
pub(super) struct Secrets(BTreeMap<String, BTreeMap<String, String>>);

impl Secrets {
    /// Reads all of them before anything is changed. Paths of files are meant from `folder`. `allowed`: nothing else is read.
    pub(super) fn read(
        plan: &Plan,
        folder: Option<&Path>,
        allowed: Option<&Allowed>,
    ) -> Result<Self, Failure> {
        if let Some(allowed) = allowed {
            allowed.check(plan)?;
        }
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
            "a secret is not where it is said to be; nothing was done",
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
