//! Calls that go out by trunks of Cordboard's own: the first that can takes them, as it wants them dialled, and no more than it
//! may have.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use lab::{Phone, Port, Release};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::{LIMIT, id, realtime::Site};

const PERSON: &str = "+421255501000";
/// Where the customer is reached without any of our numbers.
const OWN_NUMBER: (&str, &str) = ("CORDBOARD__CALLER_ID__OR_TRUNK_NUMBER", "true");

/// An agent at the phone 101, and providers of which each is a SIP device.
struct Trunks {
    site: Site,
    agent: String,
    phone: Phone,
}

/// A provider, with the trunk that leads there.
struct Provider {
    far_end: Phone,
    trunk: String,
    _port: Port,
}

impl Trunks {
    async fn start(release: Release) -> Option<Self> {
        let site = Site::start_with(release, &[OWN_NUMBER]).await?;
        let sales = site
            .centre
            .queue("sales", json!({"wrap_up_seconds": 0}))
            .await;
        let phone = site.lab.phone(101);
        phone.answers_after(Duration::ZERO).await.unwrap();
        let agent = site.centre.agent("Ann Example", 101, &[&sales]).await;
        Some(Self { site, agent, phone })
    }

    async fn provider(&self, name: &str, outbound: Value) -> Provider {
        let port = Port::reserve().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port.number()));
        let fields = json!({
            "name": name, "host": "127.0.0.1", "port": port.number(), "addresses": ["127.0.0.9"], "codecs": ["ulaw"],
            "qualify_seconds": 0, "outbound": outbound,
        });
        let made = self.site.centre.post("/v1/trunks", fields).await;
        assert_eq!(made["provisioned"][0]["state"], "live", "{made}");
        Provider {
            far_end: self.site.lab.far_end_at(address),
            trunk: id(&made),
            _port: port,
        }
    }

    async fn ask(&self) -> Response {
        let centre = &self.site.centre;
        let body = json!({"to": PERSON, "agent": self.agent});
        let request = centre
            .http
            .post(format!("http://{}/v1/calls", centre.listen));
        let request = request.bearer_auth(&centre.key).json(&body).timeout(LIMIT);
        request.send().await.unwrap()
    }

    async fn place(&self) -> String {
        let answer = self.ask().await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{text}");
        id(&serde_json::from_str(&text).unwrap())
    }

    /// The two hear each other; then the customer hangs up.
    async fn talks(&self, provider: &Provider, dialled: &str) {
        let at_agent = self.phone.rings().await.unwrap();
        let at_person = provider.far_end.rings().await;
        let log = || self.site.lab.asterisk_log();
        let at_person = at_person.unwrap_or_else(|error| panic!("{error}\n{}", log()));
        assert_eq!(at_person.to(), dialled);
        tokio::try_join!(
            at_agent.hears(provider.far_end.tone()),
            at_person.hears(self.phone.tone())
        )
        .unwrap();
        at_person.hang_up().await.unwrap();
    }

    /// The call once it has ended, with the trunks that it was given to. Its events are in the log a moment after it has ended.
    async fn over(&self, call: &str) -> (Value, Vec<Route>) {
        let path = format!("/v1/calls/{call}");
        let is = |event: &&Value, kind: &str| event["type"] == kind;
        let began = Instant::now();
        loop {
            let events = self.site.centre.get(&format!("{path}/events")).await;
            let events = events["items"].as_array().unwrap();
            if events.iter().any(|event| is(&event, "call_ended")) {
                self.site.lab.wait_no_channels().await.unwrap();
                let routed = events.iter().filter(|event| is(event, "call_routed"));
                return (
                    self.site.centre.get(&path).await,
                    routed.map(route).collect(),
                );
            }
            assert!(began.elapsed() < LIMIT, "{events:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What each trunk would say to such a call.
    async fn verdicts(&self) -> Vec<(String, String)> {
        let path = format!("/v1/trunks/explain?to={}", PERSON.replace('+', "%2B"));
        let explained = self.site.centre.get(&path).await;
        let trunks = explained["trunks"].as_array().unwrap().iter();
        let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
        trunks
            .map(|one| (text(one, "name"), text(one, "verdict")))
            .collect()
    }

    /// Waits until they say so.
    async fn say(&self, wanted: &[(&str, &str)]) {
        let began = Instant::now();
        loop {
            let said = self.verdicts().await;
            let said: Vec<_> = said.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            if said == wanted {
                return;
            }
            assert!(began.elapsed() < LIMIT, "{said:?}, not {wanted:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The trunk, the number as it was dialled there, and the cause for which the trunk before did not take it.
type Route = (String, String, Option<u64>);

fn route(event: &Value) -> Route {
    let text = |key: &str| event[key].as_str().unwrap().to_owned();
    let after = event["after_cause"].as_u64();
    (text("trunk"), text("dialled"), after)
}

/// A trunk that is tried after others, with a larger number later.
fn with_priority(priority: u16) -> Value {
    json!({"priority": priority, "rules": [{"prefix": "421", "strip": 3, "prepend": "0"}]})
}

async fn the_next_trunk_takes_a_call_that_the_first_cannot(release: Release) {
    let Some(trunks) = Trunks::start(release).await else {
        return;
    };
    let refused = trunks.ask().await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let first = trunks.provider("first", with_priority(1)).await;
    let second = trunks.provider("second", json!({"priority": 2})).await;
    first.far_end.answers_after(Duration::ZERO).await.unwrap();
    second.far_end.answers_after(Duration::ZERO).await.unwrap();

    let call = trunks.place().await;
    trunks.talks(&first, "0255501000").await;
    let (over, routes) = trunks.over(&call).await;
    assert_eq!(over["outcome"], "answered");
    assert_eq!(over["placed"]["trunk"], "first");
    assert_eq!(routes, [("first".into(), "0255501000".into(), None)]);

    first.far_end.refuses(503).await.unwrap();
    let call = trunks.place().await;
    trunks.talks(&second, "421255501000").await;
    let (over, routes) = trunks.over(&call).await;
    assert_eq!(over["outcome"], "answered");
    assert_eq!(over["placed"]["trunk"], "second");
    let after = routes[1].2;
    assert!(matches!(after, Some(34 | 42)), "{routes:?}");
    let names: Vec<_> = routes.iter().map(|route| route.0.as_str()).collect();
    assert_eq!(names, ["first", "second"]);
    // It comes last for a while.
    trunks
        .say(&[("second", "takes"), ("first", "takes_after_failure")])
        .await;

    // Who is busy was reached: nobody calls them once more.
    second.far_end.is_busy().await.unwrap();
    let call = trunks.place().await;
    let (over, routes) = trunks.over(&call).await;
    assert_eq!(over["outcome"], "not_reached");
    assert_eq!(over["hangup_cause"], 17);
    assert_eq!(routes.len(), 1, "{routes:?}");

    second.far_end.refuses(503).await.unwrap();
    let call = trunks.place().await;
    let (over, routes) = trunks.over(&call).await;
    assert_eq!(over["outcome"], "not_reached");
    assert_eq!(over["ended_by"], "system");
    assert_eq!(routes.len(), 2, "{routes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_trunk_takes_a_call_that_the_first_cannot_22() {
    the_next_trunk_takes_a_call_that_the_first_cannot(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_trunk_takes_a_call_that_the_first_cannot_16() {
    the_next_trunk_takes_a_call_that_the_first_cannot(Release::Asterisk16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_has_no_more_calls_than_it_may_and_those_that_come_in_count() {
    let Some(mut trunks) = Trunks::start(Release::Asterisk22).await else {
        return;
    };
    let write = |name, text| trunks.site.lab.write_config(name, text).unwrap();
    write("extensions_more.conf", COMES_IN);
    trunks.site.lab.console("dialplan reload").await.unwrap();
    let one = json!({"max_channels": 1});
    let provider = trunks.provider("provider", one).await;
    provider
        .far_end
        .answers_after(Duration::ZERO)
        .await
        .unwrap();

    let call = trunks.place().await;
    let at_person = provider.far_end.rings().await.unwrap();
    at_person.hears(trunks.phone.tone()).await.unwrap();
    trunks.say(&[("provider", "full")]).await;
    at_person.hang_up().await.unwrap();
    trunks.over(&call).await;
    trunks.say(&[("provider", "takes")]).await;

    let caller = trunks.site.lab.trunk_caller();
    let caller = caller.with_address("127.0.0.9".parse().unwrap());
    let came_in = caller.calls("800").await.unwrap();
    came_in.wait_answered().await.unwrap();
    trunks.say(&[("provider", "full")]).await;
    trunks.site.centre.kill();
    trunks.site.centre.start_again().await;
    trunks.say(&[("provider", "full")]).await;
    let refused = trunks.ask().await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let told: Value = refused.json().await.unwrap();
    let detail = told["detail"].as_str().unwrap();
    assert!(
        detail.contains("has 1 calls up, and may have 1"),
        "{detail}"
    );
    came_in.hang_up().await.unwrap();
    trunks.say(&[("provider", "takes")]).await;

    let path = format!("/v1/trunks/{}", provider.trunk);
    let gone = trunks.site.centre.ask(Method::DELETE, &path, None).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(trunks.ask().await.status(), StatusCode::CONFLICT);
}

const COMES_IN: &str = "[from-provider]\nexten => 800,1,Answer()\nsame => n,Wait(60)\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_that_does_not_answer_is_given_no_call() {
    let Some(trunks) = Trunks::start(Release::Asterisk22).await else {
        return;
    };
    let lost = json!({
        "name": "lost", "host": "127.0.0.1", "port": 9, "codecs": ["ulaw"], "qualify_seconds": 1,
        "outbound": {"priority": 1},
    });
    trunks.site.centre.post("/v1/trunks", lost).await;
    trunks.say(&[("lost", "unreachable")]).await;
    let there = trunks.provider("there", json!({})).await;
    there.far_end.answers_after(Duration::ZERO).await.unwrap();
    let call = trunks.place().await;
    trunks.talks(&there, "421255501000").await;
    let (_, routes) = trunks.over(&call).await;
    assert_eq!(routes, [("there".into(), "421255501000".into(), None)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_is_looked_at_with_a_silent_call() {
    let Some(trunks) = Trunks::start(Release::Asterisk22).await else {
        return;
    };
    let provider = trunks.provider("provider", with_priority(1)).await;
    provider
        .far_end
        .answers_after(Duration::from_millis(300))
        .await
        .unwrap();
    let path = format!("/v1/trunks/{}/check", provider.trunk);
    let check = async |body: Value| trunks.site.centre.post(&path, body).await;
    let looked = check(json!({})).await;
    assert_eq!(looked["call"], Value::Null);
    assert_eq!(looked["findings"][0]["verdict"], "warning", "{looked:#}");
    let called = check(json!({"to": PERSON})).await;
    let call = &called["call"];
    assert_eq!(called["ok"], true, "{called:#}");
    assert_eq!(
        (call["outcome"].as_str(), call["dialled"].as_str()),
        (Some("answered"), Some("0255501000")),
        "{called:#}"
    );
    assert!(call["codec"].as_str().unwrap().contains("ulaw"), "{call:#}");
    let at = |key: &str| call[key].as_u64().unwrap();
    assert!(at("answered_after_ms") >= at("post_dial_delay_ms") && at("answered_after_ms") >= 300);
    trunks.site.lab.wait_no_channels().await.unwrap();

    provider.far_end.refuses(503).await.unwrap();
    let refused = check(json!({"to": PERSON})).await;
    assert_eq!(refused["ok"], false, "{refused:#}");
    assert_eq!(refused["call"]["outcome"], "failed");
    assert!(
        matches!(refused["call"]["cause"].as_u64(), Some(34 | 42)),
        "{refused:#}"
    );
    let kept = trunks
        .site
        .centre
        .get(&path.replace("/check", "/checks"))
        .await;
    let outcomes = kept["items"].as_array().unwrap().iter();
    let outcomes: Vec<_> = outcomes.map(|it| it["call"]["outcome"].as_str()).collect();
    assert_eq!(outcomes, [Some("failed"), Some("answered"), None]);
    for (to, status) in [("911", 400), ("+12025550100", 409), ("PJSIP/101", 400)] {
        let answer = trunks
            .site
            .centre
            .ask(Method::POST, &path, Some(json!({"to": to})))
            .await;
        assert_eq!(answer.status().as_u16(), status, "{to}");
    }
}
