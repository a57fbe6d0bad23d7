//! How many caller IDs a second Redis gives by our script, beside `redis-benchmark` on a script that takes as long.
//!
//! Run it by `bench/run-callerid-redis.sh`.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordboard_cluster::{Address, SharedNumber, SharedPool};
use engine::callerid::{Asked, Limits, Usage};
use model::{
    CallerId, CallerIdKey, Country, Digits, E164, Place, ReservationId, Timestamp, Verification,
};
use uuid::Uuid;

const NUMBERS: u64 = 10_000;
const AREAS: u64 = 20;
const NODES: u64 = 16;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(6);
const QUESTIONS: &str = "60000";
/// Does nothing for a while, with as many keys as our script has.
const BUSY: &str = "local x = 0 for i = 1, tonumber(ARGV[1]) do x = x + i end return x";
const KEYS: usize = 14;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let database = lab::shared_redis().await?;
    let dsn = database.dsn();
    let mut redis = redis::Client::open(dsn)?
        .get_multiplexed_async_connection()
        .await?;
    load(dsn).await?;
    measure(dsn, WARM_UP).await?;
    reset(&mut redis).await?;
    let ours = measure(dsn, MEASURED).await?;
    let ours_micros = micros_per_call(&mut redis).await?;

    let sha: String = redis::cmd("SCRIPT")
        .arg("LOAD")
        .arg(BUSY)
        .query_async(&mut redis)
        .await?;
    let turns = calibrated(dsn, &mut redis, &sha, ours_micros).await?;
    reset(&mut redis).await?;
    let most = benchmark(dsn, &sha, turns, QUESTIONS)?;
    let most_micros = micros_per_call(&mut redis).await?;
    println!("ours             {ours:>8.0}/s   {ours_micros:.1} µs in the script");
    println!("redis-benchmark  {most:>8.0}/s   {most_micros:.1} µs in the script");
    // The two scripts are never quite equally long: what counts is how much of its time Redis spends in them.
    let share = 100.0 * (ours * ours_micros) / (most * most_micros);
    println!("{share:.0} % of redis-benchmark, {NODES} connections each");
    Ok(())
}

async fn load(dsn: &str) -> Result<(), Failure> {
    let pool = SharedPool::connect(&Address::parse(dsn)?, "loader", limits()).await?;
    pool.open("bench").await?;
    let now: Timestamp = jiff::Timestamp::now().into();
    pool.refresh_zones(now).await?;
    let numbers: Vec<SharedNumber> = (0..NUMBERS)
        .map(|number| SharedNumber {
            said: caller_id(number, now),
            usage: Usage::default(),
        })
        .collect();
    pool.set(&numbers, now).await?;
    Ok(())
}

fn limits() -> Limits {
    Limits {
        per_agent: 1_000_000,
        reserved_for: Duration::from_secs(1),
        ..Limits::default()
    }
}

fn area(number: u64) -> u64 {
    201 + number % AREAS
}

fn caller_id(number: u64, now: Timestamp) -> CallerId {
    let digits = area(number) * 10_000_000 + 5_550_000 + number / AREAS;
    let e164: E164 = format!("+1{digits}").parse().expect("ten digits");
    let id = CallerIdKey(Uuid::from_u128(u128::from(digits)));
    CallerId {
        country: Some("US".into()),
        calling_code: Some(1),
        region: Some("NY".into()),
        area_code: Some(area(number).to_string()),
        carrier: "C".into(),
        hourly_limit: 1_000_000,
        daily_limit: 1_000_000,
        max_concurrent: 1000,
        time_zone: "America/New_York".into(),
        verified: Some(Verification::Administrator),
        ..CallerId::new(id, &digits.to_string(), e164, now)
    }
}

/// Answers a second, from as many nodes at once.
async fn measure(dsn: &str, time: Duration) -> Result<f64, Failure> {
    let begun = Instant::now();
    let nodes: Vec<_> = (0..NODES)
        .map(|node| tokio::spawn(ask(dsn.to_owned(), node, begun + time)))
        .collect();
    let mut answers = 0;
    for node in nodes {
        answers += node.await??;
    }
    Ok(f64::from(answers) / begun.elapsed().as_secs_f64())
}

async fn ask(dsn: String, node: u64, until: Instant) -> Result<u32, Failure> {
    let pool =
        SharedPool::connect(&Address::parse(&dsn)?, &format!("node{node}"), limits()).await?;
    pool.open("bench").await?;
    let mut answers = 0;
    while Instant::now() < until {
        let number = u64::from(answers) * 31 + node * 7;
        let digits = area(number) * 10_000_000 + 7_110_000 + number % 10_000;
        let asked = Asked {
            ask: 0,
            to: format!("+1{digits}").parse()?,
            place: Place {
                country: Country::new("US"),
                region: Some(Arc::from("NY")),
                national: Digits::new(&digits.to_string()).unwrap_or_default(),
                area_code: Digits::new(&area(number).to_string()),
            },
            campaign: "bench".into(),
            agent: format!("agent{node}").into(),
        };
        let id = ReservationId(Uuid::now_v7());
        pool.allocate(id, &asked, None)
            .await?
            .map_err(|why| format!("{why:?}"))?;
        answers += 1;
    }
    Ok(answers)
}

async fn reset(redis: &mut redis::aio::MultiplexedConnection) -> Result<(), Failure> {
    Ok(redis::cmd("CONFIG")
        .arg("RESETSTAT")
        .exec_async(redis)
        .await?)
}

/// How long one `EVALSHA` took since the last reset.
async fn micros_per_call(redis: &mut redis::aio::MultiplexedConnection) -> Result<f64, Failure> {
    let info: String = redis::cmd("INFO")
        .arg("commandstats")
        .query_async(redis)
        .await?;
    let line = info
        .lines()
        .find(|line| line.starts_with("cmdstat_evalsha:"));
    let micros = line.and_then(|line| line.split("usec_per_call=").nth(1)?.split(',').next());
    Ok(micros.ok_or("no EVALSHA was counted")?.parse()?)
}

/// How many turns the busy script needs to take `micros`.
async fn calibrated(
    dsn: &str,
    redis: &mut redis::aio::MultiplexedConnection,
    sha: &str,
    micros: f64,
) -> Result<f64, Failure> {
    let mut turns: f64 = 5_000.0;
    for _ in 0..4 {
        reset(redis).await?;
        benchmark(dsn, sha, turns, "5000")?;
        turns *= micros / micros_per_call(redis).await?;
    }
    Ok(turns)
}

fn benchmark(dsn: &str, sha: &str, turns: f64, questions: &str) -> Result<f64, Failure> {
    let mut command = Command::new("redis-benchmark");
    command.args([
        "-u",
        dsn,
        "-c",
        &NODES.to_string(),
        "-n",
        questions,
        "--csv",
    ]);
    command.args(["EVALSHA", sha, &KEYS.to_string()]);
    command.args((0..KEYS).map(|key| format!("{{cordboard:cid}}:key-{key}")));
    command.args([
        &format!("{turns:.0}"),
        "+12015550100",
        "+12017110100",
        "bench",
        "agent1",
        "US",
        "NY",
    ]);
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let row = text.lines().last().ok_or("redis-benchmark says nothing")?;
    let rate = row.rsplit("\",\"").collect::<Vec<_>>();
    // "test","rps",…: the second column.
    let rate = rate.iter().rev().nth(1).ok_or_else(|| row.to_owned())?;
    Ok(rate.trim_matches('"').parse()?)
}
