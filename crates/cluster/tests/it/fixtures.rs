//! Synthetic numbers, questions about them, and a pool of a test's own.

use std::sync::Arc;

use cluster::{Address, SharedNumber, SharedPool};
use engine::callerid::{Allocation, Asked, Limits, Refusal, Shortage, Usage};
use model::{
    CallerId, CallerIdKey, CallerIdRule, Country, Digits, E164, Place, ReservationId, Timestamp,
    Verification,
};
use redis::aio::MultiplexedConnection;
use uuid::Uuid;

/// 2026-03-02T10:00:30Z.
pub(crate) const START: i64 = 1_772_445_630_000_000;

/// What a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// A database of the run's Redis.
    One,
    /// Three masters of the test's own.
    Cluster,
}

/// Makes two tests of each body: on one Redis, and on a Redis Cluster.
macro_rules! contract {
    ($($body:ident),+ $(,)?) => {
        mod one { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body(crate::fixtures::On::One).await; }
        )+ }
        mod cluster_of_three { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body(crate::fixtures::On::Cluster).await; }
        )+ }
    };
}
pub(crate) use contract;

/// Where an empty pool is; gone when dropped.
pub(crate) enum Home {
    One(Box<lab::Database>),
    Cluster(lab::RedisCluster),
}

impl Home {
    /// `None`: there is no Redis here, and that has been said.
    pub(crate) async fn fresh(on: On) -> Option<Self> {
        if !is_here() {
            return None;
        }
        Some(match on {
            On::One => Self::One(Box::new(lab::shared_redis().await.unwrap())),
            On::Cluster => Self::Cluster(lab::redis_cluster().await.unwrap()),
        })
    }

    pub(crate) fn address(&self) -> Address {
        let dsn = match self {
            Self::One(database) => database.dsn(),
            Self::Cluster(cluster) => cluster.dsn(),
        };
        Address::parse(dsn).unwrap()
    }

    /// A connection to the server that has the pool.
    pub(crate) async fn server(&self) -> MultiplexedConnection {
        match self {
            Self::One(database) => connect(database.dsn()).await,
            Self::Cluster(cluster) => {
                let (_, master) = owner(cluster).await;
                connect(&master).await
            }
        }
    }
}

/// The master that has the pool's slot: its index and address.
pub(crate) async fn owner(cluster: &lab::RedisCluster) -> (usize, String) {
    for (index, master) in cluster.masters().enumerate() {
        let mut get = redis::cmd("EXISTS");
        let answer: redis::RedisResult<bool> = get
            .arg("{cordboard:cid}:clock")
            .query_async(&mut connect(master).await)
            .await;
        if answer.is_ok() {
            return (index, master.to_owned());
        }
    }
    panic!("no master has the slot");
}

pub(crate) async fn connect(dsn: &str) -> MultiplexedConnection {
    let client = redis::Client::open(dsn).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Whether there is a Redis to test with; that there is none has been said.
pub(crate) fn is_here() -> bool {
    lab::is_given("CORDBOARD_TEST_REDIS")
}

pub(crate) fn limits() -> Limits {
    Limits {
        per_agent: 1_000_000,
        ..Limits::default()
    }
}

pub(crate) fn now() -> Timestamp {
    jiff::Timestamp::now().into()
}

/// A reservation's id that no other test has.
pub(crate) fn fresh_id() -> ReservationId {
    ReservationId(Uuid::now_v7())
}

/// A pool whose clock the test sets.
pub(crate) struct Desk {
    pub(crate) pool: SharedPool,
    pub(crate) now: i64,
    redis: MultiplexedConnection,
    home: Home,
}

impl Desk {
    pub(crate) async fn new(on: On) -> Option<Self> {
        Self::with(on, limits()).await
    }

    pub(crate) async fn with(on: On, limits: Limits) -> Option<Self> {
        let home = Home::fresh(on).await?;
        let address = home.address();
        let pool = SharedPool::connect_by_test_time(&address, "a", limits);
        let mut desk = Self {
            pool: pool.await.unwrap(),
            now: START,
            redis: home.server().await,
            home,
        };
        desk.begin_anew().await;
        Some(desk)
    }

    pub(crate) fn address(&self) -> Address {
        self.home.address()
    }

    /// Forgets everything.
    pub(crate) async fn begin_anew(&mut self) {
        let flush = redis::cmd("FLUSHDB");
        flush.exec_async(&mut self.redis).await.unwrap();
        self.now = START;
        self.wait_micros(0).await;
        self.pool.open("first").await.unwrap();
    }

    pub(crate) async fn wait(&mut self, seconds: i64) {
        self.wait_micros(seconds * 1_000_000).await;
    }

    pub(crate) async fn wait_micros(&mut self, micros: i64) {
        self.now += micros;
        let key = "{cordboard:cid}:test-time";
        let (seconds, rest) = (self.now / 1_000_000, self.now % 1_000_000);
        redis::pipe()
            .del(key)
            .rpush(key, &[seconds, rest])
            .exec_async(&mut self.redis)
            .await
            .unwrap();
        let now = Timestamp::from_micros(self.now);
        self.pool.refresh_zones(now).await.unwrap();
    }

    pub(crate) async fn add(&mut self, said: CallerId) -> E164 {
        let e164 = said.e164;
        let now = Timestamp::from_micros(self.now);
        self.pool.set(&[unused(said)], now).await.unwrap();
        e164
    }

    pub(crate) async fn ask(
        &mut self,
        to: &str,
        campaign: &str,
        rule: Option<&CallerIdRule>,
    ) -> Result<Box<Allocation>, Refusal> {
        self.wait_micros(10).await;
        let asked = asked(to, campaign);
        let answer = self.pool.allocate(fresh_id(), &asked, rule).await;
        answer.unwrap().map(|chosen| chosen.allocation)
    }

    /// The last four digits of the number that is chosen, and where it was found.
    pub(crate) async fn chosen(&mut self, to: &str) -> (String, model::Tier) {
        let allocation = self.ask(to, "sales", None).await.unwrap();
        let number = &allocation.presented;
        let last = number[number.len() - 4..].to_owned();
        (last, allocation.reservation.tier)
    }

    pub(crate) async fn shortage(&mut self, to: &str) -> Shortage {
        match self.ask(to, "sales", None).await {
            Err(Refusal::Exhausted(shortage)) => *shortage,
            other => panic!("{other:?}"),
        }
    }
}

/// What is said of a number, which nobody has used.
pub(crate) fn unused(said: CallerId) -> SharedNumber {
    SharedNumber {
        said,
        usage: Usage::default(),
    }
}

/// A US number that may be presented once at a time.
pub(crate) fn us(number: &str) -> CallerId {
    let e164: E164 = format!("+1{number}").parse().unwrap();
    let id = CallerIdKey(Uuid::from_u128(u128::from(e164.digits())));
    CallerId {
        country: Some("US".into()),
        calling_code: Some(1),
        region: region(&number[..3]).map(Into::into),
        area_code: Some(number[..3].into()),
        carrier: "'; redis.call('FLUSHALL') --".into(),
        time_zone: "America/New_York".into(),
        verified: Some(Verification::Administrator),
        ..CallerId::new(id, number, e164, Timestamp::from_micros(START))
    }
}

fn region(area_code: &str) -> Option<&'static str> {
    match area_code {
        "212" | "716" => Some("NY"),
        "310" => Some("CA"),
        "202" => Some("DC"),
        _ => None,
    }
}

/// A question about a US number of ten digits, or a Latvian one of eight.
pub(crate) fn asked(to: &str, campaign: &str) -> Asked {
    let american = to.len() == 10;
    let code = if american { "1" } else { "371" };
    let place = Place {
        country: Country::new(if american { "US" } else { "LV" }),
        region: american.then(|| region(&to[..3]).map(Arc::from)).flatten(),
        area_code: american.then(|| Digits::new(&to[..3])).flatten(),
        national: Digits::new(to).unwrap(),
    };
    Asked {
        ask: 7,
        to: format!("+{code}{to}").parse().unwrap(),
        place,
        campaign: campaign.into(),
        agent: "ann".into(),
    }
}
