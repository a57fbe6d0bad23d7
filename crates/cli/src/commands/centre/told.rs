//! A plan in words: what is made, changed and removed, field by field, and whom it meets.

use std::fmt::Write as _;

use serde_json::{Value, json};
use server::centre::{Action, Change, FieldChange, Plan, SecretSource};

/// How long a value may be shown.
const MAX_VALUE: usize = 200;

pub(super) fn text(plan: &Plan, impacts: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (change, impact) in plan.changes.iter().zip(impacts) {
        let _ = writeln!(text, "{} {}", change.action.sign(), change.title());
        for field in &change.fields {
            let _ = writeln!(text, "    {}", told(change, field));
        }
        for (secret, source) in &change.secrets {
            let source = match source {
                SecretSource::Env(name) => format!("the variable {name}"),
                SecretSource::File(path) => format!("the file {path}"),
            };
            let _ = writeln!(text, "    {secret}: set, from {source}");
        }
        if change.action == Action::Remove {
            text += "    it is not in the file, and will be gone\n";
        }
        for note in impact.iter().chain(&change.notes) {
            let _ = writeln!(text, "    ! {note}");
        }
    }
    text += &summary(plan);
    text
}

pub(super) fn summary(plan: &Plan) -> String {
    if plan.changes.is_empty() {
        return "Nothing to do: everything is as it is to be.\n".to_owned();
    }
    let [create, change, remove] =
        [Action::Create, Action::Change, Action::Remove].map(|it| plan.count(it));
    format!("{create} to create, {change} to change, {remove} to remove.\n")
}

fn told(change: &Change, field: &FieldChange) -> String {
    let FieldChange { field, from, to } = field;
    match change.action {
        Action::Change => format!("{field}: {} → {}", shown(from), shown(to)),
        _ => format!("{field}: {}", shown(to)),
    }
}

/// A value on one line.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    };
    match text.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

pub(super) fn json(plan: &Plan, impacts: &[Vec<String>]) -> Value {
    let changes = plan.changes.iter().zip(impacts);
    let changes = changes.map(|(change, impact)| {
        let fields = change.fields.iter();
        let fields = fields.map(|it| json!({"field": it.field, "from": it.from, "to": it.to}));
        let secrets = change.secrets.iter().map(|(field, source)| match source {
            SecretSource::Env(name) => json!({"field": field, "env": name}),
            SecretSource::File(path) => json!({"field": field, "file": path}),
        });
        json!({
            "action": change.action.word(),
            "section": change.noun.section,
            "key": change.full_key(),
            "fields": fields.collect::<Vec<_>>(),
            "secrets": secrets.collect::<Vec<_>>(),
            "impact": impact,
            "notes": change.notes,
        })
    });
    json!({
        "changes": changes.collect::<Vec<_>>(),
        "create": plan.count(Action::Create),
        "change": plan.count(Action::Change),
        "remove": plan.count(Action::Remove),
    })
}
