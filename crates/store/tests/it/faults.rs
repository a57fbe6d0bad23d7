//! A database that goes away, hangs, or is written by several at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::fixtures::{arrived, event, events, queue, user};
use crate::{MARIADB_ENV, POSTGRES_ENV, TestDb};
use store::{Db, Store, StoreError};

/// The longest that anybody waits for a database that is gone: for a connection, with some slack.
const QUICK: Duration = Duration::from_secs(5);
/// The same for one that takes the question and never answers.
const PATIENT: Duration = Duration::from_secs(15);

#[track_caller]
fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    match result {
        Err(StoreError::Unavailable { .. }) => {}
        other => panic!("expected it to be unavailable, got {other:?}"),
    }
}

#[tokio::test]
async fn postgres_stopped_and_started_again() {
    if lab::is_given(POSTGRES_ENV) {
        stopped_and_started_again(lab::postgres().await.unwrap()).await;
    }
}

#[tokio::test]
async fn mariadb_stopped_and_started_again() {
    if lab::is_given(MARIADB_ENV) {
        stopped_and_started_again(lab::mariadb().await.unwrap()).await;
    }
}

async fn stopped_and_started_again(mut server: lab::Server) {
    let store = Store::open(server.dsn()).await.unwrap();
    store.migrate().await.unwrap();
    let written = events(1, (1..=30).map(arrived).collect());
    store.journal().apply(&written[..10]).await.unwrap();
    server.stop().await.unwrap();

    for _ in 0..2 {
        let started = Instant::now();
        assert_unavailable(store.journal().apply(&written[10..20]).await);
        assert!(started.elapsed() < QUICK, "{:?}", started.elapsed());
        let started = Instant::now();
        assert_unavailable(store.queues().list(None, 9).await);
        assert!(started.elapsed() < QUICK, "{:?}", started.elapsed());
    }
    assert_unavailable(Store::open(server.dsn()).await);

    server.start().await.unwrap();
    let applied = store.journal().apply(&written).await.unwrap();
    assert_eq!((applied.seq, applied.known), (30, 10));
    assert_eq!(store.events().after(0, 500).await, Ok(written));
    store.queues().create(&queue(1)).await.unwrap();
}

#[tokio::test]
async fn postgres_hangs_and_goes_on() {
    if let Some(test) = TestDb::fresh(Db::Postgres).await {
        hangs_and_goes_on(&test).await;
    }
}

#[tokio::test]
async fn mariadb_hangs_and_goes_on() {
    if let Some(test) = TestDb::fresh(Db::MariaDb).await {
        hangs_and_goes_on(&test).await;
    }
}

async fn hangs_and_goes_on(test: &TestDb) {
    let (login, address) = test.dsn.rsplit_once('@').unwrap();
    let (address, database) = address.split_once('/').unwrap();
    let line = Line::to(address).await;
    let store = Store::open(&format!("{login}@{}/{database}", line.address)).await;
    let store = store.unwrap();
    store.migrate().await.unwrap();
    line.hang(true);
    let started = Instant::now();
    assert_unavailable(store.queues().create(&queue(1)).await);
    assert_unavailable(store.journal().apply(&[event(1, arrived(1))]).await);
    assert!(started.elapsed() < PATIENT * 2, "{:?}", started.elapsed());
    line.hang(false);
    let applied = store
        .journal()
        .apply(&[event(1, arrived(1))])
        .await
        .unwrap();
    assert_eq!(applied.seq, 1);
    store.queues().create(&queue(2)).await.unwrap();
}

/// A line to a server that can go dead without being cut.
struct Line {
    address: std::net::SocketAddr,
    hangs: Arc<AtomicBool>,
}

impl Line {
    async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let hangs = Arc::new(AtomicBool::new(false));
        let (server, dead) = (server.to_owned(), hangs.clone());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(&server).await.unwrap();
                let (near_in, near_out) = near.into_split();
                let (far_in, far_out) = far.into_split();
                tokio::spawn(pass(near_in, far_out, dead.clone()));
                tokio::spawn(pass(far_in, near_out, dead.clone()));
            }
        });
        Self { address, hangs }
    }

    fn hang(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::SeqCst);
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    dead: Arc<AtomicBool>,
) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        while dead.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_login_that_is_refused_is_said_in_words() {
    for variable in [POSTGRES_ENV, MARIADB_ENV] {
        if !lab::is_given(variable) {
            continue;
        }
        let dsn = std::env::var(variable).unwrap();
        let (_, address) = dsn.rsplit_once('@').unwrap();
        let scheme = dsn.split_once(':').unwrap().0;
        let wrong = format!("{scheme}://nobody:hidden@{address}");
        let error = Store::open(&wrong).await.unwrap_err();
        assert!(matches!(error, StoreError::Database { .. }), "{error}");
        assert!(error.to_string().contains("nobody"), "{error}");
        assert!(!error.to_string().contains("hidden"), "{error}");
    }
}

/// As several processes would: each with connections of its own to one file.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_bears_many_writers() {
    let test = TestDb::fresh(Db::Sqlite).await.unwrap();
    test.open().await.migrate().await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..4_u128 {
        let store = test.open().await;
        for task in 0..4_u128 {
            let store = store.clone();
            tasks.spawn(async move {
                for number in 0..25 {
                    let number = 1 + number + 25 * (task + 4 * writer);
                    let mut one = user(number);
                    store.users().create(&one, "").await.unwrap();
                    one.active = false;
                    store.users().update(&one).await.unwrap();
                    store.users().count().await.unwrap();
                }
            });
        }
    }
    let store = test.open().await;
    tasks.spawn(async move {
        let written = events(1, (1..=400).map(arrived).collect());
        for batch in written.chunks(20) {
            store.journal().apply(batch).await.unwrap();
        }
    });
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let store = test.open().await;
    assert_eq!(store.users().count().await, Ok(400));
    assert_eq!(store.journal().applied_seq().await, Ok(400));
}

#[tokio::test]
async fn an_abandoned_write_never_happened() {
    let test = TestDb::fresh(Db::Sqlite).await.unwrap();
    let store = test.open().await;
    store.migrate().await.unwrap();
    let written = events(1, (1..=500).map(arrived).collect());
    // Dropped at its first wait, at many different points of progress.
    for patience in 0..40_u64 {
        let patience = Duration::from_micros(patience * 250);
        let _ = tokio::time::timeout(patience, store.journal().apply(&written)).await;
        // A commit that was already on its way may land between two reads; what counts is what one moment shows.
        let (applied, kept) = loop {
            let before = store.journal().applied_seq().await.unwrap();
            let kept = store.events().after(0, 500).await.unwrap().len();
            if store.journal().applied_seq().await.unwrap() == before {
                break (before, kept);
            }
        };
        assert!((applied, kept) == (0, 0) || (applied, kept) == (500, 500));
    }
    let applied = store.journal().apply(&written).await.unwrap();
    assert_eq!(applied.seq, 500);
}
