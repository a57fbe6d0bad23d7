//! The first load of a long file of call detail records, broken off by SIGKILL.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Cordboard, spawn};

/// More than are read at once.
const CALLS: u64 = 450_000;
const PATIENCE: Duration = Duration::from_mins(2);

/// One call for each second of some days, as `cdr_csv` writes them.
fn write_calls(path: &std::path::Path) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    for call in 0..CALLS {
        let (day, second) = (2 + call / 86_400, call % 86_400);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let at = format!("2026-03-{day:02} {hour:02}:{minute:02}:{second:02}");
        let line = format!(
            "\"\",\"2001\",\"00421255501{:02}\",\"from-internal\",\"Zoe\",\"PJSIP/2001-1\",\"PJSIP/t-2\",\"Dial\",\"\",\"{at}\",,\"{at}\",9,6,\"ANSWERED\",\"\",\"1772442000.{call}\",\"\"",
            call % 100
        );
        writeln!(file, "{line}").unwrap();
    }
    file.flush().unwrap();
}

async fn source(centre: &Cordboard) -> Value {
    let sources = centre.get("/v1/cdr-sources").await;
    sources["items"][0].clone()
}

/// Waits until the source is as it should be; gives how many rows have been read since the start.
async fn rows_when(centre: &Cordboard, wanted: impl Fn(&Value) -> bool) -> u64 {
    let began = Instant::now();
    loop {
        let source = source(centre).await;
        if wanted(&source) {
            return source["rows_read"].as_u64().unwrap();
        }
        assert!(began.elapsed() < PATIENCE, "{source}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_load_that_is_killed_goes_on_and_counts_every_call_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Master.csv");
    write_calls(&file);
    let environment = [
        ("CORDBOARD__CDR_SOURCE__0__NAME", "pbx"),
        ("CORDBOARD__CDR_SOURCE__0__KIND", "csv"),
        ("CORDBOARD__CDR_SOURCE__0__FILE", file.to_str().unwrap()),
    ];
    let mut centre = Cordboard::start_with("http://127.0.0.1:1/ari", "nobody's", &environment);
    let read = |source: &Value| source["rows_read"].as_u64().unwrap();
    let before = rows_when(&centre, |source| read(source) > 0).await;
    centre.kill();
    let (child, listen, _) = spawn(&centre.data(), &centre.listen, &centre.environment);
    (centre.child, centre.listen) = (child, listen);
    let after = rows_when(&centre, |source| source["looked_at"].is_string()).await;
    // What was in the store was not read again.
    assert!(after <= CALLS - before, "{before} and {after}");
    let month = "/api/v1/-/callstat?start=2026-03-01&end=2026-03-31";
    let answer = centre.get(month).await;
    let row = &answer["data"][0];
    assert!(answer["errors"].is_null(), "{answer}");
    assert_eq!(
        (&row["cnum"], &row["call_count"]),
        (&"2001".into(), &CALLS.into())
    );
    assert_eq!(
        (&row["total_call_time_minutes"], &row["unique_calls"]),
        (&45_000.0.into(), &100.into())
    );
}
