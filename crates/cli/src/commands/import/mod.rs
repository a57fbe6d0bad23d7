//! `cordboard import …`: takes in files.

mod by_server;
mod caller_ids;
mod phones;
mod told;

use clap::Subcommand;

use crate::{output::Output, setting::Global};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Numbers of ours that outbound calls present, as CSV
    CallerIds(caller_ids::Arguments),
    /// Phones that a running server sets up in Asterisk, as CSV: all of a file, or nothing
    Phones(phones::Arguments),
}

pub(super) async fn run(command: &Command, global: &Global, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::CallerIds(arguments) => caller_ids::run(arguments, global, output).await,
        Command::Phones(arguments) => phones::run(arguments, output).await,
    }
}
