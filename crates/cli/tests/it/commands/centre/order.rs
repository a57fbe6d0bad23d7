//! Things that depend on each other, in whatever order they have to be made.

use serde_json::{Value, json};

use super::{Site, steps};

fn overflow(queue: &str) -> String {
    format!("overflow = {{ action = \"queue\", queue = \"{queue}\" }}\n")
}

#[test]
fn an_old_queue_overflows_into_a_new_one() {
    let site = Site::start();
    let sales = format!("[[queues]]\nname = \"sales\"\n{}", overflow("old"));
    site.applied(&format!("[[queues]]\nname = \"old\"\n{sales}"), "");
    // By name the change comes before what it needs.
    let next = sales.replace("old", "support");
    let next = format!("{next}[[queues]]\nname = \"support\"\n");
    site.applied(&next, "--remove");
    let now = site.exported();
    assert!(now.contains(&overflow("support")), "{now}");
    assert_eq!(site.planned(&next).0, 0);
    site.run("rollback --yes --remove").text();
    let now = site.exported();
    assert!(now.contains(&overflow("old")), "{now}");
}

#[test]
fn a_user_goes_from_one_agent_to_another_whichever_comes_first() {
    let site = Site::start();
    site.has_user_eve();
    let agents = |first: &str, second: &str| {
        let agent = |number: &str, user: &str| {
            format!("[[agents]]\nextension = \"{number}\"\nname = \"Eve\"\nuser = {user}\n")
        };
        format!("{}{}", agent("101", first), agent("102", second))
    };
    site.applied(&agents("false", "\"eve\""), "");
    let moved = agents("\"eve\"", "false");
    site.applied(&moved, "");
    assert_eq!(site.planned(&moved).0, 0);
    site.applied(&agents("false", "\"eve\""), "");
}

#[test]
fn a_phone_enters_a_context_that_a_trunk_leaves() {
    let site = Site::start();
    let file = |phone: &str, trunk: &str| {
        format!(
            "[[extensions]]\nnumber = \"101\"\ncontext = \"{phone}\"\n\
             [[trunks]]\nname = \"provider\"\nhost = \"192.0.2.1\"\ncontext = \"{trunk}\"\n"
        )
    };
    site.applied(&file("phones", "sales"), "");
    let next = file("sales", "from-provider");
    site.applied(&next, "");
    assert_eq!(site.planned(&next).0, 0);
}

const CONTEXTS: &str = "[[queues]]\nname = \"sales\"\n\
[[dialplan_contexts]]\nname = \"agents\"\nrules = [\n\
    { pattern = \"8000\", action = { type = \"queue\", queue = \"sales\" } },\n\
    { pattern = \"_X.\", action = { type = \"phone\" } },\n\
    { pattern = \"_0X.\", action = { type = \"out\", strip = 1 }, note = \"Outside\" },\n\
]\n\
[[dialplan_contexts]]\nname = \"a-night\"\nrules = [{ pattern = \"_X.\", action = { type = \"go_to\", context = \"agents\" } }]\n\
[[extensions]]\nnumber = \"101\"\ncontext = \"agents\"\n";

#[test]
fn the_dialplan_is_in_the_file() {
    let site = Site::start();
    let empty = site.exported();
    assert!(empty.contains("dialplan_contexts = []\n"), "{empty}");
    site.applied(CONTEXTS, "");
    assert_eq!(
        site.planned(CONTEXTS).0,
        0,
        "what a rule leaves out is as usual"
    );
    let full = site.exported();
    assert!(
        full.contains("queue = \"sales\", type = \"queue\""),
        "{full}"
    );
    assert_eq!(site.planned(&full).0, 0, "{full}");
    // Somebody adds a way out by hand.
    let contexts = site.ask("GET", "/v1/dialplan/contexts", "");
    let mut night = contexts["items"][0].clone();
    let path = format!("/v1/dialplan/contexts/{}", night["id"].as_str().unwrap());
    night["rules"] = json!([{"pattern": "_X.", "action": {"type": "out"}}]);
    for name in ["id", "asterisk_context"] {
        night.as_object_mut().unwrap().remove(name);
    }
    site.ask("PUT", &path, &night.to_string());
    let drifted: Value = serde_json::from_str(&site.run("--json plan").out).unwrap();
    assert_eq!(
        steps(&drifted),
        ["change dialplan_contexts a-night"].map(str::to_owned)
    );
    site.applied(CONTEXTS, "");
    // Where phones begin stays until they are gone.
    site.applied(
        "extensions = []\ndialplan_contexts = []\nqueues = []\n",
        "--remove",
    );
    assert_eq!(site.exported(), empty);
    let said = site.flaws(&CONTEXTS.replace("queue = \"sales\" }", "queue = \"gone\" }"));
    assert!(said.contains("there is no queue \"gone\""), "{said}");
    let said = site.flaws(&CONTEXTS.replace("8000", "8000;x"));
    assert!(
        said.contains("rules[0].pattern: context agents: The pattern has ';'"),
        "{said}"
    );
}

#[test]
fn another_log_in_at_the_manager_interface_needs_its_secret() {
    let site = Site::with_example();
    site.run("apply -f centre.toml --yes").text();
    let example = site.read("centre.toml");
    let other = example.replace("user = \"cordboard\", secret", "user = \"other\", secret");
    let (_, plan) = site.planned(&other);
    let secrets = json!([{"field": "ami.secret", "env": "CENTRE_AMI_SECRET"}]);
    assert_eq!(plan["changes"][0]["secrets"], secrets, "{plan}");
    let without = other.replace(", secret_env = \"CENTRE_AMI_SECRET\"", "");
    let said = site.flaws(&without);
    assert!(said.contains("ami.secret is needed"), "{said}");
    // Another address alone is no other log-in.
    let (_, plan) = site.planned(&example.replace(":5038", ":5039"));
    assert_eq!(plan["changes"][0]["secrets"], json!([]), "{plan}");
}
