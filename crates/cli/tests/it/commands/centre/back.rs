//! `cordboard rollback`: which change it takes back, and what it asks for.

use serde_json::Value;

use super::{Site, midway::Proxy, steps};

const SALES: &str =
    "[[queues]]\nname = \"sales\"\nring_seconds = 20\n[[queues]]\nname = \"support\"\n";

impl Site {
    /// The changes that are kept, the newest first.
    fn changes(&self) -> Vec<Value> {
        let list = self.ask("GET", "/v1/centre/changes", "");
        list["items"].as_array().unwrap().clone()
    }
}

#[test]
fn one_that_changed_nothing_stops_there() {
    let site = Site::start();
    let run = site.cordboard.run_with(
        "user add eve --role agent --password-file -",
        "a long enough one",
    );
    run.text();
    let agent = |number: &str| {
        format!("[[agents]]\nextension = \"{number}\"\nname = \"Eve\"\nuser = \"eve\"\n")
    };
    site.applied(&agent("101"), "");
    let made = site.exported();
    // Refused at its first step: the user is taken.
    site.cordboard
        .write("next.toml", &format!("{}{}", agent("100"), agent("101")));
    site.run("apply -f next.toml --yes").failure(1);
    let said = site.run("rollback --yes --remove").failure(1);
    assert!(
        said.contains("there is nothing to take back") && said.contains("--to"),
        "{said}"
    );
    assert_eq!(site.exported(), made);
    let older = site.changes()[1]["id"].as_str().unwrap().to_owned();
    assert!(said.contains(&older), "{said}");
    site.run(&format!("rollback --yes --remove --to {older}"))
        .text();
    assert!(site.exported().contains("agents = []"));
    let said = site.run("rollback --yes --to 0").failure(1);
    assert!(said.contains("no such change"), "{said}");
}

#[test]
fn what_goes_is_told_and_has_to_be_asked_for() {
    let site = Site::start();
    site.applied("[[extensions]]\nnumber = \"101\"\n", "");
    let id = site.changes()[0]["id"].as_str().unwrap().to_owned();
    site.cordboard.write("phones.csv", "number\n102\n103\n");
    site.run("import phones phones.csv --secrets-out secrets.csv")
        .text();
    let full = site.exported();
    let run = site.run("rollback --yes");
    let said = run.failure(1);
    assert!(
        said.contains("removes 3") && said.contains("2 of them") && said.contains("--remove"),
        "{said}"
    );
    let run = site.run("rollback --yes");
    assert!(
        run.out.contains(&format!("Takes back {id}, the apply of "))
            && run.out.contains("by root")
            && run.out.contains("no centre file made it")
            && run.out.matches("no centre file made it").count() == 2,
        "{}",
        run.out
    );
    // A program gets the plan, too.
    let run = site.run("--json rollback --yes");
    let plan: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, &plan["remove"]), (1, &3.into()), "{plan}");
    assert_eq!(plan["takes_back"][0]["id"], *id, "{plan}");
    assert_eq!(site.exported(), full);
    site.run("rollback --yes --remove").text();
    assert!(site.exported().contains("extensions = []"));
}

#[test]
fn one_that_died_on_its_way_is_carried_on() {
    let site = Site::start();
    site.applied(SALES, "");
    let before = site.exported();
    let more = format!("{SALES}[[queues]]\nname = \"third\"\n[[queues]]\nname = \"tickets\"\n");
    site.applied(&more.replace("= 20", "= 30"), "");
    let mut asked = 0;
    let proxy = Proxy::start(site.serving.address(), move |line| {
        asked += u32::from(line.starts_with("DELETE /v1/queues/"));
        asked < 2
    });
    let half = site.run_at(&proxy.address, "rollback --yes --remove");
    assert!(half.failure(1).contains("2 of 3 changes were done"));
    site.run("rollback -o before.toml").text();
    let (_, plan) = site.planned(&site.read("before.toml"));
    assert_eq!(steps(&plan), ["remove queues tickets"].map(str::to_owned));
    let said = site.run("rollback --yes --remove").text();
    assert!(said.contains("Carries on with "), "{said}");
    assert_eq!(site.exported(), before);
    // It is done, and once more takes it back.
    site.run("rollback --yes").text();
    assert!(site.exported().contains("ring_seconds = 30"));
}

#[test]
fn what_was_before_a_half_change_can_be_put_back() {
    let site = Site::start();
    let empty = site.exported();
    let mut made = 0;
    let proxy = Proxy::start(site.serving.address(), move |line| {
        made += u32::from(line.starts_with("POST /v1/queues "));
        made < 2
    });
    site.cordboard.write("centre.toml", SALES);
    site.run_at(&proxy.address, "apply -f centre.toml --yes")
        .failure(1);
    site.applied(
        "[[dids]]\nnumber = \"5550100\"\nto = {type = \"queue\", queue = \"sales\"}\n",
        "",
    );
    let full = site.exported();
    let second = site.run("rollback");
    assert!(second.out.contains("- DID 5550100"), "{}", second.out);
    assert!(!second.out.contains("- queue sales"), "{}", second.out);
    let first = site.changes()[1]["id"].as_str().unwrap().to_owned();
    assert!(
        second.out.contains(&format!("--to {first}")),
        "{}",
        second.out
    );
    let line = format!("rollback --yes --remove --to {first}");
    site.run(&format!("{line} -o before.toml")).text();
    let (_, plan) = site.planned(&site.read("before.toml"));
    let gone = ["remove dids 5550100", "remove queues sales"];
    assert_eq!(steps(&plan), gone.map(str::to_owned));
    let said = site.run(&line).text();
    assert!(said.contains("Takes back 2 changes"), "{said}");
    assert_eq!(site.exported(), empty);
    site.run("rollback --yes").text();
    assert_eq!(site.exported(), full);
}

#[test]
fn what_somebody_did_while_the_question_stood_is_kept() {
    let site = Site::start();
    site.applied(SALES, "");
    let (address, key) = (site.serving.address().to_owned(), site.key.clone());
    let sales = format!("/v1/queues/{}", site.id("/v1/queues"));
    let mut rings = vec![r#"{"name": "sales", "ring_seconds": 25}"#; 2];
    // Between the plan and its answer.
    let proxy = Proxy::start(site.serving.address(), move |line| {
        if line.starts_with("GET /v1/live ")
            && let Some(ring) = rings.pop()
        {
            super::ask(&address, &key, "PUT", &sales, ring);
        }
        true
    });
    let queue = "name = \"support\"\n";
    let support = SALES.replace(queue, &format!("{queue}ring_seconds = 40\n"));
    let only = support.replace("ring_seconds = 20\n", "");
    site.cordboard.write("centre.toml", &only);
    site.run_at(&proxy.address, "apply -f centre.toml --yes")
        .text();
    site.run("rollback --yes").text();
    let now = site.exported();
    assert!(
        now.contains("ring_seconds = 25") && !now.contains("ring_seconds = 40"),
        "{now}"
    );

    // What the plan is of is not what was shown any more.
    let sales = format!("/v1/queues/{}", site.id("/v1/queues"));
    site.ask("PUT", &sales, r#"{"name": "sales", "ring_seconds": 20}"#);
    let kept = site.changes().len();
    site.cordboard
        .write("centre.toml", &SALES.replace("= 20", "= 30"));
    let said = site
        .run_at(&proxy.address, "apply -f centre.toml --yes")
        .failure(1);
    assert!(
        said.contains("queue sales") && said.contains("nothing was done"),
        "{said}"
    );
    assert!(site.exported().contains("ring_seconds = 25"));
    assert_eq!(site.changes().len(), kept);
}

#[test]
fn secrets_are_read_from_where_whoever_takes_back_says() {
    let site = Site::with_example();
    site.run("apply -f centre.toml --yes").text();
    let row = site.realtime("ps_auths/single", "id=101");
    // printf "101:asterisk:phone-hidden-5" | md5sum
    assert!(
        row.ends_with("md5_cred=ca5e088afeb841d3a75f548191b9e46a\n"),
        "{row}"
    );
    site.run("rollback --yes --remove").text();
    assert!(site.exported().contains("servers = []"));

    let plan = site.run("rollback");
    for shown in [
        "secret: set, from the file secrets/101\n",
        "ami.secret: set, from the variable CENTRE_AMI_SECRET\n",
    ] {
        assert!(plan.out.contains(shown), "{shown}: {}", plan.out);
    }
    let said = site.run("rollback --yes").failure(1);
    assert!(
        said.contains("--secrets-from secrets/101") && said.contains("nothing was done"),
        "{said}"
    );
    assert!(site.exported().contains("servers = []"));
    let from = "--secrets-from CENTRE_* --secrets-from secrets";
    site.run(&format!("rollback --yes {from}")).text();
    assert_eq!(site.realtime("ps_auths/single", "id=101"), row);
}

/// Another administrator's change must not have this machine read what it is not to.
#[test]
fn a_change_cannot_have_a_file_read_that_was_not_named() {
    let site = Site::start();
    std::fs::create_dir(site.cordboard.folder.path().join("secrets")).unwrap();
    site.cordboard.write("netrc", "phone-hidden-5\n");
    for source in [
        "password_env = \"CENTRE_TRUNK_PASSWORD\"",
        "password_file = \"netrc\"",
        "password_file = \"secrets/../netrc\"",
    ] {
        let before = format!(
            "[[servers]]\nname = \"main\"\nari_url = \"http://127.0.0.1:1/ari\"\nari_user = \"x\"\n{source}\n"
        );
        let change = serde_json::json!({"kind": "apply", "document": "", "before": before});
        site.ask("POST", "/v1/centre/changes", &change.to_string());
        let line = "rollback --yes --secrets-from secrets --secrets-from CENTRE_A*";
        let said = site.run(line).failure(1);
        assert!(said.contains("nothing was done"), "{said}");
        assert!(site.exported().contains("servers = []"));
    }
}

#[test]
fn one_that_cannot_be_planned_says_how_it_can_be_completed() {
    let site = Site::start();
    let trunk = "[[trunks]]\nname = \"provider\"\nhost = \"sip.example.com\"\n";
    site.ask(
        "POST",
        "/v1/trunks",
        r#"{"name": "provider", "host": "sip.example.com", "username": "u", "password": "p"}"#,
    );
    site.applied("trunks = []\n", "--remove");
    let said = site.run("rollback --yes").failure(1);
    assert!(
        said.contains("password is needed") && said.contains("rollback -o before.toml"),
        "{said}"
    );
    assert!(!said.contains("put these right"), "{said}");
    site.run("rollback -o before.toml").text();
    assert!(
        site.read("before.toml")
            .contains(trunk.lines().nth(1).unwrap())
    );
}
