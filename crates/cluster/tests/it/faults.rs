//! A server that forgets, or throws keys away.

use cluster::{Address, ClusterError, SharedPool};
use model::CallerId;

use crate::fixtures::*;

async fn say(dsn: &str, words: &[&str]) {
    let mut connection = connect(dsn).await;
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.exec_async(&mut connection).await.unwrap();
}

async fn node(dsn: &str, name: &str) -> SharedPool {
    let address = Address::parse(dsn).unwrap();
    let pool = SharedPool::connect(&address, name, limits()).await;
    pool.unwrap()
}

#[tokio::test]
async fn a_script_that_redis_forgot_is_brought_again() {
    if !is_here() {
        return;
    }
    let server = lab::redis().await.unwrap();
    let pool = node(server.dsn(), "a").await;
    pool.open("first").await.unwrap();
    let said = CallerId {
        max_concurrent: 9,
        ..us("2125550101")
    };
    pool.set(&[unused(said.clone())], now()).await.unwrap();
    for to in ["2125550201", "2125550202"] {
        say(server.dsn(), &["SCRIPT", "FLUSH"]).await;
        let answer = pool.allocate(fresh_id(), &asked(to, "sales"), None).await;
        assert!(answer.unwrap().is_ok());
        say(server.dsn(), &["SCRIPT", "FLUSH"]).await;
        pool.set(&[unused(said.clone())], now()).await.unwrap();
    }
}

#[tokio::test]
async fn a_node_hears_that_its_pool_is_gone() {
    if !is_here() {
        return;
    }
    let database = lab::shared_redis().await.unwrap();
    let pool = node(database.dsn(), "a").await;
    pool.open("first").await.unwrap();
    pool.set(&[unused(us("2125550101"))], now()).await.unwrap();
    say(database.dsn(), &["FLUSHDB"]).await;
    let asked = asked("2125550201", "sales");
    let gone = pool.allocate(fresh_id(), &asked, None).await;
    assert!(matches!(gone, Err(ClusterError::Lost)), "{gone:?}");
    // Another node was quicker to make a new one: that does not know what this one did either.
    let other = node(database.dsn(), "b").await;
    other.open("second").await.unwrap();
    assert!(matches!(pool.tick().await, Err(ClusterError::Lost)));
    pool.open("third").await.unwrap();
    pool.set(&[unused(us("2125550101"))], now()).await.unwrap();
    assert!(
        other
            .allocate(fresh_id(), &asked, None)
            .await
            .unwrap()
            .is_ok()
    );
}

#[tokio::test]
async fn a_policy_that_evicts_is_seen() {
    if !is_here() {
        return;
    }
    let server = lab::redis().await.unwrap();
    let pool = node(server.dsn(), "a").await;
    assert!(!pool.policy().await.unwrap().evicts_the_pool());
    say(
        server.dsn(),
        &["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"],
    )
    .await;
    let policy = pool.policy().await.unwrap();
    assert!(policy.evicts_the_pool());
    assert_eq!(policy.name(), "allkeys-lru");
}

#[tokio::test]
async fn a_full_memory_leaves_nothing_half_done() {
    if !is_here() {
        return;
    }
    let server = lab::redis().await.unwrap();
    let pool = node(server.dsn(), "a").await;
    pool.open("first").await.unwrap();
    pool.set(&[unused(us("2125550101"))], now()).await.unwrap();
    let asked = asked("2125550201", "sales");
    let made = pool
        .allocate(fresh_id(), &asked, None)
        .await
        .unwrap()
        .unwrap();
    say(server.dsn(), &["CONFIG", "SET", "maxmemory", "1"]).await;
    assert!(matches!(
        pool.release(made.allocation.reservation.id, None).await,
        Err(ClusterError::Redis(_))
    ));
    say(server.dsn(), &["CONFIG", "SET", "maxmemory", "0"]).await;
    assert!(
        pool.release(made.allocation.reservation.id, None)
            .await
            .unwrap()
    );
    assert!(
        pool.allocate(fresh_id(), &asked, None)
            .await
            .unwrap()
            .is_ok()
    );
}
