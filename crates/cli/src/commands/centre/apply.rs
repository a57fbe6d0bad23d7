//! `cordboard apply`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use server::centre::{Action, Document, Plan, United, to_text};

use super::{
    ask, carry, file,
    history::History,
    look::Centre,
    secrets::{Allowed, Secrets},
    told,
};
use crate::{
    commands::remote,
    failure::{Code, Failure},
    output::{Output, print},
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// A centre file
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Remove what a section of the file does not have
    #[arg(long)]
    remove: bool,
    /// Set secrets anew, too, of which the file says where they are
    #[arg(long)]
    set_secrets: bool,
    #[command(flatten)]
    server: remote::Server,
}

/// A file that is to be applied.
pub(super) struct Order<'a> {
    /// `apply` or `rollback`.
    pub(super) kind: &'static str,
    pub(super) text: &'a str,
    pub(super) document: Document,
    pub(super) plan: Plan,
    pub(super) set_secrets: bool,
    /// Where files with secrets are meant from.
    pub(super) folder: Option<&'a Path>,
    /// What may be read; nothing: all that the file says.
    pub(super) allowed: Option<Allowed>,
    pub(super) remove: bool,
    pub(super) yes: bool,
}

pub(in crate::commands) async fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<()> {
    let text = file::read(&arguments.file)?;
    let centre = Centre::look(arguments.server.needed()?).await?;
    let history = History::read(&centre.remote).await?;
    let name = arguments.file.display().to_string();
    let set_secrets = arguments.set_secrets;
    let (document, plan) = file::plan(&centre, &name, &text, set_secrets).await?;
    let order = Order {
        kind: "apply",
        text: &text,
        document,
        plan,
        set_secrets,
        folder: arguments.file.parent(),
        allowed: None,
        remove: arguments.remove,
        yes: arguments.yes,
    };
    let impacts = centre.impacts(&order.plan.changes).await?;
    let answer = told::json(&order.plan, &impacts);
    if !output.json {
        print(&told::text(&order.plan, &impacts))?;
    }
    if order.plan.changes.is_empty() {
        note(&centre, &history, &order).await?;
        return output.answer(&answer, String::new);
    }
    Box::pin(apply(centre, &history, order, answer, output)).await
}

/// Asks, keeps what is there, and carries it out. The plan has been shown, but for JSON, of which `answer` is the beginning.
pub(super) async fn apply(
    mut centre: Centre,
    history: &History,
    order: Order<'_>,
    mut answer: Value,
    output: &Output,
) -> anyhow::Result<()> {
    let secrets = match agreed(&order, output) {
        Ok(secrets) => secrets,
        Err(failure) => {
            output.answer(&answer, String::new)?;
            return Err(failure.into());
        }
    };
    let id = keep(&mut centre, history, &order).await?;
    let carried = carry::carry(&mut centre, &order.plan, &secrets, output).await?;
    answer["outcome"] = carried.json();
    if !carried.is_whole() {
        output.answer(&answer, String::new)?;
        return Err(carried.failure().into());
    }
    finish(&centre, &id).await?;
    output.answer(&answer, || {
        format!("{} changes were done.\n", order.plan.changes.len())
    })
}

/// The secrets that it needs, once nothing stands against it.
fn agreed(order: &Order<'_>, output: &Output) -> Result<Secrets, Failure> {
    let gone = order.plan.count(Action::Remove);
    if gone > 0 && !order.remove {
        let strange = order.plan.changes.iter().filter(|it| it.is_strange);
        let strange = match strange.count() {
            0 => String::new(),
            many => format!(", {many} of them made by no centre file"),
        };
        let what = format!("the plan removes {gone}{strange}; nothing was done");
        let remedy = "say `--remove` if they are to go; put them into the file, or leave their section out of it, if not";
        return Err(Failure::new(Code::Failed, what).remedy(remedy));
    }
    if !ask::agrees("Do this?", order.yes, output)? {
        return Err(Failure::new(Code::Failed, "nothing was done"));
    }
    Secrets::read(&order.plan, order.folder, order.allowed.as_ref())
}

/// Notes a file by which nothing is to be done, if it ends what was begun, or says other than the files before.
async fn note(centre: &Centre, history: &History, order: &Order<'_>) -> anyhow::Result<()> {
    let newest = history.newest();
    let ends = newest
        .is_some_and(|it| !it.is_finished && it.kind == order.kind && it.document == order.text);
    let said = United::of([order.text], &centre.schema);
    if ends || !history.wanted(&centre.schema).says(&said) {
        let id = send(centre, history, order).await?;
        finish(centre, &id).await?;
    }
    Ok(())
}

/// Has the server keep the file and what puts back what is there, if that is still what the plan was shown for; gives the id of that.
async fn keep(centre: &mut Centre, history: &History, order: &Order<'_>) -> anyhow::Result<String> {
    centre.look_again().await?;
    let now = Plan::new(
        &order.document,
        &centre.things,
        &centre.schema,
        order.set_secrets,
    );
    let others = order.plan.others(&now);
    if !others.is_empty() {
        let what = "somebody changed something since the plan was made; nothing was done";
        return Err(Failure::new(Code::Failed, what)
            .because(others.join("\n"))
            .remedy("look at the plan as it is now")
            .into());
    }
    send(centre, history, order).await
}

async fn send(centre: &Centre, history: &History, order: &Order<'_>) -> anyhow::Result<String> {
    let before = centre.things.document(&order.document.sections);
    let before = to_text(&before, &history.sources(&centre.schema, &centre.things));
    let url = centre.remote.at("v1/centre/changes")?;
    let body = json!({"kind": order.kind, "document": order.text, "before": before});
    let request = centre.remote.client.post(url).json(&body);
    let kept = centre.remote.answer(request).await?;
    Ok(kept["id"].as_str().unwrap_or_default().to_owned())
}

/// Notes that all of it was done.
pub(super) async fn finish(centre: &Centre, id: &str) -> anyhow::Result<()> {
    let url = centre
        .remote
        .at(&format!("v1/centre/changes/{id}/finish"))?;
    centre.remote.answer(centre.remote.client.post(url)).await?;
    Ok(())
}
