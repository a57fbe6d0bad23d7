#![allow(clippy::unwrap_used)]
use model::Timestamp;

use super::phone::tests::kept;
use super::trunk::tests::trunk;
use super::*;

fn server(number: u128) -> ServerId {
    ServerId::new(Timestamp::default(), number << 64)
}

fn realtime(all: &[KeptExtension]) -> Realtime {
    let realtime = Realtime::default();
    realtime.set(all);
    realtime
}

/// The ids of the rows.
fn ids(realtime: &Realtime, family: &str, verb: Verb, body: &str) -> Vec<String> {
    let answer = realtime.answer(server(1), family, verb, body).unwrap();
    let id = |line: &str| line.split('&').next().unwrap().replace("id=", "");
    answer.lines().map(id).collect()
}

#[test]
fn rows_are_found_by_id_and_by_pattern() {
    let realtime = realtime(&[kept("101"), kept("102"), kept("201")]);
    let ask = |family, verb, body| ids(&realtime, family, verb, body);
    assert_eq!(ask("ps_endpoints", Verb::Single, "id=102"), ["102"]);
    assert_eq!(ask("ps_auths", Verb::Multi, "id=102"), ["102"]);
    assert_eq!(
        ask("ps_aors", Verb::Multi, "id%20LIKE=1%25"),
        ["101", "102"]
    );
    assert_eq!(ask("ps_aors", Verb::Single, "id%20LIKE=%25"), ["101"]);
    let none: [&str; 0] = [];
    assert_eq!(ask("ps_endpoints", Verb::Single, "id=999"), none);
    assert_eq!(ask("ps_endpoints", Verb::Multi, ""), none);
    assert_eq!(
        ask("ps_endpoints", Verb::Multi, "id=102&context=other"),
        none
    );
}

#[test]
fn a_change_leaves_nothing_of_what_was() {
    let mut phone = kept("101");
    let realtime = realtime(&[phone.clone()]);
    "777".clone_into(&mut phone.extension.number);
    realtime.set(&[phone.clone()]);
    for family in ["ps_endpoints", "ps_auths", "ps_aors"] {
        assert_eq!(
            ids(&realtime, family, Verb::Multi, "id%20LIKE=%25"),
            ["777"]
        );
    }
    phone.extension.active = false;
    realtime.set(&[phone.clone()]);
    for family in ["ps_endpoints", "ps_auths", "ps_aors"] {
        assert!(ids(&realtime, family, Verb::Multi, "id%20LIKE=%25").is_empty());
    }
    phone.extension.active = true;
    realtime.set(&[phone.clone()]);
    realtime.remove(phone.extension.id);
    for family in ["ps_endpoints", "ps_auths", "ps_aors"] {
        assert!(ids(&realtime, family, Verb::Multi, "id%20LIKE=%25").is_empty());
    }
}

#[test]
fn another_servers_phones_are_not_told() {
    let mut other = kept("102");
    other.extension.server = Some(server(2));
    let realtime = realtime(&[kept("101"), other]);
    let ask = |server, body| realtime.answer(server, "ps_endpoints", Verb::Multi, body);
    assert_eq!(ask(server(1), "id=102").unwrap(), "");
    assert!(ask(server(2), "id=102").unwrap().starts_with("id=102&"));
    assert_eq!(ask(server(1), "id%20LIKE=%25").unwrap().lines().count(), 1);
    assert_eq!(ask(server(2), "id%20LIKE=%25").unwrap().lines().count(), 2);
}

#[test]
fn a_server_is_known_by_its_password_alone() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open_or_make(&folder.path().join("secret.key")).unwrap();
    let realtime = Realtime::default();
    let password = Realtime::password(&vault, server(1));
    assert!(!realtime.knows(&vault, server(1), &password), "not ours");
    realtime.admit(server(1), "cordboard");
    realtime.admit(server(2), "cordboard");
    assert!(realtime.knows(&vault, server(1), &password));
    assert!(!realtime.knows(&vault, server(2), &password));
    assert!(!realtime.knows(&vault, server(1), ""));
    realtime.dismiss(server(1));
    assert!(!realtime.knows(&vault, server(1), &password));
}

#[test]
fn nothing_can_be_changed_and_no_other_table_be_read() {
    let realtime = realtime(&[kept("101")]);
    let ask = |family, verb: &str| {
        realtime.answer(
            server(1),
            family,
            Verb::read(verb).unwrap(),
            "id=101&context=x",
        )
    };
    for verb in ["store", "update", "destroy", "require"] {
        assert_eq!(ask("ps_endpoints", verb).unwrap(), "0\n");
    }
    assert!(ask("users", "single").is_err());
    assert_eq!(Verb::read("drop"), None);
    assert_eq!(
        ids(&realtime, "ps_endpoints", Verb::Single, "id=101"),
        ["101"]
    );
}

#[tokio::test]
async fn all_that_is_kept_is_answered_after_a_start() {
    let store = Store::open("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    let mut off = kept("102");
    off.extension.active = false;
    store
        .extensions()
        .create(&[kept("101"), off])
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open_or_make(&folder.path().join("secret.key")).unwrap();
    let kept = |name: &str, sealed: &str| store::KeptTrunk {
        trunk: trunk(name),
        sealed: Some(sealed.to_owned()),
    };
    let sealed = vault.seal("s3cret").unwrap();
    let trunks = store.trunks();
    trunks.create(&kept("provider", &sealed)).await.unwrap();
    trunks.create(&kept("unreadable", "AAAA")).await.unwrap();
    let realtime = Realtime::load(&store, &vault, Numbers::default(), Ways::default())
        .await
        .unwrap();
    let ask = |family| ids(&realtime, family, Verb::Multi, "id%20LIKE=%25");
    assert_eq!(ask("ps_auths"), ["101", "provider"]);
    assert_eq!(ask("ps_endpoints"), ["101", "provider", "unreadable"]);
    assert_eq!(ask("ps_registrations"), ["provider"]);
}
