//! Our own log as a source, for a centre without any call detail records.

use engine::stats::{Pattern, Rules};
use jiff::Timestamp;
use model::{
    CallId, Caller, CallerIdKey, EndedBy, Event, EventBody, Outcome, Placed, ReservationId, Role,
    ServerId, Tier, UseEnd,
};
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

/// Agnes calls Kim with a click: one whose caller ID is that of the first of [`call_out`]; one by the trunk's own number; one that
/// Agnes does not pick up, and one that finds Kim busy.
async fn place(store: &Store) {
    let placed = [
        (Some(1), Outcome::Answered, EndedBy::Agent, Some(100_000)),
        (None, Outcome::Answered, EndedBy::Caller, Some(20_000)),
        (None, Outcome::NotReached, EndedBy::Agent, None),
        (None, Outcome::NotReached, EndedBy::Caller, None),
    ];
    let (mut events, applied) = (Vec::new(), store.journal().applied_seq().await.unwrap());
    for (number, (reservation, outcome, ended_by, talk_ms)) in (1_u32..).zip(placed) {
        let call = CallId(Uuid::from_u128(u128::from(900 + number)));
        let begun = EventBody::CallPlaced {
            call,
            server: ServerId(Uuid::nil()),
            channel: format!("cordboard-dial-agent-{number}"),
            agent: own::AGNES,
            customer: Caller {
                e164: Some(KIM.to_owned()),
                ..Caller::new("2025550147", "")
            },
            dialled: "12025550147".to_owned(),
            placed: Placed {
                campaign: "spring".to_owned(),
                caller_id: reservation.map(|_| "+12125550100".to_owned()),
                reservation: reservation.map(|number| ReservationId(Uuid::from_u128(number))),
                trunk: None,
            },
        };
        let answered = EventBody::CustomerAnswered {
            call,
            agent: own::AGNES,
        };
        let ended = EventBody::CallEnded {
            call,
            queue: None,
            agent: Some(own::AGNES),
            outcome,
            overflow_reason: None,
            ended_by,
            hangup_cause: Some(17),
            wait_ms: None,
            talk_ms,
        };
        let bodies = [Some(begun), talk_ms.map(|_| answered), Some(ended)];
        for (step, body) in (0..).zip(bodies.into_iter().flatten()) {
            let at = format!("2026-10-26T15:{}:{step:02}Z", 10 * number);
            events.push(Event {
                seq: applied + 1 + events.len() as u64,
                at: at.parse::<Timestamp>().unwrap().into(),
                body,
            });
        }
    }
    store.journal().apply(&events).await.unwrap();
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
    place(&store).await;
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

    // Two calls that Agnes took, of 60 s and 10 s from one caller, and four that she made: of 100 s, of 20 s, and two in vain.
    let cells = |cells: [&str; 5]| cells.map(str::to_owned).to_vec();
    for profile in ["exact", "as_before"] {
        let query = format!("{DAY}&profile={profile}");
        let answer = asked(&anybody, "callstat", &query).await;
        let agnes = ("101".to_owned(), cells(["6", "3.17", "1", "1.67", "2"]));
        assert_eq!(callstat_rows(&answer), [agnes].into(), "{answer}");
        assert_eq!(answer["data"][0]["cnam"], "Agnes");
    }
    // Only calls to outside are tries to reach a country.
    let answer = asked(&anybody, "asrstat", DAY).await;
    let nanp = ("+1".to_owned(), cells(["2", "4", "50", "1", "2"]));
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
    assert_eq!(column(&campaigns, "attempts"), ["4"]);

    // Each call is found once; the rows of the source where somebody asks for them.
    let found = async |query: &str| {
        let answer = program
            .get(&format!("/v1/reports/calls?{query}"))
            .await
            .json();
        answer["items"].as_array().unwrap().clone()
    };
    let all = found(DAY).await;
    assert_eq!(all.len(), 8);
    assert_eq!(found(&format!("{DAY}&source=own")).await.len(), 10);
    assert_eq!(found(&format!("{DAY}&report=did")).await.len(), 6);
    let made = found(&format!("{DAY}&number=%2B12125550100&source=cordboard")).await;
    assert_eq!(made.len(), 1, "{all:?}");
    assert_eq!(
        ["caller", "destination", "campaign"].map(|key| &made[0][key]),
        ["+12125550100", KIM, "spring"]
    );
    let sources = program.get("/v1/cdr-sources").await.json();
    let source = &sources["items"][0];
    assert_eq!(
        (&source["kind"], &source["rows_read"]),
        (&"own".into(), &10.into())
    );
    assert_eq!(source["notes"].as_array().unwrap().len(), 3, "{source}");
}
