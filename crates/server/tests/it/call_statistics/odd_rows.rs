//! Rows that no call should have left, and that some did.

use server::config::CdrSourceKind;
use sqlx::{AssertSqlSafe, Executor};

use super::{asked, asrstat_rows, callstat_rows, config, counting, fresh, mariadb, read};

/// By column: when, who, to whom, duration, seconds of talk, how it ended, uniqueid. `NULL` stands for itself.
const ODD: [&str; 11] = [
    "'2026-03-02 09:00:00','2001','0042125555010',100,60,'ANSWERED','1772442000.1'",
    // Times below zero, and none at all.
    "'2026-03-02 09:01:00','2001','0042125555010',-5,-9,'ANSWERED','1772442060.2'",
    "'2026-03-02 09:02:00','2001','0042125555010',NULL,NULL,'ANSWERED','1772442120.3'",
    // Places of a dialplan, services, and what is no number.
    "'2026-03-02 09:03:00','2001','s',10,6,'ANSWERED','1772442180.4'",
    "'2026-03-02 09:04:00','2001','h',10,6,'ANSWERED','1772442240.5'",
    "'2026-03-02 09:05:00','2001','*97',10,6,'ANSWERED','1772442300.6'",
    "'2026-03-02 09:06:00','2001','vm-zoe''; DROP TABLE cdr; --',10,6,'ANSWERED','1772442360.7'",
    "'2026-03-02 09:07:00','2001',NULL,10,6,'ANSWERED','1772442420.8'",
    // Nobody, an end that nobody knows, and no id.
    "'2026-03-02 09:08:00',NULL,'0042125555010',10,6,'ANSWERED','1772442480.9'",
    "'2026-03-02 09:09:00','2001','0042125555011',10,6,NULL,NULL",
    // A clock that was ahead by a hundred years.
    "'2126-03-02 09:00:00','2001','0042125555012',10,6,'ANSWERED','4928029200.1'",
];

async fn write<C>(database: &mut C)
where
    for<'c> &'c mut C: Executor<'c>,
{
    for row in ODD {
        let text = format!(
            "INSERT INTO cdr (calldate, src, dst, duration, billsec, disposition, uniqueid, lastapp) VALUES ({row}, 'Dial')"
        );
        database.execute(AssertSqlSafe(text)).await.unwrap();
    }
}

#[tokio::test]
async fn odd_rows_are_counted_for_what_they_are() {
    let (Some(mysql), Some(postgres)) = (
        fresh("CORDBOARD_TEST_MARIADB").await,
        fresh("CORDBOARD_TEST_POSTGRES").await,
    ) else {
        return;
    };
    let mut one = mariadb(mysql.dsn()).await;
    let table = "CREATE TABLE cdr (calldate datetime, src varchar(80), dst varchar(80), lastapp varchar(80), duration int, \
                 billsec int, disposition varchar(45), uniqueid varchar(150), KEY (calldate))";
    one.execute(table).await.unwrap();
    write(&mut one).await;
    one.execute("INSERT INTO cdr (src) VALUES ('2001')")
        .await
        .unwrap();
    let mut two = super::postgres(postgres.dsn()).await;
    let table = "CREATE TABLE cdr (calldate timestamptz, src text, dst text, lastapp text, duration numeric, billsec int, \
                 disposition text, uniqueid text)";
    two.execute("SET timezone = 'UTC'").await.unwrap();
    two.execute(table).await.unwrap();
    write(&mut two).await;
    two.execute("INSERT INTO cdr (src) VALUES ('2001')")
        .await
        .unwrap();

    let sources = [
        (config(mysql.dsn(), CdrSourceKind::MySql), "mysql"),
        (config(postgres.dsn(), CdrSourceKind::Postgres), "postgres"),
    ];
    for (source, name) in sources {
        let server = counting(vec![source], "UTC").await;
        let anybody = server.anonymous();
        read(&anybody).await;
        let answer = asked(&anybody, "callstat", "date=2026-03-02").await;
        // Nine calls: 60 s, two of nothing, five of 6 s, and one whose end nobody knows; one person is dialled thrice.
        let expected = ["9", "1.5", "0", "0", "7"].map(str::to_owned).to_vec();
        assert_eq!(
            callstat_rows(&answer),
            [("2001".to_owned(), expected)].into(),
            "{name}"
        );
        let answer = asked(&anybody, "asrstat", "date=2026-03-02").await;
        let countries = asrstat_rows(&answer["databases"][name]);
        let slovakia = ["4", "4", "100", "1", "1.1"].map(str::to_owned).to_vec();
        let nowhere = ["5", "5", "100", "5", "0.5"].map(str::to_owned).to_vec();
        let expected = [("+421".to_owned(), slovakia), (String::new(), nowhere)];
        assert_eq!(countries, expected.into(), "{name}: {answer}");
        // What is years ahead is not taken for a call yet.
        let ahead = asked(&anybody, "callstat", "date=2126-03-02").await;
        assert!(callstat_rows(&ahead).is_empty(), "{ahead}");
    }
    // The tables are as they were.
    let (rows,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM cdr")
        .fetch_one(&mut one)
        .await
        .unwrap();
    assert_eq!(rows, 12);
}
