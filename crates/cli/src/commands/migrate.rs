//! `cordboard migrate`

use serde_json::json;
use store::Store;

use crate::{
    failure,
    output::Output,
    setting::{Global, make_data_folder},
};

pub(super) async fn run(global: &Global, output: &Output) -> anyhow::Result<()> {
    let config = global.load(Vec::new())?;
    make_data_folder(&config)?;
    let dsn = config.dsn();
    let failed = |error| failure::database(&error, dsn.expose());
    let store = Store::open(dsn.expose()).await.map_err(failed)?;
    let migrated = store.migrate().await.map_err(failed)?;
    store.close().await;
    output.answer(
        &json!({ "applied": migrated.applied, "version": migrated.version }),
        || match migrated.applied.len() {
            0 => format!("The schema is up to date (version {}).\n", migrated.version),
            count => format!(
                "{count} migrations were made; the schema has version {}.\n",
                migrated.version
            ),
        },
    )
}
