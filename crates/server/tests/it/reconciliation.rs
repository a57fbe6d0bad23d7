//! Our own log against call detail records: what is told, and what is refused.

use std::time::Duration;

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use model::{AgentId, CallId, Caller, EndedBy, Event, EventBody, Outcome, Placed, Role};
use serde_json::{Value, json};
use server::{
    auth::AuthConfig,
    cdr::CdrSettings,
    config::{CdrSourceConfig, CdrSourceKind},
};
use uuid::Uuid;

use crate::harness::{Client, Server};

async fn with(server: Option<&str>, rows: &str) -> (Server, tempfile::TempDir) {
    with_retention(server, rows, None).await
}

async fn with_retention(
    server: Option<&str>,
    rows: &str,
    retention: Option<Duration>,
) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cdr.csv");
    let columns = "calldate,src,dst,channel,dstchannel,lastapp,duration,billsec,disposition,uniqueid,linkedid";
    std::fs::write(&file, format!("{columns}\n{rows}\n")).unwrap();
    let source = CdrSourceConfig {
        name: "pbx".to_owned(),
        kind: CdrSourceKind::Csv,
        file: Some(file),
        server: server.map(str::to_owned),
        ..CdrSourceConfig::default()
    };
    let cdr = CdrSettings {
        sources: vec![source],
        ..CdrSettings::default()
    };
    let server = Server::start_by(AuthConfig::default(), |_, setup| {
        setup.cdr = cdr;
        setup.retention = retention;
    })
    .await;
    (server, folder)
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
    let made = administrator
        .post(&format!("{DAY}/run"), &json!({}))
        .await
        .json();
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
    let (server, _folder) = with_retention(Some("main"), ROWS, Some(keep)).await;
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
