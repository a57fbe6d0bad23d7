//! Several centre files as one: each section as one of them has it. Decides by their order alone, and compares nothing with what there is.

use serde_json::{Map, Value};

use super::document::{Document, Entry};
use super::noun::{MEMBERS, QUEUE_SECTION};
use super::schema::Schema;
use super::write::{Sources, to_text};

/// What several files say.
#[derive(Debug, Default)]
pub struct United {
    /// By section, each a list of tables.
    tables: Map<String, Value>,
    sources: Sources,
}

impl United {
    /// Each section is that of the first text that has it.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>, schema: &Schema) -> Self {
        let mut united = Self::default();
        for text in texts {
            let document = Document::read(text, schema).0;
            for &section in &document.sections {
                if !united.tables.contains_key(section) {
                    united.take(&document, section);
                }
            }
        }
        united
    }

    fn take(&mut self, document: &Document, section: &'static str) {
        let of_it = |it: &&Entry| it.noun.section == section;
        let mut tables = Vec::new();
        for entry in document.entries.iter().filter(of_it) {
            let mut table = entry.fields.clone();
            if section == QUEUE_SECTION && document.queues_with_members.contains(&entry.key) {
                table.insert(MEMBERS.to_owned(), members(document, &entry.key));
            }
            tables.push(Value::Object(table));
            if !entry.secrets.is_empty() {
                let named = (section, entry.full_key());
                self.sources.insert(named, entry.secrets.clone());
            }
        }
        self.tables.insert(section.to_owned(), tables.into());
    }

    /// Whether it says all that another says, and nothing else of the same sections.
    pub fn says(&self, other: &Self) -> bool {
        other.tables.iter().all(|(section, tables)| {
            let sources = |it: &Self| {
                let of_it = it
                    .sources
                    .iter()
                    .filter(|((of, _), _)| *of == section.as_str());
                of_it
                    .map(|(a, b)| (a.clone(), b.clone()))
                    .collect::<Sources>()
            };
            self.tables.get(section) == Some(tables) && sources(self) == sources(other)
        })
    }

    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// As one centre file.
    pub fn text(&self) -> String {
        to_text(&self.tables, &self.sources)
    }
}

fn members(document: &Document, queue: &str) -> Value {
    let of_it = document.entries.iter();
    let of_it = of_it.filter(|it| it.owner.as_deref() == Some(queue));
    let tables = of_it.map(|it| {
        let mut table = it.fields.clone();
        table.insert(it.noun.key.to_owned(), it.key.clone().into());
        Value::Object(table)
    });
    tables.collect()
}
