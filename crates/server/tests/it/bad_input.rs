//! Whatever is sent, the answer is a problem that names the field. Each field of each body is tried.

use model::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Client, PASSWORD, Server},
    nouns,
};

/// A route that takes a body, and a body that it likes.
pub(crate) struct Route {
    method: Method,
    /// As in the document.
    path: &'static str,
    ids: Vec<String>,
    body: Value,
    /// The longest body, in bytes.
    max: usize,
}

impl Route {
    pub(crate) fn new(method: Method, path: &'static str, ids: &[&str], body: Value) -> Self {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        Self {
            method,
            path,
            ids,
            body,
            max: 1024 * 1024,
        }
    }

    pub(crate) fn up_to(self, max: usize) -> Self {
        Self { max, ..self }
    }

    fn real_path(&self) -> String {
        let mut parts = self.path.split('/').collect::<Vec<_>>();
        let mut ids = self.ids.iter();
        for part in &mut parts {
            if part.starts_with('{') {
                *part = ids.next().unwrap();
            }
        }
        parts.join("/")
    }

    async fn send(&self, client: &Client, body: impl Into<Vec<u8>>) -> Answer {
        let body = Some(body.into());
        client
            .send(self.method.clone(), &self.real_path(), body)
            .await
    }

    async fn with(&self, client: &Client, field: &str, value: Value) -> Answer {
        let mut body = self.body.clone();
        body[field] = value;
        self.send(client, body.to_string()).await
    }
}

/// Of a call that nobody has heard of.
fn call_routes(nobodys: &str, agent: &str) -> [Route; 4] {
    let keys = json!({"digits": "1"});
    let watch = json!({"mode": "listen", "agent": agent});
    let to = json!({"to": "103"});
    [
        Route::new(
            Method::POST,
            "/v1/calls/{id}/consult",
            &[nobodys],
            to.clone(),
        ),
        Route::new(Method::POST, "/v1/calls/{id}/transfer", &[nobodys], to),
        Route::new(Method::POST, "/v1/calls/{id}/digits", &[nobodys], keys),
        Route::new(Method::PUT, "/v1/calls/{id}/watch", &[nobodys], watch),
    ]
}

fn queue_fields(name: &str) -> Value {
    json!({
        "name": name, "display_name": "S", "strategy": "longest_idle", "priority": 0, "ring_seconds": 20,
        "wrap_up_seconds": 0, "no_answer_seconds": 5, "max_wait_seconds": 5, "max_size": 5, "no_agents": "wait",
        "overflow": {"action": "hang_up"}, "answer_on": "queue", "music_class": "default", "time_zone": "UTC",
        "required_skills": [{"skill": "de", "min_level": 1}], "service_level_seconds": 20, "active": true,
    })
}

async fn routes(server: &Server, root: &Client) -> Vec<Route> {
    let agent = server.agent("Agnes", "101").await.to_string();
    let queue = server.queue("sales").await.to_string();
    let user = server
        .user("ada", Role::Supervisor, None)
        .await
        .id
        .to_string();
    let did = json!({"number": "5550100", "to": {"type": "agent", "agent": agent, "queue": queue, "wait_seconds": 20}, "return_wait_seconds": 20, "note": "n"});
    let did_id = root.post("/v1/dids", &did).await.id();
    let asterisk = json!({
        "name": "pbx", "ari_url": "http://127.0.0.1:1/ari", "ari_user": "u", "password": "p",
        "application": "cordboard", "active": false, "dial_out": "PJSIP/{number}@trunk",
        "ami": {"address": "127.0.0.1:1", "user": "u", "tls": false, "secret": "p"}, "provisioned_by": "http",
    });
    let asterisk_id = root.post("/v1/servers", &asterisk).await.id();
    let user_body = json!({"name": "ada", "role": "supervisor", "agent": null, "active": true});
    let mut new_user = user_body.clone();
    new_user["name"] = json!("new");
    new_user["password"] = json!(PASSWORD);
    let mut new_asterisk = asterisk.clone();
    new_asterisk["name"] = json!("other");
    let (post, put) = (Method::POST, Method::PUT);
    let log_in = json!({"name": "root", "password": PASSWORD});
    let mut routes = vec![
        Route::new(post.clone(), "/v1/session", &[], log_in),
        Route::new(post.clone(), "/v1/users", &[], new_user),
        Route::new(put.clone(), "/v1/users/{id}", &[&user], user_body),
        Route::new(
            put.clone(),
            "/v1/users/{id}/password",
            &[&user],
            json!({"password": PASSWORD}),
        ),
        Route::new(
            post.clone(),
            "/v1/api-keys",
            &[],
            json!({"name": "k", "role": "service"}),
        ),
        Route::new(post.clone(), "/v1/queues", &[], queue_fields("new")),
        Route::new(
            put.clone(),
            "/v1/queues/{id}",
            &[&queue],
            queue_fields("sales"),
        ),
        Route::new(
            put.clone(),
            "/v1/queues/{id}/members/{agent}",
            &[&queue, &agent],
            json!({"penalty": 1, "paused": false}),
        ),
        Route::new(
            post.clone(),
            "/v1/dids",
            &[],
            json!({"number": "5550101", "to": {"type": "queue", "queue": queue}, "return_wait_seconds": 20, "note": "n"}),
        ),
        Route::new(put.clone(), "/v1/dids/{id}", &[&did_id], did),
        Route::new(post.clone(), "/v1/servers", &[], new_asterisk),
        Route::new(put.clone(), "/v1/servers/{id}", &[&asterisk_id], asterisk),
        Route::new(
            put.clone(),
            "/v1/settings",
            &[],
            json!({"default_queue": null}),
        ),
        Route::new(
            put,
            "/v1/session/password",
            &[],
            json!({"current": PASSWORD, "password": "another long one"}),
        ),
    ];
    let call = json!({"to": "+13105550142", "campaign": "spring", "agent": agent});
    routes.insert(0, Route::new(post, "/v1/calls", &[], call));
    routes.splice(0..0, call_routes(&queue, &agent));
    // The last one logs everybody out.
    routes.splice(0..0, nouns::agent_routes(&agent));
    routes.splice(0..0, caller_id_routes(root).await);
    routes.splice(0..0, delivery_routes(root).await);
    routes.splice(0..0, crate::extensions::routes(root).await);
    routes.splice(0..0, crate::dialplan::routes(root).await);
    routes.splice(0..0, crate::centre::routes());
    routes
}

async fn delivery_routes(root: &Client) -> Vec<Route> {
    let recipient = |name: &str| {
        json!({
            "name": name, "target": {"kind": "webhook", "url": "https://example.com/hook"}, "alarms": false,
        })
    };
    let recipient_id = root.post("/v1/recipients", &recipient("CRM")).await.id();
    let schedule = |name: &str| {
        json!({
            "name": name, "report": "queue", "options": {"compare": true}, "period": "yesterday", "format": "csv",
            "cadence": {"every": "day"}, "at": "07:30", "time_zone": "UTC", "recipients": [recipient_id], "active": true,
        })
    };
    let path = "/v1/report-schedules";
    let schedule_id = root.post(path, &schedule("daily")).await.id();
    let (post, put) = (Method::POST, Method::PUT);
    vec![
        Route::new(post.clone(), "/v1/recipients", &[], recipient("new")),
        Route::new(
            put.clone(),
            "/v1/recipients/{id}",
            &[&recipient_id],
            recipient("CRM"),
        ),
        Route::new(post, path, &[], schedule("new")),
        Route::new(
            put,
            "/v1/report-schedules/{id}",
            &[&schedule_id],
            schedule("daily"),
        ),
    ]
}

async fn caller_id_routes(root: &Client) -> Vec<Route> {
    let caller_id = |number: &str| {
        json!({
            "number": number, "area_code": "202", "carrier": "C", "labels": ["gold"], "campaigns": ["spring"],
            "per_minute_limit": 5, "hourly_limit": 5, "daily_limit": 5, "max_concurrent": 2, "time_zone": "UTC",
            "active": true, "vouched": true, "attestation": "A", "note": "n",
        })
    };
    let caller_id_id = root
        .post("/v1/caller-ids", &caller_id("2025550100"))
        .await
        .id();
    let (post, put) = (Method::POST, Method::PUT);
    vec![
        Route::new(post.clone(), "/v1/caller-ids", &[], caller_id("2025550101")),
        Route::new(
            put.clone(),
            "/v1/caller-ids/{id}",
            &[&caller_id_id],
            caller_id("2025550100"),
        ),
        Route::new(
            post.clone(),
            "/v1/caller-ids/bulk",
            &[],
            json!({"filter": {}, "set": {"active": true}}),
        ),
        Route::new(
            put.clone(),
            "/v1/caller-ids/rules/{campaign}",
            &["spring"],
            json!({"pool": "gold", "sticky_days": 3}),
        ),
        Route::new(
            post.clone(),
            "/add-number",
            &[],
            json!({
                "caller_id": "2025550102", "carrier": "C", "area_code": "202", "hourly_limit": 1, "daily_limit": 2,
            }),
        ),
    ]
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(path) => document.pointer(path.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// The fields of the body of an operation.
fn fields(document: &Value, route: &Route) -> Vec<(String, Value)> {
    let method = route.method.as_str().to_lowercase();
    let body = &document["paths"][route.path][method]["requestBody"];
    let schema = resolved(document, &body["content"]["application/json"]["schema"]);
    let fields = schema["properties"].as_object().unwrap();
    let fields = fields
        .iter()
        .map(|(name, shape)| (name.clone(), resolved(document, shape).clone()));
    fields.collect()
}

fn is_text(shape: &Value) -> bool {
    let kind = &shape["type"];
    let text = |kind: &Value| kind == "string";
    text(kind) || kind.as_array().is_some_and(|kinds| kinds.iter().any(text))
}

fn assert_refused(answer: &Answer, field: &str, what: &str) {
    let (status, code, named) = answer.verdict();
    let within = named.strip_prefix(field);
    let at_it = within.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    assert!(
        status == 400 && code == "invalid_field" && at_it,
        "{what}: {status} {code} {named}: {}",
        answer.body
    );
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let short = answer.body.len() < 2_000;
    assert!(short, "{what}: the answer repeats what was sent");
}

#[tokio::test]
async fn every_field_of_every_body_is_checked() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let document = root.get("/openapi.json").await.json();
    let routes = routes(&server, &root).await;
    for (path, item) in document["paths"].as_object().unwrap() {
        // It refuses in the words of before; see `placing`.
        if path == "/telephony/calls/originate/" {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            let tried = routes.iter().any(|route| {
                route.path == path && route.method.as_str().eq_ignore_ascii_case(method)
            });
            assert!(
                tried || operation["requestBody"]["content"]["application/json"].is_null(),
                "{method} {path} is not tried"
            );
        }
    }
    for route in &routes {
        let name = format!("{} {}", route.method, route.path);
        for (field, shape) in fields(&document, route) {
            let what = format!("{name} {field}");
            let wrong = [json!({"a": [1]}), json!([[1]]), json!(1e300), json!(-1)];
            // -1 is a fair priority.
            for value in wrong
                .into_iter()
                .filter(|value| field != "priority" || *value != -1)
            {
                let answer = route.with(&root, &field, value.clone()).await;
                assert_refused(&answer, &field, &format!("{what} = {value}"));
            }
            let texts = if is_text(&shape) || shape["enum"].is_array() || !shape["oneOf"].is_null()
            {
                vec!["x".repeat(10_000), "a\0b".to_owned()]
            } else {
                vec!["letters".to_owned()]
            };
            for text in texts {
                let answer = route.with(&root, &field, json!(text)).await;
                assert_refused(
                    &answer,
                    &field,
                    &format!("{what} = {} characters", text.len()),
                );
            }
        }
        let answer = route.with(&root, "nonsense", json!(1)).await;
        assert_refused(&answer, "nonsense", &name);
    }
    for route in &routes {
        let answer = route.send(&root, route.body.to_string()).await;
        // Nobody can be called without an Asterisk, and so nothing be done to a call.
        let of_a_call = route.path.starts_with("/v1/calls/");
        let without = ["no_way_out", "not_found"][usize::from(of_a_call)];
        let as_good = answer.verdict().1 == without;
        assert!(
            answer.status.is_success() || as_good,
            "{} {}: {answer:?}",
            route.method,
            route.path
        );
    }
}

#[tokio::test]
async fn every_body_is_json_of_a_fair_size() {
    let server = Server::start().await;
    let root = server.administrator().await;
    for route in routes(&server, &root).await {
        let name = format!("{} {}", route.method, route.path);
        let verdict = |answer: Answer| (answer.status.as_u16(), answer.verdict().1);
        for broken in ["", "{", "{\"name\":\"a\"", "nul", "{} {}"] {
            let answer = route.send(&root, broken).await;
            // A body that ends too late is read first, so a missing field may come first too.
            let (status, code) = verdict(answer);
            assert_eq!(status, 400, "{name} {broken:?} {code}");
        }
        let mut oversize = vec![b' '; route.max];
        oversize.extend_from_slice(b"{}");
        let answer = route.send(&root, oversize).await;
        assert_eq!(
            verdict(answer),
            (413, "body_too_large".to_owned()),
            "{name}"
        );
        let form = root.clone().with("content-type", "text/plain");
        let answer = form
            .bare(route.method.clone(), &route.real_path(), "{}")
            .await;
        assert_eq!(
            verdict(answer),
            (415, "unsupported_media_type".to_owned()),
            "{name}"
        );
        let answer = route.send(&root, &b"{\"name\":\"\xff\"}"[..]).await;
        assert_eq!(verdict(answer).0, 400, "{name}");
    }
}

#[tokio::test]
async fn a_path_or_query_that_makes_no_sense_is_named() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let queue = server.queue("sales").await;
    for (path, field) in [
        ("/v1/queues/7".to_owned(), "id"),
        ("/v1/queues/%00".to_owned(), "id"),
        ("/v1/queues/%ff".to_owned(), "id"),
        (format!("/v1/queues/{}", "x".repeat(10_000)), "id"),
        (format!("/v1/queues/{queue}/members?limit=a"), "limit"),
        ("/v1/queues?limit=0".to_owned(), "limit"),
        ("/v1/queues?limit=251".to_owned(), "limit"),
        ("/v1/queues?limit=-1".to_owned(), "limit"),
        ("/v1/queues?page=2".to_owned(), "page"),
        (
            format!("/v1/queues?cursor={}", "x".repeat(10_000)),
            "cursor",
        ),
        ("/v1/queues?cursor=%00".to_owned(), "cursor"),
        ("/v1/agents?cursor=7".to_owned(), "cursor"),
        ("/v1/calls?cursor=7".to_owned(), "cursor"),
        ("/v1/calls?from=yesterday".to_owned(), "from"),
        ("/v1/calls?outcome=lost".to_owned(), "outcome"),
        ("/v1/calls?queue=sales".to_owned(), "queue"),
        ("/v1/events?after=x".to_owned(), "after"),
        ("/ws?after=x".to_owned(), "after"),
        ("/v1/caller-ids?area_code=123456789".to_owned(), "area_code"),
        ("/v1/caller-ids?carrier=%00".to_owned(), "carrier"),
        ("/v1/caller-ids?cursor=7".to_owned(), "cursor"),
        ("/v1/caller-ids?active=perhaps".to_owned(), "active"),
        ("/v1/caller-ids/explain?to=x".to_owned(), "to"),
        ("/v1/caller-ids/explain".to_owned(), "to"),
        ("/v1/caller-ids/report?days=0".to_owned(), "days"),
        ("/v1/caller-ids/report?days=367".to_owned(), "days"),
        ("/v1/caller-ids/uses?number=5550100".to_owned(), "number"),
        ("/v1/caller-ids/uses?cursor=1~2".to_owned(), "cursor"),
    ] {
        let answer = root.get(&path).await;
        let short = path.chars().take(60).collect::<String>();
        assert_eq!(
            answer.verdict(),
            (400, "invalid_field".to_owned(), field.to_owned()),
            "{short}"
        );
    }
    let emergency = root.get("/v1/caller-ids/explain?to=911").await;
    let verdict = (400, "emergency_number".to_owned(), "to".to_owned());
    assert_eq!(emergency.verdict(), verdict);
    let member = format!("/v1/queues/{queue}/members/7");
    assert_eq!(root.delete(&member).await.verdict().2, "agent");
}

#[tokio::test]
async fn a_field_inside_a_field_is_named_too() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let queue = server.queue("sales").await;
    let dialplan =
        json!({"action": "dialplan", "context": "night", "extension": "s", "priority": 1});
    let with = |mut value: Value, name: &str| {
        value[name] = json!(1);
        value
    };
    let mut missing = dialplan.clone();
    missing.as_object_mut().unwrap().remove("context");
    let on = json!({"action": "queue", "queue": queue});
    for (field, value, named) in [
        (
            "overflow",
            with(json!({"action": "hang_up"}), "queue"),
            "overflow.queue",
        ),
        ("overflow", with(on, "que"), "overflow.que"),
        ("overflow", with(dialplan, "contxt"), "overflow.contxt"),
        ("overflow", missing, "overflow.context"),
        ("overflow", json!({}), "overflow.action"),
        ("overflow", json!({"action": "explode"}), "overflow"),
        (
            "required_skills",
            json!([{"skill": "de", "min_level": 1}, {"skill": "en", "min_level": 1, "max": 3}]),
            "required_skills[1].max",
        ),
        (
            "required_skills",
            json!([{"skill": "de"}]),
            "required_skills[0].min_level",
        ),
    ] {
        let mut body = json!({"name": "new"});
        body[field] = value;
        let answer = root.post("/v1/queues", &body).await;
        assert_refused(&answer, named, &body.to_string());
    }
}
