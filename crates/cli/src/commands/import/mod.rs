//! `cordboard import …`: takes in files.

mod caller_ids;
mod progress;
mod remote;
mod told;

use std::path::Path;

use clap::Subcommand;

use crate::{
    failure::{Code, Failure},
    output::Output,
    setting::Global,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Numbers of ours that outbound calls present, as CSV
    CallerIds(caller_ids::Arguments),
}

pub(super) async fn run(command: &Command, global: &Global, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::CallerIds(arguments) => caller_ids::run(arguments, global, output).await,
    }
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    Failure::new(Code::Failed, format!("cannot read {}", path.display())).because(error)
}
