use std::fmt::Write as _;

use super::Site;

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let site = Site::start();
    let said = site.flaws(
        "[[queues]]\nname = \"sales\"\nring_secnds = 20\nwrap_up_seconds = \"long\"\n\n\
         [[queues]]\nname = \"sales\"\nmax_size = 0\n\n[[dids]]\nnumber = \"5550100\"\nto = {type = \"queue\", queue = \"gone\"}\n\n[[quues]]\n",
    );
    for line in [
        "line 3, column 1: queues[0].ring_secnds: unknown field \"ring_secnds\"; do you mean ring_seconds?",
        "line 4, column 1: queues[0].wrap_up_seconds: is text, not a whole number",
        "line 7, column 1: queues[1].name: the queue \"sales\" stands here twice, first in line 1",
        "line 8, column 1: queues[1].max_size: is 0, not in 1 to 1000000",
        "line 12, column 1: dids[0].to: there is no queue \"gone\"",
        "line 14, column 3: quues: unknown section \"quues\"; do you mean queues?",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(site.exported().contains("queues = []"), "nothing was done");
}

#[test]
fn values_that_the_server_would_refuse_are_told_before_anything_is_done() {
    let site = Site::start();
    for (text, why) in [
        ("[[extensions]]\nnumber = \"101; DROP\"\n", "2 to 10 digits"),
        (
            "[[trunks]]\nname = \"../../etc\"\nhost = \"sip.example.com\"\n",
            "name has '.'; use lower-case letters",
        ),
        (
            "[[trunks]]\nname = \"carrier\"\nhost = \"../../etc\"\n",
            "host is no host name or address",
        ),
        (
            "[[queues]]\nname = \"Sales!\"\n",
            "name has 'S'; use lower-case letters",
        ),
        (
            "[[queues]]\nname = \"a\"\ntime_zone = \"Mars/Base\"\n",
            "is no IANA time zone",
        ),
        (
            "[[caller_ids]]\nnumber = \"letters\"\n",
            "number has the letter 'l'",
        ),
        (
            "[[caller_id_rules]]\ncampaign = \"a\\u0000b\"\n",
            "a control character",
        ),
        ("[[agents]]\nextension = \"101\"\n", "Missing field `name`"),
        (
            "[[servers]]\nname = \"a\"\nari_url = \"ftp://x\"\nari_user = \"u\"\npassword_env = \"P\"\n",
            "does not start with http://",
        ),
        (
            "[[servers]]\nname = \"a\"\nari_url = \"http://x/ari\"\nari_user = \"u\"\n",
            "password is needed",
        ),
        (
            "[[extensions]]\nnumber = \"101\"\nlast = \"109\"\n",
            "unknown field \"last\"",
        ),
        (
            "[[queues]]\nname = \"a\"\noverflow = { action = \"fly\" }\n",
            "unknown word \"fly\"",
        ),
        (
            "[[queues]]\nname = \"a\"\noverflow = { action = \"hang_up\", qeue = \"a\" }\n",
            "do you mean queue?",
        ),
        (
            "[[queues]]\nname = \"a\"\noverflow = { action = \"queue\", queue = \"a\" }\n",
            "back to the same queue",
        ),
        (
            "[[queues]]\nname = \"a\"\nstrategy = false\n",
            "is never nothing",
        ),
        (
            "[[queues]]\nname = \"a\"\nring_seconds = 99999999999999999999\n",
            "too large",
        ),
        (
            "[[queues]]\nname = \"a\"\nring_seconds = 1.5\n",
            "whole number",
        ),
        (
            "[[queues]]\nname = \"a\"\nmembers = [{ agent = \"101\" }]\n",
            "there is no agent \"101\"",
        ),
        (
            "[[queues]]\nname = \"a\"\nmembers = { agent = \"101\" }\n",
            "no list of tables",
        ),
        ("[[queues]]\nring_seconds = 5\n", "name is missing"),
        ("queues = 5\n", "write [[queues]]"),
        ("queues = [5]\n", "is no table"),
        ("[queues]\nname = \"a\"\n", "write [[queues]]"),
        ("[[queues]\n", "is not TOML"),
        ("[[queues]]\nname = 1979-05-27\n", "name is no text"),
        ("[[users]]\nname = \"eve\"\n", "unknown section"),
    ] {
        let said = site.flaws(text);
        assert!(said.contains(why), "{text}: {said}");
    }
}

#[test]
fn no_secret_stands_in_a_file() {
    let site = Site::start();
    let trunk = "[[trunks]]\nname = \"a\"\nhost = \"h.example\"\nusername = \"u\"\n";
    let said = site.flaws(&format!("{trunk}password = \"in-the-file\"\n"));
    assert!(said.contains("no secret stands in a centre file"), "{said}");
    assert!(!said.contains("in-the-file"), "{said}");
    let two = "password_env = \"A\"\npassword_file = \"b\"\n";
    let said = site.flaws(&format!("{trunk}{two}"));
    assert!(said.contains("two places"), "{said}");
    let said = site.flaws("[[servers]]\nname = \"a\"\nami = { secret = \"in-the-file\" }\n");
    assert!(
        said.contains("ami.secret: no secret stands") && !said.contains("in-the-file"),
        "{said}"
    );
    for source in ["password_env = 5", "password_file = \"\""] {
        let said = site.flaws(&format!("{trunk}{source}\n"));
        assert!(said.contains("is no text with the name"), "{said}");
    }
}

#[test]
fn a_file_that_is_far_too_long_or_deep_or_no_text_is_refused() {
    let site = Site::start();
    let path = site.cordboard.folder.path().join("huge.toml");
    std::fs::write(&path, "# a comment\n").unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(50 << 20).unwrap();
    let said = site.run("plan -f huge.toml").failure(1);
    assert!(said.contains("longer than 4 MiB"), "{said}");
    let deep = format!("queues = {}", "[".repeat(100_000));
    assert!(site.flaws(&deep).contains("is not TOML"));
    std::fs::write(&path, b"queues = \"\xff\"").unwrap();
    assert!(
        site.run("plan -f huge.toml")
            .failure(1)
            .contains("cannot read")
    );
    assert!(
        site.run("plan -f gone.toml")
            .failure(1)
            .contains("cannot read")
    );
    // So many values, or such long names, are told from a centre in no time.
    let name = "x".repeat(1 << 20);
    for (names, values) in [
        ("queues".to_owned(), 1_200_000),
        (format!("[[queues]]\n{name}"), 50_000),
    ] {
        std::fs::write(&path, format!("{names} = [{}]", "1,".repeat(values))).unwrap();
        let said = site.run("plan -f huge.toml").failure(1);
        assert!(said.contains("has more values, or longer names"), "{said}");
    }
    let mut many = String::new();
    for number in 0..500 {
        let _ = writeln!(many, "[[queues]]\nname = \"q{number}\"\nnonsense = 1");
    }
    let said = site.flaws(&many);
    assert!(said.contains("and 400 more"), "{said}");
}
