//! Schedules, their recipients, and planning each due time once.

use crate::contract;
use crate::fixtures::{
    assert_conflict, at, delivery_id, planned, recipient, recipient_id, schedule, schedule_id,
};
use model::{Cadence, DeliveryState, ReportFormat, ReportOptions, ReportPeriod, Weekday};
use store::{ConflictKind, DeliveryFilter, KeptSchedule, Store, StoreError};

contract!(
    schedules_are_kept,
    schedules_tell_recipients_that_there_are,
    there_is_an_end_of_schedules,
    a_due_time_is_planned_with_its_note_or_not_at_all,
    many_who_plan_at_once_plan_once,
    a_schedule_takes_what_waits_along,
);

async fn recipients(store: &Store) {
    for number in 1..=3 {
        store
            .recipients()
            .create(&recipient(number), "")
            .await
            .unwrap();
    }
}

async fn schedules_are_kept(store: &Store) {
    recipients(store).await;
    let schedules = store.report_schedules();
    let (mut first, mut second) = (schedule(1), schedule(2));
    second.schedule.active = false;
    second.schedule.recipients = [3, 1, 2].map(recipient_id).to_vec();
    schedules.create(&first).await.unwrap();
    schedules.create(&second).await.unwrap();
    let id = first.schedule.id;
    assert_eq!(schedules.get(id).await, Ok(Some(first.clone())));
    assert_eq!(schedules.get(schedule_id(9)).await, Ok(None));
    let all = schedules.list(None, 9).await.unwrap();
    assert_eq!(all, [first.clone(), second.clone()]);
    let rest = schedules.list(Some(&first.schedule.name), 9).await;
    assert_eq!(rest, Ok(vec![second.clone()]));
    assert_eq!(schedules.active().await, Ok(vec![Ok(first.clone())]));
    let told = schedules.recipients_of(second.schedule.id).await;
    assert_eq!(told, Ok([3, 1, 2].map(recipient).to_vec()));

    let cadences = [
        Cadence::Weekday,
        Cadence::Week {
            on: Weekday::Sunday,
        },
        Cadence::Month { on: 31 },
    ];
    for cadence in cadences {
        first.schedule.cadence = cadence;
        first.schedule.options = ReportOptions {
            interval: Some("day".to_owned()),
            compare: Some(true),
            only: Some("sales".to_owned()),
            ..ReportOptions::default()
        };
        first.schedule.period = ReportPeriod::Last24Hours;
        first.schedule.format = ReportFormat::Parquet;
        first.schedule.recipients = vec![recipient_id(2)];
        first.planned_until = at(77);
        schedules.update(&first).await.unwrap();
        assert_eq!(schedules.get(id).await, Ok(Some(first.clone())));
    }
    second.schedule.name.clone_into(&mut first.schedule.name);
    let taken = schedules.update(&first).await;
    assert_conflict(taken, "name", ConflictKind::Taken);
    schedules.delete(id, at(1)).await.unwrap();
    let gone = Err(StoreError::NotFound {
        table: "report_schedules",
    });
    assert_eq!(schedules.delete(id, at(1)).await, gone);
    assert_eq!(schedules.update(&first).await, gone);
}

async fn schedules_tell_recipients_that_there_are(store: &Store) {
    recipients(store).await;
    let schedules = store.report_schedules();
    let mut one = schedule(1);
    one.schedule.recipients = [1, 9].map(recipient_id).to_vec();
    let missing = schedules.create(&one).await;
    assert_conflict(missing, "recipients", ConflictKind::Missing);
    assert_eq!(schedules.list(None, 9).await, Ok(vec![]), "nothing of it");
    one.schedule.recipients = vec![recipient_id(1)];
    schedules.create(&one).await.unwrap();
    let mut other = one.clone();
    other.schedule.recipients = vec![recipient_id(9)];
    let missing = schedules.update(&other).await;
    assert_conflict(missing, "recipients", ConflictKind::Missing);
    assert_eq!(schedules.get(schedule_id(1)).await, Ok(Some(one)));

    let told = store.recipients().delete(recipient_id(1), at(1)).await;
    assert_conflict(told, "id", ConflictKind::StillReferred);
    let free = store.recipients().delete(recipient_id(2), at(1)).await;
    assert_eq!(free, Ok(()));
    schedules.delete(schedule_id(1), at(1)).await.unwrap();
    let free = store.recipients().delete(recipient_id(1), at(1)).await;
    assert_eq!(free, Ok(()));
}

async fn there_is_an_end_of_schedules(store: &Store) {
    recipients(store).await;
    let schedules = store.report_schedules();
    for number in 1..=store::MAX_SCHEDULES {
        schedules.create(&schedule(number.into())).await.unwrap();
    }
    let refused = schedules.create(&schedule(999)).await;
    assert!(
        matches!(&refused, Err(StoreError::Refused { field, .. }) if field == "name"),
        "{refused:?}"
    );
    assert_eq!(schedules.active().await.unwrap().len(), 200);
}

async fn a_due_time_is_planned_with_its_note_or_not_at_all(store: &Store) {
    recipients(store).await;
    let (schedules, deliveries) = (store.report_schedules(), store.deliveries());
    let mut kept = schedule(1);
    schedules.create(&kept).await.unwrap();
    let due = [planned(1, 1, 50), planned(2, 2, 50)];
    assert_eq!(schedules.plan(&kept, at(50), &due).await, Ok(true));
    // Another node, with what it had read before.
    let again = [planned(3, 1, 50)];
    assert_eq!(schedules.plan(&kept, at(50), &again).await, Ok(false));
    let all = deliveries.page(DeliveryFilter::default(), None, 9).await;
    assert_eq!(all.unwrap().len(), 2);
    let now = schedules.get(schedule_id(1)).await.unwrap().unwrap();
    assert_eq!(now.planned_until, at(50));

    kept = KeptSchedule {
        planned_until: at(50),
        ..kept
    };
    let mut asleep = kept.clone();
    asleep.schedule.active = false;
    schedules.update(&asleep).await.unwrap();
    assert_eq!(schedules.plan(&kept, at(60), &again).await, Ok(false));
    let gone = schedule(2);
    assert_eq!(schedules.plan(&gone, at(60), &again).await, Ok(false));
    assert_eq!(deliveries.get(delivery_id(3)).await, Ok(None));
}

async fn many_who_plan_at_once_plan_once(store: &Store) {
    recipients(store).await;
    let kept = schedule(1);
    store.report_schedules().create(&kept).await.unwrap();
    let mut planners = Vec::new();
    for number in 1..=8 {
        let (store, kept) = (store.clone(), kept.clone());
        planners.push(tokio::spawn(async move {
            let due = [planned(number, 1, 50)];
            let schedules = store.report_schedules();
            schedules.plan(&kept, at(50), &due).await.unwrap()
        }));
    }
    let mut planned = 0;
    for planner in planners {
        planned += u32::from(planner.await.unwrap());
    }
    assert_eq!(planned, 1);
    let all = store
        .deliveries()
        .page(DeliveryFilter::default(), None, 9)
        .await;
    assert_eq!(all.unwrap().len(), 1);
}

async fn a_schedule_takes_what_waits_along(store: &Store) {
    recipients(store).await;
    let (schedules, deliveries) = (store.report_schedules(), store.deliveries());
    let kept = schedule(1);
    schedules.create(&kept).await.unwrap();
    let mut due = [planned(1, 1, 50), planned(2, 2, 50)];
    due[0].delivery.schedule = Some(schedule_id(1));
    schedules.plan(&kept, at(50), &due).await.unwrap();
    schedules.delete(schedule_id(1), at(60)).await.unwrap();
    let first = deliveries.get(delivery_id(1)).await.unwrap().unwrap();
    assert_eq!(first.state, DeliveryState::Failed);
    assert_eq!(first.error.as_deref(), Some("the schedule was removed"));
    assert_eq!(first.finished_at, Some(at(60)));
    let other = deliveries.get(delivery_id(2)).await.unwrap().unwrap();
    assert_eq!(other.state, DeliveryState::Waiting);
}
