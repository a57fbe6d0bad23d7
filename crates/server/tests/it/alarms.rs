//! An alarm over call detail records of five weeks, as an administrator sees it.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan as _};
use model::Role;
use serde_json::Value;
use server::{
    auth::AuthConfig,
    cdr::CdrSettings,
    config::{CdrSourceConfig, CdrSourceKind},
};

use crate::harness::Server;

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
