//! Days on which our own log was compared with call detail records.

use store::{KeptDifference, MAX_DIFFERENCES, ReconciledDay, Store, StoreError};

use crate::contract;
use crate::fixtures::at;

contract!(
    a_day_replaces_what_was_kept_of_it,
    days_and_differences_come_in_pages
);

fn day(day: i32) -> ReconciledDay {
    ReconciledDay {
        day,
        made_at: at(i64::from(day)),
        summary: format!("{{\"ours\":{day}}}"),
    }
}

fn difference(number: u32) -> KeptDifference {
    KeptDifference {
        number,
        kind: ["only_ours", "outcome"][number as usize % 2].to_owned(),
        body: format!("{{\"caller\":\"+1202555010{number}\"}}"),
    }
}

async fn a_day_replaces_what_was_kept_of_it(store: &Store) {
    let log = store.reconciliations();
    let five: Vec<_> = (0..5).map(difference).collect();
    log.put(&day(20_000), &five).await.unwrap();
    log.put(&day(20_001), &five[..1]).await.unwrap();
    let again = ReconciledDay {
        made_at: at(7),
        ..day(20_000)
    };
    log.put(&again, &five[..2]).await.unwrap();
    assert_eq!(log.get(20_000).await, Ok(Some(again)));
    assert_eq!(log.get(19_999).await, Ok(None));
    let kept = log.differences(20_000, None, None, 10).await.unwrap();
    assert_eq!(kept, five[..2]);
    let kept = log.differences(20_001, None, None, 10).await.unwrap();
    assert_eq!(kept, five[..1]);
    let many = vec![difference(0); MAX_DIFFERENCES + 1];
    let refused = log.put(&day(20_002), &many).await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })));
    assert_eq!(log.get(20_002).await, Ok(None));
}

async fn days_and_differences_come_in_pages(store: &Store) {
    let log = store.reconciliations();
    let all: Vec<_> = (0..5).map(difference).collect();
    for number in 1..=4 {
        log.put(&day(number), &all).await.unwrap();
    }
    assert_eq!(log.page(None, 2).await, Ok(vec![day(4), day(3)]));
    assert_eq!(log.page(Some(3), 9).await, Ok(vec![day(2), day(1)]));
    let numbers = async |kind, after, limit| {
        let page = log.differences(2, kind, after, limit).await.unwrap();
        page.iter().map(|it| it.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(None, Some(1), 2).await, [2, 3]);
    assert_eq!(numbers(Some("outcome"), None, 9).await, [1, 3]);
    assert_eq!(numbers(Some("outcome"), Some(1), 9).await, [3]);
    assert_eq!(log.prune_before(3).await, Ok(2));
    assert_eq!(log.page(None, 9).await, Ok(vec![day(4), day(3)]));
    assert_eq!(numbers(None, None, 9).await, [0; 0]);
    for number in 5..=10 {
        log.put(&day(number), &[]).await.unwrap();
    }
    // A few in one go, the oldest first.
    assert_eq!(log.prune_before(10).await, Ok(5));
    assert_eq!(log.page(None, 9).await.unwrap().len(), 3);
    assert_eq!(log.prune_before(10).await, Ok(2));
    assert_eq!(log.prune_before(10).await, Ok(0));
}
