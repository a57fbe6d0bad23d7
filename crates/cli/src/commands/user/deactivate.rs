//! `cordboard user deactivate NAME`

use clap::Args;
use model::User;
use store::Store;

use crate::output::Output;

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// As in `cordboard user list`
    name: String,
}

pub(super) async fn run(
    arguments: &Arguments,
    store: &Store,
    output: &Output,
) -> anyhow::Result<()> {
    let user = super::existing(store, &arguments.name).await?;
    let user = User {
        active: false,
        ..user
    };
    store.users().update(&user).await?;
    let now = server::clock::Clock::start().now().utc;
    store.sessions().revoke_of_user(user.id, now).await?;
    output.answer(&user, || format!("{} may no longer log in.\n", user.name))
}
