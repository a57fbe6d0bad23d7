//! The dialplan in a real Asterisk: what is simulated is what phones and callers get.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use lab::{Call, Outcome, Phone, Release, Tone};
use serde_json::{Value, json};

use super::{LIMIT, id, realtime::Site};

const CONTEXTS: &str = "/v1/dialplan/contexts";
/// Whence calls of the trunk come.
const PROVIDER: &str = "127.0.0.3";

/// Two phones and two ways out, of which the first takes no calls: it leads to Asterisk itself, which knows no such caller.
struct Centre {
    site: Site,
    first: Phone,
    second: Phone,
    far_end: Phone,
    agents: String,
    provider: String,
}

fn phone(number: u16) -> Value {
    json!({
        "number": number.to_string(), "codecs": ["ulaw"], "nat": false, "qualify_seconds": 0, "context": "agents",
    })
}

/// Called with an international prefix.
fn trunk(name: &str, (host, port): (&str, u16), from: &str, priority: u16) -> Value {
    let rules = json!([{"prefix": "421", "prepend": "00"}]);
    json!({
        "outbound": {"priority": priority, "rules": rules},
        "name": name, "host": host, "port": port, "addresses": [from], "codecs": ["ulaw"], "qualify_seconds": 0,
        "context": "from-provider",
    })
}

fn rules(queue: &str) -> Value {
    json!([
        {"pattern": "_15X", "action": {"type": "phone"}},
        {"pattern": "_0Z.", "action": {"type": "out", "strip": 1, "prepend": "+421", "present": "+4215550100"}},
        {"pattern": "_00.", "action": {"type": "go_to", "context": "abroad"}},
        {"pattern": "500", "action": {"type": "queue", "queue": queue}},
        {"pattern": "700", "action": {"type": "announce", "sound": "overflow"}},
        {"pattern": "666", "action": {"type": "hang_up", "cause": "number_changed"}},
        {"pattern": "_16X", "action": {"type": "phone", "unanswered": "words"}},
        {"pattern": "_16X", "action": {"type": "hang_up", "cause": "busy"}},
    ])
}

impl Centre {
    async fn start(release: Release) -> Option<Self> {
        let site = Site::start(release).await?;
        let centre = &site.centre;
        let support = centre.queue("support", json!({"wrap_up_seconds": 0})).await;
        // The phones are there before their context is: until then it is the site's own.
        let made = centre.post("/v1/extensions", phone(151)).await;
        let other = centre.post("/v1/extensions", phone(152)).await;
        let refused = json!({"type": "hang_up", "cause": "rejected"});
        let abroad = json!({"name": "abroad", "rules": [{"pattern": "_00X.", "action": refused}]});
        centre.post(CONTEXTS, abroad).await;
        let agents = json!({"name": "agents", "rules": rules(&support)});
        let agents = centre.post(CONTEXTS, agents).await;
        let incoming = json!({"name": "from-provider", "rules": [
            {"pattern": "_5550X", "action": {"type": "phone", "number": "152"}},
        ]});
        centre.post(CONTEXTS, incoming).await;
        let (own, far) = (site.lab.sip_addr(), site.lab.far_end_addr());
        let away = trunk("away", ("127.0.0.1", own.port()), "127.0.0.9", 1);
        centre.post("/v1/trunks", away).await;
        let provider = trunk("provider", (&far.ip().to_string(), far.port()), PROVIDER, 2);
        let provider = centre.post("/v1/trunks", provider).await;
        let (first, second) = (site.phone(151, &made), site.phone(152, &other));
        for (phone, made) in [(&first, &made), (&second, &other)] {
            phone.answers_after(Duration::ZERO).await.unwrap();
            let path = format!("/v1/extensions/{}", id(made));
            let began = Instant::now();
            while site.centre.get(&path).await["provisioned"][0]["state"] != "live" {
                assert!(began.elapsed() < LIMIT, "the context is not taken over");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        let far_end = site.lab.far_end();
        far_end.answers_after(Duration::ZERO).await.unwrap();
        let agents = format!("{CONTEXTS}/{}", id(&agents));
        Some(Self {
            site,
            first,
            second,
            far_end,
            agents,
            provider: format!("/v1/trunks/{}", id(&provider)),
        })
    }

    /// Where a call of the first phone ends up, as it is said beforehand.
    async fn simulated(&self, dialled: &str) -> Value {
        let question = json!({"from": "151", "dialled": dialled});
        let path = "/v1/dialplan/simulate";
        self.site.centre.post(path, question).await["end"].clone()
    }

    async fn dials(&self, dialled: &str) -> Call {
        self.first.calls(dialled).await.unwrap()
    }

    async fn is_refused(&self, dialled: &str, status: u16) {
        let ended = self.dials(dialled).await.wait_ended().await.unwrap();
        let log = self.site.lab.asterisk_log();
        assert_eq!(ended.outcome, Outcome::Refused(status), "{dialled}: {log}");
    }

    async fn hear_each_other(&self, call: &Call, rung: &Call, to: &Phone) {
        let heard = tokio::try_join!(call.hears(to.tone()), rung.hears(self.first.tone()));
        heard.unwrap_or_else(|error| panic!("{error}\n{}", self.site.lab.asterisk_log()));
    }

    async fn is_over(&self, call: &Call) {
        call.hang_up().await.unwrap();
        self.site.lab.wait_no_channels().await.unwrap();
    }

    async fn rings(&self, phone: &Phone) -> Call {
        let rung = phone.rings().await;
        rung.unwrap_or_else(|error| panic!("{error}\n{}", self.site.lab.asterisk_log()))
    }

    async fn phones_ring(&self) {
        let end = self.simulated("152").await;
        assert_eq!(
            (&end["kind"], &end["exists"]),
            (&json!("phone"), &json!(true))
        );
        self.site.talk(&self.first, (152, &self.second)).await;
        self.second.is_busy().await.unwrap();
        self.is_refused("152", 486).await;
        self.rings(&self.second).await;
        // No phone has this number: the rule behind holds.
        assert_eq!(self.simulated("161").await["q850"], 17);
        self.is_refused("161", 486).await;
        assert_eq!(self.simulated("159").await["kind"], "no_rule");
        self.is_refused("159", 404).await;
        self.second.answers_after(Duration::ZERO).await.unwrap();
    }

    async fn the_second_trunk_takes_the_call(&self) {
        let end = self.simulated("0905550123").await;
        let number = "00421905550123";
        let trunks =
            json!([{"trunk": "away", "number": number}, {"trunk": "provider", "number": number}]);
        let wanted = json!({"kind": "out", "number": "+421905550123", "read_as": "number", "why": null, "presented": "+4215550100", "trunks": trunks});
        assert_eq!(end, wanted);
        let call = self.dials("0905550123").await;
        let rung = self.rings(&self.far_end).await;
        assert_eq!((rung.to(), rung.from()), (number, "+4215550100"));
        self.hear_each_other(&call, &rung, &self.far_end).await;
        self.is_over(&call).await;
        // What the network says is what the phone gets.
        self.far_end.is_busy().await.unwrap();
        self.is_refused("0905550124", 486).await;
        self.rings(&self.far_end).await;
        self.far_end.answers_after(Duration::ZERO).await.unwrap();
    }

    /// What is up on a trunk counts, whoever dialled.
    async fn a_full_trunk_is_passed_over(&self) {
        let far = self.site.lab.far_end_addr();
        let provider = |max_channels: Value| {
            let mut fields = trunk("provider", (&far.ip().to_string(), far.port()), PROVIDER, 2);
            fields["outbound"]["max_channels"] = max_channels;
            self.site.centre.put(&self.provider, fields)
        };
        provider(json!(1)).await;
        let trunks = async || self.simulated("0905550123").await["trunks"].clone();
        let names = |trunks: &Value| trunks.as_array().unwrap().len();
        assert_eq!(names(&trunks().await), 2);
        let call = self.dials("0905550123").await;
        let rung = self.rings(&self.far_end).await;
        self.hear_each_other(&call, &rung, &self.far_end).await;
        let left = trunks().await;
        assert_eq!((names(&left), &left[0]["trunk"]), (1, &json!("away")));
        self.is_refused("0905550127", 403).await;
        self.is_over(&call).await;
        let call = self.dials("0905550128").await;
        self.rings(&self.far_end).await;
        self.is_over(&call).await;
        provider(Value::Null).await;
    }

    async fn queues_and_sounds_are_reached(&self) {
        let queue = self.simulated("500").await["queue"].clone();
        let agent = self
            .site
            .centre
            .agent("Ann Example", 152, &[queue.as_str().unwrap()])
            .await;
        let call = self.dials("500").await;
        let rung = self.rings(&self.second).await;
        self.hear_each_other(&call, &rung, &self.second).await;
        self.is_over(&call).await;
        self.site.centre.set_state(&agent, "offline").await;

        assert_eq!(self.simulated("700").await["sound"], "overflow");
        let call = self.dials("700").await;
        let heard = call.hears(Tone::OVERFLOW).await;
        heard.unwrap_or_else(|error| panic!("{error}\n{}", self.site.lab.asterisk_log()));
        assert_eq!(
            call.wait_ended().await.unwrap().outcome,
            Outcome::HungUpByThem
        );
    }

    async fn calls_are_refused(&self) {
        for (dialled, q850, status) in [("666", 22, 410), ("00421905", 21, 403)] {
            assert_eq!(self.simulated(dialled).await["q850"], q850, "{dialled}");
            self.is_refused(dialled, status).await;
        }
        for odd in ["999", "*1", "s", "a1"] {
            self.is_refused(odd, 404).await;
        }
    }

    async fn a_change_holds_at_the_next_call(&self) {
        let new = json!([{"pattern": "701", "action": {"type": "hang_up", "cause": "no_line"}}, {"pattern": "_X.", "action": {"type": "phone"}}]);
        self.is_refused("701", 404).await;
        let body = json!({"name": "agents", "rules": new});
        self.site.centre.put(&self.agents, body).await;
        assert_eq!(self.simulated("701").await["q850"], 34);
        // Asterisk keeps what it was told for a second.
        let began = Instant::now();
        loop {
            let ended = self.dials("701").await.wait_ended().await.unwrap();
            if ended.outcome == Outcome::Refused(503) {
                break;
            }
            assert!(began.elapsed() < LIMIT, "{ended:?}");
        }
        self.site.talk(&self.first, (152, &self.second)).await;
    }

    /// A phone may send its caller on by its own rules; whoever called in, or is called, may not by theirs.
    async fn nobody_gets_out_through_a_trunk(&self) {
        let caller = self
            .site
            .lab
            .trunk_caller()
            .with_address(PROVIDER.parse().unwrap());
        let call = caller.calls("0905550199").await.unwrap();
        let ended = call.wait_ended().await.unwrap();
        assert_eq!(
            ended.outcome,
            Outcome::Refused(404),
            "{}",
            self.site.lab.asterisk_log()
        );
        let call = caller.calls("55501").await.unwrap();
        let rung = self.rings(&self.second).await;
        rung.hears(caller.tone()).await.unwrap();
        rung.transfer_to("0905550125").unwrap();
        let far = self.rings(&self.far_end).await;
        assert_eq!(far.to(), "00421905550125");
        far.hears(caller.tone()).await.unwrap();
        self.is_over(&call).await;

        let before = self.far_end.calls_received().len();
        let call = self.dials("0905550126").await;
        let far = self.rings(&self.far_end).await;
        self.hear_each_other(&call, &far, &self.far_end).await;
        far.transfer_to("0905550198").unwrap();
        let ended = call.wait_ended().await;
        ended.unwrap_or_else(|error| panic!("{error}\n{}", self.site.lab.asterisk_log()));
        self.site.lab.wait_no_channels().await.unwrap();
        assert_eq!(self.far_end.calls_received().len(), before + 1);
    }
}

async fn what_is_simulated_is_what_callers_get(release: Release) {
    let Some(mut centre) = Centre::start(release).await else {
        return;
    };
    centre.phones_ring().await;
    centre.the_second_trunk_takes_the_call().await;
    centre.a_full_trunk_is_passed_over().await;
    centre.queues_and_sounds_are_reached().await;
    centre.calls_are_refused().await;
    centre.nobody_gets_out_through_a_trunk().await;
    centre.a_change_holds_at_the_next_call().await;
    let checked = Command::new(env!("CARGO_BIN_EXE_cordboard"))
        .args(["asterisk", "check", "--data"])
        .arg(centre.site.centre.data())
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");
    let said = Command::new(env!("CARGO_BIN_EXE_cordboard"))
        .args(["asterisk", "dial", "701", "--from", "151", "--data"])
        .arg(centre.site.centre.data())
        .output()
        .unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(
        text.ends_with("the call is hung up with cause 34\n"),
        "{text}"
    );

    // Without Cordboard phones get the congestion tone, at once.
    centre.site.centre.kill();
    let began = Instant::now();
    centre.is_refused("152", 503).await;
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    centre.site.centre.start_again().await;
    centre.site.talk(&centre.first, (152, &centre.second)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_simulated_is_what_callers_get_22() {
    what_is_simulated_is_what_callers_get(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_simulated_is_what_callers_get_16() {
    what_is_simulated_is_what_callers_get(Release::Asterisk16).await;
}

const PATTERNS: &[&str] = &[
    "112",
    "_01XX",
    "_0[12]X",
    "_0[13]X",
    "_0NXX",
    "_0Z.",
    "_0X",
    "_0XX",
    "_0.",
    "_0!",
    "_[1-3]X",
    "_[1-3]!",
    "_NXX",
    "_ZXX",
    "_XXXX.",
    "_XXXX!",
    "_XXXX",
    "_X.",
    "_X!",
    "_1[13-5]X",
    "_1[3-57]X",
    "_+X.",
    "_[*#]X!",
    "_[0*]X.",
    "*97",
    "_*9X",
];
const DIALLED: &[&str] = &[
    "112",
    "0",
    "01",
    "012",
    "0123",
    "0905550123",
    "013",
    "023",
    "1",
    "11",
    "111",
    "117",
    "137",
    "200",
    "2000",
    "20000",
    "+421",
    "*97",
    "*98",
    "*0",
    "#1",
    "00",
    "777",
];

/// Asterisk shows what fits in the order in which it tries it.
#[tokio::test(flavor = "multi_thread")]
async fn patterns_fit_and_are_tried_as_in_asterisk() {
    let Some(site) = Site::start(Release::Asterisk22).await else {
        return;
    };
    let static_rules: Vec<String> = PATTERNS
        .iter()
        .rev()
        .map(|pattern| format!("exten => {pattern},1,NoOp()\n"))
        .collect();
    let file = format!(
        "{}[ordered]\n{}",
        super::realtime::DIALPLAN,
        static_rules.concat()
    );
    site.lab
        .write_config("extensions_more.conf", &file)
        .unwrap();
    site.lab.console("dialplan reload").await.unwrap();
    let hang_up = json!({"type": "hang_up"});
    let rules = PATTERNS
        .iter()
        .map(|pattern| json!({"pattern": pattern, "action": hang_up}));
    let context = json!({"name": "ordered", "rules": rules.collect::<Vec<_>>()});
    site.centre.post(CONTEXTS, context).await;
    for dialled in DIALLED {
        let shown = site
            .lab
            .console(&format!("dialplan show {dialled}@ordered"))
            .await;
        let shown = shown.unwrap_or_default();
        let theirs: Vec<&str> = shown
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix('\'')?.split_once("' =>"))
            .map(|(pattern, _)| pattern)
            .collect();
        let question = json!({"from": "ordered", "dialled": dialled});
        let ours = site.centre.post("/v1/dialplan/simulate", question).await;
        let ours = ours["steps"][0]["rules"].as_array().unwrap().clone();
        let ours: Vec<String> = ours
            .iter()
            .filter(|rule| rule["fits"] == true)
            .map(|rule| rule["pattern"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(ours, theirs, "{dialled}: {shown}");
    }
}
