//! The history of `app_queue`: calls through `Queue()` of a real Asterisk, and its log taken in.

use std::time::{Duration, Instant};

use lab::{Lab, LabBuilder, Release};
use serde_json::Value;

use super::{Cordboard, LIMIT, command};

const QUEUES: &str = "\
[sales]
strategy = ringall
timeout = 2
retry = 1
member => PJSIP/101,0,Ann Example
";
const DIALPLAN: &str = "\
exten => 5550150,1,Answer()
 same => n,QueueLog(sales,${UNIQUEID},NONE,DID,${EXTEN})
 same => n,Queue(sales,,,,4)
 same => n,Hangup()
";

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_app_queue_becomes_calls_on_asterisk_22() {
    the_log_of_app_queue_becomes_calls(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_app_queue_becomes_calls_on_asterisk_16() {
    the_log_of_app_queue_becomes_calls(Release::Asterisk16).await;
}

async fn the_log_of_app_queue_becomes_calls(release: Release) {
    // Says why, where there can be no lab.
    if lab::up_or_skip(release).await.is_none() {
        return;
    }
    let lab = LabBuilder::new(release)
        .config("queues_more.conf", QUEUES)
        .config("extensions_from_trunk.conf", DIALPLAN);
    let lab = lab.up().await.unwrap();
    let mut centre = Cordboard::start(&lab).await;
    centre.terminate();
    centre.wait_ended().await;
    three_callers(&lab).await;

    let run = |more: &[&str]| import(&centre, &lab, more);
    let trial = run(&["--dry-run"]);
    assert_eq!(
        (&trial["added"], &trial["refused"]),
        (&3.into(), &0.into()),
        "{trial}"
    );
    let done = run(&[]);
    assert_eq!([&done["added"], &done["unchanged"]], [3, 0], "{done}");
    let again = run(&[]);
    assert_eq!([&again["added"], &again["unchanged"]], [0, 3], "{again}");
    assert_eq!(done["queues_made"], serde_json::json!(["sales"]));

    centre.start_again().await;
    let mut calls = centre.calls().await;
    calls.reverse();
    let outcomes: Vec<_> = calls.iter().map(|call| &call["outcome"]).collect();
    assert_eq!(outcomes, ["answered", "abandoned", "overflowed"]);
    let [answered, abandoned, timed_out] = &calls[..] else {
        panic!("{calls:#?}");
    };
    assert_eq!(answered["ended_by"], "caller");
    assert_eq!(answered["dialled"], "5550150");
    assert_eq!(answered["caller"]["e164"], "+12025550100");
    assert_eq!(abandoned["ended_by"], "caller");
    assert_eq!(timed_out["overflow_reason"], "max_wait");
    // Asterisk writes whole seconds: each may be one off.
    let about = |value: &Value, seconds: u64| {
        let millis = value.as_u64().unwrap();
        assert!(
            millis.abs_diff(seconds * 1_000) <= 1_000,
            "{value}: {calls:#?}"
        );
    };
    about(&answered["wait_ms"], 1);
    about(&answered["talk_ms"], 3);
    about(&abandoned["wait_ms"], 1);
    about(&timed_out["wait_ms"], 4);

    let ann = centre.get("/v1/agents").await["items"][0].clone();
    assert_eq!(
        [&ann["name"], &ann["active"]],
        [&"Ann Example".into(), &Value::Bool(false)]
    );
    assert_eq!(answered["agent"], ann["id"]);
    let missed = done["events"]["RINGNOANSWER"]["taken"].as_u64();
    assert!(missed >= Some(1), "{done:#}");
}

/// One is answered, one gives up, one waits in vain.
async fn three_callers(lab: &Lab) {
    let phone = lab.phone(101);
    phone.answers_after(Duration::from_secs(1)).await.unwrap();
    lab.wait_endpoint("101", "online").await.unwrap();
    let call = lab.trunk_calls("5550150").await.unwrap();
    let leg = phone.rings().await.unwrap();
    leg.wait_answered().await.unwrap();
    call.talks_for(Duration::from_secs(3)).await.unwrap();
    call.hang_up().await.unwrap();
    leg.wait_ended().await.unwrap();
    lab.wait_no_channels().await.unwrap();

    phone.never_answers().await.unwrap();
    let call = lab.trunk_calls("5550150").await.unwrap();
    phone.rings().await.unwrap();
    call.talks_for(Duration::from_secs(1)).await.unwrap();
    call.hang_up().await.unwrap();
    lab.wait_no_channels().await.unwrap();

    let call = lab.trunk_calls("5550150").await.unwrap();
    call.wait_ended().await.unwrap();
    lab.wait_no_channels().await.unwrap();
    let began = Instant::now();
    loop {
        let log = std::fs::read_to_string(lab.folder().join("log/queue_log")).unwrap_or_default();
        if log.contains("EXITWITHTIMEOUT") {
            return;
        }
        assert!(began.elapsed() < LIMIT, "{log}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn import(centre: &Cordboard, lab: &Lab, more: &[&str]) -> Value {
    let file = lab.folder().join("log/queue_log");
    let output = command(&centre.data(), &centre.environment)
        .args(["--json", "stats", "import-queue-log", "--data"])
        .arg(centre.data())
        .arg(file)
        .args(more)
        .output()
        .unwrap();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{wrong}");
    serde_json::from_slice(&output.stdout).unwrap()
}
