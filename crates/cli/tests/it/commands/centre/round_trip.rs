use serde_json::json;

use super::{EXAMPLE, Site, steps};

#[test]
fn an_empty_centre_is_exported_and_nothing_is_to_be_done() {
    let site = Site::start();
    let text = site.exported();
    assert!(text.contains("queues = []\n"), "{text}");
    let (code, plan) = site.planned(&text);
    assert_eq!((code, steps(&plan)), (0, vec![]));
    // Nothing was applied yet.
    let said = site.run("plan").failure(1);
    assert!(said.contains("no centre file was applied yet"), "{said}");
    let said = site.run("rollback --yes").failure(1);
    assert!(said.contains("there is nothing to take back"), "{said}");
    let said = site.cordboard.run("export").failure(1);
    assert!(said.contains("--api"), "{said}");
}

#[test]
fn the_example_is_applied_once_exported_and_taken_back() {
    let site = Site::with_example();
    let empty = site.exported();
    let plan = site.run("plan -f centre.toml");
    assert_eq!(plan.code, 6, "{}", plan.err);
    assert!(plan.out.contains("+ queue sales\n"), "{}", plan.out);
    assert!(
        plan.out
            .contains("password: set, from the variable CENTRE_ARI_PASSWORD"),
        "{}",
        plan.out
    );

    let said = site.run("apply -f centre.toml").failure(1);
    assert!(said.contains("--yes"), "{said}");
    assert_eq!(site.exported(), empty, "nobody said yes");
    let applied = site.run("apply -f centre.toml --yes").text();
    assert!(
        applied.contains("+ member 102 of queue sales: done"),
        "{applied}"
    );
    let again = site.run("apply -f centre.toml --yes").text();
    assert!(again.starts_with("Nothing to do"), "{again}");
    assert_eq!(site.run("plan").code, 0, "what was applied last is there");

    let full = site.exported();
    for line in [
        "password_env = \"CENTRE_TRUNK_PASSWORD\"",
        "secret_env = \"CENTRE_AMI_SECRET\" }",
        "overflow = { action = \"queue\", queue = \"support\" }",
        "max_wait_seconds = false",
        "    { agent = \"102\", paused = false, penalty = 1 },",
        "server = \"main\"",
        "skills = { billing = 5, english = 8 }",
    ] {
        assert!(full.contains(line), "{line}: {full}");
    }
    let (code, plan) = site.planned(&full);
    assert_eq!((code, steps(&plan)), (0, vec![]), "{full}");
    assert!(!full.contains("-hidden-"));

    let said = site.run("--json rollback --remove").err;
    assert!(said.contains("--yes"), "{said}");
    site.run("rollback --yes --remove").text();
    assert_eq!(site.exported(), empty);
    // Taking that back makes everything again, with secrets from where they were.
    let from = "--secrets-from CENTRE_* --secrets-from secrets";
    site.run(&format!("rollback --yes {from}")).text();
    assert_eq!(site.exported(), full);
}

#[test]
fn things_are_made_changed_and_removed_as_the_file_says() {
    let site = Site::start();
    let queues = |members: &str, ring: u32| {
        format!(
            "[[queues]]\nname = \"sales\"\nring_seconds = {ring}\nmembers = [{members}]\n\
             [[queues]]\nname = \"support\"\n"
        )
    };
    let agents = "[[agents]]\nextension = \"101\"\nname = \"Nora Example\"\n[[agents]]\nextension = \"102\"\nname = \"Omar Example\"\n";
    let both = "{ agent = \"101\" }, { agent = \"102\", penalty = 3 }";
    site.applied(&format!("{agents}{}", queues(both, 20)), "");

    // A field, a member changed, one removed; the section agents is not there, so nothing becomes of them.
    let next = queues("{ agent = \"102\", penalty = 4 }", 30);
    let (code, plan) = site.planned(&next);
    let wanted = [
        "change queues sales",
        "change members sales/102",
        "remove members sales/101",
    ];
    assert_eq!(
        (code, steps(&plan)),
        (6, wanted.map(str::to_owned).to_vec())
    );
    let fields = json!([{"field": "ring_seconds", "from": 20, "to": 30}]);
    assert_eq!(plan["changes"][0]["fields"], fields);

    let said = site.run("apply -f planned.toml --yes").failure(1);
    assert!(
        said.contains("the plan removes 1") && said.contains("--remove"),
        "{said}"
    );
    site.applied(&next, "--remove");
    assert_eq!(site.planned(&next).0, 0);
    // What the file leaves out stays.
    let export = site.exported();
    assert!(
        export.contains("extension = \"101\"") && export.contains("ring_seconds = 30"),
        "{export}"
    );
    let (code, plan) = site.planned("[[queues]]\nname = \"sales\"\n");
    assert_eq!(
        (code, steps(&plan)),
        (6, vec!["remove queues support".to_owned()])
    );
    // An empty section is one without anything.
    let (_, plan) = site.planned("agents = []\n");
    assert_eq!(
        steps(&plan),
        ["remove agents 102", "remove agents 101"]
            .map(str::to_owned)
            .iter()
            .rev()
            .cloned()
            .collect::<Vec<_>>()
    );

    site.run("rollback --yes").text();
    let export = site.exported();
    assert!(
        export.contains("ring_seconds = 20") && export.contains("penalty = 3"),
        "{export}"
    );
}

#[test]
fn numbers_that_are_written_otherwise_are_the_same() {
    let site = Site::start();
    let file = |number: &str, more: &str| format!("[[caller_ids]]\nnumber = \"{number}\"\n{more}");
    site.applied(
        &file("+1 (202) 555-0100", "labels = [\"west\", \"east\"]\n"),
        "",
    );
    let (code, plan) = site.planned(&file("+12025550100", "labels = [\"east\", \"west\"]\n"));
    assert_eq!((code, steps(&plan)), (0, vec![]));
    site.applied(&file("+12025550100", "vouched = false\n"), "");
    let (_, plan) = site.planned(&file(
        "+12025550100",
        "vouched = true\narea_code = \"212\"\n",
    ));
    assert_eq!(
        plan["changes"][0]["fields"].as_array().unwrap().len(),
        2,
        "{plan}"
    );
}

#[test]
fn what_somebody_changed_by_hand_is_seen_without_a_file() {
    let site = Site::start();
    site.applied("[[queues]]\nname = \"sales\"\nring_seconds = 20\n", "");
    assert_eq!(site.run("plan").code, 0);
    let queue = format!("/v1/queues/{}", site.id("/v1/queues"));
    site.ask("PUT", &queue, r#"{"name": "sales", "ring_seconds": 45}"#);
    let drifted = site.run("plan");
    assert_eq!(drifted.code, 6, "{}", drifted.err);
    assert!(
        drifted.out.contains("ring_seconds: 45 → 20"),
        "{}",
        drifted.out
    );
}

#[test]
fn secrets_are_set_anew_when_it_is_asked_for() {
    let site = Site::with_example();
    site.run("apply -f centre.toml --yes").text();
    let plan = site.run("--json plan -f centre.toml --set-secrets");
    assert_eq!(plan.code, 6, "{}", plan.err);
    let secrets = plan.out.matches("\"secrets\":[{").count();
    assert_eq!(secrets, 4, "{}", plan.out);
    let applied = site
        .run("--json apply -f centre.toml --set-secrets --yes")
        .json();
    assert_eq!(
        applied["outcome"]["done"].as_array().unwrap().len(),
        4,
        "{applied}"
    );

    // A log-in as somebody else needs the secret, without being asked for it.
    let other = EXAMPLE.replace("username = \"5550100\"", "username = \"5550101\"");
    let (_, plan) = site.planned(&other);
    let secrets = json!([{"field": "password", "env": "CENTRE_TRUNK_PASSWORD"}]);
    assert_eq!(plan["changes"][0]["secrets"], secrets, "{plan}");
    // One that is nowhere is told before anything is done.
    site.cordboard
        .write("other.toml", &other.replace("CENTRE_TRUNK", "CENTRE_GONE"));
    let said = site.run("apply -f other.toml --yes").failure(1);
    assert!(
        said.contains("there is no variable CENTRE_GONE_PASSWORD"),
        "{said}"
    );
    assert!(said.contains("nothing was done"), "{said}");
    let without = other.replace("password_env = \"CENTRE_TRUNK_PASSWORD\"\n", "");
    let said = site.flaws(&without);
    assert!(said.contains("password is needed"), "{said}");
}
