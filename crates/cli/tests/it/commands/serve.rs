use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use serde_json::Value;

use super::Cordboard;

/// A running server and what it announced.
pub(super) struct Serving {
    child: Child,
    pub(super) announced: Value,
}

impl Serving {
    pub(super) fn start(cordboard: &Cordboard) -> Self {
        let mut child = cordboard.spawn("serve --json --listen 127.0.0.1:0");
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut err = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut err)
                .unwrap();
            panic!("it did not start: {err}");
        }
        let announced = serde_json::from_str(&line).unwrap();
        Self { child, announced }
    }

    pub(super) fn address(&self) -> &str {
        self.announced["address"].as_str().unwrap()
    }

    /// Without a word of warning.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn get(&self, path: &str) -> String {
        let address = self.address();
        let mut stream = TcpStream::connect(address).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends `SIGTERM`, and gives the exit code and the log.
    pub(super) fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_first_start_makes_an_administrator_and_a_term_signal_ends_it() {
    let cordboard = Cordboard::new();
    let serving = Serving::start(&cordboard);
    let administrator = serving.announced["administrator"].clone();
    assert_eq!(administrator["name"], "admin");
    let password = administrator["password"].as_str().unwrap();
    assert_eq!(password.len(), 20);
    assert!(serving.get("/health").starts_with("HTTP/1.1 200 "));

    // Both work on the database of a running server.
    cordboard.run("key create beside --role service").text();
    let said = cordboard.run("user list").text();
    assert!(said.contains("admin  administrator  active"), "{said}");

    let (code, log) = serving.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped") && !log.contains(password), "{log}");

    let again = Serving::start(&cordboard);
    assert_eq!(again.announced["administrator"], Value::Null);
    assert_eq!(again.stop().0, Some(0));
}

#[test]
fn everything_that_is_written_lies_in_the_data_folder() {
    let cordboard = Cordboard::new();
    Serving::start(&cordboard).stop();
    let names = |path: &str| {
        let entries = std::fs::read_dir(cordboard.folder.path().join(path)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(""), ["data"]);
    assert!(
        names("data").contains(&"cordboard.db".to_owned()),
        "{:?}",
        names("data")
    );
}

#[test]
fn an_address_that_is_taken_has_its_own_exit_code_and_keeps_the_password() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let cordboard = Cordboard::new();
    let run = cordboard.run(&format!("serve --listen {}", taken.local_addr().unwrap()));
    assert_eq!(run.code, 5, "{}", run.err);
    assert!(
        run.err.contains("cannot listen on") && run.err.contains("--listen"),
        "{}",
        run.err
    );
    assert!(
        run.out.contains("log in as admin with the password "),
        "{}",
        run.out
    );
    // Said once, with the server up or not.
    drop(taken);
    let serving = Serving::start(&cordboard);
    assert_eq!(serving.announced["administrator"], Value::Null);
    assert_eq!(
        run.err.matches("cannot listen on").count(),
        2,
        "{}",
        run.err
    );
}

#[test]
fn a_database_that_is_away_at_the_start_is_exit_code_3() {
    let cordboard = Cordboard::new().with(
        "CORDBOARD__DATABASE__DSN",
        "postgres://u:hidden@127.0.0.1:1/c",
    );
    let said = cordboard.run("serve --listen 127.0.0.1:0").failure(3);
    assert!(
        said.contains("Connection refused") && !said.contains("hidden"),
        "{said}"
    );
    assert!(
        said.contains("cannot use the database postgres://u:")
            && said.contains("  do: start the database"),
        "{said}"
    );
}

#[test]
fn an_address_without_a_port_is_told_how_to_write_it() {
    for command in ["serve", "demo"] {
        let said = Cordboard::new()
            .run(&format!("{command} --listen 8080"))
            .failure(2);
        assert!(said.contains("such as 127.0.0.1:8080"), "{said}");
    }
}

#[test]
fn a_demo_that_cannot_listen_says_so_as_the_server_does() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let cordboard = Cordboard::new();
    let run = cordboard.run(&format!("demo --listen {}", taken.local_addr().unwrap()));
    assert!(run.failure(5).contains("  do: stop the program"));
}
