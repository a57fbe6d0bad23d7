//! Call statistics over real databases, against what these databases say themselves.

mod in_sql;
mod lists;
mod loading;
mod looked_at;
mod odd_rows;
mod own;

use std::{
    fs::File,
    io::Write as _,
    time::{Duration, Instant},
};

use engine::stats::Rules;
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use server::{
    auth::AuthConfig,
    cdr::CdrSettings,
    config::{CdrSourceConfig, CdrSourceKind, Secret},
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, MySqlConnection, PgConnection};

use crate::harness::{Client, Server};
use in_sql::{FREEPBX, Rows, asrstat_in_sql, callstat_in_sql, fill, shown};

const TOKEN: &str = "a token from before, long enough";

fn config(dsn: &str, kind: CdrSourceKind) -> CdrSourceConfig {
    let url = reqwest::Url::parse(dsn).unwrap();
    CdrSourceConfig {
        name: format!("{kind:?}").to_lowercase(),
        kind,
        host: url.host_str().unwrap().to_owned(),
        port: url.port().map(u32::from),
        user: url.username().to_owned(),
        password: url.password().map(Secret::new),
        database: url.path().trim_start_matches('/').to_owned(),
        ..CdrSourceConfig::default()
    }
}

async fn counting(sources: Vec<CdrSourceConfig>, time_zone: &str) -> Server {
    let auth = AuthConfig {
        statistics_token_hash: Some(server::auth::hash_token(TOKEN)),
        ..AuthConfig::default()
    };
    let cdr = CdrSettings {
        sources,
        rules: Rules::default(),
        time_zone: time_zone.to_owned(),
        work_week_days: 5,
        ..CdrSettings::default()
    };
    Server::start_by(auth, |_, setup| setup.cdr = cdr).await
}

async fn asked(client: &Client, what: &str, query: &str) -> Value {
    let token = TOKEN.replace(' ', "%20");
    client
        .get(&format!("/api/v1/{token}/{what}?{query}"))
        .await
        .json()
}

/// Waits until all sources have been read.
async fn read(client: &Client) {
    let began = Instant::now();
    loop {
        let today = asked(client, "callstat", "").await;
        if today["errors"].is_null() && today["data"].is_array() {
            return;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{today}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A database of its own on the server that the variable names, where there is one.
pub(crate) async fn fresh(variable: &str) -> Option<lab::Database> {
    if !lab::is_given(variable) {
        return None;
    }
    let fresh = match variable {
        "CORDBOARD_TEST_POSTGRES" => lab::shared_postgres().await,
        _ => lab::shared_mariadb().await,
    };
    Some(fresh.unwrap())
}

async fn mariadb(dsn: &str) -> MySqlConnection {
    let dsn = dsn.replacen("mariadb:", "mysql:", 1);
    let options: sqlx::mysql::MySqlConnectOptions = dsn.parse().unwrap();
    options.connect().await.unwrap()
}

async fn postgres(dsn: &str) -> PgConnection {
    let options: sqlx::postgres::PgConnectOptions = dsn.parse().unwrap();
    options.connect().await.unwrap()
}

fn callstat_rows(answer: &Value) -> Rows {
    let data = answer["data"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer}"));
    let columns = [
        "call_count",
        "total_call_time_minutes",
        "long_calls_count",
        "total_long_calls_minutes",
        "unique_calls",
    ];
    let row = |row: &Value| {
        let cells = columns.map(|column| shown(&row[column].to_string()));
        (row["cnum"].as_str().unwrap().to_owned(), cells.to_vec())
    };
    let rows = data.iter().map(row);
    rows.filter(|(_, cells)| cells[0] != "0").collect()
}

#[tokio::test]
async fn figures_are_those_of_the_database() {
    let Some(source) = fresh("CORDBOARD_TEST_MARIADB").await else {
        return;
    };
    let mut database = mariadb(source.dsn()).await;
    sqlx::query(FREEPBX).execute(&mut database).await.unwrap();
    sqlx::query("SET time_zone = '+00:00'")
        .execute(&mut database)
        .await
        .unwrap();
    fill(&mut database, "cdr").await;
    let server = counting(vec![config(source.dsn(), CdrSourceKind::MySql)], "UTC").await;
    let anybody = server.anonymous();
    read(&anybody).await;

    let month = "LAST_DAY(CURDATE() - INTERVAL 2 MONTH) + INTERVAL 1 DAY";
    let monday = "CURDATE() - INTERVAL WEEKDAY(CURDATE()) + 7 DAY";
    let periods = [
        (
            "date=month",
            month.to_owned(),
            "LAST_DAY(CURDATE() - INTERVAL 1 MONTH) + INTERVAL 1 DAY".to_owned(),
        ),
        (
            "date=week",
            monday.to_owned(),
            format!("{monday} + INTERVAL 5 DAY"),
        ),
        (
            "",
            "CURDATE()".to_owned(),
            "CURDATE() + INTERVAL 1 DAY".to_owned(),
        ),
    ];
    for (query, from, until) in &periods {
        let query = format!("{query}&profile=as_before");
        let ours = callstat_rows(&asked(&anybody, "callstat", &query).await);
        assert!(!ours.is_empty(), "{query}");
        assert_eq!(
            ours,
            callstat_in_sql(&mut database, from, until).await,
            "{query}"
        );
    }
    let ours = asked(&anybody, "asrstat", "date=month&profile=as_before").await;
    let countries = asrstat_rows(&ours["databases"]["mysql"]);
    let (_, from, until) = &periods[0];
    assert_eq!(countries, asrstat_in_sql(&mut database, from, until).await);
    assert_eq!(countries.len(), 4, "{countries:?}");
    database.close().await.unwrap();
}

fn asrstat_rows(source: &Value) -> Rows {
    let columns = [
        "answered_calls",
        "total_calls",
        "asr_percentage",
        "unique_destinations",
        "total_talk_minutes",
    ];
    let data = source["data"]
        .as_array()
        .unwrap_or_else(|| panic!("{source}"));
    let row = |row: &Value| {
        let cells = columns.map(|column| shown(&row[column].to_string()));
        (
            row["country_code"].as_str().unwrap().to_owned(),
            cells.to_vec(),
        )
    };
    data.iter().map(row).collect()
}

/// A call of an extension, in three databases: once as a transfer with a second row that goes on while the first does, and once
/// in the last minute of the day.
const ROWS: [&str; 4] = [
    "2026-03-02 09:00:00,2001,0042125555010,Dial,120,100,ANSWERED,1772442000.1,1772442000.1",
    "2026-03-02 09:01:00,2001,+42125555010,Dial,120,110,ANSWERED,1772442060.2,1772442000.1",
    "2026-03-02 23:59:59,2001,0042125555011,Dial,10,5,ANSWERED,1772495999.3,1772495999.3",
    "2026-03-02 10:00:00,2002,2001,Dial,10,5,ANSWERED,1772445600.4,1772445600.4",
];
const COLUMNS: &str = "calldate,src,dst,lastapp,duration,billsec,disposition,uniqueid,linkedid";

async fn write_rows<C>(database: &mut C, table: &str)
where
    for<'c> &'c mut C: sqlx::Executor<'c>,
{
    use sqlx::Executor as _;
    for row in ROWS {
        let cells: Vec<String> = row.split(',').map(|cell| format!("'{cell}'")).collect();
        let text = format!(
            "INSERT INTO {table} ({COLUMNS}) VALUES ({})",
            cells.join(", ")
        );
        database.execute(AssertSqlSafe(text)).await.unwrap();
    }
}

#[tokio::test]
async fn three_kinds_of_sources_say_the_same_and_share_their_destinations() {
    let (Some(mysql), Some(postgres)) = (
        fresh("CORDBOARD_TEST_MARIADB").await,
        fresh("CORDBOARD_TEST_POSTGRES").await,
    ) else {
        return;
    };
    let mut one = mariadb(mysql.dsn()).await;
    sqlx::query(FREEPBX).execute(&mut one).await.unwrap();
    sqlx::query("ALTER TABLE cdr DROP cnum, DROP cnam")
        .execute(&mut one)
        .await
        .unwrap();
    write_rows(&mut one, "cdr").await;
    let mut two = self::postgres(postgres.dsn()).await;
    let table = "CREATE TABLE cdr (calldate timestamp NOT NULL, src text, dst text, lastapp text, duration int, \
                 billsec int, disposition text, uniqueid text, linkedid text)";
    sqlx::query(table).execute(&mut two).await.unwrap();
    write_rows(&mut two, "cdr").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cdr.csv.gz");
    let mut packed = GzEncoder::new(File::create(&file).unwrap(), Compression::fast());
    let text = format!("\u{feff}{COLUMNS}\r\n{}\r\n", ROWS.join("\r\n"));
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap();
    let csv = CdrSourceConfig {
        name: "csv".to_owned(),
        kind: CdrSourceKind::Csv,
        file: Some(file),
        ..CdrSourceConfig::default()
    };

    let sources = vec![
        config(mysql.dsn(), CdrSourceKind::MySql),
        config(postgres.dsn(), CdrSourceKind::Postgres),
        csv,
    ];
    let server = counting(sources, "Europe/Bratislava").await;
    let anybody = server.anonymous();
    read(&anybody).await;
    let exact = asked(&anybody, "callstat", "date=2026-03-02").await;
    // Each source: 100 s, of which 10 s are before the second row's 110 s, and 5 s: 9:00:20 to 9:03:00.
    let row = |calls: &str, minutes: &str, long: &str, long_minutes: &str, people: &str| {
        [calls, minutes, long, long_minutes, people]
            .map(str::to_owned)
            .to_vec()
    };
    assert_eq!(
        callstat_rows(&exact),
        [("2001".to_owned(), row("6", "8.25", "3", "8", "2"))].into()
    );
    let before = asked(&anybody, "callstat", "date=2026-03-02&profile=as_before").await;
    assert_eq!(
        callstat_rows(&before),
        [("2001".to_owned(), row("9", "10.75", "6", "10.5", "3"))].into()
    );
    let asr = asked(
        &anybody,
        "asrstat",
        "start=2026-03-02 09:00&end=2026-03-02 09:00",
    )
    .await;
    for source in ["mysql", "postgres", "csv"] {
        let slovakia = asrstat_rows(&asr["databases"][source]);
        let expected = [("+421".to_owned(), row("1", "1", "100", "1", "1.67"))];
        assert_eq!(slovakia, expected.into(), "{source}: {asr}");
    }
}

#[tokio::test]
async fn a_source_that_fails_hides_no_other() {
    let Some(database) = fresh("CORDBOARD_TEST_MARIADB").await else {
        return;
    };
    let mut connection = mariadb(database.dsn()).await;
    sqlx::query(FREEPBX).execute(&mut connection).await.unwrap();
    write_rows(&mut connection, "cdr").await;
    // As FreePBX has it where nobody said when, and a clock that was not set.
    for calldate in ["1000-01-01 00:00:00", "2001-01-01 00:00:00"] {
        let text = format!("INSERT INTO cdr (calldate) VALUES ('{calldate}')");
        sqlx::query(AssertSqlSafe(text))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    sqlx::query("UPDATE cdr SET cnum = src")
        .execute(&mut connection)
        .await
        .unwrap();
    for text in ["CREATE TABLE odd (dst text)", "CREATE TABLE empty LIKE cdr"] {
        sqlx::query(text).execute(&mut connection).await.unwrap();
    }
    let good = config(database.dsn(), CdrSourceKind::MySql);
    let named = |name: &str| CdrSourceConfig {
        name: name.to_owned(),
        ..good.clone()
    };
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free_port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let sources = vec![
        named("good"),
        CdrSourceConfig {
            port: Some(free_port.into()),
            ..named("down")
        },
        CdrSourceConfig {
            password: Some(Secret::new("wrong")),
            ..named("denied")
        },
        CdrSourceConfig {
            table: "renamed".to_owned(),
            ..named("renamed")
        },
        CdrSourceConfig {
            table: "odd".to_owned(),
            ..named("odd")
        },
        CdrSourceConfig {
            table: "empty".to_owned(),
            ..named("empty")
        },
    ];
    let server = counting(sources, "UTC").await;
    let anybody = server.anonymous();
    let began = Instant::now();
    let said = loop {
        let answer = asked(&anybody, "callstat", "date=2026-03-02").await;
        let errors = answer["errors"].as_object().cloned().unwrap_or_default();
        let settled = errors
            .values()
            .all(|error| !error.to_string().contains("being read"));
        if errors.len() == 4 && settled {
            assert_eq!(callstat_rows(&answer)["2001"][0], "2", "{answer}");
            break errors;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    for (source, words) in [
        ("down", "cannot be reached"),
        ("denied", "refuses this user or password"),
        ("renamed", "has no table"),
        ("odd", "has no column calldate"),
    ] {
        let error = said[source].as_str().unwrap();
        assert!(error.contains(words), "{source}: {error}");
        assert!(
            !error.contains("wrong") && !error.contains("SELECT"),
            "{error}"
        );
    }
    let asr = asked(&anybody, "asrstat", "date=2026-03-02").await;
    assert_eq!(asr["databases"]["good"]["status"], "success");
    let empty = &asr["databases"]["empty"];
    assert_eq!(empty["status"], "success", "{asr}");
    assert_eq!(empty["data"], serde_json::json!([]));
    assert_eq!(asr["databases"]["down"]["status"], "partial");
}

#[tokio::test]
async fn a_source_that_takes_its_time_hides_no_other() {
    let Some(database) = fresh("CORDBOARD_TEST_MARIADB").await else {
        return;
    };
    let mut connection = mariadb(database.dsn()).await;
    sqlx::query(FREEPBX).execute(&mut connection).await.unwrap();
    write_rows(&mut connection, "cdr").await;
    for text in [
        "UPDATE cdr SET cnum = src",
        "CREATE VIEW slow AS SELECT * FROM cdr WHERE SLEEP(30) = 0",
    ] {
        sqlx::query(text).execute(&mut connection).await.unwrap();
    }
    let good = config(database.dsn(), CdrSourceKind::MySql);
    let slow = CdrSourceConfig {
        name: "slow".to_owned(),
        table: "slow".to_owned(),
        ..good.clone()
    };
    let server = counting(vec![slow, good], "UTC").await;
    let answer = asked(&server.anonymous(), "callstat", "date=2026-03-02").await;
    assert_eq!(callstat_rows(&answer)["2001"][0], "2", "{answer}");
    let errors = answer["errors"].as_object().unwrap();
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["slow"], "{answer}");
    assert!(
        errors["slow"].to_string().contains("it is being read"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused_with_its_reason() {
    let server = counting(Vec::new(), "UTC").await;
    let anybody = server.anonymous();
    let wrong = anybody.get("/api/v1/guess/callstat").await;
    assert_eq!(
        (wrong.status.as_u16(), &wrong.json()["error"]),
        (401, &"Unauthorized".into())
    );
    let bearer = anybody
        .clone()
        .with("authorization", &format!("Bearer {TOKEN}"));
    assert_eq!(bearer.get("/api/v1/-/asrstat").await.status, 200);
    let program = server.program(model::Role::Service).await;
    assert_eq!(program.get("/api/v1/-/callstat").await.status, 200);
    for (query, field) in [
        ("date=2026-02-30", "date"),
        ("date=2026-2-3", "date"),
        ("date=yesterday", "date"),
        ("date=2026-03-02'%20OR%201=1", "date"),
        ("start=2026-03-02", "start"),
        ("end=2026-03-02", "end"),
        ("start=2026-03-03&end=2026-03-02", "start"),
        ("start=1900-01-01&end=2026-03-02", "start"),
        ("start=2026-03-02%2025:00&end=2026-03-02%2026:00", "start"),
        ("start=2026-03-02&end=2026-03-02%2010:60", "end"),
        ("profile=new", "profile"),
    ] {
        let answer = bearer.get(&format!("/api/v1/-/callstat?{query}")).await;
        let (status, _, named) = answer.verdict();
        assert_eq!(
            (status, named.as_str()),
            (400, field),
            "{query}: {answer:?}"
        );
        assert!(answer.json()["error"].is_string(), "{query}");
    }
    for query in ["date=9999-12-31", "start=1970-01-01&end=2026-03-02"] {
        let answer = bearer.get(&format!("/api/v1/-/callstat?{query}")).await;
        assert!(answer.status == 200 || answer.status == 400, "{answer:?}");
    }
}
