//! `cordboard config …`: no command here needs a database.

mod check;
mod dump;

use clap::Subcommand;

use crate::{
    output::{self, Output},
    setting::Global,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell everything that is wrong; exit code 4 if something is
    Check,
    /// Print every value and where it comes from, secrets redacted
    Dump,
    /// Print a commented file with every key at its default
    Example,
    /// Print the manual's tables of keys
    #[command(hide = true)]
    Keys,
}

pub(super) fn run(command: &Command, global: &Global, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Check => check::run(global, output),
        Command::Dump => dump::run(global, output),
        Command::Example => output::print(&server::config::example()),
        Command::Keys => output::print(&server::config::key_tables()),
    }
}
