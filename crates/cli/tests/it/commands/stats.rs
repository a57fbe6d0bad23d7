//! Figures of a CSV file of Asterisk's, on the command line.

use std::time::{Duration, Instant};

use super::{Cordboard, serve::Serving};

/// As `cdr_csv` writes it, without a header; one name is what a spreadsheet would run.
const MASTER: &str = concat!(
    r#""","2001","0042125555010","from-internal","""Zoe Example"" <2001>","PJSIP/2001-1","PJSIP/t-2","Dial","","2026-03-02 09:00:00","2026-03-02 09:00:10","2026-03-02 09:02:00",120,110,"ANSWERED","DOCUMENTATION","1772442000.1","""#,
    "\n",
    r#""","2002","+42125555010","from-internal","""=1+2"" <2002>","PJSIP/2002-1","PJSIP/t-2","Dial","","2026-03-02 09:00:00",,"2026-03-02 09:00:10",10,0,"BUSY","DOCUMENTATION","1772442000.3","""#,
    "\n"
);

#[test]
fn figures_are_shown_as_a_table_and_as_csv() {
    let cordboard = Cordboard::new()
        .with("CORDBOARD__CDR_SOURCE__0__NAME", "pbx")
        .with("CORDBOARD__CDR_SOURCE__0__KIND", "csv")
        .with("CORDBOARD__CDR_SOURCE__0__FILE", "Master.csv");
    cordboard.write("Master.csv", MASTER);
    cordboard.write(".env", "API_TOKEN=\"a token from before\"\nDB1_HOST=\n");
    let running = Serving::start(&cordboard);
    let key = cordboard.run("key create reports --role service");
    cordboard.write("key", &key.text());
    let address = running.address().to_owned();
    let stats = |line: &str| {
        cordboard.run(&format!(
            "stats {line} --api http://{address} --key-file key"
        ))
    };
    let began = Instant::now();
    while stats("callstat --date 2026-03-02 --format json").json()["data"][0].is_null() {
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    let table = stats("callstat --date 2026-03-02").text();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("EXTENSION  NAME"), "{table}");
    assert!(
        lines[1].starts_with("2001") && lines[1].contains("Zoe Example"),
        "{table}"
    );
    assert!(
        lines[1].contains("1.83") && lines[1].ends_with(&"█".repeat(20)),
        "{table}"
    );
    assert!(lines[2].starts_with("2002"), "{table}");
    let csv = stats("callstat --date 2026-03-02 --format csv").text();
    assert_eq!(
        csv.lines().collect::<Vec<_>>(),
        [
            "cnum,cnam,call_count,total_call_time_minutes,long_calls_count,total_long_calls_minutes,unique_calls",
            "2001,Zoe Example,1,1.83,1,1.83,1",
            "2002,'=1+2,1,0.0,0,0.0,1",
        ]
    );
    let asr = stats("asr --date 2026-03-02 --format csv").text();
    assert!(asr.contains("pbx,'+421,Slovakia,1,2,50.0,1,1.83"), "{asr}");
    assert!(stats("asr --date 2026-03-02").text().contains("pbx\nCODE"));

    let report = |line: &str| stats(&format!("report extension --date 2026-03-02 {line}"));
    let table = report("").text();
    assert!(
        table.contains("Zoe Example") && table.contains('%'),
        "{table}"
    );
    let csv = report("--format csv").text();
    assert!(csv.contains("\n2002,'=1+2,"), "{csv}");
    assert_eq!(report("--format json").json()["id"], "extension");
    for (format, begins) in [("xlsx", "PK\u{3}\u{4}"), ("parquet", "PAR1")] {
        let no_file = report(&format!("--format {format}")).failure(1);
        assert!(no_file.contains("--output FILE"), "{no_file}");
        let said = report(&format!("--format {format} -o report.{format}")).text();
        assert_eq!(said, "");
        let file = cordboard.folder.path().join(format!("report.{format}"));
        assert!(std::fs::read(file).unwrap().starts_with(begins.as_bytes()));
    }
    let nothing = report("--format xlsx -o no/such/folder.xlsx").failure(1);
    assert!(nothing.contains("cannot write"), "{nothing}");
    let sources = stats("sources --follow").text();
    let lines: Vec<&str> = sources.lines().collect();
    assert!(lines[0].starts_with("SOURCE  KIND  ROWS"), "{sources}");
    assert!(lines[1].starts_with("pbx     csv   2"), "{sources}");
    assert!(sources.contains("pbx: there is no column did"), "{sources}");
    let sources = stats("sources --json").json();
    assert_eq!(sources["items"][0]["rows_read"], 2, "{sources}");

    let queues = stats("queues --date 2026-03-02").text();
    assert!(
        queues.starts_with("Callers by queue\n2026-03-02 00:00 to"),
        "{queues}"
    );
    let busy = stats("report heat_map --date 2026-03-02").text();
    let monday = busy.lines().find(|line| line.starts_with("Monday"));
    assert!(monday.is_some_and(|line| line.contains("██")), "{busy}");
    let found = stats("calls --number +421/25555010").text();
    assert_eq!(found.lines().count(), 3, "{found}");
    let one = stats("calls --number +421/25555010 --disposition busy --format csv").text();
    assert!(
        one.contains("pbx,1772442000.3,") && one.contains(",'=1+2,"),
        "{one}"
    );
    assert_eq!(
        stats("calls --limit 1 --format json").json()["items"][0]["extension"],
        "2002"
    );

    let wrong = stats("callstat --date 2026-02-30").failure(1);
    assert!(wrong.contains("date is neither a day"), "{wrong}");
    cordboard
        .run("stats callstat --date week --start 2026-03-02")
        .failure(2);
    let nowhere = cordboard.run("stats callstat").failure(1);
    assert!(nowhere.contains("--api"), "{nowhere}");
}
