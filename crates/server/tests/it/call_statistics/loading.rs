//! Figures of what has not been read yet, and loads that are broken off.

use engine::stats::Rules;
use server::{
    auth::AuthConfig,
    cdr::CdrSettings,
    config::{CdrSourceConfig, CdrSourceKind},
};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection};

use super::{
    TOKEN, asked, callstat_rows, config, fresh,
    in_sql::{FREEPBX, Rows, callstat_in_sql},
    mariadb, read,
};
use crate::harness::Server;

/// Calls on every other day for more than a year, with years before them in which there was one only.
async fn fill(database: &mut MySqlConnection) {
    sqlx::query(FREEPBX).execute(&mut *database).await.unwrap();
    sqlx::query("SET time_zone = '+00:00'")
        .execute(&mut *database)
        .await
        .unwrap();
    let call = |at: &str| {
        format!(
            "SELECT {at}, '2001', CONCAT('00421255550', 100 + seq MOD 50), 'Dial', 60, 50, 'ANSWERED',
                    CONCAT(UNIX_TIMESTAMP({at}), '.', seq), '2001', CONCAT(UNIX_TIMESTAMP({at}), '.', seq)"
        )
    };
    let insert = "INSERT INTO cdr (calldate, src, dst, lastapp, duration, billsec, disposition, uniqueid, cnum, linkedid)";
    // Over midnight, too.
    let at = "NOW() - INTERVAL (seq * 11) HOUR - INTERVAL (seq MOD 2) DAY";
    for text in [
        format!("{insert} {} FROM seq_1_to_900", call(at)),
        format!(
            "{insert} {} FROM (SELECT 1 AS seq) one",
            call("'2013-05-06 07:08:09'")
        ),
    ] {
        sqlx::query(AssertSqlSafe(text))
            .execute(&mut *database)
            .await
            .unwrap();
    }
}

/// A source with calls, a connection to it, and a folder for our own store; nothing where there is no MariaDB.
async fn filled() -> Option<(lab::Database, MySqlConnection, tempfile::TempDir)> {
    let source = fresh("CORDBOARD_TEST_MARIADB").await?;
    let mut database = mariadb(source.dsn()).await;
    fill(&mut database).await;
    Some((source, database, tempfile::tempdir().unwrap()))
}

fn store_in(folder: &tempfile::TempDir) -> String {
    format!("sqlite:{}", folder.path().join("store.sqlite").display())
}

async fn on(dsn: String, source: CdrSourceConfig) -> Server {
    let auth = AuthConfig {
        statistics_token_hash: Some(server::auth::hash_token(TOKEN)),
        ..AuthConfig::default()
    };
    let cdr = CdrSettings {
        sources: vec![source],
        rules: Rules::default(),
        time_zone: "UTC".to_owned(),
        work_week_days: 5,
        ..CdrSettings::default()
    };
    Server::start_by(auth, |_, setup| (setup.dsn, setup.cdr) = (dsn, cdr)).await
}

/// The months that were asked for, as the database has them.
async fn months(database: &mut MySqlConnection, ago: u32) -> (String, Rows) {
    let (first,): (String,) = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT CAST(DATE_FORMAT(CURDATE() - INTERVAL {ago} MONTH, '%Y-%m-01') AS CHAR)"
    )))
    .fetch_one(&mut *database)
    .await
    .unwrap();
    let (last,): (String,) = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT CAST(LAST_DAY('{first}') AS CHAR)"
    )))
    .fetch_one(&mut *database)
    .await
    .unwrap();
    let (from, until) = (format!("'{first}'"), format!("'{last}' + INTERVAL 1 DAY"));
    let rows = callstat_in_sql(database, &from, &until).await;
    (format!("start={first}&end={last}&profile=as_before"), rows)
}

#[tokio::test]
async fn the_first_question_is_answered_whole_whatever_it_asks() {
    let Some((source, mut database, folder)) = filled().await else {
        return;
    };
    let dsn = store_in(&folder);
    let server = on(dsn, config(source.dsn(), CdrSourceKind::MySql)).await;
    let anybody = server.anonymous();

    let (old, expected) = months(&mut database, 11).await;
    let answer = asked(&anybody, "callstat", &old).await;
    assert!(answer["errors"].is_null(), "{answer}");
    assert_eq!(callstat_rows(&answer), expected);
    assert!(!expected.is_empty());
    let note = answer["notes"]["mysql"].as_str().unwrap_or_default();
    assert!(note.contains("read just now"), "{answer}");
    let again = asked(&anybody, "callstat", &old).await;
    assert!(again["notes"].is_null() && callstat_rows(&again) == expected);
    let asr = asked(&anybody, "asrstat", "date=2013-05-06").await;
    let slovakia = &asr["databases"]["mysql"];
    assert_eq!(slovakia["data"][0]["total_calls"], 1, "{asr}");
    // Days on which there was nothing are known as well.
    let nothing = asked(&anybody, "callstat", "date=2015-01-01").await;
    assert!(nothing["errors"].is_null(), "{nothing}");
    assert!(callstat_rows(&nothing).is_empty());
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_load_that_was_broken_off_goes_on_and_counts_nothing_twice() {
    let Some((source, mut database, folder)) = filled().await else {
        return;
    };
    let dsn = store_in(&folder);
    let config = config(source.dsn(), CdrSourceKind::MySql);
    for ago in [9, 4] {
        let server = on(dsn.clone(), config.clone()).await;
        let (month, expected) = months(&mut database, ago).await;
        let answer = asked(&server.anonymous(), "callstat", &month).await;
        assert_eq!(callstat_rows(&answer), expected, "{answer}");
        server.finish().await;
    }
    let server = on(dsn, config).await;
    let anybody = server.anonymous();
    read(&anybody).await;
    for ago in 0..13 {
        let (month, expected) = months(&mut database, ago).await;
        let answer = asked(&anybody, "callstat", &month).await;
        assert_eq!(
            callstat_rows(&answer),
            expected,
            "{ago} months ago: {answer}"
        );
    }
    let supervisor = server.program(model::Role::Supervisor).await;
    let sources = supervisor.get("/v1/cdr-sources").await.json();
    let source = &sources["items"][0];
    assert_eq!(
        (&source["name"], &source["kind"]),
        (&"mysql".into(), &"mysql".into())
    );
    assert!(
        source["known_until"].is_string() && source["error"].is_null(),
        "{sources}"
    );
    // What was read before was not read again, but for the newest day.
    let read = source["rows_read"].as_u64().unwrap();
    assert!(read < 900 - 2 * 25, "{sources}");
    database.close().await.unwrap();
}

#[tokio::test]
async fn what_was_read_is_known_after_a_restart_while_the_source_is_away() {
    let Some((source, mut database, folder)) = filled().await else {
        return;
    };
    let dsn = store_in(&folder);
    let cdr = || config(source.dsn(), CdrSourceKind::MySql);
    let server = on(dsn.clone(), cdr()).await;
    let (question, expected) = months(&mut database, 11).await;
    let before = asked(&server.anonymous(), "callstat", &question).await;
    assert!(before["errors"].is_null(), "{before}");
    server.finish().await;

    let mut away = cdr();
    away.port = Some(1);
    let server = on(dsn, away).await;
    let after = asked(&server.anonymous(), "callstat", &question).await;
    assert!(after["errors"].is_null(), "{after}");
    assert_eq!(callstat_rows(&after), expected);
    database.close().await.unwrap();
}
