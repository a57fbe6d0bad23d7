use super::Cordboard;

#[test]
fn knows_its_version_and_commands() {
    let cordboard = Cordboard::new();
    assert_eq!(
        cordboard.run("--version").text(),
        format!("cordboard {}\n", env!("CARGO_PKG_VERSION"))
    );
    let help = cordboard.run("--help").text();
    for command in [
        "serve",
        "user",
        "key",
        "doctor",
        "config",
        "migrate",
        "openapi",
        "completions",
        "man",
    ] {
        assert!(
            help.contains(&format!("\n  {command} ")),
            "{command}: {help}"
        );
    }
    cordboard.run("").failure(2);
    cordboard.run("fly").failure(2);
}

#[test]
fn completions_are_for_every_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Cordboard::new().run(&format!("completions {shell}")).text();
        assert!(script.contains("set-password"), "{shell}");
    }
}

#[test]
fn man_pages_are_written() {
    let cordboard = Cordboard::new();
    cordboard.run("man pages").text();
    let page =
        std::fs::read_to_string(cordboard.folder.path().join("pages/cordboard-serve.1")).unwrap();
    assert!(page.contains("listen"), "{page}");
}
