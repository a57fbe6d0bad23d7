//! A site's own lists beside its calls: countries, and FreePBX's people.

use server::config::CdrSourceKind;
use sqlx::Executor as _;

use super::{
    asked, callstat_rows, config, counting, fresh, in_sql::FREEPBX, mariadb, postgres, read,
};

#[tokio::test]
async fn countries_and_people_are_named_as_the_site_names_them() {
    let Some(source) = fresh("CORDBOARD_TEST_MARIADB").await else {
        return;
    };
    let mut database = mariadb(source.dsn()).await;
    for text in [
        FREEPBX,
        "CREATE TABLE country_codes (code varchar(8) PRIMARY KEY, country varchar(40))",
        "INSERT INTO country_codes VALUES ('421', 'Slovensko'), ('4212', 'Bratislava'), ('1', 'Amerika')",
        // FreePBX has one list for all databases of calls on its server.
        "CREATE DATABASE IF NOT EXISTS asterisk",
        "CREATE TABLE IF NOT EXISTS asterisk.users (extension varchar(20) PRIMARY KEY, name varchar(50))",
        "REPLACE INTO asterisk.users VALUES ('3901', 'Zoe Idle'), ('3902', 'Ana Works'), ('12', 'not counted')",
        "INSERT INTO cdr (calldate, cnum, dst, lastapp, disposition, uniqueid, duration, billsec) VALUES
             ('2026-03-02 09:00:00', '3902', '0042125550101', 'Dial', 'ANSWERED', '1772442000.1', 70, 60),
             ('2026-03-02 09:00:00', '3903', '0042195550101', 'Dial', 'ANSWERED', '1772442000.2', 70, 60),
             ('2026-03-02 09:00:00', '3903', '0044207946000', 'Dial', 'BUSY', '1772442000.3', 1, 0)",
    ] {
        database.execute(text).await.unwrap();
    }
    let server = counting(vec![config(source.dsn(), CdrSourceKind::MySql)], "UTC").await;
    let anybody = server.anonymous();
    read(&anybody).await;
    let answer = asked(&anybody, "callstat", "date=2026-03-02").await;
    let name = |number: &str| {
        let rows = answer["data"].as_array().unwrap();
        let row = rows.iter().find(|row| row["cnum"] == number);
        row.map(|row| row["cnam"].as_str().unwrap().to_owned())
    };
    assert_eq!(name("3901").as_deref(), Some("Zoe Idle"));
    assert_eq!(name("3902").as_deref(), Some("Ana Works"));
    // Who is in no list stays, and who is not counted does not come in by one.
    assert_eq!((name("3903").as_deref(), name("12")), (Some(""), None));
    assert_eq!(callstat_rows(&answer)["3903"][0], "2");
    let asr = asked(&anybody, "asrstat", "date=2026-03-02").await;
    let rows = asr["databases"]["mysql"]["data"].as_array().unwrap();
    let rows: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| {
            (
                row["country_code"].as_str().unwrap(),
                row["country"].as_str().unwrap(),
            )
        })
        .collect();
    let mut sorted = rows.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            ("", "Unknown"),
            ("421", "Slovensko"),
            ("4212", "Bratislava")
        ]
    );
    let staff = server.program(model::Role::Service).await;
    let notes = staff.get("/v1/cdr-sources").await.json()["items"][0]["notes"].to_string();
    for words in ["country_codes (3 codes)", "asterisk.users"] {
        assert!(notes.contains(words), "{notes}");
    }

    // Older ones have names with their phones only.
    for text in [
        "DROP TABLE asterisk.users",
        "CREATE TABLE asterisk.sip (id varchar(20), keyword varchar(30), data varchar(255))",
        "INSERT INTO asterisk.sip VALUES ('3901', 'callerid', '\"Zoe Older\" <3901>'), ('3901', 'secret', 'no name')",
    ] {
        database.execute(text).await.unwrap();
    }
    let server = counting(vec![config(source.dsn(), CdrSourceKind::MySql)], "UTC").await;
    let anybody = server.anonymous();
    read(&anybody).await;
    let answer = asked(&anybody, "callstat", "date=2026-03-02").await;
    let rows = answer["data"].as_array().unwrap();
    let named = rows.iter().find(|row| row["cnum"] == "3901");
    assert_eq!(named.unwrap()["cnam"], "Zoe Older", "{answer}");
    database.execute("DROP DATABASE asterisk").await.unwrap();
}

#[tokio::test]
async fn countries_of_a_postgresql_database_are_named_as_there() {
    let Some(source) = fresh("CORDBOARD_TEST_POSTGRES").await else {
        return;
    };
    let mut database = postgres(source.dsn()).await;
    for text in [
        "CREATE TABLE cdr (calldate timestamp, src text, dst text, lastapp text, duration int, billsec int, \
         disposition text, uniqueid text)",
        "CREATE TABLE country_codes (code int PRIMARY KEY, country varchar(40))",
        "INSERT INTO country_codes VALUES (421, 'Slovensko'), (4212, 'Bratislava')",
        "INSERT INTO cdr VALUES ('2026-03-02 09:00:00', '2001', '0042125550101', 'Dial', 70, 60, 'ANSWERED', '1772442000.1')",
    ] {
        database.execute(text).await.unwrap();
    }
    let server = counting(vec![config(source.dsn(), CdrSourceKind::Postgres)], "UTC").await;
    let anybody = server.anonymous();
    read(&anybody).await;
    let asr = asked(&anybody, "asrstat", "date=2026-03-02").await;
    let rows = asr["databases"]["postgres"]["data"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{asr}");
    assert_eq!(
        (&rows[0]["country_code"], &rows[0]["country"]),
        (&"4212".into(), &"Bratislava".into())
    );
}
