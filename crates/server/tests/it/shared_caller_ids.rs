//! Several nodes on one Redis, and what each does when it is gone. The Redis is the test's own, so that it can be killed.

use std::time::Duration;

use engine::callerid::{Allocation, Refusal, Release};
use model::E164;
use serde_json::json;
use server::callerid::{Fail, Question, Refused};
use server::{auth::AuthConfig, journal::Limits, numbers::Numbers};

use crate::harness::{Client, Server};

async fn redis() -> Option<lab::Server> {
    if is_here() {
        Some(lab::redis().await.unwrap())
    } else {
        None
    }
}

fn is_here() -> bool {
    lab::is_given("CORDBOARD_TEST_REDIS")
}

async fn node(dsn: &str, fail: Fail) -> (Server, Client) {
    let shared = Some((dsn, fail));
    let server = Server::start_sharing(AuthConfig::default(), Limits::default(), shared).await;
    until_up(&server).await;
    let root = server.administrator().await;
    (server, root)
}

async fn until_up(server: &Server) {
    let up = async {
        while server.app.caller_ids.shared() != Some(None) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), up).await;
    assert!(waited.is_ok(), "{:?}", server.app.caller_ids.shared());
}

/// Redis stops, and starts again with nothing; all of its nodes notice both.
async fn forget(redis: &mut lab::Server, nodes: [&Server; 2]) {
    redis.kill().await.unwrap();
    for node in nodes {
        let down = async {
            while node.app.caller_ids.shared() == Some(None) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), down).await;
        assert!(waited.is_ok(), "it never noticed");
    }
    redis.start().await.unwrap();
    for node in nodes {
        until_up(node).await;
    }
}

async fn add(root: &Client, hourly: u32, concurrent: u16) {
    let body =
        json!({"number": "2125550100", "hourly_limit": hourly, "max_concurrent": concurrent});
    root.post("/v1/caller-ids", &body).await.id();
}

async fn ask(server: &Server, to: &str) -> Result<Box<Allocation>, Refused> {
    let to: E164 = format!("+1{to}").parse().unwrap();
    let question = Question {
        to,
        place: Numbers::place(to),
        campaign: "sales".into(),
        agent: "ann".into(),
    };
    server.app.caller_ids.next(question).await
}

fn reserved(answer: Result<Box<Allocation>, Refused>) -> u32 {
    match answer {
        Err(Refused::Engine(Refusal::Exhausted(shortage))) => shortage.counts.reserved,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_one_node_reserves_the_other_does_not_present() {
    let Some(redis) = redis().await else { return };
    let (a, root_of_a) = node(redis.dsn(), Fail::Refuse).await;
    let (b, _) = node(redis.dsn(), Fail::Refuse).await;
    add(&root_of_a, 100, 1).await;
    let made = ask(&b, "3105550101").await.unwrap().reservation;
    assert_eq!(reserved(ask(&a, "3105550102").await), 1);
    // It is seen on the node that did not make it.
    let stats = root_of_a.get("/api/stats").await.json();
    assert_eq!(stats["active_reservations"], 1, "{stats}");
    assert_eq!(stats["numbers"]["reserved"], 1, "{stats}");
    let shown = root_of_a.get("/v1/caller-ids").await.json();
    assert_eq!(shown["items"][0]["state"]["status"], "reserved", "{shown}");
    assert_eq!(shown["items"][0]["state"]["used_today"], 1, "{shown}");
    let ids = &a.app.caller_ids;
    assert!(ids.release(made.id, Release::Deleted).await.unwrap());
    assert!(ask(&a, "3105550102").await.is_ok());
    let health = root_of_a.get("/health").await.json();
    let dependencies = health["dependencies"].as_array().unwrap();
    let redis = dependencies.iter().find(|one| one["name"] == "redis");
    assert_eq!(redis.unwrap()["status"], "ok");
}

#[tokio::test]
async fn without_redis_each_node_does_as_it_is_told_and_comes_back() {
    let Some(mut redis) = redis().await else {
        return;
    };
    let (local, root) = node(redis.dsn(), Fail::Local).await;
    let (refusing, _) = node(redis.dsn(), Fail::Refuse).await;
    let number: E164 = "+12025550123".parse().unwrap();
    let (default, _) = node(redis.dsn(), Fail::DefaultNumber(number)).await;
    add(&root, 3, 9).await;
    assert!(ask(&local, "3105550101").await.is_ok());

    redis.kill().await.unwrap();
    assert!(ask(&local, "3105550102").await.is_ok());
    let refused = ask(&refusing, "3105550102").await;
    assert!(matches!(refused, Err(Refused::Unshared(_))), "{refused:?}");
    let always = ask(&default, "3105550102").await.unwrap();
    assert_eq!(&*always.presented, "+12025550123");
    let health = root.get("/health").await;
    assert_eq!(health.status, 503);
    assert!(health.body.contains("`fail = \\\"local\\\"`"), "{health:?}");

    redis.start().await.unwrap();
    for node in [&local, &refusing, &default] {
        until_up(node).await;
    }
    // This Redis has forgotten everything: the first node has told it of both uses.
    assert!(ask(&refusing, "3105550103").await.is_ok());
    match ask(&default, "3105550104").await {
        Err(Refused::Engine(Refusal::Exhausted(shortage))) => {
            assert_eq!(shortage.counts.capped, 1);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_clusters_master_goes_away_and_comes_back() {
    if !is_here() {
        return;
    }
    let mut cluster = lab::redis_cluster().await.unwrap();
    let (a, root) = node(cluster.dsn(), Fail::Refuse).await;
    let (b, _) = node(cluster.dsn(), Fail::Refuse).await;
    add(&root, 100, 1).await;
    let made = ask(&a, "3105550101").await.unwrap().reservation;
    assert_eq!(reserved(ask(&b, "3105550102").await), 1);

    // Slot 433 is the first master's.
    cluster.master(0).kill().await.unwrap();
    for node in [&a, &b] {
        let refused = ask(node, "3105550103").await;
        assert!(matches!(refused, Err(Refused::Unshared(_))), "{refused:?}");
    }
    let health = root.get("/health").await;
    assert_eq!(health.status, 503);
    assert!(health.body.contains("`fail = \\\"503\\\"`"), "{health:?}");

    cluster.master(0).start().await.unwrap();
    cluster.until_whole().await.unwrap();
    for node in [&a, &b] {
        until_up(node).await;
    }
    // It has forgotten everything; the node that made the reservation has told of it again.
    assert_eq!(reserved(ask(&b, "3105550104").await), 1);
    let ids = &b.app.caller_ids;
    assert!(ids.release(made.id, Release::Deleted).await.unwrap());
    assert!(ask(&b, "3105550104").await.is_ok());
    assert_eq!(root.get("/health").await.status, 200);
}

/// Uses in the node's log.
async fn written(root: &Client) -> usize {
    let uses = root.get("/v1/caller-ids/uses").await.json();
    uses["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_node_remembers_its_uses_of_what_only_another_node_has() {
    let Some(mut redis) = redis().await else {
        return;
    };
    let (a, root) = node(redis.dsn(), Fail::Refuse).await;
    let (b, root_of_b) = node(redis.dsn(), Fail::Refuse).await;
    add(&root, 3, 2).await;
    let made = ask(&b, "3105550101").await.unwrap().reservation;
    let ids = &b.app.caller_ids;
    assert!(ids.release(made.id, Release::Deleted).await.unwrap());
    assert!(ask(&b, "3105550102").await.is_ok());
    // B writes down what it did, and lists no number that it does not have.
    let both = async {
        while written(&root_of_b).await < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), both).await;
    assert!(waited.is_ok(), "{} uses", written(&root_of_b).await);
    let listed = root_of_b.get("/v1/caller-ids").await.json();
    assert_eq!(listed["items"], json!([]));

    forget(&mut redis, [&a, &b]).await;
    forget(&mut redis, [&a, &b]).await;
    let state = |shown: &serde_json::Value| shown["items"][0]["state"].clone();
    let shown = state(&root.get("/v1/caller-ids").await.json());
    assert_eq!(shown["used_this_hour"], 2, "{shown}");
    assert_eq!(shown["used_today"], 2, "{shown}");
    assert_eq!(shown["in_use"], 1, "{shown}");
    assert!(ask(&a, "3105550103").await.is_ok());
    match ask(&a, "3105550104").await {
        Err(Refused::Engine(Refusal::Exhausted(shortage))) => {
            assert_eq!(shortage.counts.capped, 1);
        }
        other => panic!("{other:?}"),
    }

    // It enters the number as well, and goes on where it was.
    add(&root_of_b, 3, 2).await;
    let own = root_of_b.get("/v1/caller-ids").await.json();
    assert_eq!(state(&own)["used_this_hour"], 3, "{own}");
    forget(&mut redis, [&a, &b]).await;
    let own = root_of_b.get("/v1/caller-ids").await.json();
    assert_eq!(state(&own)["used_this_hour"], 3, "{own}");
}
