//! What is said and done when something happens between the plan and its end.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use super::{Site, ask};

/// Passes on what is asked of a server, until `look` says that it is to break off.
pub(super) struct Proxy {
    pub(super) address: String,
}

impl Proxy {
    pub(super) fn start(server: &str, look: impl FnMut(&str) -> bool + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (server, look) = (server.to_owned(), Arc::new(Mutex::new(look)));
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(mut client), Ok(mut server)) = (client, TcpStream::connect(&server)) else {
                    return;
                };
                let (mut back, mut from) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                let look = Arc::clone(&look);
                thread::spawn(move || std::io::copy(&mut from, &mut back));
                thread::spawn(move || {
                    let mut piece = vec![0; 1 << 20];
                    while let Ok(read @ 1..) = client.read(&mut piece) {
                        let text = String::from_utf8_lossy(&piece[..read]);
                        let line = text.lines().next().unwrap_or_default();
                        if !look.lock().unwrap()(line) {
                            break;
                        }
                        server.write_all(&piece[..read]).unwrap();
                    }
                    let _ = client.shutdown(Shutdown::Both);
                    let _ = server.shutdown(Shutdown::Both);
                });
            }
        });
        Self { address }
    }
}

const QUEUES: &str = "[[queues]]\nname = \"first\"\n[[queues]]\nname = \"second\"\n[[queues]]\nname = \"third\"\n\
                      [[dids]]\nnumber = \"5550100\"\nto = {type = \"queue\", queue = \"first\"}\n";

#[test]
fn a_server_that_goes_away_in_the_middle_leaves_what_was_done_and_a_second_try_completes_it() {
    let site = Site::start();
    let empty = site.exported();
    site.cordboard.write("centre.toml", QUEUES);
    let mut made = 0;
    let proxy = Proxy::start(site.serving.address(), move |line| {
        made += u32::from(line.starts_with("POST /v1/queues "));
        made < 2
    });
    let run = site.run_at(&proxy.address, "apply -f centre.toml --yes");
    let said = run.failure(1);
    for line in [
        "1 of 4 changes were done",
        "queue second: the server",
        "queue third: not tried",
        "DID 5550100: not tried",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let half = site.run("plan");
    assert_eq!(half.code, 6, "what is not done is what differs");
    assert!(half.out.contains("3 to create"), "{}", half.out);

    let rest = site.run("--json apply -f centre.toml --yes").json();
    assert_eq!(
        rest["outcome"]["done"].as_array().unwrap().len(),
        3,
        "{rest}"
    );
    assert_eq!(site.run("plan").code, 0);
    // What was before is what was before the first try.
    site.run("rollback --yes --remove").text();
    assert_eq!(site.exported(), empty);
}

#[test]
fn what_somebody_else_changed_meanwhile_is_left_alone() {
    let site = Site::start();
    site.applied(QUEUES, "");
    let next = QUEUES.replace("name = \"first\"", "name = \"first\"\nring_seconds = 30");
    let next = next.replace("name = \"third\"", "name = \"third\"\nring_seconds = 30");
    site.cordboard.write("centre.toml", &next);
    let path = format!("/v1/queues/{}", site.id("/v1/queues"));
    let (address, key) = (site.serving.address().to_owned(), site.key.clone());
    let proxy = Proxy::start(site.serving.address(), move |line| {
        if line.starts_with("POST /v1/centre/changes ") {
            ask(
                &address,
                &key,
                "PUT",
                &path,
                r#"{"name": "first", "priority": 7}"#,
            );
        }
        true
    });
    let said = site
        .run_at(&proxy.address, "apply -f centre.toml --yes")
        .failure(1);
    assert!(said.contains("1 of 2 changes were done"), "{said}");
    assert!(
        said.contains("queue first: changed meanwhile by somebody else"),
        "{said}"
    );
    let export = site.exported();
    assert!(
        export.contains("priority = 7") && export.matches("ring_seconds = 30").count() == 1,
        "{export}"
    );
    site.run("apply -f centre.toml --yes").text();
    assert_eq!(site.exported().matches("ring_seconds = 30").count(), 2);
}

#[test]
fn what_the_server_refuses_at_last_keeps_what_was_to_go() {
    let site = Site::start();
    site.has_user_eve();
    let agent = |extension: &str| {
        format!("[[agents]]\nextension = \"{extension}\"\nname = \"Eve Example\"\nuser = \"eve\"\n")
    };
    site.applied(
        "[[trunks]]\nname = \"provider\"\nhost = \"192.0.2.1\"\n",
        "",
    );
    let text = format!("trunks = []\n{}{}{QUEUES}", agent("101"), agent("102"));
    site.cordboard.write("centre.toml", &text);
    let run = site.run("--json apply -f centre.toml --yes --remove");
    assert_eq!(run.code, 1, "{}", run.err);
    let answer: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let outcome = &answer["outcome"];
    let done = outcome["done"].as_array().unwrap();
    assert_eq!((done.len(), &done[0]), (5, &"agent 101".into()), "{answer}");
    assert_eq!(outcome["failed"][0]["what"], "agent 102", "{answer}");
    assert_eq!(
        outcome["not_tried"],
        serde_json::json!(["trunk provider"]),
        "{answer}"
    );
    assert!(run.err.contains("5 of 7 changes were done"), "{}", run.err);
    site.applied(&format!("{}{QUEUES}", agent("101")), "");
    assert!(site.exported().contains("user = \"eve\""));
}

#[test]
fn only_administrators_may() {
    let site = Site::start();
    let key = site
        .cordboard
        .run("key create reader --role service")
        .text();
    site.cordboard.write("key", &key);
    let said = site.run("export").failure(1);
    assert!(said.contains("403"), "{said}");
}
