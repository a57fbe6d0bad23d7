//! Takes the tree apart section by section, notes where each value came from, and finds what nobody asked for.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    error::Flaw,
    secret::{REDACTED, Secret, redacted_dsn},
    sections::{Key, Section},
    source::read_bounded,
    tree::{Entry, Node},
    value::Value,
};

/// The largest file of a secret, in bytes.
const MAX_SECRET: u64 = 64 << 10;

/// Where a value was written, in the order in which flaws are told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Origin {
    Default,
    File { file: PathBuf, line: usize },
    Environment { variable: String },
    Flag { flag: &'static str },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{}:{line}", file.display()),
            Self::Environment { variable } => f.write_str(variable),
            Self::Flag { flag } => f.write_str(flag),
        }
    }
}

/// One value in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// Such as `server.listen` or `asterisk.0.ari_url`.
    pub key: String,
    /// Null: not set. Secrets are redacted.
    pub value: serde_json::Value,
    pub origin: Origin,
}

/// What reading brings to light.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) flaws: Vec<Flaw>,
    pub(super) settings: Vec<Setting>,
}

/// Reads sections from a tree.
pub(super) struct Reader<'a> {
    root: BTreeMap<String, Entry>,
    folder: Option<PathBuf>,
    report: &'a mut Report,
}

impl<'a> Reader<'a> {
    /// Relative paths in the file are meant from `folder`.
    pub(super) fn new(
        root: BTreeMap<String, Entry>,
        folder: Option<&Path>,
        report: &'a mut Report,
    ) -> Self {
        let folder = folder.map(Path::to_owned);
        Self {
            root,
            folder,
            report,
        }
    }

    /// The section `[name]`, or its defaults.
    pub(super) fn section<S: Section>(&mut self, name: &'static str) -> S {
        let table = match self.root.remove(name) {
            None => BTreeMap::new(),
            Some(entry) => self.table(name, entry),
        };
        self.read(name.to_owned(), table)
    }

    /// The list of sections `[[name]]`.
    pub(super) fn list<S: Section>(&mut self, name: &'static str) -> Vec<S> {
        let items = match self.root.remove(name) {
            None => Vec::new(),
            Some(Entry {
                node: Node::List(items),
                ..
            }) => items,
            Some(entry) => {
                let found = entry.node.kind();
                self.flaw(
                    Some(entry.origin),
                    format!("`{name}` is {found}; write [[{name}]], once for each"),
                );
                Vec::new()
            }
        };
        items
            .into_iter()
            .enumerate()
            .map(|(index, entry)| {
                let table = self.table(name, entry);
                self.read(format!("{name}.{index}"), table)
            })
            .collect()
    }

    /// Complains of whatever was not asked for. `known` are all sections.
    pub(super) fn finish(self, known: &[&str]) {
        for (name, entry) in self.root {
            let key_elsewhere = super::sections::section_with(&name);
            let hint = match (key_elsewhere, nearest(&name, known)) {
                (Some(section), _) => format!("`{name}` belongs into [{section}]"),
                (None, Some(near)) => format!("did you mean [{near}]?"),
                (None, None) => format!("the sections are {}", known.join(", ")),
            };
            self.report.flaws.push(Flaw {
                origin: Some(entry.origin),
                what: format!("unknown section or key `{name}`; {hint}"),
            });
        }
    }

    fn read<S: Section>(&mut self, path: String, table: BTreeMap<String, Entry>) -> S {
        let mut reader = SectionReader {
            path,
            keys: S::KEYS,
            name: S::NAME,
            table,
            origins: BTreeMap::new(),
            folder: self.folder.as_deref(),
            report: self.report,
        };
        let before = reader.report.flaws.len();
        let section = S::read(&mut reader);
        // A value that could not be read has been told of; its stand-in need not be.
        if reader.report.flaws.len() == before
            && let Err((key, what)) = section.check()
        {
            reader.flaw(key, &what);
        }
        reader.finish();
        section
    }

    fn table(&mut self, name: &str, entry: Entry) -> BTreeMap<String, Entry> {
        let found = entry.node.kind();
        if let Node::Table(table) = entry.node {
            return table;
        }
        self.flaw(
            Some(entry.origin),
            format!("`{name}` is {found}; it is a section: [{name}]"),
        );
        BTreeMap::new()
    }

    fn flaw(&mut self, origin: Option<Origin>, what: String) {
        self.report.flaws.push(Flaw { origin, what });
    }
}

/// Reads the keys of one section.
pub(super) struct SectionReader<'a> {
    /// `asterisk.0`; `name` is then `asterisk`.
    path: String,
    name: &'static str,
    keys: &'static [Key],
    table: BTreeMap<String, Entry>,
    origins: BTreeMap<&'static str, Origin>,
    folder: Option<&'a Path>,
    report: &'a mut Report,
}

impl SectionReader<'_> {
    /// The value of `key`, or the default.
    pub(super) fn value<T: Value>(&mut self, key: &'static str, default: T) -> T {
        let value = self.given(key).unwrap_or(default);
        self.note(key, value.shown());
        value
    }

    /// The value of `key`, if it is set.
    pub(super) fn optional<T: Value>(&mut self, key: &'static str) -> Option<T> {
        let value = self.given::<T>(key);
        self.note(
            key,
            value.as_ref().map_or(serde_json::Value::Null, Value::shown),
        );
        value
    }

    /// The value of a key that has no default.
    pub(super) fn required<T: Value>(&mut self, key: &'static str, stand_in: T) -> T {
        let is_set = self.table.contains_key(key);
        let value = self.optional(key);
        if !is_set {
            self.missing(key);
        }
        value.unwrap_or(stand_in)
    }

    /// A path; a relative one in the file is meant from the file's folder.
    pub(super) fn path(&mut self, key: &'static str, default: PathBuf) -> PathBuf {
        let path = match self.given::<PathBuf>(key) {
            Some(path) => self.resolved(key, path),
            None => default,
        };
        self.note(key, path.shown());
        path
    }

    /// A secret: `key` itself, or the text of the file that `key_file` names.
    pub(super) fn secret(&mut self, key: &'static str, key_file: &'static str) -> Option<Secret> {
        let direct: Option<String> = self.given(key);
        let file: Option<PathBuf> = self
            .given(key_file)
            .map(|path| self.resolved(key_file, path));
        if direct.is_some() && file.is_some() {
            self.flaw(key_file, &format!("and `{key}` are both set; keep one"));
        }
        let is_dsn = key == "dsn";
        self.note(
            key,
            direct.as_ref().map_or(serde_json::Value::Null, |text| {
                if is_dsn {
                    redacted_dsn(text).into()
                } else {
                    REDACTED.into()
                }
            }),
        );
        self.note(
            key_file,
            file.as_ref().map_or(serde_json::Value::Null, Value::shown),
        );
        let text = match file {
            None => direct?,
            Some(file) => match read_bounded(&file, MAX_SECRET) {
                Ok(text) => text.trim_end_matches(['\r', '\n']).to_owned(),
                Err(error) => {
                    self.flaw(
                        key_file,
                        &format!("cannot be read: {}: {error}", file.display()),
                    );
                    return None;
                }
            },
        };
        if text.is_empty() {
            self.flaw(
                if self.origins.contains_key(key_file) {
                    key_file
                } else {
                    key
                },
                "is empty",
            );
            return None;
        }
        Some(Secret::new(text))
    }

    /// A secret that must be set, in either way.
    pub(super) fn required_secret(
        &mut self,
        key: &'static str,
        key_file: &'static str,
    ) -> Option<Secret> {
        if !self.table.contains_key(key) && !self.table.contains_key(key_file) {
            self.missing(&format!("{key}` or `{key_file}"));
        }
        self.secret(key, key_file)
    }

    fn missing(&mut self, key: &str) {
        let what = format!("[{}] lacks the key `{key}`", self.path);
        // Where the section begins would be nicer, but its other keys show it too.
        let unread = self.table.values().map(|entry| &entry.origin);
        let origin = self.origins.values().chain(unread).min().cloned();
        self.report.flaws.push(Flaw { origin, what });
    }

    fn given<T: Value>(&mut self, key: &'static str) -> Option<T> {
        debug_assert!(
            self.keys.iter().any(|known| known.name == key),
            "{key} is not in KEYS"
        );
        let entry = self.table.remove(key)?;
        let value = match (&entry.node, &entry.origin) {
            (Node::Text(text), Origin::Environment { .. } | Origin::Flag { .. }) => {
                T::from_text(text)
            }
            (node, _) => T::from_node(node),
        };
        if value.is_none() {
            let found = match &entry.node {
                // Never a secret: every text is one.
                Node::Text(text) => format!("{text:?}"),
                other => other.kind().to_owned(),
            };
            self.report.flaws.push(Flaw {
                origin: Some(entry.origin.clone()),
                what: format!(
                    "`{key}` in [{}] is {found}; expected {}",
                    self.path,
                    T::EXPECTED
                ),
            });
        }
        self.origins.insert(key, entry.origin);
        value
    }

    fn resolved(&self, key: &str, path: PathBuf) -> PathBuf {
        match (self.origins.get(key), self.folder) {
            (Some(Origin::File { .. }), Some(folder)) => folder.join(path),
            _ => path,
        }
    }

    fn note(&mut self, key: &'static str, value: serde_json::Value) {
        self.report.settings.push(Setting {
            key: format!("{}.{key}", self.path),
            value,
            origin: self.origins.get(key).cloned().unwrap_or(Origin::Default),
        });
    }

    fn flaw(&mut self, key: &str, what: &str) {
        self.report.flaws.push(Flaw {
            origin: self.origins.get(key).cloned(),
            what: format!("`{key}` in [{}] {what}", self.path),
        });
    }

    fn finish(self) {
        let known: Vec<&str> = self.keys.iter().map(|key| key.name).collect();
        for (name, entry) in self.table {
            let hint = match nearest(&name, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => match super::sections::section_with(&name) {
                    Some(section) => format!("it belongs into [{section}]"),
                    None => format!("the keys are {}", known.join(", ")),
                },
            };
            self.report.flaws.push(Flaw {
                origin: Some(entry.origin),
                what: format!("unknown key `{name}` in [{}]; {hint}", self.name),
            });
        }
    }
}

/// The known word that was probably meant.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::osa_distance(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}
