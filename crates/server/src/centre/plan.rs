//! What has to be done so that a centre is what its file says.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::document::{Document, Entry, SecretSource};
use super::noun::{Kept, NOUNS, Noun, QUEUE_SECTION};
use super::schema::{Schema, Shape};
use super::things::{Names, Thing, Things, full_key, renamed};

/// The id that the interface gives whatever it only looks at, and one that nothing has.
const ITSELF: &str = "00000000-0000-0000-0000-000000000000";
const NOBODY: &str = "00000000-0000-0000-0000-000000000001";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Create,
    Change,
    Remove,
}

/// One thing that is to be made, changed or removed.
#[derive(Debug, Clone)]
pub struct Change {
    pub noun: &'static Noun,
    pub action: Action,
    pub key: String,
    /// Of a member: the queue's key.
    pub owner: Option<String>,
    pub id: Option<String>,
    /// As it was when this was planned.
    pub before: Map<String, Value>,
    /// As it is to be: what the file says over what there is.
    pub wanted: Map<String, Value>,
    pub fields: Vec<FieldChange>,
    /// Those that are needed for it.
    pub secrets: BTreeMap<String, SecretSource>,
    /// What whoever reads the plan ought to know.
    pub notes: Vec<String>,
    /// What would go wrong: a secret that is nowhere.
    pub missing: Option<String>,
    /// It goes, and whoever plans knows of no centre file that made it.
    pub is_strange: bool,
    /// Where the file has it.
    pub path: String,
}

/// What becomes of one field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    pub field: String,
    pub from: Value,
    pub to: Value,
}

/// Everything, in the order in which it is done.
#[derive(Debug, Default)]
pub struct Plan {
    pub changes: Vec<Change>,
}

impl Action {
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Remove => "remove",
        }
    }

    pub fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Change => '~',
            Self::Remove => '-',
        }
    }
}

impl Plan {
    /// Compares what there is with what a file wants. `set_secrets`: secrets of which the file says where they are are set anew.
    pub fn new(document: &Document, things: &Things, schema: &Schema, set_secrets: bool) -> Self {
        let mut changes = Vec::new();
        let mut kept = BTreeSet::new();
        let mut entries: Vec<&Entry> = document.entries.iter().collect();
        entries.sort_by_cached_key(|entry| (entry.noun.place(), entry.full_key()));
        for entry in entries {
            let there = things.find(entry.noun, &entry.full_key());
            if let Some(there) = there {
                kept.insert((there.noun.section, there.full_key()));
            }
            let change = match there {
                Some(there) => changed(entry, there, schema, set_secrets),
                None => Some(created(entry)),
            };
            changes.extend(change);
        }
        for noun in NOUNS.iter().rev() {
            let gone = things.of(noun.section).filter(|one| {
                is_covered(document, one) && !kept.contains(&(noun.section, one.full_key()))
            });
            changes.extend(gone.map(removed));
        }
        let goes = |change: &Change| change.action == Action::Remove;
        let agents = changes
            .iter()
            .filter(|it| goes(it) && it.noun.section == "agents");
        let agents: BTreeSet<String> = agents.map(|it| it.key.clone()).collect();
        // A member goes with its agent, and needs no step of its own.
        let is_own = |it: &Change| it.owner.is_none() || !goes(it) || !agents.contains(&it.key);
        changes.retain(is_own);
        Self { changes }
    }

    /// What it does that another does not do just so, and the other way round; in words.
    pub fn others(&self, other: &Self) -> Vec<String> {
        let alone = |one: &Self, other: &Self| {
            let is_alone = |it: &&Change| !other.changes.iter().any(|one| one.is_like(it));
            let changes = one.changes.iter().filter(is_alone);
            changes.map(Change::title).collect::<BTreeSet<_>>()
        };
        let all = &alone(self, other) | &alone(other, self);
        all.into_iter().collect()
    }

    pub fn count(&self, action: Action) -> usize {
        let of_it = self.changes.iter().filter(|it| it.action == action);
        of_it.count()
    }
}

impl Change {
    /// What it is known by among all of its noun.
    pub fn full_key(&self) -> String {
        full_key(self.owner.as_deref(), &self.key)
    }

    /// Such as `queue sales`.
    pub fn title(&self) -> String {
        match &self.owner {
            Some(queue) => format!("member {} of queue {queue}", self.key),
            None => format!("{} {}", self.noun.one, self.key),
        }
    }

    /// Whether another does the same to the same.
    fn is_like(&self, other: &Self) -> bool {
        let same_thing = self.noun == other.noun && self.full_key() == other.full_key();
        same_thing
            && (self.action, &self.id) == (other.action, &other.id)
            && (&self.before, &self.wanted) == (&other.before, &other.wanted)
            && self.secrets == other.secrets
    }

    /// Whether what there is now is what was there when this was planned.
    pub fn still_holds(&self, now: Option<&Thing>) -> bool {
        match (self.action, now) {
            (Action::Create, now) => now.is_none(),
            // Whoever removed it meanwhile did the same.
            (Action::Remove, None) => true,
            (_, None) => false,
            (_, Some(now)) => now.fields == self.before,
        }
    }

    /// Where the interface takes it, without a leading slash; nothing, while something that it belongs to has no id.
    pub fn path_at(&self, names: &Names) -> Option<String> {
        let path = self.noun.path;
        match (self.noun.kept, self.action) {
            (Kept::Within, _) => {
                let queue = names.id(Noun::of(QUEUE_SECTION)?, self.owner.as_deref()?)?;
                let agent = names.id(Noun::of("agents")?, &self.key)?;
                Some(path.replace("{id}", queue).replace("{agent}", agent))
            }
            (Kept::ByKey, _) => {
                let key = form_urlencoded::byte_serialize(self.key.as_bytes());
                let key: String = key.collect();
                Some(format!("{path}/{}", key.replace('+', "%20")))
            }
            (_, Action::Create) => Some(path.to_owned()),
            _ => Some(format!("{path}/{}", self.id.as_deref()?)),
        }
    }

    /// What the interface would be sent, for it to look at: with ids that are nobody's, and no secret.
    pub fn draft(&self, schema: &Schema) -> Map<String, Value> {
        let mut draft = self.wanted.clone();
        if self.noun.kept == Kept::Within {
            draft.remove(self.noun.key);
        }
        let Some(asked) = schema.asked(self.noun) else {
            return draft;
        };
        for (name, value) in &mut draft {
            if let Some(shape) = asked.property(name) {
                *value = renamed(&shape, value, &|noun, key| {
                    let is_itself = noun == self.noun && key == self.key;
                    Some(if is_itself { ITSELF } else { NOBODY }.to_owned())
                });
            }
        }
        draft
    }

    /// What is sent before one is removed that refers to others of its noun, which may refer to it: it without that. Nothing, where it
    /// refers to none.
    pub fn loosened(&self, schema: &Schema, names: &Names) -> Option<Map<String, Value>> {
        let asked = schema.asked(self.noun)?;
        let mut rest = self.clone();
        rest.wanted.clone_from(&self.before);
        rest.wanted.retain(|name, value| {
            let refers = Cell::new(false);
            if let Some(shape) = asked.property(name) {
                renamed(&shape, value, &|noun, _| {
                    refers.set(refers.get() || noun == self.noun);
                    None
                });
            }
            !refers.get()
        });
        let is_less = rest.wanted.len() < self.before.len();
        is_less.then(|| rest.body(schema, names).0)
    }

    /// What the interface is sent, without the fields that refer to what is not there yet; and of which nouns that is.
    pub fn body(&self, schema: &Schema, names: &Names) -> (Map<String, Value>, Vec<&'static Noun>) {
        let (mut body, mut missing) = (Map::new(), Vec::new());
        let Some(asked) = schema.asked(self.noun) else {
            return (body, missing);
        };
        for (name, value) in &self.wanted {
            if self.noun.kept != Kept::ById && name == self.noun.key {
                continue;
            }
            let Some(shape) = asked.property(name) else {
                continue;
            };
            let early = RefCell::new(Vec::new());
            let value = renamed(&shape, value, &|noun, key| {
                let id = names.id(noun, key).map(str::to_owned);
                if id.is_none() {
                    early.borrow_mut().push(noun);
                }
                id
            });
            let early = early.into_inner();
            if early.is_empty() {
                body.insert(name.clone(), value);
            }
            missing.extend(early);
        }
        (body, missing)
    }
}

/// Whether the file says which of these there are.
fn is_covered(document: &Document, thing: &Thing) -> bool {
    match &thing.owner {
        Some(queue) => document.queues_with_members.contains(queue),
        None => document.sections.contains(&thing.noun.section),
    }
}

fn created(entry: &Entry) -> Change {
    let mut change = Change {
        noun: entry.noun,
        action: Action::Create,
        key: entry.key.clone(),
        owner: entry.owner.clone(),
        id: None,
        before: Map::new(),
        wanted: entry.fields.clone(),
        fields: Vec::new(),
        secrets: entry.secrets.clone(),
        notes: Vec::new(),
        missing: None,
        is_strange: false,
        path: entry.path.clone(),
    };
    let said = entry
        .fields
        .iter()
        .filter(|(name, _)| *name != entry.noun.key);
    change.fields = said
        .map(|(name, value)| FieldChange {
            field: name.clone(),
            from: Value::Null,
            to: value.clone(),
        })
        .collect();
    if entry.noun.section == "extensions" && entry.secrets.is_empty() {
        let note = "it gets a secret that nobody is shown: say one by secret_env or secret_file, or renew it";
        change.notes.push(note.to_owned());
    }
    change.missing = missing(&change);
    change
}

fn changed(entry: &Entry, there: &Thing, schema: &Schema, set_secrets: bool) -> Option<Change> {
    let asked = schema.asked(entry.noun)?;
    let (mut wanted, mut fields) = (there.fields.clone(), Vec::new());
    for (name, value) in &entry.fields {
        let from = there.fields.get(name).unwrap_or(&Value::Null);
        let shape = asked.property(name);
        let to = over(shape.as_ref(), from, value);
        let is_same_key = *name == entry.noun.key && entry.noun.alias.is_none();
        if !is_same_key && !is_same(shape.as_ref(), from, &to) {
            fields.push(FieldChange {
                field: name.clone(),
                from: from.clone(),
                to: to.clone(),
            });
            wanted.insert(name.clone(), to);
        }
    }
    let mut change = Change {
        noun: entry.noun,
        action: Action::Change,
        key: there.key.clone(),
        owner: entry.owner.clone(),
        id: there.id.clone(),
        before: there.fields.clone(),
        wanted,
        fields,
        secrets: BTreeMap::new(),
        notes: Vec::new(),
        missing: None,
        is_strange: false,
        path: entry.path.clone(),
    };
    let needed = entry.secrets.iter();
    let needed = needed.filter(|(field, _)| set_secrets || is_needed(&change, field));
    change.secrets = needed.map(|(a, b)| (a.clone(), b.clone())).collect();
    change.missing = missing(&change);
    (!change.fields.is_empty() || !change.secrets.is_empty()).then_some(change)
}

fn removed(thing: &Thing) -> Change {
    Change {
        noun: thing.noun,
        action: Action::Remove,
        key: thing.key.clone(),
        owner: thing.owner.clone(),
        id: thing.id.clone(),
        before: thing.fields.clone(),
        wanted: Map::new(),
        fields: Vec::new(),
        secrets: BTreeMap::new(),
        notes: Vec::new(),
        missing: None,
        is_strange: false,
        path: thing.noun.section.to_owned(),
    }
}

/// A file's value over the one there is: within a table that has one form, what the file does not say stays.
fn over(shape: Option<&Shape<'_>>, from: &Value, to: &Value) -> Value {
    match (from, to) {
        (Value::Object(from), Value::Object(to)) if shape.is_some_and(Shape::has_one_form) => {
            let mut all = from.clone();
            all.extend(to.clone());
            Value::Object(all)
        }
        _ => to.clone(),
    }
}

fn is_same(shape: Option<&Shape<'_>>, from: &Value, to: &Value) -> bool {
    let Some(shape) = shape else {
        return from == to;
    };
    let (from, to) = (completed(shape, from), completed(shape, to));
    match (from, to) {
        (Value::Array(from), Value::Array(to)) if shape.is_set() => {
            let sorted = |items: &[Value]| {
                let mut items: Vec<String> = items.iter().map(ToString::to_string).collect();
                items.sort();
                items.dedup();
                items
            };
            sorted(&from) == sorted(&to)
        }
        (from, to) => from == to,
    }
}

/// A value with all that its tables leave out and have all the same, so that short and long ways of saying a thing are one.
fn completed(shape: &Shape<'_>, value: &Value) -> Value {
    match value {
        Value::Array(items) => match shape.items() {
            Some(shape) => items.iter().map(|it| completed(&shape, it)).collect(),
            None => value.clone(),
        },
        Value::Object(table) => {
            let mut all = shape.usual(table);
            for (name, value) in table {
                let shape = shape.property(name);
                let value = shape.map_or_else(|| value.clone(), |it| completed(&it, value));
                all.insert(name.clone(), value);
            }
            Value::Object(all)
        }
        plain => plain.clone(),
    }
}

/// Whether a change is refused without this secret, or makes the kept one worthless.
fn is_needed(change: &Change, secret: &str) -> bool {
    let is_other = |field: &str| change.fields.iter().any(|it| it.field == field);
    let Some(log_in) = &change.noun.log_in else {
        return false;
    };
    match (secret.split_once('.'), &log_in.table) {
        (Some((name, _)), Some(table)) if table.name == name => {
            let user = |fields: &Map<String, Value>| fields.get(name)?.get(table.user).cloned();
            is_other(name) && user(&change.before) != user(&change.wanted)
        }
        (Some(_), _) => false,
        (None, _) => log_in.secret == secret && is_other(log_in.user),
    }
}

/// A secret that the interface will ask for, and of which the file does not say where it is.
fn missing(change: &Change) -> Option<String> {
    let log_in = change.noun.log_in.as_ref()?;
    let is_there = |value: Option<&Value>| value.is_some_and(|it| !it.is_null());
    let has_user = is_there(change.wanted.get(log_in.user));
    let is_new = change.action == Action::Create || is_needed(change, log_in.secret);
    let table = log_in.table.as_ref().map(|table| table.name);
    let table = table.filter(|table| is_there(change.wanted.get(*table)));
    let mut needed: Vec<String> = table
        .into_iter()
        .map(|table| format!("{table}.secret"))
        .filter(|field| change.action == Action::Create || is_needed(change, field))
        .collect();
    if has_user && is_new {
        needed.push(log_in.secret.to_owned());
    }
    let lacks = needed
        .into_iter()
        .find(|it| !change.secrets.contains_key(it));
    lacks.map(|it| format!("{it} is needed: say where it is, by {it}_env or {it}_file"))
}
