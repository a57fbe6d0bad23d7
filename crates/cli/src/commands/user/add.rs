//! `cordboard user add NAME --role ROLE --password-file FILE`

use clap::Args;
use model::{Role, User, UserId, checked_name};
use server::clock::Clock;
use store::{Store, StoreError};

use crate::{
    failure::{Code, Failure},
    output::Output,
    password::PasswordFile,
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// Lower-case letters, digits, `-` and `_`
    name: String,
    /// What they may do
    #[arg(long, value_parser = super::role())]
    role: Role,
    #[command(flatten)]
    password: PasswordFile,
}

pub(super) async fn run(
    arguments: &Arguments,
    store: &Store,
    output: &Output,
) -> anyhow::Result<()> {
    let name = &arguments.name;
    checked_name("name", name)
        .map_err(|error| Failure::new(Code::Failed, "this name cannot be used").because(error))?;
    let user = create(store, name, arguments.role, &arguments.password.read()?).await?;
    output.answer(&user, || format!("{name} may log in as {}.\n", user.role))
}

/// Writes a new user down.
pub(in crate::commands) async fn create(
    store: &Store,
    name: &str,
    role: Role,
    password: &str,
) -> anyhow::Result<User> {
    let (created_at, random) = Clock::start().id();
    let user = User {
        id: UserId::new(created_at, random),
        name: name.to_owned(),
        role,
        agent: None,
        active: true,
        created_at,
    };
    let hash = server::auth::hash_password(password)?;
    match store.users().create(&user, &hash).await {
        Err(StoreError::Conflict { field, .. }) if field == "name" => Err(Failure::new(
            Code::Failed,
            format!("there is a user {name:?} already"),
        )
        .remedy("take another name, or `cordboard user set-password` for a new password")
        .into()),
        other => Ok(other.map(|()| user)?),
    }
}
