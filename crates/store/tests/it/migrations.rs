//! How a schema comes to be, and what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use model::{Did, DidId, DidTarget};

use crate::fixtures::{queue, user};
use crate::{TestDb, contract};
use store::{Db, Store, StoreError};

contract!(bare:
    migrating_twice_does_nothing,
    several_may_migrate_at_once,
    an_interrupted_migration_goes_on,
    numbers_of_before_lead_to_their_queues,
    a_newer_schema_is_refused,
    a_changed_migration_is_refused,
    a_schema_without_our_tables_is_said,
    a_row_that_we_never_wrote_is_named,
);

async fn migrating_twice_does_nothing(test: &TestDb) {
    let store = test.open().await;
    let none = store.pending_migrations().await.unwrap_err();
    assert!(matches!(none, StoreError::Database { .. }), "{none}");
    let first = store.migrate().await.unwrap();
    assert_eq!(store.pending_migrations().await, Ok(vec![]));
    let versions: Vec<u32> = (1..=first.version).collect();
    assert_eq!(first.applied, versions);
    store.queues().create(&queue(1)).await.unwrap();
    let second = store.migrate().await.unwrap();
    assert!(second.applied.is_empty());
    assert_eq!(second.version, first.version);
    assert_eq!(store.queues().list(None, 9).await, Ok(vec![queue(1)]));
}

async fn several_may_migrate_at_once(test: &TestDb) {
    let (a, b, c) = (test.open().await, test.open().await, test.open().await);
    let (a, b, c) = tokio::join!(a.migrate(), b.migrate(), c.migrate());
    let all = [a.unwrap(), b.unwrap(), c.unwrap()];
    let mut applied: Vec<usize> = all.iter().map(|m| m.applied.len()).collect();
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, all[0].version as usize]);
}

async fn an_interrupted_migration_goes_on(test: &TestDb) {
    let store = test.open().await;
    let version = store.migrate().await.unwrap().version;
    test.meddle("DELETE FROM schema_migrations WHERE version IN (1, 6)")
        .await;
    assert_eq!(store.pending_migrations().await, Ok(vec![1, 6]));
    assert_eq!(
        store.pending_migrations().await,
        Ok(vec![1, 6]),
        "only told"
    );
    let again = store.migrate().await.unwrap();
    assert_eq!(again.applied, [1, 6]);
    assert_eq!(again.version, version);
    assert_eq!(store.journal().applied_seq().await, Ok(0));
}

async fn numbers_of_before_lead_to_their_queues(test: &TestDb) {
    let store = test.open().await;
    store.migrate().await.unwrap();
    store.queues().create(&queue(1)).await.unwrap();
    // Back to when there were numbers of queues alone.
    test.meddle("DELETE FROM schema_migrations WHERE version IN (9, 27)")
        .await;
    store.migrate().await.unwrap();
    test.meddle(
        "INSERT INTO dids (id, number, queue_id, return_wait_seconds, note) SELECT id, '5550100', id, 7, 'n' FROM queues",
    )
    .await;
    test.meddle("DELETE FROM schema_migrations WHERE version IN (36, 37)")
        .await;
    assert_eq!(store.migrate().await.unwrap().applied, [36, 37]);
    let dids = store.dids().list(None, 9).await.unwrap();
    let queue = queue(1).id;
    let kept = Did {
        id: DidId(queue.0),
        number: "5550100".to_owned(),
        to: DidTarget::Queue { queue },
        return_wait_seconds: 7,
        note: "n".to_owned(),
    };
    assert_eq!(dids, [kept]);
}

async fn a_newer_schema_is_refused(test: &TestDb) {
    let store = test.open().await;
    let known = store.migrate().await.unwrap().version;
    test.meddle("INSERT INTO schema_migrations VALUES (999, '0999_future', 'x', 0)")
        .await;
    let refused = store.migrate().await.unwrap_err();
    let found = 999;
    assert_eq!(refused, StoreError::NewerSchema { found, known });
    assert!(refused.to_string().contains("newer program"), "{refused}");
}

async fn a_changed_migration_is_refused(test: &TestDb) {
    let store = test.open().await;
    store.migrate().await.unwrap();
    test.meddle("UPDATE schema_migrations SET checksum = 'edited' WHERE version = 2")
        .await;
    let refused = store.migrate().await;
    let (version, name) = (2, "0002_users".to_owned());
    assert_eq!(refused, Err(StoreError::ChangedMigration { version, name }));
}

async fn a_schema_without_our_tables_is_said(test: &TestDb) {
    let error = test.open().await.users().count().await.unwrap_err();
    assert!(matches!(error, StoreError::Database { .. }), "{error}");
}

async fn a_row_that_we_never_wrote_is_named(test: &TestDb) {
    let store = test.open().await;
    store.migrate().await.unwrap();
    let ada = user(1);
    store.users().create(&ada, "").await.unwrap();
    store.queues().create(&queue(1)).await.unwrap();
    test.meddle("UPDATE users SET role = 'king'; UPDATE queues SET ring_seconds = -1")
        .await;
    let corrupt = store.users().get(ada.id).await.unwrap_err();
    let StoreError::Corrupt {
        table, column, row, ..
    } = corrupt
    else {
        panic!("{corrupt}");
    };
    assert_eq!((table, column.as_str()), ("users", "role"));
    assert_eq!(row, ada.id.to_string());
    let corrupt = store.queues().list(None, 9).await.unwrap_err();
    assert!(
        corrupt.to_string().contains("-1 is out of range"),
        "{corrupt}"
    );
}

#[tokio::test]
async fn a_sqlite_file_is_its_owners_alone() {
    let test = TestDb::fresh(Db::Sqlite).await.unwrap();
    let store = test.open().await;
    store.migrate().await.unwrap();
    let file = test.dsn.strip_prefix("sqlite:").unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let mode = fs::metadata(format!("{file}{suffix}")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn addresses_that_are_not_usable_are_told_apart() {
    for bad in ["", "test.db", "oracle://x", "sqlite:"] {
        let error = Store::open(bad).await.unwrap_err();
        assert!(matches!(error, StoreError::Dsn { .. }), "{bad}: {error}");
    }
    for away in [
        "sqlite:/nowhere/at/all/test.db",
        "postgres://u:hidden@127.0.0.1:1/x",
        "mariadb://u:hidden@127.0.0.1:1/x",
    ] {
        let error = Store::open(away).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert!(!error.to_string().contains("hidden"), "{error}");
    }
    let bad = Store::open("postgres://u:hidden@127.0.0.1:port/x").await;
    assert!(!bad.unwrap_err().to_string().contains("hidden"));
}
