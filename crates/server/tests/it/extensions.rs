//! Phones and trunks: set up by the API, asked for by Asterisk.

use model::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::bad_input::Route;
use crate::harness::{Answer, Client, Server, shape};

const PATH: &str = "/v1/extensions";

/// What may be sent, for who sends something else.
pub(crate) async fn routes(root: &Client) -> Vec<Route> {
    let extension = |number: &str| {
        json!({
            "number": number, "name": "N", "server": null, "transport": "tls", "codecs": ["opus"], "context": "agents",
            "mailbox": "1@default", "nat": true, "qualify_seconds": 30, "active": true, "secret": "long enough",
        })
    };
    let path = "/v1/extensions";
    let extension_id = root.post(path, &extension("101")).await.id();
    let trunk = |name: &str| {
        json!({
            "name": name, "server": null, "host": "sip.example.net", "port": 5061, "transport": "tls", "username": "u",
            "password": "p", "registers": true, "addresses": ["192.0.2.1"], "context": "from-provider", "codecs": ["alaw"],
            "from_domain": "example.org", "qualify_seconds": 30, "active": true,
            "outbound": {
                "priority": 1, "weight": 1, "max_channels": 2, "max_calls_per_second": 1,
                "rules": [{"prefix": "421", "strip": 3, "prepend": "0", "cost_micros_per_minute": 1}],
            },
        })
    };
    let trunk_id = root.post("/v1/trunks", &trunk("provider")).await.id();
    let (post, put) = (Method::POST, Method::PUT);
    let range = json!({"number": "2000", "last": "2001", "name": "N", "transport": "udp", "codecs": ["ulaw"],
        "context": "agents", "nat": false, "qualify_seconds": 0, "active": false, "server": null});
    let secret = json!({"secret": "long enough"});
    vec![
        Route::new(post.clone(), path, &[], extension("102")),
        Route::new(post.clone(), "/v1/trunks", &[], trunk("other")),
        Route::new(
            post.clone(),
            "/v1/trunks/{id}/check",
            &[&trunk_id],
            json!({"to": null}),
        ),
        Route::new(
            put.clone(),
            "/v1/trunks/{id}",
            &[&trunk_id],
            trunk("provider"),
        ),
        Route::new(
            put,
            "/v1/extensions/{id}",
            &[&extension_id],
            extension("101"),
        ),
        Route::new(post.clone(), "/v1/extensions/range", &[], range),
        Route::new(post, "/v1/extensions/{id}/secret", &[&extension_id], secret),
    ]
}

fn asterisk(name: &str) -> Value {
    json!({
        "name": name, "ari_url": "http://127.0.0.1:1/ari", "ari_user": "cordboard", "password": "s3cret", "active": false,
    })
}

/// What Asterisk `id` gets.
pub(crate) async fn asked(
    server: &Server,
    id: &str,
    what: &str,
    body: &'static str,
) -> (u16, String) {
    let id = id.parse().unwrap();
    let password = server::realtime::Realtime::password(&server.app.vault, id);
    ask(server, &format!("{id}:{password}"), what, body).await
}

async fn ask(server: &Server, login: &str, what: &str, body: &'static str) -> (u16, String) {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let login = format!("Basic {}", STANDARD.encode(login));
    let asterisk = server.anonymous().with("authorization", &login);
    let asterisk = asterisk.with("content-type", "application/x-www-form-urlencoded");
    let path = format!("/realtime/{what}");
    let answer = asterisk.bare(Method::POST, &path, body).await;
    (answer.status.as_u16(), answer.body)
}

pub(crate) async fn pbx(root: &Client, name: &str) -> String {
    root.post("/v1/servers", &asterisk(name)).await.id()
}

pub(crate) fn refused(answer: &Answer) -> (String, String) {
    let (_, code, field) = answer.verdict();
    (code, field)
}

#[tokio::test]
async fn a_phone_is_answered_from_its_first_to_its_last_moment() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let pbx = pbx(&root, "pbx").await;
    let new = json!({"number": "101", "name": "Nora Example", "secret": "Nora's secret"});
    let made = root.post(PATH, &new).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json()["secret"], "Nora's secret");
    let path = format!("{PATH}/{}", made.id());
    assert!(!root.get(&path).await.body.contains("Nora's secret"));
    let (status, row) = asked(&server, &pbx, "ps_auths/single", "id=101").await;
    // printf "101:asterisk:Nora's secret" | md5sum
    assert_eq!(status, 200);
    assert_eq!(
        row,
        "id=101&auth_type=md5&username=101&realm=asterisk&md5_cred=24fa607ea46bc6e5441afa48225208d3\n"
    );
    assert_eq!(root.post(PATH, &new).await.verdict().1, "conflict");

    // Another name alone keeps the secret; another number cannot.
    let renamed = json!({"number": "101", "name": "Omar Example"});
    let renamed = root.put(&path, &renamed).await.json();
    assert_eq!(renamed["secret"], Value::Null);
    assert_eq!(
        asked(&server, &pbx, "ps_auths/single", "id=101").await.1,
        row
    );
    let moved = root.put(&path, &json!({"number": "777"})).await.json();
    assert!(moved["secret"].as_str().unwrap().len() >= 20, "{moved}");
    let none = (200, String::new());
    assert_eq!(
        asked(&server, &pbx, "ps_auths/single", "id=101").await,
        none
    );
    let all = asked(&server, &pbx, "ps_endpoints/multi", "id%20LIKE=%25").await;
    assert!(all.1.starts_with("id=777&"), "{all:?}");
    let mut renewed = root
        .post(&format!("{path}/secret"), &json!({}))
        .await
        .json();
    assert_ne!(renewed["secret"], moved["secret"]);
    renewed["secret"] = json!("[secret]");
    insta::assert_json_snapshot!("extension", shape(&renewed));

    assert_eq!(root.delete(&path).await.status, 204);
    assert_eq!(root.delete(&path).await.verdict().1, "not_found");
    assert_eq!(root.get(&path).await.verdict().1, "not_found");
    let all = asked(&server, &pbx, "ps_endpoints/multi", "id%20LIKE=%25").await;
    assert_eq!(all, none);
}

#[tokio::test]
async fn a_range_is_made_whole_or_not_at_all() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let range = format!("{PATH}/range");
    let made = root
        .post(
            &range,
            &json!({"number": "0998", "last": "1002", "context": "from-phone"}),
        )
        .await
        .json();
    let items = made["items"].as_array().unwrap();
    let numbers: Vec<_> = items.iter().map(|one| &one["number"]).collect();
    assert_eq!(numbers, ["0998", "0999", "1000", "1001", "1002"]);
    assert_ne!(items[0]["secret"], items[1]["secret"]);
    assert_eq!(items[2]["name"], "1000");

    let overlapping = json!({"number": "1002", "last": "1010"});
    let overlapping = root.post(&range, &overlapping).await;
    assert_eq!(overlapping.verdict().1, "conflict", "{overlapping:?}");
    let list = root.get(PATH).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 5, "none of them");

    for (fields, field) in [
        (json!({"number": "1100"}), "last"),
        (json!({"number": "1100", "last": "1099"}), "last"),
        (json!({"number": "1100", "last": "11000"}), "last"),
        (json!({"number": "10000", "last": "20000"}), "last"),
        (json!({"number": "1x", "last": "20"}), "number"),
        (
            json!({"number": "1100", "last": "1101", "secret": "long enough"}),
            "secret",
        ),
        (
            json!({"number": "1100", "last": "1101", "mailbox": "1@x"}),
            "mailbox",
        ),
    ] {
        let answer = root.post(&range, &fields).await;
        assert_eq!(
            refused(&answer),
            ("invalid_field".into(), field.into()),
            "{fields}"
        );
    }
    let one = json!({"number": "1100", "last": "1101"});
    assert_eq!(root.post(PATH, &one).await.verdict().2, "last");
}

#[tokio::test]
async fn what_would_be_something_else_in_asterisk_is_refused() {
    let server = Server::start().await;
    let root = server.administrator().await;
    for (fields, field) in [
        (json!({"number": "101; DROP"}), "number"),
        (json!({"number": "101\r\nAction: Originate"}), "number"),
        (json!({"number": "PJSIP/101"}), "number"),
        (json!({"number": "101", "context": "a,b"}), "context"),
        (json!({"number": "101", "context": "a\nb"}), "context"),
        (json!({"number": "101", "name": "a\nb"}), "name"),
        (
            json!({"number": "101", "codecs": ["ulaw", "ulaw"]}),
            "codecs",
        ),
        (json!({"number": "101", "codecs": ["mp3"]}), "codecs[0]"),
        (json!({"number": "101", "secret": "short"}), "secret"),
        (
            json!({"number": "101", "server": "018f0000-0000-7000-8000-000000000000"}),
            "server",
        ),
    ] {
        let answer = root.post(PATH, &fields).await;
        assert_eq!(answer.verdict().2, field, "{fields} {answer:?}");
    }
}

#[tokio::test]
async fn no_phone_rings_where_help_is_called() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let number = ("invalid_field".to_owned(), "number".to_owned());
    let alone = root.post(PATH, &json!({"number": "112"})).await;
    assert_eq!(refused(&alone), number);
    let range = json!({"number": "100", "last": "199"});
    let range = root.post("/v1/extensions/range", &range).await;
    assert_eq!(refused(&range), number);
    assert!(range.body.contains("112"), "{range:?}");
    let phone = root.post(PATH, &json!({"number": "113"})).await.id();
    let moved = json!({"number": "911"});
    let moved = root.put(&format!("{PATH}/{phone}"), &moved).await;
    assert_eq!(refused(&moved), number);
    let file = "number,name\n114,Ann\n999,Bob\n";
    let file = root.csv("/v1/extensions/import?file=x.csv", file).await;
    assert_eq!(file.status, 422, "{file:?}");
    let said = file.body.contains("999") && file.body.contains("emergencies");
    assert!(said && !file.body.contains("114"), "{file:?}");
    assert_eq!(
        root.get(PATH).await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn only_our_own_asterisk_is_answered() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let (first, second) = (pbx(&root, "first").await, pbx(&root, "second").await);
    let only = json!({"number": "101", "server": second});
    root.post(PATH, &only).await;
    let all = "id%20LIKE=%25";
    let seen = asked(&server, &first, "ps_endpoints/multi", all).await;
    assert_eq!(seen, (200, String::new()), "another server's phone");
    let seen = asked(&server, &second, "ps_endpoints/multi", all).await;
    assert!(seen.1.starts_with("id=101&"), "{seen:?}");

    let right = server::realtime::Realtime::password(&server.app.vault, first.parse().unwrap());
    for login in [
        String::new(),
        first.clone(),
        format!("{first}:"),
        format!("{first}:wrong"),
        format!("{second}:{right}"),
        format!("admin:{right}"),
    ] {
        let answer = ask(&server, &login, "ps_auths/multi", all).await;
        assert_eq!(answer, (401, String::new()), "{login}");
    }
    let nobody = server.anonymous();
    let answer = nobody
        .bare(Method::POST, "/realtime/ps_auths/multi", all)
        .await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (401, ""));
    // Nor with a key of ours: phones' secrets are no answer of the API.
    let program = server.program(Role::Administrator).await;
    let answer = program
        .bare(Method::POST, "/realtime/ps_auths/multi", all)
        .await;
    assert_eq!(answer.status, 401);

    // What is no question has no answer that Asterisk would take for a row.
    for (what, body) in [
        ("ps_auths/drop", all),
        ("ps_auths/multi", "id"),
        ("users/multi", all),
        ("ps_auths/multi", "id=%ff"),
    ] {
        let (_, text) = asked(&server, &second, what, body).await;
        assert_eq!(text, "", "{what} {body}");
    }
    // A server with phones of its own stays; without them it goes, and may ask no more.
    let path = format!("/v1/servers/{second}");
    assert_eq!(root.delete(&path).await.verdict().1, "in_use");
    assert_eq!(
        root.delete(&format!("/v1/servers/{first}")).await.status,
        204
    );
    let gone = asked(&server, &first, "ps_endpoints/multi", all).await;
    assert_eq!(gone.0, 401);
}

#[tokio::test]
async fn a_trunk_calls_out_with_our_log_in_and_is_known_by_where_it_calls_from() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let pbx = pbx(&root, "pbx").await;
    let path = "/v1/trunks";
    let fields = json!({
        "name": "provider", "host": "sip.example.net", "username": "4215550100", "password": "pa;ss&1", "registers": true,
        "addresses": ["192.0.2.0/24"],
    });
    let made = root.post(path, &fields).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(!made.body.contains("pa;ss"), "{made:?}");
    assert_eq!(made.json()["context"], "from-provider");
    let path = format!("{path}/{}", made.id());
    insta::assert_json_snapshot!("trunk", shape(&root.get(&path).await.json()));

    let ask = async |table: &str| {
        let what = format!("{table}/multi");
        asked(&server, &pbx, &what, "id%20LIKE=%25").await.1
    };
    let endpoint = ask("ps_endpoints").await;
    assert!(endpoint.contains("&outbound_auth=provider&") && !endpoint.contains("&auth="));
    let auth = "id=provider&auth_type=userpass&username=4215550100&password=pa%3Bss%261\n";
    assert_eq!(ask("ps_auths").await, auth);
    let identify = "id=provider&endpoint=provider&match=192.0.2.0%2F24\n";
    assert_eq!(ask("ps_endpoint_id_ips").await, identify);
    assert!(
        ask("ps_registrations")
            .await
            .contains("&line=yes&endpoint=provider\n")
    );

    // The password stays with its user, and with nobody else.
    let mut moved = json!({"name": "provider", "host": "192.0.2.7", "username": "4215550100"});
    assert_eq!(root.put(&path, &moved).await.status, 200);
    assert_eq!(ask("ps_auths").await, auth);
    assert_eq!(ask("ps_registrations").await, "");
    assert!(
        ask("ps_endpoint_id_ips")
            .await
            .ends_with("&match=192.0.2.7\n")
    );
    moved["username"] = json!("another");
    assert_eq!(root.put(&path, &moved).await.verdict().2, "password");
    moved["username"] = Value::Null;
    assert_eq!(root.put(&path, &moved).await.status, 200);
    assert_eq!(ask("ps_auths").await, "");
    moved["active"] = json!(false);
    assert_eq!(root.put(&path, &moved).await.status, 200);
    assert_eq!(ask("ps_endpoints").await, "");
    moved["active"] = json!(true);
    assert_eq!(root.put(&path, &moved).await.status, 200);
    assert_eq!(root.delete(&path).await.status, 204);
    assert_eq!(root.delete(&path).await.verdict().1, "not_found");
    for table in ["ps_endpoints", "ps_aors", "ps_auths", "ps_endpoint_id_ips"] {
        assert_eq!(ask(table).await, "", "{table}");
    }
}

#[tokio::test]
async fn who_calls_in_cannot_call_out() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let phone = |number: &str, context: &str| json!({"number": number, "context": context});
    let trunk =
        |name: &str, context: &str| json!({"name": name, "host": "192.0.2.1", "context": context});
    root.post(PATH, &phone("101", "sales")).await.id();
    for context in ["sales", "agents"] {
        let answer = root.post("/v1/trunks", &trunk("carrier", context)).await;
        assert_eq!(answer.verdict().2, "context", "{context}");
    }
    let carrier = root
        .post("/v1/trunks", &trunk("carrier", "from-carrier"))
        .await
        .id();
    let path = format!("/v1/trunks/{carrier}");
    let answer = root.put(&path, &trunk("carrier", "sales")).await;
    assert_eq!(answer.verdict().2, "context");
    let answer = root.post(PATH, &phone("102", "from-carrier")).await;
    assert_eq!(answer.verdict().2, "context");
    for bad in [
        json!({"name": "../../etc", "host": "192.0.2.1"}),
        json!({"name": "101", "host": "192.0.2.1"}),
        json!({"name": "a", "host": "192.0.2.1;x"}),
        json!({"name": "a", "host": "192.0.2.1", "addresses": ["0.0.0.0/0"]}),
        json!({"name": "a", "host": "192.0.2.1", "username": "u", "password": "a\nb"}),
        json!({"name": "a", "host": "192.0.2.1", "password": "of nobody"}),
        json!({"name": "a", "host": "192.0.2.1", "registers": true}),
        json!({"name": "a", "host": "192.0.2.1", "transport": "webrtc"}),
    ] {
        let answer = root.post("/v1/trunks", &bad).await;
        assert_eq!(answer.verdict().1, "invalid_field", "{bad} {answer:?}");
    }
}

#[tokio::test]
async fn what_goes_out_by_a_trunk_stays_where_it_is_not_told() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let fields = |outbound: Option<Value>| {
        let mut fields = json!({"name": "provider", "host": "sip.example.net"});
        if let Some(outbound) = outbound {
            fields["outbound"] = outbound;
        }
        fields
    };
    let made = root.post("/v1/trunks", &fields(None)).await.json();
    assert_eq!(made["outbound"]["priority"], 10);
    let path = format!("/v1/trunks/{}", made["id"].as_str().unwrap());
    for (told, kept) in [
        (Some(json!({"max_channels": 2})), json!(2)),
        (None, json!(2)),
        (Some(json!(null)), json!(null)),
        (None, json!(null)),
    ] {
        let put = root.put(&path, &fields(told)).await.json();
        assert_eq!(put["outbound"]["max_channels"], kept);
        assert_eq!(root.get(&path).await.json()["outbound"], put["outbound"]);
    }
}
