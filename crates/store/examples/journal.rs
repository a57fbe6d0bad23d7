//! How many events the journal writes down per second, on each of the three databases.
//!
//! Run it by `bench/run-journal.sh`; `--quick` is a tenth of it. SQLite in batches of 500 has a target, which it says.
//! A shift of calls is played: each arrives, is queued, offered, answered and ended, and its agent goes through ringing,
//! busy, wrap-up and available again: ten events per call.

use std::time::{Duration, Instant};

use cordboard_store::Store;
use model::{
    AgentId, AgentState, AgentStatus, CallId, Caller, Candidate, Choice, EndedBy, Event, EventBody,
    OfferId, OfferResult, Outcome, PassedOver, QueueId, ServerId, Strategy, Timestamp,
};

const EVENTS: usize = 50_000;
/// Events per second that SQLite is to take in batches of 500, as the server writes them.
const TARGET: u128 = 5_000;
const AGENTS: u128 = 200;
const QUEUES: u128 = 20;
/// Calls whose events are interleaved.
const AT_ONCE: usize = 100;
const START: i64 = 1_767_312_000_000_000;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let count = if quick { EVENTS / 10 } else { EVENTS };
    let events = &shift()[..count];
    println!(
        "{:<12}{:>8}{:>14}{:>14}{:>14}",
        "database", "batch", "events/s", "p50 batch", "p99 batch"
    );
    let mut reached = 0;
    for batch in [50, 500] {
        let folder = tempfile::tempdir()?;
        let dsn = format!("sqlite:{}", folder.path().join("bench.db").display());
        let sqlite = measure("SQLite", &dsn, events, batch).await?;
        if batch == 500 {
            reached = sqlite;
        }
        match lab_database(lab::shared_postgres, "CORDBOARD_TEST_POSTGRES").await? {
            Some(database) => {
                measure("PostgreSQL", database.dsn(), events, batch).await?;
            }
            None => println!("PostgreSQL  SKIPPED: run it under `lab services run -- …`"),
        }
        match lab_database(lab::shared_mariadb, "CORDBOARD_TEST_MARIADB").await? {
            Some(database) => {
                measure("MariaDB", database.dsn(), events, batch).await?;
            }
            None => println!("MariaDB     SKIPPED: run it under `lab services run -- …`"),
        }
    }
    let (times, tenths) = (reached / TARGET, reached * 10 / TARGET % 10);
    println!(
        "SQLite in batches of 500: {reached} events/s, {times}.{tenths} × the target of {TARGET}"
    );
    Ok(())
}

async fn lab_database(
    fresh: impl AsyncFn() -> lab::Result<lab::Database>,
    variable: &str,
) -> Result<Option<lab::Database>, Failure> {
    match std::env::var_os(variable) {
        Some(_) => Ok(Some(fresh().await?)),
        None => Ok(None),
    }
}

async fn measure(name: &str, dsn: &str, events: &[Event], batch: usize) -> Result<u128, Failure> {
    let store = Store::open(dsn).await?;
    store.migrate().await?;
    let mut times: Vec<Duration> = Vec::new();
    let started = Instant::now();
    for batch in events.chunks(batch) {
        let started = Instant::now();
        store.journal().apply(batch).await?;
        times.push(started.elapsed());
    }
    let took = started.elapsed();
    times.sort_unstable();
    let per_second = events.len() as u128 * 1_000 / took.as_millis().max(1);
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1_000.0);
    let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!(
        "{name:<12}{batch:>8}{per_second:>14}{:>14}{:>14}",
        ms(p50),
        ms(p99)
    );
    assert_eq!(store.journal().applied_seq().await?, events.len() as u64);
    store.close().await;
    Ok(per_second)
}

/// Calls in groups: all of a group arrive, then all are queued, and so on.
fn shift() -> Vec<Event> {
    let mut bodies = Vec::new();
    let mut first: u128 = 0;
    while bodies.len() < EVENTS {
        for step in 0..10 {
            for call in first..first + AT_ONCE as u128 {
                let at = now(bodies.len());
                bodies.push((at, fact(step, call, at)));
            }
        }
        first += AT_ONCE as u128;
    }
    bodies.truncate(EVENTS);
    (1..)
        .zip(bodies)
        .map(|(seq, (at, body))| Event { seq, at, body })
        .collect()
}

fn now(index: usize) -> Timestamp {
    let micros = i64::try_from(index).unwrap_or(0) * 1_000;
    Timestamp::from_micros(START + micros)
}

fn fact(step: u32, number: u128, at: Timestamp) -> EventBody {
    let arrival = now(usize::try_from(number).unwrap_or(0) * 10);
    let call = CallId::new(arrival, number.wrapping_mul(0x9e37_79b9_7f4a_7c15) << 64);
    let offer = OfferId(call.0);
    let agent = AgentId::new(Timestamp::default(), (number % AGENTS) << 64);
    let queue = QueueId::new(Timestamp::default(), (number % QUEUES) << 64);
    let changed = |from, state| EventBody::AgentChanged {
        agent,
        from,
        status: AgentStatus {
            call: Some(call),
            ..AgentStatus::plain(state, at)
        },
    };
    match step {
        0 => EventBody::CallArrived {
            call,
            server: ServerId::new(Timestamp::default(), 1 << 64),
            channel: format!("1767312000.{number}"),
            caller: Caller::new(&format!("555{number:07}"), "Ada Lovelace"),
            dialled: "5550100".to_owned(),
        },
        1 => EventBody::CallQueued {
            call,
            queue,
            priority: 0,
            position: 1,
            overflow_reason: None,
            kept_for: None,
        },
        2 => EventBody::CallOffered {
            call,
            queue,
            offer,
            agent,
            choice: choice(agent, at),
        },
        3 => changed(AgentState::Available, AgentState::Ringing),
        4 => EventBody::OfferEnded {
            call,
            queue,
            offer,
            agent,
            result: OfferResult::Answered,
            ring_ms: 4_000,
        },
        5 => changed(AgentState::Ringing, AgentState::Busy),
        6 => EventBody::CallAnswered {
            call,
            queue,
            offer,
            agent,
            wait_ms: 9_000,
        },
        7 => EventBody::CallEnded {
            call,
            queue: Some(queue),
            agent: Some(agent),
            outcome: Outcome::Answered,
            overflow_reason: None,
            ended_by: EndedBy::Caller,
            hangup_cause: Some(16),
            wait_ms: Some(9_000),
            talk_ms: Some(120_000),
        },
        8 => changed(AgentState::Busy, AgentState::WrapUp),
        _ => changed(AgentState::WrapUp, AgentState::Available),
    }
}

/// The reasons for one agent, as long as they usually are.
fn choice(agent: AgentId, at: Timestamp) -> Choice {
    let candidate = Candidate {
        agent,
        penalty: 0,
        idle_since: at,
        calls_today: 7,
    };
    let passed_over = |state| PassedOver { state, count: 3 };
    Choice {
        strategy: Some(Strategy::LongestIdle),
        apart: None,
        eligible: 12,
        first: vec![candidate; 3],
        passed_over: vec![passed_over(Some(AgentState::Busy)), passed_over(None)],
    }
}
