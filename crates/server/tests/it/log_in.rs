//! Logging in and out, and what must not work without.

use model::Role;
use serde_json::json;

use crate::harness::{PASSWORD, Server};

#[tokio::test]
async fn a_person_logs_in_and_out() {
    let server = Server::start().await;
    server.user("ada", Role::Supervisor, None).await;
    let given = json!({"name": "ada", "password": PASSWORD});
    let answer = server.anonymous().post("/v1/session", &given).await;
    assert_eq!(answer.status, 200);
    let mut user = answer.json();
    let id = user["user"]["id"].take();
    assert!(id.is_string());
    insta::assert_json_snapshot!(user);
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("cordboard_session="), "{cookie}");
    for part in [
        "; Path=/",
        "; HttpOnly",
        "; SameSite=Strict",
        "; Max-Age=604800",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "it came without TLS");

    let client = server.anonymous().log_in("ada", PASSWORD).await;
    let me = client.get("/v1/session").await;
    assert_eq!(me.json()["user"]["name"], "ada");
    assert_eq!(client.delete("/v1/session").await.status, 204);
    assert_eq!(
        client.get("/v1/session").await.verdict().1,
        "unauthenticated"
    );
}

#[tokio::test]
async fn a_cookie_behind_tls_is_secure() {
    let auth = server::auth::AuthConfig {
        behind_proxy: true,
        ..server::auth::AuthConfig::default()
    };
    let server = Server::start_with(auth).await;
    server.user("ada", Role::Supervisor, None).await;
    let given = json!({"name": "ada", "password": PASSWORD});
    let proxied = server.anonymous().with("x-forwarded-proto", "https");
    let answer = proxied.post("/v1/session", &given).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let server = Server::start().await;
    server.user("ada", Role::Supervisor, None).await;
    let nobody = server.anonymous();
    let wrong = json!({"name": "ada", "password": "wrong"});
    let wrong = nobody.post("/v1/session", &wrong).await;
    let unknown = json!({"name": "eve", "password": "wrong"});
    let unknown = nobody.post("/v1/session", &unknown).await;
    assert_eq!(wrong.status, 401);
    assert_eq!(wrong.body, unknown.body);
    assert!(wrong.headers.get("set-cookie").is_none());
    insta::assert_json_snapshot!(wrong.json());
}

#[tokio::test]
async fn guessing_is_slowed_down_for_that_name_only() {
    let server = Server::start().await;
    server.user("ada", Role::Supervisor, None).await;
    server.user("bob", Role::Supervisor, None).await;
    let nobody = server.anonymous();
    let wrong = json!({"name": "ada", "password": "wrong"});
    for _ in 0..5 {
        assert_eq!(nobody.post("/v1/session", &wrong).await.status, 401);
    }
    let right = json!({"name": "ada", "password": PASSWORD});
    let answer = nobody.post("/v1/session", &right).await;
    assert_eq!(answer.verdict().1, "too_many_requests");
    let wait: u64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    nobody.log_in("bob", PASSWORD).await;
}

#[tokio::test]
async fn an_inactive_user_is_logged_out_at_once() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let user = server.user("ada", Role::Supervisor, None).await;
    let ada = server.anonymous().log_in("ada", PASSWORD).await;
    let fields = json!({"name": "ada", "role": "supervisor", "active": false});
    let path = format!("/v1/users/{}", user.id);
    assert_eq!(root.put(&path, &fields).await.status, 200);
    assert_eq!(ada.get("/v1/live").await.status, 401);
    let given = json!({"name": "ada", "password": PASSWORD});
    let answer = server.anonymous().post("/v1/session", &given).await;
    assert_eq!(answer.verdict().1, "wrong_credentials");
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let server = Server::start().await;
    let desk = server.logged_in("ada", Role::Supervisor, None).await;
    let home = server.anonymous().log_in("ada", PASSWORD).await;
    let path = "/v1/session/password";
    let wrong = json!({"current": "not this one", "password": "another long one"});
    assert_eq!(desk.put(path, &wrong).await.verdict().2, "current");
    let short = json!({"current": PASSWORD, "password": "short"});
    assert_eq!(desk.put(path, &short).await.verdict().2, "password");
    let right = json!({"current": PASSWORD, "password": "another long one"});
    assert_eq!(desk.put(path, &right).await.status, 204);
    assert_eq!(home.get("/v1/session").await.status, 401);
    assert_eq!(desk.get("/v1/session").await.status, 401);
    server.anonymous().log_in("ada", "another long one").await;
}

#[tokio::test]
async fn another_sites_page_cannot_make_changes() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let queue = json!({"name": "sales"});
    let plain = root.clone().without("x-cordboard");
    assert_eq!(
        plain.post("/v1/queues", &queue).await.verdict().1,
        "cross_site"
    );
    assert_eq!(
        plain.get("/v1/queues").await.status,
        200,
        "reading is harmless"
    );
    let foreign = root.clone().with("origin", "http://evil.example");
    assert_eq!(
        foreign.post("/v1/queues", &queue).await.verdict().1,
        "cross_site"
    );
    let own = root.with("origin", &format!("http://{}", server.address));
    assert_eq!(own.post("/v1/queues", &queue).await.status, 201);
    let program = server.program(Role::Administrator).await;
    let other = json!({"name": "support"});
    assert_eq!(program.post("/v1/queues", &other).await.status, 201);
}

#[tokio::test]
async fn a_key_is_shown_once_and_ends_when_revoked() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let new = json!({"name": "crm", "role": "service"});
    let made = root.post("/v1/api-keys", &new).await;
    assert_eq!(made.status, 201);
    let json = made.json();
    let secret = json["secret"].as_str().unwrap();
    assert!(secret.starts_with("cb_"));
    assert_eq!(made.headers["cache-control"], "no-store");
    let location = made.headers["location"].to_str().unwrap();
    let shown = root.get(location).await;
    assert!(!shown.body.contains(secret) && !shown.body.contains("hash"));
    let program = server
        .anonymous()
        .with("authorization", &format!("Bearer {secret}"));
    assert_eq!(program.get("/v1/live").await.status, 200);
    assert_eq!(program.get("/v1/session").await.verdict().1, "forbidden");
    assert_eq!(root.delete(location).await.status, 204);
    assert_eq!(program.get("/v1/live").await.status, 401);
    let agent = json!({"name": "page", "role": "agent"});
    assert_eq!(root.post("/v1/api-keys", &agent).await.verdict().2, "role");
}
