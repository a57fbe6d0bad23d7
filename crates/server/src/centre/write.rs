//! Centre files as text: always in the same order, so that two of them can be compared line by line.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::document::SecretSource;
use super::noun::{MEMBERS, NOUNS, Noun};

/// Where secrets are, by section and key.
pub type Sources = BTreeMap<(&'static str, String), BTreeMap<String, SecretSource>>;

/// The text of a document: each section a list of tables. What is nothing is `false`.
pub fn to_text(document: &Map<String, Value>, sources: &Sources) -> String {
    let mut text = String::new();
    for noun in NOUNS.iter().filter(|noun| noun.is_section()) {
        let Some(tables) = document.get(noun.section).and_then(Value::as_array) else {
            continue;
        };
        if tables.is_empty() {
            // An empty section says that there is none; one that is left out says nothing.
            let _ = writeln!(text, "{} = []", noun.section);
        }
    }
    for noun in NOUNS.iter().filter(|noun| noun.is_section()) {
        let tables = document.get(noun.section).and_then(Value::as_array);
        for table in tables.into_iter().flatten().filter_map(Value::as_object) {
            if !text.is_empty() {
                text.push('\n');
            }
            write_table(&mut text, noun, table, sources);
        }
    }
    text
}

fn write_table(text: &mut String, noun: &Noun, table: &Map<String, Value>, sources: &Sources) {
    let _ = writeln!(text, "[[{}]]", noun.section);
    let key = table.get(noun.key).and_then(Value::as_str).unwrap_or("");
    let named = (noun.section, key.to_owned());
    let none = BTreeMap::new();
    let sources = sources.get(&named).unwrap_or(&none);
    let is_first = |name: &&String| *name == noun.key;
    let names = table.keys().filter(is_first);
    let names = names.chain(
        table
            .keys()
            .filter(|name| !is_first(name) && *name != MEMBERS),
    );
    for name in names {
        let within = sources.iter().filter_map(|(field, source)| {
            let field = field.strip_prefix(name.as_str())?.strip_prefix('.')?;
            Some(written_source(field, source))
        });
        let within: Vec<String> = within.collect();
        let _ = writeln!(text, "{name} = {}", written(&table[name], &within));
    }
    for (field, source) in sources.iter().filter(|(field, _)| !field.contains('.')) {
        let _ = writeln!(text, "{}", written_source(field, source));
    }
    let Some(members) = table.get(MEMBERS).and_then(Value::as_array) else {
        return;
    };
    if members.is_empty() {
        let _ = writeln!(text, "{MEMBERS} = []");
        return;
    }
    let _ = writeln!(text, "{MEMBERS} = [");
    for member in members {
        let _ = writeln!(text, "    {},", written(member, &[]));
    }
    text.push_str("]\n");
}

fn written_source(field: &str, source: &SecretSource) -> String {
    match source {
        SecretSource::Env(name) => format!("{field}_env = {}", quoted(name)),
        SecretSource::File(path) => format!("{field}_file = {}", quoted(path)),
    }
}

/// A value; `more` stands at the end of a table.
fn written(value: &Value, more: &[String]) -> String {
    match value {
        Value::Null => "false".to_owned(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|it| written(it, &[])).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(table) => {
            let fields = table.iter().map(|(name, value)| {
                let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                let is_bare = !name.is_empty() && name.chars().all(is_bare);
                let name = if is_bare { name.clone() } else { quoted(name) };
                format!("{name} = {}", written(value, &[]))
            });
            let fields: Vec<String> = fields.chain(more.iter().cloned()).collect();
            if fields.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", fields.join(", "))
            }
        }
        plain => plain.to_string(),
    }
}

/// A text as TOML has it; JSON's escapes are a part of TOML's, but for DEL.
fn quoted(text: &str) -> String {
    let quoted = Value::String(text.to_owned()).to_string();
    quoted.replace('\u{7f}', "\\u007F")
}
