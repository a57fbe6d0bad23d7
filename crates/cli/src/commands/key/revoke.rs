//! `cordboard key revoke NAME`

use clap::Args;
use server::clock::Clock;
use store::Store;

use crate::{
    failure::{Code, Failure},
    output::Output,
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// As in `cordboard key list`
    name: String,
}

pub(super) async fn run(
    arguments: &Arguments,
    store: &Store,
    output: &Output,
) -> anyhow::Result<()> {
    let name = &arguments.name;
    let key = store.api_keys().by_name(name).await?.ok_or_else(|| {
        Failure::new(Code::Failed, format!("there is no key {name:?}"))
            .remedy("`cordboard key list` shows which there are")
    })?;
    store
        .api_keys()
        .revoke(key.id, Clock::start().now().utc)
        .await?;
    output.answer(&key, || format!("The key {name} is revoked.\n"))
}
