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
    ("API_TOKEN", "statistics.api_token"),
    (
        "DEFAULT_RATE_LIMIT_PER_AGENT",
        "caller_id.rate_limit_per_agent",
    ),
];

/// Databases of call detail records, as a program before had them: `DB1_HOST` to `DB3_PASSWORD`.
const INHERITED_SOURCES: [&str; 3] = ["DB1_", "DB2_", "DB3_"];
const INHERITED_SOURCE_KEYS: [(&str, &str); 4] = [
    ("HOST", "host"),
    ("PORT", "port"),
    ("USER", "user"),
    ("PASSWORD", "password"),
];
/// Variables in a file, as those programs had them; ours do not count there.
const VARIABLES_FILE: &str = ".env";

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
                .chain(variables_of(Path::new(VARIABLES_FILE)))
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
    inherit_sources(&mut root, sources, report);
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

/// The inherited variables of a file, if there is one; a line that is none is left out, as its program did.
fn variables_of(file: &Path) -> Vec<(String, String)> {
    let Ok(variables) = dotenvy::from_path_iter(file) else {
        return Vec::new();
    };
    let is_inherited = |name: &str| {
        INHERITED.iter().any(|(known, _)| *known == name)
            || INHERITED_SOURCES.iter().any(|slot| name.starts_with(slot))
    };
    let variables = variables.filter_map(Result::ok);
    variables.filter(|(name, _)| is_inherited(name)).collect()
}

/// Adds a source for each slot that has a host. What is empty is not set: so the example of that program had it.
fn inherit_sources(root: &mut BTreeMap<String, Entry>, sources: &Sources, report: &mut Report) {
    let variable = |name: &str| {
        let mut set = sources.environment.iter();
        set.find(|(known, value)| known == name && !value.trim().is_empty())
    };
    let mut hosts: Vec<String> = Vec::new();
    for slot in INHERITED_SOURCES {
        let Some((_, host)) = variable(&format!("{slot}HOST")) else {
            continue;
        };
        let index = match root.get("cdr_source").map(|entry| &entry.node) {
            Some(tree::Node::List(items)) => items.len(),
            _ => 0,
        }
        .to_string();
        let mut add = |key: &str, name: &str, value: &str| {
            let variable = name.to_owned();
            let path = ["cdr_source", index.as_str(), key];
            put(root, &path, value, Origin::Environment { variable }, report);
        };
        for (name, key) in INHERITED_SOURCE_KEYS {
            if let Some((name, value)) = variable(&format!("{slot}{name}")) {
                add(key, name, value.trim());
            }
        }
        // Two ports of one host are two databases.
        if hosts.contains(host) {
            let port = variable(&format!("{slot}PORT")).map_or("3306", |(_, port)| port);
            add("name", &format!("{slot}HOST"), &format!("{host}:{port}"));
        }
        hosts.push(host.clone());
    }
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
