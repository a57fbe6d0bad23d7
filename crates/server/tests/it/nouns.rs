//! What the centre is made of: made, read, replaced, removed, and live at once.

use model::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    bad_input::Route,
    harness::{Client, PASSWORD, Server, shape},
};

/// What may be sent of an agent, for who sends something else.
pub(crate) fn agent_routes(agent: &str) -> Vec<Route> {
    let (post, put) = (Method::POST, Method::PUT);
    vec![
        Route::new(post, "/v1/agents", &[], agent_fields("102")),
        Route::new(
            put.clone(),
            "/v1/agents/{id}",
            &[agent],
            agent_fields("101"),
        ),
        Route::new(
            put.clone(),
            "/v1/agents/{id}/state",
            &[agent],
            json!({"state": "break", "reason": "tea"}),
        ),
        Route::new(
            put,
            "/v1/agents/{id}/phone",
            &[agent],
            json!({"extension": "101"}),
        ),
    ]
}

fn agent_fields(extension: &str) -> Value {
    json!({
        "name": "A", "extension": extension, "user": null, "skills": {"de": 3}, "active": true,
    })
}

/// Makes, reads, replaces, lists and removes one thing.
async fn whole_life(root: &Client, path: &str, new: Value, changed: Value) -> Value {
    let made = root.post(path, &new).await;
    assert_eq!(made.status, 201, "{made:?}");
    let location = made.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(location, format!("{path}/{}", made.id()));
    assert_eq!(root.get(&location).await.json(), made.json());
    let again = root.post(path, &new).await;
    assert_eq!(again.verdict().1, "conflict", "{again:?}");
    let replaced = root.put(&location, &changed).await;
    assert_eq!(replaced.status, 200, "{replaced:?}");
    assert_eq!(root.get(&location).await.json(), replaced.json());
    let list = root.get(path).await.json();
    assert!(
        list["items"].as_array().unwrap().contains(&replaced.json()),
        "{list}"
    );
    assert_eq!(root.delete(&location).await.status, 204);
    for answer in [
        root.get(&location).await,
        root.put(&location, &changed).await,
        root.delete(&location).await,
    ] {
        assert_eq!(answer.verdict().1, "not_found", "{answer:?}");
    }
    shape(&json!({"made": made.json(), "replaced": replaced.json(), "again": again.json()}))
}

#[tokio::test]
async fn the_life_of_each_noun() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let queue = server.queue("support").await;
    let agent = server.agent("Agnes", "101").await;
    let new = json!({"name": "sales"});
    let overflow = json!({"name": "sales", "ring_seconds": 5, "max_size": null,
        "overflow": {"action": "queue", "queue": queue}, "required_skills": [{"skill": "de", "min_level": 3}]});
    insta::assert_json_snapshot!(
        "queue",
        whole_life(&root, "/v1/queues", new, overflow).await
    );
    let new = json!({"name": "Ada", "extension": "102"});
    let skilled = json!({"name": "Ada", "extension": "103", "skills": {"de": 5}, "active": false});
    insta::assert_json_snapshot!("agent", whole_life(&root, "/v1/agents", new, skilled).await);
    let new = json!({"number": "5550100", "to": {"type": "queue", "queue": queue}});
    let noted = json!({"number": "5550101", "to": {"type": "agent", "agent": agent, "queue": queue}, "note": "main line"});
    insta::assert_json_snapshot!("did", whole_life(&root, "/v1/dids", new, noted).await);
    let new = json!({"name": "agnes", "password": PASSWORD, "role": "agent", "agent": agent});
    let other = json!({"name": "agnes", "role": "supervisor"});
    insta::assert_json_snapshot!("user", whole_life(&root, "/v1/users", new, other).await);
    let new = json!({"name": "pbx", "ari_url": "http://127.0.0.1:1/ari", "ari_user": "cordboard", "password": "s3cret"});
    let other = json!({"name": "pbx", "ari_url": "http://127.0.0.1:2/ari", "ari_user": "cordboard", "active": false});
    let life = whole_life(&root, "/v1/servers", new, other).await;
    assert!(!life.to_string().contains("s3cret"));
    insta::assert_json_snapshot!("server", life);
}

#[tokio::test]
async fn a_change_is_live_at_once() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let queue = root
        .post("/v1/queues", &json!({"name": "sales"}))
        .await
        .id();
    let agent = root
        .post("/v1/agents", &json!({"name": "Ada", "extension": "102"}))
        .await
        .id();
    let member = format!("/v1/queues/{queue}/members/{agent}");
    assert_eq!(root.put(&member, &json!({"penalty": 2})).await.status, 200);
    let status = root
        .put(
            &format!("/v1/agents/{agent}/state"),
            &json!({"state": "available"}),
        )
        .await;
    assert_eq!(status.json()["state"], "available", "{status:?}");
    let live = root.get("/v1/live").await.json();
    assert_eq!(live["queues"][0]["agents"]["available"], 1, "{live}");
    assert_eq!(live["agents"][0]["queues"], json!([queue]));
    insta::assert_json_snapshot!("live", shape(&live));

    assert_eq!(root.delete(&member).await.status, 204);
    let live = root.get("/v1/live").await.json();
    assert_eq!(live["queues"][0]["agents"]["available"], 0);
    assert_eq!(
        root.delete(&format!("/v1/queues/{queue}")).await.status,
        204
    );
    assert_eq!(
        root.delete(&format!("/v1/agents/{agent}")).await.status,
        204
    );
    let live = root.get("/v1/live").await.json();
    assert_eq!(
        (live["queues"].clone(), live["agents"].clone()),
        (json!([]), json!([]))
    );
}

#[tokio::test]
async fn a_queue_that_something_leads_to_stays() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let queue = server.queue("sales").await;
    let path = format!("/v1/queues/{queue}");
    let settings = json!({"default_queue": queue});
    assert_eq!(root.put("/v1/settings", &settings).await.json(), settings);
    assert_eq!(root.get("/v1/settings").await.json(), settings);
    assert_eq!(root.delete(&path).await.verdict().1, "in_use");
    root.put("/v1/settings", &json!({"default_queue": null}))
        .await;
    let did = json!({"number": "5550100", "to": {"type": "queue", "queue": queue}});
    let did = root.post("/v1/dids", &did).await.id();
    assert_eq!(root.delete(&path).await.verdict().1, "in_use");
    root.delete(&format!("/v1/dids/{did}")).await;
    assert_eq!(root.delete(&path).await.status, 204);
    let unknown = json!({"default_queue": queue});
    assert_eq!(
        root.put("/v1/settings", &unknown).await.verdict().2,
        "default_queue"
    );
    let did = json!({"number": "5550100", "to": {"type": "queue", "queue": queue}});
    assert_eq!(root.post("/v1/dids", &did).await.verdict().2, "to.queue");
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let me = root.get("/v1/session").await.json()["user"]["id"].clone();
    let path = format!("/v1/users/{}", me.as_str().unwrap());
    assert_eq!(root.delete(&path).await.verdict().1, "in_use");
    let demoted = json!({"name": "root", "role": "supervisor"});
    assert_eq!(root.put(&path, &demoted).await.verdict().1, "in_use");
    server.user("deputy", Role::Administrator, None).await;
    assert_eq!(root.put(&path, &demoted).await.status, 200);
    assert_eq!(root.get("/v1/users").await.status, 403);
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let server = Server::start().await;
    let root = server.administrator().await;
    for name in ["a", "b", "c", "d", "e"] {
        server.queue(name).await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/queues?limit=2".to_owned();
    loop {
        let page = root.get(&path).await.json();
        for queue in page["items"].as_array().unwrap() {
            seen.push(queue["name"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/v1/queues?limit=2&cursor={next}");
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn an_agent_sits_down_at_another_phone() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let agnes = server.agent("Agnes", "101").await;
    let bert = server.agent("Bert", "102").await;
    let path = format!("/v1/agents/{agnes}/phone");
    let to = |extension: &str| json!({"extension": extension});
    let own = server.logged_in("agnes", Role::Agent, Some(agnes)).await;
    let nowhere = own.put(&path, &to("109")).await;
    assert_eq!(nowhere.verdict().1, "invalid_field");
    assert_eq!(nowhere.verdict().2, "extension");
    for bad in ["", "101; DROP", "1,2", "PJSIP/101", &"1".repeat(65)] {
        assert_eq!(own.put(&path, &to(bad)).await.verdict().0, 400, "{bad}");
    }

    let at_work = json!({"state": "break"});
    root.put(&format!("/v1/agents/{bert}/state"), &at_work)
        .await;
    let taken = own.put(&path, &to("102")).await;
    assert_eq!(taken.verdict().1, "state_refused");
    root.put(
        &format!("/v1/agents/{bert}/state"),
        &json!({"state": "offline"}),
    )
    .await;
    let sits = own.put(&path, &to("102")).await.json();
    assert_eq!(sits["agent"]["extension"], "102");
    assert_eq!(sits["moved"]["id"], bert.to_string());
    assert_eq!(sits["moved"]["extension"], "101");
    assert_eq!(
        own.put(&path, &to("102")).await.json()["moved"],
        json!(null)
    );

    let phone = json!({"number": "109", "name": "Window desk"});
    root.post("/v1/extensions", &phone).await;
    let sits = own.put(&path, &to("109")).await.json();
    assert_eq!(sits["moved"], json!(null));
    let live = root.get("/v1/live").await.json();
    let seen: Vec<_> = live["agents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["agent"]["extension"])
        .collect();
    assert_eq!(seen, ["109", "101"]);

    let other = own
        .put(&format!("/v1/agents/{bert}/phone"), &to("102"))
        .await;
    assert_eq!(other.verdict().1, "forbidden");
}

#[tokio::test]
async fn an_agent_sets_the_own_state_and_sees_the_own_desk() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let own = server.agent("Agnes", "101").await;
    let other = server.agent("Bert", "102").await;
    let (mine, theirs) = (server.queue("mine").await, server.queue("theirs").await);
    root.put(&format!("/v1/queues/{mine}/members/{own}"), &json!({}))
        .await;
    root.put(&format!("/v1/queues/{theirs}/members/{other}"), &json!({}))
        .await;
    let agnes = server.logged_in("agnes", Role::Agent, Some(own)).await;
    let state = json!({"state": "break", "reason": "tea"});
    let status = agnes
        .put(&format!("/v1/agents/{own}/state"), &state)
        .await
        .json();
    assert_eq!(
        (status["state"].clone(), status["reason"].clone()),
        (json!("break"), json!("tea"))
    );
    let forbidden = agnes
        .put(&format!("/v1/agents/{other}/state"), &state)
        .await;
    assert_eq!(forbidden.verdict().1, "forbidden");
    let busy = agnes
        .put(
            &format!("/v1/agents/{own}/state"),
            &json!({"state": "busy"}),
        )
        .await;
    assert_eq!(
        busy.verdict(),
        (400, "invalid_field".into(), "state".into())
    );
    let live = agnes.get("/v1/live").await.json();
    assert_eq!(live["queues"].as_array().unwrap().len(), 1);
    assert_eq!(live["queues"][0]["queue"]["name"], "mine");
    assert_eq!(live["agents"].as_array().unwrap().len(), 1);
    assert_eq!(live["agents"][0]["agent"]["name"], "Agnes");
    let calls = agnes.get(&format!("/v1/calls?agent={other}")).await;
    assert_eq!(calls.verdict().1, "forbidden");
    let unknown = root.put(&format!("/v1/agents/{mine}/state"), &state).await;
    assert_eq!(unknown.verdict().1, "not_found");
}
