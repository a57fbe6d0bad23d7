//! What the journal makes of events.

use crate::contract;
use crate::fixtures::{
    agent, agent_id, answered, arrived, at, call_id, changed, ended, event, events, offer_ended,
    offer_id, offered, queue_id, queued, server_id,
};
use model::{
    AgentState, AgentStatus, CallState, EndedBy, Event, EventBody, OfferResult, Outcome,
    OverflowReason,
};
use store::{Applied, MAX_BATCH, Store, StoreError};

contract!(
    a_call_from_arrival_to_end,
    a_batch_and_its_pieces_give_the_same_rows,
    applying_twice_changes_nothing,
    a_gap_is_refused_whole,
    offers_move_the_call,
    a_call_overflows_and_is_abandoned,
    agents_states_have_no_holes,
    events_are_read_back_in_order,
    events_are_pruned_from_the_front,
    no_event_can_stop_the_journal,
    two_writers_do_not_apply_twice,
    any_cut_of_any_events_gives_the_same_rows,
);

fn a_days_start() -> Vec<Event> {
    events(
        1,
        vec![
            changed(1, AgentState::Available, 100),
            arrived(1),
            queued(1, 1),
            offered(1, 1, 1),
            changed(1, AgentState::Ringing, 400),
            offer_ended(1, 1, 1, OfferResult::Answered),
            changed(1, AgentState::Busy, 600),
            answered(1, 1, 1),
            arrived(2),
            queued(2, 1),
            ended(1, Some(1)),
            changed(1, AgentState::WrapUp, 1_100),
        ],
    )
}

async fn a_call_from_arrival_to_end(store: &Store) {
    store.agents().create(&agent(1)).await.unwrap();
    let journal = store.journal();
    assert_eq!(journal.applied_seq().await, Ok(0));
    let applied = journal.apply(&a_days_start()).await;
    let expected = Applied {
        seq: 12,
        new: 12,
        known: 0,
    };
    assert_eq!(applied, Ok(expected));
    assert_eq!(journal.applied_seq().await, Ok(12));

    let call = store.calls().get(call_id(1)).await.unwrap().unwrap();
    assert_eq!(call.server, server_id(1));
    assert_eq!(call.channel, "1767312000.1");
    assert_eq!(call.caller.number, "5550001");
    assert_eq!(call.caller.e164.as_deref(), Some("+12025550001"));
    assert_eq!(call.dialled, "5550100");
    assert_eq!(call.state, CallState::Ended);
    assert_eq!(call.queue, Some(queue_id(1)));
    assert_eq!(call.priority, 3);
    assert_eq!(call.agent, Some(agent_id(1)));
    assert_eq!(call.offer, Some(offer_id(1)));
    assert_eq!(call.arrived_at, at(2_000));
    assert_eq!(call.queued_at, Some(at(3_000)));
    assert_eq!(call.answered_at, Some(at(8_000)));
    assert_eq!(call.ended_at, Some(at(11_000)));
    assert_eq!((call.wait_ms, call.talk_ms), (Some(2_500), Some(60_000)));
    assert_eq!(call.outcome, Some(Outcome::Answered));
    assert_eq!(call.ended_by, Some(EndedBy::Caller));
    assert_eq!(call.hangup_cause, Some(16));

    let status = store.agents().status(agent_id(1)).await;
    let expected = AgentStatus::plain(AgentState::WrapUp, at(1_100));
    assert_eq!(status, Ok(Some(expected.clone())));
    let statuses = store.agents().statuses(None, 9).await;
    assert_eq!(statuses, Ok(vec![(agent_id(1), expected)]));
    let statuses = store.agents().statuses(Some(agent_id(1)), 9).await;
    assert_eq!(statuses, Ok(vec![]));
}

async fn a_batch_and_its_pieces_give_the_same_rows(store: &Store) {
    // Piece by piece here; in one batch in a SQLite of its own.
    let whole = Store::open("sqlite::memory:").await.unwrap();
    whole.migrate().await.unwrap();
    let events = a_days_start();
    whole.journal().apply(&events).await.unwrap();
    for event in &events {
        let one = std::slice::from_ref(event);
        store.journal().apply(one).await.unwrap();
    }
    same_rows(store, &whole).await;
}

async fn same_rows(left: &Store, right: &Store) {
    let window = (at(-1), at(1_000_000_000));
    for call in [1, 2].map(call_id) {
        let of = |store: &Store| store.clone();
        let (l, r) = (of(left), of(right));
        assert_eq!(l.calls().get(call).await, r.calls().get(call).await);
        let offers = l.calls().offers_of(call).await;
        assert_eq!(offers, r.calls().offers_of(call).await);
    }
    assert_eq!(
        left.agent_states().list(window, None, 500).await,
        right.agent_states().list(window, None, 500).await
    );
    assert_eq!(
        left.events().after(0, 500).await,
        right.events().after(0, 500).await
    );
    assert_eq!(
        left.agents().status(agent_id(1)).await,
        right.agents().status(agent_id(1)).await
    );
}

async fn applying_twice_changes_nothing(store: &Store) {
    let whole = Store::open("sqlite::memory:").await.unwrap();
    whole.migrate().await.unwrap();
    let events = a_days_start();
    whole.journal().apply(&events).await.unwrap();

    store.journal().apply(&events[..7]).await.unwrap();
    let known = store.journal().apply(&events[..7]).await;
    let expected = Applied {
        seq: 7,
        new: 0,
        known: 7,
    };
    assert_eq!(known, Ok(expected));
    let overlapping = store.journal().apply(&events[3..]).await;
    let expected = Applied {
        seq: 12,
        new: 5,
        known: 4,
    };
    assert_eq!(overlapping, Ok(expected));
    store.journal().apply(&events).await.unwrap();
    let nothing = store.journal().apply(&[]).await.unwrap();
    assert_eq!((nothing.seq, nothing.new), (12, 0));
    same_rows(store, &whole).await;
}

async fn a_gap_is_refused_whole(store: &Store) {
    let journal = store.journal();
    let gap = journal.apply(&events(2, vec![arrived(1)])).await;
    let (expected, found) = (1, 2);
    assert_eq!(gap, Err(StoreError::Gap { expected, found }));
    let mut holed = events(1, vec![arrived(1), arrived(2), arrived(3)]);
    holed.remove(1);
    let (expected, found) = (2, 3);
    let gap = journal.apply(&holed).await;
    assert_eq!(gap, Err(StoreError::Gap { expected, found }));
    assert_eq!(journal.applied_seq().await, Ok(0));
    assert_eq!(store.calls().get(call_id(1)).await, Ok(None));

    let many = events(1, vec![arrived(1); MAX_BATCH + 1]);
    let refused = journal.apply(&many).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused { field, .. } if field == "events"));
}

async fn offers_move_the_call(store: &Store) {
    let steps = [
        (arrived(1), CallState::Waiting),
        (queued(1, 1), CallState::Waiting),
        (offered(1, 1, 1), CallState::Ringing),
        (offered(1, 2, 2), CallState::Ringing),
        (
            offer_ended(1, 1, 1, OfferResult::Missed),
            CallState::Ringing,
        ),
        (
            offer_ended(1, 2, 2, OfferResult::Declined),
            CallState::Waiting,
        ),
        (offered(1, 3, 1), CallState::Ringing),
        (
            offer_ended(1, 3, 1, OfferResult::Answered),
            CallState::Connecting,
        ),
        (
            offer_ended(1, 3, 1, OfferResult::BridgeFailed),
            CallState::Waiting,
        ),
        (offered(1, 4, 2), CallState::Ringing),
        (
            offer_ended(1, 4, 2, OfferResult::Answered),
            CallState::Connecting,
        ),
        (answered(1, 4, 2), CallState::Talking),
        (
            offer_ended(1, 4, 2, OfferResult::Answered),
            CallState::Talking,
        ),
        (ended(1, Some(2)), CallState::Ended),
        (
            offer_ended(1, 1, 1, OfferResult::CallerGone),
            CallState::Ended,
        ),
    ];
    for (seq, (body, state)) in (1..).zip(steps) {
        store.journal().apply(&[event(seq, body)]).await.unwrap();
        let call = store.calls().get(call_id(1)).await.unwrap().unwrap();
        assert_eq!(call.state, state, "after event {seq}");
        let has_agent = matches!(
            state,
            CallState::Connecting | CallState::Talking | CallState::Ended
        );
        assert_eq!(call.agent.is_some(), has_agent, "after event {seq}");
        assert_eq!(call.offer.is_some(), has_agent, "after event {seq}");
    }
    let offers = store.calls().offers_of(call_id(1)).await.unwrap();
    let results: Vec<_> = offers.iter().map(|offer| offer.result.unwrap()).collect();
    assert_eq!(
        results,
        [
            OfferResult::Missed,
            OfferResult::Declined,
            OfferResult::BridgeFailed,
            OfferResult::Answered
        ]
    );
    assert_eq!(offers[0].made_at, at(3_000));
    assert_eq!(offers[0].ended_at, Some(at(5_000)));
    assert_eq!(offers[0].ring_ms, Some(1_500));
}

async fn a_call_overflows_and_is_abandoned(store: &Store) {
    let mut overflow = queued(1, 2);
    if let EventBody::CallQueued {
        overflow_reason, ..
    } = &mut overflow
    {
        *overflow_reason = Some(OverflowReason::MaxWait);
    }
    let bodies = vec![arrived(1), queued(1, 1), overflow];
    store.journal().apply(&events(1, bodies)).await.unwrap();
    let call = store.calls().get(call_id(1)).await.unwrap().unwrap();
    assert_eq!(call.queue, Some(queue_id(2)));
    assert_eq!(call.queued_at, Some(at(2_000)), "the first queue counts");
    assert_eq!(call.overflow_reason, Some(OverflowReason::MaxWait));

    let last = [event(4, ended(1, None))];
    store.journal().apply(&last).await.unwrap();
    let call = store.calls().get(call_id(1)).await.unwrap().unwrap();
    assert_eq!(call.outcome, Some(Outcome::Abandoned));
    assert_eq!((call.agent, call.talk_ms), (None, None));
}

async fn agents_states_have_no_holes(store: &Store) {
    let mut outlook = AgentStatus::plain(AgentState::Busy, at(300));
    outlook.next = Some(AgentState::Break);
    outlook.next_reason = Some("lunch".to_owned());
    outlook.until = Some(at(900));
    outlook.call = Some(call_id(1));
    outlook.offer = Some(offer_id(1));
    let same_state = EventBody::AgentChanged {
        agent: agent_id(1),
        from: AgentState::Busy,
        status: outlook.clone(),
    };
    let bodies = vec![
        changed(1, AgentState::Available, 100),
        changed(2, AgentState::Available, 200),
        changed(1, AgentState::Busy, 300),
        same_state,
    ];
    store.agents().create(&agent(1)).await.unwrap();
    store.journal().apply(&events(1, bodies)).await.unwrap();
    assert_eq!(
        store.agents().status(agent_id(1)).await,
        Ok(Some(outlook.clone()))
    );
    let last = [event(5, changed(1, AgentState::Break, 400))];
    store.journal().apply(&last).await.unwrap();

    let states = store.agent_states();
    let day = (at(0), at(10_000));
    let own = states.of_agent(agent_id(1), day, None, 9).await.unwrap();
    let seen: Vec<_> = own
        .iter()
        .map(|i| (i.seq, i.state, i.started_at, i.ended_at))
        .collect();
    assert_eq!(
        seen,
        [
            (1, AgentState::Available, at(100), Some(at(300))),
            (3, AgentState::Busy, at(300), Some(at(400))),
            (5, AgentState::Break, at(400), None),
        ]
    );
    let all = states.list(day, None, 500).await.unwrap();
    assert_eq!(all.iter().map(|i| i.seq).collect::<Vec<_>>(), [1, 2, 3, 5]);
    let rest = states.list(day, Some(2), 1).await.unwrap();
    assert_eq!(rest[0].seq, 3);
    let part = (at(300), at(400));
    let part = states.of_agent(agent_id(1), part, None, 9).await.unwrap();
    assert_eq!(part.iter().map(|i| i.seq).collect::<Vec<_>>(), [3]);
    let rest = states.of_agent(agent_id(1), day, Some(3), 9).await.unwrap();
    assert_eq!(rest.len(), 1);
}

async fn events_are_read_back_in_order(store: &Store) {
    let written = a_days_start();
    assert_eq!(store.events().oldest_seq().await, Ok(None));
    assert_eq!(store.events().last_seq().await, Ok(0));
    store.journal().apply(&written).await.unwrap();
    let kept = store.events();
    assert_eq!(kept.after(0, 500).await, Ok(written.clone()));
    assert_eq!(kept.after(4, 3).await, Ok(written[4..7].to_vec()));
    assert_eq!(kept.after(12, 3).await, Ok(vec![]));
    assert_eq!(kept.last_seq().await, Ok(12));
    assert_eq!(kept.oldest_seq().await, Ok(Some(1)));
    let of_call = kept.of_call(call_id(2), 0, 9).await.unwrap();
    assert_eq!(of_call, [written[8].clone(), written[9].clone()]);
    let rest = kept.of_call(call_id(2), 9, 9).await.unwrap();
    assert_eq!(rest, [written[9].clone()]);
}

async fn events_are_pruned_from_the_front(store: &Store) {
    store.journal().apply(&a_days_start()).await.unwrap();
    let kept = store.events();
    assert_eq!(kept.prune_before(at(1_000)).await, Ok(0));
    assert_eq!(kept.prune_before(at(5_000)).await, Ok(4));
    assert_eq!(kept.prune_before(at(5_000)).await, Ok(0));
    assert_eq!(kept.oldest_seq().await, Ok(Some(5)));
    assert_eq!(kept.prune_before(at(1_000_000)).await, Ok(8));
    assert_eq!(kept.prune_before(at(1_000_000)).await, Ok(0));
    assert_eq!(kept.oldest_seq().await, Ok(None));
    assert_eq!(
        kept.last_seq().await,
        Ok(12),
        "numbers are never used twice"
    );
    let next = [event(13, arrived(3))];
    store.journal().apply(&next).await.unwrap();
    assert_eq!(kept.oldest_seq().await, Ok(Some(13)));
}

async fn no_event_can_stop_the_journal(store: &Store) {
    let long = format!("a\0b{}", "\u{1F4DE}".repeat(10_000));
    let mut stranger = arrived(1);
    if let EventBody::CallArrived {
        channel,
        caller,
        dialled,
        ..
    } = &mut stranger
    {
        for text in [channel, &mut caller.number, &mut caller.name, dialled] {
            text.clone_from(&long);
        }
        caller.e164 = Some(long.clone());
    }
    let mut away = AgentStatus::plain(AgentState::Break, at(1));
    away.reason = Some(long.clone());
    away.next_reason = Some(long.clone());
    let body = EventBody::AgentChanged {
        agent: agent_id(1),
        from: AgentState::Offline,
        status: away,
    };
    let lost = EventBody::ServerLost {
        server: server_id(1),
        reason: long.clone(),
    };
    // Of calls and offers that nobody ever saw, too.
    let bodies = vec![
        stranger,
        body,
        lost,
        queued(8, 8),
        offer_ended(8, 8, 8, OfferResult::Missed),
        answered(8, 8, 8),
        ended(8, None),
        arrived(1),
    ];
    let written = events(1, bodies);
    store.journal().apply(&written).await.unwrap();
    assert_eq!(store.events().after(0, 500).await, Ok(written));
    let call = store.calls().get(call_id(1)).await.unwrap().unwrap();
    assert!(call.caller.name.starts_with("ab\u{1F4DE}"));
    assert_eq!(call.caller.name.chars().count(), 100);
    assert_eq!(store.calls().get(call_id(8)).await, Ok(None));
}

async fn two_writers_do_not_apply_twice(store: &Store) {
    let events = events(1, (1..=200).map(arrived).collect());
    let (a, b) = (store.clone(), store.clone());
    let (left, right) = (events.clone(), events.clone());
    let write = async |store: Store, events: Vec<Event>| {
        let mut new = 0;
        for chunk in events.chunks(20) {
            new += store.journal().apply(chunk).await.unwrap().new;
        }
        new
    };
    let (a, b) = tokio::join!(write(a, left), write(b, right));
    assert_eq!(a + b, 200);
    assert_eq!(store.events().after(0, 500).await, Ok(events));
}

/// Nonsense too: answers without offers, ends before arrivals, all of it doubled.
fn any_events(seed: u64, count: usize) -> Vec<Event> {
    let mut state = seed;
    let mut draw = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        u128::from((state >> 33) % below)
    };
    let results = [
        OfferResult::Answered,
        OfferResult::Missed,
        OfferResult::BridgeFailed,
        OfferResult::CallerGone,
    ];
    let mut bodies = Vec::new();
    for index in 0..count {
        let (call, agent) = (1 + draw(6), 1 + draw(3));
        let offer = call * 10 + draw(3);
        bodies.push(match draw(9) {
            0 | 1 => arrived(call),
            2 => queued(call, 1 + draw(2)),
            3 => offered(call, offer, agent),
            4 => offer_ended(
                call,
                offer,
                agent,
                results[usize::try_from(draw(4)).unwrap()],
            ),
            5 => answered(call, offer, agent),
            6 if draw(3) == 0 => ended(call, Some(agent)),
            6 => ended(call, None),
            _ => {
                let state = AgentState::ALL[usize::try_from(draw(7)).unwrap()];
                changed(agent, state, i64::try_from(index).unwrap() / 2 * 1_000)
            }
        });
    }
    events(1, bodies)
}

async fn any_cut_of_any_events_gives_the_same_rows(store: &Store) {
    cut_gives_the_same_rows(store, 20_260_102).await;
}

#[tokio::test]
async fn any_cut_of_many_events_gives_the_same_rows() {
    for seed in 0..25 {
        let store = Store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        cut_gives_the_same_rows(&store, seed).await;
    }
}

async fn cut_gives_the_same_rows(store: &Store, seed: u64) {
    let events = any_events(seed, 400);
    let whole = Store::open("sqlite::memory:").await.unwrap();
    whole.migrate().await.unwrap();
    whole.journal().apply(&events).await.unwrap();
    let mut rest = &events[..];
    for size in [1, 2, 3, 5, 8, 13, 21].into_iter().cycle() {
        let (batch, after) = rest.split_at(size.min(rest.len()));
        store.journal().apply(batch).await.unwrap();
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    let mut found = 0;
    for call in (1..=6).map(call_id) {
        let (left, right) = (store.calls(), whole.calls());
        assert_eq!(left.get(call).await, right.get(call).await, "seed {seed}");
        let offers = left.offers_of(call).await.unwrap();
        found += offers.len();
        assert_eq!(Ok(offers), right.offers_of(call).await, "seed {seed}");
    }
    assert!(found > 0, "seed {seed} offers something");
    for agent in (1..=3).map(agent_id) {
        let day = (at(-1), at(1_000_000_000));
        let left = store.agent_states().of_agent(agent, day, None, 500).await;
        let right = whole.agent_states().of_agent(agent, day, None, 500).await;
        let open = left.iter().flatten().filter(|i| i.ended_at.is_none());
        assert_eq!(open.count(), 1, "one state at a time");
        assert_eq!(left, right, "seed {seed}");
    }
}
