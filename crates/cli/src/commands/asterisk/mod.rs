//! `cordboard asterisk`

mod callerid;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write what Asterisk's configuration needs
    #[command(subcommand)]
    Render(Render),
}

#[derive(Debug, Subcommand)]
pub(super) enum Render {
    /// The dialplan that asks for a caller ID before each call
    Callerid(callerid::Arguments),
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Render(Render::Callerid(arguments)) => callerid::run(arguments),
    }
}
