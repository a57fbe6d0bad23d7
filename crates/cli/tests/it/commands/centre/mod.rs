//! The set-up as one file, against a running server.

mod back;
mod bad_files;
mod drift;
mod midway;
mod order;
mod round_trip;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::Value;

use super::{Cordboard, Run, serve::Serving};

/// Secrets of the example; none of them may ever be seen.
const SECRETS: [(&str, &str); 4] = [
    ("CENTRE_ARI_PASSWORD", "ari-hidden-1"),
    ("CENTRE_AMI_SECRET", "ami-hidden-2"),
    ("CENTRE_PHONE_102", "phone-hidden-3"),
    ("CENTRE_TRUNK_PASSWORD", "trunk-hidden-4"),
];
const IN_FILE: &str = "phone-hidden-5";

/// The example of docs/howto/centre-as-code.md.
const EXAMPLE: &str = include_str!("../../../../../../docs/howto/centre.example.toml");

/// A server, and a key of an administrator to it.
struct Site {
    cordboard: Cordboard,
    serving: Serving,
    key: String,
}

impl Site {
    fn start() -> Self {
        let cordboard = SECRETS
            .iter()
            .fold(Cordboard::new(), |it, (name, secret)| it.with(name, secret));
        let serving = Serving::start(&cordboard);
        let key = cordboard.run("key create root --role administrator").text();
        cordboard.write("key", &key);
        let key = key.trim().to_owned();
        Self {
            cordboard,
            serving,
            key,
        }
    }

    /// Somebody who can be an agent.
    fn has_user_eve(&self) {
        let command = "user add eve --role agent --password-file -";
        let run = self.cordboard.run_with(command, "a long enough one");
        run.text();
    }

    /// The example, with all its secrets.
    fn with_example() -> Self {
        let site = Self::start();
        std::fs::create_dir(site.cordboard.folder.path().join("secrets")).unwrap();
        site.cordboard.write("secrets/101", &format!("{IN_FILE}\n"));
        site.cordboard.write("centre.toml", EXAMPLE);
        site
    }

    fn run(&self, line: &str) -> Run {
        self.run_at(self.serving.address(), line)
    }

    /// Runs a line; no secret is ever in what it prints.
    fn run_at(&self, address: &str, line: &str) -> Run {
        let line = format!("{line} --api http://{address} --key-file key");
        let run = self.cordboard.run(&line);
        for secret in SECRETS.map(|(_, secret)| secret).iter().chain([&IN_FILE]) {
            let said = format!("{}{}", run.out, run.err);
            assert!(!said.contains(secret), "{line}: {said}");
        }
        run
    }

    fn applied(&self, text: &str, more: &str) {
        self.cordboard.write("applied.toml", text);
        self.run(&format!("apply -f applied.toml --yes {more}"))
            .text();
    }

    fn exported(&self) -> String {
        self.run("export").text()
    }

    /// The plan for a text, as JSON, with its exit code.
    fn planned(&self, text: &str) -> (i32, Value) {
        self.cordboard.write("planned.toml", text);
        let run = self.run("--json plan -f planned.toml");
        let json = serde_json::from_str(&run.out);
        (run.code, json.unwrap_or_else(|_| panic!("{}", run.err)))
    }

    /// What is wrong with a text.
    fn flaws(&self, text: &str) -> String {
        self.cordboard.write("bad.toml", text);
        let plan = self.run("plan -f bad.toml").failure(1);
        let apply = self.run("apply -f bad.toml --yes --remove").failure(1);
        assert_eq!(plan, apply);
        plan
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        ask(self.serving.address(), &self.key, method, path, body)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.cordboard.folder.path().join(name)).unwrap()
    }

    /// What the first Asterisk is told.
    fn realtime(&self, what: &str, body: &str) -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = self.id("/v1/servers").parse().unwrap();
        let key = self.cordboard.folder.path().join("data/secret.key");
        let vault = server::secrets::Vault::open_or_make(&key).unwrap();
        let password = server::realtime::Realtime::password(&vault, server);
        let url = format!("http://{}/realtime/{what}", self.serving.address());
        let request = reqwest::Client::new()
            .post(url)
            .basic_auth(server.to_string(), Some(password))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async { request.send().await.unwrap().text().await.unwrap() })
    }

    /// The id of the first thing there.
    fn id(&self, path: &str) -> String {
        let list = self.ask("GET", path, "");
        list["items"][0]["id"].as_str().unwrap().to_owned()
    }
}

fn ask(address: &str, key: &str, method: &str, path: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 2"),
        "{method} {path}: {answer}"
    );
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    serde_json::from_str(body).unwrap_or_default()
}

/// The changes of a plan as `+ queues sales`.
fn steps(plan: &Value) -> Vec<String> {
    let changes = plan["changes"].as_array().unwrap().iter();
    let steps = changes.map(|it| {
        let word = |name: &str| it[name].as_str().unwrap();
        format!("{} {} {}", word("action"), word("section"), word("key"))
    });
    steps.collect()
}
