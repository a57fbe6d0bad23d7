//! What is old is forgotten, a bounded number of rows at a time; what has not ended is not.

use crate::contract;
use crate::fixtures::{
    agent_id, answered, arrived, at, call_id, changed, ended, events, offer_ended, offered, queued,
};
use model::{AgentState, OfferResult, Timestamp};
use store::{CallFilter, Store};

contract!(
    calls_are_forgotten_with_their_offers,
    no_step_is_long,
    what_agents_did_is_forgotten_but_not_what_they_do,
);

/// After all that happens here.
fn later() -> Timestamp {
    Timestamp::from_micros(i64::MAX)
}

async fn calls_are_forgotten_with_their_offers(store: &Store) {
    let bodies = vec![
        arrived(1),
        queued(1, 1),
        offered(1, 1, 1),
        offer_ended(1, 1, 1, OfferResult::Answered),
        answered(1, 1, 1),
        arrived(2),
        offered(2, 2, 2),
        ended(1, Some(1)),
        arrived(3),
        ended(3, None),
    ];
    store.journal().apply(&events(1, bodies)).await.unwrap();
    let calls = store.calls();
    assert_eq!(
        calls.prune_before(at(8_000)).await,
        Ok(0),
        "ended right then"
    );
    assert_eq!(calls.prune_before(at(8_001)).await, Ok(1));
    assert_eq!(calls.get(call_id(1)).await, Ok(None));
    assert_eq!(calls.offers_of(call_id(1)).await, Ok(vec![]));
    assert_eq!(calls.prune_before(later()).await, Ok(1));
    assert_eq!(calls.prune_before(later()).await, Ok(0));
    let left = calls.page(&CallFilter::default(), None, 9).await.unwrap();
    let left: Vec<_> = left.iter().map(|call| call.id).collect();
    assert_eq!(left, [call_id(2)], "it has not ended");
    assert_eq!(calls.offers_of(call_id(2)).await.unwrap().len(), 1);
}

async fn no_step_is_long(store: &Store) {
    let bodies = (1..=1_001).flat_map(|call| [arrived(call), ended(call, None)]);
    let bodies: Vec<_> = bodies.collect();
    for (index, bodies) in (0..).zip(bodies.chunks(2_000)) {
        let events = events(index * 2_000 + 1, bodies.to_vec());
        store.journal().apply(&events).await.unwrap();
    }
    let calls = store.calls();
    assert_eq!(calls.prune_before(later()).await, Ok(1_000));
    let kept = calls.get(call_id(1_001)).await.unwrap();
    assert!(kept.is_some(), "the oldest go first");
    assert_eq!(calls.prune_before(later()).await, Ok(1));
}

async fn what_agents_did_is_forgotten_but_not_what_they_do(store: &Store) {
    let bodies = vec![
        changed(1, AgentState::Available, 100),
        changed(2, AgentState::Available, 200),
        changed(1, AgentState::Break, 300),
        changed(1, AgentState::Offline, 400),
    ];
    store.journal().apply(&events(1, bodies)).await.unwrap();
    let states = store.agent_states();
    assert_eq!(
        states.prune_before(at(300)).await,
        Ok(0),
        "ended right then"
    );
    assert_eq!(states.prune_before(at(301)).await, Ok(1));
    assert_eq!(states.prune_before(later()).await, Ok(1));
    assert_eq!(states.prune_before(later()).await, Ok(0));
    let left = states.list((at(0), later()), None, 9).await.unwrap();
    let left: Vec<_> = left.iter().map(|one| (one.agent, one.state)).collect();
    assert_eq!(
        left,
        [
            (agent_id(2), AgentState::Available),
            (agent_id(1), AgentState::Offline)
        ]
    );
}
