//! `cordboard rollback`

use std::path::PathBuf;

use clap::Args;

use super::{
    apply::{Order, apply},
    file,
    look::Centre,
    told,
};
use crate::{
    commands::remote,
    failure::{Code, Failure},
    output::{Output, print},
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Put nothing back: write what was before into a centre file, to be looked at or completed
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: remote::Server,
}

pub(in crate::commands) async fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<()> {
    let centre = Centre::look(arguments.server.needed()?).await?;
    for id in centre.applied().await? {
        let applied = centre.applied_one(&id).await?;
        if let Some(path) = &arguments.out {
            let failed = |error| {
                Failure::new(Code::Failed, format!("cannot write {}", path.display()))
                    .because(error)
            };
            std::fs::write(path, &applied.before).map_err(failed)?;
            return Ok(());
        }
        let name = format!("what was before {}", applied.made_at);
        let (document, plan) = file::plan(&centre, &name, &applied.before, false).await?;
        if plan.changes.is_empty() {
            // It changed nothing, or it is undone already: the one before it is meant.
            continue;
        }
        let impacts = centre.impacts(&plan.changes).await?;
        if !output.json {
            let (made_at, made_by) = (&applied.made_at, &applied.made_by);
            print(&format!(
                "Takes back the {} of {made_at} by {made_by}.\n",
                applied.kind
            ))?;
            print(&told::text(&plan, &impacts))?;
        }
        let order = Order {
            kind: "rollback",
            text: &applied.before,
            document,
            plan,
            folder: None,
            yes: arguments.yes,
        };
        return Box::pin(apply(centre, order, &impacts, output)).await;
    }
    let what = "there is nothing to take back";
    Err(Failure::new(Code::Failed, what)
        .because("no centre file was applied that changed something, or all is as it was before")
        .into())
}
