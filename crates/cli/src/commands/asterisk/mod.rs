//! `cordboard asterisk`

mod callerid;
mod dial;
mod files;
mod realtime;

use clap::Subcommand;

use super::doctor;
use crate::{output::Output, setting::Global};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write what Asterisk's configuration needs
    #[command(subcommand)]
    Render(Render),
    /// Say what is missing in the running Asterisk, and the lines that mend it
    Check,
    /// Say what would become of a call by the dialplan, and why. Nothing is called
    Dial(dial::Arguments),
}

#[derive(Debug, Subcommand)]
pub(super) enum Render {
    /// The dialplan that asks for a caller ID before each call
    Callerid(callerid::Arguments),
    /// The files by which Asterisk asks Cordboard for its phones and the dialplan
    Realtime(realtime::Arguments),
}

pub(super) async fn run(command: &Command, global: &Global, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Check => {
            let config = global.load(Vec::new())?;
            doctor::told(&server::doctor::examine_asterisk(&config).await, output)
        }
        Command::Dial(arguments) => dial::run(arguments, global, output).await,
        Command::Render(Render::Callerid(arguments)) => callerid::run(arguments),
        Command::Render(Render::Realtime(arguments)) => realtime::run(arguments, global).await,
    }
}
