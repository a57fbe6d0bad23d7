//! Several nodes, each with a connection and tasks of its own, under load on one pool.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use cluster::SharedPool;
use engine::callerid::Refusal;
use model::{CallerId, E164};

use crate::fixtures::*;

const NODES: usize = 3;
const ASKERS: usize = 8;
const QUESTIONS: usize = 150;

/// Calls that present a number at this moment, as the askers count them.
type Live = Arc<BTreeMap<E164, AtomicU16>>;

async fn asker(pool: SharedPool, asker: usize, live: Live) -> Vec<(E164, i64)> {
    let mut made = Vec::new();
    for question in 0..QUESTIONS {
        let to = format!("212{:07}", 6_000_000 + asker * QUESTIONS + question);
        let answer = pool.allocate(fresh_id(), &asked(&to, "sales"), None).await;
        match answer.unwrap() {
            Ok(chosen) => {
                let allocation = chosen.allocation;
                let made_at = allocation.reservation.made_at.as_micros();
                let number = allocation.reservation.number;
                let calls = live[&number].fetch_add(1, Ordering::SeqCst) + 1;
                assert!(calls <= 2, "{number} carries {calls} calls");
                made.push((number, made_at));
                tokio::task::yield_now().await;
                live[&number].fetch_sub(1, Ordering::SeqCst);
                assert!(pool.release(allocation.reservation.id, None).await.unwrap());
            }
            Err(Refusal::Exhausted(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    made
}

contract!(nodes_under_load_never_break_a_cap);

async fn nodes_under_load_never_break_a_cap(on: On) {
    let Some(home) = Home::fresh(on).await else {
        return;
    };
    let numbers: Vec<_> = (0..20)
        .map(|line| {
            unused(CallerId {
                per_minute_limit: Some(40),
                hourly_limit: 60,
                max_concurrent: 2,
                ..us(&format!("212{:07}", 5_550_100 + line))
            })
        })
        .collect();
    let live = numbers
        .iter()
        .map(|number| (number.said.e164, AtomicU16::new(0)));
    let live: Live = Arc::new(live.collect());
    let mut askers = Vec::new();
    for node in 0..NODES {
        let name = format!("node-{node}");
        let pool = SharedPool::connect(&home.address(), &name, limits()).await;
        let pool = pool.unwrap();
        pool.open(&name).await.unwrap();
        pool.set(&numbers, now()).await.unwrap();
        for index in 0..ASKERS {
            let task = asker(pool.clone(), node * ASKERS + index, Arc::clone(&live));
            askers.push(tokio::spawn(task));
        }
    }
    let mut windows: BTreeMap<(E164, i64, i64), u32> = BTreeMap::new();
    let mut made = 0;
    for asker in askers {
        for (number, at) in asker.await.unwrap() {
            made += 1;
            for length in [60, 3600] {
                let window = at / (length * 1_000_000);
                *windows.entry((number, length, window)).or_default() += 1;
            }
        }
    }
    for ((number, length, _), uses) in windows {
        let cap = if length == 60 { 40 } else { 60 };
        assert!(uses <= cap, "{number}: {uses} uses in {length} s");
    }
    assert!(made >= 20 * 40, "the caps were reached: {made} uses");
}
