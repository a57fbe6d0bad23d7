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

#[tokio::test(flavor = "multi_thread")]
async fn our_log_and_the_call_detail_records_of_an_asterisk_agree() {
    let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let mut centre = Cordboard::start(&lab).await;
    real_calls(&lab, &centre).await;
    let master = lab.folder().join("log/cdr-csv/Master.csv");
    let lines: Vec<String> = fs::read_to_string(master)
        .unwrap()
        .lines()
        .map(a_day_earlier)
        .collect();
    assert!(lines.len() >= 7, "{lines:#?}");
    centre.terminate();
    centre.wait_ended().await;
    let config = fs::read_to_string(centre.data().join("cordboard.toml")).unwrap();

    // As if all of it had been yesterday: a day is judged when it is over.
    let calls = change_log(&centre, |call| {
        for at in [
            Some(&mut call.arrived_at),
            call.queued_at.as_mut(),
            call.answered_at.as_mut(),
            call.ended_at.as_mut(),
        ] {
            if let Some(at) = at {
                *at = at.before(DAY);
            }
        }
    })
    .await;
    let day = calls[0]
        .arrived_at
        .to_jiff()
        .to_zoned(TimeZone::UTC)
        .date()
        .to_string();
    with_sources(&centre, &config, "master", &lines);
    centre.start_again().await;
    let (code, said) = reconciled(&centre, &day, "json");
    let answer: Value = serde_json::from_str(&said).unwrap();
    let counts = &answer["counts"];
    assert_eq!(
        (code, &answer["differences"]),
        (Some(0), &json!(0)),
        "{answer:#} {lines:#?}"
    );
    assert_eq!(
        (&counts["ours"], &counts["alike"]),
        (&json!(4), &json!(4)),
        "{answer}"
    );

    // Ann's call counts for her extension, and only hers.
    let answer = centre.get(&format!("/api/v1/-/callstat?date={day}")).await;
    let talked: Vec<_> = answer["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (&row["cnum"], &row["call_count"]))
        .collect();
    assert_eq!(talked, [(&json!("101"), &json!(1))], "{answer}");

    // Somebody alters both.
    centre.terminate();
    centre.wait_ended().await;
    let of = |outcome| {
        calls
            .iter()
            .find(|call| call.outcome == Some(outcome))
            .unwrap()
    };
    let (abandoned, unrouted) = (
        &of(Outcome::Abandoned).channel,
        &of(Outcome::Unrouted).channel,
    );
    let has = |line: &&String, channel: &str| line.contains(&format!("\"{channel}\""));
    let mut altered: Vec<String> = lines
        .iter()
        .filter(|line| !has(line, abandoned))
        .cloned()
        .collect();
    let copied = lines.iter().find(|line| has(line, unrouted)).unwrap();
    altered.push(copied.replace(unrouted.as_str(), "1796036240.999"));
    change_log(&centre, |call| match call.outcome {
        Some(Outcome::Answered) => call.talk_ms = call.talk_ms.map(|ms| ms + 60_000),
        Some(Outcome::Overflowed) => call.outcome = Some(Outcome::Answered),
        _ => {}
    })
    .await;
    with_sources(&centre, &config, "altered", &altered);
    centre.start_again().await;
    let (code, said) = reconciled(&centre, &day, "csv");
    assert_eq!(code, Some(6), "{said}");
    let mut kinds: Vec<&str> = said
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap())
        .collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        ["only_ours", "only_recorded", "outcome", "talk_time"],
        "{said}"
    );
    assert!(
        said.lines()
            .any(|line| line.starts_with("only_ours") && line.contains(abandoned.as_str())),
        "{said}"
    );
    let (_, table) = reconciled(&centre, &day, "table");
    assert!(
        table.contains("4 calls in our log, 4 in the call detail records; 1 alike, 4 differ"),
        "{table}"
    );

    // One kind at a time; and days that cannot be judged are refused, not guessed.
    let one = centre
        .get(&format!("/v1/reconciliations/{day}?difference=talk_time"))
        .await;
    assert_eq!(one["items"].as_array().unwrap().len(), 1, "{one}");
    let call = centre
        .get(one["items"][0]["ours"]["href"].as_str().unwrap())
        .await;
    assert_eq!(call["outcome"], "answered");
    let rows = centre
        .get(one["items"][0]["recorded"]["href"].as_str().unwrap())
        .await;
    assert_eq!(rows["items"][0]["source"], "altered", "{rows}");
    let days = centre.get("/v1/reconciliations").await;
    assert_eq!(
        (&days["items"][0]["date"], &days["items"][0]["differences"]),
        (&json!(day), &json!(4))
    );
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date().to_string();
    let refused = centre
        .ask(
            reqwest::Method::POST,
            &format!("/v1/reconciliations/{today}/run"),
            None,
        )
        .await;
    assert_eq!(refused.status().as_u16(), 409);
    let (code, _) = reconciled(&centre, "2026-02-30", "table");
    assert_eq!(code, Some(1));
}
