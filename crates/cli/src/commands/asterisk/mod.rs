//! `cordboard asterisk`

mod callerid;
mod files;
mod realtime;

use clap::Subcommand;

use crate::setting::Global;

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
    /// The files by which Asterisk asks Cordboard for its phones
    Realtime(realtime::Arguments),
}

pub(super) async fn run(command: &Command, global: &Global) -> anyhow::Result<()> {
    match command {
        Command::Render(Render::Callerid(arguments)) => callerid::run(arguments),
        Command::Render(Render::Realtime(arguments)) => realtime::run(arguments, global).await,
    }
}
