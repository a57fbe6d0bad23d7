//! `cordboard user set-password NAME --password-file FILE`

use clap::Args;
use store::Store;

use crate::{output::Output, password::PasswordFile};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// As in `cordboard user list`
    name: String,
    #[command(flatten)]
    password: PasswordFile,
}

pub(super) async fn run(
    arguments: &Arguments,
    store: &Store,
    output: &Output,
) -> anyhow::Result<()> {
    let user = super::existing(store, &arguments.name).await?;
    let hash = server::auth::hash_password(&arguments.password.read()?)?;
    store.users().set_password(user.id, &hash).await?;
    let now = server::clock::Clock::start().now().utc;
    store.sessions().revoke_of_user(user.id, now).await?;
    output.answer(&user, || format!("{} has a new password.\n", user.name))
}
