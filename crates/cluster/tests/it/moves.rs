//! What happens to the pool in a cluster: its slot is moved under load, its master goes away and comes back, a replica takes over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cluster::{Address, ClusterError, SharedPool};
use engine::callerid::Refusal;
use model::{CallerId, E164};
use redis::aio::MultiplexedConnection;

use crate::fixtures::*;

const HOURLY: u32 = 300;
const NUMBERS: u32 = 10;

async fn say<T: redis::FromRedisValue>(to: &mut MultiplexedConnection, words: &str) -> T {
    let mut words = words.split(' ');
    let mut command = redis::cmd(words.next().unwrap());
    command.arg(words.collect::<Vec<_>>());
    command.query_async(to).await.unwrap()
}

async fn node(cluster: &lab::RedisCluster, name: &str) -> SharedPool {
    let address = Address::parse(cluster.dsn()).unwrap();
    let pool = SharedPool::connect(&address, name, limits()).await.unwrap();
    pool.open(name).await.unwrap();
    pool
}

fn numbers() -> Vec<cluster::SharedNumber> {
    let number = |line| {
        unused(CallerId {
            hourly_limit: HOURLY,
            max_concurrent: 100,
            ..us(&format!("212{:07}", 5_550_100 + line))
        })
    };
    (0..NUMBERS).map(number).collect()
}

/// Moves a slot with all its keys from one master to another, as `redis-cli --cluster reshard` does. Answers how many keys.
async fn move_slot(cluster: &lab::RedisCluster, slot: u16, from: usize, to: usize) -> usize {
    let dsns: Vec<String> = cluster.masters().map(Into::into).collect();
    let mut masters = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for dsn in &dsns {
        let mut master = connect(dsn).await;
        ids.push(say(&mut master, "CLUSTER MYID").await);
        masters.push(master);
    }
    let (from_id, to_id) = (&ids[from], &ids[to]);
    let _: () = say(
        &mut masters[to],
        &format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}"),
    )
    .await;
    let _: () = say(
        &mut masters[from],
        &format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}"),
    )
    .await;
    let (login, address) = dsns[to]
        .split_once("://")
        .unwrap()
        .1
        .split_once('@')
        .unwrap();
    let password = login.split_once(':').unwrap().1;
    let port = address
        .split_once(':')
        .unwrap()
        .1
        .split('/')
        .next()
        .unwrap();
    let mut moved = 0;
    loop {
        let keys: Vec<String> = say(
            &mut masters[from],
            &format!("CLUSTER GETKEYSINSLOT {slot} 20"),
        )
        .await;
        if keys.is_empty() {
            break;
        }
        moved += keys.len();
        let mut migrate = redis::cmd("MIGRATE");
        migrate.arg("127.0.0.1").arg(port).arg("").arg(0).arg(5000);
        migrate
            .arg("AUTH2")
            .arg("default")
            .arg(password)
            .arg("KEYS");
        migrate
            .arg(keys)
            .exec_async(&mut masters[from])
            .await
            .unwrap();
    }
    // First whom it is moved to, so that there is always one who has it.
    for index in [to, from, 3 - to - from] {
        let _: () = say(
            &mut masters[index],
            &format!("CLUSTER SETSLOT {slot} NODE {to_id}"),
        )
        .await;
    }
    moved
}

/// Asks until it is told to stop. Answers each number's uses by hour, and how often there was no answer.
async fn asker(pool: SharedPool, asker: usize, stop: Arc<AtomicBool>) -> (Vec<(E164, i64)>, usize) {
    let (mut made, mut unanswered, mut question) = (Vec::new(), 0, 0);
    while !stop.load(Ordering::Relaxed) {
        let to = format!("212{:07}", asker * 100_000 + question);
        question += 1;
        match pool.allocate(fresh_id(), &asked(&to, "sales"), None).await {
            Ok(Ok(chosen)) => {
                let allocation = chosen.allocation;
                let hour = allocation.reservation.made_at.as_micros() / 3_600_000_000;
                made.push((allocation.reservation.number, hour));
            }
            Ok(Err(Refusal::Exhausted(_))) => tokio::time::sleep(Duration::from_millis(1)).await,
            Ok(Err(other)) => panic!("{other:?}"),
            Err(ClusterError::Redis(_)) => unanswered += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    (made, unanswered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_is_moved_under_load_and_no_cap_is_broken() {
    if !is_here() {
        return;
    }
    let cluster = lab::redis_cluster().await.unwrap();
    let (from, master) = owner(&cluster).await;
    let slot: u16 = say(
        &mut connect(&master).await,
        "CLUSTER KEYSLOT {cordboard:cid}",
    )
    .await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut askers = Vec::new();
    let mut pools = Vec::new();
    for name in ["a", "b"] {
        let pool = node(&cluster, name).await;
        pool.set(&numbers(), now()).await.unwrap();
        for _ in 0..4 {
            let task = asker(pool.clone(), askers.len(), Arc::clone(&stop));
            askers.push(tokio::spawn(task));
        }
        pools.push(pool);
    }
    let to = (from + 1) % 3;
    // A server that was started a moment ago could have missed something, so these have to run for a while.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(move_slot(&cluster, slot, from, to).await > 100);
    assert_eq!(owner(&cluster).await.0, to);
    let asked = asked("2125550201", "sales");
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    while let Err(error) = pools[0].allocate(fresh_id(), &asked, None).await {
        assert!(matches!(error, ClusterError::Redis(_)), "{error}");
        assert!(tokio::time::Instant::now() < until, "{error}");
    }
    stop.store(true, Ordering::Relaxed);
    let mut uses: BTreeMap<(E164, i64), u32> = BTreeMap::new();
    for asker in askers {
        let (made, unanswered) = asker.await.unwrap();
        println!(
            "{} uses, {unanswered} questions without an answer",
            made.len()
        );
        for used in made {
            *uses.entry(used).or_default() += 1;
        }
    }
    assert!(uses.values().all(|&uses| uses <= HOURLY), "{uses:?}");
    // Everybody goes on in the same pool, and whoever comes now finds it.
    for pool in &pools {
        pool.tick().await.unwrap();
    }
    node(&cluster, "c").await;
    for pool in &pools {
        pool.tick().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_host_is_enough_to_find_the_others() {
    if !is_here() {
        return;
    }
    let mut cluster = lab::redis_cluster().await.unwrap();
    let (owner, _) = owner(&cluster).await;
    let first = (owner + 1) % 3;
    // An address that nobody listens at, and one that has not got the slot.
    let master = cluster.masters().nth(first).unwrap().to_owned();
    let (login, host) = master.rsplit_once('@').unwrap();
    let address = format!("{login}@127.0.0.1:1,{host}");
    let pool = SharedPool::connect(&Address::parse(&address).unwrap(), "a", limits()).await;
    let pool = pool.unwrap();
    pool.open("first").await.unwrap();
    pool.set(&numbers(), now()).await.unwrap();
    assert!(pool.policy().await.is_ok());
    // One that has nothing of ours may go away, as far as the others let it.
    for master in cluster.masters() {
        let command = "CONFIG SET cluster-require-full-coverage no";
        let _: () = say(&mut connect(master).await, command).await;
    }
    cluster.master((owner + 2) % 3).kill().await.unwrap();
    for to in 0..20 {
        let asked = asked(&format!("21255502{to:02}"), "sales");
        let answer = pool.allocate(fresh_id(), &asked, None).await.unwrap();
        assert!(answer.is_ok(), "{answer:?}");
        pool.set(&numbers(), now()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_comes_back_with_an_old_pool_is_not_believed() {
    if !is_here() {
        return;
    }
    let mut cluster = lab::redis_cluster().await.unwrap();
    let (owner, master) = owner(&cluster).await;
    let pool = node(&cluster, "a").await;
    pool.set(&numbers(), now()).await.unwrap();
    let _: () = say(&mut connect(&master).await, "SAVE").await;
    let first = asked("2125550201", "sales");
    assert!(
        pool.allocate(fresh_id(), &first, None)
            .await
            .unwrap()
            .is_ok()
    );
    // It has the pool again, but not that use. The connections come back by themselves; nobody has to notice.
    cluster.master(owner).kill().await.unwrap();
    cluster.master(owner).start().await.unwrap();
    cluster.until_whole().await.unwrap();
    let keys: i64 = say(&mut connect(&master).await, "DBSIZE").await;
    assert!(keys > 0, "the file was read");
    let second = asked("2125550202", "sales");
    let until = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        match pool.allocate(fresh_id(), &second, None).await {
            Err(ClusterError::Lost) => break,
            Err(ClusterError::Redis(_)) if tokio::time::Instant::now() < until => {}
            other => panic!("{other:?}"),
        }
    }
    pool.open("second").await.unwrap();
    let answer = pool.allocate(fresh_id(), &second, None).await.unwrap();
    assert!(answer.is_err(), "the new pool is empty: {answer:?}");
}
