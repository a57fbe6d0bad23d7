//! How fast phones register where Asterisk asks us, beside where it reads PostgreSQL by ODBC; and how long 10,000 phones take to be there.
//! Not a test: `bench/run-provisioning.sh` runs it.

use std::{
    fmt::Write as _,
    process::Command,
    time::{Duration, Instant},
};

use lab::Release;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    id,
    provisioned::{cordboard, lab_of, site},
    realtime::{Site, fields, path},
};

const PHONES: u32 = 2_000;
const FIRST: u32 = 20_000;
const ROUNDS: usize = 5;
/// Registrations that are under way at a time.
const AT_ONCE: u32 = 16;

/// Makes a range of phones; the answer, and how long it took.
async fn range(site: &Site, first: u32, count: u32) -> (Value, Duration) {
    let mut body = fields(0);
    body["number"] = json!(first.to_string());
    body["last"] = json!((first + count - 1).to_string());
    let began = Instant::now();
    let made = site.centre.post("/v1/extensions/range", body).await;
    (made, began.elapsed())
}

/// All phones register once; how many in a second.
fn register_all(site: &Site, users: &str) -> f64 {
    let scenario = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../bench/provisioning/register.xml"
    );
    let began = Instant::now();
    let said = Command::new("sipp")
        .args([
            "-i",
            "127.0.0.1",
            "-nostdin",
            "-sf",
            scenario,
            "-inf",
            users,
        ])
        .args([
            "-m",
            &PHONES.to_string(),
            "-l",
            &AT_ONCE.to_string(),
            "-r",
            "100000",
        ])
        .arg(site.lab.sip_addr().to_string())
        .output()
        .unwrap();
    let took = began.elapsed().as_secs_f64();
    assert!(
        said.status.success(),
        "{said:?}\n{}",
        site.lab.asterisk_log()
    );
    f64::from(PHONES) / took
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: bench/run-provisioning.sh"]
async fn registrations_by_http_and_by_odbc() {
    let Some(lab) = lab_of(Release::Asterisk22).await else {
        return;
    };
    let database = lab::shared_postgres().await.unwrap();
    let mut site = site(lab, "database", &format!("dsn = \"{}\"", database.dsn())).await;
    let (made, _) = range(&site, FIRST, PHONES).await;
    let mut users = "SEQUENTIAL\n".to_owned();
    for phone in made["items"].as_array().unwrap() {
        let (number, secret) = (
            phone["number"].as_str().unwrap(),
            phone["secret"].as_str().unwrap(),
        );
        let _ = writeln!(
            users,
            "{number};[authentication username={number} password={secret}]"
        );
    }
    let file = site.centre.data().join("users.csv");
    std::fs::write(&file, users).unwrap();
    let file = file.to_str().unwrap().to_owned();

    let etc = site.lab.folder().join("etc");
    let by_odbc = std::fs::read_to_string(etc.join("extconfig.conf")).unwrap();
    let cached = std::fs::read_to_string(etc.join("sorcery.conf")).unwrap();
    let is_no_cache = |line: &&str| !line.contains("/cache=");
    let uncached: Vec<_> = cached.lines().filter(is_no_cache).collect();
    let by_http = asked(&by_odbc);
    println!(
        "| | HTTP, registrations/s | ODBC and PostgreSQL | ratio of medians |\n|---|---:|---:|---:|"
    );
    for (what, sorcery) in [
        ("as rendered", cached.clone()),
        ("without caches", uncached.join("\n")),
    ] {
        site.lab.write_config("sorcery.conf", &sorcery).unwrap();
        let mut rates = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (rates, extconfig) in rates.iter_mut().zip([&by_http, &by_odbc]) {
                site.lab.write_config("extconfig.conf", extconfig).unwrap();
                site.lab.restart_asterisk().await.unwrap();
                site.centre.wait_for_server_state("connected").await;
                register_all(&site, &file);
                rates.push(register_all(&site, &file));
            }
        }
        let [http, odbc] = rates;
        println!("| {what} | {http:.0?} | {odbc:.0?} | |");
        let (http, odbc) = (median(http), median(odbc));
        println!(
            "| {what}, median of {ROUNDS} | {http:.0} | {odbc:.0} | {:.2} |",
            http / odbc
        );
    }
}

/// The same tables, asked for at Cordboard: where the dialplan is asked for.
fn asked(by_odbc: &str) -> String {
    let line = by_odbc
        .lines()
        .find_map(|line| line.strip_prefix("extensions => "));
    let base = line.unwrap().strip_suffix("/extensions").unwrap();
    let asked = |line: &str| match line.strip_suffix(" => odbc,cordboard") {
        Some(table) => format!("{table} => {base}/{table}\n"),
        None => format!("{line}\n"),
    };
    by_odbc.lines().map(asked).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: bench/run-provisioning.sh"]
async fn ten_thousand_phones_in_the_database() {
    let Some(lab) = lab_of(Release::Asterisk22).await else {
        return;
    };
    let database = lab::shared_postgres().await.unwrap();
    let site = site(lab, "database", &format!("dsn = \"{}\"", database.dsn())).await;
    let (made, took) = range(&site, 100_000, 10_000).await;
    let last = made["items"].as_array().unwrap().last().unwrap();
    let seen = site.seen(last).await;
    assert_eq!(seen["state"], "live", "{seen}");
    println!(
        "10,000 phones with their rows in PostgreSQL: {:.2} s",
        took.as_secs_f64()
    );
    let mut saved = Vec::new();
    for _ in 0..50 {
        let began = Instant::now();
        site.centre
            .post(&format!("{}/secret", path(last)), json!({}))
            .await;
        saved.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    saved.sort_by(f64::total_cmp);
    println!(
        "a new secret, saved and read back from Asterisk: p50 {:.0} ms, p95 {:.0} ms",
        saved[25], saved[47]
    );
    let gone = site.centre.ask(Method::DELETE, &path(last), None).await;
    assert_eq!(gone.status(), 204, "{}", id(last));
    let missing = cordboard(&site.centre, &["tables"]);
    assert!(missing.contains("Nothing is missing"), "{missing}");
}
