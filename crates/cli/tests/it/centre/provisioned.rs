//! Phones and trunks of a real Asterisk that does not ask for them: it reads them in a database by ODBC, or in files. With the files that
//! `cordboard asterisk render` writes.

use std::{process::Command, time::Duration};

use lab::{Database, Lab, LabBuilder, LabError, Release};
use reqwest::Method;
use serde_json::json;

use super::{
    Cordboard, id,
    realtime::{DIALPLAN, Site, fields, path, registration, state},
};

const MODULES: &str = "load = res_odbc.so\nload = res_odbc_transaction.so\nload = res_config_odbc.so\nload = res_curl.so\nload = func_curl.so\nload = res_config_curl.so\n";
/// As `#include` has it, relative to Asterisk's folder.
const INCLUDE: &str = "#tryinclude cordboard/lab/pjsip_cordboard.conf\n";
/// What has a meaning in files, in the database and in both.
const AWKWARD: &str = "a\"; b=c ;-- #100% \\;&+^3B^ž[x]";

pub(super) async fn lab_of(release: Release) -> Option<Lab> {
    let built = LabBuilder::new(release)
        .config("modules_more.conf", MODULES)
        .config("extensions_more.conf", DIALPLAN)
        .config("pjsip_more.conf", INCLUDE);
    match built.up().await {
        Ok(lab) => Some(lab),
        Err(LabError::Missing(_)) => lab::up_or_skip(release).await.and(None),
        Err(error) => panic!("{error}"),
    }
}

/// A centre beside this Asterisk; `way` is said of it, and what stands in `[provisioning]`.
pub(super) async fn site(mut lab: Lab, way: &str, provisioning: &str) -> Site {
    let more = format!(
        "ami_address = \"{}\"\nami_secret = \"{}\"\nprovisioned_by = \"{way}\"\n\n[provisioning]\n{provisioning}",
        lab.ami_addr(),
        lab.secret()
    );
    let centre = Cordboard::start_as(&lab.ari_url(), lab.secret(), &more, &[]);
    if way == "database" {
        let made = cordboard(&centre, &["tables", "--create"]);
        assert!(made.contains("Nothing is missing"), "{made}");
    }
    let server = format!("http://{}", centre.listen);
    let out = lab.folder().join("etc");
    let out = out.to_str().unwrap();
    cordboard(
        &centre,
        &["render", "realtime", "--server", &server, "--out", out],
    );
    lab.restart_asterisk().await.unwrap();
    centre.wait_for_server_state("connected").await;
    let site = Site { lab, centre };
    site.wait_for_manager().await;
    site
}

/// What `cordboard asterisk …` says.
pub(super) fn cordboard(centre: &Cordboard, words: &[&str]) -> String {
    let said = Command::new(env!("CARGO_BIN_EXE_cordboard"))
        .arg("asterisk")
        .args(words)
        .arg("--config")
        .arg(centre.data().join("cordboard.toml"))
        .arg("--data")
        .arg(centre.data())
        .output()
        .unwrap();
    assert!(said.status.success(), "{said:?}");
    String::from_utf8(said.stdout).unwrap()
}

async fn phones_live_change_and_go(site: &Site) {
    let (made, other) = (site.extension(151).await, site.extension(152).await);
    assert_eq!(
        (state(&made), state(&other)),
        ("live", "live"),
        "{made} {other}"
    );
    let (first, second) = (site.phone(151, &made), site.phone(152, &other));
    first.answers_after(Duration::ZERO).await.unwrap();
    second.answers_after(Duration::ZERO).await.unwrap();
    site.talk(&first, (152, &second)).await;
    site.talk(&second, (151, &first)).await;

    // Another secret: the old one is worth nothing at once, and who registered with it is not called.
    let renew = format!("{}/secret", path(&other));
    let awkward = site.centre.post(&renew, json!({"secret": AWKWARD})).await;
    assert_eq!(state(&awkward), "live", "{awkward}");
    assert!(second.register().await.is_err(), "with the old secret");
    assert_eq!(site.seen(&other).await["contacts"], json!([]));
    let plain = site
        .centre
        .post(&renew, json!({"secret": "plain-secret"}))
        .await;
    assert_eq!(state(&plain), "live", "{plain}");
    let second = site.lab.strange_phone(152);
    second.logs_in_with("plain-secret");
    second.answers_after(Duration::ZERO).await.unwrap();
    site.talk(&first, (152, &second)).await;

    // Another number, and another name, as long as may be.
    let mut renamed = fields(153);
    renamed["name"] = json!("Ž".repeat(100));
    let renamed = site.centre.put(&path(&made), renamed).await;
    assert_eq!(state(&renamed), "live", "{renamed}");
    let third = site.phone(153, &renamed);
    third.answers_after(Duration::ZERO).await.unwrap();
    site.is_gone(151, &first, &third).await;
    site.talk(&third, (152, &second)).await;

    site.delete(&other).await;
    site.is_gone(152, &second, &third).await;
}

/// The provider is another Asterisk, where we have a log-in with a password that has a meaning wherever it is written.
async fn a_trunk_registers_with_an_awkward_password(site: &Site) {
    let login = format!(
        "[carrier]\ntype = endpoint\naors = carrier\nauth = carrier\n\n[carrier]\ntype = aor\nmax_contacts = 5\n\n\
         [carrier]\ntype = auth\nauth_type = userpass\nusername = carrier\npassword = {}\n",
        AWKWARD.replace(';', "\\;")
    );
    let provider = LabBuilder::new(Release::Asterisk22).config("pjsip_more.conf", &login);
    let provider = provider.up().await.unwrap();
    let fields = |password: &str| {
        json!({
            "name": "provider", "host": "127.0.0.1", "port": provider.sip_addr().port(), "username": "carrier",
            "password": password, "registers": true, "addresses": ["127.0.0.9"], "codecs": ["ulaw"],
        })
    };
    let made = site.centre.post("/v1/trunks", fields(AWKWARD)).await;
    assert_eq!(state(&made), "live", "{made}");
    let trunk = format!("/v1/trunks/{}", id(&made));
    registration(site, &trunk, "Registered").await;
    let wrong = site.centre.put(&trunk, fields("another")).await;
    assert_eq!(state(&wrong), "live", "{wrong}");
    registration(site, &trunk, "Rejected").await;
    let removed = site.centre.ask(Method::DELETE, &trunk, None).await;
    assert_eq!(removed.status(), 204);
    let left = site.lab.console("pjsip show registrations").await.unwrap();
    assert!(left.contains("No objects found"), "{left}");
}

async fn by_database(release: Release, database: Database) {
    let Some(lab) = lab_of(release).await else {
        return;
    };
    let site = site(lab, "database", &format!("dsn = \"{}\"", database.dsn())).await;
    phones_live_change_and_go(&site).await;
    a_trunk_registers_with_an_awkward_password(&site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_has_phones_postgres_22() {
    by_database(Release::Asterisk22, lab::shared_postgres().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_has_phones_mariadb_22() {
    by_database(Release::Asterisk22, lab::shared_mariadb().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_has_phones_postgres_16() {
    by_database(Release::Asterisk16, lab::shared_postgres().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_has_phones_mariadb_16() {
    by_database(Release::Asterisk16, lab::shared_mariadb().await.unwrap()).await;
}

async fn by_files(release: Release) {
    let Some(lab) = lab_of(release).await else {
        return;
    };
    let folder = lab.folder().join("etc/cordboard");
    std::fs::create_dir(&folder).unwrap();
    let site = site(lab, "files", &format!("folder = \"{}\"", folder.display())).await;
    phones_live_change_and_go(&site).await;
    a_trunk_registers_with_an_awkward_password(&site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_have_phones_22() {
    by_files(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_have_phones_16() {
    by_files(Release::Asterisk16).await;
}
