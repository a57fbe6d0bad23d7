//! A centre file: TOML, a section for each noun, a table for each thing. Everything that is wrong with it is told at once.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::check::Check;
use super::noun::Noun;
use super::schema::Schema;
use super::things::{Things, full_key, renamed};

/// The longest centre file, in bytes.
pub const MAX_CENTRE_FILE: usize = 4 << 20;

/// Where something stands in a file; both begin at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

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
    places: BTreeMap<String, Place>,
}

impl Document {
    /// Reads a file, as far as it makes sense, and says what does not.
    pub fn read(text: &str, schema: &Schema) -> (Self, Vec<Flaw>) {
        let lines = Lines::of(text);
        if text.len() > MAX_CENTRE_FILE {
            let what = format!("is longer than {} MiB", MAX_CENTRE_FILE >> 20);
            return (Self::default(), vec![Flaw::new(None, "the file", what)]);
        }
        let table = match DeTable::parse(text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                let place = error.span().map(|span| lines.place(span.start));
                let what = format!("is not TOML: {}", error.message());
                return (Self::default(), vec![Flaw::new(place, "the file", what)]);
            }
        };
        let mut places = BTreeMap::new();
        let root = json(&lines, DeValue::Table(table), "", &mut places);
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
        Flaw::new(place_of(&self.places, &path), &path, what)
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
        write!(f, "{}: {}", self.path, self.what)
    }
}

/// The place of a path, or of what it is within.
pub(super) fn place_of(places: &BTreeMap<String, Place>, path: &str) -> Option<Place> {
    let mut path = path;
    loop {
        if let Some(place) = places.get(path) {
            return Some(*place);
        }
        path = &path[..path.rfind(['.', '['])?];
    }
}

/// Turns byte positions into lines and columns.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(ends).collect();
        Self { text, starts }
    }

    fn place(&self, at: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self.starts[line - 1];
        let before = self.text.get(start..at).unwrap_or_default();
        Place {
            line,
            column: before.chars().count() + 1,
        }
    }
}

/// A value as JSON, and where each part of it stands. What JSON does not have becomes a text that says so: no field takes it.
fn json(
    lines: &Lines<'_>,
    value: DeValue<'_>,
    path: &str,
    places: &mut BTreeMap<String, Place>,
) -> Value {
    match value {
        DeValue::Table(table) => {
            let mut map = Map::new();
            for (key, value) in table {
                let place = lines.place(key.span().start);
                let key = key.into_inner().into_owned();
                let inner = match path {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                places.insert(inner.clone(), place);
                map.insert(key, json(lines, value.into_inner(), &inner, places));
            }
            Value::Object(map)
        }
        DeValue::Array(items) => {
            let items = items.into_iter().enumerate();
            let items = items.map(|(at, item): (usize, Spanned<DeValue<'_>>)| {
                let inner = format!("{path}[{at}]");
                places.insert(inner.clone(), lines.place(item.span().start));
                json(lines, item.into_inner(), &inner, places)
            });
            items.collect()
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
