//! Our own log against call detail records: what is told, and what is refused.

use std::{path::PathBuf, time::Duration};

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use model::{
    AgentId, Call, CallId, Caller, EndedBy, Event, EventBody, Outcome, Placed, Role, ServerId,
};
use serde_json::{Value, json};
use server::{
    auth::AuthConfig,
    cdr::CdrSettings,
    config::{CdrSourceConfig, CdrSourceKind},
};
use store::PastCall;
use uuid::Uuid;

use crate::{
    deliveries::receivers::wait_for,
    harness::{Client, PASSWORD, Server},
};

const COLUMNS: &str =
    "calldate,src,dst,channel,dstchannel,lastapp,duration,billsec,disposition,uniqueid,linkedid";

async fn with(server: Option<&str>, rows: &str) -> (Server, tempfile::TempDir) {
    with_sources(&["pbx"], server, rows, None).await
}

/// Each source has the same rows.
async fn with_sources(
    names: &[&str],
    server: Option<&str>,
    rows: &str,
    retention: Option<Duration>,
) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cdr.csv");
    std::fs::write(&file, format!("{COLUMNS}\n{rows}\n")).unwrap();
    let sources = names.iter().map(|name| source(name, server, file.clone()));
    let cdr = CdrSettings {
        sources: sources.collect(),
        ..CdrSettings::default()
    };
    let server = Server::start_by(AuthConfig::default(), |_, setup| {
        setup.cdr = cdr;
        setup.retention = retention;
    })
    .await;
    (server, folder)
}

fn source(name: &str, server: Option<&str>, file: PathBuf) -> CdrSourceConfig {
    CdrSourceConfig {
        name: name.to_owned(),
        kind: CdrSourceKind::Csv,
        file: Some(file),
        server: server.map(str::to_owned),
        ..CdrSourceConfig::default()
    }
}

/// The server whose records they are; its id.
async fn main_server(administrator: &Client) -> String {
    let main = json!({"name": "main", "ari_url": "http://127.0.0.1:1/ari", "ari_user": "cordboard", "password": "p"});
    administrator.post("/v1/servers", &main).await.id()
}

/// What comes of comparing a day.
async fn compared(client: &Client, day: &str) -> Value {
    let path = format!("{day}/run");
    client.post(&path, &json!({})).await.json()
}

const DAY: &str = "/v1/reconciliations/2026-10-26";

#[tokio::test]
async fn a_day_that_cannot_be_judged_is_refused_with_its_reason() {
    for (of, path, code, words) in [
        (None, DAY, "not_judged", "says with `server`"),
        (Some("gone"), DAY, "not_judged", "no server of ours"),
        (
            Some("gone"),
            "/v1/reconciliations/2126-10-26",
            "not_judged",
            "is not over",
        ),
        (
            Some("gone"),
            "/v1/reconciliations/2026-02-30",
            "invalid_field",
            "neither a day",
        ),
        (
            Some("gone"),
            "/v1/reconciliations/x",
            "invalid_field",
            "neither a day",
        ),
    ] {
        let (server, _folder) = with(of, "").await;
        let supervisor = server.program(Role::Supervisor).await;
        let answer = supervisor.post(&format!("{path}/run"), &json!({})).await;
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{path}: {problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains(words),
            "{problem}"
        );
        let days = supervisor.get("/v1/reconciliations").await.json();
        assert_eq!(days["items"], json!([]));
    }
    let (server, _folder) = with(None, "").await;
    let supervisor = server.program(Role::Supervisor).await;
    let unknown = supervisor.get(DAY).await;
    assert_eq!(unknown.status.as_u16(), 404);
}

/// One that was given to us, one that goes to an extension, and an agent's phone.
const ROWS: &str = "\
2026-10-26 10:00:00,5550101,5550102,PJSIP/trunk-1,PJSIP/101-2,Stasis,40,40,ANSWERED,1793008800.1,1793008800.1
2026-10-26 10:00:05,5550101,s,PJSIP/101-2,,Stasis,5,0,ANSWERED,cordboard-agent-1,1793008800.1
2026-10-26 11:00:00,5550101,101,PJSIP/trunk-3,PJSIP/101-4,Dial,40,40,ANSWERED,1793012400.5,1793012400.5";

#[tokio::test]
async fn what_stands_in_the_records_alone_is_told_and_the_rest_is_none_of_ours() {
    let (server, _folder) = with(Some("main"), ROWS).await;
    let administrator = server.administrator().await;
    main_server(&administrator).await;
    let made = compared(&administrator, DAY).await;
    assert_eq!(made["counts"]["recorded"], 1, "{made}");
    assert_eq!(made["counts"]["only_recorded"], 1, "{made}");
    let day = administrator.get(DAY).await.json();
    assert_eq!(day["items"].as_array().unwrap().len(), 1, "{day}");
    let record = &day["items"][0]["recorded"];
    assert_eq!(
        (&record["uniqueid"], &record["answered"]),
        (&json!("1793008800.1"), &json!(true))
    );
    assert_eq!(record["talk_seconds"], 30, "{record}");
    let other = administrator
        .get(&format!("{DAY}?difference=only_ours"))
        .await
        .json();
    assert_eq!(other["items"], json!([]));
}

/// An agent who does not pick up has no record in Asterisk.
#[tokio::test]
async fn calls_that_we_placed_are_not_compared() {
    let (server, _folder) = with(Some("main"), ROWS).await;
    let administrator = server.administrator().await;
    let main = main_server(&administrator).await;
    let call = CallId(Uuid::from_u128(1));
    let agent = AgentId(Uuid::from_u128(2));
    let placed = EventBody::CallPlaced {
        call,
        server: main.parse().unwrap(),
        channel: "cordboard-dial-agent-1".to_owned(),
        agent,
        customer: Caller::new("2025550147", ""),
        dialled: "12025550147".to_owned(),
        placed: Placed {
            campaign: String::new(),
            caller_id: None,
            reservation: None,
            trunk: None,
        },
    };
    let ended = EventBody::CallEnded {
        call,
        queue: None,
        agent: Some(agent),
        outcome: Outcome::NotReached,
        overflow_reason: None,
        ended_by: EndedBy::Agent,
        hangup_cause: Some(19),
        wait_ms: None,
        talk_ms: None,
    };
    let at: Timestamp = "2026-10-26T12:00:00Z".parse().unwrap();
    let events = [placed, ended].map(|body| Event {
        seq: 0,
        at: at.into(),
        body,
    });
    let applied = server.app.store.journal().applied_seq().await.unwrap();
    let events: Vec<Event> = (applied + 1..)
        .zip(events)
        .map(|(seq, event)| Event { seq, ..event })
        .collect();
    server.app.store.journal().apply(&events).await.unwrap();
    let made = compared(&administrator, DAY).await;
    let counts = &made["counts"];
    assert_eq!(
        (&counts["ours"], &counts["still_up"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(counts["only_ours"], 0, "{counts}");
}

#[tokio::test]
async fn a_day_whose_own_calls_are_deleted_is_not_judged() {
    let keep = Duration::from_hours(3 * 24);
    let (server, _folder) = with_sources(&["pbx"], Some("main"), ROWS, Some(keep)).await;
    let administrator = server.administrator().await;
    main_server(&administrator).await;
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    for (days, status) in [(1, 200), (2, 200), (3, 409), (30, 409)] {
        let path = format!("/v1/reconciliations/{}/run", today - days.days());
        let answer = administrator.post(&path, &json!({})).await;
        assert_eq!(answer.status, status, "{days}: {answer:?}");
        assert_eq!(answer.body.contains("retention.days"), status == 409);
    }
}

/// A caller who gave up, without an end if `ended` is `false`.
fn caller(number: u128, at: Timestamp, server: ServerId, ended: bool) -> PastCall {
    let call = Call {
        channel: format!("{}.{number}", at.as_second()),
        caller: Caller::new("5550101", ""),
        dialled: "5550102".to_owned(),
        ended_at: ended.then(|| (at + 5.seconds()).into()),
        outcome: ended.then_some(Outcome::Abandoned),
        ..Call::new(CallId(Uuid::from_u128(number)), server, at.into())
    };
    PastCall {
        call,
        offers: Vec::new(),
    }
}

/// A record of that call, some seconds later.
fn record(of: &PastCall, later: i64) -> String {
    let at = of.call.arrived_at.to_jiff() + later.seconds();
    let at = at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S");
    let channel = &of.call.channel;
    format!("{at},5550101,5550102,PJSIP/trunk-1,,Stasis,5,0,NO ANSWER,{channel},{channel}")
}

#[tokio::test]
async fn a_call_at_midnight_is_of_one_day_though_clocks_differ() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let main = ServerId(Uuid::from_u128(7));
    let calls = [
        caller(1, at("2026-10-25T23:59:50Z"), main, true),
        caller(2, at("2026-10-26T00:00:10Z"), main, true),
        caller(3, at("2026-10-26T12:00:00Z"), main, false),
        caller(4, at("2026-10-25T23:59:40Z"), main, false),
        caller(5, at("2026-10-26T23:59:55Z"), main, true),
    ];
    // The other clock is ahead, and behind.
    let rows = [(0, 20), (1, -20), (4, 10)].map(|(call, later)| record(&calls[call], later));
    let (server, _folder) = with(Some("main"), &rows.join("\n")).await;
    let administrator = server.administrator().await;
    let id: ServerId = main_server(&administrator).await.parse().unwrap();
    let calls = calls.map(|mut past| {
        past.call.server = id;
        past
    });
    server.app.store.calls().add_past(&calls).await.unwrap();
    for (day, alike, still_up) in [("25", 1, 1), ("26", 2, 1), ("27", 0, 0)] {
        let path = format!("/v1/reconciliations/2026-10-{day}");
        let made = compared(&administrator, &path).await;
        assert_eq!(made["differences"], 0, "{made}");
        assert_eq!(made["counts"]["alike"], alike, "{made}");
        assert_eq!(made["counts"]["still_up"], still_up, "{made}");
    }
}

#[tokio::test]
async fn counts_are_whole_and_of_the_differences_2000_are_kept() {
    let begin: Timestamp = "2026-10-26T08:00:00Z".parse().unwrap();
    let nowhere = ServerId(Uuid::nil());
    let one = |number: i64| {
        let call = caller(
            u128::try_from(number).unwrap(),
            begin + number.seconds(),
            nowhere,
            true,
        );
        record(&call, 0)
    };
    let rows: Vec<String> = (1..=2_001).map(one).collect();
    let (server, _folder) = with(Some("main"), &rows.join("\n")).await;
    let administrator = server.administrator().await;
    main_server(&administrator).await;
    let made = compared(&administrator, DAY).await;
    assert_eq!(
        (&made["differences"], &made["kept"]),
        (&json!(2_001), &json!(2_000))
    );
    assert_eq!(made["counts"]["only_recorded"], 2_001);
}

#[tokio::test]
async fn two_sources_of_one_server_are_compared_as_one() {
    let (server, _folder) = with_sources(&["pbx", "again"], Some("main"), ROWS, None).await;
    let administrator = server.administrator().await;
    main_server(&administrator).await;
    let made = compared(&administrator, DAY).await;
    assert_eq!(made["sources"], json!({"main": ["pbx", "again"]}));
    assert_eq!(made["counts"]["recorded"], 2, "{made}");
    // Both have the same rows.
    assert_eq!(made["counts"]["twice"], 1, "{made}");
    assert_eq!(made["counts"]["only_recorded"], 1, "{made}");
}

#[tokio::test]
async fn the_days_before_are_compared_every_night() {
    // A clock by which the night is far enough, whenever this runs.
    let is_early = Timestamp::now().to_zoned(TimeZone::UTC).hour() < 4;
    let zone = if is_early { "Etc/GMT-12" } else { "UTC" };
    let folder = tempfile::tempdir().unwrap();
    let dsn = format!("sqlite:{}", folder.path().join("kept.sqlite").display());
    let start = async || {
        let file = folder.path().join("cdr.csv");
        std::fs::write(&file, format!("{COLUMNS}\n{ROWS}\n")).unwrap();
        let dsn = dsn.clone();
        Server::start_by(AuthConfig::default(), |data, setup| {
            // There is none at the first start.
            let _ = std::fs::copy(folder.path().join("secret.key"), data.join("secret.key"));
            setup.dsn = dsn;
            setup.cdr = CdrSettings {
                sources: vec![source("pbx", Some("main"), file)],
                time_zone: zone.to_owned(),
                ..CdrSettings::default()
            };
        })
        .await
    };
    let server = start().await;
    let administrator = server.administrator().await;
    main_server(&administrator).await;
    let key = server.database_file().with_file_name("secret.key");
    std::fs::copy(key, folder.path().join("secret.key")).unwrap();
    server.finish().await;
    let server = start().await;
    let administrator = server.anonymous().log_in("root", PASSWORD).await;
    let days = wait_for("four days", async || {
        let days = administrator.get("/v1/reconciliations").await.json();
        let days = days["items"].as_array().unwrap().clone();
        Some(days).filter(|days| days.len() == 4)
    })
    .await;
    let today = Timestamp::now().in_tz(zone).unwrap().date();
    let dates: Vec<_> = days.iter().map(|day| day["date"].clone()).collect();
    let expected = [1, 2, 3, 4].map(|ago| json!((today - ago.days()).to_string()));
    assert_eq!(dates, expected);
}
