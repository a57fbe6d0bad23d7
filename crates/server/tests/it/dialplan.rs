//! The dialplan: set up by the API, asked for by Asterisk, thought through by the simulator.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bad_input::Route;
use crate::extensions::{asked, pbx, refused};
use crate::harness::{Client, Server, shape};

const PATH: &str = "/v1/dialplan/contexts";
const SIMULATE: &str = "/v1/dialplan/simulate";

/// What may be sent, for who sends something else.
pub(crate) async fn routes(root: &Client) -> Vec<Route> {
    let context = |name: &str| {
        json!({"name": name, "note": "n", "rules": [
            {"pattern": "_1X", "action": {"type": "phone", "number": "101", "ring_seconds": 20, "unanswered": "words"}, "note": "n"},
        ]})
    };
    let id = root.post(PATH, &context("day")).await.id();
    let question = json!({"from": "day", "dialled": "11", "server": null});
    vec![
        Route::new(Method::POST, PATH, &[], context("night")),
        Route::new(
            Method::PUT,
            "/v1/dialplan/contexts/{id}",
            &[&id],
            context("day"),
        ),
        Route::new(Method::POST, SIMULATE, &[], question),
    ]
}

fn rule(pattern: &str, action: &Value) -> Value {
    json!({"pattern": pattern, "action": action})
}

fn context(name: &str, rules: &[Value]) -> Value {
    json!({"name": name, "rules": rules})
}

fn out() -> Value {
    json!({"type": "out"})
}

fn go_to(context: &str) -> Value {
    json!({"type": "go_to", "context": context})
}

fn trunk(name: &str, context: &str) -> Value {
    json!({"name": name, "host": "sip.example.net", "context": context, "outbound": {}})
}

fn id_of_nothing() -> &'static str {
    "00000000-0000-7000-8000-000000000001"
}

async fn made(root: &Client, path: &str, body: Value) -> Value {
    let answer = root.post(path, &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

async fn problem(root: &Client, path: &str, body: Value) -> (String, String) {
    refused(&root.post(path, &body).await)
}

fn about(code: &str, field: &str) -> (String, String) {
    (code.to_owned(), field.to_owned())
}

#[tokio::test]
async fn asterisk_is_answered_from_the_first_to_the_last_moment() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let (pbx, other) = (pbx(&root, "pbx").await, pbx(&root, "other").await);
    let agents = made(&root, PATH, json!({"name": "agents"})).await;
    insta::assert_json_snapshot!("dialplan_context", shape(&agents));
    assert_eq!(agents["asterisk_context"], "cordboard-1");
    made(
        &root,
        "/v1/extensions",
        json!({"number": "101", "server": pbx}),
    )
    .await;
    let mut provider = trunk("provider", "from-provider");
    provider["server"] = json!(pbx);
    made(&root, "/v1/trunks", provider).await;

    let step = |exten: &str, priority: u8| {
        let body = format!("exten={exten}&context=cordboard-1&priority={priority}");
        &*body.leak()
    };
    let ask = async |at: &str, body| asked(&server, at, "extensions/single", body).await.1;
    let row = ask(&pbx, step("101", 1)).await;
    assert_eq!(
        row,
        "exten=101&context=cordboard-1&priority=1&app=Dial&appdata=PJSIP%2F101%2C30\n"
    );
    // The other server has neither the phone nor the trunk.
    assert_eq!(
        ask(&other, step("101", 1)).await,
        "exten=101&context=cordboard-1&priority=1&app=Hangup&appdata=34\n"
    );
    let row = ask(&pbx, step("0905", 1)).await;
    assert!(
        row.contains("app=MSet&appdata=CORDBOARD_1%3D0905%40provider%2CCORDBOARD_2%3D%2C"),
        "{row}"
    );
    assert!(ask(&pbx, step("0905", 9)).await.contains("app=Hangup"));
    for nothing in [
        step("0905", 10),
        step("0905", 0),
        step("h", 1),
        step("s", 1),
        step("0%24%7BX%7D", 1),
        step("101%26PJSIP%2F102", 1),
        "exten=101&context=agents&priority=1",
        "exten=101&context=cordboard-2&priority=1",
        "exten=101&context=cordboard-1&priority=x",
        "exten%20LIKE=%5C_%25&context=cordboard-1&priority=1",
        "exten=101",
        "",
    ] {
        assert_eq!(ask(&pbx, nothing).await, "", "{nothing}");
    }

    let path = format!("{PATH}/{}", agents["id"].as_str().unwrap());
    let hang_up = json!({"type": "hang_up", "cause": "busy"});
    let busy = context("agents", &[rule("_X.", &hang_up)]);
    assert_eq!(root.put(&path, &busy).await.status, 200);
    assert_eq!(
        ask(&pbx, step("101", 1)).await,
        "exten=101&context=cordboard-1&priority=1&app=Hangup&appdata=17\n"
    );
    assert_eq!(
        refused(&root.delete(&path).await),
        about("in_use", "id"),
        "a phone begins there"
    );
    let phone = root.get("/v1/extensions").await.json()["items"][0]["id"].clone();
    let phone = format!("/v1/extensions/{}", phone.as_str().unwrap());
    assert_eq!(root.delete(&phone).await.status, 204);
    assert_eq!(root.delete(&path).await.status, 204);
    assert_eq!(ask(&pbx, step("101", 1)).await, "");
    // What a site's own dialplan sent to the old one does not get to the new one.
    let next = made(&root, PATH, json!({"name": "next"})).await;
    assert_eq!(next["asterisk_context"], "cordboard-2");
}

#[tokio::test]
async fn phones_of_a_sites_own_context_are_taken_over() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let pbx = pbx(&root, "pbx").await;
    made(&root, "/v1/extensions", json!({"number": "101"})).await;
    made(&root, "/v1/trunks", trunk("provider", "from-provider")).await;
    let row = async |id| asked(&server, &pbx, "ps_endpoints/single", id).await.1;
    assert!(row("id=101").await.contains("&context=agents&"));
    made(&root, PATH, json!({"name": "agents"})).await;
    assert!(row("id=101").await.contains("&context=cordboard-1&"));
    let incoming = context("from-provider", &[]);
    made(&root, PATH, incoming).await;
    assert!(row("id=provider").await.contains("&context=cordboard-2&"));
    // Nobody gets there by another name.
    for path in ["/v1/extensions", "/v1/trunks"] {
        let mut body = trunk("second", "cordboard-1");
        if path == "/v1/extensions" {
            body = json!({"number": "102", "context": "cordboard-1"});
        }
        assert_eq!(
            problem(&root, path, body).await,
            about("invalid_field", "context")
        );
    }
}

#[tokio::test]
async fn whoever_calls_in_never_calls_out() {
    let server = Server::start().await;
    let root = server.administrator().await;
    made(&root, PATH, context("outside", &[rule("_X.", &out())])).await;
    made(
        &root,
        PATH,
        context("night", &[rule("_X.", &go_to("outside"))]),
    )
    .await;
    let incoming = made(&root, PATH, context("from-provider", &[])).await;
    made(&root, "/v1/trunks", trunk("provider", "from-provider")).await;
    for context in ["outside", "night"] {
        let refused = problem(&root, "/v1/trunks", trunk("other", context)).await;
        assert_eq!(refused, about("invalid_field", "context"), "{context}");
    }
    let path = format!("{PATH}/{}", incoming["id"].as_str().unwrap());
    for action in [out(), go_to("night"), go_to("outside")] {
        let answer = root
            .put(&path, &context("from-provider", &[rule("_X.", &action)]))
            .await;
        assert_eq!(
            refused(&answer),
            about("invalid_field", "rules"),
            "{action}"
        );
        assert!(answer.body.contains("trunk provider"), "{answer:?}");
    }
    // By a context in between.
    let between = made(&root, PATH, context("between", &[])).await;
    let leads = context("from-provider", &[rule("_X.", &go_to("between"))]);
    assert_eq!(root.put(&path, &leads).await.status, 200);
    let between = format!("{PATH}/{}", between["id"].as_str().unwrap());
    let answer = root
        .put(&between, &context("between", &[rule("1", &go_to("night"))]))
        .await;
    assert_eq!(refused(&answer), about("invalid_field", "rules"));
    assert_eq!(refused(&root.delete(&between).await), about("in_use", "id"));
    let renamed = root.put(&between, &context("elsewhere", &[])).await;
    assert_eq!(refused(&renamed), about("in_use", "name"));
    // One that is made under the name that a trunk has already.
    made(&root, "/v1/trunks", trunk("second", "from-second")).await;
    let late = problem(&root, PATH, context("from-second", &[rule("_X.", &out())])).await;
    assert_eq!(late, about("invalid_field", "rules"));
}

#[tokio::test]
async fn a_queue_may_overflow_into_a_context_of_ours() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let overflow = |context: &str| {
        let to =
            json!({"action": "dialplan", "context": context, "extension": "700", "priority": 1});
        json!({"name": "sales", "overflow": to})
    };
    let night = made(&root, PATH, context("night", &[])).await;
    let refused_name = problem(&root, "/v1/queues", overflow("cordboard-1")).await;
    assert_eq!(refused_name, about("invalid_field", "overflow.context"));
    made(&root, "/v1/queues", overflow("night")).await;
    let night = format!("{PATH}/{}", night["id"].as_str().unwrap());
    let removed = root.delete(&night).await;
    assert_eq!(refused(&removed), about("in_use", "id"));
    assert!(removed.body.contains("queue sales"), "{removed:?}");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let queue = server.queue("sales").await.to_string();
    made(
        &root,
        PATH,
        context(
            "day",
            &[rule("500", &json!({"type": "queue", "queue": queue}))],
        ),
    )
    .await;
    let removed = root.delete(&format!("/v1/queues/{queue}")).await;
    assert_eq!(refused(&removed), about("in_use", "id"));

    for name in ["a,b", "a\nb", "[a", "", "cordboard-1"] {
        let refused = problem(&root, PATH, context(name, &[])).await;
        assert_eq!(refused, about("invalid_field", "name"), "{name:?}");
    }
    let long = "x".repeat(200);
    for pattern in [
        "_.",
        "_X!X",
        "_[",
        &format!("_{long}"),
        "s",
        "h",
        "i",
        "${EXTEN}",
        "101,1,System(x)",
        "",
    ] {
        let (code, field) = problem(&root, PATH, context("new", &[rule(pattern, &out())])).await;
        assert_eq!(
            (code.as_str(), field.as_str()),
            ("invalid_field", "rules[0].pattern"),
            "{pattern:?}"
        );
    }
    let nobody = id_of_nothing();
    let much = "x".repeat(2_000);
    for action in [
        json!({"type": "announce", "sound": "../../etc/passwd"}),
        json!({"type": "announce", "sound": "hello&secret"}),
        json!({"type": "announce", "sound": much}),
        json!({"type": "out", "prepend": "0,30,G(x)"}),
        json!({"type": "queue", "queue": nobody}),
        go_to("new"),
        go_to("nowhere"),
    ] {
        let refused = problem(&root, PATH, context("new", &[rule("_X.", &action)])).await;
        assert_eq!(refused, about("invalid_field", "rules"), "{action}");
    }
    for action in [
        json!({"type": "system", "command": "x"}),
        json!({"type": "hang_up", "app": "System"}),
    ] {
        let (code, field) = problem(&root, PATH, context("new", &[rule("_X.", &action)])).await;
        assert!(
            code == "invalid_field" && field.starts_with("rules[0].action"),
            "{field}"
        );
    }
    let many: Vec<Value> = (0..=500).map(|at| rule(&at.to_string(), &out())).collect();
    assert_eq!(
        problem(&root, PATH, context("new", &many)).await,
        about("invalid_field", "rules")
    );

    // A circle over two.
    let first = made(&root, PATH, context("first", &[])).await;
    made(
        &root,
        PATH,
        context("second", &[rule("_X.", &go_to("first"))]),
    )
    .await;
    let first = format!("{PATH}/{}", first["id"].as_str().unwrap());
    let circle = root
        .put(&first, &context("first", &[rule("_X.", &go_to("second"))]))
        .await;
    assert_eq!(refused(&circle), about("invalid_field", "rules"));
    assert!(circle.body.contains("first → second → first"), "{circle:?}");
    assert_eq!(
        refused(&root.put(&first, &json!({"name": "first"})).await),
        about("invalid_field", "rules")
    );
}

#[tokio::test]
async fn a_call_is_thought_through() {
    let server = Server::start().await;
    let root = server.administrator().await;
    pbx(&root, "pbx").await;
    made(
        &root,
        PATH,
        context(
            "abroad",
            &[rule(
                "_00.",
                &json!({"type": "out", "strip": 2, "prepend": "+", "present": "+4215550100"}),
            )],
        ),
    )
    .await;
    let agents = [
        rule("_1XX", &json!({"type": "phone"})),
        rule("_00.", &go_to("abroad")),
        rule("_0.", &out()),
    ];
    made(&root, PATH, context("agents", &agents)).await;
    made(&root, "/v1/extensions", json!({"number": "101"})).await;
    made(
        &root,
        "/v1/extensions",
        json!({"number": "102", "context": "own"}),
    )
    .await;
    made(&root, "/v1/trunks", trunk("provider", "from-provider")).await;
    let ask = async |from: &str, dialled: &str| {
        let answer = root
            .post(SIMULATE, &json!({"from": from, "dialled": dialled}))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    };
    let mut abroad = ask("101", "00420601123456").await;
    abroad["server"] = json!("[server]");
    insta::assert_json_snapshot!("simulation", abroad);
    let end = async |from, dialled| ask(from, dialled).await["end"]["kind"].clone();
    assert_eq!(end("101", "101").await, "phone");
    assert_eq!(end("101", "199").await, "no_rule", "there is no such phone");
    assert_eq!(end("abroad", "777").await, "no_rule");
    assert_eq!(end("102", "101").await, "elsewhere");
    assert_eq!(end("provider", "101").await, "elsewhere");
    assert_eq!(ask("101", "0905").await["end"]["presented"], "101");
    let nowhere = json!({"from": "101", "dialled": "1", "server": id_of_nothing()});
    assert_eq!(
        problem(&root, SIMULATE, nowhere).await,
        about("invalid_field", "server")
    );
    for (from, dialled, field) in [
        ("nobody", "1", "from"),
        ("a,b", "1", "from"),
        ("101", "", "dialled"),
        ("101", "abc", "dialled"),
        ("101", "1&2", "dialled"),
        ("101", &"1".repeat(41), "dialled"),
    ] {
        let refused = problem(&root, SIMULATE, json!({"from": from, "dialled": dialled})).await;
        assert_eq!(refused, about("invalid_field", field), "{from} {dialled}");
    }
}
