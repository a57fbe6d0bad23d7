//! The database: is it there, and is it ours?

use model::Role;
use store::{MAX_PAGE, Store, StoreError};

use super::Finding;
use crate::config::{Config, redacted_dsn};

const SUBJECT: &str = "database";
const PEOPLE: &str = "administrators";

/// What was seen, and the database if it can be used.
pub(super) async fn examine(config: &Config) -> (Vec<Finding>, Option<Store>) {
    let dsn = config.dsn();
    let shown = redacted_dsn(dsn.expose());
    if config.sqlite_file().is_some_and(|file| !file.exists()) {
        let what = format!("{shown} is not there yet; the first start makes it");
        return (vec![Finding::ok(SUBJECT, what)], None);
    }
    let store = match Store::open(dsn.expose()).await {
        Ok(store) => store,
        Err(error) => return (vec![unusable(&shown, &error)], None),
    };
    if let Some(finding) = schema(&store, &shown).await {
        store.close().await;
        return (vec![finding], None);
    }
    let people = administrators(&store).await;
    let findings = vec![Finding::ok(SUBJECT, format!("{shown} answers")), people];
    (findings, Some(store))
}

/// What is wrong with the schema, if anything is.
async fn schema(store: &Store, shown: &str) -> Option<Finding> {
    match store.pending_migrations().await {
        Ok(pending) => {
            let count = pending.len();
            let first = pending.first()?;
            let what = format!("{shown} answers; {count} migrations are to be made, from {first} on");
            Some(Finding::warning(SUBJECT, what)
                .because("its schema is that of an older program")
                .remedy("back the database up; then start the server, or run `cordboard migrate`"))
        }
        Err(StoreError::Database { problem }) => {
            Some(Finding::warning(SUBJECT, format!("{shown} answers, but its schema is not ours yet"))
                .because(problem)
                .remedy("start the server, or run `cordboard migrate`; if this database is another program's, name another one"))
        }
        Err(error) => Some(unusable(shown, &error)),
    }
}

fn unusable(shown: &str, error: &StoreError) -> Finding {
    let remedy = match error {
        StoreError::Dsn { .. } => "correct `database.dsn`",
        StoreError::NewerSchema { .. } | StoreError::ChangedMigration { .. } => {
            "use the program that made this database, or a newer one"
        }
        _ => "start it, or correct `database.dsn` (address, user, password, rights of the file)",
    };
    Finding::problem(SUBJECT, format!("{shown} cannot be used"))
        .because(error)
        .remedy(remedy)
}

async fn administrators(store: &Store) -> Finding {
    let mut after: Option<String> = None;
    loop {
        let page = match store.users().list(after.as_deref(), MAX_PAGE).await {
            Ok(page) => page,
            Err(error) => return Finding::problem(PEOPLE, "cannot be listed").because(error),
        };
        let Some(last) = page.last() else {
            return Finding::warning(PEOPLE, "there is none that is active").remedy(
                "start the server: it makes one and prints the password; or `cordboard user add`",
            );
        };
        let is_administrator =
            |user: &&model::User| user.active && user.role == Role::Administrator;
        if let Some(user) = page.iter().find(is_administrator) {
            return Finding::ok(PEOPLE, format!("{} may log in", user.name));
        }
        after = Some(last.name.clone());
    }
}
