//! What is set up, in a centre file's words: fields that may be set, and names where the interface has ids.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::noun::{Kept, MEMBERS, NOUNS, Noun, QUEUE_SECTION};
use super::schema::{Schema, Shape};

/// One thing that is set up.
#[derive(Debug, Clone, PartialEq)]
pub struct Thing {
    pub noun: &'static Noun,
    pub id: Option<String>,
    /// What it is known by. Of a member: the agent's.
    pub key: String,
    /// Of a member: the queue's key.
    pub owner: Option<String>,
    pub fields: Map<String, Value>,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Things {
    all: Vec<Thing>,
    pub names: Names,
    /// By noun and any way of writing the key.
    places: BTreeMap<(&'static str, String), usize>,
}

/// Which id is whose.
#[derive(Debug, Default, Clone)]
pub struct Names {
    ids: BTreeMap<(&'static str, String), String>,
    keys: BTreeMap<String, String>,
}

/// One as the interface shows it.
pub struct Shown {
    pub noun: &'static Noun,
    /// Of a member: the queue's id.
    pub owner: Option<String>,
    pub item: Value,
}

impl Names {
    pub fn add(&mut self, noun: &'static Noun, key: &str, id: &str) {
        let named = (noun.section, key.to_owned());
        self.ids.insert(named, id.to_owned());
        self.keys.insert(id.to_owned(), key.to_owned());
    }

    pub fn id(&self, noun: &Noun, key: &str) -> Option<&str> {
        let id = self.ids.get(&(noun.section, key.to_owned()));
        id.map(String::as_str)
    }

    fn key(&self, id: &str) -> Option<&str> {
        self.keys.get(id).map(String::as_str)
    }
}

impl Things {
    /// What the interface showed: all things of all nouns.
    pub fn read(schema: &Schema, shown: &[Shown]) -> Self {
        let mut things = Self::default();
        for one in shown {
            let (id, key) = (text(&one.item, "id"), text(&one.item, one.noun.key));
            if let (Some(id), Some(key)) = (id, key)
                && one.noun.id.is_some()
            {
                things.names.add(one.noun, &one.noun.plain_key(&key), &id);
            }
        }
        let all = shown.iter();
        let all = all.filter_map(|one| Some((things.thing(schema, one)?, one)));
        let mut all: Vec<(Thing, &Shown)> = all.collect();
        all.sort_by_cached_key(|(thing, _)| (thing.noun.place(), thing.full_key()));
        for (place, (thing, one)) in all.into_iter().enumerate() {
            let alias = one.noun.alias.and_then(|alias| text(&one.item, alias));
            for key in alias.into_iter().chain([thing.full_key()]) {
                things.places.insert((one.noun.section, key), place);
            }
            things.all.push(thing);
        }
        things
    }

    /// One of them as the interface shows it now; nothing, where it belongs to what is not known.
    pub fn thing(&self, schema: &Schema, shown: &Shown) -> Option<Thing> {
        let noun = shown.noun;
        let (id, key) = if noun.kept == Kept::Within {
            let agent = text(&shown.item, noun.key)?;
            (None, self.names.key(&agent)?.to_owned())
        } else {
            (text(&shown.item, "id"), text(&shown.item, noun.key)?)
        };
        let owner = match &shown.owner {
            Some(id) => Some(self.names.key(id)?.to_owned()),
            None => None,
        };
        let mut fields = Map::new();
        for name in schema.fields(noun) {
            if let Some(value) = self.field(schema, shown, name) {
                fields.insert(name.to_owned(), value);
            }
        }
        if noun.kept == Kept::ByKey {
            fields.insert(noun.key.to_owned(), key.clone().into());
        }
        Some(Thing {
            noun,
            id,
            key: noun.plain_key(&key),
            owner,
            fields,
        })
    }

    /// One field as a centre file has it; nothing, where it is not shown.
    fn field(&self, schema: &Schema, shown: &Shown, name: &str) -> Option<Value> {
        if let Some(other) = shown.noun.shown_as.as_ref().filter(|it| it.field == name) {
            return Some((shown.item[other.shown] == other.word).into());
        }
        let asked = schema.asked(shown.noun)?;
        // A field that is nothing may be left out of what is shown.
        let value = shown.item.get(name).unwrap_or(&Value::Null);
        let shape = asked.property(name)?;
        let named = |_: &Noun, id: &str| self.names.key(id).map(str::to_owned);
        Some(renamed(&shape, value, &named))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Thing> {
        self.all.iter()
    }

    pub fn of<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Thing> {
        self.all.iter().filter(move |it| it.noun.section == section)
    }

    /// The thing with this key, however it is written.
    pub fn find(&self, noun: &Noun, full_key: &str) -> Option<&Thing> {
        let place = self.places.get(&(noun.section, full_key.to_owned()))?;
        self.all.get(*place)
    }

    /// A centre file of these sections: what is set up, each a table.
    pub fn document(&self, sections: &[&str]) -> Map<String, Value> {
        let mut document = Map::new();
        for noun in NOUNS.iter().filter(|noun| noun.is_section()) {
            if !sections.contains(&noun.section) {
                continue;
            }
            let tables = self.of(noun.section).map(|one| {
                let mut table = one.fields.clone();
                if noun.section == QUEUE_SECTION {
                    table.insert(MEMBERS.to_owned(), self.members(&one.key));
                }
                Value::Object(table)
            });
            document.insert(noun.section.to_owned(), tables.collect());
        }
        document
    }

    fn members(&self, queue: &str) -> Value {
        let of_it = self.of(MEMBERS);
        let of_it = of_it.filter(|one| one.owner.as_deref() == Some(queue));
        let tables = of_it.map(|one| {
            let mut table = one.fields.clone();
            table.insert(one.noun.key.to_owned(), one.key.clone().into());
            Value::Object(table)
        });
        tables.collect()
    }
}

impl Thing {
    /// What it is known by among all of its noun.
    pub fn full_key(&self) -> String {
        full_key(self.owner.as_deref(), &self.key)
    }
}

pub(super) fn full_key(owner: Option<&str>, key: &str) -> String {
    match owner {
        Some(owner) => format!("{owner}/{key}"),
        None => key.to_owned(),
    }
}

/// The value with what refers to others in other words, without what its shape does not have. A reference of which `by` knows nothing stays.
pub(super) fn renamed(
    shape: &Shape<'_>,
    value: &Value,
    by: &impl Fn(&'static Noun, &str) -> Option<String>,
) -> Value {
    match value {
        Value::String(word) => match shape.refers_to() {
            Some(noun) => by(noun, word).unwrap_or_else(|| word.clone()).into(),
            None => value.clone(),
        },
        Value::Array(items) => match shape.items() {
            Some(shape) => items.iter().map(|it| renamed(&shape, it, by)).collect(),
            None => value.clone(),
        },
        Value::Object(table) => {
            let known = |(name, value): (&String, &Value)| {
                let shape = shape.property(name)?;
                Some((name.clone(), renamed(&shape, value, by)))
            };
            Value::Object(table.iter().filter_map(known).collect())
        }
        _ => value.clone(),
    }
}

fn text(item: &Value, name: &str) -> Option<String> {
    item[name].as_str().map(str::to_owned)
}
