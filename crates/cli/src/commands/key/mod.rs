//! `cordboard key …`: works on the database, with the server running or not.

mod create;
mod list;
mod revoke;

use clap::Subcommand;

use crate::{
    output::Output,
    setting::{Global, open_existing_store, open_store},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a key for a program and print it, once
    Create(create::Arguments),
    /// List the keys, revoked ones too
    List,
    /// End a key for good
    Revoke(revoke::Arguments),
}

pub(super) async fn run(command: &Command, global: &Global, output: &Output) -> anyhow::Result<()> {
    let config = global.load(Vec::new())?;
    let store = match command {
        Command::Create(_) => open_store(&config).await?,
        _ => open_existing_store(&config).await?,
    };
    let done = match command {
        Command::Create(arguments) => create::run(arguments, &store, output).await,
        Command::List => list::run(&store, output).await,
        Command::Revoke(arguments) => revoke::run(arguments, &store, output).await,
    };
    store.close().await;
    done
}
