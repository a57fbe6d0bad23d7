//! Our own log against the call detail records of a real Asterisk: real calls, then what somebody altered.

use std::{fs, time::Duration};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use lab::{Lab, Release, Tone};
use model::{Call, Outcome};
use serde_json::{Value, json};
use store::{CallFilter, PastCall, Store};

use super::{Cordboard, command};

const DAY: Duration = Duration::from_hours(24);

/// One who gives up, one who is missed by one agent and talks with the next, one who is sent on into the dialplan, one whom
/// nobody expects, and one who never comes to us.
async fn real_calls(lab: &Lab, centre: &Cordboard) {
    let support = json!({"wrap_up_seconds": 0, "ring_seconds": 1});
    let support = centre.queue("support", support).await;
    let overflow =
        json!({"action": "dialplan", "context": "overflow", "extension": "s", "priority": 1});
    let sales = json!({"max_wait_seconds": 1, "overflow": overflow});
    centre.queue("sales", sales).await;

    let caller = lab.trunk_calls("5550102").await.unwrap();
    caller.wait_answered().await.unwrap();
    caller.hang_up().await.unwrap();
    centre.wait_for_log(1).await;

    lab.phone(102).never_answers().await.unwrap();
    let phone = lab.phone(101);
    phone.answers_after(Duration::from_secs(1)).await.unwrap();
    centre.agent("Bob Example", 102, &[&support]).await;
    let caller = lab.trunk_calls("5550102").await.unwrap();
    let missed = lab.phone(102).rings().await.unwrap();
    missed.wait_ended().await.unwrap();
    centre.agent("Ann Example", 101, &[&support]).await;
    let rung = phone.rings().await.unwrap();
    caller.hears(phone.tone()).await.unwrap();
    caller.talks_for(Duration::from_secs(2)).await.unwrap();
    caller.hang_up().await.unwrap();
    rung.wait_ended().await.unwrap();

    let sent_on = lab.trunk_calls("5550101").await.unwrap();
    sent_on.hears(Tone::OVERFLOW).await.unwrap();
    sent_on.hang_up().await.unwrap();
    let unexpected = lab.trunk_calls("5550150").await.unwrap();
    unexpected.wait_ended().await.unwrap();
    let direct = lab.trunk_calls("5550111").await.unwrap();
    direct.wait_answered().await.unwrap();
    direct.hang_up().await.unwrap();
    lab.wait_no_channels().await.unwrap();
    centre.wait_for_log(4).await;
}

/// A line of `Master.csv` a day earlier, and the channel it is of.
fn a_day_earlier(line: &str) -> String {
    let cells = line.split(',').map(|cell| {
        let time: Result<DateTime, _> = cell.trim_matches('"').parse();
        match time {
            Ok(time) if cell.len() == 21 => {
                let earlier = time.checked_sub(jiff::Span::new().days(1)).unwrap();
                format!("\"{}\"", earlier.strftime("%Y-%m-%d %H:%M:%S"))
            }
            _ => cell.to_owned(),
        }
    });
    cells.collect::<Vec<_>>().join(",")
}

/// Changes what our log says of its calls, while nobody else works on it.
async fn change_log(centre: &Cordboard, change: impl Fn(&mut Call)) -> Vec<Call> {
    let file = centre.data().join("cordboard.db");
    let store = Store::open(&format!("sqlite:{}", file.display()))
        .await
        .unwrap();
    let log = store.calls();
    let calls = log.page(&CallFilter::default(), None, 100).await.unwrap();
    let mut pasts = Vec::new();
    for mut call in calls {
        let offers = log.offers_of(call.id).await.unwrap();
        log.remove_past(&[call.id]).await.unwrap();
        change(&mut call);
        pasts.push(PastCall { call, offers });
    }
    log.add_past(&pasts).await.unwrap();
    store.close().await;
    pasts.into_iter().map(|past| past.call).collect()
}

/// Has a file read as the call detail records of our server, and our own log beside it.
fn with_sources(centre: &Cordboard, config: &str, name: &str, lines: &[String]) {
    let file = centre.data().join(format!("{name}.csv"));
    fs::write(&file, format!("{}\n", lines.join("\n"))).unwrap();
    let sources = format!(
        "{config}\n[statistics]\nextensions = [\"1XX\"]\n\
         [[cdr_source]]\nname = \"{name}\"\nkind = \"csv\"\nfile = \"{name}.csv\"\nserver = \"lab\"\n\
         [[cdr_source]]\nkind = \"own\"\n"
    );
    fs::write(centre.data().join("cordboard.toml"), sources).unwrap();
}

/// What `cordboard stats reconcile` says, and its exit code.
fn reconciled(centre: &Cordboard, date: &str, format: &str) -> (Option<i32>, String) {
    fs::write(centre.data().join("key"), &centre.key).unwrap();
    let url = format!("http://{}", centre.listen);
    let output = command(&centre.data(), &centre.environment)
        .args(["stats", "reconcile", "--date", date, "--format", format])
        .args(["--api", &url, "--key-file", "key"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    eprintln!("{said}{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code(), said)
}

/// As if all calls had been yesterday: a day is judged when it is over.
async fn a_day_ago(centre: &Cordboard) -> Vec<Call> {
    change_log(centre, |call| {
        call.arrived_at = call.arrived_at.before(DAY);
        for at in [
            &mut call.queued_at,
            &mut call.answered_at,
            &mut call.ended_at,
        ] {
            *at = at.map(|at| at.before(DAY));
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn our_log_and_the_call_detail_records_of_an_asterisk_agree() {
    let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let mut centre = Cordboard::start(&lab).await;
    real_calls(&lab, &centre).await;
    let master = fs::read_to_string(lab.folder().join("log/cdr-csv/Master.csv")).unwrap();
    let lines: Vec<String> = master.lines().map(a_day_earlier).collect();
    assert!(lines.len() >= 7, "{lines:#?}");
    centre.terminate();
    centre.wait_ended().await;
    let config = fs::read_to_string(centre.data().join("cordboard.toml")).unwrap();
    let calls = a_day_ago(&centre).await;
    let day = calls[0].arrived_at.to_jiff().to_zoned(TimeZone::UTC);
    let day = day.date().to_string();
    with_sources(&centre, &config, "master", &lines);
    centre.start_again().await;
    let (code, said) = reconciled(&centre, &day, "json");
    let answer: Value = serde_json::from_str(&said).unwrap();
    let counts = &answer["counts"];
    assert_eq!(code, Some(0), "{answer:#} {lines:#?}");
    assert_eq!(answer["differences"], 0);
    assert_eq!((&counts["ours"], &counts["alike"]), (&json!(4), &json!(4)));

    // Ann's call counts for her extension, and only hers.
    let callstat = format!("/api/v1/-/callstat?date={day}");
    let answer = centre.get(&callstat).await;
    let rows = answer["data"].as_array().unwrap().iter();
    let talked: Vec<_> = rows.map(|row| (&row["cnum"], &row["call_count"])).collect();
    assert_eq!(talked, [(&json!("101"), &json!(1))], "{answer}");

    centre.terminate();
    centre.wait_ended().await;
    let altered = somebody_alters_both(&centre, &calls, &lines).await;
    with_sources(&centre, &config, "altered", &altered);
    centre.start_again().await;
    what_was_altered_is_told(&centre, &calls, &day).await;
    days_that_cannot_be_judged_are_refused(&centre).await;
}

fn with_outcome(calls: &[Call], outcome: Outcome) -> &Call {
    let mut calls = calls.iter();
    calls.find(|call| call.outcome == Some(outcome)).unwrap()
}

/// Takes a call out of the records and puts one in; lengthens a call of our log, and has another one answered.
async fn somebody_alters_both(centre: &Cordboard, calls: &[Call], lines: &[String]) -> Vec<String> {
    let quoted = |outcome| format!("\"{}\"", with_outcome(calls, outcome).channel);
    let (abandoned, unrouted) = (quoted(Outcome::Abandoned), quoted(Outcome::Unrouted));
    let others = lines.iter().filter(|line| !line.contains(&abandoned));
    let mut altered: Vec<String> = others.cloned().collect();
    let copied = lines.iter().find(|line| line.contains(&unrouted)).unwrap();
    altered.push(copied.replace(&unrouted, "\"1796036240.999\""));
    change_log(centre, |call| match call.outcome {
        Some(Outcome::Answered) => call.talk_ms = call.talk_ms.map(|ms| ms + 60_000),
        Some(Outcome::Overflowed) => call.outcome = Some(Outcome::Answered),
        _ => {}
    })
    .await;
    altered
}

async fn what_was_altered_is_told(centre: &Cordboard, calls: &[Call], day: &str) {
    let (code, said) = reconciled(centre, day, "csv");
    assert_eq!(code, Some(6), "{said}");
    let kind = |line: &str| line.split(',').next().unwrap().to_owned();
    let mut kinds: Vec<String> = said.lines().skip(1).map(kind).collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        ["only_ours", "only_recorded", "outcome", "talk_time"],
        "{said}"
    );
    let abandoned = &with_outcome(calls, Outcome::Abandoned).channel;
    let mut lines = said.lines();
    let only_ours = lines.find(|line| line.starts_with("only_ours")).unwrap();
    assert!(only_ours.contains(abandoned), "{said}");
    let (_, table) = reconciled(centre, day, "table");
    let counts = "4 calls in our log, 4 in the call detail records; 1 alike, 4 differ";
    assert!(table.contains(counts), "{table}");

    // One kind at a time, each with the ways to what both say.
    let path = format!("/v1/reconciliations/{day}?difference=talk_time");
    let one = centre.get(&path).await;
    assert_eq!(one["items"].as_array().unwrap().len(), 1, "{one}");
    let href = |side: &str| one["items"][0][side]["href"].as_str().unwrap();
    assert_eq!(centre.get(href("ours")).await["outcome"], "answered");
    let rows = centre.get(href("recorded")).await;
    assert_eq!(rows["items"][0]["source"], "altered", "{rows}");
    let days = centre.get("/v1/reconciliations").await;
    assert_eq!(days["items"][0]["date"], day);
    assert_eq!(days["items"][0]["differences"], 4);
}

async fn days_that_cannot_be_judged_are_refused(centre: &Cordboard) {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let path = format!("/v1/reconciliations/{today}/run");
    let refused = centre.ask(reqwest::Method::POST, &path, None).await;
    assert_eq!(refused.status().as_u16(), 409);
    let (code, _) = reconciled(centre, "2026-02-30", "table");
    assert_eq!(code, Some(1));
}
