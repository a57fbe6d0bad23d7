//! What a centre file may say, by the interface's own description. Goes on after a flaw, to tell all of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::document::{Document, Entry, Flaw, SecretSource};
use super::noun::{Kept, MEMBERS, Noun, QUEUE_SECTION, sections};
use super::places::Places;
use super::schema::{Schema, Shape};
use super::things::full_key;
use crate::config::nearest;

/// How the name of a field ends that says where a secret is.
const SOURCES: [&str; 2] = ["_env", "_file"];

pub(super) struct Check<'a> {
    schema: &'a Schema,
    places: &'a Places,
    flaws: Vec<Flaw>,
    /// Where each thing stands first.
    seen: BTreeMap<(&'static str, String), String>,
    document: Document,
}

/// What a table of a file said, apart from each other.
#[derive(Default)]
struct Said {
    fields: Map<String, Value>,
    secrets: BTreeMap<String, SecretSource>,
}

impl<'a> Check<'a> {
    pub(super) fn new(schema: &'a Schema, places: &'a Places) -> Self {
        Self {
            schema,
            places,
            flaws: Vec::new(),
            seen: BTreeMap::new(),
            document: Document::default(),
        }
    }

    /// In the order in which they stand in the file.
    pub(super) fn flaws(mut self) -> Vec<Flaw> {
        self.flaws.sort();
        self.flaws
    }

    fn flaw(&mut self, path: &str, what: impl Into<String>) {
        let place = self.places.find(path);
        self.flaws.push(Flaw::new(place, path, what));
    }

    /// The document, as far as it makes sense.
    pub(super) fn document(&mut self, root: &Value) -> Document {
        for (name, list) in root.as_object().into_iter().flatten() {
            let noun = Noun::of(name).filter(|noun| noun.is_section());
            let Some(noun) = noun else {
                self.unknown(name, "section", name, &sections());
                continue;
            };
            let Some(shape) = self.schema.asked(noun) else {
                self.flaw(name, "the server knows no such section: it is older");
                continue;
            };
            let Some(items) = list.as_array() else {
                self.flaw(name, format!("is no list: write [[{name}]] for each"));
                continue;
            };
            self.document.sections.push(noun.section);
            for (at, item) in items.iter().enumerate() {
                self.entry(noun, &shape, item, &format!("{name}[{at}]"), None);
            }
        }
        std::mem::take(&mut self.document)
    }

    fn entry(
        &mut self,
        noun: &'static Noun,
        shape: &Shape<'_>,
        item: &Value,
        path: &str,
        owner: Option<&str>,
    ) {
        let Some(table) = item.as_object() else {
            self.flaw(path, "is no table");
            return;
        };
        let (mut table, mut members) = (table.clone(), None);
        if noun.section == QUEUE_SECTION {
            members = table.remove(MEMBERS);
        }
        // Where the key stands in the path, no body has it.
        let named = if noun.kept == Kept::ById {
            table.get(noun.key).cloned()
        } else {
            table.remove(noun.key)
        };
        let said = self.table(noun, shape, &table, path);
        let Some(key) = named.as_ref().and_then(Value::as_str) else {
            let what = match named {
                None => format!(
                    "{} is missing: it says which {} this is",
                    noun.key, noun.one
                ),
                Some(_) => format!("{} is no text", noun.key),
            };
            self.flaw(path, what);
            return;
        };
        if key.is_empty() || key.chars().any(char::is_control) {
            let what = "is empty or has a control character in it";
            self.flaw(&format!("{path}.{}", noun.key), what);
        }
        let key = noun.plain_key(key);
        self.once(noun, owner, &key, path);
        if let Some(members) = members {
            self.members(&key, &members, &format!("{path}.{MEMBERS}"));
        }
        let mut fields = said.fields;
        if owner.is_none() {
            fields.insert(noun.key.to_owned(), key.clone().into());
        }
        self.document.add(Entry {
            noun,
            key,
            owner: owner.map(str::to_owned),
            fields,
            secrets: said.secrets,
            path: path.to_owned(),
        });
    }

    /// Nothing may stand in a file twice.
    fn once(&mut self, noun: &'static Noun, owner: Option<&str>, key: &str, path: &str) {
        let key = full_key(owner, key);
        let named = (noun.section, key.clone());
        if let Some(first) = self.seen.get(&named) {
            let line = self.places.find(first);
            let line = line.map_or(String::new(), |at| format!(", first in line {}", at.line));
            let what = format!("the {} {key:?} stands here twice{line}", noun.one);
            self.flaw(&format!("{path}.{}", noun.key), what);
        } else {
            self.seen.insert(named, path.to_owned());
        }
    }

    fn members(&mut self, queue: &str, members: &Value, path: &str) {
        let noun = Noun::of(MEMBERS);
        let shape = noun.and_then(|noun| Some((noun, self.schema.asked(noun)?)));
        let (Some((noun, shape)), Some(items)) = (shape, members.as_array()) else {
            self.flaw(path, "is no list of tables such as { agent = \"101\" }");
            return;
        };
        self.document.queues_with_members.push(queue.to_owned());
        for (at, item) in items.iter().enumerate() {
            self.entry(noun, &shape, item, &format!("{path}[{at}]"), Some(queue));
        }
    }

    fn table(
        &mut self,
        noun: &'static Noun,
        shape: &Shape<'_>,
        table: &Map<String, Value>,
        path: &str,
    ) -> Said {
        let shown = self.schema.shown(noun);
        let mut said = Said::default();
        for (name, value) in table {
            let inner = format!("{path}.{name}");
            if self.secret(shape, name, value, (path, ""), &mut said.secrets) {
                continue;
            }
            let known = self.known(noun, shape);
            let Some(field) = known
                .iter()
                .any(|it| it == name)
                .then(|| shape.property(name))
            else {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                self.unknown(&inner, "field", name, &known);
                continue;
            };
            let Some(field) = field else { continue };
            let shown = shown.as_ref().and_then(|shown| shown.property(name));
            let value = self.value(&field, shown.as_ref(), value, &inner);
            let value = self.without_secrets(&field, &value, (&inner, name), &mut said.secrets);
            said.fields.insert(name.clone(), value);
        }
        said
    }

    /// The names that a table of this noun may have.
    fn known(&self, noun: &Noun, shape: &Shape<'_>) -> Vec<String> {
        let fields = self.schema.fields(noun).into_iter().map(str::to_owned);
        let secrets = shape.keys().into_iter();
        let secrets = secrets.filter(|name| shape.property(name).is_some_and(|it| it.is_secret()));
        let sources = secrets.flat_map(|name| SOURCES.map(|end| format!("{name}{end}")));
        let members = (noun.section == QUEUE_SECTION).then(|| MEMBERS.to_owned());
        let key = (noun.kept != Kept::ById).then(|| noun.key.to_owned());
        fields.chain(sources).chain(members).chain(key).collect()
    }

    /// Takes a field that says where a secret is; refuses the secret itself. Whether it was one of both.
    fn secret(
        &mut self,
        shape: &Shape<'_>,
        name: &str,
        value: &Value,
        (path, within): (&str, &str),
        secrets: &mut BTreeMap<String, SecretSource>,
    ) -> bool {
        let is_secret = |name: &str| {
            let known = shape.keys().contains(&name);
            known && shape.property(name).is_some_and(|it| it.is_secret())
        };
        let inner = format!("{path}.{name}");
        if is_secret(name) {
            let what = format!(
                "no secret stands in a centre file: say where it is, by {name}_env = \"VARIABLE\" or {name}_file = \"PATH\""
            );
            self.flaw(&inner, what);
            return true;
        }
        let ends = SOURCES
            .iter()
            .find_map(|end| Some((*end, name.strip_suffix(end)?)));
        let Some((end, field)) = ends.filter(|(_, field)| is_secret(field)) else {
            return false;
        };
        let Some(text) = value.as_str().filter(|text| is_plain(text)) else {
            self.flaw(&inner, "is no text with the name of a variable or file");
            return true;
        };
        let source = match end {
            "_env" => SecretSource::Env(text.to_owned()),
            _ => SecretSource::File(text.to_owned()),
        };
        let field = match within {
            "" => field.to_owned(),
            within => format!("{within}.{field}"),
        };
        if secrets.insert(field, source).is_some() {
            self.flaw(&inner, "there are two places for this secret: leave one");
        }
        true
    }

    /// The same within a table of a field.
    fn without_secrets(
        &mut self,
        shape: &Shape<'_>,
        value: &Value,
        (path, within): (&str, &str),
        secrets: &mut BTreeMap<String, SecretSource>,
    ) -> Value {
        let Value::Object(table) = value else {
            return value.clone();
        };
        let mut rest = Map::new();
        for (name, value) in table {
            if !self.secret(shape, name, value, (path, within), secrets) {
                rest.insert(name.clone(), value.clone());
            }
        }
        Value::Object(rest)
    }

    /// The value, with `null` where it is `false` of a field that may be nothing.
    fn value(
        &mut self,
        shape: &Shape<'_>,
        shown: Option<&Shape<'_>>,
        value: &Value,
        path: &str,
    ) -> Value {
        if *value == false && !shape.may_be("boolean") {
            if shown.unwrap_or(shape).may_be("null") {
                return Value::Null;
            }
            self.flaw(path, "is never nothing: leave it out, and it stays");
            return Value::Null;
        }
        match value {
            Value::Null => self.flaw(path, "is a number that is too large"),
            Value::String(text) if shape.may_be("string") => self.text(shape, text, path),
            Value::Number(number) => self.number(shape, number, path),
            Value::Bool(_) if shape.may_be("boolean") => {}
            Value::Array(items) if shape.may_be("array") => {
                return self.list(shape, items, path);
            }
            Value::Object(table) if shape.may_be("object") => {
                return self.inner(shape, shown, table, path);
            }
            // An interface that does not say what it takes takes it or refuses it.
            _ if shape.kinds().is_empty() => {}
            other => {
                let found = kind(other);
                self.flaw(path, format!("is {found}, not {}", shape.kinds()));
            }
        }
        value.clone()
    }

    fn text(&mut self, shape: &Shape<'_>, text: &str, path: &str) {
        let words = shape.words();
        if !words.is_empty() && !words.contains(&text) {
            self.unknown(path, "word", text, &words);
        }
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        if let Some(most) = shape.limit("maxLength").filter(|most| length > *most) {
            self.flaw(path, format!("has {length} characters, more than {most}"));
        }
        if let Some(least) = shape.limit("minLength").filter(|least| length < *least) {
            self.flaw(path, format!("has {length} characters, fewer than {least}"));
        }
        if text.contains('\0') {
            self.flaw(path, "has a NUL in it");
        }
    }

    fn number(&mut self, shape: &Shape<'_>, number: &serde_json::Number, path: &str) {
        let Some(number) = number.as_i64().filter(|_| shape.may_be("integer")) else {
            if !shape.may_be("number") && !shape.kinds().is_empty() {
                self.flaw(path, format!("is {number}, not {}", shape.kinds()));
            }
            return;
        };
        let (least, most) = (shape.limit("minimum"), shape.limit("maximum"));
        if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
            let bound = |bound: Option<i64>| bound.map_or("…".to_owned(), |it| it.to_string());
            let what = format!("is {number}, not in {} to {}", bound(least), bound(most));
            self.flaw(path, what);
        }
    }

    fn list(&mut self, shape: &Shape<'_>, items: &[Value], path: &str) -> Value {
        if let Some(most) = shape.limit("maxItems")
            && i64::try_from(items.len()).is_ok_and(|length| length > most)
        {
            let length = items.len();
            self.flaw(path, format!("has {length} items, more than {most}"));
        }
        let Some(inner) = shape.items() else {
            return items.into();
        };
        let items = items.iter().enumerate();
        let items =
            items.map(|(at, item)| self.value(&inner, None, item, &format!("{path}[{at}]")));
        items.collect()
    }

    fn inner(
        &mut self,
        shape: &Shape<'_>,
        shown: Option<&Shape<'_>>,
        table: &Map<String, Value>,
        path: &str,
    ) -> Value {
        let known = shape.keys();
        let mut checked = Map::new();
        for (name, value) in table {
            let at = format!("{path}.{name}");
            let ends = SOURCES.iter().find_map(|end| name.strip_suffix(end));
            let is_source = ends.is_some_and(|field| known.contains(&field));
            let Some(inner) = shape.property(name).filter(|it| !it.is_secret()) else {
                if !is_source && !known.contains(&name.as_str()) {
                    self.unknown(&at, "field", name, &known);
                }
                // Secrets and their sources are told apart later.
                checked.insert(name.clone(), value.clone());
                continue;
            };
            let shown = shown.and_then(|shown| shown.property(name));
            checked.insert(name.clone(), self.value(&inner, shown.as_ref(), value, &at));
        }
        Value::Object(checked)
    }

    fn unknown(&mut self, path: &str, what: &str, word: &str, known: &[&str]) {
        let hint = match nearest(word, known) {
            Some(near) => format!("do you mean {near}?"),
            None => format!("known are {}", known.join(", ")),
        };
        let word: String = word.chars().take(100).collect();
        self.flaw(path, format!("unknown {what} {word:?}; {hint}"));
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4096 && !text.chars().any(char::is_control)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
