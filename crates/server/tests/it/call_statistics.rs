//! Call statistics over real databases, against what these databases say themselves.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use engine::stats::Rules;
use serde_json::Value;
use server::{
    auth::AuthConfig,
    cdr::CdrSettings,
    config::{CdrSourceConfig, CdrSourceKind, Secret},
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, MySqlConnection, Row as _};

use crate::harness::{Client, Server};

const TOKEN: &str = "a token from before, long enough";

/// As FreePBX makes it.
const FREEPBX: &str = "CREATE TABLE cdr (
    calldate datetime NOT NULL DEFAULT '1000-01-01 00:00:00', clid varchar(80) NOT NULL DEFAULT '',
    src varchar(80) NOT NULL DEFAULT '', dst varchar(80) NOT NULL DEFAULT '', dcontext varchar(80) NOT NULL DEFAULT '',
    channel varchar(80) NOT NULL DEFAULT '', dstchannel varchar(80) NOT NULL DEFAULT '',
    lastapp varchar(80) NOT NULL DEFAULT '', lastdata varchar(80) NOT NULL DEFAULT '',
    duration int(11) NOT NULL DEFAULT 0, billsec int(11) NOT NULL DEFAULT 0, disposition varchar(45) NOT NULL DEFAULT '',
    amaflags int(11) NOT NULL DEFAULT 0, accountcode varchar(20) NOT NULL DEFAULT '', uniqueid varchar(32) NOT NULL DEFAULT '',
    userfield varchar(255) NOT NULL DEFAULT '', did varchar(50) NOT NULL DEFAULT '', recordingfile varchar(255) NOT NULL DEFAULT '',
    cnum varchar(80) NOT NULL DEFAULT '', cnam varchar(80) NOT NULL DEFAULT '', linkedid varchar(32) NOT NULL DEFAULT '',
    sequence int(11) NOT NULL DEFAULT 0, KEY calldate (calldate)) DEFAULT CHARSET=utf8mb4";

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
        assert!(began.elapsed() < Duration::from_secs(60), "{today}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A database of its own on the server that the variable names, where there is one.
async fn fresh(variable: &str) -> Option<lab::Database> {
    if std::env::var_os(variable).is_some() {
        let fresh = match variable {
            "CORDBOARD_TEST_POSTGRES" => lab::shared_postgres().await,
            _ => lab::shared_mariadb().await,
        };
        return Some(fresh.unwrap());
    }
    assert!(
        !lab::is_required(),
        "{variable} is not set, and skipping is not allowed here"
    );
    eprintln!("SKIPPED: {variable} is not set; run under `lab services run -- …`");
    None
}

async fn mariadb(dsn: &str) -> MySqlConnection {
    let dsn = dsn.replacen("mariadb:", "mysql:", 1);
    let options: sqlx::mysql::MySqlConnectOptions = dsn.parse().unwrap();
    options.connect().await.unwrap()
}

/// Some weeks of calls up to today, with several rows to a call, over midnight, and to countries.
async fn fill(database: &mut MySqlConnection, table: &str) {
    let text = format!(
        "INSERT INTO {table} (calldate, src, dst, lastapp, duration, billsec, disposition, uniqueid, cnum, cnam, linkedid)
         SELECT at, ext, dst, app, dur, bill, disp, CONCAT(UNIX_TIMESTAMP(at) - seq % 3 * 40000, '.', seq DIV 3), ext,
                IF(seq % 7 = 0, 'Zoe', 'Zoe Żółć'), CONCAT(UNIX_TIMESTAMP(at) - seq % 3 * 40000, '.', seq DIV 6)
         FROM (SELECT seq, CURDATE() + INTERVAL 1 DAY - INTERVAL (seq * 777) SECOND + INTERVAL (seq % 3 * 40000) SECOND AS at,
                      ELT(1 + seq % 5, '2001', '2002', '3999', '4000', '') AS ext,
                      ELT(1 + seq * 31 % 6, CONCAT('00421255550', 100 + seq % 89), CONCAT('+421255550', 100 + seq % 89),
                          CONCAT('1202555', 1000 + seq % 77), '2001', 's', CONCAT('0044207946', 1000 + seq % 50)) AS dst,
                      ELT(1 + seq * 17 % 4, 'Dial', 'Dial', 'Busy', 'Queue') AS app,
                      ELT(1 + seq * 13 % 5, 'ANSWERED', 'ANSWERED', 'NO ANSWER', 'BUSY', 'FAILED') AS disp,
                      30 + seq % 200 AS dur, seq % 180 AS bill
               FROM (SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS seq
                     FROM (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) a,
                          (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) b,
                          (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) c,
                          (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) d) numbers) made"
    );
    sqlx::query(AssertSqlSafe(text))
        .execute(database)
        .await
        .unwrap();
}

type Rows = BTreeMap<String, Vec<String>>;

/// What the database itself says of a period, by the arithmetic of before.
async fn callstat_in_sql(database: &mut MySqlConnection, from: &str, until: &str) -> Rows {
    let text = format!(
        "SELECT cnum, CAST(COUNT(DISTINCT uniqueid) AS CHAR),
                CAST(ROUND(SUM(IF(talk, billsec, 0)) / 60, 2) AS CHAR),
                CAST(COUNT(DISTINCT IF(talk AND billsec > 90, uniqueid, NULL)) AS CHAR),
                CAST(ROUND(SUM(IF(talk AND billsec > 90, billsec, 0)) / 60, 2) AS CHAR),
                CAST(COUNT(DISTINCT dst) AS CHAR)
         FROM (SELECT *, disposition = 'ANSWERED' AND lastapp = 'Dial' AS talk FROM cdr
               WHERE calldate >= {from} AND calldate < {until} AND lastapp IN ('Dial', 'Busy', 'Congestion')
                 AND disposition <> 'FAILED' AND dst NOT REGEXP '^[0-9]{{4}}$' AND cnum BETWEEN '2000' AND '3999') rows_of_it
         GROUP BY cnum"
    );
    rows(database, text).await
}

async fn rows(database: &mut MySqlConnection, text: String) -> Rows {
    let rows = sqlx::query(AssertSqlSafe(text))
        .fetch_all(database)
        .await
        .unwrap();
    rows.iter()
        .map(|row| {
            let cells = (0..row.len()).map(|at| row.get::<String, _>(at));
            let mut cells: Vec<String> = cells.collect();
            let rest = cells.split_off(1);
            (
                cells.remove(0),
                rest.into_iter().map(|cell| shown(&cell)).collect(),
            )
        })
        .collect()
}

/// Without the zeros at the end of a decimal number.
fn shown(number: &str) -> String {
    match number.contains('.') {
        true => number
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        false => number.to_owned(),
    }
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
    for (query, from, until) in periods {
        let query = format!("{query}&profile=as_before");
        let ours = callstat_rows(&asked(&anybody, "callstat", &query).await);
        assert!(!ours.is_empty(), "{query}");
        assert_eq!(
            ours,
            callstat_in_sql(&mut database, &from, &until).await,
            "{query}"
        );
    }
    database.close().await.unwrap();
}
