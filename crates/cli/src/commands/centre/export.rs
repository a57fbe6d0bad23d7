//! `cordboard export`

use std::path::PathBuf;

use clap::Args;
use server::centre::{sections, to_text};

use super::{history::History, look::Centre};
use crate::{
    commands::remote,
    failure::{Code, Failure},
    output::{Output, print},
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// Write it here; otherwise it is printed
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: remote::Server,
}

pub(in crate::commands) async fn run(arguments: &Arguments, output: &Output) -> anyhow::Result<()> {
    let centre = Centre::look(arguments.server.needed()?).await?;
    let document = centre.things.document(&sections());
    if output.json {
        return output.answer(&document, String::new);
    }
    let history = History::read(&centre.remote).await?;
    let sources = history.sources(&centre.schema, &centre.things);
    let text = to_text(&document, &sources);
    let Some(path) = &arguments.out else {
        return print(&text);
    };
    std::fs::write(path, text).map_err(|error| {
        Failure::new(Code::Failed, format!("cannot write {}", path.display())).because(error)
    })?;
    Ok(())
}
