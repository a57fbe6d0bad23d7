//! `cordboard user …`: works on the database, with the server running or not.

mod add;
mod deactivate;
mod list;
mod set_password;

pub(super) use {add::create, list::all};

use clap::{
    Subcommand,
    builder::{PossibleValuesParser, TypedValueParser, ValueParser},
};
use model::{Role, User};
use store::Store;

use crate::{
    failure::{Code, Failure},
    output::Output,
    setting::{Global, open_existing_store, open_store},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add somebody who may log in
    Add(add::Arguments),
    /// List who may log in
    List,
    /// Set a new password and end all log-ins
    SetPassword(set_password::Arguments),
    /// Refuse further log-ins and end the present ones
    Deactivate(deactivate::Arguments),
}

pub(super) async fn run(command: &Command, global: &Global, output: &Output) -> anyhow::Result<()> {
    let config = global.load(Vec::new())?;
    let store = match command {
        Command::Add(_) => open_store(&config).await?,
        _ => open_existing_store(&config).await?,
    };
    let done = match command {
        Command::Add(arguments) => add::run(arguments, &store, output).await,
        Command::List => list::run(&store, output).await,
        Command::SetPassword(arguments) => set_password::run(arguments, &store, output).await,
        Command::Deactivate(arguments) => deactivate::run(arguments, &store, output).await,
    };
    store.close().await;
    done
}

/// Takes the name of a role.
pub(super) fn role() -> ValueParser {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str))
        .try_map(|name| name.parse::<Role>())
        .into()
}

/// The user of that name, or a failure that says so.
async fn existing(store: &Store, name: &str) -> anyhow::Result<User> {
    store.users().by_name(name).await?.ok_or_else(|| {
        Failure::new(Code::Failed, format!("there is no user {name:?}"))
            .remedy("`cordboard user list` shows who there is")
            .into()
    })
}
