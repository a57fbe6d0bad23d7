use serde_json::{Value, json};

use super::Cordboard;

const HEADER: &str = "caller_id,carrier,area_code,hourly_limit,daily_limit";

fn counts(report: &Value) -> [u64; 4] {
    ["added", "changed", "unchanged", "refused"].map(|name| report[name].as_u64().unwrap())
}

fn installed() -> Cordboard {
    let cordboard = Cordboard::new();
    cordboard.run("migrate").text();
    cordboard
}

#[test]
fn a_file_is_tried_taken_in_and_taken_back() {
    let cordboard = installed();
    cordboard.write(
        "numbers.csv",
        &format!("{HEADER}\n2125550100,\"Ace, Inc.\",212,0,500\n3105550100,,,,\n"),
    );
    let trial = cordboard
        .run("--json import caller-ids numbers.csv --dry-run")
        .json();
    assert_eq!((counts(&trial), &trial["id"]), ([2, 0, 0, 0], &Value::Null));
    assert_eq!(trial["rows"].as_array().unwrap().len(), 2);

    let import = |line: &str| cordboard.run(&format!("--json import caller-ids {line}"));
    let first = import("numbers.csv").json();
    assert_eq!(counts(&first), [2, 0, 0, 0], "the trial wrote nothing");
    assert_eq!(counts(&import("numbers.csv").json()), [0, 0, 2, 0]);
    cordboard.write("more.csv", "caller_id,note\n+1 212 555 0100,new\n");
    let second = import("more.csv").json();
    assert_eq!(counts(&second), [0, 1, 0, 0]);

    let id = |report: &Value| report["id"].as_str().unwrap().to_owned();
    let said = cordboard
        .run(&format!("import caller-ids --undo {}", id(&first)))
        .failure(1);
    assert!(said.contains("1 of its numbers were changed"), "{said}");
    let undo = |report: &Value| import(&format!("--undo {}", id(report)));
    let undone = undo(&second).json();
    assert_eq!([&undone["restored"], &undone["removed"]], [1, 0]);
    let undone = undo(&first).json();
    assert_eq!([&undone["restored"], &undone["removed"]], [0, 2]);
    assert!(undo(&first).failure(1).contains("it was undone at"));
    assert_eq!(counts(&import("numbers.csv").json()), [2, 0, 0, 0]);
    let said = import("--undo 01890000-0000-7000-8000-000000000000").failure(1);
    assert!(said.contains("there is no import"), "{said}");
}

#[test]
fn refused_rows_are_told_and_the_others_are_taken_in() {
    let cordboard = installed();
    let file = format!("{HEADER}\n2125550100,A,,1,2\nabc,A,,1,2\n3105550100,A,,-1,2\n");
    cordboard.write("numbers.csv", &file);
    let run = cordboard.run("import caller-ids numbers.csv --report rows.csv");
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(
        run.out
            .starts_with("numbers.csv: 1 added, 0 changed, 0 unchanged, 2 refused\n")
            && run
                .out
                .contains("4     3105550100  hourly_limit is negative"),
        "{}",
        run.out
    );
    assert!(run.out.contains("--undo ") && run.err.is_empty());
    let rows = std::fs::read_to_string(cordboard.folder.path().join("rows.csv")).unwrap();
    let rows: Vec<_> = rows.lines().collect();
    assert_eq!(
        rows[..2],
        ["line,number,result,field,why", "2,2125550100,added,,"]
    );
    assert!(rows[2].starts_with("3,abc,refused,caller_id,"), "{rows:?}");
    assert_eq!(rows.len(), 4);
}

#[test]
fn what_is_no_list_of_numbers_is_not_taken_in() {
    let cordboard = installed();
    for (file, why) in [
        ("", "the file is empty"),
        ("2125550100,A,212,1,2\n", "the first row is no header"),
        ("caller_id;carrier\n1;2\n", "separated by commas"),
        ("caller_id,hourly_limt\n", "do you mean hourly_limit?"),
        ("carrier\n", "no column caller_id"),
        ("caller_id,Caller_ID\n", "twice"),
    ] {
        cordboard.write("numbers.csv", file);
        let said = cordboard.run("import caller-ids numbers.csv").failure(1);
        assert!(said.contains(why), "{file:?}: {said}");
    }
    let said = cordboard.run("import caller-ids gone.csv").failure(1);
    assert!(said.contains("cannot read gone.csv"), "{said}");
    cordboard.run("import caller-ids").failure(2);
    cordboard.run("import caller-ids a.csv --undo x").failure(2);
    let elsewhere = Cordboard::new();
    elsewhere.write("numbers.csv", "caller_id\n2125550100\n");
    let said = elsewhere.run("import caller-ids numbers.csv").failure(3);
    assert!(said.contains("there is no folder"), "{said}");
}

/// Of a gibibyte no more is read than is needed to refuse it; the files have holes, so the disk holds none of it.
#[test]
fn a_gibibyte_is_refused_at_its_first_bad_row() {
    let cordboard = installed();
    for (start, why) in [
        ("", "the first row is no header: it is far too long"),
        (HEADER, "the first row is no header: it is far too long"),
        (
            "caller_id,note\n+12125550100,\"",
            "longer than 65536 bytes, perhaps for a quote that is not closed",
        ),
    ] {
        cordboard.write("huge.csv", start);
        let path = cordboard.folder.path().join("huge.csv");
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(1 << 30).unwrap();
        let began = std::time::Instant::now();
        let run = cordboard.run("import caller-ids huge.csv");
        assert_eq!(run.code, 1, "{}{}", run.out, run.err);
        let said = format!("{}{}", run.out, run.err);
        assert!(said.contains(why), "{start:?}: {said}");
        assert!(began.elapsed().as_secs() < 10, "{start:?}");
    }
}

#[test]
fn nothing_is_written_behind_a_running_server() {
    let cordboard = installed();
    cordboard.write("numbers.csv", "caller_id\n2125550100\n");
    let running = super::serve::Serving::start(&cordboard);
    let said = cordboard.run("import caller-ids numbers.csv").failure(1);
    assert!(said.contains("a running server"), "{said}");
    let again = cordboard.run("serve --listen 127.0.0.1:0").failure(1);
    assert!(again.contains("in use"), "{again}");
    let trial = cordboard.run("--json import caller-ids numbers.csv --dry-run");
    assert_eq!(counts(&trial.json()), [1, 0, 0, 0]);
    let key = cordboard.run("key create root --role administrator");
    cordboard.write("key", &key.text());
    let address = running.announced["address"].as_str().unwrap().to_owned();
    let by_server = |line: &str| {
        let server = format!("--api http://{address}/ --key-file key");
        cordboard.run(&format!("--json import caller-ids {line} {server}"))
    };
    cordboard.write("mixed.csv", "caller_id\n3105550100\nabc\n");
    let run = by_server("mixed.csv --report rows.csv");
    assert_eq!(run.code, 1, "{}", run.err);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(counts(&report), [1, 0, 0, 1]);
    let rows = std::fs::read_to_string(cordboard.folder.path().join("rows.csv")).unwrap();
    assert!(rows.contains("3,abc,refused,caller_id,"), "{rows}");
    let undone = by_server(&format!("--undo {}", report["id"].as_str().unwrap()));
    assert_eq!(undone.json()["removed"], 1);
    cordboard.write("key", "cb_wrong");
    let refused = by_server("mixed.csv").failure(1);
    assert!(refused.contains("401"), "{refused}");
    cordboard
        .run("import caller-ids mixed.csv --api http://127.0.0.1:1")
        .failure(2);
    drop(running);
    let done = cordboard.run("--json import caller-ids numbers.csv").json();
    assert_eq!(done["file"], json!("numbers.csv"));
}
