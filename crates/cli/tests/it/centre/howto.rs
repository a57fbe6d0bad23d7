//! docs/howto/first-call.md, followed word by word. Only passwords, ports and the folder are put in place of the page's.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use lab::{Lab, Release, Tone};
use serde_json::Value;

use super::LIMIT;

const PAGE: &str = include_str!("../../../../../docs/howto/first-call.md");
const MOST_LINES: usize = 60;

/// What the reader's Asterisk has before: no HTTP, no user of ARI, a trunk whose number rings the phone. What the page adds
/// goes into the last section.
const HTTP_BEFORE: &str = "[general]\nservername = Asterisk\nbindaddr = 127.0.0.1\n";
const ARI_BEFORE: &str = "[general]\nenabled = yes\n";
const TRUNK_CONTEXT: &str = "[from-trunk]\n";
const RULE_BEFORE: &str = "exten => 5550100,1,Dial(PJSIP/101)\n";

/// The blocks of the page in that language.
fn blocks(language: &str) -> Vec<&'static str> {
    let start = format!("```{language}\n");
    let blocks = PAGE.split(&start).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// The one place between two words.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).map_or(rest, |(found, _)| found)
}

/// A shell in the reader's folder.
fn shell(folder: &Path, script: &str) -> Command {
    let programs = Path::new(env!("CARGO_BIN_EXE_cordboard")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-e", "-c", script])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("CORDBOARD__SERVER__LISTEN", "127.0.0.1:0");
    shell
}

fn run(folder: &Path, script: &str) -> String {
    let output = shell(folder, script).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{script}\n{said}{wrong}");
    said
}

/// The reader's terminal with the server in it.
struct Terminal(Child);

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the page's command and gives the address that it prints.
fn serve(folder: &Path, command: &str) -> (Terminal, String) {
    let log = std::fs::File::create(folder.join("test.log")).unwrap();
    let mut server = shell(folder, &format!("exec {command}"))
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(server.stdout.take().unwrap()).lines();
    let server = Terminal(server);
    let said = out.next().expect("the server says its address").unwrap();
    let address = between(&said, "http://", "/").to_owned();
    let said = out.next().expect("and the password").unwrap();
    assert!(said.contains("log in as admin with the password"), "{said}");
    (server, address)
}

/// Steps 1 and 2, on an Asterisk without HTTP.
async fn set_up_asterisk(lab: &Lab, port: &str) {
    let [added, rule] = blocks("ini")[..] else {
        panic!("two blocks for Asterisk")
    };
    let http = between(added, "; http.conf\n[general]\n", "; ari.conf\n");
    let ari = between(added, "; ari.conf\n[general]\n", "```");
    let ari = ari.replace("CHOOSE-ONE", lab.secret());
    let http_before = format!("{HTTP_BEFORE}bindport = {port}\n");
    lab.write_config("http.conf", &http_before).unwrap();
    lab.write_config("ari.conf", ARI_BEFORE).unwrap();
    lab.write_config("extensions.conf", &format!("{TRUNK_CONTEXT}{RULE_BEFORE}"))
        .unwrap();
    lab.console("core reload").await.unwrap();
    wait_for_console(lab, "http show status", "Server Disabled").await;

    lab.write_config("http.conf", &format!("{http_before}{http}"))
        .unwrap();
    lab.write_config("ari.conf", &format!("{ARI_BEFORE}{ari}"))
        .unwrap();
    lab.write_config("extensions.conf", &format!("{TRUNK_CONTEXT}{rule}"))
        .unwrap();
    let command = between(PAGE, "`asterisk -rx \"", "\"`");
    lab.console(command).await.unwrap();
    wait_for_console(lab, "http show status", port).await;
    wait_for_console(lab, "ari show users", "cordboard").await;
    wait_for_console(lab, "dialplan show from-trunk", "Stasis(cordboard)").await;
}

/// A reload goes on after its command has ended.
async fn wait_for_console(lab: &Lab, command: &str, wanted: &str) {
    let began = Instant::now();
    loop {
        let said = lab.console(command).await.unwrap();
        if said.contains(wanted) {
            return;
        }
        let log = || lab.asterisk_log();
        assert!(
            began.elapsed() < LIMIT,
            "waiting for {wanted}: {said}\n{}",
            log()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_a_first_call_is_right() {
    assert!(PAGE.lines().count() <= MOST_LINES);
    let Some(lab) = lab::up_or_skip(Release::Asterisk22).await else {
        return;
    };
    let http = lab.http_url();
    let port = http.rsplit(':').next().unwrap();
    set_up_asterisk(&lab, port).await;

    let folder = tempfile::tempdir().unwrap();
    let config = blocks("toml")[0].replace("CHOOSE-ONE", lab.secret());
    let config = config.replace("http://127.0.0.1:8088", &http);
    std::fs::write(folder.path().join("cordboard.toml"), config).unwrap();
    let [start, make] = blocks("sh")[..] else {
        panic!("two blocks for the shell")
    };
    let (doctor, server) = start.trim().split_once('\n').unwrap();
    run(folder.path(), doctor);
    let (_terminal, address) = serve(folder.path(), server);

    let phone = lab.phone(101);
    phone.answers_after(Duration::from_secs(2)).await.unwrap();
    let make = make.replace("127.0.0.1:8080", &address);
    let made = run(folder.path(), &format!("{make}\necho \"$KEY\""));
    let key = made.lines().last().unwrap();
    assert!(key.starts_with("cb_"), "{made}");

    let caller = lab.trunk_calls("5550100").await.unwrap();
    caller.hears(Tone::MUSIC).await.unwrap();
    caller.hears(phone.tone()).await.unwrap();
    caller.hang_up().await.unwrap();
    lab.wait_no_channels().await.unwrap();

    let words = "api() {";
    let api = make.lines().find(|line| line.starts_with(words)).unwrap();
    let ask = |path: &str| {
        let script = format!("KEY={key}\n{api}\nV1=http://{address}/v1\napi $V1/{path}");
        serde_json::from_str::<Value>(&run(folder.path(), &script)).unwrap()
    };
    let began = Instant::now();
    let call = loop {
        let log = ask("calls");
        if log["items"][0]["outcome"] == "answered" {
            break log["items"][0].clone();
        }
        assert!(began.elapsed() < LIMIT, "{log}");
    };
    let id = call["id"].as_str().unwrap();
    let explained = ask(&format!("calls/{id}/explanation"));
    assert_eq!(explained["offers"][0]["result"], "answered", "{explained}");
    run(folder.path(), doctor);
}
