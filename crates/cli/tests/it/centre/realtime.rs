//! Phones and trunks that Cordboard sets up in a real Asterisk, which asks for them by HTTP: they register, call, change and go.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use lab::{Lab, LabBuilder, LabError, Phone, Release};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Cordboard, LIMIT, id};

const MODULES: &str = "load = res_curl.so\nload = func_curl.so\nload = res_config_curl.so\n";

/// It is there when Cordboard has rendered it.
pub(super) const DIALPLAN: &str = "#tryinclude extensions_cordboard.conf\n";

/// A centre whose Asterisk asks it for its phones and for the dialplan.
pub(super) struct Site {
    pub(super) lab: Lab,
    pub(super) centre: Cordboard,
}

impl Site {
    pub(super) async fn start(release: Release) -> Option<Self> {
        Self::start_with(release, &[]).await
    }

    pub(super) async fn start_with(release: Release, environment: &[(&str, &str)]) -> Option<Self> {
        let built = LabBuilder::new(release)
            .config("modules_more.conf", MODULES)
            .config("extensions_more.conf", DIALPLAN);
        let mut lab = match built.up().await {
            Ok(lab) => lab,
            Err(LabError::Missing(_)) => return lab::up_or_skip(release).await.and(None),
            Err(error) => panic!("{error}"),
        };
        let manager = format!(
            "ami_address = \"{}\"\nami_secret = \"{}\"",
            lab.ami_addr(),
            lab.secret()
        );
        let centre = Cordboard::start_as(&lab.ari_url(), lab.secret(), &manager, environment);
        let rendered = Command::new(env!("CARGO_BIN_EXE_cordboard"))
            .args(["asterisk", "render", "realtime", "--server"])
            .arg(format!("http://{}", centre.listen))
            .arg("--data")
            .arg(centre.data())
            .arg("--out")
            .arg(lab.folder().join("etc"))
            .output()
            .unwrap();
        assert!(rendered.status.success(), "{rendered:?}");
        lab.restart_asterisk().await.unwrap();
        centre.wait_for_server_state("connected").await;
        let site = Self { lab, centre };
        site.wait_for_manager().await;
        Some(site)
    }

    /// Sets up a phone as those of the lab are; its answer, with the secret.
    pub(super) async fn extension(&self, number: u16) -> Value {
        let fields = fields(number);
        self.centre.post("/v1/extensions", fields).await
    }

    /// Waits until the manager's connection is there: it comes a moment after that of ARI.
    pub(super) async fn wait_for_manager(&self) {
        let probe = self.extension(159).await;
        let began = Instant::now();
        while self.seen(&probe).await["state"] != "live" {
            assert!(
                began.elapsed() < LIMIT,
                "{}\n{}",
                self.seen(&probe).await,
                self.lab.asterisk_log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.delete(&probe).await;
    }

    pub(super) async fn delete(&self, made: &Value) {
        let path = path(made);
        let removed = self.centre.ask(Method::DELETE, &path, None).await;
        assert_eq!(removed.status(), 204);
    }

    pub(super) async fn seen(&self, made: &Value) -> Value {
        self.centre.get(&path(made)).await["provisioned"][0].clone()
    }

    /// The device, with what it was given.
    pub(super) fn phone(&self, number: u16, made: &Value) -> Phone {
        let phone = self.lab.strange_phone(number);
        phone.logs_in_with(made["secret"].as_str().unwrap());
        phone
    }

    pub(super) async fn registers(&self, phone: &Phone) {
        if let Err(error) = phone.register().await {
            panic!("{error}\n{}", self.lab.asterisk_log());
        }
    }

    /// They talk, and hear each other.
    pub(super) async fn talk(&self, from: &Phone, (number, to): (u16, &Phone)) {
        let call = from.calls(&number.to_string()).await.unwrap();
        let rung = to.rings().await;
        let rung = rung.unwrap_or_else(|error| panic!("{error}\n{}", self.lab.asterisk_log()));
        tokio::try_join!(call.hears(to.tone()), rung.hears(from.tone())).unwrap();
        call.hang_up().await.unwrap();
        self.lab.wait_no_channels().await.unwrap();
    }

    /// Nobody can register as it, nor call it.
    pub(super) async fn is_gone(&self, number: u16, phone: &Phone, from: &Phone) {
        assert!(phone.register().await.is_err(), "{number} registers");
        let call = from.calls(&number.to_string()).await.unwrap();
        let ended = call.wait_ended().await.unwrap();
        assert!(!call.is_answered(), "{ended:?}");
    }
}

pub(super) fn path(made: &Value) -> String {
    format!("/v1/extensions/{}", id(made))
}

pub(super) fn fields(number: u16) -> Value {
    json!({
        "number": number.to_string(), "name": "Nora Example", "context": "from-phone", "codecs": ["ulaw", "alaw"],
        "nat": false, "qualify_seconds": 0,
    })
}

/// The state of a phone on the only server.
pub(super) fn state(answer: &Value) -> &str {
    answer["provisioned"][0]["state"].as_str().unwrap()
}

async fn phones_are_live_when_saved_changed_and_removed(release: Release) {
    let Some(site) = Site::start(release).await else {
        return;
    };
    let stranger = site.lab.strange_phone(151);
    assert!(stranger.register().await.is_err(), "it is not set up yet");

    let made = site.extension(151).await;
    let other = site.extension(152).await;
    assert_eq!((state(&made), state(&other)), ("live", "live"), "{made}");
    let (first, second) = (site.phone(151, &made), site.phone(152, &other));
    first.answers_after(Duration::ZERO).await.unwrap();
    second.answers_after(Duration::ZERO).await.unwrap();
    site.lab.wait_endpoint("151", "online").await.unwrap();
    let seen = site.seen(&made).await;
    assert_eq!(seen["contacts"][0]["state"], "registered", "{seen}");
    assert_eq!(seen["contacts"][0]["user_agent"], "lab phone", "{seen}");
    site.talk(&first, (152, &second)).await;
    site.talk(&second, (151, &first)).await;

    // Another secret, with what has a meaning in files.
    let secret = json!({"secret": "a\"; b=c, 100% &+ž"});
    let renewed = format!("{}/secret", path(&other));
    let renewed = site.centre.post(&renewed, secret).await;
    assert_eq!(state(&renewed), "live", "{renewed}");
    assert!(second.register().await.is_err(), "with the old secret");
    let seen = site.seen(&other).await;
    assert_eq!(
        seen["contacts"],
        json!([]),
        "who registered before is not called"
    );

    // Another number: the old one is gone, with who registered as it.
    let mut renamed = fields(153);
    renamed["name"] = json!("Omar Example");
    let renamed = site.centre.put(&path(&made), renamed).await;
    assert_eq!(state(&renamed), "live", "{renamed}");
    let third = site.phone(153, &renamed);
    third.answers_after(Duration::ZERO).await.unwrap();
    site.is_gone(151, &first, &third).await;

    // Switched off, on again, removed.
    let second = site.lab.strange_phone(152);
    let plain = json!({"secret": "plain-secret"});
    let plain = site
        .centre
        .post(&format!("{}/secret", path(&other)), plain)
        .await;
    second.logs_in_with(plain["secret"].as_str().unwrap());
    second.answers_after(Duration::ZERO).await.unwrap();
    site.talk(&third, (152, &second)).await;
    let mut off = fields(152);
    off["active"] = json!(false);
    let off = site.centre.put(&path(&other), off).await;
    assert_eq!(state(&off), "live", "{off}");
    site.is_gone(152, &second, &third).await;
    let on = site.centre.put(&path(&other), fields(152)).await;
    assert_eq!(state(&on), "live", "{on}");
    second.register().await.unwrap();
    site.talk(&third, (152, &second)).await;
    site.delete(&other).await;
    site.is_gone(152, &second, &third).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_are_live_when_saved_changed_and_removed_22() {
    phones_are_live_when_saved_changed_and_removed(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_are_live_when_saved_changed_and_removed_16() {
    phones_are_live_when_saved_changed_and_removed(Release::Asterisk16).await;
}

/// By `cordboard import phones`, as JSON.
fn imported(centre: &Cordboard, file: &str) -> Value {
    std::fs::write(centre.data().join("phones.csv"), file).unwrap();
    by_import(centre, "phones.csv")
}

fn by_import(centre: &Cordboard, words: &str) -> Value {
    std::fs::write(centre.data().join("key"), &centre.key).unwrap();
    let said = Command::new(env!("CARGO_BIN_EXE_cordboard"))
        .args(["--json", "import", "phones"])
        .args(words.split_whitespace())
        .arg("--api")
        .arg(format!("http://{}", centre.listen))
        .args(["--key-file", "key"])
        .current_dir(centre.data())
        .output()
        .unwrap();
    assert!(said.status.success(), "{said:?}");
    serde_json::from_slice(&said.stdout).unwrap()
}

async fn phones_from_a_file_are_live_and_undone(release: Release) {
    let Some(site) = Site::start(release).await else {
        return;
    };
    let header = "number;context;codecs;nat;qualify_seconds;secret\n";
    let row = |number: u16, secret: &str| format!("{number};from-phone;ulaw alaw;no;0;{secret}\n");
    let file = format!("{header}{}{}", row(151, ""), row(152, "first-secret"));
    let report = imported(&site.centre, &file);
    assert_eq!(report["created"], 2, "{report}");
    let (first, second) = (site.lab.strange_phone(151), site.lab.strange_phone(152));
    first.logs_in_with(report["rows"][0]["secret"].as_str().unwrap());
    second.logs_in_with("first-secret");
    first.answers_after(Duration::ZERO).await.unwrap();
    second.answers_after(Duration::ZERO).await.unwrap();
    site.talk(&first, (152, &second)).await;
    site.talk(&second, (151, &first)).await;

    let again = format!("{header}{}{}", row(152, "second-secret"), row(153, ""));
    let again = imported(&site.centre, &again);
    assert_eq!(again["rows"][0]["changes"][0]["field"], "secret", "{again}");
    site.is_gone(152, &second, &first).await;
    let third = site.lab.strange_phone(153);
    third.logs_in_with(again["rows"][1]["secret"].as_str().unwrap());
    site.registers(&third).await;
    second.logs_in_with("second-secret");
    site.registers(&second).await;
    site.talk(&first, (152, &second)).await;

    let undone = by_import(&site.centre, &format!("--undo {}", id(&again)));
    let counts = [&undone["removed"], &undone["restored"]];
    assert_eq!(counts, [1, 1], "{undone}");
    site.is_gone(153, &third, &first).await;
    site.is_gone(152, &second, &first).await;
    second.logs_in_with("first-secret");
    site.registers(&second).await;
    site.talk(&first, (152, &second)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_from_a_file_are_live_and_undone_22() {
    phones_from_a_file_are_live_and_undone(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_from_a_file_are_live_and_undone_16() {
    phones_from_a_file_are_live_and_undone(Release::Asterisk16).await;
}

/// What `cordboard asterisk check` says, and whether it found nothing wrong.
fn checked(centre: &Cordboard) -> (bool, String) {
    let said = Command::new(env!("CARGO_BIN_EXE_cordboard"))
        .args(["asterisk", "check", "--data"])
        .arg(centre.data())
        .output()
        .unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    (said.status.success(), text)
}

/// The same by request, of the only server.
async fn checked_by_request(centre: &Cordboard) -> (bool, String) {
    let servers = centre.get("/v1/servers").await;
    let server = servers["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/servers/{server}/check");
    let checked = centre.post(&path, json!({})).await;
    (checked["ok"] == true, checked["findings"].to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_in_asterisk_is_named_with_the_line_that_mends_it() {
    let Some(site) = Site::start(Release::Asterisk22).await else {
        return;
    };
    site.extension(151).await;
    let (right, text) = checked(&site.centre);
    assert!(
        right && text.contains("Asterisk asks for its phones"),
        "{text}"
    );
    let (right, text) = checked_by_request(&site.centre).await;
    let seen = [
        "Asterisk asks for its phones",
        "go over the event stream's connection",
        "a program is connected as `cordboard`",
    ];
    assert!(right && seen.iter().all(|it| text.contains(it)), "{text}");

    // Nothing of it, and a manager user that may not do enough.
    let Some(bare) = lab::up_or_skip(Release::Asterisk16).await else {
        return;
    };
    let login = |user: &str, secret: &str| {
        format!(
            "ami_address = \"{}\"\nami_user = \"{user}\"\nami_secret = \"{secret}\"",
            bare.ami_addr()
        )
    };
    let secret = bare.secret();
    let centre = Cordboard::start_as(&bare.ari_url(), secret, &login("watcher", secret), &[]);
    centre.wait_for_server_state("connected").await;
    centre.post("/v1/extensions", fields(151)).await;
    let (right, text) = checked(&centre);
    let named = [
        "the manager user watcher may not do enough",
        "write=command lacking",
    ];
    assert!(!right && named.iter().all(|it| text.contains(it)), "{text}");
    let (right, text) = checked_by_request(&centre).await;
    assert!(!right && named.iter().all(|it| text.contains(it)), "{text}");
    drop(centre);

    let centre = Cordboard::start_as(&bare.ari_url(), secret, &login("cordboard", secret), &[]);
    centre.wait_for_server_state("connected").await;
    let made = centre.post("/v1/extensions", fields(151)).await;
    assert_eq!(state(&made), "drifted", "{made}");
    let (right, text) = checked(&centre);
    let named = [
        "load = res_config_curl.so",
        "extconfig.conf does not name ps_endpoints, ps_auths",
        "there is no cache res_pjsip/endpoint",
    ];
    assert!(!right && named.iter().all(|it| text.contains(it)), "{text}");
    drop(centre);

    let centre = Cordboard::start_as(&bare.ari_url(), secret, &login("cordboard", "wrong"), &[]);
    let (right, text) = checked(&centre);
    assert!(
        !right && text.contains("refuses the user cordboard"),
        "{text}"
    );
}

/// Asterisk serves what it knows from its cache; what changed meanwhile is live when Cordboard is back.
#[tokio::test(flavor = "multi_thread")]
async fn phones_call_each_other_while_cordboard_is_away() {
    let Some(mut site) = Site::start(Release::Asterisk22).await else {
        return;
    };
    let (made, other) = (site.extension(151).await, site.extension(152).await);
    let (first, second) = (site.phone(151, &made), site.phone(152, &other));
    first.answers_after(Duration::ZERO).await.unwrap();
    second.answers_after(Duration::ZERO).await.unwrap();
    site.talk(&first, (152, &second)).await;

    site.centre.kill();
    site.talk(&first, (152, &second)).await;
    site.registers(&second).await;
    site.talk(&second, (151, &first)).await;

    site.centre.start_again().await;
    site.wait_for_manager().await;
    let third = site.extension(153).await;
    assert_eq!(state(&third), "live", "{third}");
    site.registers(&site.phone(153, &third)).await;
    site.talk(&first, (152, &second)).await;
}

/// Calls out and in: 7 and a number goes to the provider, whose calls to us ring phone 101.
const DIAL_OUT: &str = "exten => _7X.,1,Dial(PJSIP/${EXTEN:1}@provider,30)\n";
const FROM_PROVIDER: &str = "[from-provider]\nexten => 101,1,Dial(PJSIP/101,30)\n";

/// Waits until our registration at the provider is so.
pub(super) async fn registration(site: &Site, trunk: &str, wanted: &str) {
    let began = Instant::now();
    loop {
        let seen = site.centre.get(trunk).await["provisioned"][0].clone();
        if seen["registration"] == wanted {
            return;
        }
        assert!(began.elapsed() < LIMIT, "{wanted}: {seen}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The provider is another Asterisk, where we are its phone 101.
#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_registers_calls_out_and_is_called() {
    let Some(site) = Site::start(Release::Asterisk22).await else {
        return;
    };
    let provider = lab::up(Release::Asterisk22).await.unwrap();
    let write = |name, text| site.lab.write_config(name, text).unwrap();
    write("extensions_from_phone.conf", DIAL_OUT);
    write(
        "extensions_more.conf",
        &format!("{DIALPLAN}{FROM_PROVIDER}"),
    );
    site.lab.console("dialplan reload").await.unwrap();
    site.extension(151).await;

    let fields = |password: &str| {
        json!({
            "name": "provider", "host": "127.0.0.1", "port": provider.sip_addr().port(), "username": "101",
            "password": password, "registers": true, "addresses": ["127.0.0.9"], "codecs": ["ulaw"],
        })
    };
    let made = site
        .centre
        .post("/v1/trunks", fields(provider.secret()))
        .await;
    assert_eq!(state(&made), "live", "{made}");
    let trunk = format!("/v1/trunks/{}", id(&made));
    registration(&site, &trunk, "Registered").await;

    let (ours, theirs) = (site.lab.phone(101), provider.phone(102));
    ours.answers_after(Duration::ZERO).await.unwrap();
    theirs.answers_after(Duration::ZERO).await.unwrap();
    for (from, number, to) in [(&ours, "7102", &theirs), (&theirs, "101", &ours)] {
        let call = from.calls(number).await.unwrap();
        let rung = to.rings().await;
        let rung =
            rung.unwrap_or_else(|error| panic!("{number}: {error}\n{}", site.lab.asterisk_log()));
        tokio::try_join!(call.hears(to.tone()), rung.hears(from.tone())).unwrap();
        call.hang_up().await.unwrap();
        site.lab.wait_no_channels().await.unwrap();
    }

    // Whoever calls from elsewhere does not get in by its name.
    let stranger = site.lab.trunk_caller().with_number("provider");
    let stranger = stranger.with_address("127.0.0.1".parse().unwrap());
    let call = stranger.calls("101").await.unwrap();
    call.wait_ended().await.unwrap();
    assert!(!call.is_answered());

    let wrong = site.centre.put(&trunk, fields("wrong password")).await;
    assert_eq!(state(&wrong), "live", "{wrong}");
    registration(&site, &trunk, "Rejected").await;
    let removed = site.centre.ask(Method::DELETE, &trunk, None).await;
    assert_eq!(removed.status(), 204);
    let call = ours.calls("7102").await.unwrap();
    call.wait_ended().await.unwrap();
    assert!(!call.is_answered());
    let left = site.lab.console("pjsip show registrations").await.unwrap();
    assert!(left.contains("No objects found"), "{left}");
}
