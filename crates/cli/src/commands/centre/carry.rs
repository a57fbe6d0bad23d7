//! Carries a plan out, and says what was done and what was not. Nothing is removed unless all else was done.
//!
//! What the server refuses may be taken once other changes are done, such as a user whom another agent still has: it is tried again for
//! as long as that gets on.

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
    /// The server does not take it; perhaps it does once others are done.
    Refused(Failure),
    /// Nobody can say whether the server would take anything now.
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

/// A plan that is being carried out.
struct Work<'w, 'a> {
    centre: &'w mut Centre,
    secrets: &'w Secrets,
    output: &'w Output,
    carried: Carried<'a>,
    /// Things that were made without what they refer to, which was not there yet.
    begun: BTreeSet<usize>,
    loose: Loose,
}

pub(super) async fn carry<'a>(
    centre: &mut Centre,
    plan: &'a Plan,
    secrets: &Secrets,
    output: &Output,
) -> anyhow::Result<Carried<'a>> {
    let changes = plan.changes.iter();
    let mut work = Work {
        centre,
        secrets,
        output,
        carried: Carried {
            outcomes: changes.map(|it| (it, Outcome::NotTried)).collect(),
        },
        begun: BTreeSet::new(),
        loose: Loose::new(),
    };
    work.all(|it| it.action != Action::Remove).await?;
    if !work.carried.has_failed() {
        work.loose = loosen(work.centre, plan).await.unwrap_or_default();
        work.all(|it| it.action == Action::Remove).await?;
    }
    let carried = work.carried;
    for (change, outcome) in &carried.outcomes {
        if matches!(outcome, Outcome::Refused(_) | Outcome::Failed(_)) {
            tell(change, outcome, output)?;
        }
    }
    Ok(carried)
}

impl Work<'_, '_> {
    /// Does all of these, as often as something more gets done. What refers to each other in a circle is begun when nothing else helps.
    async fn all(&mut self, which: impl Fn(&Change) -> bool) -> anyhow::Result<()> {
        let mut in_circles = false;
        loop {
            let mut gets_on = false;
            for at in 0..self.carried.outcomes.len() {
                let (change, outcome) = &self.carried.outcomes[at];
                let is_open = matches!(outcome, Outcome::Refused(_) | Outcome::NotTried);
                if !is_open || !which(change) {
                    continue;
                }
                let change = *change;
                let begun = self.begun.len();
                let outcome = self.step(at, change, in_circles).await;
                let outcome = outcome.unwrap_or_else(|error| Outcome::Failed(failure(error)));
                let is_over = matches!(outcome, Outcome::Done | Outcome::Changed);
                if is_over {
                    tell(change, &outcome, self.output)?;
                }
                let is_lost = matches!(outcome, Outcome::Failed(_));
                gets_on |= is_over || self.begun.len() > begun;
                self.carried.outcomes[at].1 = outcome;
                if is_lost {
                    return Ok(());
                }
            }
            if !gets_on && in_circles {
                return Ok(());
            }
            in_circles = !gets_on;
        }
    }

    async fn step(
        &mut self,
        at: usize,
        change: &Change,
        in_circles: bool,
    ) -> anyhow::Result<Outcome> {
        let is_begun = self.begun.contains(&at);
        if !is_begun && !self.loose.contains(&named(change)) {
            let now = self.centre.now(change).await?;
            if !change.still_holds(now.as_ref()) {
                return Ok(Outcome::Changed);
            }
            if change.action == Action::Remove && now.is_none() {
                return Ok(Outcome::Done);
            }
        }
        let names = &self.centre.things.names;
        let (mut body, missing) = change.body(&self.centre.schema, names);
        let is_of_its_own = missing.iter().all(|noun| *noun == change.noun);
        let may_begin = in_circles && is_of_its_own && change.action == Action::Create && !is_begun;
        if !missing.is_empty() && !may_begin {
            return Ok(refused("something that it refers to was not made"));
        }
        for (field, secret) in self.secrets.of(change) {
            put(&mut body, field, secret);
        }
        let (action, path) = if is_begun {
            let id = names.id(change.noun, &change.key);
            let path = id.map(|id| format!("{}/{id}", change.noun.path));
            (Action::Change, path)
        } else {
            (change.action, change.path_at(names))
        };
        let Some(path) = path else {
            return Ok(refused("what it belongs to is not there"));
        };
        let how = (action, change.noun.kept);
        let answer = match send(&self.centre.remote, how, &path, &Value::Object(body)).await? {
            Ok(answer) => answer,
            Err(refusal) => return Ok(Outcome::Refused(refusal)),
        };
        if let (Action::Create, Some(id)) = (action, answer["id"].as_str()) {
            self.centre.things.names.add(change.noun, &change.key, id);
        }
        if missing.is_empty() {
            return Ok(Outcome::Done);
        }
        self.begun.insert(at);
        Ok(refused("something that it refers to was not made"))
    }
}

fn refused(what: &str) -> Outcome {
    Outcome::Refused(Failure::new(Code::Failed, what))
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
            let sent = send(&centre.remote, how, &path, &Value::Object(body)).await?;
            if sent.is_ok() {
                loose.insert(named(change));
            }
        }
    }
    Ok(loose)
}

/// What a change is of.
fn named(change: &Change) -> (&'static str, String) {
    (change.noun.section, change.full_key())
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
        Outcome::Refused(_) | Outcome::Failed(_) => format!("! {title}: failed\n"),
        Outcome::NotTried => String::new(),
    };
    print(&line)
}

impl Carried<'_> {
    fn has_failed(&self) -> bool {
        let mut outcomes = self.outcomes.iter();
        outcomes.any(|(_, it)| matches!(it, Outcome::Refused(_) | Outcome::Failed(_)))
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
            Outcome::Refused(failure) | Outcome::Failed(failure) => Some(json!({
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
                Outcome::Refused(failure) | Outcome::Failed(failure) => {
                    let reason = failure.why.as_ref().map(|why| format!(": {why}"));
                    let reason = reason.unwrap_or_default();
                    why.push(format!("{title}: {}{reason}", failure.what));
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
