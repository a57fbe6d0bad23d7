//! `cordboard plan`

use std::path::PathBuf;

use clap::Args;

use super::{file, history::History, look::Centre, told};
use crate::{
    commands::remote,
    failure::{Code, Failure},
    output::Output,
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// A centre file; without one, what was applied is compared with what there is, each section with the newest file that had it
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Plan to set secrets anew, too
    #[arg(long, requires = "file")]
    set_secrets: bool,
    #[command(flatten)]
    server: remote::Server,
}

pub(in crate::commands) async fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<()> {
    let centre = Centre::look(arguments.server.needed()?).await?;
    let (_, plan) = if let Some(path) = &arguments.file {
        let (name, text) = (path.display().to_string(), file::read(path)?);
        file::plan(&centre, &name, &text, arguments.set_secrets).await?
    } else {
        let history = History::read(&centre.remote).await?;
        let wanted = history.wanted(&centre.schema);
        if wanted.is_empty() {
            let failure = Failure::new(Code::Failed, "no centre file was applied yet");
            return Err(failure.remedy("name one: `-f centre.toml`").into());
        }
        let remedy = "apply a file in which these are right";
        file::plan_kept(&centre, "what was applied", &wanted.text(), remedy).await?
    };
    let impacts = centre.impacts(&plan.changes).await?;
    output.answer(&told::json(&plan, &impacts), || told::text(&plan, &impacts))?;
    if plan.changes.is_empty() {
        return Ok(());
    }
    Err(Failure::told(Code::Differences).into())
}
