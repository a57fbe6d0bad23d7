//! Reports over our own log: callers in queues, agents, hangup causes.

use jiff::Timestamp;
use model::{
    Agent, AgentId, AgentState, AgentStatus, CallId, Caller, Choice, EndedBy, Event, EventBody,
    OfferId, OfferResult, Outcome, OverflowReason, Queue, QueueId, Role, ServerId,
};
use store::Store;
use uuid::Uuid;

use super::{column, report};
use crate::harness::{Client, Server};

const SALES: QueueId = QueueId(Uuid::from_u128(1));
const SUPPORT: QueueId = QueueId(Uuid::from_u128(2));
pub(crate) const AGNES: AgentId = AgentId(Uuid::from_u128(3));

pub(crate) fn call(number: u128) -> CallId {
    CallId(Uuid::from_u128(100 + number))
}

fn offer(number: u128) -> OfferId {
    OfferId(Uuid::from_u128(200 + number))
}

fn at(time: &str) -> model::Timestamp {
    let text = format!("2026-10-26T{time}Z");
    text.parse::<Timestamp>().unwrap().into()
}

fn arrived(number: u128) -> EventBody {
    EventBody::CallArrived {
        call: call(number),
        server: ServerId(Uuid::nil()),
        channel: "1793005200.1".to_owned(),
        caller: Caller {
            number: "0012025550103".to_owned(),
            e164: Some("+12025550103".to_owned()),
            name: "Carol".to_owned(),
        },
        dialled: "+421255501000".to_owned(),
    }
}

fn queued(number: u128, queue: QueueId, overflow_reason: Option<OverflowReason>) -> EventBody {
    EventBody::CallQueued {
        call: call(number),
        queue,
        priority: 0,
        position: 1,
        overflow_reason,
        kept_for: None,
    }
}

fn offered(number: u128, queue: QueueId) -> EventBody {
    EventBody::CallOffered {
        call: call(number),
        queue,
        offer: offer(number),
        agent: AGNES,
        choice: Choice::default(),
    }
}

fn offer_ended(number: u128, queue: QueueId, result: OfferResult) -> EventBody {
    EventBody::OfferEnded {
        call: call(number),
        queue,
        offer: offer(number),
        agent: AGNES,
        result,
        ring_ms: 5_000,
    }
}

fn answered(number: u128, queue: QueueId, wait_ms: u64) -> EventBody {
    EventBody::CallAnswered {
        call: call(number),
        queue,
        offer: offer(number),
        agent: AGNES,
        wait_ms,
    }
}

fn ended(
    number: u128,
    queue: QueueId,
    outcome: Outcome,
    times: (Option<u64>, Option<u64>),
) -> EventBody {
    let reason = matches!(outcome, Outcome::Rejected).then_some(OverflowReason::QueueFull);
    EventBody::CallEnded {
        call: call(number),
        queue: Some(queue),
        agent: times.1.map(|_| AGNES),
        outcome,
        overflow_reason: reason,
        ended_by: EndedBy::Caller,
        hangup_cause: Some(if outcome == Outcome::Rejected { 17 } else { 16 }),
        wait_ms: times.0,
        talk_ms: times.1,
    }
}

fn changed(state: AgentState, since: &str, of: Option<u128>) -> EventBody {
    EventBody::AgentChanged {
        agent: AGNES,
        from: AgentState::Offline,
        status: AgentStatus {
            call: of.map(call),
            ..AgentStatus::plain(state, at(since))
        },
    }
}

/// One that is served, one that gives up, one that overflows and is served, one that is sent away, and one that still waits.
fn morning() -> Vec<Event> {
    let (sales, support) = (SALES, SUPPORT);
    let happened = [
        ("09:59:00", changed(AgentState::Available, "09:59:00", None)),
        ("10:00:00", arrived(1)),
        ("10:00:00", queued(1, sales, None)),
        ("10:00:05", offered(1, sales)),
        (
            "10:00:05",
            changed(AgentState::Ringing, "10:00:05", Some(1)),
        ),
        ("10:00:10", offer_ended(1, sales, OfferResult::Answered)),
        ("10:00:10", changed(AgentState::Busy, "10:00:10", Some(1))),
        ("10:00:10", answered(1, sales, 10_000)),
        (
            "10:01:10",
            ended(1, sales, Outcome::Answered, (Some(10_000), Some(60_000))),
        ),
        ("10:01:10", changed(AgentState::WrapUp, "10:01:10", Some(1))),
        ("10:01:30", changed(AgentState::Offline, "10:01:30", None)),
        ("10:05:00", arrived(2)),
        ("10:05:00", queued(2, sales, None)),
        (
            "10:05:03",
            ended(2, sales, Outcome::Abandoned, (Some(3_000), None)),
        ),
        ("10:59:50", arrived(3)),
        ("10:59:50", queued(3, sales, None)),
        (
            "11:00:20",
            queued(3, support, Some(OverflowReason::MaxWait)),
        ),
        ("11:00:45", offered(3, support)),
        ("11:00:50", offer_ended(3, support, OfferResult::Answered)),
        ("11:00:50", answered(3, support, 60_000)),
        (
            "11:01:00",
            ended(3, support, Outcome::Answered, (Some(60_000), Some(10_000))),
        ),
        ("11:10:00", arrived(4)),
        ("11:10:00", ended(4, sales, Outcome::Rejected, (None, None))),
        ("11:30:00", arrived(5)),
        ("11:30:00", queued(5, sales, None)),
    ];
    let events = (1..).zip(happened);
    events
        .map(|(seq, (time, body))| Event {
            seq,
            at: at(time),
            body,
        })
        .collect()
}

/// Writes down the morning, and who was there.
pub(crate) async fn fill(store: &Store) {
    for (id, name) in [(SALES, "sales"), (SUPPORT, "support")] {
        store.queues().create(&Queue::new(id, name)).await.unwrap();
    }
    let agnes = Agent {
        id: AGNES,
        name: "Agnes".to_owned(),
        extension: "101".to_owned(),
        user: None,
        skills: std::collections::BTreeMap::new(),
        active: true,
    };
    store.agents().create(&agnes).await.unwrap();
    store.journal().apply(&morning()).await.unwrap();
}

async fn centre() -> (Server, Client) {
    let server = Server::start().await;
    fill(&server.app.store).await;
    let program = server.program(Role::Service).await;
    (server, program)
}

#[tokio::test]
async fn everybody_who_entered_a_queue_is_somewhere() {
    let (_server, program) = centre().await;
    let queues = report(&program, "queue", "date=2026-10-26").await;
    let expected = [
        ("name", ["sales", "support"]),
        ("entered", ["4", "1"]),
        ("answered", ["1", "1"]),
        ("abandoned", ["1", "0"]),
        ("left", ["1", "0"]),
        ("left_max_wait", ["1", "0"]),
        ("waiting", ["1", "0"]),
        ("blocked", ["1", "0"]),
        ("sl1", ["1/2", "0/1"]),
        ("sl2", ["2/2", "0/1"]),
        ("sl3", ["1/1", "0/1"]),
        ("sl4", ["1/1", "0/1"]),
        ("sl5", ["1/1", "0/1"]),
        ("asa_ms", ["10000/1", "30000/1"]),
        ("wait_ms", ["43000/3", "30000/1"]),
        ("abandon_rate", ["1/2", "0/1"]),
        ("abandon_rate_without_short", ["0/1", "0/1"]),
        ("time_to_abandon_ms", ["3000/1", "0/0"]),
        ("longest_wait_ms", ["30000", "30000"]),
        ("answer_rate", ["1/5", "1/1"]),
        ("aht_ms", ["80000/1", "10000/1"]),
    ];
    for (key, cells) in expected {
        assert_eq!(column(&queues, key), cells, "{key}");
    }
    let strict = report(
        &program,
        "queue",
        "date=2026-10-26&service_level_seconds=5&only=sales",
    )
    .await;
    assert_eq!(column(&strict, "sl1"), ["0/2"]);
    let by_hour = report(&program, "queue", "date=2026-10-26&interval=60&only=sales").await;
    assert_eq!(column(&by_hour, "entered"), ["3", "1"]);
    let link = queues["rows"][0]["calls"].as_str().unwrap();
    let listed = program.get(link).await.json();
    // The one that overflowed was in support last.
    assert_eq!(listed["items"].as_array().unwrap().len(), 4, "{listed}");
}

#[tokio::test]
async fn the_time_of_an_agent_is_cut_at_the_hour() {
    let (_server, program) = centre().await;
    let day = report(&program, "agent", "date=2026-10-26").await;
    let expected = [
        ("name", "Agnes"),
        ("offers", "2"),
        ("handled", "2"),
        ("staffed_ms", "150000"),
        ("idle_ms", "65000"),
        ("ring_ms", "5000"),
        ("talk_ms", "60000"),
        ("wrap_up_ms", "20000"),
        ("aht_ms", "80000/2"),
        ("occupancy", "85000/150000"),
    ];
    for (key, cell) in expected {
        assert_eq!(column(&day, key), [cell], "{key}");
    }
    let hours = report(&program, "agent", "date=2026-10-26&interval=60").await;
    assert_eq!(column(&hours, "idle_ms"), ["60000", "5000", "0"]);
    assert_eq!(column(&hours, "offers"), ["0", "1", "1"]);
}

#[tokio::test]
async fn our_own_calls_are_found_and_told_by_cause() {
    let (_server, program) = centre().await;
    let causes = report(&program, "cause", "date=2026-10-26").await;
    assert_eq!(column(&causes, "name"), ["normal clearing", "user busy"]);
    assert_eq!(column(&causes, "share"), ["3/4", "1/4"]);
    let found = async |query: &str| -> Vec<String> {
        let answer = program.get(&format!("/v1/reports/calls?{query}")).await;
        let items = answer.json()["items"]
            .as_array()
            .unwrap_or_else(|| panic!("{query}: {answer:?}"))
            .clone();
        items
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let calls = |numbers: &[u128]| -> Vec<String> {
        numbers
            .iter()
            .map(|number| call(*number).to_string())
            .collect()
    };
    assert_eq!(found("").await, calls(&[5, 4, 3, 2, 1]));
    assert_eq!(found("cause=17").await, calls(&[4]));
    assert_eq!(found("outcome=abandoned").await, calls(&[2]));
    assert_eq!(found(&format!("queue={SUPPORT}")).await, calls(&[3]));
    assert_eq!(found("extension=101").await, calls(&[3, 1]));
    assert_eq!(
        found("number=%2B1%20202%20555%200103&min_talk_seconds=11").await,
        calls(&[1])
    );
    assert_eq!(
        found("number=00421%20255501000&cause=17").await,
        calls(&[4])
    );
    assert_eq!(found("number=%2B12025550199").await, calls(&[]));
    assert_eq!(
        found("source=cordboard&from=2026-10-26T11:00:00Z&to=2026-10-26T11:30:00Z").await,
        calls(&[4])
    );
    assert_eq!(found("disposition=busy").await, calls(&[]));
}
