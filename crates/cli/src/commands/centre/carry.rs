//! Carries a plan out, one change after the other, and says what was done and what was not.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use server::centre::{Action, Change, Kept, Plan};

use super::{
    look::{Centre, send},
    secrets::Secrets,
};
use crate::{
    failure::{Code, Failure},
    output::{Output, print},
};

/// What became of one change.
enum Outcome {
    Done,
    /// It is not any more what the plan was made for.
    Changed,
    Failed(Failure),
    /// Something failed before.
    NotTried,
}

/// What became of all of them, in the order of the plan.
pub(super) struct Carried<'a> {
    outcomes: Vec<(&'a Change, Outcome)>,
}

/// Those that were let go of each other.
type Loose = BTreeSet<(&'static str, String)>;

/// Changes whose references came too early: what they refer to was not there yet.
type Early<'a> = Vec<(usize, &'a Change)>;

pub(super) async fn carry<'a>(
    centre: &mut Centre,
    plan: &'a Plan,
    secrets: &Secrets,
    output: &Output,
) -> anyhow::Result<Carried<'a>> {
    let mut carried = Carried {
        outcomes: Vec::new(),
    };
    let mut early: Early<'a> = Vec::new();
    let mut loose: Option<Loose> = None;
    for change in &plan.changes {
        if carried.has_failed() {
            carried.outcomes.push((change, Outcome::NotTried));
            continue;
        }
        if change.action == Action::Remove || change.noun.kept == Kept::Within {
            complete(centre, &mut early, &mut carried).await;
        }
        if change.action == Action::Remove && loose.is_none() {
            loose = loosen(centre, plan).await.ok();
        }
        let is_loose = loose.as_ref().is_some_and(|it| it.contains(&named(change)));
        let outcome = match step(centre, change, is_loose, secrets).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(failure(error)),
        };
        if let Outcome::Done = outcome
            && change.action == Action::Create
            && !change
                .body(&centre.schema, &centre.things.names)
                .1
                .is_empty()
        {
            early.push((carried.outcomes.len(), change));
        }
        tell(change, &outcome, output)?;
        carried.outcomes.push((change, outcome));
    }
    complete(centre, &mut early, &mut carried).await;
    Ok(carried)
}

/// Things that refer to each other, such as two queues that overflow into each other, are let go of each other before they are removed.
/// Gives those that were as they were planned to be.
async fn loosen(centre: &Centre, plan: &Plan) -> anyhow::Result<Loose> {
    let mut loose = Loose::new();
    let names = &centre.things.names;
    for change in &plan.changes {
        let is_removed = change.action == Action::Remove && change.noun.kept == Kept::ById;
        let body = change.loosened(&centre.schema, names);
        let (Some(body), Some(path)) = (body.filter(|_| is_removed), change.path_at(names)) else {
            continue;
        };
        let now = centre.now(change).await?;
        if now.is_some() && change.still_holds(now.as_ref()) {
            let how = (Action::Change, change.noun.kept);
            send(&centre.remote, how, &path, &Value::Object(body)).await?;
            loose.insert(named(change));
        }
    }
    Ok(loose)
}

/// What a change is of.
fn named(change: &Change) -> (&'static str, String) {
    (change.noun.section, change.full_key())
}

async fn step(
    centre: &mut Centre,
    change: &Change,
    is_loose: bool,
    secrets: &Secrets,
) -> anyhow::Result<Outcome> {
    let now = centre.now(change).await?;
    if !is_loose && !change.still_holds(now.as_ref()) {
        return Ok(Outcome::Changed);
    }
    if change.action == Action::Remove && now.is_none() {
        return Ok(Outcome::Done);
    }
    let names = &centre.things.names;
    let (mut body, _) = change.body(&centre.schema, names);
    for (field, secret) in secrets.of(change) {
        put(&mut body, field, secret);
    }
    let Some(path) = change.path_at(names) else {
        let what = format!("{} belongs to what is not there", change.title());
        return Ok(Outcome::Failed(Failure::new(Code::Failed, what)));
    };
    let how = (change.action, change.noun.kept);
    match send(&centre.remote, how, &path, &Value::Object(body)).await {
        Ok(answer) => {
            if let (Action::Create, Some(id)) = (change.action, answer["id"].as_str()) {
                centre.things.names.add(change.noun, &change.key, id);
            }
            Ok(Outcome::Done)
        }
        Err(failure) => Ok(Outcome::Failed(failure)),
    }
}

/// Sends anew what was made before something that it refers to, such as two queues that overflow into each other.
async fn complete(centre: &Centre, early: &mut Early<'_>, carried: &mut Carried<'_>) {
    for (at, change) in std::mem::take(early) {
        let names = &centre.things.names;
        let (body, rest) = change.body(&centre.schema, names);
        let Some(id) = names
            .id(change.noun, &change.key)
            .filter(|_| rest.is_empty())
        else {
            let what = "something that it refers to was not made";
            carried.outcomes[at].1 = Outcome::Failed(Failure::new(Code::Failed, what));
            continue;
        };
        let path = format!("{}/{id}", change.noun.path);
        let how = (Action::Change, change.noun.kept);
        if let Err(failure) = send(&centre.remote, how, &path, &Value::Object(body)).await {
            carried.outcomes[at].1 = Outcome::Failed(failure);
        }
    }
}

/// Puts a secret into a body, also within a table.
fn put(body: &mut Map<String, Value>, field: &str, secret: &str) {
    match field.split_once('.') {
        Some((table, field)) => {
            if let Some(table) = body.get_mut(table).and_then(Value::as_object_mut) {
                put(table, field, secret);
            }
        }
        None => {
            body.insert(field.to_owned(), secret.into());
        }
    }
}

fn failure(error: anyhow::Error) -> Failure {
    error.downcast().unwrap_or_else(|error: anyhow::Error| {
        Failure::new(Code::Failed, "it could not be done").because(error)
    })
}

fn tell(change: &Change, outcome: &Outcome, output: &Output) -> anyhow::Result<()> {
    if output.json {
        return Ok(());
    }
    let title = change.title();
    let line = match outcome {
        Outcome::Done => format!("{} {title}: done\n", change.action.sign()),
        Outcome::Changed => format!("! {title}: left alone, it was changed meanwhile\n"),
        Outcome::Failed(_) => format!("! {title}: failed\n"),
        Outcome::NotTried => String::new(),
    };
    print(&line)
}

impl Carried<'_> {
    fn has_failed(&self) -> bool {
        let failed = |(_, it): &(&Change, Outcome)| matches!(it, Outcome::Failed(_));
        self.outcomes.iter().any(failed)
    }

    fn titles(&self, which: impl Fn(&Outcome) -> bool) -> Vec<String> {
        let those = self.outcomes.iter().filter(|(_, it)| which(it));
        those.map(|(change, _)| change.title()).collect()
    }

    fn done(&self) -> Vec<String> {
        self.titles(|it| matches!(it, Outcome::Done))
    }

    pub(super) fn is_whole(&self) -> bool {
        self.done().len() == self.outcomes.len()
    }

    pub(super) fn json(&self) -> Value {
        let failed = self.outcomes.iter().filter_map(|(change, it)| match it {
            Outcome::Failed(failure) => Some(json!({
                "what": change.title(), "why": failure.why.as_ref().unwrap_or(&failure.what),
            })),
            _ => None,
        });
        json!({
            "done": self.done(),
            "changed_meanwhile": self.titles(|it| matches!(it, Outcome::Changed)),
            "failed": failed.collect::<Vec<_>>(),
            "not_tried": self.titles(|it| matches!(it, Outcome::NotTried)),
        })
    }

    /// Why it did not come to its end, and what was done until then.
    pub(super) fn failure(&self) -> Failure {
        let (done, all) = (self.done(), self.outcomes.len());
        let mut why = Vec::new();
        for (change, outcome) in &self.outcomes {
            let title = change.title();
            match outcome {
                Outcome::Done => {}
                Outcome::Changed => {
                    why.push(format!("{title}: changed meanwhile by somebody else"));
                }
                Outcome::Failed(failure) => {
                    let reason = failure.why.as_deref().unwrap_or_default();
                    why.push(format!("{title}: {}: {reason}", failure.what));
                }
                Outcome::NotTried => why.push(format!("{title}: not tried")),
            }
        }
        let what = format!(
            "{} of {all} changes were done, the others were not",
            done.len()
        );
        let remedy = "look at `cordboard plan`, then apply again: what is done is not done twice";
        Failure::new(Code::Failed, what)
            .because(why.join("\n"))
            .remedy(remedy)
    }
}
