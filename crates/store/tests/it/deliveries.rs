//! Recipients, and the outbox: planned once, taken by one, written down by its holder.

use crate::contract;
use crate::fixtures::{
    assert_conflict, at, delivery, delivery_id, planned, recipient, recipient_id, schedule_id,
};
use model::{DeliveryEvent, DeliveryState, RecipientId, Target, Timestamp};
use store::{ConflictKind, DeliveryFilter, Lease, Outlook, Store, StoreError, TakenDelivery};
use uuid::Uuid;

contract!(
    recipients_are_kept,
    there_is_an_end_of_recipients,
    a_due_time_is_planned_once_for_each_recipient,
    deliveries_are_found_by_what_they_are_about,
    what_is_due_is_taken_by_one,
    many_who_take_at_once_take_each_once,
    alarms_are_taken_in_their_order,
    a_lease_that_ran_out_is_taken_anew,
    what_an_owner_had_is_given_back,
    what_became_of_it_is_written_down,
    it_is_sent_once_more_when_asked,
    a_recipient_takes_what_waits_along,
    old_deliveries_are_forgotten,
);

fn lease(number: u128, until: i64) -> Lease {
    Lease {
        id: Uuid::from_u128(number),
        owner: Uuid::from_u128(1_000 + number % 2),
        until: at(until),
    }
}

async fn take(store: &Store, now: i64, number: u128) -> Option<TakenDelivery> {
    let lease = lease(number, now + 90);
    let deliveries = store.deliveries();
    deliveries
        .take(recipient_id(1), at(now), lease)
        .await
        .unwrap()
}

async fn recipients_are_kept(store: &Store) {
    let recipients = store.recipients();
    let (mut first, second) = (recipient(1), recipient(2));
    recipients.create(&first, "").await.unwrap();
    recipients.create(&second, "sealed").await.unwrap();
    assert_eq!(recipients.get(first.id).await, Ok(Some(first.clone())));
    let all = recipients.list(None, 9).await.unwrap();
    assert_eq!(all, [first.clone(), second.clone()]);
    let rest = recipients.list(Some(&first.name), 9).await.unwrap();
    assert_eq!(rest, std::slice::from_ref(&second));
    assert_eq!(recipients.of_alarms().await, Ok(vec![]));

    first.alarms = true;
    first.target = Target::Webhook {
        url: "https://example.com/\u{fc}".to_owned(),
    };
    recipients.update(&first).await.unwrap();
    recipients.set_secret(first.id, "other").await.unwrap();
    assert_eq!(recipients.of_alarms().await, Ok(vec![first.clone()]));
    let secret = recipients.secret(first.id).await.unwrap();
    assert_eq!(secret.as_deref(), Some("other"));

    second.name.clone_into(&mut first.name);
    let taken = recipients.update(&first).await;
    assert_conflict(taken, "name", ConflictKind::Taken);
    recipients.delete(second.id, at(1)).await.unwrap();
    let gone = Err(StoreError::NotFound {
        table: "recipients",
    });
    assert_eq!(recipients.delete(second.id, at(1)).await, gone);
    assert_eq!(recipients.update(&second).await, gone);
    assert_eq!(recipients.set_secret(second.id, "").await, gone);
    assert_eq!(recipients.secret(second.id).await, Ok(None));
}

async fn there_is_an_end_of_recipients(store: &Store) {
    let recipients = store.recipients();
    for number in 1..=store::MAX_RECIPIENTS {
        recipients
            .create(&recipient(number.into()), "")
            .await
            .unwrap();
    }
    let refused = recipients.create(&recipient(999), "").await;
    assert!(
        matches!(&refused, Err(StoreError::Refused { field, .. }) if field == "name"),
        "{refused:?}"
    );
}

async fn a_due_time_is_planned_once_for_each_recipient(store: &Store) {
    let deliveries = store.deliveries();
    let first = planned(1, 1, 10);
    deliveries
        .plan(&[first.clone(), planned(2, 2, 10)])
        .await
        .unwrap();
    // Another id, and the words of another node: the same source, time and recipient.
    let mut again = planned(3, 1, 10);
    "{}".clone_into(&mut again.content);
    deliveries.plan(&[again, planned(4, 1, 11)]).await.unwrap();
    let mut other = planned(5, 1, 10);
    "another".clone_into(&mut other.source);
    deliveries.plan(&[other]).await.unwrap();
    let all = deliveries.page(DeliveryFilter::default(), None, 9).await;
    let ids: Vec<_> = all.unwrap().iter().map(|one| one.id).collect();
    assert_eq!(ids, [5, 4, 2, 1].map(delivery_id));
    let kept = deliveries.get(delivery_id(1)).await.unwrap();
    assert_eq!(kept, Some(first.delivery));
    assert_eq!(deliveries.get(delivery_id(3)).await, Ok(None));
    deliveries.plan(&[]).await.unwrap();
}

async fn deliveries_are_found_by_what_they_are_about(store: &Store) {
    let deliveries = store.deliveries();
    let mut all = [planned(1, 1, 10), planned(2, 2, 10), planned(3, 1, 20)];
    all[0].delivery.schedule = Some(schedule_id(1));
    all[1].delivery.schedule = Some(schedule_id(1));
    all[1].delivery.late = true;
    deliveries.plan(&all).await.unwrap();
    let taken = take(store, 30, 7).await.unwrap();
    assert!(
        deliveries
            .sent(taken.delivery.id, taken.lease, at(31))
            .await
            .unwrap()
    );
    let find = async |filter: DeliveryFilter, after: Option<u128>, limit| -> Vec<_> {
        let after = after.map(delivery_id);
        let page = deliveries.page(filter, after, limit).await.unwrap();
        page.iter().map(|one| one.id).collect()
    };
    let everything = DeliveryFilter::default();
    let schedule = DeliveryFilter {
        schedule: Some(schedule_id(1)),
        ..everything
    };
    assert_eq!(find(schedule, None, 9).await, [2, 1].map(delivery_id));
    let to_first = DeliveryFilter {
        recipient: Some(recipient_id(1)),
        ..everything
    };
    assert_eq!(find(to_first, None, 9).await, [3, 1].map(delivery_id));
    let sent = DeliveryFilter {
        state: Some(DeliveryState::Sent),
        ..to_first
    };
    assert_eq!(find(sent, None, 9).await, [1].map(delivery_id));
    assert_eq!(find(everything, None, 2).await, [3, 2].map(delivery_id));
    assert_eq!(find(everything, Some(2), 2).await, [1].map(delivery_id));
    assert!(deliveries.page(everything, None, 0).await.is_err());
}

async fn what_is_due_is_taken_by_one(store: &Store) {
    let deliveries = store.deliveries();
    assert_eq!(deliveries.outlook(at(9)).await, Ok(Outlook::default()));
    let all = [planned(1, 1, 20), planned(2, 1, 10), planned(3, 2, 15)];
    deliveries.plan(&all).await.unwrap();
    let mut outlook = Outlook {
        waiting: 3,
        oldest_due_at: Some(at(10)),
        next_attempt_at: Some(at(10)),
    };
    assert_eq!(deliveries.outlook(at(9)).await, Ok(outlook));
    // What is due already waits for somebody.
    outlook.next_attempt_at = Some(at(15));
    assert_eq!(deliveries.outlook(at(10)).await, Ok(outlook));
    assert_eq!(deliveries.waiting_for(recipient_id(1)).await, Ok(2));
    assert_eq!(deliveries.waiting_for(recipient_id(9)).await, Ok(0));
    assert_eq!(deliveries.due(at(9)).await, Ok(vec![]));
    assert_eq!(take(store, 9, 1).await, None);
    let due = deliveries.due(at(20)).await.unwrap();
    assert_eq!(due, [1, 2].map(recipient_id));

    let first = take(store, 20, 1).await.unwrap();
    assert_eq!(first.delivery.id, delivery_id(2));
    assert_eq!(first.delivery.attempts, 1);
    assert_eq!(first.content, all[1].content);
    // One at a time to each, whoever sends it.
    let due = deliveries.due(at(20)).await.unwrap();
    assert_eq!(due, [recipient_id(2)]);
    let after = deliveries.due(at(120)).await.unwrap();
    assert_eq!(after.len(), 2, "its sender is gone");
    let second = take(store, 20, 2).await.unwrap();
    assert_eq!(second.delivery.id, delivery_id(1));
    assert_eq!(take(store, 20, 3).await, None);
    let due = deliveries.due(at(20)).await.unwrap();
    assert_eq!(due, [recipient_id(2)]);
}

async fn many_who_take_at_once_take_each_once(store: &Store) {
    let deliveries = store.deliveries();
    let mut all: Vec<_> = (1..=6).map(|number| planned(number, 1, 10)).collect();
    for (number, one) in (0..).zip(&mut all) {
        one.source = format!("source {number}");
    }
    deliveries.plan(&all).await.unwrap();
    let mut takers = Vec::new();
    for number in 1..=24 {
        let store = store.clone();
        takers.push(tokio::spawn(async move {
            let mut taken = Vec::new();
            // As often as there are deliveries: another may be quicker each time.
            for _ in 0..6 {
                taken.extend(take(&store, 20, number).await.map(|one| one.delivery.id));
            }
            taken
        }));
    }
    let mut taken = Vec::new();
    for taker in takers {
        taken.extend(taker.await.unwrap());
    }
    taken.sort_unstable();
    let expected: Vec<_> = (1..=6).map(delivery_id).collect();
    assert_eq!(taken, expected);
}

async fn alarms_are_taken_in_their_order(store: &Store) {
    let deliveries = store.deliveries();
    let mut all = [planned(1, 1, 10), planned(2, 1, 20), planned(3, 2, 15)];
    for one in &mut all {
        one.delivery.event = DeliveryEvent::Alarms;
    }
    deliveries.plan(&all).await.unwrap();
    let raised = take(store, 20, 1).await.unwrap();
    assert_eq!(raised.delivery.id, delivery_id(1));
    assert_eq!(take(store, 20, 2).await, None, "the first is under way");
    let put_off = deliveries.put_off(delivery_id(1), raised.lease, at(90), "no");
    assert_eq!(put_off.await, Ok(true));
    assert_eq!(take(store, 30, 3).await, None, "the first is tried again");
    // Reports may overtake them.
    deliveries.plan(&[planned(4, 1, 25)]).await.unwrap();
    let report = take(store, 30, 4).await.unwrap();
    assert_eq!(report.delivery.id, delivery_id(4));
    let raised = take(store, 90, 5).await.unwrap();
    assert_eq!(raised.delivery.id, delivery_id(1));
    let sent = deliveries.sent(delivery_id(1), raised.lease, at(91)).await;
    assert_eq!(sent, Ok(true));
    let cleared = take(store, 91, 6).await.unwrap();
    assert_eq!(cleared.delivery.id, delivery_id(2));
}

async fn a_lease_that_ran_out_is_taken_anew(store: &Store) {
    let deliveries = store.deliveries();
    deliveries.plan(&[planned(1, 1, 10)]).await.unwrap();
    let lost = take(store, 10, 1).await.unwrap();
    let held = deliveries.hold(lost.delivery.id, lost.lease, at(99)).await;
    assert_eq!(held, Ok(true));
    assert_eq!(take(store, 98, 2).await, None);
    let found = take(store, 100, 2).await.unwrap();
    assert_eq!(found.delivery.attempts, 2);
    // The first holder comes back too late.
    let id = lost.delivery.id;
    assert_eq!(deliveries.sent(id, lost.lease, at(101)).await, Ok(false));
    let put_off = deliveries.put_off(id, lost.lease, at(200), "late").await;
    assert_eq!(put_off, Ok(false));
    assert_eq!(deliveries.hold(id, lost.lease, at(300)).await, Ok(false));
    assert_eq!(deliveries.sent(id, found.lease, at(102)).await, Ok(true));
    assert_eq!(deliveries.sent(id, found.lease, at(103)).await, Ok(false));
}

async fn what_an_owner_had_is_given_back(store: &Store) {
    let deliveries = store.deliveries();
    deliveries
        .plan(&[planned(1, 1, 10), planned(2, 1, 11)])
        .await
        .unwrap();
    let (mine, others) = (lease(1, 100), lease(2, 100));
    let one = recipient_id(1);
    let lost = deliveries.take(one, at(20), mine).await.unwrap().unwrap();
    deliveries.take(one, at(20), others).await.unwrap().unwrap();
    assert_eq!(deliveries.release(mine.owner, at(30)).await, Ok(1));
    assert_eq!(deliveries.release(mine.owner, at(30)).await, Ok(0));
    let late = deliveries.sent(lost.delivery.id, lost.lease, at(31)).await;
    assert_eq!(late, Ok(false));
    let again = take(store, 30, 3).await.unwrap();
    assert_eq!(again.delivery.id, lost.delivery.id);
    assert_eq!(take(store, 30, 4).await, None, "the other's");
}

async fn what_became_of_it_is_written_down(store: &Store) {
    let deliveries = store.deliveries();
    deliveries.plan(&[planned(1, 1, 10)]).await.unwrap();
    let taken = take(store, 10, 1).await.unwrap();
    let id = taken.delivery.id;
    let long = format!("no\r\n{}", "x".repeat(9_000));
    let put_off = deliveries.put_off(id, taken.lease, at(70), &long).await;
    assert_eq!(put_off, Ok(true));
    let kept = deliveries.get(id).await.unwrap().unwrap();
    assert_eq!(kept.next_attempt_at, Some(at(70)));
    let error = kept.error.unwrap();
    assert!(error.starts_with("nox") && error.len() == 500, "{error}");
    assert_eq!(take(store, 69, 2).await, None);

    let taken = take(store, 70, 2).await.unwrap();
    let failed = deliveries.failed(id, taken.lease, at(71), "nobody").await;
    assert_eq!(failed, Ok(true));
    let kept = deliveries.get(id).await.unwrap().unwrap();
    let mut expected = delivery(1, 1, 10);
    expected.state = DeliveryState::Failed;
    expected.attempts = 2;
    expected.error = Some("nobody".to_owned());
    expected.finished_at = Some(at(71));
    expected.next_attempt_at = None;
    assert_eq!(kept, expected);
    assert_eq!(deliveries.outlook(at(72)).await, Ok(Outlook::default()));
}

async fn it_is_sent_once_more_when_asked(store: &Store) {
    let deliveries = store.deliveries();
    deliveries.plan(&[planned(1, 1, 10)]).await.unwrap();
    let id = delivery_id(1);
    let taken = take(store, 10, 1).await.unwrap();
    // It is under way: that goes on.
    deliveries.redeliver(id, at(11)).await.unwrap();
    assert_eq!(deliveries.get(id).await.unwrap().unwrap().attempts, 1);
    assert_eq!(deliveries.sent(id, taken.lease, at(12)).await, Ok(true));

    deliveries.redeliver(id, at(20)).await.unwrap();
    let mut expected = delivery(1, 1, 10);
    expected.next_attempt_at = Some(at(20));
    assert_eq!(deliveries.get(id).await, Ok(Some(expected)));
    // One that waits for its next attempt need not wait.
    let taken = take(store, 20, 2).await.unwrap();
    let put_off = deliveries.put_off(id, taken.lease, at(9_000), "no").await;
    assert_eq!(put_off, Ok(true));
    deliveries.redeliver(id, at(30)).await.unwrap();
    // Nor does one whose sender is gone.
    take(store, 30, 3).await.unwrap();
    deliveries.redeliver(id, at(200)).await.unwrap();
    assert!(take(store, 200, 4).await.is_some());
    let gone = Err(StoreError::NotFound {
        table: "deliveries",
    });
    assert_eq!(deliveries.redeliver(delivery_id(9), at(1)).await, gone);
}

async fn a_recipient_takes_what_waits_along(store: &Store) {
    let (recipients, deliveries) = (store.recipients(), store.deliveries());
    recipients.create(&recipient(1), "").await.unwrap();
    let all = [
        planned(1, 1, 10),
        planned(2, 1, 20),
        planned(3, 2, 10),
        planned(4, 1, 11),
    ];
    deliveries.plan(&all).await.unwrap();
    let taken = take(store, 10, 1).await.unwrap();
    deliveries
        .sent(taken.delivery.id, taken.lease, at(11))
        .await
        .unwrap();
    let under_way = take(store, 11, 2).await.unwrap();
    recipients.delete(recipient_id(1), at(12)).await.unwrap();
    let state = async |number| {
        let found = deliveries.get(delivery_id(number)).await.unwrap().unwrap();
        (found.state, found.error)
    };
    assert_eq!(state(1).await, (DeliveryState::Sent, None));
    let removed = Some("the recipient was removed".to_owned());
    assert_eq!(state(2).await, (DeliveryState::Failed, removed));
    assert_eq!(state(3).await, (DeliveryState::Waiting, None));
    assert_eq!(state(4).await, (DeliveryState::Waiting, None));
    let sent = deliveries.sent(delivery_id(4), under_way.lease, at(13));
    assert_eq!(sent.await, Ok(true));
}

async fn old_deliveries_are_forgotten(store: &Store) {
    let deliveries = store.deliveries();
    let all = [planned(1, 1, 10), planned(2, 1, 20), planned(3, 1, 30)];
    deliveries.plan(&all).await.unwrap();
    for number in [1, 2] {
        let taken = take(store, 25, number).await.unwrap();
        let ended: Timestamp = at(25 + i64::try_from(number).unwrap());
        deliveries
            .sent(taken.delivery.id, taken.lease, ended)
            .await
            .unwrap();
    }
    assert_eq!(deliveries.prune_before(at(27)).await, Ok(1));
    assert_eq!(deliveries.prune_before(at(999)).await, Ok(1));
    assert_eq!(deliveries.prune_before(at(999)).await, Ok(0));
    let left = deliveries.page(DeliveryFilter::default(), None, 9).await;
    assert_eq!(left, Ok(vec![delivery(3, 1, 30)]));
    let nobodys: RecipientId = recipient_id(9);
    let taken = deliveries.take(nobodys, at(99), lease(1, 100)).await;
    assert_eq!(taken, Ok(None));
}
