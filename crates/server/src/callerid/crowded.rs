//! What the desk does when the database falls behind its ledger.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::time::Duration;

use engine::callerid::{Allocator, Limits};
use model::{CallerId, CallerIdKey, Place, Timestamp, Verification};

use super::desk::Desk;
use super::power::Power;
use super::*;
use crate::clock::Clock;
use crate::journal::{Applier, Journal, Sink};

/// A database that takes everything.
struct Takes;

impl Sink<Record> for Takes {
    async fn apply(&self, _: &[Record]) -> Result<(), String> {
        Ok(())
    }
}

/// A desk whose ledger has little room, with nobody who empties it but the test.
fn desk(folder: &std::path::Path) -> (CallerIds, Applier<Record>) {
    let room = journal::Limits {
        max_bytes: 10_000,
        ..journal::Limits::default()
    };
    let (ledger, applier) = Journal::<Record>::open(folder, 0, room).unwrap();
    let clock = Clock::start();
    let mut allocator = Allocator::new(Limits::default(), 1);
    let e164 = "+12125550100".parse().unwrap();
    let number = CallerId {
        max_concurrent: 1_000,
        hourly_limit: 1_000,
        daily_limit: 1_000,
        verified: Some(Verification::Administrator),
        ..CallerId::new(
            CallerIdKey::new(Timestamp::default(), 1),
            "2125550100",
            e164,
            Timestamp::default(),
        )
    };
    allocator.handle(clock.now(), Input::NumberSet(Box::new(number)));
    let status = ledger.status();
    let (power, _) = Power::begin(folder, Timestamp::default()).unwrap();
    let ((any, is_any), (asks, mailbox)) = (watch::channel(true), mpsc::channel(MAILBOX));
    let desk = Desk::new(
        allocator,
        HashMap::new(),
        clock,
        ledger,
        Durability::Bounded,
        power,
        any,
    );
    tokio::spawn(desk.run(mailbox));
    let caller_ids = CallerIds {
        asks,
        ledger: status,
        shared: None,
        any: is_any,
    };
    (caller_ids, applier)
}

async fn ask(caller_ids: &CallerIds) -> Result<Box<Allocation>, Refused> {
    let question = Question {
        to: "+12125550199".parse().unwrap(),
        place: Place::default(),
        campaign: "".into(),
        agent: "".into(),
    };
    caller_ids.next(question).await
}

/// Asks until the ledger has no room; how long the last number took.
async fn fill(caller_ids: &CallerIds) -> Duration {
    let mut took = Vec::new();
    let refused = loop {
        let begun = tokio::time::Instant::now();
        match ask(caller_ids).await {
            Ok(_) => took.push(begun.elapsed()),
            Err(refused) => break refused,
        }
        assert!(took.len() < 100, "10,000 bytes hold fewer uses");
    };
    assert_eq!(refused, Refused::Full);
    *took.last().unwrap()
}

#[tokio::test]
async fn answers_slow_down_end_and_come_back_as_the_database_falls_behind_and_catches_up() {
    let folder = tempfile::tempdir().unwrap();
    let (caller_ids, mut applier) = desk(folder.path());
    let last = fill(&caller_ids).await;
    assert!(last >= Duration::from_millis(5), "{last:?}: nearly full");
    assert!(caller_ids.ledger().bytes >= 10_000);
    assert_eq!(ask(&caller_ids).await, Err(Refused::Full), "it stays so");

    applier.catch_up(&Takes).await.unwrap();
    ask(&caller_ids).await.unwrap();
    assert_eq!(caller_ids.ledger().behind, 1, "nothing was lost");
}

#[tokio::test]
async fn what_is_decided_elsewhere_is_not_presented_without_room_either() {
    let folder = tempfile::tempdir().unwrap();
    let (caller_ids, mut applier) = desk(folder.path());
    let mut allocation = ask(&caller_ids).await.unwrap();
    fill(&caller_ids).await;
    allocation.reservation.id = ReservationId(uuid::Uuid::from_u128(7));
    let chosen = cluster::Chosen {
        allocation,
        time_zone: "UTC".to_owned(),
    };
    let full = caller_ids.adopt(chosen.clone()).await;
    assert_eq!(full, Err(Refused::Full));
    assert_eq!(caller_ids.refuses(), Some(Refused::Full));

    applier.catch_up(&Takes).await.unwrap();
    assert_eq!(caller_ids.refuses(), None);
    assert_eq!(
        caller_ids.adopt(chosen.clone()).await,
        Ok(chosen.allocation)
    );
}
