//! `cordboard import phones`, by a running server.

use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use serde_json::Value;

use super::{Cordboard, Run, serve::Serving};

/// A server, and the folder from which it is asked.
struct Site {
    cordboard: Cordboard,
    serving: Serving,
}

impl Site {
    fn start() -> Self {
        let cordboard = Cordboard::new();
        let serving = Serving::start(&cordboard);
        let key = cordboard.run("key create root --role administrator");
        cordboard.write("key", &key.text());
        Self { cordboard, serving }
    }

    fn import(&self, words: &str) -> Run {
        let address = self.serving.address();
        let server = format!("--api http://{address}/ --key-file key");
        self.cordboard
            .run(&format!("import phones {words} {server}"))
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.cordboard.folder.path().join(name)
    }
}

#[test]
fn a_file_of_phones_is_tried_taken_in_and_taken_back() {
    let site = Site::start();
    let file = "number,name\n101,Nora Example\n102,\n";
    site.cordboard.write("phones.csv", file);
    let trial = site.import("phones.csv --dry-run").text();
    assert!(
        trial.starts_with("phones.csv: 2 created, 0 changed, 0 unchanged, 0 refused\n")
            && trial.contains("nothing was written")
            && !trial.contains("SECRET"),
        "{trial}"
    );
    let said = site.import("phones.csv --secrets-out secrets.csv").text();
    assert!(
        !said.contains("SECRET") && said.contains("--undo "),
        "{said}"
    );
    let secrets = site.read("secrets.csv");
    assert!(secrets.starts_with("number,secret\n101,"), "{secrets}");
    assert_eq!(secrets.lines().count(), 3);
    let mode = site.path("secrets.csv").metadata().unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    // Nothing is written over, and nothing done before that is known.
    let more = "number,name,secret\n102,Omar,a new secret\n103,,\n";
    site.cordboard.write("more.csv", more);
    let taken = site.import("more.csv --secrets-out secrets.csv").failure(1);
    assert!(taken.contains("nothing was imported"), "{taken}");

    let said = site.import("more.csv").text();
    for shown in [
        "1 created, 1 changed",
        "name: 102 → Omar; secret",
        "NUMBER  SECRET, NOT SHOWN AGAIN",
    ] {
        assert!(said.contains(shown), "{shown}: {said}");
    }
    assert!(!said.contains("a new secret"), "{said}");
    let id = said.split("--undo ").nth(1).unwrap();
    let id = id.split('`').next().unwrap();
    let undone = site.import(&format!("--undo {id}")).text();
    assert_eq!(
        undone,
        "1 phones were removed, 1 are what they were before.\n"
    );
    let again = site.import(&format!("--undo {id}")).failure(1);
    assert!(again.contains("It was undone at"), "{again}");
}

#[test]
fn refused_rows_of_phones_are_told_and_nothing_is_written() {
    let site = Site::start();
    site.cordboard.write("phones.csv", "number\n101\n101\n1x\n");
    let run = site.import("phones.csv --secrets-out secrets.csv");
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    assert!(
        run.out
            .starts_with("Nothing was written: 2 rows are refused.\n")
            && run.out.contains("number is the same number as in line 2"),
        "{}",
        run.out
    );
    assert!(!site.path("secrets.csv").exists());
    let run = site.import("phones.csv --json");
    assert_eq!(run.code, 1);
    let problem: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(problem["refused"], 2);
    assert_eq!(site.import("phones.csv --dry-run").code, 1);

    let said = site.import("gone.csv").failure(1);
    assert!(said.contains("cannot read gone.csv"), "{said}");
    site.cordboard.write("empty.csv", "");
    let said = site.import("empty.csv").failure(1);
    assert!(said.contains("there is nothing in it"), "{said}");
    let said = site.cordboard.run("import phones phones.csv").failure(1);
    assert!(said.contains("--api http://127.0.0.1:8080"), "{said}");
    site.cordboard.run("import phones").failure(2);
}

/// The answer of an import is lost: whether it was done is not known, and that is what is said.
#[test]
fn an_import_without_an_answer_is_told_as_neither_done_nor_not() {
    let site = Site::start();
    site.cordboard.write("phones.csv", "number\n101\n");
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = deaf.local_addr().unwrap();
    thread::spawn(move || {
        for client in deaf.incoming() {
            let _ = client.unwrap().read(&mut [0; 1 << 12]);
        }
    });
    let line = "import phones phones.csv --secrets-out secrets.csv";
    let server = format!("--api http://{address}/ --key-file key");
    let said = site.cordboard.run(&format!("{line} {server}")).failure(1);
    for shown in ["nobody knows whether it was done", "--list", "--undo ID"] {
        assert!(said.contains(shown), "{shown}: {said}");
    }
    // Where nobody was reached, nothing was done.
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let server = format!("--api http://{gone}/ --key-file key");
    let said = site.cordboard.run(&format!("{line} {server}")).failure(1);
    assert!(
        said.contains("did not do it") && !said.contains("--undo"),
        "{said}"
    );

    site.import("phones.csv").text();
    let list = site.import("--list").text();
    let (heading, row) = list.split_once('\n').unwrap();
    assert!(heading.starts_with("ID "), "{list}");
    assert!(
        row.contains("phones.csv") && row.contains(" root "),
        "{list}"
    );
    let id = row.split(' ').next().unwrap();
    site.import(&format!("--undo {id}")).text();
    let list = site.import("--list --json").json();
    assert!(list["items"][0]["undone_at"].is_string(), "{list}");
}
