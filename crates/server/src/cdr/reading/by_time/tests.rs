#![allow(clippy::unwrap_used)]
use engine::stats::Rules;
use sqlx::{ConnectOptions as _, mysql::MySqlConnectOptions};
use store::Store;

use super::*;
use crate::{
    cdr::{
        reading::{Known, Spans},
        shelf::Shelf,
        source::{Source, SourceError},
    },
    clock::Clock as Wall,
    config::{CdrSourceConfig, Secret},
};

const TABLE: &str = "CREATE TABLE cdr (calldate DATETIME NOT NULL, src VARCHAR(80), dst VARCHAR(80), lastapp VARCHAR(80),
    duration INT, billsec INT, disposition VARCHAR(45), uniqueid VARCHAR(32), cnum VARCHAR(80), KEY (calldate))";
/// Three calls on each of sixty days.
const CALLS: &str = "INSERT INTO cdr SELECT UTC_TIMESTAMP() - INTERVAL seq * 8 HOUR, '2001', '00421255550100', 'Dial', 60, 50, 'ANSWERED',
    CONCAT(1700000000 + seq, '.', seq), '2001' FROM seq_0_to_180";
const DAY: i64 = 86_400;

/// A reader of a database with calls; the database goes with its handle.
async fn reader() -> Option<(Reader, lab::Database)> {
    if !lab::is_given("CORDBOARD_TEST_MARIADB") {
        return None;
    }
    let database = lab::shared_mariadb().await.unwrap();
    let dsn = database.dsn().replacen("mariadb:", "mysql:", 1);
    let options: MySqlConnectOptions = dsn.parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    for text in [TABLE, CALLS] {
        sqlx::query(text).execute(&mut connection).await.unwrap();
    }
    let url = reqwest::Url::parse(&dsn).unwrap();
    let config = CdrSourceConfig {
        name: "pbx".to_owned(),
        host: url.host_str().unwrap().to_owned(),
        port: url.port().map(u32::from),
        user: url.username().to_owned(),
        password: url.password().map(Secret::new),
        database: url.path().trim_start_matches('/').to_owned(),
        ..CdrSourceConfig::default()
    };
    let store = Store::open("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    let sources = [("pbx", Rules::default())].into_iter();
    let shelf = Shelf::open(store, TimeZone::UTC, sources).await;
    let source = Arc::new(Source::new(&config, "UTC", None));
    let reading = Reading::new(source, Arc::new(shelf.unwrap()), Wall::start());
    Some((Reader::new(reading), database))
}

/// What has been read after some steps.
async fn read_after(reader: &mut Reader, steps: u32) -> (Spans, bool) {
    for _ in 0..steps {
        reader.step().await.unwrap();
    }
    let progress = reader.reading.status.progress();
    (progress.read, progress.looked_at.is_some())
}

#[tokio::test]
async fn who_waits_for_a_day_of_before_waits_for_no_other() {
    let Some((mut reader, _database)) = reader().await else {
        return;
    };
    let today = reader.reading.now() / DAY * DAY;
    let (asked, other) = (today - 30 * DAY..today - 29 * DAY, today - DAY..today);
    let status = reader.reading.status();
    let waiting = status.wait_for(&asked, Duration::from_mins(1));
    let reading = async {
        let (read, has_looked) = read_after(&mut reader, 1).await;
        assert!(read.covers(&asked), "{read:?}");
        assert!(!read.covers(&other) && !has_looked);
        // What is new comes after it, and takes nothing of it away.
        let (read, has_looked) = read_after(&mut reader, 1).await;
        assert!(read.covers(&asked), "{read:?}");
        assert!(has_looked);
    };
    // The question is there before the first step.
    let (known, ()) = tokio::join!(waiting, reading);
    assert_eq!(known, Known::JustNow);
}

#[tokio::test]
async fn the_first_look_takes_nothing_of_yesterday_away() {
    let Some((mut reader, _database)) = reader().await else {
        return;
    };
    let today = reader.reading.now() / DAY * DAY;
    let yesterday = today - DAY..today;
    let status = reader.reading.status();
    let waiting = status.wait_for(&yesterday, Duration::from_mins(1));
    let reading = async {
        let (read, has_looked) = read_after(&mut reader, 1).await;
        assert!(read.covers(&yesterday) && !has_looked, "{read:?}");
        let (read, has_looked) = read_after(&mut reader, 1).await;
        assert!(read.covers(&yesterday) && has_looked, "{read:?}");
    };
    tokio::join!(waiting, reading);
}

#[tokio::test]
async fn who_asks_for_years_holds_up_what_is_new_for_some_steps_only() {
    let Some((mut reader, _database)) = reader().await else {
        return;
    };
    let now = reader.reading.now();
    let years = now - 3_000 * DAY..now;
    let status = reader.reading.status();
    let waiting =
        tokio::spawn(async move { status.wait_for(&years, Duration::from_mins(1)).await });
    while reader
        .reading
        .status
        .asked(|asked| Some(asked.clone()))
        .is_none()
    {
        tokio::task::yield_now().await;
    }
    let (_, has_looked) = read_after(&mut reader, BEFORE_LOOK).await;
    assert!(!has_looked);
    let (read, has_looked) = read_after(&mut reader, 1).await;
    assert!(
        read.covers(&(now / DAY * DAY..now)) && has_looked,
        "{read:?}"
    );
    waiting.abort();
}

#[tokio::test]
async fn nobody_asks_and_what_is_new_is_read_first() {
    let Some((mut reader, database)) = reader().await else {
        return;
    };
    let (read, has_looked) = read_after(&mut reader, 1).await;
    let now = reader.reading.now();
    assert!(has_looked);
    assert!(read.covers(&(now / DAY * DAY..now - 5)), "{read:?}");
    assert!(!read.covers(&(now - 3 * DAY..now)), "{read:?}");
    // A table that goes away is an error, and nothing of what was read is lost.
    drop(database);
    reader.looked = Some(now - 3_600);
    assert!(matches!(
        reader.step().await,
        Err(ReadingError::Source(
            SourceError::NoTable(_) | SourceError::Failed
        ))
    ));
    let (after, _) = read_after(&mut reader, 0).await;
    assert_eq!(after, read);
}
