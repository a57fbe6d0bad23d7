//! An alarm over call detail records of five weeks, as an administrator sees it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan as _};
use model::Role;
use serde_json::{Value, json};
use server::{
    auth::AuthConfig,
    cdr::CdrSettings,
    config::{CdrSourceConfig, CdrSourceKind},
};

use crate::deliveries::{
    hooked,
    receivers::{Hook, wait_for},
    settings,
};
use crate::harness::{Client, Server};

const COLUMNS: &str = "calldate,cnum,cnam,src,dst,did,channel,dstchannel,lastapp,accountcode,duration,billsec,disposition,uniqueid,linkedid";

/// Calls in the middle of the judged hour, so many weeks ago, of which so many were answered.
fn calls(weeks: i64, trunk: &str, attempts: u64, answered: u64) -> String {
    let at = Timestamp::now() - (60 + weeks * 7 * 24 * 60).minutes();
    let (shown, second) = (at.strftime("%Y-%m-%d %H:%M:%S"), at.as_second());
    let mut rows = String::new();
    for call in 0..attempts {
        let (talk, how) = if call < answered {
            (10, "ANSWERED")
        } else {
            (0, "NO ANSWER")
        };
        let id = format!("{second}.{trunk}{call}");
        let _ = writeln!(
            rows,
            "{shown},2001,Zoe,5550100,00421255550{call:02},,PJSIP/2001-1,PJSIP/{trunk}-1,Dial,,20,{talk},{how},{id},{id}"
        );
    }
    rows
}

#[tokio::test]
async fn a_trunk_that_is_answered_less_often_than_usual_raises_an_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cdr.csv");
    let mut rows = format!("{COLUMNS}\n");
    for week in 1..=4 {
        rows += &calls(week, "one", 60, 45);
        rows += &calls(week, "two", 60, 45);
    }
    rows += &calls(0, "one", 40, 4);
    rows += &calls(0, "two", 40, 28);
    std::fs::write(&file, rows).unwrap();
    let cdr = CdrSettings {
        sources: vec![CdrSourceConfig {
            name: "pbx".to_owned(),
            kind: CdrSourceKind::Csv,
            file: Some(file),
            ..CdrSourceConfig::default()
        }],
        ..CdrSettings::default()
    };
    let server = Server::start_by(AuthConfig::default(), |_, setup| setup.cdr = cdr).await;
    let program = server.program(Role::Service).await;
    let began = Instant::now();
    let alarms: Value = loop {
        let alarms = program.get("/v1/alarms").await.json();
        if alarms["looked_at"].is_string() {
            break alarms;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{alarms}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let items = alarms["items"].as_array().unwrap();
    let of_trunks: Vec<&Value> = items
        .iter()
        .filter(|alarm| alarm["kind"] == "trunk")
        .collect();
    assert_eq!(of_trunks.len(), 1, "{alarms:#}");
    let alarm = of_trunks[0];
    assert_eq!(alarm["key"], "PJSIP/one");
    let figures = |side: &str| [&alarm[side]["answered"], &alarm[side]["attempts"]];
    assert_eq!(figures("recent"), [4, 40]);
    assert_eq!(figures("usual"), [180, 240]);
    assert_eq!(alarm["recent"]["rate"], 0.1);
    let upper = alarm["recent"]["upper"].as_f64().unwrap();
    assert!(upper < alarm["usual"]["lower"].as_f64().unwrap(), "{alarm}");
    // A restart would know it.
    let kept = server.app.store.settings().get("alarms.raised").await;
    assert!(kept.unwrap().unwrap().contains("trunk:PJSIP/one"));
}

/// A server on what another has left behind.
async fn start_on(folder: &Path) -> Server {
    let (data, file) = (folder.join("data"), folder.join("cdr.csv"));
    let deliveries = settings(None);
    Server::start_by(AuthConfig::default(), |_, setup| {
        setup.dsn = format!("sqlite:{}", data.join("test.sqlite").display());
        setup.data = data;
        setup.deliveries = deliveries;
        setup.cdr = CdrSettings {
            sources: vec![CdrSourceConfig {
                name: "pbx".to_owned(),
                kind: CdrSourceKind::Csv,
                file: Some(file),
                ..CdrSourceConfig::default()
            }],
            ..CdrSettings::default()
        };
    })
    .await
}

/// Waits for the first look; the alarms of trunks.
async fn looked(root: &Client) -> Vec<Value> {
    let alarms = wait_for("a look at alarms", async || {
        let alarms = root.get("/v1/alarms").await.json();
        Some(alarms).filter(|alarms| alarms["looked_at"].is_string())
    })
    .await;
    let items = alarms["items"].as_array().unwrap().iter();
    items
        .filter(|one| one["kind"] == "trunk")
        .cloned()
        .collect()
}

async fn set_alarms(root: &Client, recipient: &str, url: &str) {
    let path = format!("/v1/recipients/{recipient}");
    let name = root.get(&path).await.json()["name"].clone();
    let told = json!({"name": name, "target": {"kind": "webhook", "url": url}, "alarms": true});
    assert_eq!(root.put(&path, &told).await.status, 200);
}

/// What became of what was told to one, oldest first.
async fn outbox(root: &Client, recipient: &str) -> Vec<(Value, Value)> {
    let log = format!("/v1/deliveries?recipient={recipient}");
    let items = root.get(&log).await.json()["items"].clone();
    let items = items.as_array().unwrap().iter().rev();
    items
        .map(|one| (one["state"].clone(), one["attempts"].clone()))
        .collect()
}

fn append(file: &Path, rows: &str) {
    let all = std::fs::read_to_string(file).unwrap() + rows;
    std::fs::write(file, all).unwrap();
}

#[tokio::test]
async fn an_alarm_is_told_once_over_restarts_also_beside_one_who_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cdr.csv");
    let usual: String = (1..=4).map(|week| calls(week, "one", 60, 45)).collect();
    std::fs::write(&file, format!("{COLUMNS}\n{usual}")).unwrap();
    let (hook, down) = (Hook::start([]).await, Hook::start([]).await);
    let nowhere = down.url();

    // Nothing is wrong yet.
    let server = start_on(folder.path()).await;
    let root = server.administrator().await;
    let (well, _) = hooked(&root, "CRM", &hook).await;
    let (ill, _) = hooked(&root, "down", &down).await;
    drop(down);
    set_alarms(&root, &well, &hook.url()).await;
    set_alarms(&root, &ill, &nowhere).await;
    assert_eq!(looked(&root).await, [] as [Value; 0]);
    server.finish().await;

    append(&file, &calls(0, "one", 40, 4));
    let again = async || {
        let server = start_on(folder.path()).await;
        let root = server
            .anonymous()
            .log_in("root", crate::harness::PASSWORD)
            .await;
        let trunks = looked(&root).await;
        (server, root, trunks)
    };
    let (server, root, trunks) = again().await;
    assert_eq!(trunks.len(), 1);
    let body = hook.wait(1).await[0].json();
    assert_eq!(body["event"], "alarms");
    let changes = body["changes"].as_array().unwrap();
    let of_trunk = changes.iter().find(|one| one["kind"] == "trunk").unwrap();
    assert_eq!(of_trunk["key"], "PJSIP/one");
    assert_eq!(of_trunk["change"], "raised");
    assert_eq!(of_trunk["recent"], json!({"answered": 4, "attempts": 40}));
    // Alarms are tried more often than others.
    wait_for("the end of trying", async || {
        let all = outbox(&root, &ill).await;
        matches!(&*all, [(state, tried)] if *state == "failed" && tried.as_u64() > Some(8))
            .then_some(())
    })
    .await;
    server.finish().await;

    // It is still raised: that was told.
    let (server, root, trunks) = again().await;
    assert_eq!(trunks.len(), 1);
    assert_eq!(outbox(&root, &well).await.len(), 1);
    server.finish().await;

    append(&file, &calls(0, "one", 400, 400));
    let (server, _, trunks) = again().await;
    assert_eq!(trunks, [] as [Value; 0]);
    let body = hook.wait(2).await[1].json();
    let changes = body["changes"].as_array().unwrap();
    assert!(
        changes.iter().all(|one| one["change"] == "cleared"),
        "{body}"
    );
    server.finish().await;
    let (_server, root, _) = again().await;
    assert_eq!(outbox(&root, &well).await.len(), 2);
    assert_eq!(outbox(&root, &ill).await.len(), 2);
    assert_eq!(hook.got().len(), 2);
}
