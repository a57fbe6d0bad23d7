//! `cordboard key list`

use model::{ApiKey, Timestamp};
use store::{MAX_PAGE, Store};

use crate::output::{Output, shown, table};

pub(super) async fn run(store: &Store, output: &Output) -> anyhow::Result<()> {
    let mut keys: Vec<ApiKey> = Vec::new();
    loop {
        let after = keys.last().map(|key| key.name.clone());
        let page = store.api_keys().list(after.as_deref(), MAX_PAGE).await?;
        if page.is_empty() {
            break;
        }
        keys.extend(page);
    }
    output.answer(&keys, || {
        let at = |at: Option<Timestamp>| at.map_or("–".to_owned(), shown);
        let rows: Vec<_> = keys
            .iter()
            .map(|key| {
                [
                    key.name.clone(),
                    key.role.to_string(),
                    shown(key.created_at),
                    at(key.last_used_at),
                    at(key.revoked_at),
                ]
            })
            .collect();
        table(["NAME", "ROLE", "CREATED", "LAST USED", "REVOKED"], &rows)
    })
}
