//! Our own numbers: where they may lead, and what stays because they do.

use serde_json::{Value, json};

use crate::extensions::{asked, pbx, refused};
use crate::harness::{Client, Server};

const PATH: &str = "/v1/dids";
const CONTEXTS: &str = "/v1/dialplan/contexts";

fn about(code: &str, field: &str) -> (String, String) {
    (code.to_owned(), field.to_owned())
}

fn to(number: &str, to: &Value) -> Value {
    json!({"number": number, "to": to})
}

fn rules(name: &str, pattern: &str, action: &Value) -> Value {
    json!({"name": name, "rules": [{"pattern": pattern, "action": action}]})
}

async fn made(root: &Client, path: &str, body: Value) -> String {
    let answer = root.post(path, &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.id()
}

#[tokio::test]
async fn asterisk_is_told_where_a_number_leads() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let pbx = pbx(&root, "pbx").await;
    let queue = server.queue("sales").await.to_string();
    let ask = async |number: &str, priority: u8| {
        let body = format!("exten={number}&context=cordboard-0&priority={priority}");
        asked(&server, &pbx, "extensions/single", &*body.leak())
            .await
            .1
    };
    let waiting = made(
        &root,
        PATH,
        to("5550100", &json!({"type": "queue", "queue": queue})),
    )
    .await;
    assert!(
        ask("5550100", 1)
            .await
            .ends_with("app=Stasis&appdata=cordboard\n")
    );
    let phone = json!({"type": "phone", "number": "101", "ring_seconds": 20});
    let path = format!("{PATH}/{waiting}");
    assert_eq!(root.put(&path, &to("5550100", &phone)).await.status, 200);
    assert!(
        ask("5550100", 1)
            .await
            .ends_with("app=Dial&appdata=PJSIP%2F101%2C20\n")
    );
    let menu = json!({"type": "menu", "sound": "custom/welcome", "context": "choice", "choices": [{"key": "1", "dial": "1"}]});
    made(
        &root,
        CONTEXTS,
        rules(
            "choice",
            "1",
            &json!({"type": "announce", "sound": "custom/one"}),
        ),
    )
    .await;
    made(&root, CONTEXTS, rules("welcome", "_X.", &menu)).await;
    let welcome = json!({"type": "context", "context": "welcome"});
    made(&root, PATH, to("5550101", &welcome)).await;
    let read = ask("5550101", 5).await;
    assert!(
        read.ends_with("app=Read&appdata=CORDBOARD_KEY%2Ccustom%2Fwelcome%2C1%2C%2C1%2C5\n"),
        "{read}"
    );
    let key = ask("5550101", 2).await;
    assert!(key.contains("CORDBOARD_KEY_1%3D1%2C"), "{key}");
    let leads = ask("5550101", 6).await;
    assert!(leads.contains("cordboard-1%2C"), "{leads}");
    assert_eq!(ask("5550177", 1).await, "");
    assert_eq!(root.delete(&path).await.status, 204);
    assert_eq!(ask("5550100", 1).await, "");
}

#[tokio::test]
async fn a_number_leads_to_what_is_there_and_leads_nobody_out() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let queue = server.queue("sales").await.to_string();
    let agent = server.agent("Agnes", "101").await.to_string();
    let nobody = "00000000-0000-7000-8000-000000000001";
    made(
        &root,
        CONTEXTS,
        rules("outside", "_X.", &json!({"type": "out"})),
    )
    .await;
    made(
        &root,
        CONTEXTS,
        rules("inside", "_X.", &json!({"type": "phone"})),
    )
    .await;
    for (target, field) in [
        (json!({"type": "queue", "queue": nobody}), "to.queue"),
        (
            json!({"type": "agent", "agent": agent, "queue": nobody}),
            "to.queue",
        ),
        (
            json!({"type": "agent", "agent": nobody, "queue": queue}),
            "to.agent",
        ),
        (
            json!({"type": "agent", "agent": agent, "queue": queue, "wait_seconds": 0}),
            "to.wait_seconds",
        ),
        (
            json!({"type": "phone", "number": "101&PJSIP/102"}),
            "to.number",
        ),
        (
            json!({"type": "phone", "number": "101", "ring_seconds": 301}),
            "to.ring_seconds",
        ),
        (
            json!({"type": "announce", "sound": "../../etc/passwd"}),
            "to.sound",
        ),
        (
            json!({"type": "context", "context": "nowhere"}),
            "to.context",
        ),
        (
            json!({"type": "context", "context": "cordboard-1"}),
            "to.context",
        ),
        (
            json!({"type": "context", "context": "outside"}),
            "to.context",
        ),
        (
            json!({"type": "context", "context": "inside", "number": "1,2"}),
            "to.number",
        ),
    ] {
        let answer = root.post(PATH, &to("5550100", &target)).await;
        assert_eq!(refused(&answer), about("invalid_field", field), "{target}");
    }
    for target in [
        json!({"type": "system"}),
        json!({"type": "queue", "queue": queue, "app": "System"}),
    ] {
        assert_eq!(
            root.post(PATH, &to("5550100", &target)).await.status,
            400,
            "{target}"
        );
    }
}

#[tokio::test]
async fn what_a_number_leads_to_stays_and_never_leads_out_later() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let queue = server.queue("sales").await.to_string();
    let agent = server.agent("Agnes", "101").await.to_string();
    made(
        &root,
        CONTEXTS,
        rules("outside", "_X.", &json!({"type": "out"})),
    )
    .await;
    let inside = made(
        &root,
        CONTEXTS,
        rules("inside", "_X.", &json!({"type": "phone"})),
    )
    .await;
    made(
        &root,
        PATH,
        to("5550100", &json!({"type": "context", "context": "inside"})),
    )
    .await;
    made(
        &root,
        PATH,
        to(
            "5550101",
            &json!({"type": "agent", "agent": agent, "queue": queue}),
        ),
    )
    .await;
    // Whatever leads out later is refused there.
    let inside = format!("{CONTEXTS}/{inside}");
    for action in [
        json!({"type": "out"}),
        json!({"type": "go_to", "context": "outside"}),
        json!({"type": "menu", "sound": "x", "context": "outside", "choices": [{"key": "1", "dial": "1"}]}),
    ] {
        let answer = root.put(&inside, &rules("inside", "_X.", &action)).await;
        assert_eq!(refused(&answer), about("invalid_field", "rules"));
        assert!(answer.body.contains("5550100"), "{answer:?}");
    }
    for used in [
        inside,
        format!("/v1/agents/{agent}"),
        format!("/v1/queues/{queue}"),
    ] {
        assert_eq!(root.delete(&used).await.verdict().1, "in_use", "{used}");
    }
}

#[tokio::test]
async fn a_menu_that_no_caller_can_use_is_refused() {
    let server = Server::start().await;
    let root = server.administrator().await;
    made(
        &root,
        CONTEXTS,
        rules("choice", "1", &json!({"type": "hang_up"})),
    )
    .await;
    for (choices, tries) in [
        (json!([]), 3),
        (json!([{"key": "#", "dial": "1"}]), 3),
        (json!([{"key": "12", "dial": "1"}]), 3),
        (
            json!([{"key": "1", "dial": "1"}, {"key": "1", "dial": "2"}]),
            3,
        ),
        (json!([{"key": "1", "dial": "${X}"}]), 3),
        (json!([{"key": "1", "dial": "1"}]), 11),
    ] {
        let menu = json!({"type": "menu", "sound": "x", "context": "choice", "choices": choices, "tries": tries});
        let answer = root.post(CONTEXTS, &rules("new", "_X.", &menu)).await;
        assert_eq!(
            refused(&answer),
            about("invalid_field", "rules"),
            "{choices}"
        );
    }
}
