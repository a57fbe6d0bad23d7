//! One command, one file.

mod agi;
mod asterisk;
mod centre;
mod completions;
mod config;
mod demo;
mod doctor;
mod import;
mod key;
mod man;
mod migrate;
mod openapi;
mod progress;
mod remote;
mod serve;
mod stats;
mod trace;
mod user;

use clap::{Parser, Subcommand};

use crate::{log, output::Output, setting::Global};

const FIRST_STEPS: &str = "\
First steps:
  cordboard demo                   a simulated centre, to look at
  cordboard doctor --data DIR      is everything there for a real one?
  cordboard serve --data DIR       run it; the first start prints who may log in";

/// The call centre in one binary, for any Asterisk
#[derive(Debug, Parser)]
#[command(
    name = "cordboard",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = FIRST_STEPS
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::Arguments),
    /// People who log in
    #[command(subcommand)]
    User(user::Command),
    /// Keys for programs
    #[command(subcommand)]
    Key(key::Command),
    /// Take in files
    #[command(subcommand)]
    Import(import::Command),
    /// Write what is set up into a centre file (TOML)
    Export(centre::export::Arguments),
    /// Say what a centre file would change; exit code 6 if anything
    Plan(centre::plan::Arguments),
    /// Make the set-up what a centre file says
    Apply(centre::apply::Arguments),
    /// Put back what was before the last centre file
    Rollback(centre::rollback::Arguments),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Run a simulated centre, to look at
    Demo(demo::Arguments),
    /// Check what the server needs: what is wrong, why, what to do
    Doctor,
    /// Figures of calls, and the history of a centre that used `app_queue`
    #[command(subcommand)]
    Stats(stats::Command),
    /// Say what happened to a call, and what was asked of Asterisk for it, step by step
    Trace(trace::Arguments),
    /// What Asterisk needs of us
    #[command(subcommand)]
    Asterisk(asterisk::Command),
    /// Run as a script of Asterisk's (AGI): `AGI(cordboard,agi,next-cid)`
    #[command(subcommand)]
    Agi(agi::Command),
    /// Bring the schema up to date (the server does it by itself)
    Migrate,
    /// Print the description of the API (OpenAPI 3.1)
    Openapi,
    /// Print completions for a shell
    Completions(completions::Arguments),
    /// Write the manual pages
    Man(man::Arguments),
}

/// Does what was asked.
pub(crate) fn run(cli: Cli, output: &Output) -> anyhow::Result<()> {
    let Cli { global, command } = cli;
    match command {
        Command::Serve(arguments) => serve::run(&arguments, &global, output),
        Command::Openapi => openapi::run(),
        Command::Config(command) => config::run(&command, &global, output),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
        Command::User(command) => briefly(user::run(&command, &global, output)),
        Command::Key(command) => briefly(key::run(&command, &global, output)),
        Command::Import(command) => briefly(import::run(&command, &global, output)),
        Command::Export(arguments) => briefly(centre::export::run(&arguments, output)),
        Command::Plan(arguments) => briefly(centre::plan::run(&arguments, output)),
        Command::Apply(arguments) => briefly(centre::apply::run(&arguments, output)),
        Command::Rollback(arguments) => briefly(centre::rollback::run(&arguments, output)),
        Command::Demo(arguments) => demo::run(&arguments, &global, output),
        Command::Doctor => briefly(doctor::run(&global, output)),
        Command::Stats(command) => briefly(stats::run(&command, &global, output)),
        Command::Trace(arguments) => briefly(trace::run(&arguments, output)),
        Command::Asterisk(command) => briefly(asterisk::run(&command, &global, output)),
        Command::Agi(command) => agi::run(command),
        Command::Migrate => briefly(migrate::run(&global, output)),
    }
}

/// Runs a command that ends by itself.
fn briefly(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    log::quiet()?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
