#![allow(clippy::unwrap_used)]

use std::fs;

use super::*;

/// A configuration from a file's text, variables and flags.
fn load(text: &str, variables: &[(&str, &str)], flags: &[Flag]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE_NAME);
    fs::write(&file, text).unwrap();
    fs::write(folder.path().join("password"), "from a file\n").unwrap();
    Config::load(&Sources {
        file: Some(file),
        candidates: Vec::new(),
        environment: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        flags: flags.to_vec(),
    })
}

/// What is said of a file, without the folder's name.
fn said(text: &str) -> String {
    said_with(text, &[])
}

fn said_with(text: &str, variables: &[(&str, &str)]) -> String {
    let error = load(text, variables, &[]).unwrap_err().to_string();
    let lines = error.lines().map(|line| {
        let from = line.find(FILE_NAME).unwrap_or(0);
        &line[from..]
    });
    lines.collect::<Vec<_>>().join("\n")
}

const ONE_ASTERISK: &str =
    "[[asterisk]]\nari_url = \"http://pbx:8088/ari\"\npassword = \"hidden\"\n";

#[test]
fn works_without_any_source() {
    let config = Config::load(&Sources::default()).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert!(config.asterisk.is_empty());
    assert_eq!(config.dsn().expose(), "sqlite:cordboard-data/cordboard.db");
    assert!(
        config
            .settings()
            .iter()
            .all(|setting| setting.origin == Origin::Default)
    );
}

#[test]
fn later_sources_win() {
    let text =
        "[server]\nlisten = \"127.0.0.1:1\"\nbehind_proxy = true\n[auth]\nsession_idle_hours = 3\n";
    let variables = [
        ("CORDBOARD__SERVER__LISTEN", "127.0.0.1:2"),
        ("CORDBOARD__AUTH__SESSION_IDLE_HOURS", "4"),
        ("CORDBOARD_CACHE", "not ours"),
    ];
    let flags = [Flag {
        flag: "--listen",
        key: "server.listen",
        value: "127.0.0.1:3".to_owned(),
    }];
    let config = load(text, &variables, &flags).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert!(config.server.behind_proxy);
    assert_eq!(config.auth.session_idle_hours, 4);

    let origin = |key: &str| {
        let setting = config.settings().iter().find(|setting| setting.key == key);
        setting.unwrap().origin.to_string()
    };
    assert_eq!(origin("server.listen"), "--listen");
    assert!(origin("server.behind_proxy").ends_with("cordboard.toml:3"));
    assert_eq!(
        origin("auth.session_idle_hours"),
        "CORDBOARD__AUTH__SESSION_IDLE_HOURS"
    );
    assert_eq!(origin("auth.session_max_hours"), "default");
}

#[test]
fn names_the_nearest_known_key_with_file_and_line() {
    assert_eq!(
        said("[server]\n\nlistn = \"127.0.0.1:1\"\n"),
        "cordboard.toml:3: unknown key `listn` in [server]; did you mean `listen`?"
    );
    assert_eq!(
        said("[servr]\nlisten = \"127.0.0.1:1\"\n"),
        "cordboard.toml:1: unknown section or key `servr`; did you mean [server]?"
    );
    assert_eq!(
        said("listen = \"127.0.0.1:1\"\n"),
        "cordboard.toml:1: unknown section or key `listen`; `listen` belongs into [server]"
    );
    assert_eq!(
        said("[server]\ndefault_queue = \"x\"\n"),
        "cordboard.toml:2: unknown key `default_queue` in [server]; it belongs into [acd]"
    );
    assert_eq!(
        said("[journal]\nzzz = 1\n"),
        "cordboard.toml:2: unknown key `zzz` in [journal]; the keys are max_bytes"
    );
    assert_eq!(
        said_with("", &[("CORDBOARD__SERVER__LISTN", "x")]),
        "CORDBOARD__SERVER__LISTN: unknown key `listn` in [server]; did you mean `listen`?"
    );
}

#[test]
fn lists_everything_that_is_wrong() {
    let text =
        "[server]\nlisten = 8080\n[auth]\nsession_idle_hours = \"9\"\n[log]\nlevel = \"loud\"\n";
    assert_eq!(
        said(text),
        "cordboard.toml:2: `listen` in [server] is a number; expected an address and port, such as 127.0.0.1:8080 or [::1]:8080\n\
         cordboard.toml:4: `session_idle_hours` in [auth] is \"9\"; expected a whole number, not negative\n\
         cordboard.toml:6: `level` in [log] has \"loud\"; the levels are off, error, warn, info, debug, trace"
    );
    assert_eq!(
        said("[auth]\nsession_idle_hours = 200\n"),
        "cordboard.toml:2: `session_idle_hours` in [auth] is 200, not in 1 to session_max_hours (168)"
    );
    assert!(said("[server\n").starts_with("cordboard.toml:1: is not TOML: "));
    assert!(said("server = 1\n").contains("`server` is a number; it is a section: [server]"));
    assert!(said("[asterisk]\nuser = \"x\"\n").contains("write [[asterisk]], once for each"));
}

#[test]
fn the_past_is_kept_for_ever_unless_told() {
    assert_eq!(load("", &[], &[]).unwrap().retention.days, None);
    let year = load("[retention]\ndays = 365\n", &[], &[]).unwrap();
    assert_eq!(year.retention.days, Some(365));
    for days in ["1", "36526", "-1", "\"30\""] {
        let text = format!("[retention]\ndays = {days}\n");
        assert!(said(&text).contains("`days` in [retention] is"), "{days}");
    }
}

#[test]
fn what_is_wrong_comes_in_the_order_of_the_lines() {
    let text = "[log]\nlevel = \"loud\"\n[[asterisk]]\nuser = \"x\"\n[server]\nzzz = 1\nlisten = 8080\n[acdc]\n";
    let said = said_with(text, &[("CORDBOARD__AUTH__SESSION_MAX_HOURS", "x")]);
    let places: Vec<&str> = said
        .lines()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "cordboard.toml:2",
            "cordboard.toml:4",
            "cordboard.toml:4",
            "cordboard.toml:6",
            "cordboard.toml:7",
            "cordboard.toml:8",
            "CORDBOARD__AUTH__SESSION_MAX_HOURS",
        ],
        "{said}"
    );
}

#[test]
fn a_missing_file_is_named() {
    let sources = Sources {
        file: Some("/nowhere/cordboard.toml".into()),
        ..Sources::default()
    };
    let error = Config::load(&sources).unwrap_err().to_string();
    assert!(
        error.starts_with("cannot read /nowhere/cordboard.toml: "),
        "{error}"
    );
}

#[test]
fn variables_reach_into_lists() {
    let variables = [
        ("CORDBOARD__ASTERISK__1__ARI_URL", "https://two/ari"),
        ("CORDBOARD__ASTERISK__1__PASSWORD", "b"),
        ("CORDBOARD__ASTERISK__1__NAME", "two"),
        ("CORDBOARD__ASTERISK__0__USER", "somebody"),
    ];
    let config = load(ONE_ASTERISK, &variables, &[]).unwrap();
    let [one, two] = &config.asterisk[..] else {
        panic!("{:?}", config.asterisk);
    };
    assert_eq!(
        (one.user.as_str(), one.ari_url.as_str()),
        ("somebody", "http://pbx:8088/ari")
    );
    assert_eq!((two.name.as_str(), two.rest), ("two", Rest::Auto));
    assert_eq!(
        said_with("", &[("CORDBOARD__ASTERISK__2__USER", "x")]),
        "CORDBOARD__ASTERISK__2__USER: has the number 2, but the next one is 0"
    );
    for bad in [
        "CORDBOARD__SERVER",
        "CORDBOARD__",
        "CORDBOARD__SERVER__",
        "CORDBOARD____LISTEN",
    ] {
        let said = said_with("", &[(bad, "x")]);
        assert!(said.contains("names no key"), "{bad}: {said}");
    }
}

#[test]
fn every_asterisk_is_checked() {
    assert_eq!(
        said("[[asterisk]]\nname = \"main\"\n"),
        "cordboard.toml:2: [asterisk.0] lacks the key `ari_url`\n\
         cordboard.toml:2: [asterisk.0] lacks the key `password` or `password_file`"
    );
    let twice = format!("{ONE_ASTERISK}{ONE_ASTERISK}");
    assert_eq!(said(&twice), "a second [[asterisk]] has the name \"main\"");
    for (line, what) in [
        ("ari_url = \"pbx:8088\"", "begin with http://"),
        ("ari_url = \"http://u:p@pbx/ari\"", "has a password in it"),
        (
            "application = \"a,b\"",
            "`application` in [asterisk.0] has ','",
        ),
        ("user = \"a:b\"", "has a colon"),
        (
            "rest = \"soap\"",
            "expected \"auto\", \"http\" or \"websocket\"",
        ),
    ] {
        let key = line.split(' ').next().unwrap();
        let own_key = format!("{key} ");
        let mut lines: Vec<&str> = ONE_ASTERISK.lines().collect();
        lines.retain(|other| !other.starts_with(&own_key));
        let rest = lines.join("\n") + "\n";
        let said = said(&format!("{rest}{line}\n"));
        assert!(said.contains(what), "{line}: {said}");
    }
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let text = "[database]\ndsn = \"postgres://u:hidden@db/c\"\n[[asterisk]]\nari_url = \"http://x\"\npassword_file = \"password\"\n";
    let config = load(text, &[], &[]).unwrap();
    assert_eq!(
        config.asterisk[0].password.as_ref().unwrap().expose(),
        "from a file"
    );
    let shown = format!("{config:?}{}{:?}", config.dump(), config.settings());
    assert!(
        !shown.contains("hidden") && !shown.contains("from a file"),
        "{shown}"
    );
    assert!(
        config
            .dump()
            .contains("dsn = \"postgres://u:[redacted]@db/c\""),
        "{}",
        config.dump()
    );

    let both = format!("{ONE_ASTERISK}password_file = \"password\"\n");
    assert!(said(&both).contains("`password_file` in [asterisk.0] and `password` are both set"));
    let gone = ONE_ASTERISK.replace("password = \"hidden\"", "password_file = \"gone\"");
    assert!(said(&gone).contains("`password_file` in [asterisk.0] cannot be read: "));
    let wrong = said("[database]\ndsn = \"oracle://u:hidden@db/c\"\n");
    assert!(
        wrong.contains("begins with none of") && !wrong.contains("hidden"),
        "{wrong}"
    );
    let typed = said("[database]\ndsn = 12345\n");
    assert!(!typed.contains("12345"), "{typed}");
}

#[test]
fn relative_paths_are_meant_from_the_file() {
    let config = load("[data]\nfolder = \"d\"\n", &[], &[]).unwrap();
    assert!(config.data.folder.is_absolute() && config.data.folder.ends_with("d"));
    let from_variable = load("", &[("CORDBOARD__DATA__FOLDER", "d")], &[]).unwrap();
    assert_eq!(from_variable.data.folder, PathBuf::from("d"));
}

#[test]
fn sizes_have_units() {
    for (written, bytes) in [
        ("\"1 GiB\"", 1 << 30),
        ("33554432", 1 << 25),
        ("\"32MiB\"", 1 << 25),
    ] {
        let config = load(&format!("[journal]\nmax_bytes = {written}\n"), &[], &[]).unwrap();
        assert_eq!(config.journal.max_bytes, Size(bytes));
    }
    for bad in ["\"1 TB\"", "-1", "\"99999999999 GiB\"", "1.5", "5"] {
        assert!(
            load(&format!("[journal]\nmax_bytes = {bad}\n"), &[], &[]).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn a_dump_is_a_configuration_with_origins() {
    let config = load(
        "[log]\nformat = \"json\"\n",
        &[("CORDBOARD__ACD__DEFAULT_QUEUE", "q")],
        &[],
    )
    .unwrap();
    let dump = config.dump();
    let line = |key: &str| {
        dump.lines()
            .find(|line| line.starts_with(key))
            .unwrap()
            .to_owned()
    };
    assert!(line("format").ends_with("cordboard.toml:2"), "{dump}");
    assert!(
        line("default_queue").ends_with("# CORDBOARD__ACD__DEFAULT_QUEUE"),
        "{dump}"
    );
    assert!(line("listen").ends_with("# default"), "{dump}");
    let again = load(&dump, &[], &[]).unwrap();
    assert_eq!(again.acd.default_queue.as_deref(), Some("q"));
}

#[test]
fn the_example_changes_nothing_and_has_every_key_at_its_default() {
    let example = example();
    let defaults = Config::load(&Sources::default()).unwrap();
    let copied = load(&example, &[], &[]).unwrap();
    assert_eq!(copied.settings(), defaults.settings());

    // With everything switched on it still reads, but for secrets that are given twice, a token and a certificate that
    // are none, and the file of another kind of source.
    let is_left_out = |line: &str| {
        let is_none = line.contains("_token = ") || line.starts_with("#ca =");
        is_none || line.contains("_file = ") || line.starts_with("#file =")
    };
    let lines = example.lines().filter(|line| !is_left_out(line));
    let lines = lines.map(|line| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => rest,
        _ => line,
    });
    let on = load(&lines.collect::<Vec<_>>().join("\n"), &[], &[]).unwrap();
    assert!(on.asterisk.len() == 1 && on.database.dsn.is_some());
    for default in defaults.settings() {
        let written = on
            .settings()
            .iter()
            .find(|setting| setting.key == default.key)
            .unwrap();
        let is_path = default.key == "data.folder";
        assert!(
            default.value.is_null() || is_path || written.value == default.value,
            "{default:?}"
        );
    }
    for section in &sections::ALL {
        for key in section.keys {
            let line = format!("{} = ", key.name);
            assert!(example.contains(&line) && key_tables().contains(&format!("`{}`", key.name)));
        }
    }
}

#[test]
fn the_committed_documents_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let is_current = read("cordboard.example.toml") == example();
    assert!(
        is_current,
        "cordboard.example.toml: run `cargo xtask codegen`"
    );
    let manual = read("docs/OPERATIONS.md");
    let is_current = manual.contains(&key_tables());
    assert!(is_current, "docs/OPERATIONS.md: run `cargo xtask codegen`");
}

#[test]
fn databases_of_call_statistics_are_taken_as_they_were_set() {
    let environment = [
        ("DB1_HOST", "127.0.0.1"),
        ("DB1_PORT", ""),
        ("DB1_USER", "freepbx"),
        ("DB1_PASSWORD", "secret of the first"),
        ("DB2_HOST", "127.0.0.1"),
        ("DB2_PORT", "3307"),
        ("DB3_HOST", ""),
        ("DB3_PORT", "3308"),
        ("API_TOKEN", "a token from before"),
    ];
    let file = "[[cdr_source]]\nname = \"own\"\nhost = \"pbx.example\"";
    let config = load(file, &environment, &[]).unwrap();
    let sources = config.cdr_source.iter();
    let named: Vec<_> = sources
        .map(|source| (source.name.as_str(), source.port))
        .collect();
    assert_eq!(
        named,
        [
            ("own", None),
            ("127.0.0.1", None),
            ("127.0.0.1:3307", Some(3307))
        ]
    );
    assert_eq!(config.cdr_source[1].user, "freepbx");
    let token = config
        .statistics
        .api_token
        .as_ref()
        .map(super::Secret::expose);
    assert_eq!(token, Some("a token from before"));
    assert!(!config.dump().contains("secret of the first"));
}

#[test]
fn sources_of_call_detail_records_that_cannot_be_are_refused() {
    for (text, words) in [
        (
            "host = \"h\"\ntable = \"cdr; DROP TABLE cdr\"",
            "is no name of a table",
        ),
        ("host = \"h\"\nport = 70000", "is not in 1 to 65535"),
        ("user = \"u\"", "is missing"),
        ("name = \"n\"\nkind = \"csv\"", "is missing"),
        ("host = \"h\"\ninternal = [\"20-1\"]", "is no pattern"),
        ("host = \"h\"\ntime_zone = \"Mars\"", "is no time zone"),
        (
            "host = \"h\"\nnational_digits = [\"9\"]",
            "are not two numbers",
        ),
        (
            "host = \"h\"\noutside_prefixes = [\"+\"]",
            "is not 1 to 8 digits",
        ),
        ("kind = \"own\"\nhost = \"h\"", "is for a database"),
        ("kind = \"own\"\nfile = \"f\"", "is only for"),
        (
            "kind = \"own\"\n[[cdr_source]]\nkind = \"own\"\nname = \"b\"",
            "there is one log of our own",
        ),
        (
            "host = \"h\"\nname = \"cordboard\"",
            "is what our own log is called",
        ),
        (
            "host = \"h\"\n[[cdr_source]]\nhost = \"h\"",
            "a second [[cdr_source]] has the name",
        ),
    ] {
        let error = load(&format!("[[cdr_source]]\n{text}"), &[], &[]).unwrap_err();
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

#[test]
fn slots_are_few_and_in_order() {
    let parking = load("[parking]\nfirst_slot = 71\nlast_slot = 79\n", &[], &[]);
    let parking = parking.unwrap().parking;
    let all = (
        parking.first_slot,
        parking.last_slot,
        parking.return_seconds,
    );
    assert_eq!(all, (71, 79, 120));
    for (text, key) in [
        ("first_slot = 0", "first_slot"),
        ("first_slot = 721", "last_slot"),
        ("last_slot = 10000", "last_slot"),
        ("return_seconds = 9", "return_seconds"),
        ("return_seconds = 3601", "return_seconds"),
    ] {
        let text = format!("[parking]\n{text}\n");
        let flaw = format!("`{key}` in [parking] is");
        assert!(said(&text).contains(&flaw), "{text}");
    }
}
