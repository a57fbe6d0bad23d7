//! `cordboard user list`

use model::User;
use store::{MAX_PAGE, Store};

use crate::output::{Output, shown, table};

pub(super) async fn run(store: &Store, output: &Output) -> anyhow::Result<()> {
    let users = all(store).await?;
    output.answer(&users, || {
        let rows: Vec<_> = users
            .iter()
            .map(|user| {
                let state = if user.active { "active" } else { "deactivated" };
                [
                    user.name.clone(),
                    user.role.to_string(),
                    state.to_owned(),
                    shown(user.created_at),
                ]
            })
            .collect();
        table(["NAME", "ROLE", "STATE", "SINCE"], &rows)
    })
}

/// Every user, page by page.
pub(in crate::commands) async fn all(store: &Store) -> anyhow::Result<Vec<User>> {
    let mut users: Vec<User> = Vec::new();
    loop {
        let after = users.last().map(|user| user.name.clone());
        let page = store.users().list(after.as_deref(), MAX_PAGE).await?;
        if page.is_empty() {
            return Ok(users);
        }
        users.extend(page);
    }
}
