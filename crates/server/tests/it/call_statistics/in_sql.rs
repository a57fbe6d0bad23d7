//! What a database says itself: the arithmetic of before, written anew in SQL.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, MySqlConnection, Row as _};

/// As FreePBX makes it.
pub(super) const FREEPBX: &str = "CREATE TABLE cdr (
    calldate datetime NOT NULL DEFAULT '1000-01-01 00:00:00', clid varchar(80) NOT NULL DEFAULT '',
    src varchar(80) NOT NULL DEFAULT '', dst varchar(80) NOT NULL DEFAULT '', dcontext varchar(80) NOT NULL DEFAULT '',
    channel varchar(80) NOT NULL DEFAULT '', dstchannel varchar(80) NOT NULL DEFAULT '',
    lastapp varchar(80) NOT NULL DEFAULT '', lastdata varchar(80) NOT NULL DEFAULT '',
    duration int(11) NOT NULL DEFAULT 0, billsec int(11) NOT NULL DEFAULT 0, disposition varchar(45) NOT NULL DEFAULT '',
    amaflags int(11) NOT NULL DEFAULT 0, accountcode varchar(20) NOT NULL DEFAULT '', uniqueid varchar(32) NOT NULL DEFAULT '',
    userfield varchar(255) NOT NULL DEFAULT '', did varchar(50) NOT NULL DEFAULT '', recordingfile varchar(255) NOT NULL DEFAULT '',
    cnum varchar(80) NOT NULL DEFAULT '', cnam varchar(80) NOT NULL DEFAULT '', linkedid varchar(32) NOT NULL DEFAULT '',
    sequence int(11) NOT NULL DEFAULT 0, KEY calldate (calldate)) DEFAULT CHARSET=utf8mb4";

/// Some weeks of calls up to today, with several rows to a call, over midnight, and to countries.
pub(super) async fn fill(database: &mut MySqlConnection, table: &str) {
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

pub(super) type Rows = BTreeMap<String, Vec<String>>;

/// What the database itself says of a period, by the arithmetic of before.
pub(super) async fn callstat_in_sql(
    database: &mut MySqlConnection,
    from: &str,
    until: &str,
) -> Rows {
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

pub(super) async fn asrstat_in_sql(
    database: &mut MySqlConnection,
    from: &str,
    until: &str,
) -> Rows {
    let text = format!(
        "SELECT country, CAST(COUNT(DISTINCT IF(disposition = 'ANSWERED', uniqueid, NULL)) AS CHAR),
                CAST(COUNT(DISTINCT uniqueid) AS CHAR),
                CAST(ROUND(COUNT(DISTINCT IF(disposition = 'ANSWERED', uniqueid, NULL)) * 100 / COUNT(DISTINCT uniqueid), 2) AS CHAR),
                CAST(COUNT(DISTINCT dst) AS CHAR),
                CAST(ROUND(SUM(IF(disposition = 'ANSWERED', billsec, 0)) / 60, 2) AS CHAR)
         FROM (SELECT *, CASE WHEN dst LIKE '00421%' OR dst LIKE '+421%' THEN '+421' WHEN dst LIKE '0044%' THEN '+44'
                              WHEN dst LIKE '1202%' THEN '+1' ELSE '' END AS country
               FROM cdr WHERE calldate >= {from} AND calldate < {until} AND lastapp = 'Dial'
                 AND disposition IN ('ANSWERED', 'NO ANSWER', 'BUSY', 'FAILED') AND dst NOT REGEXP '^[0-9]{{4}}$') rows_of_it
         GROUP BY country"
    );
    rows(database, text).await
}

pub(super) async fn rows(database: &mut MySqlConnection, text: String) -> Rows {
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
pub(super) fn shown(number: &str) -> String {
    if number.contains('.') {
        number
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    } else {
        number.to_owned()
    }
}
