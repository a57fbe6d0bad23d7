use super::Cordboard;

const PASSWORD: &str = "correct horse battery";

#[test]
fn users_are_added_listed_and_deactivated() {
    let cordboard = Cordboard::new();
    let added = cordboard.run_with("user add eve --role agent --password-file -", PASSWORD);
    assert_eq!(added.text(), "eve may log in as agent.\n");

    let again = cordboard.run_with("user add eve --role agent --password-file -", PASSWORD);
    assert!(again.failure(1).contains("there is a user \"eve\" already"));

    cordboard.write("password", &format!("{PASSWORD}\n"));
    let json = cordboard
        .run("--json user add ada --role administrator --password-file password")
        .json();
    assert_eq!(
        (&json["name"], &json["active"]),
        (&"ada".into(), &true.into())
    );
    assert!(!json.to_string().contains("hash"));

    cordboard.run("user deactivate eve").text();
    let list = cordboard.run("user list").text();
    assert!(list.contains("eve   agent          deactivated"), "{list}");
    assert_eq!(
        cordboard
            .run("--json user list")
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );

    cordboard
        .run_with(
            "user set-password ada --password-file -",
            "another long one",
        )
        .text();
    let said = cordboard
        .run_with("user set-password bob --password-file -", PASSWORD)
        .failure(1);
    assert!(
        said.contains("there is no user \"bob\"") && said.contains("user list"),
        "{said}"
    );
}

#[test]
fn bad_names_roles_and_passwords_are_refused() {
    let cordboard = Cordboard::new();
    let add = |arguments: &str, password: &str| {
        cordboard.run_with(&format!("user add {arguments} --password-file -"), password)
    };
    assert!(add("Eve --role agent", PASSWORD).failure(1).contains("'E'"));
    assert!(
        add("eve --role king", PASSWORD)
            .failure(2)
            .contains("administrator, supervisor, agent")
    );
    assert!(
        add("eve --role agent", "short")
            .failure(1)
            .contains("password")
    );
    assert!(add("eve --role agent", "").failure(1).contains("password"));
    cordboard.run("user add eve --role agent").failure(2);
    cordboard
        .run("user add eve --role agent --password-file gone")
        .failure(1);
    assert_eq!(
        cordboard.run("--json user list").json(),
        serde_json::json!([])
    );
}

#[test]
fn a_key_is_shown_once_and_can_be_revoked() {
    let cordboard = Cordboard::new();
    let made = cordboard.run("key create crm --role service");
    assert_eq!(made.code, 0, "{}", made.err);
    let key = made.out.trim();
    assert!(
        key.starts_with("cb_") && made.out.lines().count() == 1,
        "{}",
        made.out
    );
    assert!(made.err.contains("shown only now") && !made.err.contains(key));

    let list = cordboard.run("key list").text();
    assert!(list.contains("crm") && !list.contains(key), "{list}");
    assert!(
        cordboard
            .run("key create crm --role service")
            .failure(1)
            .contains("already")
    );
    cordboard.run("key revoke crm").text();
    assert!(cordboard.run("--json key list").json()[0]["revoked_at"].is_string());
    assert!(
        cordboard
            .run("key revoke other")
            .failure(1)
            .contains("there is no key")
    );

    let json = cordboard
        .run("--json key create bi --role administrator")
        .json();
    assert!(json["key"].as_str().unwrap().starts_with("cb_"));
}

#[test]
fn a_mistyped_folder_does_not_become_an_installation() {
    let cordboard = Cordboard::new();
    let data = cordboard.folder.path().join("data");
    for command in [
        "user list",
        "user deactivate ada",
        "key list",
        "key revoke crm",
    ] {
        let said = cordboard.run(command).failure(3);
        assert!(
            said.contains("there is no folder") && said.contains("`--data`"),
            "{said}"
        );
        assert!(!data.exists(), "{command} made a folder");
    }
    std::fs::create_dir(&data).unwrap();
    let said = cordboard.run("user list").failure(3);
    assert!(said.contains("there is no database"), "{said}");
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
}

#[test]
fn what_is_written_is_for_its_owner_only() {
    use std::os::unix::fs::MetadataExt as _;
    let cordboard = Cordboard::new();
    cordboard.run("migrate").text();
    let data = cordboard.folder.path().join("data");
    assert_eq!(data.metadata().unwrap().mode() & 0o777, 0o700);
    let database = data.join("cordboard.db");
    assert_eq!(database.metadata().unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_database_that_is_away_has_its_own_exit_code() {
    let cordboard = Cordboard::new().with(
        "CORDBOARD__DATABASE__DSN",
        "postgres://u:hidden@127.0.0.1:1/c",
    );
    for command in ["user list", "key list", "migrate"] {
        let said = cordboard.run(command).failure(3);
        assert!(
            said.contains("postgres://u:[redacted]@127.0.0.1:1/c"),
            "{said}"
        );
        assert!(
            said.contains("  why: ") && said.contains("  do: ") && !said.contains("hidden"),
            "{said}"
        );
    }
}

#[test]
fn migrating_twice_does_nothing() {
    let cordboard = Cordboard::new();
    let first = cordboard.run("--json migrate").json();
    assert!(!first["applied"].as_array().unwrap().is_empty());
    let second = cordboard.run("--json migrate").json();
    assert_eq!(second["applied"], serde_json::json!([]));
    assert_eq!(first["version"], second["version"]);
}
