//! Reading the call log.

use std::time::Duration;

use crate::contract;
use crate::fixtures::{
    agent_id, answered, arrived, at, call_id, ended, events, offer_ended, offer_id, offered,
    queue_id, queued, reservation_id, server_id,
};
use model::{
    Call, CallState, Caller, Deed, Direction, EndedBy, EventBody, OfferResult, Outcome, Placed,
    RecordingState, Timestamp,
};
use store::{CallCursor, CallFilter, MAX_PAST, Offer, PastCall, Store, StoreError};

contract!(
    pages_hold_what_the_filter_says,
    pages_go_newest_first_without_holes,
    a_callers_number_is_found_by_its_beginning,
    open_calls_come_back_with_their_live_offers,
    many_open_calls_come_back,
    answered_calls_are_counted_per_agent,
    past_calls_are_added_once_and_taken_back,
    a_placed_call_is_kept_with_what_it_was_placed_with,
    what_was_done_to_a_call_is_kept,
);

const CALLS: u128 = 24;

/// Calls in every state, by two queues and two agents.
async fn fill(store: &Store) -> Vec<Call> {
    let mut bodies = Vec::new();
    for call in 1..=CALLS {
        let (queue, agent) = (1 + call % 2, 1 + call % 3 % 2);
        bodies.push(arrived(call));
        bodies.push(queued(call, queue));
        if call % 4 != 0 {
            bodies.push(offered(call, call, agent));
        }
        if call % 4 > 1 {
            bodies.push(offer_ended(call, call, agent, OfferResult::Answered));
            bodies.push(answered(call, call, agent));
        }
        match call % 5 {
            0 => bodies.push(ended(call, (call % 4 > 1).then_some(agent))),
            1 => bodies.push(ended(call, None)),
            _ => {}
        }
    }
    store.journal().apply(&events(1, bodies)).await.unwrap();
    let mut calls = Vec::new();
    for call in (1..=CALLS).rev() {
        calls.push(store.calls().get(call_id(call)).await.unwrap().unwrap());
    }
    calls
}

fn holds(filter: &CallFilter, call: &Call) -> bool {
    let starts = |prefix: &String| {
        call.caller.number.starts_with(prefix)
            || call
                .caller
                .e164
                .as_ref()
                .is_some_and(|n| n.starts_with(prefix))
    };
    filter.from.is_none_or(|from| call.arrived_at >= from)
        && filter.to.is_none_or(|to| call.arrived_at < to)
        && filter.queue.is_none_or(|queue| call.queue == Some(queue))
        && filter.agent.is_none_or(|agent| call.agent == Some(agent))
        && filter
            .outcome
            .is_none_or(|outcome| call.outcome == Some(outcome))
        && filter.caller.as_ref().is_none_or(starts)
        && filter.state.is_none_or(|state| call.state == state)
}

/// Every combination of one choice or none per field.
fn filters(middle: Timestamp) -> Vec<CallFilter> {
    let mut filters = vec![CallFilter::default()];
    let mut vary = |choices: Vec<CallFilter>, take: fn(&mut CallFilter, CallFilter)| {
        let with = |filter: &CallFilter| {
            let chosen = choices.iter().cloned().map(|choice| {
                let mut filter = filter.clone();
                take(&mut filter, choice);
                filter
            });
            chosen.collect::<Vec<_>>()
        };
        filters = filters.iter().flat_map(with).collect();
    };
    let any = CallFilter::default;
    let from = |from| CallFilter { from, ..any() };
    vary(vec![any(), from(Some(middle))], |f, c| f.from = c.from);
    let to = |to| CallFilter { to, ..any() };
    vary(vec![any(), to(Some(middle))], |f, c| f.to = c.to);
    let queue = |id| CallFilter {
        queue: Some(queue_id(id)),
        ..any()
    };
    vary(vec![any(), queue(1), queue(9)], |f, c| f.queue = c.queue);
    let agent = |id| CallFilter {
        agent: Some(agent_id(id)),
        ..any()
    };
    vary(vec![any(), agent(2)], |f, c| f.agent = c.agent);
    let outcome = |outcome| CallFilter {
        outcome: Some(outcome),
        ..any()
    };
    let outcomes = vec![
        any(),
        outcome(Outcome::Answered),
        outcome(Outcome::Abandoned),
    ];
    vary(outcomes, |f, c| f.outcome = c.outcome);
    let state = |state| CallFilter {
        state: Some(state),
        ..any()
    };
    let states = vec![any(), state(CallState::Ended), state(CallState::Talking)];
    vary(states, |f, c| f.state = c.state);
    let caller = |text: &str| CallFilter {
        caller: Some(text.to_owned()),
        ..any()
    };
    vary(vec![any(), caller("555001")], |f, c| f.caller = c.caller);
    filters
}

async fn pages_hold_what_the_filter_says(store: &Store) {
    let calls = fill(store).await;
    let mut found = 0;
    for filter in filters(calls[calls.len() / 2].arrived_at) {
        let page = store.calls().page(&filter, None, 500).await.unwrap();
        let holding = calls.iter().filter(|call| holds(&filter, call));
        assert_eq!(page, holding.cloned().collect::<Vec<_>>(), "{filter:?}");
        found += page.len();
    }
    assert!(found > 100, "the filters find something: {found}");
}

async fn pages_go_newest_first_without_holes(store: &Store) {
    // Three calls in the same microsecond: the id decides.
    let mut same = events(1, (1..=9).map(arrived).collect());
    for event in &mut same[3..6] {
        event.at = at(4_000);
    }
    store.journal().apply(&same).await.unwrap();
    for limit in [1, 2, 4, 9] {
        let mut cursor: Option<CallCursor> = None;
        let mut ids = Vec::new();
        loop {
            let filter = CallFilter::default();
            let page = store.calls().page(&filter, cursor, limit).await.unwrap();
            let Some(last) = page.last() else { break };
            cursor = Some(last.into());
            ids.extend(page.iter().map(|call| call.id));
        }
        let expected: Vec<_> = (1..=9).rev().map(call_id).collect();
        assert_eq!(ids, expected, "in pages of {limit}");
    }
    let refused = store.calls().page(&CallFilter::default(), None, 0).await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })));
    let (first, last) = (same[0].at, same[8].at);
    let log = store.calls();
    assert_eq!(log.first_since(at(0)).await, Ok(Some(first)));
    assert_eq!(log.first_since(last).await, Ok(Some(last)));
    let later = last.after(Duration::from_micros(1));
    assert_eq!(log.first_since(later).await, Ok(None));
}

async fn a_callers_number_is_found_by_its_beginning(store: &Store) {
    let mut bodies = vec![arrived(1), arrived(2), arrived(3), arrived(4)];
    let numbers = ["5550100", "5550199", "555\u{1F4DE}", "%"];
    for (body, number) in bodies.iter_mut().zip(numbers) {
        if let EventBody::CallArrived { caller, .. } = body {
            number.clone_into(&mut caller.number);
            caller.e164 = number
                .starts_with("55501")
                .then(|| format!("+1202{number}"));
        }
    }
    store.journal().apply(&events(1, bodies)).await.unwrap();
    for (prefix, found) in [
        ("5550100", vec![1]),
        ("55501", vec![2, 1]),
        ("555", vec![3, 2, 1]),
        ("+1202", vec![2, 1]),
        ("+1", vec![2, 1]),
        ("%", vec![4]),
        ("5%", vec![]),
        ("_", vec![]),
        ("556", vec![]),
        ("", vec![4, 3, 2, 1]),
    ] {
        let filter = CallFilter {
            caller: Some(prefix.to_owned()),
            ..CallFilter::default()
        };
        let page = store.calls().page(&filter, None, 9).await.unwrap();
        let ids: Vec<_> = page.iter().map(|call| call.id).collect();
        let found: Vec<_> = found.into_iter().map(call_id).collect();
        assert_eq!(ids, found, "{prefix:?}");
    }
}

async fn open_calls_come_back_with_their_live_offers(store: &Store) {
    let bodies = vec![
        arrived(1), // waits
        arrived(2), // rings on two phones, one missed
        offered(2, 21, 1),
        offered(2, 22, 2),
        offered(2, 23, 3),
        offer_ended(2, 21, 1, OfferResult::Missed),
        arrived(3), // talks
        offered(3, 31, 1),
        offer_ended(3, 31, 1, OfferResult::Answered),
        answered(3, 31, 1),
        arrived(4), // ended
        ended(4, None),
        arrived(5), // is being connected
        offered(5, 51, 4),
        offer_ended(5, 51, 4, OfferResult::Answered),
    ];
    store.journal().apply(&events(1, bodies)).await.unwrap();
    let open = store.calls().open().await.unwrap();
    let seen: Vec<_> = open
        .iter()
        .map(|open| {
            let offers: Vec<_> = open.offers.iter().map(|offer| offer.id).collect();
            (open.call.id, open.call.state, offers)
        })
        .collect();
    let offers = |ids: &[u128]| ids.iter().copied().map(offer_id).collect::<Vec<_>>();
    assert_eq!(
        seen,
        [
            (call_id(1), CallState::Waiting, offers(&[])),
            (call_id(2), CallState::Ringing, offers(&[22, 23])),
            (call_id(3), CallState::Talking, offers(&[31])),
            (call_id(5), CallState::Connecting, offers(&[51])),
        ]
    );
}

async fn many_open_calls_come_back(store: &Store) {
    let bodies: Vec<EventBody> = (1..=600)
        .flat_map(|call| [arrived(call), offered(call, call, call)])
        .collect();
    store.journal().apply(&events(1, bodies)).await.unwrap();
    let open = store.calls().open().await.unwrap();
    assert_eq!(open.len(), 600);
    for (number, open) in (1..).zip(&open) {
        assert_eq!(open.call.id, call_id(number));
        assert_eq!(open.offers.len(), 1);
        assert_eq!(open.offers[0].id, offer_id(number));
    }
}

async fn answered_calls_are_counted_per_agent(store: &Store) {
    let bodies = vec![
        arrived(1),
        answered(1, 1, 1),
        arrived(2),
        answered(2, 2, 1),
        arrived(3),
        answered(3, 3, 2),
        ended(3, Some(2)),
        arrived(4),
    ];
    store.journal().apply(&events(1, bodies)).await.unwrap();
    let counted = store.calls().answered_since(at(0)).await.unwrap();
    assert_eq!(counted, [(agent_id(1), 2), (agent_id(2), 1)]);
    let counted = store.calls().answered_since(at(4_000)).await.unwrap();
    assert_eq!(counted, [(agent_id(1), 1), (agent_id(2), 1)]);
    let counted = store.calls().answered_since(at(60_000)).await.unwrap();
    assert_eq!(counted, []);
}

async fn past_calls_are_added_once_and_taken_back(store: &Store) {
    let lived = fill(store).await;
    let ended = lived.iter().find(|call| call.ended_at.is_some()).unwrap();
    let past = |number: u128| {
        let call = Call {
            id: call_id(1_000 + number),
            ..ended.clone()
        };
        let offer = Offer {
            id: offer_id(1_000 + number),
            call: call.id,
            queue: queue_id(1),
            agent: agent_id(1),
            made_at: at(1),
            ended_at: Some(at(2)),
            result: Some(OfferResult::Missed),
            ring_ms: Some(9),
        };
        PastCall {
            call,
            offers: vec![offer],
        }
    };
    let mut pasts: Vec<PastCall> = (0..250).map(past).collect();
    let log = store.calls();
    assert_eq!(log.add_past(&pasts[..100]).await, Ok(100));
    "changed".clone_into(&mut pasts[0].call.dialled);
    pasts.push(past(249));
    assert_eq!(log.add_past(&pasts).await, Ok(150));
    for number in [0, 249] {
        let expected = past(number);
        let found = log.get(expected.call.id).await.unwrap();
        assert_eq!(found, Some(expected.call.clone()));
        let offers = log.offers_of(expected.call.id).await.unwrap();
        assert_eq!(offers, expected.offers);
    }
    let mut ids: Vec<_> = pasts.iter().map(|past| past.call.id).collect();
    ids.dedup();
    assert_eq!(log.count_among(&ids).await, Ok(250));
    assert_eq!(log.count_among(&[call_id(5_000)]).await, Ok(0));
    assert_eq!(log.remove_past(&ids).await, Ok(250));
    assert_eq!(log.remove_past(&ids).await, Ok(0));
    assert_eq!(log.offers_of(ids[0]).await, Ok(vec![]));
    let page = log.page(&CallFilter::default(), None, 500).await.unwrap();
    assert_eq!(page.len(), lived.len());
    let many = vec![past(0); MAX_PAST + 1];
    for refused in [
        log.add_past(&many).await,
        log.remove_past(&vec![call_id(1); MAX_PAST + 1]).await,
    ] {
        assert!(matches!(refused, Err(StoreError::Refused { .. })));
    }
}

async fn a_placed_call_is_kept_with_what_it_was_placed_with(store: &Store) {
    let placed = Placed {
        campaign: String::new(),
        caller_id: Some("2025550101".to_owned()),
        reservation: Some(reservation_id(1)),
        trunk: None,
    };
    let begun = EventBody::CallPlaced {
        call: call_id(1),
        server: server_id(1),
        channel: "cordboard-dial-agent-1".to_owned(),
        agent: agent_id(1),
        customer: Caller {
            e164: Some("+13105550142".to_owned()),
            ..Caller::new("+13105550142", "")
        },
        dialled: "13105550142".to_owned(),
        placed: placed.clone(),
    };
    let (call, agent) = (call_id(1), agent_id(1));
    let steps = [
        (begun, CallState::Ringing),
        (
            EventBody::AgentPickedUp { call, agent },
            CallState::Connecting,
        ),
        (
            EventBody::CustomerAnswered { call, agent },
            CallState::Talking,
        ),
    ];
    for (seq, (body, state)) in (1..).zip(steps) {
        store
            .journal()
            .apply(&events(seq, vec![body]))
            .await
            .unwrap();
        let found = store.calls().get(call).await.unwrap().unwrap();
        assert_eq!((found.state, &found.placed), (state, &Some(placed.clone())));
        assert_eq!(found.direction, Direction::Outbound);
        let open = store.calls().open().await.unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].call, found);
    }
    let over = EventBody::CallEnded {
        call,
        queue: None,
        agent: Some(agent),
        outcome: Outcome::Answered,
        overflow_reason: None,
        ended_by: EndedBy::Agent,
        hangup_cause: Some(16),
        wait_ms: None,
        talk_ms: Some(1_000),
    };
    store.journal().apply(&events(4, vec![over])).await.unwrap();
    let found = store.calls().get(call).await.unwrap().unwrap();
    assert_eq!(
        (found.answered_at, found.ended_at),
        (Some(at(3_000)), Some(at(4_000)))
    );
    assert_eq!((found.agent, found.placed), (Some(agent), Some(placed)));
    // Nobody has placed this one.
    store
        .journal()
        .apply(&events(5, vec![arrived(2)]))
        .await
        .unwrap();
    assert_eq!(
        store.calls().get(call_id(2)).await.unwrap().unwrap().placed,
        None
    );
}

async fn what_was_done_to_a_call_is_kept(store: &Store) {
    let deeds = [
        Deed::Held,
        Deed::Muted,
        Deed::Resumed { held_ms: 1_000 },
        Deed::RecordingStarted { name: "a".into() },
        Deed::Held,
    ];
    let mut bodies = vec![arrived(1), queued(1, 1), answered(1, 1, 1)];
    bodies.extend(deeds.map(|deed| EventBody::CallControlled {
        call: call_id(1),
        agent: agent_id(1),
        by: Some("ann".into()),
        deed,
    }));
    let all = events(1, bodies);
    store.journal().apply(&all).await.unwrap();
    // Written a second time, nothing counts twice.
    store.journal().apply(&all[4..]).await.unwrap();
    let open = store.calls().open().await.unwrap();
    let control = &open[0].call.control;
    assert_eq!(control.held_since, Some(at(8_000)));
    assert_eq!((control.hold_ms, control.muted), (1_000, true));
    assert_eq!(control.recordings[0].state, RecordingState::Recording);
    let over = events(9, vec![ended(1, Some(1))]);
    store.journal().apply(&over).await.unwrap();
    let call = store.calls().get(call_id(1)).await.unwrap().unwrap();
    assert_eq!(
        (call.control.hold_ms, call.control.held_since),
        (1_001, None)
    );
    assert_eq!(call.control.recordings[0].state, RecordingState::Ended);
    assert!(!call.control.muted);
}
