//! What reports read of the past: events by time and kind, offers by agent.

use crate::contract;
use crate::fixtures::{
    agent_id, arrived, at, ended, events, offer_ended, offer_id, offered, queued,
};
use model::OfferResult;
use store::Store;

contract!(
    events_are_found_by_time_and_kind,
    offers_of_an_agent_come_in_pages,
);

async fn events_are_found_by_time_and_kind(store: &Store) {
    let log = store.events();
    assert_eq!(log.last_before(at(5_000)).await, Ok(0), "an empty log");
    let bodies = vec![
        arrived(1),
        queued(1, 1),
        offered(1, 1, 1),
        arrived(2),
        queued(2, 1),
        ended(1, None),
    ];
    store.journal().apply(&events(1, bodies)).await.unwrap();
    for (before, expected) in [
        (0, 0),
        (1_000, 0),
        (1_001, 1),
        (4_000, 3),
        (6_001, 6),
        (99_000, 6),
    ] {
        assert_eq!(log.last_before(at(before)).await, Ok(expected), "{before}");
    }
    let seqs = async |kind: &str, range, limit| -> Vec<u64> {
        let found = log.of_kind(kind, range, limit).await.unwrap();
        found.iter().map(|event| event.seq).collect()
    };
    assert_eq!(seqs("call_queued", (0, 6), 10).await, [2, 5]);
    assert_eq!(seqs("call_queued", (2, 4), 10).await, [0; 0]);
    assert_eq!(seqs("call_queued", (0, 6), 1).await, [2]);
    assert_eq!(seqs("' OR 1 = 1 --", (0, 6), 10).await, [0; 0]);
    assert_eq!(log.prune_before(at(4_000)).await, Ok(3));
    // What is not kept is before.
    assert_eq!(log.last_before(at(2_000)).await, Ok(3));
    assert_eq!(log.last_before(at(5_001)).await, Ok(5));
}

async fn offers_of_an_agent_come_in_pages(store: &Store) {
    let bodies = vec![
        arrived(1),
        offered(1, 1, 1),
        offer_ended(1, 1, 1, OfferResult::Missed),
        offered(1, 2, 2),
        offered(1, 3, 1),
        offered(1, 4, 1),
    ];
    store.journal().apply(&events(1, bodies)).await.unwrap();
    let offers = store.offers();
    let (all, mut after, mut found) = ((at(0), at(6_000)), None, Vec::new());
    loop {
        let page = offers.of_agent(agent_id(1), all, after, 1).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.made_at, last.id));
        found.push((last.id, last.result));
    }
    // The one made at the end of the range is not in it.
    let expected = [
        (offer_id(1), Some(OfferResult::Missed)),
        (offer_id(3), None),
    ];
    assert_eq!(found, expected);
}
