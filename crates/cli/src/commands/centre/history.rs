//! What was applied: every change that the server keeps, with its file and the one that takes it back.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use server::centre::{Document, MEMBERS, Noun, Schema, SecretSource, Sources, Things, United};

use super::look::{get, list};
use crate::{
    commands::remote::Remote,
    failure::{Code, Failure},
};

/// One time that the set-up was made what a file says.
pub(super) struct Change {
    pub(super) id: String,
    /// `apply` or `rollback`.
    pub(super) kind: String,
    made_at: String,
    made_by: String,
    /// Otherwise it did not come to its end, or not yet.
    pub(super) is_finished: bool,
    pub(super) document: String,
    pub(super) before: String,
}

/// All of them, the newest first.
pub(super) struct History(pub(super) Vec<Change>);

impl Change {
    fn read(one: &Value) -> Self {
        let word = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        Self {
            id: word("id"),
            kind: word("kind"),
            made_at: word("made_at"),
            made_by: word("made_by"),
            is_finished: one["finished_at"].is_string(),
            document: word("document"),
            before: word("before"),
        }
    }

    /// Which it is, of which kind, when and by whom.
    pub(super) fn title(&self) -> String {
        let Self {
            id,
            kind,
            made_at,
            made_by,
            ..
        } = self;
        let end = if self.is_finished {
            ""
        } else {
            ", which did not come to its end"
        };
        format!("{id}, the {kind} of {made_at} by {made_by}{end}")
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "id": self.id, "kind": self.kind, "made_at": self.made_at, "made_by": self.made_by,
            "is_finished": self.is_finished,
        })
    }
}

impl History {
    pub(super) async fn read(remote: &Remote) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        for one in list(remote, "v1/centre/changes").await? {
            let id = one["id"].as_str().unwrap_or_default();
            let one = get(remote, &format!("v1/centre/changes/{id}")).await?;
            all.push(Change::read(&one));
        }
        Ok(Self(all))
    }

    pub(super) fn newest(&self) -> Option<&Change> {
        self.0.first()
    }

    /// Where a change of this id stands.
    pub(super) fn find(&self, id: &str) -> Result<usize, Failure> {
        let at = self.0.iter().position(|it| it.id == id);
        let known = self.0.iter().map(Change::title).collect::<Vec<_>>();
        at.ok_or_else(|| {
            Failure::new(Code::Failed, format!("there is no such change: {id}"))
                .because(format!("those that are kept are\n{}", known.join("\n")))
        })
    }

    /// What is to be there: of each section what the newest file that has it says.
    pub(super) fn wanted(&self, schema: &Schema) -> United {
        United::of(self.0.iter().map(|it| it.document.as_str()), schema)
    }

    /// What was there before one of them and all that came after it: of each section what the oldest of these found.
    pub(super) fn before(&self, at: usize, schema: &Schema) -> String {
        let since = &self.0[..=at];
        match since {
            [one] => one.before.clone(),
            many => United::of(many.iter().rev().map(|it| it.before.as_str()), schema).text(),
        }
    }

    /// Where secrets are of what there is, as far as any of the files says; of several the newest.
    pub(super) fn sources(&self, schema: &Schema, things: &Things) -> Sources {
        let mut sources = Sources::new();
        for change in self.0.iter().rev() {
            for text in [&change.before, &change.document] {
                for entry in Document::read(text, schema).0.entries {
                    if !entry.secrets.is_empty() && entry.noun.section != MEMBERS {
                        sources.insert((entry.noun.section, entry.full_key()), entry.secrets);
                    }
                }
            }
        }
        sources.retain(|(section, key), secrets| still_fits(things, section, key, secrets));
        sources
    }
}

/// A secret of a table that there is not any more fits nothing.
fn still_fits(
    things: &Things,
    section: &str,
    key: &str,
    secrets: &mut BTreeMap<String, SecretSource>,
) -> bool {
    let thing = Noun::of(section).and_then(|noun| things.find(noun, key));
    secrets.retain(|field, _| match (field.split_once('.'), thing) {
        (Some((table, _)), Some(thing)) => thing.fields.get(table).is_some_and(Value::is_object),
        _ => thing.is_some(),
    });
    !secrets.is_empty()
}
