//! Alarms and what is told of them: both or neither, and once.

use crate::contract;
use crate::fixtures::{delivery_id, planned};
use store::{DeliveryFilter, Store};

contract!(
    alarms_change_with_what_is_told_of_them,
    many_who_raise_at_once_raise_once,
);

async fn outbox(store: &Store) -> Vec<model::DeliveryId> {
    let deliveries = store.deliveries();
    let page = deliveries.page(DeliveryFilter::default(), None, 99).await;
    page.unwrap().iter().map(|one| one.id).collect()
}

async fn alarms_change_with_what_is_told_of_them(store: &Store) {
    let alarms = store.alarms();
    assert_eq!(alarms.raised().await, Ok(None));
    let lost = alarms
        .replace(Some("[]"), "[1]", &[planned(1, 1, 10)])
        .await;
    assert_eq!(lost, Ok(false), "there are none yet");
    let raised = alarms.replace(None, "[1]", &[planned(1, 1, 10)]).await;
    assert_eq!(raised, Ok(true));
    assert_eq!(alarms.raised().await, Ok(Some("[1]".to_owned())));
    let lost = alarms.replace(None, "[2]", &[planned(2, 1, 20)]).await;
    assert_eq!(lost, Ok(false), "there are some");
    let lost = alarms
        .replace(Some("[1] "), "[2]", &[planned(2, 1, 20)])
        .await;
    assert_eq!(lost, Ok(false));
    let cleared = alarms
        .replace(Some("[1]"), "[]", &[planned(3, 1, 30)])
        .await;
    assert_eq!(cleared, Ok(true));
    let same = alarms.replace(Some("[]"), "[]", &[]).await;
    assert_eq!(same, Ok(true));
    assert_eq!(outbox(store).await, [3, 1].map(delivery_id));
    assert!(store.settings().set("alarms.raised", "").await.is_err());
    assert!(store.settings().delete("alarms.raised").await.is_err());
}

async fn many_who_raise_at_once_raise_once(store: &Store) {
    for before in [None, Some("[0]")] {
        let mut raisers = Vec::new();
        for number in 1..=8 {
            let store = store.clone();
            raisers.push(tokio::spawn(async move {
                let mut told = planned(number, 1, 10);
                told.source = format!("{before:?}");
                let alarms = store.alarms();
                alarms.replace(before, "[0]", &[told]).await.unwrap()
            }));
        }
        let mut raised = 0;
        for raiser in raisers {
            raised += u32::from(raiser.await.unwrap());
        }
        // The same text again changes nothing and may be written by all.
        let expected = if before.is_none() { 1 } else { 8 };
        assert_eq!(raised, expected, "{before:?}");
    }
    assert_eq!(outbox(store).await.len(), 2, "one of each");
}
