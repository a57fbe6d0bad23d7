//! Where settings come from: one file, the environment, flags; later ones win.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{
    FILE_NAME,
    error::Flaw,
    reader::{Origin, Report},
    tree::{self, Entry},
};

/// The largest configuration file that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// What every variable of ours begins with. `CORDBOARD_` alone is for other purposes.
const PREFIX: &str = "CORDBOARD__";
/// What the programs we replace are told by, and the keys that mean the same. A variable of ours goes first.
const INHERITED: &[(&str, &str)] = &[
    ("ADMIN_TOKEN", "caller_id.admin_token"),
    (
        "DEFAULT_RATE_LIMIT_PER_AGENT",
        "caller_id.rate_limit_per_agent",
    ),
];

/// Names the file, as `--config` does.
const FILE_VARIABLE: &str = "CORDBOARD_CONFIG";

/// Read when nothing else is named and it exists.
const SYSTEM_FILE: &str = "/etc/cordboard/cordboard.toml";

/// A value given on the command line.
#[derive(Debug, Clone)]
pub struct Flag {
    /// Such as `--listen`.
    pub flag: &'static str,
    /// Such as `server.listen`.
    pub key: &'static str,
    pub value: String,
}

/// Where to look. [`Sources::default`] looks nowhere: the built-in values.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file that was asked for; it must exist.
    pub file: Option<PathBuf>,
    /// Files to use if they exist, the first one found.
    pub candidates: Vec<PathBuf>,
    /// Names and values; only those with our prefix and the inherited ones matter.
    pub environment: Vec<(String, String)>,
    pub flags: Vec<Flag>,
}

impl Sources {
    /// This process's environment, with the file named by `file`, else by `CORDBOARD_CONFIG`, else the first of
    /// `<data>/cordboard.toml`, `./cordboard.toml`, `/etc/cordboard/cordboard.toml`.
    pub fn of_process(file: Option<PathBuf>, data: Option<&Path>, flags: Vec<Flag>) -> Self {
        let named = || std::env::var_os(FILE_VARIABLE).filter(|name| !name.is_empty());
        let candidates = data
            .map(|folder| folder.join(FILE_NAME))
            .into_iter()
            .chain([PathBuf::from(FILE_NAME), PathBuf::from(SYSTEM_FILE)]);
        Self {
            file: file.or_else(|| named().map(PathBuf::from)),
            candidates: candidates.collect(),
            environment: std::env::vars_os()
                .map(|(name, value)| {
                    let text = |part: std::ffi::OsString| part.to_string_lossy().into_owned();
                    (text(name), text(value))
                })
                .collect(),
            flags,
        }
    }

    /// The file that will be read.
    pub(super) fn file(&self) -> Option<PathBuf> {
        self.file
            .clone()
            .or_else(|| self.candidates.iter().find(|path| path.exists()).cloned())
    }
}

/// All sources laid over each other.
pub(super) fn merged(
    sources: &Sources,
    file: Option<&Path>,
    report: &mut Report,
) -> BTreeMap<String, Entry> {
    let mut root = file.map_or_else(BTreeMap::new, |file| from_file(file, report));
    for &(name, key) in INHERITED {
        let Some((_, value)) = sources.environment.iter().find(|(known, _)| known == name) else {
            continue;
        };
        let path: Vec<&str> = key.split('.').collect();
        let variable = name.to_owned();
        put(
            &mut root,
            &path,
            value,
            Origin::Environment { variable },
            report,
        );
    }
    let mut variables: Vec<(Vec<String>, &str, &str)> = sources
        .environment
        .iter()
        .filter_map(|(name, value)| {
            let path = name.strip_prefix(PREFIX)?.to_lowercase();
            let words = path.split("__").map(str::to_owned).collect();
            Some((words, name.as_str(), value.as_str()))
        })
        .collect();
    // List items in their order: a new one can only be the next.
    variables.sort_by_key(|(words, ..)| {
        let number = |word: &String| word.parse::<usize>().unwrap_or(0);
        let key: Vec<_> = words.iter().map(|w| (number(w), w.clone())).collect();
        key
    });
    for (words, name, value) in &variables {
        let path: Vec<&str> = words.iter().map(String::as_str).collect();
        put(
            &mut root,
            &path,
            value,
            Origin::Environment {
                variable: (*name).to_owned(),
            },
            report,
        );
    }
    for flag in &sources.flags {
        let path: Vec<&str> = flag.key.split('.').collect();
        put(
            &mut root,
            &path,
            &flag.value,
            Origin::Flag { flag: flag.flag },
            report,
        );
    }
    root
}

fn put(
    root: &mut BTreeMap<String, Entry>,
    path: &[&str],
    value: &str,
    origin: Origin,
    report: &mut Report,
) {
    let outcome = if path.len() < 2 || path.iter().any(|word| word.is_empty()) {
        Err(format!("names no key; the form is {PREFIX}SECTION__KEY"))
    } else {
        tree::put(root, path, value, &origin)
    };
    if let Err(what) = outcome {
        report.flaws.push(Flaw {
            origin: Some(origin),
            what,
        });
    }
}

fn from_file(file: &Path, report: &mut Report) -> BTreeMap<String, Entry> {
    let flaw = match read_bounded(file, MAX_FILE) {
        Ok(text) => match tree::parse(file, &text) {
            Ok(root) => return root,
            Err((origin, what)) => Flaw {
                origin: Some(origin),
                what,
            },
        },
        Err(error) => Flaw {
            origin: None,
            what: format!("cannot read {}: {error}", file.display()),
        },
    };
    report.flaws.push(flaw);
    BTreeMap::new()
}

/// A text file of at most `max` bytes.
pub(super) fn read_bounded(file: &Path, max: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(max + 1).read_to_string(&mut text)?;
    if text.len() as u64 > max {
        return Err(io::Error::other(format!("it is larger than {max} bytes")));
    }
    Ok(text)
}
