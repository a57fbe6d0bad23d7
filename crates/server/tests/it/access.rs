//! Every route × every role: who gets in stands in one committed table.

use std::fmt::Write as _;

use model::Role;
use reqwest::Method;
use serde_json::Value;

use crate::harness::{Client, Server};

const NOBODYS_ID: &str = "01890000-0000-7000-8000-000000000000";

/// Each operation of the document: method, path, and the roles it names.
fn operations(document: &Value) -> Vec<(Method, String, Vec<String>)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let roles = operation["x-roles"].as_array();
            let roles = roles.unwrap_or_else(|| panic!("{method} {path} says no roles"));
            let roles = roles.iter().map(|role| role.as_str().unwrap().to_owned());
            let method = method.to_uppercase().parse().unwrap();
            all.push((method, path.clone(), roles.collect()));
        }
    }
    // Whoever logs out is out: that comes last.
    all.sort_by_key(|(method, path, _)| {
        (
            path == "/v1/session" && method == Method::DELETE,
            path.clone(),
        )
    });
    all
}

async fn gets_in(client: &Client, method: &Method, path: &str) -> bool {
    let path = path
        .replace("{id}", NOBODYS_ID)
        .replace("{agent}", NOBODYS_ID);
    let body = matches!(*method, Method::POST | Method::PUT).then(|| b"{}".to_vec());
    let (status, code) = client.knock(method.clone(), &path, body).await;
    assert!(
        status < 500 || code == "unavailable",
        "{method} {path}: {status} {code}"
    );
    assert_ne!(code, "method_not_allowed", "{method} {path}");
    // A page sends whom it does not know to log in.
    status != 303 && !matches!(code.as_str(), "unauthenticated" | "forbidden")
}

#[tokio::test]
async fn every_route_lets_in_whom_the_table_names_and_nobody_else() {
    let server = Server::start().await;
    let agent = server.agent("Agnes", "101").await;
    let anybody = server.anonymous();
    let by_role = [
        (Role::Administrator, server.administrator().await),
        (
            Role::Supervisor,
            server.logged_in("sue", Role::Supervisor, None).await,
        ),
        (
            Role::Agent,
            server.logged_in("agnes", Role::Agent, Some(agent)).await,
        ),
        (Role::Service, server.program(Role::Service).await),
    ];
    let document = anybody.get("/openapi.json").await.json();
    let mut table = String::new();
    for (method, path, named) in operations(&document) {
        let _ = write!(table, "{:7}{path:38}", method.as_str());
        let open = gets_in(&anybody, &method, &path).await;
        assert_eq!(
            open,
            named == ["anybody"],
            "{method} {path} without a log-in"
        );
        let _ = write!(table, "{}", if open { " anybody" } else { "" });
        for (role, client) in &by_role {
            let may = gets_in(client, &method, &path).await;
            // An agent's state is the own agent's business only.
            let finer = ["/v1/agents/{id}/state", "/v1/agents/{id}/phone"].contains(&path.as_str())
                && *role == Role::Agent;
            if !finer {
                assert_eq!(
                    may,
                    open || named.contains(&role.to_string()),
                    "{role} {method} {path}"
                );
            }
            let _ = write!(
                table,
                "{}",
                if may && !open {
                    format!(" {role}")
                } else {
                    String::new()
                }
            );
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn an_agent_reads_the_own_states_and_nobody_elses() {
    let server = Server::start().await;
    let own = server.agent("Agnes", "101").await;
    let other = server.agent("Bruno", "102").await;
    let agnes = server.logged_in("agnes", Role::Agent, Some(own)).await;
    let states = |agent: model::AgentId| format!("/v1/agents/{agent}/states");
    assert_eq!(agnes.get(&states(own)).await.status.as_u16(), 200);
    assert_eq!(agnes.get(&states(other)).await.status.as_u16(), 404);
}
