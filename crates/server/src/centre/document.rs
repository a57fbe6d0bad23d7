//! A centre file: TOML, a section for each noun, a table for each thing. Everything that is wrong with it is told at once.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::check::Check;
use super::noun::Noun;
use super::places::{Place, Places};
use super::schema::Schema;
use super::things::{Things, full_key, renamed};

/// The longest centre file, in bytes.
pub const MAX_CENTRE_FILE: usize = 4 << 20;
/// The most characters of a path that are shown.
const MAX_PATH: usize = 200;

/// Something that is wrong with a centre file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flaw {
    pub place: Option<Place>,
    /// Such as `queues[0].strategy`.
    pub path: String,
    pub what: String,
}

/// Where a secret is to be found. It is read by whoever needs it, and never kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of the environment.
    Env(String),
    /// A file's first line.
    File(String),
}

/// One thing that a file wants.
#[derive(Debug, Clone)]
pub struct Entry {
    pub noun: &'static Noun,
    pub key: String,
    /// Of a member: the queue's key.
    pub owner: Option<String>,
    /// Those that the file says; what is nothing is `null`.
    pub fields: Map<String, Value>,
    /// By the field that they are of, such as `ami.secret`.
    pub secrets: BTreeMap<String, SecretSource>,
    /// Where it stands: `queues[0]`.
    pub path: String,
}

/// A centre file that was read.
#[derive(Debug, Default)]
pub struct Document {
    pub entries: Vec<Entry>,
    /// Those that the file has: each is complete.
    pub sections: Vec<&'static str>,
    /// Queues whose members the file says: each list is complete.
    pub queues_with_members: Vec<String>,
    index: BTreeMap<(&'static str, String), usize>,
    places: Places,
}

impl Document {
    /// Reads a file, as far as it makes sense, and says what does not.
    pub fn read(text: &str, schema: &Schema) -> (Self, Vec<Flaw>) {
        let refused = |place, what: String| {
            let flaw = Flaw::new(place, "the file", what);
            (Self::default(), vec![flaw])
        };
        if text.len() > MAX_CENTRE_FILE {
            let what = format!("is longer than {} MiB", MAX_CENTRE_FILE >> 20);
            return refused(None, what);
        }
        let mut places = Places::of(text);
        let table = match DeTable::parse(text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                let place = error.span().map(|span| places.at(span.start));
                return refused(place, format!("is not TOML: {}", error.message()));
            }
        };
        let root = json(DeValue::Table(table), "", &mut places);
        if places.is_full() {
            let what = "has more values, or longer names, than any centre: split it";
            return refused(None, what.to_owned());
        }
        let mut check = Check::new(schema, &places);
        let mut document = check.document(&root);
        let flaws = check.flaws();
        document.places = places;
        (document, flaws)
    }

    /// References to what neither the file nor what is there has.
    pub fn strangers(&self, schema: &Schema, things: &Things) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        for entry in &self.entries {
            let Some(asked) = schema.asked(entry.noun) else {
                continue;
            };
            let unknown = std::cell::RefCell::new(Vec::new());
            for (name, value) in &entry.fields {
                let Some(shape) = asked.property(name) else {
                    continue;
                };
                renamed(&shape, value, &|noun, key| {
                    if !self.will_have(noun, key, things) {
                        let what = format!("there is no {} {key:?}", noun.one);
                        unknown.borrow_mut().push((name.clone(), what));
                    }
                    None
                });
            }
            if entry.owner.is_some()
                && let Some(noun) = Noun::of("agents")
                && !self.will_have(noun, &entry.key, things)
            {
                let what = format!("there is no agent {:?}", entry.key);
                unknown.borrow_mut().push((entry.noun.key.to_owned(), what));
            }
            for (name, what) in unknown.into_inner() {
                flaws.push(self.flaw_at(&entry.path, &name, what));
            }
        }
        flaws
    }

    /// A flaw of what stands at a path, with its place; `field` may be empty.
    pub fn flaw_at(&self, path: &str, field: &str, what: impl Into<String>) -> Flaw {
        let path = match field {
            "" => path.to_owned(),
            field => format!("{path}.{field}"),
        };
        Flaw::new(self.places.find(&path), &path, what)
    }

    /// Whether there is one once the file is applied.
    fn will_have(&self, noun: &Noun, key: &str, things: &Things) -> bool {
        if self.sections.contains(&noun.section) {
            return self.find(noun, key).is_some();
        }
        things.find(noun, key).is_some()
    }

    pub fn find(&self, noun: &Noun, key: &str) -> Option<&Entry> {
        let at = self.index.get(&(noun.section, key.to_owned()))?;
        self.entries.get(*at)
    }

    pub(super) fn add(&mut self, entry: Entry) {
        let named = (entry.noun.section, entry.full_key());
        self.index.insert(named, self.entries.len());
        self.entries.push(entry);
    }
}

impl Entry {
    /// What it is known by among all of its noun.
    pub fn full_key(&self) -> String {
        full_key(self.owner.as_deref(), &self.key)
    }
}

impl Flaw {
    pub(super) fn new(place: Option<Place>, path: &str, what: impl Into<String>) -> Self {
        Self {
            place,
            path: path.to_owned(),
            what: what.into(),
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { line, column }) = self.place {
            write!(f, "line {line}, column {column}: ")?;
        }
        let path: String = self.path.chars().take(MAX_PATH).collect();
        write!(f, "{path}: {}", self.what)
    }
}

/// A value as JSON, and where each part of it stands. What JSON does not have becomes a text that says so: no field takes it.
/// Once there are more places than are kept the rest is left out: nobody asks for it.
fn json(value: DeValue<'_>, path: &str, places: &mut Places) -> Value {
    match value {
        DeValue::Table(table) => {
            let mut map = Map::new();
            for (key, value) in table {
                if places.is_full() {
                    break;
                }
                let start = key.span().start;
                let key = key.into_inner().into_owned();
                let inner = match path {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                places.put(&inner, start);
                map.insert(key, json(value.into_inner(), &inner, places));
            }
            Value::Object(map)
        }
        DeValue::Array(items) => {
            let mut list = Vec::new();
            for (at, item) in items.into_iter().enumerate() {
                if places.is_full() {
                    break;
                }
                let inner = format!("{path}[{at}]");
                places.put(&inner, item.span().start);
                list.push(json(item.into_inner(), &inner, places));
            }
            Value::Array(list)
        }
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Boolean(flag) => flag.into(),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| f64::INFINITY.into(), Value::from),
        DeValue::Float(number) => number
            .as_str()
            .parse::<f64>()
            .map_or(Value::Null, Value::from),
        DeValue::Datetime(at) => serde_json::json!({ "a date": at.to_string() }),
    }
}
