//! The committed description of the interface is the one that the code gives.

use crate::harness::Server;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

#[test]
fn docs_openapi_json_is_up_to_date() {
    let now = server::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(COMMITTED, &now).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(
        committed == now,
        "docs/openapi.json is not what the code gives; run `cargo xtask codegen`, or this test with UPDATE_OPENAPI=1"
    );
}

#[test]
fn the_document_gives_the_same_text_every_time() {
    let first = server::openapi().to_json().unwrap();
    assert_eq!(first, server::openapi().to_json().unwrap());
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = serde_json::to_value(server::openapi()).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str();
            let name = name.unwrap_or_else(|| panic!("{method} {path} has no operationId"));
            assert!(names.insert(name.to_owned()), "{name} stands twice");
        }
    }
    assert!(names.contains("queues_list"), "{names:?}");
}

#[tokio::test]
async fn everybody_reads_the_description() {
    let server = Server::start().await;
    let document = server.anonymous().get("/openapi.json").await;
    assert_eq!(document.json()["openapi"], "3.1.0");
    let page = server.anonymous().get("/docs").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("/v1/agents/{id}/state"));
    assert!(!page.body.contains("<script"));
    let described = document.json();
    let schemas = &described["components"]["schemas"];
    for reference in document.body.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            schemas[name].is_object(),
            "{name} is referred to, not described"
        );
    }
}
