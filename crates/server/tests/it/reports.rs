//! Reports over call detail records: the figures, their formulas, and what is refused.

pub(crate) mod own;
mod search;

use std::time::{Duration, Instant};

use model::Role;
use serde_json::{Value, json};
use server::{
    auth::AuthConfig,
    cdr::CdrSettings,
    config::{CdrSourceConfig, CdrSourceKind},
};
use tempfile::TempDir;

use crate::harness::{Answer, Client, Server};

const COLUMNS: &str = "calldate,cnum,cnam,src,dst,did,channel,dstchannel,lastapp,accountcode,duration,billsec,disposition,uniqueid,linkedid";

/// The night in which clocks are set back: two o'clock comes twice. Then a working day, with a transfer and a call from outside.
const ROWS: [&str; 9] = [
    "2026-10-25 02:30:00,2001,Zoe,5550100,0042125555010,,PJSIP/2001-1,PJSIP/one-1,Dial,spring,20,10,ANSWERED,1792888200.1,1792888200.1",
    "2026-10-25 02:30:00,2001,Zoe,5550100,0042125555010,,PJSIP/2001-1,PJSIP/one-1,Dial,spring,20,0,NO ANSWER,1792891800.1,1792891800.1",
    "2026-10-25 23:59:50,2001,Zoe,5550100,0042125555011,,PJSIP/2001-1,PJSIP/one-1,Dial,spring,30,20,ANSWERED,1792969190.1,1792969190.1",
    "2026-10-26 00:00:05,2002,Kim,5550100,0042125555011,,PJSIP/2002-1,PJSIP/one-1,Dial,spring,30,30,ANSWERED,1792969205.1,1792969190.1",
    "2026-10-26 10:00:00,2002,Kim,5550101,0012025550103,,PJSIP/2002-1,PJSIP/one-1,Dial,,5,0,FAILED,1793005200.1,1793005200.1",
    "2026-10-26 10:00:05,2002,Kim,5550101,0012025550103,,PJSIP/2002-1,PJSIP/two-1,Dial,,9,3,ANSWERED,1793005200.1,1793005200.1",
    "2026-10-26 11:00:00,2002,Kim,5550101,2001,,PJSIP/2002-1,PJSIP/2001-1,Dial,,9,3,ANSWERED,1793008800.1,1793008800.1",
    "2026-10-26 12:00:00,,,+12025550109,s,+421255501000,PJSIP/two-1,,VoiceMail,,40,40,ANSWERED,1793012400.1,1793012400.1",
    "2026-10-26 13:00:00,,,0012025550109,s,+421255501000,PJSIP/two-1,PJSIP/2001-1,Dial,,60,50,ANSWERED,1793016000.1,1793016000.1",
];

pub(crate) struct Centre {
    _server: Server,
    /// Asks as a program.
    pub(crate) program: Client,
    _folder: TempDir,
}

/// A server that has read these rows, and knows a source that is down.
pub(crate) async fn centre() -> Centre {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cdr.csv");
    std::fs::write(&file, format!("{COLUMNS}\n{}\n", ROWS.join("\n"))).unwrap();
    let source = |name: &str, file| CdrSourceConfig {
        name: name.to_owned(),
        kind: CdrSourceKind::Csv,
        file: Some(file),
        ..CdrSourceConfig::default()
    };
    let sources = vec![
        source("one", file),
        source("gone", folder.path().join("nothing.csv")),
    ];
    let cdr = CdrSettings {
        sources,
        time_zone: "Europe/Bratislava".to_owned(),
        ..CdrSettings::default()
    };
    let server = Server::start_by(AuthConfig::default(), |_, setup| setup.cdr = cdr).await;
    let program = server.program(Role::Service).await;
    let began = Instant::now();
    loop {
        let today = report(&program, "total", "").await;
        let errors = today["errors"].as_object().unwrap();
        let settled = errors.len() == 1 && !errors["gone"].to_string().contains("being read");
        if settled {
            break;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{today}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Centre {
        _server: server,
        program,
        _folder: folder,
    }
}

pub(crate) async fn report(client: &Client, kind: &str, query: &str) -> Value {
    let answer = client.get(&format!("/v1/reports/{kind}?{query}")).await;
    assert_eq!(answer.status.as_u16(), 200, "{kind}?{query}: {answer:?}");
    answer.json()
}

/// The cells of a column, quotients as `3/4`.
pub(crate) fn column(report: &Value, key: &str) -> Vec<String> {
    let columns = report["columns"].as_array().unwrap();
    let at = columns.iter().position(|column| column["key"] == key);
    let at = at.unwrap_or_else(|| panic!("no column {key}: {report}"));
    let rows = report["rows"].as_array().unwrap();
    rows.iter().map(|row| shown(&row["cells"][at])).collect()
}

fn shown(cell: &Value) -> String {
    match cell {
        Value::Object(share) => format!("{}/{}", share["numerator"], share["denominator"]),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

const BOTH_DAYS: &str = "from=2026-10-25&to=2026-10-27";

#[tokio::test]
async fn figures_are_those_of_the_rows() {
    let centre = centre().await;
    let program = &centre.program;
    let by_extension = report(program, "extension", BOTH_DAYS).await;
    let figures = |report: &Value, keys: &[&str]| -> Vec<Vec<String>> {
        keys.iter().map(|key| column(report, key)).collect()
    };
    let keys = [
        "extension",
        "name",
        "attempts",
        "answered",
        "asr",
        "ner",
        "no_answer",
        "talk_seconds",
        "acd_seconds",
        "short_calls",
        "people",
        "pdd_seconds",
    ];
    let expected = [
        ["2001", "2002"],
        ["Zoe", "Kim"],
        ["3", "2"],
        ["2", "2"],
        ["2/3", "2/2"],
        ["3/3", "2/2"],
        ["1", "0"],
        ["30", "33"],
        ["30/2", "33/2"],
        ["0/2", "1/2"],
        ["2", "2"],
        ["null", "null"],
    ];
    assert_eq!(
        figures(&by_extension, &keys),
        expected.map(|it| it.map(str::to_owned).to_vec())
    );
    // The transferred call is one, and its time until 0:00:20 and from 0:00:05 to 0:00:35 is 35 seconds.
    let total = report(program, "total", BOTH_DAYS).await;
    assert_eq!(column(&total, "attempts"), ["4"]);
    assert_eq!(column(&total, "talk_seconds"), ["48"]);
    let asr = &by_extension["rows"][0]["cells"][4];
    let near = |value: &Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-6;
    assert!(near(&asr["value"], 2.0 / 3.0), "{asr}");
    assert!(
        near(&asr["lower"], 0.207_660) && near(&asr["upper"], 0.938_508),
        "{asr}"
    );
    assert!(by_extension["errors"]["gone"].is_string(), "{by_extension}");
    assert!(
        by_extension["notes"].to_string().contains("PDD"),
        "{by_extension}"
    );

    for (kind, key, rows) in [
        ("country", "country", vec!["Slovakia", "United States"]),
        ("trunk", "trunk", vec!["PJSIP/one", "PJSIP/two"]),
        ("caller_id", "caller_id", vec!["5550100", "5550101"]),
        ("campaign", "campaign", vec!["spring", ""]),
        ("did", "did", vec!["+421255501000"]),
    ] {
        let by = report(program, kind, BOTH_DAYS).await;
        let mut found: Vec<String> = column(&by, key);
        for name in &mut found {
            if name.starts_with("United States") {
                name.truncate("United States".len());
            }
        }
        assert_eq!(found, rows, "{kind}");
    }
    let did = report(program, "did", BOTH_DAYS).await;
    // One caller, however the number is written; voice mail is nobody who answers.
    let keys = ["attempts", "answered", "no_answer", "people"];
    assert_eq!(figures(&did, &keys), [["2"], ["1"], ["1"], ["1"]]);
}

#[tokio::test]
async fn intervals_follow_the_clock_and_add_up() {
    let centre = centre().await;
    let program = &centre.program;
    let hours = report(program, "total", "date=2026-10-25&interval=60").await;
    let attempts = column(&hours, "attempts");
    assert_eq!(attempts.len(), 25, "{hours}");
    let busy: Vec<usize> = (0..25).filter(|hour| attempts[*hour] != "0").collect();
    // Half past two came twice, and the last hour is the twenty-fifth.
    assert_eq!(busy, [2, 3, 24]);
    let elsewhere = report(
        program,
        "total",
        "date=2026-10-25&interval=60&time_zone=UTC",
    )
    .await;
    assert_eq!(column(&elsewhere, "attempts").len(), 24);

    let compared = report(program, "extension", "date=2026-10-26&compare=true").await;
    let pair = |key: &str| {
        (
            column(&compared, key),
            column(&compared, &format!("{key}_before")),
        )
    };
    assert_eq!(compared["before"]["from"], "2026-10-24T22:00:00.000000Z");
    assert_eq!(column(&compared, "extension"), ["2002", "2001"]);
    let text = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
    assert_eq!(pair("attempts"), (text(["2", "0"]), text(["0", "3"])));
    assert_eq!(pair("asr"), (text(["2/2", "0/0"]), text(["0/0", "2/3"])));
    let nothing = &compared["rows"][1]["cells"][4];
    assert_eq!(
        nothing,
        &json!({"value": null, "numerator": 0, "denominator": 0})
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let centre = centre().await;
    let program = &centre.program;
    let sql = "2026-10-25'%20OR%20'1'='1";
    let asked = [
        ("date=2026-02-30", "date"),
        ("date=yesterday", "date"),
        ("date=2026-10-25&from=2026-10-25&to=2026-10-26", "date"),
        ("from=2026-10-26&to=2026-10-25", "from"),
        ("from=2026-10-26&to=2026-10-26", "from"),
        ("from=1926-10-26&to=2026-10-26", "from"),
        ("from=2006-10-26&to=2026-10-26", "from"),
        ("from=2026-10-26", "from"),
        ("to=2026-10-26", "to"),
        ("from=2026-10-26&to=2026-10-26T25:00", "to"),
        ("time_zone=Mars/Olympus", "time_zone"),
        ("time_zone=../../etc/passwd", "time_zone"),
        ("interval=7", "interval"),
        ("from=2025-10-26&to=2026-10-26&interval=5", "interval"),
        ("compare=maybe", "compare"),
        ("short_call_seconds=-1", "short_call_seconds"),
        ("short_call_seconds=99999999", "short_call_seconds"),
        ("table=cdr", "table"),
        ("service_level_seconds=86401", "service_level_seconds"),
        ("short_abandon_seconds=x", "short_abandon_seconds"),
    ];
    for (query, field) in asked {
        let answer = program.get(&format!("/v1/reports/total?{query}")).await;
        let expected = (400, "invalid_field".to_owned(), field.to_owned());
        assert_eq!(answer.verdict(), expected, "{query}: {answer:?}");
    }
    for field in [
        "date",
        "from",
        "to",
        "time_zone",
        "interval",
        "compare",
        "short_call_seconds",
        "service_level_seconds",
        "short_abandon_seconds",
    ] {
        let answer = program
            .get(&format!("/v1/reports/total?{field}={sql}"))
            .await;
        assert_eq!(answer.status.as_u16(), 400, "{field}: {answer:?}");
    }
    let hours = program.get("/v1/reports/heat_map?interval=60").await;
    assert_eq!(hours.verdict().2, "interval");
    let unknown = program.get("/v1/reports/passwords").await;
    assert_eq!(unknown.verdict().1, "not_found");
}

#[tokio::test]
async fn every_formula_that_a_report_names_is_told() {
    let server = Server::start().await;
    let program = server.program(Role::Service).await;
    let formulas = program.get("/v1/reports/formulas").await.json();
    let known: Vec<&Value> = formulas["items"].as_array().unwrap().iter().collect();
    for kind in [
        "total",
        "extension",
        "country",
        "trunk",
        "caller_id",
        "campaign",
        "did",
        "heat_map",
        "queue",
        "agent",
        "cause",
    ] {
        let report = report(&program, kind, "").await;
        for column in report["columns"].as_array().unwrap() {
            let formula = &column["formula"];
            let told = known.iter().any(|known| known["id"] == *formula);
            assert!(formula.is_null() || told, "{kind}: {column}");
        }
    }
}

#[tokio::test]
async fn a_report_is_a_file_where_one_is_asked_for() {
    let header = |answer: &Answer, name: &str| answer.headers[name].to_str().unwrap().to_owned();
    let centre = centre().await;
    let program = &centre.program;
    let path = format!("/v1/reports/extension?{BOTH_DAYS}");
    let asked = program.get(&format!("{path}&format=csv")).await;
    assert_eq!(header(&asked, "content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        header(&asked, "content-disposition"),
        "attachment; filename=\"extension-2026-10-25.csv\""
    );
    // The source that is down is missing, and a file has no place to say so.
    assert_eq!(header(&asked, "cordboard-incomplete"), "gone");
    let text = &asked.body;
    let mut lines = text.lines();
    assert!(
        lines.next().unwrap().starts_with("extension,name,"),
        "{text}"
    );
    assert!(
        lines.next().unwrap().starts_with("2001,Zoe,3,2,0.666"),
        "{text}"
    );

    for (format, begins) in [("xlsx", "PK\u{3}\u{4}"), ("parquet", "PAR1")] {
        let answer = program.get(&format!("{path}&format={format}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
        assert!(answer.body.starts_with(begins), "{format}");
    }
    let asked = program.get(&format!("{path}&format=json")).await;
    assert_eq!(asked.json()["id"], "extension");
    let refused = program.get(&format!("{path}&format=pdf")).await;
    let expected = (400, "invalid_field".to_owned(), "format".to_owned());
    assert_eq!(refused.verdict(), expected);
}

#[tokio::test]
async fn calls_at_once_and_busy_hours_are_told() {
    let centre = centre().await;
    let program = &centre.program;
    let total = report(program, "total", BOTH_DAYS).await;
    // The transfer is one call; only the trunks see that two rows of it were there at once.
    assert_eq!(column(&total, "peak"), ["1"]);
    // 20 + 20 + 45 + 14 seconds of 25 and 24 hours.
    assert_eq!(column(&total, "erlangs"), ["99/176400"]);
    let days = report(program, "total", &format!("{BOTH_DAYS}&interval=day")).await;
    assert_eq!(column(&days, "attempts"), ["3", "1"]);
    // Ten seconds before midnight are of one day, thirty-five of the other, where it is no new attempt.
    assert_eq!(column(&days, "erlangs"), ["50/90000", "49/86400"]);
    let week = report(program, "heat_map", BOTH_DAYS).await;
    assert_eq!(week["rows"].as_array().unwrap().len(), 48, "{week}");
    let hours = [
        column(&week, "weekday"),
        column(&week, "hour"),
        column(&week, "attempts"),
    ];
    let busy: Vec<_> = (0..48)
        .filter(|row| hours[2][*row] != "0")
        .map(|row| hours.each_ref().map(|cells| cells[row].as_str()))
        .collect();
    assert_eq!(
        busy,
        [
            ["Monday", "10", "1"],
            ["Sunday", "2", "2"],
            ["Sunday", "23", "1"]
        ]
    );
}
