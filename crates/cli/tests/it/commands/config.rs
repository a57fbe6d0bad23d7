use super::Cordboard;

#[test]
fn a_right_configuration_is_right() {
    let cordboard = Cordboard::new();
    assert!(
        cordboard
            .run("config check")
            .text()
            .contains("right (no file)")
    );
    cordboard.write("cordboard.toml", "[log]\nlevel = \"debug\"\n");
    assert!(
        cordboard
            .run("config check")
            .text()
            .contains("right (cordboard.toml)")
    );
    assert_eq!(cordboard.run("config check --json").json()["ok"], true);
}

#[test]
fn a_wrong_one_is_named_by_line_and_code() {
    let cordboard = Cordboard::new();
    cordboard.write("cordboard.toml", "[server]\nlistn = \"127.0.0.1:1\"\n");
    for command in [
        "config check",
        "config dump",
        "migrate",
        "user list",
        "serve",
    ] {
        let said = cordboard.run(command).failure(4);
        let wanted = "cordboard.toml:2: unknown key `listn` in [server]; did you mean `listen`?";
        assert!(said.contains(wanted), "{command}: {said}");
        assert!(said.contains("  do: "), "{said}");
    }
    let told = cordboard.run("config check --json");
    assert_eq!(told.code, 4);
    let told: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told["flaws"][0]["where"]["line"], 2);

    let said = cordboard.run("config dump --json").failure(4);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["error"]["exit_code"], 4);
}

#[test]
fn a_dump_says_where_values_are_from() {
    let cordboard = Cordboard::new().with(
        "CORDBOARD__DATABASE__DSN",
        "postgres://u:hidden@127.0.0.1/c",
    );
    let dump = cordboard.run("config dump --data elsewhere");
    let dump = dump.text();
    assert!(
        dump.contains("folder = \"elsewhere\"") && dump.contains("# --data"),
        "{dump}"
    );
    assert!(
        dump.contains("# CORDBOARD__DATABASE__DSN") && !dump.contains("hidden"),
        "{dump}"
    );
    let json = cordboard.run("--json config dump").json();
    assert!(json["settings"].as_array().unwrap().len() > 10);
    assert!(!json.to_string().contains("hidden"));
}

#[test]
fn a_named_file_must_exist() {
    let said = Cordboard::new()
        .run("config check --config nowhere.toml")
        .failure(4);
    assert!(said.contains("cannot read nowhere.toml"), "{said}");
}
