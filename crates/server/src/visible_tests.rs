#![allow(clippy::unwrap_used)]

use model::{
    AgentState, AgentStatus, Candidate, EndedBy, OfferId, OfferResult, Outcome, ServerId, Strategy,
    Timestamp,
};

use super::*;

fn agent(n: u128) -> AgentId {
    AgentId::new(Timestamp::default(), n << 96)
}
fn queue(n: u128) -> QueueId {
    QueueId::new(Timestamp::default(), n << 96)
}
fn call(n: u128) -> CallId {
    CallId::new(Timestamp::default(), n << 96)
}
fn offer() -> OfferId {
    OfferId::new(Timestamp::default(), 0)
}
fn server() -> ServerId {
    ServerId::new(Timestamp::default(), 0)
}

fn event(body: EventBody) -> Event {
    Event {
        seq: 7,
        at: Timestamp::default(),
        body,
    }
}

fn offered(to: AgentId, queue: QueueId, call: CallId) -> Event {
    let candidate = |agent| Candidate {
        agent,
        penalty: 0,
        idle_since: Timestamp::default(),
        calls_today: 3,
    };
    event(EventBody::CallOffered {
        call,
        queue,
        offer: offer(),
        agent: to,
        choice: Choice {
            strategy: Some(Strategy::LongestIdle),
            apart: None,
            eligible: 2,
            first: vec![candidate(agent(1)), candidate(agent(2))],
            passed_over: Vec::new(),
        },
    })
}

fn arrived(call: CallId) -> Event {
    event(EventBody::CallArrived {
        call,
        server: server(),
        channel: "1.1".to_owned(),
        caller: Caller::new("5550101", "Ada"),
        dialled: "5550100".to_owned(),
    })
}

fn changed(agent: AgentId) -> Event {
    event(EventBody::AgentChanged {
        agent,
        from: AgentState::Available,
        status: AgentStatus::plain(AgentState::Break, Timestamp::default()),
    })
}

fn everything() -> Vec<Event> {
    vec![
        arrived(call(1)),
        event(EventBody::CallQueued {
            call: call(1),
            queue: queue(1),
            priority: 0,
            position: 1,
            overflow_reason: None,
            kept_for: None,
        }),
        offered(agent(2), queue(1), call(1)),
        event(EventBody::OfferEnded {
            call: call(1),
            queue: queue(1),
            offer: offer(),
            agent: agent(2),
            result: OfferResult::Missed,
            ring_ms: 20_000,
        }),
        event(EventBody::CallAnswered {
            call: call(1),
            queue: queue(1),
            offer: offer(),
            agent: agent(2),
            wait_ms: 1,
        }),
        ended(call(1), Some(queue(1))),
        changed(agent(2)),
        event(EventBody::ServerReplaced { server: server() }),
    ]
}

fn ended(call: CallId, queue: Option<QueueId>) -> Event {
    event(EventBody::CallEnded {
        call,
        queue,
        agent: Some(agent(2)),
        outcome: Outcome::Answered,
        overflow_reason: None,
        ended_by: EndedBy::Caller,
        hangup_cause: Some(16),
        wait_ms: Some(1),
        talk_ms: Some(2),
    })
}

fn first_agent(queues: &[QueueId]) -> Viewer {
    Viewer::new(
        Role::Agent,
        Some(agent(1)),
        queues.iter().copied().collect(),
    )
}

#[test]
fn whoever_runs_the_centre_sees_everything_unchanged() {
    for role in [Role::Administrator, Role::Supervisor, Role::Service] {
        let viewer = Viewer::new(role, None, BTreeSet::new());
        for event in everything() {
            assert_eq!(visible_to(&event, &viewer).as_deref(), Some(&event));
        }
    }
}

#[test]
fn an_agent_without_queues_sees_nothing_of_others() {
    for viewer in [first_agent(&[]), first_agent(&[queue(9)]), Viewer::Nothing] {
        for event in everything() {
            assert_eq!(visible_to(&event, &viewer), None, "{event:?}");
        }
    }
}

#[test]
fn an_agent_sees_the_own_state() {
    let viewer = first_agent(&[]);
    assert!(visible_to(&changed(agent(1)), &viewer).is_some());
    assert!(visible_to(&changed(agent(2)), &viewer).is_none());
}

#[test]
fn an_agent_sees_the_own_queues_without_callers_and_colleagues_figures() {
    let viewer = first_agent(&[queue(1)]);
    let all = everything();
    let seen: Vec<_> = all
        .iter()
        .filter_map(|event| visible_to(event, &viewer))
        .collect();
    assert_eq!(
        seen.len(),
        5,
        "queued, offered, offer ended, answered, ended"
    );
    let text = serde_json::to_string(&seen).unwrap();
    assert!(
        !text.contains("5550101") && !text.contains("calls_today"),
        "{text}"
    );
}

#[test]
fn an_offered_call_is_the_agents_own_to_its_end() {
    let mut viewer = first_agent(&[]);
    let offered = offered(agent(1), queue(5), call(1));
    viewer.learn(&offered);
    let EventBody::CallOffered { choice, .. } =
        visible_to(&offered, &viewer).unwrap().into_owned().body
    else {
        panic!("it is an offer");
    };
    assert_eq!(choice.first.len(), 1, "only the own figures");
    assert!(
        visible_to(&arrived(call(1)), &viewer).is_some(),
        "on a replay"
    );
    assert!(visible_to(&ended(call(1), None), &viewer).is_some());
    assert!(visible_to(&ended(call(2), None), &viewer).is_none());
}

#[test]
fn own_calls_are_bounded_and_the_oldest_goes_first() {
    let mut viewer = first_agent(&[]);
    for n in 0..=MAX_OWN_CALLS as u128 {
        viewer.owns(call(n));
    }
    assert!(!viewer.sees_call(call(0)));
    assert!(viewer.sees_call(call(1)) && viewer.sees_call(call(MAX_OWN_CALLS as u128)));
}

#[test]
fn a_call_is_masked_unless_it_is_the_own() {
    let mut waiting = Call {
        channel: "1.1".to_owned(),
        caller: Caller::new("+15550101", "Ada"),
        dialled: "5550100".to_owned(),
        queue: Some(queue(1)),
        ..Call::new(call(1), server(), Timestamp::default())
    };
    let seen = first_agent(&[queue(1)]).call(&waiting).unwrap();
    assert_eq!(
        (seen.caller.number.as_str(), seen.caller.name.as_str()),
        ("•••••••01", "")
    );
    assert_eq!(first_agent(&[queue(2)]).call(&waiting), None);
    waiting.agent = Some(agent(1));
    assert_eq!(first_agent(&[]).call(&waiting), Some(waiting));
}

#[test]
fn a_short_number_is_masked_whole() {
    assert_eq!(masked(&Caller::new("101", "Ada")).number, "•••");
    assert_eq!(masked(&Caller::default()).number, "");
}

#[test]
fn the_end_of_an_own_placed_call_is_seen_though_it_was_in_no_queue() {
    let own = ended(call(5), None);
    let EventBody::CallEnded { agent: whose, .. } = &own.body else {
        unreachable!("it is one");
    };
    assert_eq!(*whose, Some(agent(2)));
    let viewer = |agent| Viewer::Agent {
        agent,
        queues: std::collections::BTreeSet::new(),
        calls: std::collections::VecDeque::new(),
    };
    assert!(visible_to(&own, &viewer(agent(2))).is_some());
    assert!(visible_to(&own, &viewer(agent(3))).is_none());
}

#[test]
fn for_which_colleague_a_call_is_kept_is_not_shown() {
    let queued = event(EventBody::CallQueued {
        call: call(1),
        queue: queue(1),
        priority: 0,
        position: 1,
        overflow_reason: None,
        kept_for: Some(model::KeptFor {
            agent: agent(2),
            until: Timestamp::default(),
        }),
    });
    for (own, shown) in [(agent(2), true), (agent(3), false)] {
        let viewer = Viewer::Agent {
            agent: own,
            queues: [queue(1)].into(),
            calls: std::collections::VecDeque::new(),
        };
        let seen = visible_to(&queued, &viewer).unwrap();
        let EventBody::CallQueued { kept_for, .. } = &seen.body else {
            unreachable!("it is one");
        };
        assert_eq!(kept_for.is_some(), shown);
    }
}
