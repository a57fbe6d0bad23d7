//! Phones and trunks that are written for an Asterisk, in place of its asking for them: into files here; the databases are in the store's tests.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use reqwest::Method;
use serde_json::{Value, json};
use server::auth::AuthConfig;

use crate::harness::{Client, Server};

fn asterisk(way: &str) -> Value {
    json!({
        "name": "pbx", "ari_url": "http://127.0.0.1:1/ari", "ari_user": "cordboard", "password": "s3cret", "provisioned_by": way,
    })
}

/// A server whose Asterisk reads files; the folder of all of them, and the file.
async fn with_files() -> (Server, Client, PathBuf, PathBuf) {
    let mut folder = PathBuf::new();
    let server = Server::start_by(AuthConfig::default(), |data, setup| {
        folder = data.join("asterisk");
        fs::create_dir(&folder).unwrap();
        setup.provisioning.folder = Some(folder.clone());
    });
    let server = server.await;
    let root = server.administrator().await;
    root.post("/v1/servers", &asterisk("files")).await.id();
    let file = folder.join("pbx/pjsip_cordboard.conf");
    (server, root, folder, file)
}

#[tokio::test]
async fn a_way_that_leads_nowhere_is_refused() {
    let server = Server::start().await;
    let root = server.administrator().await;
    for (way, lacks) in [("database", "`dsn`"), ("files", "`folder`")] {
        let refused = root.post("/v1/servers", &asterisk(way)).await;
        assert_eq!(refused.verdict().2, "provisioned_by", "{refused:?}");
        assert!(refused.body.contains(lacks), "{refused:?}");
    }
    let unknown = root.post("/v1/servers", &asterisk("carrier pigeon")).await;
    assert_eq!(unknown.verdict().2, "provisioned_by", "{unknown:?}");
    let made = root.post("/v1/servers", &asterisk("http")).await;
    assert_eq!(made.json()["provisioned_by"], "http");
}

#[tokio::test]
async fn the_file_has_what_there_is_at_each_moment() {
    let (_server, root, _, file) = with_files().await;
    let text = || fs::read_to_string(&file).unwrap();
    let made = root.post("/v1/extensions", &json!({"number": "101"})).await;
    let path = format!("/v1/extensions/{}", made.id());
    // Nobody can say what Asterisk has: it has no manager log-in.
    let state = &made.json()["provisioned"][0];
    assert_eq!(state["state"], "pending", "{state}");
    assert!(text().contains("\n[101]\ntype = endpoint\n"), "{}", text());
    assert!(!text().contains(made.json()["secret"].as_str().unwrap()));

    let range = json!({"number": "200", "last": "249"});
    root.post("/v1/extensions/range", &range).await;
    assert_eq!(text().matches("type = endpoint").count(), 51);
    let password = "a\"; b=c ;-- #100% \\;";
    let trunk = json!({"name": "provider", "host": "sip.example.net", "username": "u", "password": password, "registers": true});
    root.post("/v1/trunks", &trunk).await.id();
    let written = text();
    assert!(
        written.contains("\npassword = a\"\\; b=c \\;-- #100% \\\\;\n"),
        "{written}"
    );
    assert!(
        written.contains("\n[provider]\ntype = registration\n"),
        "{written}"
    );

    let trunk = json!({"name": "carrier", "host": "sip.example.net", "username": "u", "password": " space "});
    let left_out = root.post("/v1/trunks", &trunk).await;
    assert!(left_out.status.is_success(), "{left_out:?}");
    assert!(!text().contains("[carrier]"), "{}", text());
    root.send(Method::DELETE, &path, None).await;
    assert!(!text().contains("[101]"), "{}", text());
}

#[tokio::test]
async fn what_could_lead_elsewhere_is_refused_before_it_is_written() {
    let (_server, root, _, file) = with_files().await;
    for name in ["../../etc", "a/b", "a]b", "a\nb", ";x"] {
        let trunk = json!({"name": name, "host": "sip.example.net"});
        let refused = root.post("/v1/trunks", &trunk).await;
        assert_eq!(refused.verdict().2, "name", "{refused:?}");
    }
    for context in ["a,b", "a\nb", "a;b", "a]b"] {
        let phone = json!({"number": "101", "context": context});
        let refused = root.post("/v1/extensions", &phone).await;
        assert_eq!(refused.verdict().2, "context", "{refused:?}");
    }
    root.post("/v1/extensions", &json!({"number": "102"}))
        .await
        .id();
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.matches('[').count(), 3, "{text}");
}

#[tokio::test]
async fn where_anybody_may_write_nothing_is_written_until_it_is_put_right() {
    let (_server, root, folder, file) = with_files().await;
    root.post("/v1/extensions", &json!({"number": "101"}))
        .await
        .id();
    let set = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    set(0o777);
    let made = root.post("/v1/extensions", &json!({"number": "102"})).await;
    let state = &made.json()["provisioned"][0];
    assert_eq!(state["state"], "pending", "{state}");
    let reason = state["reason"].as_str().unwrap();
    assert!(reason.contains("anybody may write into"), "{reason}");
    assert!(!fs::read_to_string(&file).unwrap().contains("[102]"));
    set(0o755);
    root.post("/v1/extensions", &json!({"number": "103"}))
        .await
        .id();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("[102]") && text.contains("[103]"), "{text}");
}
