//! `cordboard plan`

use std::path::PathBuf;

use clap::Args;

use super::{file, look::Centre, told};
use crate::{
    commands::remote,
    failure::{Code, Failure},
    output::Output,
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// A centre file; without one, what was applied last is compared with what there is
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Plan to set secrets anew, too
    #[arg(long)]
    set_secrets: bool,
    #[command(flatten)]
    server: remote::Server,
}

pub(in crate::commands) async fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<()> {
    let centre = Centre::look(arguments.server.needed()?).await?;
    let (name, text) = if let Some(path) = &arguments.file {
        (path.display().to_string(), file::read(path)?)
    } else {
        let last = centre.last_applied().await?.ok_or_else(|| {
            Failure::new(Code::Failed, "no centre file was applied yet")
                .remedy("name one: `-f centre.toml`")
        })?;
        (
            format!("what was applied at {}", last.made_at),
            last.document,
        )
    };
    let (_, plan) = file::plan(&centre, &name, &text, arguments.set_secrets).await?;
    let impacts = centre.impacts(&plan.changes).await?;
    output.answer(&told::json(&plan, &impacts), || told::text(&plan, &impacts))?;
    if plan.changes.is_empty() {
        return Ok(());
    }
    Err(Failure::told(Code::Changes).into())
}
