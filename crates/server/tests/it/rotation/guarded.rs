//! Who may ask and add, how often, and what an answer can never do to who reads it.

use std::{collections::BTreeSet, net::IpAddr};

use model::Role;
use serde_json::json;
use server::auth::AuthConfig;

use super::{add, next, server};
use crate::harness::Server;

#[tokio::test]
async fn only_who_knows_the_token_adds_numbers() {
    let (server, anybody, _) = server().await;
    assert_eq!(add(&anybody, "caller_id=2125550100").await.status, 401);
    for wrong in [
        "",
        "x",
        "a token from before, long enough!",
        "a token from before, long enoug",
    ] {
        let client = server
            .anonymous()
            .with("authorization", &format!("Bearer {wrong}"));
        assert_eq!(
            add(&client, "caller_id=2125550100").await.status,
            401,
            "{wrong:?}"
        );
    }
    let supervisor = server.program(Role::Supervisor).await;
    assert_eq!(add(&supervisor, "caller_id=2125550100").await.status, 403);
    let administrator = server.program(Role::Administrator).await;
    assert_eq!(
        add(&administrator, "caller_id=2125550100").await.status,
        200
    );
}

#[tokio::test]
async fn an_agent_who_asks_too_often_waits() {
    let (_server, anybody, admin) = server().await;
    for number in 0..101 {
        add(
            &admin,
            &format!("caller_id=21255501{number:02}&area_code=212"),
        )
        .await;
    }
    let mut refused = Vec::new();
    for _ in 0..102 {
        let answer = next(&anybody, "3105550123").await;
        if answer.status != 200 {
            refused.push(answer);
        }
    }
    let last = refused.pop().unwrap();
    assert_eq!(
        last.verdict(),
        (429, "too_many_requests".into(), String::new())
    );
    let wait: u64 = last.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let other = anybody
        .get("/next-cid?to=3105550123&campaign=sales&agent=agent002")
        .await;
    assert_ne!(other.status, 429, "another agent's minute is another");
}

#[tokio::test]
async fn a_quote_in_a_name_never_ends_a_shells_quotes() {
    let (_server, anybody, admin) = server().await;
    add(
        &admin,
        "caller_id=2125550100&carrier=%27%3B+touch+x%3B+%27%60%24(id)",
    )
    .await;
    let path = "/next-cid?to=3105550123&campaign=%27%3Bid%3B%27&agent=%60id%60%24(id)";
    let given = anybody.get(path).await;
    assert_eq!(given.status, 200);
    let dangerous: BTreeSet<char> = "'`$".chars().collect();
    assert!(
        !given.body.contains(|c| dangerous.contains(&c)),
        "{}",
        given.body
    );
    assert_eq!(
        given.json()["carrier"],
        "'; touch x; '`$(id)",
        "and it says the same"
    );
    assert_eq!(given.json()["campaign"], "';id;'");
}

#[tokio::test]
async fn who_is_in_no_listed_network_needs_a_key() {
    let auth = AuthConfig {
        behind_proxy: true,
        ..AuthConfig::default()
    };
    let server = Server::start_with(auth).await;
    let admin = server.administrator().await;
    admin
        .post(
            "/v1/caller-ids",
            &json!({"number": "2125550100", "max_concurrent": 9}),
        )
        .await;
    let from = |address: &str| {
        let _: IpAddr = address.parse().unwrap();
        server.anonymous().with("x-forwarded-for", address)
    };
    assert_eq!(next(&from("127.0.0.1"), "3105550123").await.status, 200);
    assert_eq!(
        next(&from("::ffff:127.0.0.1"), "3105550123").await.status,
        200
    );
    let stranger = next(&from("198.51.100.7"), "3105550123").await;
    assert_eq!(stranger.verdict().1, "unauthenticated");
    assert!(
        stranger.body.contains("198.51.100.7"),
        "says whom it takes you for"
    );
    let page = from("127.0.0.1").with("sec-fetch-site", "cross-site");
    assert_eq!(
        next(&page, "3105550123").await.status,
        401,
        "another site's page"
    );

    for (role, status) in [(Role::Service, 200), (Role::Supervisor, 200)] {
        let program = server
            .program(role)
            .await
            .with("x-forwarded-for", "198.51.100.7");
        assert_eq!(next(&program, "3105550123").await.status, status, "{role}");
    }
    let agent = server.logged_in("ann", Role::Agent, None).await;
    let agent = agent.with("x-forwarded-for", "198.51.100.7");
    assert_eq!(next(&agent, "3105550123").await.status, 403);
}
