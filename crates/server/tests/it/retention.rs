//! The past is forgotten beside a running server, when it is told to.

use std::time::Duration;

use model::{CallId, Caller, EndedBy, Event, EventBody, Outcome, ServerId, Timestamp};
use server::{
    app::{App, Setup},
    journal::Limits,
    numbers::Numbers,
};
use store::Store;

const DAY: Duration = Duration::from_hours(24);

fn call(number: u128, first: u64, at: Timestamp) -> [Event; 2] {
    let server = ServerId::new(Timestamp::default(), 1);
    let call = CallId::new(at, number);
    let arrived = EventBody::CallArrived {
        call,
        server,
        channel: format!("1.{number}"),
        caller: Caller::default(),
        dialled: "5550100".to_owned(),
    };
    let ended = EventBody::CallEnded {
        call,
        queue: None,
        agent: None,
        outcome: Outcome::Abandoned,
        overflow_reason: None,
        ended_by: EndedBy::Caller,
        hangup_cause: Some(16),
        wait_ms: None,
        talk_ms: None,
    };
    [(first, arrived), (first + 1, ended)].map(|(seq, body)| Event { seq, at, body })
}

#[tokio::test]
async fn what_is_too_old_is_forgotten_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let dsn = format!("sqlite:{}", folder.path().join("test.sqlite").display());
    let store = Store::open(&dsn).await.unwrap();
    store.migrate().await.unwrap();
    let now: Timestamp = server::clock::Clock::start().now().utc;
    let days_ago = |days: i64| Timestamp::from_micros(now.as_micros() - days * 86_400_000_000);
    let (old, young) = (call(1, 1, days_ago(31)), call(2, 3, days_ago(29)));
    let written = [old, young].concat();
    store.journal().apply(&written).await.unwrap();

    let setup = |retention| Setup {
        data: folder.path().to_owned(),
        dsn: dsn.clone(),
        journal: Limits::default(),
        retention,
        numbers: Numbers::default(),
        caller_ids: server::callerid::Settings::default(),
        cdr: server::cdr::CdrSettings::default(),
        deliveries: server::deliveries::Settings::default(),
        provisioning: server::provision::Settings::default(),
        servers: Vec::new(),
        default_queue: None,
        parking: server::config::ParkingConfig::default(),
    };
    let (app, tasks) = App::start(setup(None)).await.unwrap();
    drop(app);
    tasks.finish().await;
    assert_eq!(store.events().oldest_seq().await, Ok(Some(1)), "for ever");

    let (app, tasks) = App::start(setup(Some(DAY * 30))).await.unwrap();
    let forgotten = async {
        while store.events().oldest_seq().await != Ok(Some(3)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), forgotten)
        .await
        .expect("the old events are gone");
    let calls = store.calls();
    let [gone, kept] = [1, 3].map(|seq: usize| written[seq].body.call().unwrap());
    assert_eq!(calls.get(gone).await, Ok(None));
    assert!(calls.get(kept).await.unwrap().is_some());
    drop(app);
    tasks.finish().await;
}
