//! `cordboard key create NAME --role ROLE`

use clap::Args;
use model::{ApiKey, ApiKeyId, Role, checked_name};
use serde_json::json;
use server::clock::Clock;
use store::{Store, StoreError};

use crate::{
    commands::user,
    failure::{Code, Failure},
    output::Output,
};

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// Lower-case letters, digits, `-` and `_`
    name: String,
    /// What the program may do
    #[arg(long, value_parser = user::role())]
    role: Role,
}

pub(super) async fn run(
    arguments: &Arguments,
    store: &Store,
    output: &Output,
) -> anyhow::Result<()> {
    let Arguments { name, role } = arguments;
    checked_name("name", name)
        .map_err(|error| Failure::new(Code::Failed, "this name cannot be used").because(error))?;
    let (created_at, random) = Clock::start().id();
    let key = ApiKey {
        id: ApiKeyId::new(created_at, random),
        name: name.clone(),
        role: *role,
        created_at,
        last_used_at: None,
        revoked_at: None,
    };
    let new = server::auth::new_api_key();
    match store.api_keys().create(&key, &new.hash).await {
        Err(StoreError::Conflict { field, .. }) if field == "name" => {
            return Err(
                Failure::new(Code::Failed, format!("there is a key {name:?} already"))
                    .remedy("take another name; a revoked key keeps its name")
                    .into(),
            );
        }
        other => other?,
    }
    if !output.json {
        eprintln!("The key {name} acts as {role}. It is shown only now:");
    }
    let shown = json!({ "id": key.id, "name": key.name, "role": key.role, "key": new.secret });
    // The key alone on standard output, so that `$(cordboard key create …)` is it.
    output.answer(&shown, || format!("{}\n", new.secret))
}
