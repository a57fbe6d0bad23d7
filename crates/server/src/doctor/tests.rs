#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, path::Path};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::config::Sources;

/// A web server that answers each path with a status and a body, and knows one password.
async fn pbx(answers: &[(&'static str, u16, &'static str)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answers: BTreeMap<&str, (u16, &str)> = answers
        .iter()
        .map(|(path, status, body)| (*path, (*status, *body)))
        .collect();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = socket.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            // cordboard:right
            let knows = request
                .to_lowercase()
                .contains("authorization: basic y29yzgjvyxjkonjpz2h0");
            let (status, body) = match answers.get(path) {
                _ if !knows => (401, "{}"),
                Some(answer) => *answer,
                None => (404, "{}"),
            };
            let answer = format!(
                "HTTP/1.1 {status} X\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}/ari")
}

fn set(name: &str, value: &str) -> (String, String) {
    (format!("CORDBOARD__{name}"), value.to_owned())
}

fn config(folder: &Path, ari_url: &str, password: &str) -> Config {
    Config::load(&Sources {
        environment: vec![
            set("DATA__FOLDER", folder.to_str().unwrap()),
            set("SERVER__LISTEN", "127.0.0.1:0"),
            set("ASTERISK__0__ARI_URL", ari_url),
            set("ASTERISK__0__PASSWORD", password),
        ],
        ..Sources::default()
    })
    .unwrap()
}

const INFO: (&str, u16, &str) = (
    "/ari/asterisk/info",
    200,
    r#"{"system":{"version":"22.10.0","entity_id":"00:00"}}"#,
);

async fn findings(ari_url: &str, password: &str) -> Vec<Finding> {
    let folder = tempfile::tempdir().unwrap();
    examine(&config(folder.path(), ari_url, password)).await
}

fn of<'a>(findings: &'a [Finding], text: &str) -> &'a Finding {
    let found = findings.iter().find(|finding| finding.what.contains(text));
    found.unwrap_or_else(|| panic!("nothing says {text:?}: {findings:#?}"))
}

/// A mail server that offers `also`, and knows nobody.
async fn mail_server(also: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut answer = "220 test\r\n".to_owned();
            while socket.write_all(answer.as_bytes()).await.is_ok() {
                let mut line = vec![0; 1024];
                let length = socket.read(&mut line).await.unwrap_or(0);
                answer = match &line[..length] {
                    [] => break,
                    [b'E', b'H', ..] => format!("250-test\r\n{also}250 8BITMIME\r\n"),
                    [b'A', b'U', ..] => "535 who are you\r\n".to_owned(),
                    _ => "250 ok\r\n".to_owned(),
                };
            }
        }
    });
    port
}

#[tokio::test]
async fn the_mail_server_is_spoken_to_as_mail_will_be() {
    let plain = mail_server("").await;
    let strict = mail_server("250-AUTH PLAIN\r\n").await;
    let folder = tempfile::tempdir().unwrap();
    let ann = [set("MAIL__USER", "ann"), set("MAIL__PASSWORD", "secret")];
    for (port, tls, user, verdict, words) in [
        (plain, "none-on-loopback", false, Verdict::Ok, "answers"),
        (plain, "starttls", false, Verdict::Problem, "STARTTLS"),
        (strict, "none-on-loopback", true, Verdict::Problem, "535"),
        (1, "none-on-loopback", false, Verdict::Problem, "refused"),
    ] {
        let mut environment = vec![
            set("DATA__FOLDER", folder.path().to_str().unwrap()),
            set("MAIL__HOST", "127.0.0.1"),
            set("MAIL__PORT", &port.to_string()),
            set("MAIL__TLS", tls),
            set("MAIL__FROM", "reports@example.com"),
        ];
        environment.extend(ann.iter().filter(|_| user).cloned());
        let sources = Sources {
            environment,
            ..Sources::default()
        };
        let finding = mail::examine(&Config::load(&sources).unwrap())
            .await
            .unwrap();
        assert_eq!(finding.verdict, verdict, "{finding:?}");
        let said = format!("{finding:?}");
        assert!(said.contains(words) && !said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn a_healthy_installation_has_no_problem() {
    let url = pbx(&[
        INFO,
        (
            "/ari/applications/cordboard",
            200,
            r#"{"name":"cordboard","channel_ids":["1"]}"#,
        ),
    ])
    .await;
    let findings = findings(&url, "right").await;
    assert!(
        findings
            .iter()
            .all(|finding| finding.verdict != Verdict::Problem),
        "{findings:#?}"
    );
    of(&findings, "Asterisk 22.10.0 lets cordboard in");
    of(
        &findings,
        "a program is connected as `cordboard`, with 1 channels",
    );
    // The PBX above believes that it is New Year.
    assert_eq!(of(&findings, "its clock differs").verdict, Verdict::Warning);
}

#[tokio::test]
async fn says_what_is_wrong_with_an_asterisk() {
    let url = pbx(&[INFO]).await;
    let wrong = findings(&url, "wrong").await;
    let refused = of(&wrong, "refuses the user cordboard");
    assert_eq!(refused.verdict, Verdict::Problem);
    assert!(refused.remedy.as_ref().unwrap().contains("ari.conf"));

    let nothing = findings("http://127.0.0.1:1/ari", "right").await;
    let gone = of(&nothing, "does not answer");
    assert!(gone.why.as_ref().unwrap().contains("refused"), "{gone:?}");

    let other = findings(&url.replace("/ari", "/other"), "right").await;
    assert_eq!(of(&other, "there is no ARI at").verdict, Verdict::Problem);

    let alone = findings(&url, "right").await;
    assert_eq!(of(&alone, "no program is connected").verdict, Verdict::Ok);

    let reader = pbx(&[
        INFO,
        (
            "/ari/channels/cordboard-doctor-asks-whether-it-may-write",
            403,
            "{}",
        ),
    ])
    .await;
    assert_eq!(
        of(&findings(&reader, "right").await, "may only read").verdict,
        Verdict::Problem
    );

    let page = pbx(&[("/ari/asterisk/info", 200, "<html>")]).await;
    of(&findings(&page, "right").await, "not as Asterisk does");
}

#[tokio::test]
async fn a_database_is_told_apart_from_a_missing_one() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "http://127.0.0.1:1/ari", "x");
    of(&examine(&config).await, "cordboard.db is not there yet");

    let store = store::Store::open(config.dsn().expose()).await.unwrap();
    of(&examine(&config).await, "its schema is not ours yet");
    store.migrate().await.unwrap();
    let findings = examine(&config).await;
    of(&findings, "cordboard.db answers");
    let dsn = config.dsn();
    let meddle = sqlx::SqlitePool::connect(dsn.expose());
    let older = sqlx::raw_sql("DELETE FROM schema_migrations WHERE version IN (3, 5)");
    older.execute(&meddle.await.unwrap()).await.unwrap();
    for _ in 0..2 {
        let findings = examine(&config).await;
        let pending = of(&findings, "2 migrations are to be made, from 3 on");
        assert_eq!(pending.verdict, Verdict::Warning);
    }
    store.migrate().await.unwrap();
    assert_eq!(
        of(&findings, "there is none that is active").verdict,
        Verdict::Warning
    );
}

#[tokio::test]
async fn a_number_that_cannot_be_called_back_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "http://127.0.0.1:1/ari", "x");
    let store = store::Store::open(config.dsn().expose()).await.unwrap();
    store.migrate().await.unwrap();
    let look = async || super::caller_ids::examine(&config, &store).await;
    assert_eq!(look().await, None);

    for last in 0..7 {
        let number = own_number(&format!("310555010{last}"), last != 6);
        store.caller_ids().create(&number).await.unwrap();
    }
    let queue = model::QueueId::new(model::Timestamp::default(), 1);
    let queue = model::Queue::new(queue, "sales");
    store.queues().create(&queue).await.unwrap();
    let did = |last: u8, number: &str| model::Did {
        id: model::DidId::new(model::Timestamp::from_micros(i64::from(last) * 1_000), 0),
        number: number.to_owned(),
        to: model::DidTarget::Queue { queue: queue.id },
        return_wait_seconds: model::return_wait(),
        note: String::new(),
    };
    // However the trunk writes it.
    store.dids().create(&did(0, "+13105550100")).await.unwrap();
    let found = look().await.unwrap();
    let said = "5 of 6 have no inbound route of their own: 3105550101, 3105550102, 3105550103, 3105550104, 3105550105";
    assert_eq!((found.verdict, &*found.what), (Verdict::Warning, said));

    store
        .settings()
        .set_default_queue(Some(queue.id))
        .await
        .unwrap();
    let found = look().await.unwrap();
    assert_eq!(found.verdict, Verdict::Ok);
    assert!(
        found.what.ends_with("reaches the default queue"),
        "{found:?}"
    );

    for last in 1..6 {
        let did = did(last, &format!("310555010{last}"));
        store.dids().create(&did).await.unwrap();
    }
    let found = look().await.unwrap();
    assert_eq!(found.what, "6 may be presented; each has an inbound route");
}

fn own_number(number: &str, active: bool) -> model::CallerId {
    // In the order of the numbers.
    let at = model::Timestamp::from_micros(number.parse::<i64>().unwrap() * 1_000);
    let own = crate::numbers::Numbers::default()
        .caller_id(number, None)
        .unwrap();
    model::CallerId {
        active,
        ..own.into_caller_id(model::CallerIdKey::new(at, 1), at)
    }
}

#[tokio::test]
async fn an_address_that_another_program_has_is_a_problem() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), "http://127.0.0.1:1/ari", "x");
    config.server.listen = taken.local_addr().unwrap();
    drop(tokio::spawn(async move {
        while taken.accept().await.is_ok() {}
    }));
    assert_eq!(
        of(&examine(&config).await, "is taken by another program").verdict,
        Verdict::Problem
    );
}

/// What is said of FastAGI at this address, for these networks, with a server at `listen`.
async fn fastagi(address: &str, networks: &str, listen: &str) -> Vec<Finding> {
    let config = Config::load(&Sources {
        environment: vec![
            set("SERVER__LISTEN", listen),
            set("CALLER_ID__AGI_LISTEN", address),
            set("CALLER_ID__NETWORKS", networks),
        ],
        ..Sources::default()
    });
    agi::examine(&config.unwrap()).await
}

/// Whoever connects is told this.
async fn says(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 4096]).await.unwrap();
            let _ = socket.write_all(text.as_bytes()).await;
        }
    });
    address
}

#[tokio::test]
async fn who_listens_for_dialplans_is_looked_at() {
    const HERE: &str = "127.0.0.0/8";
    const NOBODY: &str = "127.0.0.1:1";
    let free = fastagi("127.0.0.1:0", HERE, NOBODY).await;
    assert_eq!((free[0].verdict, free.len()), (Verdict::Ok, 1), "{free:?}");

    let server = says("HTTP/1.1 200 OK\r\n\r\n{\"dependencies\":[]}").await;
    let nobody = fastagi("127.0.0.1:0", HERE, &server).await;
    assert_eq!(
        of(&nobody, "though the server runs").verdict,
        Verdict::Problem
    );

    let other = says("VERBOSE \"hello\" 1\n").await;
    let taken = fastagi(&other, HERE, NOBODY).await;
    assert_eq!(of(&taken, "taken by another").verdict, Verdict::Problem);
    let silent = says("").await;
    let taken = fastagi(&silent, HERE, NOBODY).await;
    assert_eq!(of(&taken, "taken by another").verdict, Verdict::Problem);
    let refuses = fastagi(&silent, "192.0.2.0/24", NOBODY).await;
    assert_eq!(
        of(&refuses, "does not speak with this machine").verdict,
        Verdict::Ok
    );

    let ours = says("VERBOSE \"cordboard: no such script\" 1\n").await;
    let well = fastagi(&ours, HERE, NOBODY).await;
    assert_eq!(of(&well, "answers dialplans").verdict, Verdict::Ok);

    let elsewhere = fastagi("192.0.2.1:4573", HERE, NOBODY).await;
    assert_eq!(of(&elsewhere, "cannot listen").verdict, Verdict::Problem);
}

#[tokio::test]
async fn a_port_that_answers_nobody_or_everybody_is_named() {
    const NOBODY: &str = "127.0.0.1:1";
    for networks in ["127.0.0.0/8", "127.0.0.1,::1"] {
        let deaf = fastagi("0.0.0.0:0", networks, NOBODY).await;
        let found = of(&deaf, "nobody there is answered");
        assert_eq!(found.verdict, Verdict::Warning);
    }
    let open = fastagi("0.0.0.0:0", "127.0.0.1,0.0.0.0/0", NOBODY).await;
    assert_eq!(of(&open, "answers everybody").verdict, Verdict::Warning);
    let listed = fastagi("[::]:0", "127.0.0.0/8,10.1.2.0/24", NOBODY).await;
    assert_eq!(listed.len(), 1, "{listed:?}");
}
