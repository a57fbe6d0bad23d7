//! Our own log as a source, for a centre without any call detail records.

use engine::stats::{Pattern, Rules};
use jiff::Timestamp;
use model::{CallerIdKey, ReservationId, Role, Tier, UseEnd};
use server::{
    auth::AuthConfig,
    cdr::CdrSettings,
    config::{CdrSourceConfig, CdrSourceKind},
};
use store::{LedgerEntry, Store, UseFact};
use uuid::Uuid;

use super::{TOKEN, asked, asrstat_rows, callstat_rows, read};
use crate::{
    harness::Server,
    reports::{column, own, report},
};

const DAY: &str = "date=2026-10-26";
const KIM: &str = "+12025550147";

fn own_log() -> CdrSourceConfig {
    CdrSourceConfig {
        name: "own".to_owned(),
        kind: CdrSourceKind::Own,
        internal: vec!["XXX".to_owned()],
        ..CdrSourceConfig::default()
    }
}

/// Calls of Agnes to Kim: one of 100 s, one that nobody answers, and a reservation whose call nobody saw.
async fn call_out(store: &Store) {
    let calls = [
        (UseEnd::CallEnded, Some(true), Some(100_000)),
        (UseEnd::CallEnded, Some(false), Some(0)),
        (UseEnd::TimedOut, None, None),
    ];
    let mut entries = Vec::new();
    for (number, (end, answered, talk_ms)) in (1_u64..).zip(calls) {
        let reservation = ReservationId(Uuid::from_u128(u128::from(number)));
        let minute = |minute| {
            let at = format!("2026-10-26T15:{minute:02}:00Z");
            at.parse::<Timestamp>().unwrap().into()
        };
        let reserved = UseFact::Reserved {
            reservation,
            number: "+12125550100".parse().unwrap(),
            to: KIM.parse().unwrap(),
            tier: Tier::AreaCode,
            campaign: "spring".to_owned(),
            agent: "101".to_owned(),
            expires_at: minute(10 * number + 5),
        };
        let ended = UseFact::Ended {
            reservation,
            end,
            answered,
            talk_ms,
        };
        for (step, fact) in [(0, reserved), (1, ended)] {
            entries.push(LedgerEntry {
                seq: 2 * number - 1 + step,
                at: minute(10 * number + 2 * step),
                caller_id: CallerIdKey(Uuid::from_u128(1)),
                counts: None,
                foreign: true,
                fact,
            });
        }
    }
    store.ledger().apply(&entries).await.unwrap();
}

#[tokio::test]
async fn a_centre_without_call_detail_records_has_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let dsn = format!("sqlite:{}", folder.path().join("own.sqlite").display());
    let store = Store::open(&dsn).await.unwrap();
    store.migrate().await.unwrap();
    own::fill(&store).await;
    // The one that still waits would be lost with its server.
    store.calls().remove_past(&[own::call(5)]).await.unwrap();
    call_out(&store).await;
    store.close().await;
    let auth = AuthConfig {
        statistics_token_hash: Some(server::auth::hash_token(TOKEN)),
        ..AuthConfig::default()
    };
    let server = Server::start_by(auth, |_, setup| {
        setup.dsn = dsn;
        setup.cdr = CdrSettings {
            sources: vec![own_log()],
            rules: Rules {
                extensions: vec![Pattern::new("1XX").unwrap()],
                ..Rules::default()
            },
            ..CdrSettings::default()
        };
    })
    .await;
    let anybody = server.anonymous();
    read(&anybody).await;

    // Two calls that Agnes took, of 60 s and 10 s from one caller, and two that she made.
    let cells = |cells: [&str; 5]| cells.map(str::to_owned).to_vec();
    for profile in ["exact", "as_before"] {
        let query = format!("{DAY}&profile={profile}");
        let answer = asked(&anybody, "callstat", &query).await;
        let agnes = ("101".to_owned(), cells(["4", "2.83", "1", "1.67", "2"]));
        assert_eq!(callstat_rows(&answer), [agnes].into(), "{answer}");
        assert_eq!(answer["data"][0]["cnam"], "Agnes");
    }
    // Only calls to outside are tries to reach a country.
    let answer = asked(&anybody, "asrstat", DAY).await;
    let nanp = ("+1".to_owned(), cells(["1", "2", "50", "1", "1.67"]));
    assert_eq!(asrstat_rows(&answer["databases"]["own"]), [nanp].into());

    let program = server.program(Role::Service).await;
    let dids = report(&program, "did", DAY).await;
    for (key, cell) in [
        ("did", "+421255501000"),
        ("attempts", "4"),
        ("answered", "2"),
        ("no_answer", "1"),
        ("busy", "1"),
        ("talk_seconds", "70"),
    ] {
        assert_eq!(column(&dids, key), [cell], "{key}");
    }
    let campaigns = report(&program, "campaign", DAY).await;
    assert_eq!(column(&campaigns, "campaign"), ["spring"]);
    assert_eq!(column(&campaigns, "attempts"), ["2"]);

    // Each call is found once; the rows of the source where somebody asks for them.
    let found = async |query: &str| {
        let answer = program
            .get(&format!("/v1/reports/calls?{query}"))
            .await
            .json();
        answer["items"].as_array().unwrap().len()
    };
    assert_eq!(found(DAY).await, 4);
    assert_eq!(found(&format!("{DAY}&source=own")).await, 8);
    assert_eq!(found(&format!("{DAY}&report=did")).await, 6);
    let sources = program.get("/v1/cdr-sources").await.json();
    let source = &sources["items"][0];
    assert_eq!(
        (&source["kind"], &source["rows_read"]),
        (&"own".into(), &8.into())
    );
    assert_eq!(source["notes"].as_array().unwrap().len(), 3, "{source}");
}
