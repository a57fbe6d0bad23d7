//! `cordboard rollback`: takes back the newest change, whether it came to its end or not. One that it did not bring to its end itself is
//! carried on.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use server::centre::{Action, Document, Plan};

use super::{
    apply::{Order, apply, finish},
    file,
    history::{Change, History},
    look::Centre,
    secrets::Allowed,
    told,
};
use crate::{
    commands::remote,
    failure::{Code, Failure},
    output::{Output, print},
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// Take back this change, of /v1/centre/changes, and all that came after it; otherwise the newest alone
    #[arg(long, value_name = "ID")]
    to: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Remove what was not there before
    #[arg(long)]
    remove: bool,
    #[doc = "Read secrets from this variable (`NAME`, `NAME_*`), or from this file or any in this folder, where the change says so; \
             from nowhere else"]
    #[arg(long, value_name = "WHERE")]
    secrets_from: Vec<String>,
    /// Put nothing back: write what was before into a centre file, to be looked at or completed
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: remote::Server,
}

/// What is taken back.
struct Target<'a> {
    /// The newest first.
    changes: &'a [Change],
    /// A rollback that was begun and is carried on.
    is_begun: bool,
    /// The centre file that does it.
    text: String,
}

pub(in crate::commands) async fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<()> {
    let centre = Centre::look(arguments.server.needed()?).await?;
    let history = History::read(&centre.remote).await?;
    let target = Target::choose(&history, arguments.to.as_deref(), &centre)?;
    if let Some(path) = &arguments.out {
        return Ok(std::fs::write(path, &target.text).map_err(|error| {
            Failure::new(Code::Failed, format!("cannot write {}", path.display())).because(error)
        })?);
    }
    let remedy = "write it by `cordboard rollback -o before.toml`, complete it, and apply that";
    let name = "what was before";
    let (document, mut plan) = file::plan_kept(&centre, name, &target.text, remedy).await?;
    mark_strange(&mut plan, &history, &centre);
    let impacts = centre.impacts(&plan.changes).await?;
    let mut answer = told::json(&plan, &impacts);
    answer["takes_back"] = target.changes.iter().map(Change::json).collect();
    if !output.json {
        print(&target.told(&history))?;
        print(&told::text(&plan, &impacts))?;
    }
    if plan.changes.is_empty() {
        return target
            .nothing_to_do(&centre, &history, &answer, output)
            .await;
    }
    let order = Order {
        kind: "rollback",
        text: &target.text,
        document,
        plan,
        set_secrets: false,
        folder: None,
        allowed: Some(Allowed::new(&arguments.secrets_from)),
        remove: arguments.remove,
        yes: arguments.yes,
    };
    Box::pin(apply(centre, &history, order, answer, output)).await
}

impl<'a> Target<'a> {
    fn choose(history: &'a History, to: Option<&str>, centre: &Centre) -> Result<Self, Failure> {
        let at = to.map_or(Ok(0), |id| history.find(id))?;
        let Some(changes) = history.0.get(..=at) else {
            let failure = Failure::new(Code::Failed, "there is nothing to take back");
            return Err(failure.because("no centre file was applied"));
        };
        let is_begun = to.is_none() && changes[0].kind == "rollback" && !changes[0].is_finished;
        let text = if is_begun {
            changes[0].document.clone()
        } else {
            history.before(at, &centre.schema)
        };
        Ok(Self {
            changes,
            is_begun,
            text,
        })
    }

    /// Exactly what is taken back.
    fn told(&self, history: &History) -> String {
        let titles: Vec<_> = self.changes.iter().map(Change::title).collect();
        let mut text = match &titles[..] {
            [one] if self.is_begun => format!("Carries on with {one}.\n"),
            [one] => format!("Takes back {one}.\n"),
            many => format!(
                "Takes back {} changes:\n    {}\n",
                many.len(),
                many.join("\n    ")
            ),
        };
        let older = history.0.get(self.changes.len());
        if let Some(older) = older.filter(|it| !it.is_finished) {
            text += "The one before did not come to its end: ";
            let _ = writeln!(text, "`--to {}` takes that back, too.", older.id);
        }
        text
    }

    async fn nothing_to_do(
        &self,
        centre: &Centre,
        history: &History,
        answer: &Value,
        output: &Output,
    ) -> anyhow::Result<()> {
        output.answer(answer, String::new)?;
        if self.is_begun {
            return finish(centre, &self.changes[0].id).await;
        }
        let older = history.0.iter().skip(self.changes.len()).map(Change::title);
        let older: Vec<_> = older.collect();
        let mut failure = Failure::new(Code::Failed, "there is nothing to take back")
            .because("all is as it was before: that change made no difference, or is taken back");
        if !older.is_empty() {
            let older = older.join("\n");
            failure = failure.remedy(format!("name another by `--to ID`:\n{older}"));
        }
        Err(failure.into())
    }
}

/// Marks what goes though no centre file had it: phones that came from a CSV, say.
fn mark_strange(plan: &mut Plan, history: &History, centre: &Centre) {
    let documents = history.0.iter();
    let documents = documents.flat_map(|it| [&it.document, &it.before]);
    let documents: Vec<_> = documents
        .map(|it| Document::read(it, &centre.schema).0)
        .collect();
    for change in &mut plan.changes {
        let has_it = |document: &Document| document.find(change.noun, &change.full_key()).is_some();
        if change.action == Action::Remove && !documents.iter().any(has_it) {
            change.is_strange = true;
            let note = "no centre file made it: somebody made it otherwise";
            change.notes.push(note.to_owned());
        }
    }
}
