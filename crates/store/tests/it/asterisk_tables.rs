//! Asterisk's own tables, in a database that it reads by ODBC.

use store::{AsteriskRow, AsteriskTables, LeftOut, StoreError};

use crate::{TestDb, contract};

/// A table as Asterisk's own migrations make it in PostgreSQL, with a type of its own, and one that is too old.
const ADOPTED_POSTGRES: &str = "CREATE TYPE yesno_values AS ENUM ('yes', 'no');
CREATE TABLE ps_endpoints (id varchar(40) NOT NULL UNIQUE, context varchar(40), direct_media yesno_values);
INSERT INTO ps_endpoints (id, context) VALUES ('900', 'site')";
const ADOPTED_MARIADB: &str = "CREATE TABLE ps_endpoints (id varchar(40) NOT NULL UNIQUE, context varchar(40), direct_media enum('yes', 'no'));
INSERT INTO ps_endpoints (id, context) VALUES ('900', 'site')";

fn endpoint(id: &str, context: &str) -> AsteriskRow {
    let columns = vec![("id", id), ("context", context), ("direct_media", "no")];
    row("ps_endpoints", columns)
}

fn auth(id: &str, digest: &str) -> AsteriskRow {
    row("ps_auths", vec![("id", id), ("md5_cred", digest)])
}

fn aor(id: &str, contact: &str) -> AsteriskRow {
    row(
        "ps_aors",
        vec![("id", id), ("max_contacts", "1"), ("contact", contact)],
    )
}

fn row(table: &'static str, columns: Vec<(&'static str, &str)>) -> AsteriskRow {
    let columns: Vec<_> = columns
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    let id = columns[0].1.clone();
    AsteriskRow { table, id, columns }
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// What a statement that reads texts finds, a row on a line.
async fn found(test: &TestDb, sql: &'static str) -> Vec<String> {
    if test.dsn.starts_with("postgres") {
        let pool = sqlx::PgPool::connect(&test.dsn).await.unwrap();
        sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap()
    } else {
        let pool = sqlx::MySqlPool::connect(&test.dsn).await.unwrap();
        sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap()
    }
}

/// Asterisk reads none.
fn is_sqlite(test: &TestDb) -> bool {
    test.dsn.starts_with("sqlite")
}

async fn made(test: &TestDb) -> AsteriskTables {
    let mut tables = AsteriskTables::open(&test.dsn).await.unwrap();
    tables.create().await.unwrap();
    tables
}

async fn makes_what_is_missing(test: &TestDb) {
    if is_sqlite(test) {
        return;
    }
    let mut tables = AsteriskTables::open(&test.dsn).await.unwrap();
    let missing = tables.missing().await.unwrap();
    assert_eq!(missing.first().map(String::as_str), Some("ps_endpoints"));
    assert_eq!(missing.last().map(String::as_str), Some("cordboard_rows"));
    let refused = tables.put(None, &[]).await.unwrap_err().to_string();
    assert!(
        refused.contains("cordboard asterisk tables --create"),
        "{refused}"
    );
    assert_eq!(tables.create().await.unwrap().len(), 6);
    assert_eq!(tables.missing().await.unwrap(), Vec::<String>::new());
    assert_eq!(tables.create().await.unwrap().len(), 0);
}

async fn brings_rows_to_what_they_are_to_be(test: &TestDb) {
    if is_sqlite(test) {
        return;
    }
    let tables = made(test).await;
    let first = [
        endpoint("101", "agents"),
        auth("101", "aa"),
        aor("101", "sip:h;transport=tcp^"),
    ];
    assert_eq!(
        tables
            .put(Some(&ids(&["101"])), &first)
            .await
            .unwrap()
            .changed,
        3
    );
    // What is so already is not written again.
    assert_eq!(tables.put(None, &first).await.unwrap().changed, 0);
    let read = "SELECT contact FROM ps_aors";
    assert_eq!(found(test, read).await, ["sip:h^3Btransport=tcp^5E"]);

    test.meddle(
        "INSERT INTO ps_contacts (id, endpoint) VALUES ('101^3B@1', '101'), ('900^3B@1', '900')",
    )
    .await;
    let second = [endpoint("101", "sales"), auth("101", "aa")];
    assert_eq!(
        tables
            .put(Some(&ids(&["101"])), &second)
            .await
            .unwrap()
            .changed,
        3
    );
    assert_eq!(
        found(test, "SELECT context FROM ps_endpoints").await,
        ["sales"]
    );
    assert_eq!(found(test, read).await, Vec::<String>::new());
    // Who registered with another secret is forgotten, and nobody else.
    let contacts = "SELECT endpoint FROM ps_contacts ORDER BY endpoint";
    assert_eq!(found(test, contacts).await, ["101", "900"]);
    let third = [endpoint("101", "sales"), auth("101", "bb")];
    tables.put(None, &third).await.unwrap();
    assert_eq!(found(test, contacts).await, ["900"]);

    // Another one alone is asked about: the first stays.
    tables
        .put(Some(&ids(&["102"])), &[endpoint("102", "sales")])
        .await
        .unwrap();
    assert_eq!(
        found(test, "SELECT id FROM ps_endpoints ORDER BY id").await,
        ["101", "102"]
    );
    assert_eq!(tables.put(None, &[]).await.unwrap().changed, 3);
    assert_eq!(
        found(test, "SELECT id FROM ps_endpoints").await,
        Vec::<String>::new()
    );
}

async fn adopts_a_table_and_leaves_what_is_anothers(test: &TestDb) {
    if is_sqlite(test) {
        return;
    }
    test.meddle(if test.dsn.starts_with("postgres") {
        ADOPTED_POSTGRES
    } else {
        ADOPTED_MARIADB
    })
    .await;
    let mut tables = AsteriskTables::open(&test.dsn).await.unwrap();
    let missing = tables.missing().await.unwrap();
    assert!(
        missing.contains(&"ps_endpoints.webrtc".to_owned()),
        "{missing:?}"
    );
    assert!(!missing.contains(&"ps_endpoints".to_owned()), "{missing:?}");
    let created = tables.create().await.unwrap();
    assert!(!created.contains(&"ps_endpoints"), "{created:?}");
    let missing = tables.missing().await.unwrap();
    assert!(
        missing.contains(&"ps_endpoints.webrtc".to_owned()),
        "{missing:?}"
    );

    let long = "x".repeat(41);
    let mut webrtc = endpoint("103", "agents");
    webrtc.columns.push(("webrtc", "yes".to_owned()));
    let rows = [
        endpoint("101", "agents"),
        endpoint("102", &long),
        webrtc,
        endpoint("104", " agents"),
        auth("102", "aa"),
        endpoint("900", "ours"),
        auth("900", "aa"),
    ];
    let put = tables.put(None, &rows).await.unwrap();
    let left_out = |id: &str, why: &str| LeftOut {
        id: id.to_owned(),
        why: why.to_owned(),
    };
    assert_eq!(
        put.left_out,
        [
            left_out(
                "102",
                "ps_endpoints.context has room for 40 characters, and 41 are needed"
            ),
            left_out("103", "there is no column ps_endpoints.webrtc"),
            left_out(
                "104",
                "ps_endpoints.context begins or ends with a space, which Asterisk would take off"
            ),
            left_out(
                "900",
                "ps_endpoints has a row 900 that Cordboard did not make, and does not touch"
            ),
        ]
    );
    assert_eq!(put.changed, 1);
    assert_eq!(
        found(test, "SELECT id FROM ps_auths").await,
        Vec::<String>::new()
    );
    tables.put(None, &[]).await.unwrap();
    assert_eq!(
        found(test, "SELECT context FROM ps_endpoints").await,
        ["site"]
    );
}

#[tokio::test]
async fn sqlite_is_no_database_of_asterisks() {
    let refused = AsteriskTables::open("sqlite::memory:").await.unwrap_err();
    assert!(matches!(refused, StoreError::Dsn { .. }), "{refused}");
}

contract!(bare:
    makes_what_is_missing,
    brings_rows_to_what_they_are_to_be,
    adopts_a_table_and_leaves_what_is_anothers,
);
