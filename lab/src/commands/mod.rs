//! One command, one file.

mod services;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cordboard_lab::Result;

/// A real Asterisk, SIP phones and database servers on loopback.
#[derive(Debug, Parser)]
#[command(name = "lab", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Database servers for a test run
    #[command(subcommand)]
    Services(services::Command),
}

pub(crate) async fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Services(command) => services::run(command).await,
    }
}
