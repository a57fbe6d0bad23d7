//! A foreign number over a restart, and from the moment on at which it is entered here.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use cluster::Chosen;
use engine::callerid::{Allocation, Restored};
use model::{CallerId, CallerIdKey, E164, ReservationId, Tier, Timestamp};
use store::Store;

use crate::callerid::{CallerIds, Settings, Started, start};
use crate::clock::Clock;
use crate::journal;

fn number() -> E164 {
    "+12125550100".parse().unwrap()
}

fn chosen(clock: &Clock) -> Chosen {
    let (made_at, random) = clock.id();
    let made = Restored {
        id: ReservationId::new(made_at, random),
        key: CallerIdKey::new(Timestamp::default(), 1),
        number: number(),
        to: "+13105550199".parse().unwrap(),
        tier: Tier::AreaCode,
        campaign: "sales".into(),
        agent: "ann".into(),
        made_at,
        expires_at: made_at.after(Duration::from_mins(5)),
    };
    let allocation = Allocation {
        ask: 0,
        reservation: made,
        presented: "2125550100".into(),
        area_code: None,
        carrier: "".into(),
    };
    Chosen {
        allocation: Box::new(allocation),
        time_zone: "Pacific/Auckland".to_owned(),
    }
}

async fn started(store: &Store, clock: &Clock, folder: &Path) -> Started {
    let limits = journal::Limits::default();
    let settings = Settings::default();
    let started = start(store, clock.clone(), folder, limits, settings).await;
    started.unwrap()
}

async fn stop(started: Started) {
    drop(started.caller_ids);
    started.desk.await.unwrap();
    started.applier.await.unwrap();
}

/// Its uses of the local day, and its open reservations.
async fn past(caller_ids: &CallerIds, key: CallerIdKey) -> (u32, usize) {
    let usages = caller_ids.own_usages(vec![key]).await.unwrap();
    let open = caller_ids.own_reservations().await.unwrap();
    assert!(open.iter().all(|made| made.key == key));
    (usages[0].day.1, open.len())
}

#[tokio::test]
async fn its_uses_outlive_a_restart_and_stay_when_it_is_entered_here() {
    let folder = tempfile::tempdir().unwrap();
    let dsn = format!("sqlite:{}", folder.path().join("test.sqlite").display());
    let store = Store::open(&dsn).await.unwrap();
    store.migrate().await.unwrap();
    let (clock, ledger) = (Clock::start(), folder.path().join("ledger"));
    let started_once = started(&store, &clock, &ledger).await;
    for _ in 0..2 {
        let noted = started_once.caller_ids.adopt(chosen(&clock)).await;
        noted.unwrap();
    }
    let told = started_once.caller_ids.foreign_usages().await.unwrap();
    stop(started_once).await;

    let started_again = started(&store, &clock, &ledger).await;
    let caller_ids = &started_again.caller_ids;
    assert_eq!(caller_ids.foreign_usages().await.unwrap(), told);
    let [(e164, usage)] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!((*e164, usage.day.1), (number(), 2));
    assert_eq!(
        past(caller_ids, chosen(&clock).allocation.reservation.key).await,
        (2, 2)
    );

    let own = CallerIdKey::new(Timestamp::default(), 2);
    let said = CallerId::new(own, "2125550100", number(), Timestamp::default());
    caller_ids.set_numbers(vec![said]).await;
    assert_eq!(past(caller_ids, own).await, (2, 2));
    assert_eq!(caller_ids.foreign_usages().await.unwrap(), []);
    stop(started_again).await;
}
