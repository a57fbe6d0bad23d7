//! Our numbers in a real Asterisk: to a phone, an announcement, a menu, an agent, a queue.

use std::time::Duration;

use lab::{Call, Outcome, Phone, Release, Tone};
use serde_json::{Value, json};

use super::{id, realtime::Site};

/// Whence calls of the trunk come.
const PROVIDER: &str = "127.0.0.3";
const ANNOUNCED: &str = "5550102";
const IN_QUEUE: &str = "5550105";

struct Centre {
    site: Site,
    at_desk: Phone,
    ann: Phone,
    joe: Phone,
    agents: [String; 2],
}

impl Centre {
    async fn start(release: Release) -> Option<Self> {
        let site = Site::start(release).await?;
        let centre = &site.centre;
        let sales = centre.queue("sales", json!({"wrap_up_seconds": 0})).await;
        let phone = json!({"number": "151", "codecs": ["ulaw"], "nat": false, "qualify_seconds": 0, "context": "inside"});
        let made = centre.post("/v1/extensions", phone).await;
        let contexts = [
            (
                "inside",
                json!([{"pattern": "_1XX", "action": {"type": "phone"}}]),
            ),
            (
                "choice",
                json!([
                    {"pattern": "1", "action": {"type": "go_to", "context": "desk"}},
                    {"pattern": "2", "action": {"type": "announce", "sound": "beep-again"}},
                ]),
            ),
        ];
        let desk = json!({"name": "desk", "rules": [{"pattern": "1", "action": {"type": "phone", "number": "151"}}]});
        centre.post("/v1/dialplan/contexts", desk).await;
        for (name, rules) in contexts {
            let context = json!({"name": name, "rules": rules});
            centre.post("/v1/dialplan/contexts", context).await;
        }
        let menu = json!({"type": "menu", "sound": "overflow", "context": "choice", "wait_seconds": 1, "tries": 2,
            "choices": [{"key": "1", "dial": "1"}, {"key": "*", "dial": "2"}]});
        let menu = json!({"name": "welcome", "rules": [{"pattern": "_X.", "action": menu}]});
        centre.post("/v1/dialplan/contexts", menu).await;
        let incoming = json!({"name": "from-provider", "rules": [
            {"pattern": "_X.", "action": {"type": "did"}},
            {"pattern": "5550199", "action": {"type": "did"}},
            {"pattern": "_555019X", "action": {"type": "hang_up", "cause": "number_changed"}},
        ]});
        centre.post("/v1/dialplan/contexts", incoming).await;
        let far = site.lab.far_end_addr();
        let provider = json!({
            "name": "provider", "host": far.ip().to_string(), "port": far.port(), "addresses": [PROVIDER], "codecs": ["ulaw"],
            "qualify_seconds": 0, "context": "from-provider",
        });
        centre.post("/v1/trunks", provider).await;
        let (ann, joe) = (site.lab.phone(101), site.lab.phone(102));
        let agents = [
            centre.agent("Ann Example", 101, &[&sales]).await,
            centre.agent("Joe Example", 102, &[&sales]).await,
        ];
        for (number, to) in [
            ("5550101", json!({"type": "phone", "number": "151"})),
            (ANNOUNCED, json!({"type": "announce", "sound": "overflow"})),
            ("5550103", json!({"type": "context", "context": "welcome"})),
            (
                "5550104",
                json!({"type": "agent", "agent": agents[1], "queue": sales, "wait_seconds": 2}),
            ),
            (IN_QUEUE, json!({"type": "queue", "queue": sales})),
            (
                "+5550106",
                json!({"type": "context", "context": "choice", "number": "1"}),
            ),
        ] {
            let did = json!({"number": number, "to": to});
            centre.post("/v1/dids", did).await;
        }
        let at_desk = site.phone(151, &made);
        site.registers(&at_desk).await;
        for phone in [&at_desk, &ann, &joe] {
            phone.answers_after(Duration::ZERO).await.unwrap();
        }
        Some(Self {
            site,
            at_desk,
            ann,
            joe,
            agents,
        })
    }

    /// A call of somebody new, and what they say.
    async fn calls(&self, number: &str) -> (Call, Tone) {
        let caller = self.site.lab.trunk_caller();
        let caller = caller.with_address(PROVIDER.parse().unwrap());
        (caller.calls(number).await.unwrap(), caller.tone())
    }

    /// The caller and the phone hear each other, and the caller hangs up.
    async fn talks(&self, (call, says): (Call, Tone), to: &Phone) {
        let rung = to.rings().await;
        let rung = rung.unwrap_or_else(|error| panic!("{error}\n{}", self.site.lab.asterisk_log()));
        let heard = tokio::try_join!(call.hears(to.tone()), rung.hears(says));
        heard.unwrap_or_else(|error| panic!("{error}\n{}", self.site.lab.asterisk_log()));
        call.hang_up().await.unwrap();
        self.site.lab.wait_no_channels().await.unwrap();
    }

    async fn hears(&self, call: &Call, tone: Tone) {
        let heard = call.hears(tone).await;
        heard.unwrap_or_else(|error| panic!("{error}\n{}", self.site.lab.asterisk_log()));
    }

    async fn is_refused(&self, number: &str, status: u16) {
        let ended = self.calls(number).await.0.wait_ended().await.unwrap();
        assert_eq!(ended.outcome, Outcome::Refused(status), "{number}");
    }

    async fn last_call(&self) -> Value {
        let calls = self.site.centre.get("/v1/calls?limit=1").await;
        calls["items"][0].clone()
    }

    async fn numbers_lead_past_the_queues(&self) {
        self.talks(self.calls("5550101").await, &self.at_desk).await;
        self.talks(self.calls("5550106").await, &self.at_desk).await;
        let (announced, _) = self.calls(ANNOUNCED).await;
        self.hears(&announced, Tone::OVERFLOW).await;
        let ended = announced.wait_ended().await.unwrap();
        assert_eq!(ended.outcome, Outcome::HungUpByThem);
        self.is_refused("5550177", 404).await;
        self.is_refused("5550199", 410).await;
    }

    async fn a_key_chooses(&self) {
        let (call, says) = self.calls("5550103").await;
        self.hears(&call, Tone::OVERFLOW).await;
        call.press("1");
        self.talks((call, says), &self.at_desk).await;
        // A key that is not there, and none at all: it is heard once more, and then the call is over.
        let (call, _) = self.calls("5550103").await;
        self.hears(&call, Tone::OVERFLOW).await;
        call.press("7");
        let ended = call.wait_ended().await;
        let ended =
            ended.unwrap_or_else(|error| panic!("{error}\n{}", self.site.lab.asterisk_log()));
        assert_eq!(ended.outcome, Outcome::HungUpByThem);
        let log = std::fs::read_to_string(self.site.lab.folder().join("log/full")).unwrap();
        let heard = log.matches(", \"CORDBOARD_KEY,overflow,").count();
        assert_eq!(heard, 3, "{log}");
    }

    async fn an_agent_is_asked_first(&self) {
        let centre = &self.site.centre;
        let [ann, joe] = &self.agents;
        // Ann has been free for longer.
        centre.set_state(ann, "available").await;
        centre.set_state(joe, "available").await;
        self.talks(self.calls("5550104").await, &self.joe).await;
        self.talks(self.calls(IN_QUEUE).await, &self.ann).await;
        // Who is away is not waited for.
        centre.set_state(joe, "break").await;
        self.talks(self.calls("5550104").await, &self.ann).await;
        assert_eq!(self.last_call().await["outcome"], "answered");
    }

    /// By `Stasis()` alone, as a site's own dialplan has it.
    async fn a_call_that_waits_for_us_is_sent_on(&self) {
        let log = self.site.lab.asterisk_log();
        let direct = self.site.lab.trunk_caller();
        let call = direct.calls(ANNOUNCED).await.unwrap();
        let heard = call.hears(Tone::OVERFLOW).await;
        heard.unwrap_or_else(|error| panic!("{error}\n{log}"));
        call.wait_ended().await.unwrap();
        let call = self.last_call().await;
        let told = (&call["outcome"], &call["dialled"], &call["queue"]);
        assert_eq!(
            told,
            (&json!("overflowed"), &json!(ANNOUNCED), &Value::Null)
        );
    }
}

async fn numbers_lead_where_they_say(release: Release) {
    let Some(centre) = Centre::start(release).await else {
        return;
    };
    centre.numbers_lead_past_the_queues().await;
    centre.a_key_chooses().await;
    centre.an_agent_is_asked_first().await;
    centre.a_call_that_waits_for_us_is_sent_on().await;
    let dids = centre.site.centre.get("/v1/dids").await;
    assert_eq!(dids["items"].as_array().unwrap().len(), 6);
    assert!(!id(&dids["items"][0]).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_lead_where_they_say_22() {
    numbers_lead_where_they_say(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_lead_where_they_say_16() {
    numbers_lead_where_they_say(Release::Asterisk16).await;
}
