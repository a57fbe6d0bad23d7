//! `cordboard apply`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use server::centre::{Action, Document, Plan, to_text};

use super::{ask, carry, file, look::Centre, secrets::Secrets, told};
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
    /// Where files with secrets are meant from.
    pub(super) folder: Option<&'a Path>,
    pub(super) yes: bool,
}

pub(in crate::commands) async fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<()> {
    let text = file::read(&arguments.file)?;
    let centre = Centre::look(arguments.server.needed()?).await?;
    let name = arguments.file.display().to_string();
    let (document, plan) = file::plan(&centre, &name, &text, arguments.set_secrets).await?;
    let order = Order {
        kind: "apply",
        text: &text,
        document,
        plan,
        folder: arguments.file.parent(),
        yes: arguments.yes,
    };
    let impacts = centre.impacts(&order.plan.changes).await?;
    if !output.json {
        print(&told::text(&order.plan, &impacts))?;
    }
    let gone = order.plan.count(Action::Remove);
    if gone > 0 && !arguments.remove {
        let what = format!("the plan removes {gone}; nothing was done");
        let remedy = "say `--remove` if they are to go; put them into the file, or leave their section out of it, if not";
        return Err(Failure::new(Code::Failed, what).remedy(remedy).into());
    }
    Box::pin(apply(centre, order, &impacts, output)).await
}

/// Asks, keeps what is there, and carries it out. The plan has been shown, but for JSON.
pub(super) async fn apply(
    mut centre: Centre,
    order: Order<'_>,
    impacts: &[Vec<String>],
    output: &Output,
) -> anyhow::Result<()> {
    let last = centre.last_applied().await?;
    if order.plan.changes.is_empty() {
        let is_known = last.is_some_and(|it| it.is_finished && it.document == order.text);
        if !is_known {
            let id = keep(&centre, &order).await?;
            finish(&centre, &id).await?;
        }
        return output.answer(&told::json(&order.plan, impacts), String::new);
    }
    if !ask::agrees("Do this?", order.yes, output)? {
        return Err(Failure::new(Code::Failed, "nothing was done").into());
    }
    let secrets = Secrets::read(&order.plan, order.folder)?;
    let id = keep(&centre, &order).await?;
    let carried = carry::carry(&mut centre, &order.plan, &secrets, output).await?;
    let mut answer = told::json(&order.plan, impacts);
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

/// Has the server keep the file and what puts back what is there; gives the id of that.
async fn keep(centre: &Centre, order: &Order<'_>) -> anyhow::Result<String> {
    let last = centre.last_applied().await?;
    let before = centre.things.document(&order.document.sections);
    let before = to_text(&before, &centre.sources(last.as_ref()));
    let url = centre.remote.at("v1/centre/changes")?;
    let body = json!({"kind": order.kind, "document": order.text, "before": before});
    let request = centre.remote.client.post(url).json(&body);
    let kept = centre.remote.answer(request).await?;
    Ok(kept["id"].as_str().unwrap_or_default().to_owned())
}

async fn finish(centre: &Centre, id: &str) -> anyhow::Result<Value> {
    let url = centre
        .remote
        .at(&format!("v1/centre/changes/{id}/finish"))?;
    Ok(centre.remote.answer(centre.remote.client.post(url)).await?)
}
