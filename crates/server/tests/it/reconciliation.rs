//! Our own log against call detail records: what is told, and what is refused.

use model::Role;
use serde_json::json;
use server::{
    auth::AuthConfig,
    cdr::CdrSettings,
    config::{CdrSourceConfig, CdrSourceKind},
};

use crate::harness::Server;

async fn with(server: Option<&str>, rows: &str) -> (Server, tempfile::TempDir) {
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
    let server = Server::start_by(AuthConfig::default(), |_, setup| setup.cdr = cdr).await;
    (server, folder)
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
    let main = json!({"name": "main", "ari_url": "http://127.0.0.1:1/ari", "ari_user": "cordboard", "password": "p"});
    let made = administrator.post("/v1/servers", &main).await;
    assert!(made.status.is_success(), "{made:?}");
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
