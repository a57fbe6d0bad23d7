use super::Cordboard;

#[test]
fn a_fresh_installation_has_warnings_only() {
    let cordboard = Cordboard::new().with("CORDBOARD__SERVER__LISTEN", "127.0.0.1:0");
    let said = cordboard.run("doctor").text();
    assert!(
        said.contains("warning  asterisk: none is configured\n         do: "),
        "{said}"
    );
    assert!(said.contains("0 problems, 1 warning."), "{said}");
    assert!(
        !cordboard.folder.path().join("data").exists(),
        "looking must not make anything"
    );

    cordboard
        .run_with(
            "user add ada --role administrator --password-file -",
            "correct horse",
        )
        .text();
    let said = cordboard.run("doctor").text();
    assert!(
        said.contains("ok       administrators: ada may log in"),
        "{said}"
    );
}

#[test]
fn a_problem_is_exit_code_1_with_a_reason_and_a_remedy() {
    let cordboard = Cordboard::new()
        .with("CORDBOARD__SERVER__LISTEN", "127.0.0.1:0")
        .with("CORDBOARD__ASTERISK__0__ARI_URL", "http://127.0.0.1:1/ari")
        .with("CORDBOARD__ASTERISK__0__PASSWORD", "hidden");
    let told = cordboard.run("doctor --json");
    assert_eq!(told.code, 1);
    assert!(
        told.err.is_empty() && !told.out.contains("hidden"),
        "{}{}",
        told.err,
        told.out
    );
    let told: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told["ok"], false);
    let findings = told["findings"].as_array().unwrap();
    let problem = findings
        .iter()
        .find(|finding| finding["verdict"] == "problem")
        .unwrap();
    assert_eq!(problem["subject"], "asterisk main");
    assert!(problem["why"].is_string() && problem["remedy"].is_string());
}

#[test]
fn a_wrong_configuration_is_a_finding() {
    let cordboard = Cordboard::new().with("CORDBOARD__SERVER__LISTN", "x");
    let told = cordboard.run("doctor");
    assert_eq!(told.code, 1);
    assert!(told.out.contains("did you mean `listen`?"), "{}", told.out);
}
