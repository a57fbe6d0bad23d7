//! What is told arrives once, or is told of as failed.

mod mail;
pub(crate) mod receivers;
mod schedules;

use std::time::Duration;

use model::{Recipient, RecipientId, Role, Target};
use ring::hmac;
use serde_json::{Value, json};
use server::{
    auth::AuthConfig,
    config::{MailConfig, MailTls},
    deliveries::Settings,
};

use crate::{
    call_statistics::fresh,
    harness::{Client, Server},
};
use receivers::{Answer, Hook, MailServer, Request, wait_for};

/// Messages leave by these; pauses are short.
pub(crate) fn settings(mail: Option<&MailServer>) -> Settings {
    let mail = mail.map_or_else(MailConfig::default, |server| MailConfig {
        host: Some("127.0.0.1".to_owned()),
        port: Some(server.address.port().into()),
        tls: MailTls::NoneOnLoopback,
        from: Some("Cordboard <reports@example.com>".to_owned()),
        ..MailConfig::default()
    });
    Settings {
        mail,
        allow_private: true,
        first_pause: Duration::from_millis(1),
    }
}

pub(crate) async fn server(mail: Option<&MailServer>) -> Server {
    let settings = settings(mail);
    Server::start_by(AuthConfig::default(), |_, setup| {
        setup.deliveries = settings;
    })
    .await
}

/// A webhook recipient and its secret.
pub(crate) async fn hooked(root: &Client, name: &str, hook: &Hook) -> (String, String) {
    let new = json!({"name": name, "target": {"kind": "webhook", "url": hook.url()}});
    let made = root.post("/v1/recipients", &new).await;
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    (made.id(), secret)
}

pub(crate) async fn mailed(root: &Client, name: &str, address: &str) -> String {
    let new = json!({"name": name, "target": {"kind": "mail", "address": address}});
    root.post("/v1/recipients", &new).await.id()
}

/// Sends a test; the delivery's path.
async fn test(root: &Client, recipient: &str) -> String {
    let path = format!("/v1/recipients/{recipient}/test");
    let asked = root.post(&path, &json!({})).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    format!("/v1/deliveries/{}", asked.id())
}

pub(crate) async fn wait_state(root: &Client, path: &str, state: &str) -> Value {
    wait_for(&format!("{path} {state}"), async || {
        let delivery = root.get(path).await.json();
        Some(delivery).filter(|delivery| delivery["state"] == state)
    })
    .await
}

/// What is put off, or given up, for a reason with these words.
pub(crate) async fn wait_error(root: &Client, path: &str, words: &str) -> Value {
    wait_for(&format!("{path} {words}"), async || {
        let delivery = root.get(path).await.json();
        let error = delivery["error"].as_str().unwrap_or_default();
        error.contains(words).then(|| delivery.clone())
    })
    .await
}

fn assert_signed(request: &Request, secret: &str) {
    let time = request.header("cordboard-timestamp");
    let age = jiff::Timestamp::now().as_second() - time.parse::<i64>().unwrap();
    assert!((0..60).contains(&age), "{time}");
    let signed = [time.as_bytes(), b".", &request.body].concat();
    let tag = request.header("cordboard-signature");
    let tag = tag.strip_prefix("v1=").unwrap();
    let bytes: Vec<u8> = (0..tag.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&tag[at..at + 2], 16).unwrap())
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::verify(&key, &signed, &bytes).unwrap();
}

#[tokio::test]
async fn a_test_arrives_by_mail_and_by_webhook() {
    let (mail, hook) = (MailServer::start().await, Hook::start([]).await);
    let server = server(Some(&mail)).await;
    let root = server.administrator().await;
    let (program, secret) = hooked(&root, "CRM", &hook).await;
    let person = mailed(&root, "Ops", "ops@example.com").await;
    let (to_program, to_person) = (test(&root, &program).await, test(&root, &person).await);

    let request = hook.wait(1).await.remove(0);
    assert_signed(&request, &secret);
    let id = to_program.rsplit('/').next().unwrap();
    assert_eq!(request.header("cordboard-delivery"), id);
    assert_eq!(request.header("content-type"), "application/json");
    let body = request.json();
    assert_eq!(body["event"], "test");
    assert_eq!(body["delivery"], id);

    let got = mail.wait(1).await.remove(0);
    assert_eq!(got.to, ["ops@example.com"]);
    let id = to_person.rsplit('/').next().unwrap();
    assert_eq!(got.header("Message-ID"), format!("<{id}@example.com>"));
    assert_eq!(got.header("Auto-Submitted"), "auto-generated");
    assert!(got.data.contains("Cordboard can reach you"), "{}", got.data);
    for path in [&to_program, &to_person] {
        let delivery = wait_state(&root, path, "sent").await;
        assert_eq!(delivery["attempts"], 1);
        assert!(delivery["finished_at"].is_string() && delivery["error"].is_null());
    }
    let log = format!("/v1/deliveries?recipient={person}&state=sent");
    let log = root.get(&log).await;
    assert_eq!(log.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_fails_is_tried_again_under_the_same_id_and_then_given_up() {
    let hook = Hook::start([500, 404, 429].map(Answer::Status)).await;
    let server = server(None).await;
    let root = server.administrator().await;
    let (recipient, _) = hooked(&root, "CRM", &hook).await;
    let path = test(&root, &recipient).await;
    let delivery = wait_state(&root, &path, "sent").await;
    assert_eq!(delivery["attempts"], 4);
    let got = hook.got();
    let ids: Vec<_> = got
        .iter()
        .map(|one| one.header("cordboard-delivery"))
        .collect();
    assert_eq!(ids, [ids[0]; 4]);

    for _ in 0..8 {
        hook.will(Answer::Status(503));
    }
    let path = test(&root, &recipient).await;
    let delivery = wait_state(&root, &path, "failed").await;
    assert_eq!(delivery["attempts"], 8);
    let error = delivery["error"].as_str().unwrap();
    assert!(error.contains("503"), "{error}");
    assert_eq!(hook.got().len(), 12);

    let again = root.post(&format!("{path}/redeliver"), &json!({})).await;
    assert_eq!(again.status, 202, "{again:?}");
    let delivery = wait_state(&root, &path, "sent").await;
    assert_eq!(delivery["attempts"], 1);
    let got = hook.got();
    let last = got.last().unwrap().header("cordboard-delivery");
    assert_eq!(last, got[11].header("cordboard-delivery"));
}

#[tokio::test]
async fn what_a_newer_node_planned_waits_for_it() {
    let hook = Hook::start([Answer::Status(500)]).await;
    let slow = Settings {
        first_pause: Duration::from_hours(1),
        ..settings(None)
    };
    let server = Server::start_by(AuthConfig::default(), |_, setup| {
        setup.deliveries = slow;
    })
    .await;
    let root = server.administrator().await;
    let (recipient, _) = hooked(&root, "CRM", &hook).await;
    let path = test(&root, &recipient).await;
    wait_error(&root, &path, "500").await;
    let url = format!("sqlite:{}", server.database_file().display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let news = "UPDATE deliveries SET content = '{\"event\":\"news\"}'";
    sqlx::query(news).execute(&pool).await.unwrap();
    pool.close().await;
    let again = root.post(&format!("{path}/redeliver"), &json!({})).await;
    assert_eq!(again.status, 202, "{again:?}");
    let put_off = wait_error(&root, &path, "another version").await;
    assert_eq!(put_off["state"], "waiting", "{put_off}");
}

#[tokio::test]
async fn redirects_are_not_followed_and_answers_not_read() {
    let other = Hook::start([]).await;
    let to = Answer::RedirectTo(other.url());
    let hook = Hook::start([to, Answer::Endless, Answer::Status(410)]).await;
    let server = server(None).await;
    let root = server.administrator().await;
    let (recipient, _) = hooked(&root, "CRM", &hook).await;
    let path = test(&root, &recipient).await;
    let delivery = wait_state(&root, &path, "sent").await;
    assert_eq!(delivery["attempts"], 2, "redirected once");
    assert!(other.got().is_empty());
    // Gone for good.
    let path = test(&root, &recipient).await;
    assert_eq!(wait_state(&root, &path, "failed").await["attempts"], 1);
}

#[tokio::test]
async fn one_who_does_not_answer_holds_up_nobody_else() {
    let (hung, well) = (Hook::start([Answer::Nothing]).await, Hook::start([]).await);
    let server = server(None).await;
    let root = server.administrator().await;
    let (first, _) = hooked(&root, "hung", &hung).await;
    let (second, _) = hooked(&root, "well", &well).await;
    let waits = [test(&root, &first).await, test(&root, &first).await];
    hung.wait(1).await;
    let path = test(&root, &second).await;
    wait_state(&root, &path, "sent").await;
    for path in waits {
        assert_eq!(root.get(&path).await.json()["state"], "waiting");
    }
    assert_eq!(hung.got().len(), 1, "one at a time");
}

#[tokio::test]
async fn who_does_not_answer_is_not_sent_any_number_of_messages() {
    let hook = Hook::start([Answer::Nothing]).await;
    let server = server(None).await;
    let root = server.administrator().await;
    let (recipient, _) = hooked(&root, "CRM", &hook).await;
    for _ in 0..100 {
        test(&root, &recipient).await;
    }
    let path = format!("/v1/recipients/{recipient}/test");
    let refused = root.post(&path, &json!({})).await;
    assert_eq!(refused.verdict().0, 429, "{refused:?}");
    assert!(refused.headers.contains_key("retry-after"));
    assert!(refused.body.contains("wait for CRM"), "{refused:?}");
}

#[tokio::test]
async fn a_mail_server_s_no_is_final_and_its_later_is_not() {
    let mail = MailServer::start().await;
    let server = server(Some(&mail)).await;
    let root = server.administrator().await;
    let nobody = mailed(&root, "Nobody", "nobody@example.com").await;
    let later = mailed(&root, "Later", "later@example.com").await;
    let path = test(&root, &nobody).await;
    let failed = wait_state(&root, &path, "failed").await;
    assert_eq!(failed["attempts"], 1);
    assert!(failed["error"].as_str().unwrap().contains("no such user"));
    let path = test(&root, &later).await;
    assert_eq!(wait_state(&root, &path, "sent").await["attempts"], 2);
    assert_eq!(mail.got().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_a_recipient_is_refused_by_its_field() {
    let plain = Server::start().await;
    let root = plain.administrator().await;
    let webhook = |url: &str| json!({"name": "CRM", "target": {"kind": "webhook", "url": url}});
    let mail =
        |address: &str| json!({"name": "Ops", "target": {"kind": "mail", "address": address}});
    let named = |name: &str| json!({"name": name, "target": {"kind": "webhook", "url": "https://example.com"}});
    for (new, field) in [
        (mail("ops@example.com"), "target.kind"),
        (
            mail("ops@example.com\r\nBcc: eve@example.com"),
            "target.address",
        ),
        (mail("ops"), "target.address"),
        (mail(""), "target.address"),
        (webhook("http://127.0.0.1:1/"), "target.url"),
        (webhook("http://10.0.0.1/"), "target.url"),
        (webhook("http://169.254.169.254/"), "target.url"),
        (webhook("http://[::1]/"), "target.url"),
        (webhook("https://user:secret@example.com/"), "target.url"),
        (webhook("gopher://example.com/"), "target.url"),
        (
            webhook(&format!("https://example.com/{}", "x".repeat(500))),
            "target.url",
        ),
        (named("CRM\r\nBcc: eve@example.com"), "name"),
        (named(""), "name"),
        (named(&"x".repeat(101)), "name"),
        (
            json!({"name": "a", "target": {"kind": "pigeon"}}),
            "target.kind",
        ),
        (
            json!({"name": "a", "target": {"kind": "webhook", "url": "https://example.com", "secret": "x"}}),
            "target.secret",
        ),
        (json!({"name": "a"}), "target"),
        (
            json!({"name": "a", "target": {"kind": "webhook", "url": "https://example.com"}, "also": 1}),
            "also",
        ),
    ] {
        let refused = root.post("/v1/recipients", &new).await;
        let verdict = refused.verdict();
        assert_eq!(
            (verdict.0, verdict.2.as_str()),
            (400, field),
            "{new} {refused:?}"
        );
    }
    let listed = root.get("/v1/recipients").await.json();
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn a_name_of_a_private_address_is_not_reached() {
    let hook = Hook::start([]).await;
    let settings = Settings {
        allow_private: false,
        ..settings(None)
    };
    let server = Server::start_by(AuthConfig::default(), |_, setup| {
        setup.deliveries = settings;
    })
    .await;
    let root = server.administrator().await;
    let url = format!("http://localhost:{}/hook", hook.address.port());
    let new = json!({"name": "CRM", "target": {"kind": "webhook", "url": url}});
    let recipient = root.post("/v1/recipients", &new).await.id();
    let path = test(&root, &recipient).await;
    let failed = wait_state(&root, &path, "failed").await;
    let error = failed["error"].as_str().unwrap();
    assert!(error.contains("is private or this machine"), "{error}");
    assert!(hook.got().is_empty());
}

#[tokio::test]
async fn a_recipient_that_is_no_longer_reached_can_be_changed() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let (at, random) = server.app.clock.id();
    let ops = Recipient {
        id: RecipientId::new(at, random),
        name: "Ops".to_owned(),
        target: Target::Mail {
            address: "ops@example.com".to_owned(),
        },
        alarms: true,
    };
    let recipients = server.app.store.recipients();
    recipients.create(&ops, "").await.unwrap();
    let path = format!("/v1/recipients/{}", ops.id);
    let to =
        |address: &str| json!({"name": "Night", "target": {"kind": "mail", "address": address}});
    assert_eq!(root.put(&path, &to("ops@example.com")).await.status, 200);
    let other = root.put(&path, &to("night@example.com")).await;
    assert_eq!(other.verdict().2, "target.kind", "{other:?}");
}

#[tokio::test]
async fn a_secret_is_shown_once_and_can_be_renewed() {
    let hook = Hook::start([]).await;
    let mail = MailServer::start().await;
    let server = server(Some(&mail)).await;
    let root = server.administrator().await;
    let (recipient, secret) = hooked(&root, "CRM", &hook).await;
    assert!(secret.starts_with("cbwh_") && secret.len() > 40, "{secret}");
    let path = format!("/v1/recipients/{recipient}");
    let replaced =
        json!({"name": "CRM 2", "target": {"kind": "webhook", "url": hook.url()}, "alarms": true});
    for answer in [
        root.get(&path).await,
        root.get("/v1/recipients").await,
        root.put(&path, &replaced).await,
    ] {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!answer.body.contains("secret") && !answer.body.contains(&secret));
    }
    let id = recipient.parse().unwrap();
    let sealed = server.app.store.recipients().secret(id).await.unwrap();
    assert!(!sealed.unwrap().contains(&secret));

    let renewed = root
        .post(&format!("{path}/secret"), &json!({}))
        .await
        .json();
    let renewed = renewed["secret"].as_str().unwrap().to_owned();
    assert_ne!(renewed, secret);
    test(&root, &recipient).await;
    assert_signed(&hook.wait(1).await[0], &renewed);
    let other = json!({"name": "CRM", "target": {"kind": "mail", "address": "ops@example.com"}});
    assert_eq!(root.put(&path, &other).await.verdict().2, "target.kind");
    let person = mailed(&root, "Ops", "ops@example.com").await;
    let none = root
        .post(&format!("/v1/recipients/{person}/secret"), &json!({}))
        .await;
    assert_eq!(none.verdict().2, "id");

    // Only administrators say where figures may go.
    let supervisor = server.logged_in("sue", Role::Supervisor, None).await;
    assert_eq!(supervisor.put(&path, &replaced).await.status, 403);
    let shown = supervisor.get(&path).await;
    assert_eq!(shown.status, 200);
    let listed = supervisor.get("/v1/recipients").await;
    let program = server.program(Role::Service).await.get(&path).await;
    for answer in [shown, listed, program] {
        let host = format!("\"http://{}\"", hook.address);
        assert!(answer.body.contains(&host), "{answer:?}");
    }
    assert_eq!(root.delete(&path).await.status, 204);
    assert_eq!(root.get(&path).await.status, 404);
}

/// Two servers on one database, with the key of its secrets; the address of another one than SQLite.
pub(crate) async fn two_nodes(dsn: Option<&str>) -> (Server, Server) {
    let first = Server::start_by(AuthConfig::default(), |_, setup| {
        if let Some(dsn) = dsn {
            dsn.clone_into(&mut setup.dsn);
        }
        setup.deliveries = settings(None);
    })
    .await;
    let file = first.database_file();
    let second = Server::start_by(AuthConfig::default(), |folder, setup| {
        let key = file.with_file_name("secret.key");
        std::fs::copy(key, folder.join("secret.key")).unwrap();
        let here = format!("sqlite:{}", file.display());
        setup.dsn = dsn.map_or(here, str::to_owned);
        setup.deliveries = settings(None);
    })
    .await;
    (first, second)
}

#[tokio::test]
async fn two_nodes_on_one_database_send_each_once() {
    each_is_sent_once(None).await;
    for variable in ["CORDBOARD_TEST_MARIADB", "CORDBOARD_TEST_POSTGRES"] {
        if let Some(database) = fresh(variable).await {
            each_is_sent_once(Some(database.dsn())).await;
        }
    }
}

async fn each_is_sent_once(dsn: Option<&str>) {
    let hook = Hook::start([]).await;
    let (first, second) = two_nodes(dsn).await;
    let root = first.administrator().await;
    let other = second
        .anonymous()
        .log_in("root", crate::harness::PASSWORD)
        .await;
    let mut paths = Vec::new();
    for number in 0..8 {
        let (recipient, _) = hooked(&root, &format!("CRM {number}"), &hook).await;
        for client in [&root, &other] {
            paths.push(test(client, &recipient).await);
        }
    }
    for path in &paths {
        wait_state(&root, path, "sent").await;
    }
    let mut ids: Vec<_> = hook.got();
    ids.sort_by_key(|one| one.header("cordboard-delivery").to_owned());
    let all = ids.len();
    ids.dedup_by_key(|one| one.header("cordboard-delivery").to_owned());
    assert_eq!((all, ids.len()), (16, 16));
}
