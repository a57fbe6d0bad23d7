//! `cordboard asterisk`

mod callerid;
mod dial;
mod files;
mod realtime;
mod tables;

use clap::{Args, Subcommand};

use super::doctor;
use crate::{output::Output, setting::Global};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write all that a new Asterisk needs to work with Cordboard, or a part of it for one that is there
    Render(Render),
    /// Say what is missing in the running Asterisk, and the lines that mend it
    Check,
    /// Say what would become of a call by the dialplan, and why. Nothing is called
    Dial(dial::Arguments),
    /// Say which of Asterisk's tables are missing in the database that it reads its phones from, or make them
    Tables(tables::Arguments),
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Render {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    all: realtime::Arguments,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The dialplan that asks for a caller ID before each call
    Callerid(callerid::Arguments),
    /// The files by which Asterisk gets its phones and the dialplan from Cordboard
    Realtime(realtime::Arguments),
}

pub(super) async fn run(command: &Command, global: &Global, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Check => {
            let config = global.load(Vec::new())?;
            doctor::told(&server::doctor::examine_asterisk(&config).await, output)
        }
        Command::Dial(arguments) => dial::run(arguments, global, output).await,
        Command::Tables(arguments) => tables::run(arguments, global, output).await,
        Command::Render(Render { part, all }) => match part {
            None => realtime::run(all, realtime::Scope::All, global).await,
            Some(Part::Callerid(arguments)) => callerid::run(arguments),
            Some(Part::Realtime(arguments)) => {
                realtime::run(arguments, realtime::Scope::Phones, global).await
            }
        },
    }
}
