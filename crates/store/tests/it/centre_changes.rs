//! Centre files that were applied, and how many of them are kept.

use crate::contract;
use crate::fixtures::{at, id};
use model::{CentreChange, CentreChangeId, CentreChangeKind};
use store::{KeptCentreChange, MAX_CENTRE_CHANGES, Store, StoreError};

contract!(
    centre_changes_are_kept,
    the_oldest_centre_changes_are_forgotten
);

fn change(number: u128) -> KeptCentreChange {
    KeptCentreChange {
        change: CentreChange {
            id: CentreChangeId(id(30, number)),
            kind: CentreChangeKind::Apply,
            made_at: at(1),
            made_by: "ada".to_owned(),
            finished_at: None,
        },
        // Longer than any text of a column.
        document: "# ž\n".repeat(50_000),
        before: "[[queues]]\nname = \"it's\"\n".to_owned(),
    }
}

async fn centre_changes_are_kept(store: &Store) {
    let changes = store.centre_changes();
    assert_eq!(changes.newest().await, Ok(None));
    let (first, mut second) = (change(1), change(2));
    second.change.kind = CentreChangeKind::Rollback;
    changes.create(&first).await.unwrap();
    changes.create(&second).await.unwrap();
    assert_eq!(changes.newest().await, Ok(Some(second.clone())));
    changes.finish(second.change.id, at(9)).await.unwrap();
    second.change.finished_at = Some(at(9));
    let found = changes.get(second.change.id).await;
    assert_eq!(found, Ok(Some(second.clone())));
    let page = changes.page(None, 9).await.unwrap();
    assert_eq!(page, [second.change.clone(), first.change.clone()]);
    let rest = changes.page(Some(second.change.id), 9).await;
    assert_eq!(rest, Ok(vec![first.change]));
    let unknown = CentreChangeId(id(30, 9));
    assert_eq!(changes.get(unknown).await, Ok(None));
    let gone = StoreError::NotFound {
        table: "centre_changes",
    };
    assert_eq!(changes.finish(unknown, at(9)).await, Err(gone));
}

async fn the_oldest_centre_changes_are_forgotten(store: &Store) {
    let changes = store.centre_changes();
    let many = u128::from(MAX_CENTRE_CHANGES) + 3;
    for number in 1..=many {
        let mut small = change(number);
        small.document.clear();
        changes.create(&small).await.unwrap();
    }
    let page = changes.page(None, 99).await.unwrap();
    assert_eq!(page.len(), MAX_CENTRE_CHANGES as usize);
    assert_eq!(page[0].id, change(many).change.id);
    assert_eq!(page.last().unwrap().id, change(4).change.id);
}
