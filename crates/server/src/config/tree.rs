//! The configuration before it means anything: tables, lists and values, each with where it came from.

use std::{collections::BTreeMap, ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::reader::Origin;

/// A value as it was written.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Table(BTreeMap<String, Entry>),
    List(Vec<Entry>),
    Text(String),
    Integer(i64),
    Bool(bool),
    /// Something no key of ours takes: its name.
    Other(&'static str),
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) node: Node,
    pub(super) origin: Origin,
}

impl Node {
    /// For messages: `found text`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "a table",
            Self::List(_) => "a list",
            Self::Text(_) => "text",
            Self::Integer(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Other(kind) => kind,
        }
    }
}

/// Turns byte positions of one file into lines.
struct Lines<'a> {
    file: &'a Path,
    text: &'a str,
}

impl Lines<'_> {
    fn origin(&self, span: Range<usize>) -> Origin {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        Origin::File {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
        }
    }
}

/// Parses a file. The error is what TOML says, and where.
pub(super) fn parse(file: &Path, text: &str) -> Result<BTreeMap<String, Entry>, (Origin, String)> {
    let lines = Lines { file, text };
    let table = DeTable::parse(text).map_err(|error| {
        let origin = lines.origin(error.span().unwrap_or(0..0));
        (origin, format!("is not TOML: {}", error.message()))
    })?;
    Ok(self::table(&lines, table.into_inner()))
}

fn table(lines: &Lines<'_>, table: DeTable<'_>) -> BTreeMap<String, Entry> {
    table
        .into_iter()
        .map(|(key, value)| {
            // The line of the key, not of a value that may begin further down.
            let origin = lines.origin(key.span());
            let node = node(lines, value);
            (key.into_inner().into_owned(), Entry { node, origin })
        })
        .collect()
}

fn node(lines: &Lines<'_>, value: Spanned<DeValue<'_>>) -> Node {
    match value.into_inner() {
        DeValue::Table(inner) => Node::Table(table(lines, inner)),
        DeValue::Array(items) => Node::List(
            items
                .into_iter()
                .map(|item| Entry {
                    origin: lines.origin(item.span()),
                    node: node(lines, item),
                })
                .collect(),
        ),
        DeValue::String(text) => Node::Text(text.into_owned()),
        DeValue::Boolean(value) => Node::Bool(value),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Node::Other("a number that is too large"), Node::Integer),
        DeValue::Float(_) => Node::Other("a fraction"),
        DeValue::Datetime(_) => Node::Other("a date"),
    }
}

/// Puts a text at `path`, over what is there. `Err`: why it cannot stand there.
pub(super) fn put(
    root: &mut BTreeMap<String, Entry>,
    path: &[&str],
    text: &str,
    origin: &Origin,
) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else {
        return Err("names no key".to_owned());
    };
    if rest.is_empty() {
        let (node, origin) = (Node::Text(text.to_owned()), origin.clone());
        root.insert((*first).to_owned(), Entry { node, origin });
        return Ok(());
    }
    let is_list = rest[0].bytes().all(|byte| byte.is_ascii_digit());
    let empty = if is_list {
        Node::List(Vec::new())
    } else {
        Node::Table(BTreeMap::new())
    };
    let entry = root.entry((*first).to_owned()).or_insert_with(|| Entry {
        node: empty,
        origin: origin.clone(),
    });
    match &mut entry.node {
        Node::Table(inner) if !is_list => put(inner, rest, text, origin),
        Node::List(items) if is_list => {
            let item = item(items, rest[0], origin)?;
            put(item, &rest[1..], text, origin)
        }
        other => Err(format!("goes through {first}, which is {}", other.kind())),
    }
}

/// The table at `index`, made if it is the next one.
fn item<'a>(
    items: &'a mut Vec<Entry>,
    index: &str,
    origin: &Origin,
) -> Result<&'a mut BTreeMap<String, Entry>, String> {
    let length = items.len();
    let index: usize = index
        .parse()
        .map_err(|_| format!("has the number {index}, which is too large"))?;
    if index == length {
        items.push(Entry {
            node: Node::Table(BTreeMap::new()),
            origin: origin.clone(),
        });
    }
    match items.get_mut(index).map(|entry| &mut entry.node) {
        Some(Node::Table(table)) => Ok(table),
        Some(other) => Err(format!(
            "goes through number {index}, which is {}",
            other.kind()
        )),
        None => Err(format!(
            "has the number {index}, but the next one is {length}"
        )),
    }
}
