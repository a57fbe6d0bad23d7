//! One command, one file.

mod held;
mod prepare;
mod services;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cordboard_lab::{Release, Result};

/// A real Asterisk, SIP phones and database servers on loopback.
#[derive(Debug, Parser)]
#[command(name = "lab", version)]
pub(crate) struct Cli {
    /// Print JSON, one value
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring up an Asterisk with phones and a trunk, and leave it running
    Up(held::Up),
    /// Stop labs that were left running
    Down(held::Which),
    /// Show the labs that are running, with their addresses and secrets
    Status(held::Which),
    /// Call a number through a running lab's trunk, and say what happened
    Call(held::Call),
    /// Tell a running lab's phone what to do with calls
    Phone(held::Phone),
    /// Make Asterisk's root file systems and the databases' templates now, rather than in the first test
    Prepare {
        /// Only this Asterisk: 22 or 16
        #[arg(long)]
        release: Option<Release>,
    },
    /// Database servers for a test run
    #[command(subcommand)]
    Services(services::Command),
    /// Hold a lab in the foreground (what `up` starts)
    #[command(hide = true)]
    Hold(held::Hold),
}

pub(crate) async fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Up(options) => held::up(options, cli.json).await,
        Command::Down(which) => held::down(which, cli.json).await,
        Command::Status(which) => held::status(which, cli.json).await,
        Command::Call(call) => held::call(call, cli.json).await,
        Command::Phone(phone) => held::phone(phone).await,
        Command::Hold(options) => held::hold(options).await,
        Command::Prepare { release } => prepare::run(release).await,
        Command::Services(command) => services::run(command).await,
    }
}
