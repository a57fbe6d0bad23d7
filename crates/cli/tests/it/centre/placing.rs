//! Calls that Cordboard places, in a real Asterisk: a phone, a trunk, and the number that the trunk sees.

use std::time::{Duration, Instant};

use lab::{Call, Phone, Release};
use model::{CallerIdUse, UseEnd};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{
    LIMIT,
    caller_id::{OURS, Outbound},
    id,
};

pub(super) const PERSON: &str = "+13105550142";
const LOG: (&str, &str) = (
    "CORDBOARD__LOG__LEVEL",
    "info,cordboard_server::telephony=debug",
);
pub(super) const WAY_OUT: (&str, &str) =
    ("CORDBOARD__ASTERISK__0__DIAL_OUT", "PJSIP/{number}@trunk");
/// Calls that are measured.
const MEASURED: usize = 50;

/// An agent at the phone 101, and a trunk.
struct Placing {
    outbound: Outbound,
    agent: String,
}

impl Placing {
    async fn start(release: Release) -> Option<Self> {
        let outbound = Outbound::start_bare(release, &[WAY_OUT, LOG]).await?;
        let centre = &outbound.centre;
        let sales = centre.queue("sales", json!({"wrap_up_seconds": 0})).await;
        // A phone that is not registered cannot be rung.
        outbound.lab.phone(101).never_answers().await.unwrap();
        let agent = centre.agent("Ann Example", 101, &[&sales]).await;
        Some(Self { outbound, agent })
    }

    fn phone(&self) -> Phone {
        self.outbound.lab.phone(101)
    }

    fn far_end(&self) -> Phone {
        self.outbound.lab.far_end()
    }

    fn request(&self, to: &str, key: Option<&str>) -> RequestBuilder {
        let centre = &self.outbound.centre;
        let url = format!("http://{}/v1/calls", centre.listen);
        let body = json!({"to": to, "campaign": "spring", "agent": self.agent});
        let request = centre.http.post(url).bearer_auth(&centre.key).json(&body);
        let request = match key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        };
        request.timeout(LIMIT)
    }

    async fn ask(&self, to: &str, key: Option<&str>) -> Response {
        self.request(to, key).send().await.unwrap()
    }

    async fn place(&self) -> String {
        let answer = self.ask(PERSON, None).await;
        assert_eq!(answer.status(), 201);
        id(&answer.json().await.unwrap())
    }

    /// The call's two ends, which hear each other.
    async fn connected(&self) -> (Call, Call) {
        let (phone, far_end) = (self.phone(), self.far_end());
        let at_agent = phone.rings().await.unwrap();
        let at_person = far_end
            .rings()
            .await
            .unwrap_or_else(|error| panic!("{error}\n{}", self.outbound.lab.asterisk_log()));
        tokio::try_join!(
            at_agent.hears(far_end.tone()),
            at_person.hears(phone.tone())
        )
        .unwrap();
        (at_agent, at_person)
    }

    /// The use of the call's number, once it has ended.
    async fn used(&self, call: &Value) -> CallerIdUse {
        let reservation = call["placed"]["reservation"].as_str().unwrap();
        let its = |used: &CallerIdUse| used.id.to_string() == reservation;
        let ended = |used: &CallerIdUse| its(used) && used.ended_at.is_some();
        self.outbound.told(PERSON, ended).await
    }

    /// The call as it is in the log, once it is over.
    async fn over(&self, call: &str) -> Value {
        let began = Instant::now();
        loop {
            let found = self.outbound.centre.get(&format!("/v1/calls/{call}")).await;
            if found["outcome"].is_string() {
                self.outbound.lab.wait_no_channels().await.unwrap();
                return found;
            }
            assert!(began.elapsed() < LIMIT, "{found:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn ending(call: &Value) -> (&str, &str) {
    let word = |key: &str| call[key].as_str().unwrap();
    (word("outcome"), word("ended_by"))
}

async fn the_agent_first_then_the_customer_with_our_number(release: Release) {
    let Some(placing) = Placing::start(release).await else {
        return;
    };
    let (phone, far_end) = (placing.phone(), placing.far_end());
    let second = Duration::from_secs(1);
    phone.answers_after(second).await.unwrap();
    far_end.answers_after(second).await.unwrap();
    let call = placing.place().await;
    let at_agent = phone.rings().await.unwrap();
    assert_eq!(at_agent.from(), PERSON, "the phone shows whom it is about");
    assert!(far_end.calls_received().is_empty());
    at_agent.wait_answered().await.unwrap();
    let at_person = far_end.rings().await.unwrap();
    assert_eq!((at_person.from(), at_person.to()), (OURS, "13105550142"));
    tokio::try_join!(
        at_agent.hears(far_end.tone()),
        at_person.hears(phone.tone())
    )
    .unwrap();
    let shown = placing
        .outbound
        .centre
        .get(&format!("/v1/calls/{call}"))
        .await;
    assert_eq!(shown["direction"], "outbound");
    assert_eq!(shown["placed"]["caller_id"], OURS);
    at_agent.hang_up().await.unwrap();
    let shown = placing.over(&call).await;
    assert_eq!(ending(&shown), ("answered", "agent"));
    let used = placing.used(&shown).await;
    assert_eq!(
        (used.end, used.answered),
        (Some(UseEnd::CallEnded), Some(true))
    );
    assert_eq!(
        (used.campaign.as_str(), used.agent.as_str()),
        ("spring", "101")
    );
    placing
        .outbound
        .centre
        .wait_for_states(&placing.agent, 3)
        .await;

    // The other side may be the first to leave.
    let call = placing.place().await;
    let (_, at_person) = placing.connected().await;
    at_person.hang_up().await.unwrap();
    assert_eq!(ending(&placing.over(&call).await), ("answered", "caller"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_placed_on_asterisk_22() {
    the_agent_first_then_the_customer_with_our_number(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_placed_on_asterisk_16() {
    the_agent_first_then_the_customer_with_our_number(Release::Asterisk16).await;
}

async fn whoever_does_not_come_ends_the_call(release: Release) {
    let Some(placing) = Placing::start(release).await else {
        return;
    };
    let (phone, far_end) = (placing.phone(), placing.far_end());

    // The agent rejects: nobody is called, and the number has made no call.
    phone.declines().await.unwrap();
    let call = placing.place().await;
    let shown = placing.over(&call).await;
    assert_eq!(ending(&shown), ("not_reached", "agent"));
    assert_eq!(shown["hangup_cause"], 21);
    let used = placing.used(&shown).await;
    assert_eq!((used.end, used.answered), (Some(UseEnd::Deleted), None));
    assert!(far_end.calls_received().is_empty());

    phone.answers_after(Duration::ZERO).await.unwrap();
    for (status, cause) in [(486, 17), (480, 19), (603, 21), (404, 1)] {
        far_end.refuses(status).await.unwrap();
        let call = placing.place().await;
        far_end.rings().await.unwrap();
        let shown = placing.over(&call).await;
        assert_eq!(ending(&shown), ("not_reached", "caller"), "{status}");
        assert_eq!(shown["hangup_cause"], cause, "{status}");
        let used = placing.used(&shown).await;
        assert_eq!(
            (used.end, used.answered),
            (Some(UseEnd::CallEnded), Some(false))
        );
    }

    // The agent hangs up while the customer's phone rings, by the phone and by the page.
    far_end.never_answers().await.unwrap();
    for by_page in [false, true] {
        let call = placing.place().await;
        let at_person = far_end.rings().await.unwrap();
        if by_page {
            let path = format!("/v1/calls/{call}");
            let asked = placing
                .outbound
                .centre
                .ask(Method::DELETE, &path, None)
                .await;
            assert_eq!(asked.status(), 202);
        } else {
            let answered = phone.calls_received().pop().unwrap();
            answered.hang_up().await.unwrap();
        }
        at_person.wait_ended().await.unwrap();
        let shown = placing.over(&call).await;
        let by = if by_page { "system" } else { "agent" };
        assert_eq!(ending(&shown), ("not_reached", by));
    }
    let live = placing.outbound.centre.get("/v1/live").await;
    assert_eq!(live["agents"][0]["status"]["state"], "available");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_reaches_nobody_is_over_on_asterisk_22() {
    whoever_does_not_come_ends_the_call(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_reaches_nobody_is_over_on_asterisk_16() {
    whoever_does_not_come_ends_the_call(Release::Asterisk16).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_ten_times_at_once_rings_once() {
    let Some(placing) = Placing::start(Release::Asterisk22).await else {
        return;
    };
    let (phone, far_end) = (placing.phone(), placing.far_end());
    phone.answers_after(Duration::ZERO).await.unwrap();
    far_end.answers_after(Duration::ZERO).await.unwrap();
    let key = Some("order-7");
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..10 {
        asked.spawn(placing.request(PERSON, key).send());
    }
    let mut bodies = Vec::new();
    for answer in asked.join_all().await {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 201);
        bodies.push(answer.text().await.unwrap());
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let (at_agent, _) = placing.connected().await;
    assert_eq!(phone.calls_received().len(), 1);
    assert_eq!(far_end.calls_received().len(), 1);

    // The only number is in use; so is the agent.
    let busy = placing.ask("+13105550143", None).await;
    assert_eq!(busy.status(), 409);
    assert_eq!(busy.json::<Value>().await.unwrap()["code"], "agent_busy");
    let joe = placing.outbound.centre.agent("Joe Example", 102, &[]).await;
    let body = json!({"to": "+13105550143", "campaign": "spring", "agent": joe});
    let none = placing
        .outbound
        .centre
        .ask(Method::POST, "/v1/calls", Some(body))
        .await;
    assert_eq!(none.status(), 503);
    let none: Value = none.json().await.unwrap();
    assert_eq!(none["code"], "no_caller_id");
    assert!(none["retry_at"].is_string(), "{none:#}");

    at_agent.hang_up().await.unwrap();
    let first: Value = serde_json::from_str(&bodies[0]).unwrap();
    placing.over(&id(&first)).await;
    // Also when it is over, and whoever means another call is told.
    let again = placing.ask(PERSON, key).await;
    assert_eq!(again.text().await.unwrap(), bodies[0]);
    let other = placing.ask("+13105550143", key).await;
    assert_eq!(other.status(), 422);
    assert_eq!(phone.calls_received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placed_call_stays_up_when_we_are_killed() {
    let Some(mut placing) = Placing::start(Release::Asterisk22).await else {
        return;
    };
    let (phone, far_end) = (placing.phone(), placing.far_end());
    phone.answers_after(Duration::ZERO).await.unwrap();
    far_end.answers_after(Duration::ZERO).await.unwrap();
    let call = placing.place().await;
    let (at_agent, at_person) = placing.connected().await;
    placing.outbound.centre.kill();
    tokio::try_join!(
        at_agent.talks_for(Duration::from_secs(1)),
        at_person.talks_for(Duration::from_secs(1)),
    )
    .unwrap();
    placing.outbound.centre.start_again().await;
    let path = format!("/v1/calls/{call}");
    let shown = placing.outbound.centre.get(&path).await;
    assert_eq!(shown["state"], "talking");
    let live = placing.outbound.centre.get("/v1/live").await;
    assert_eq!(live["agents"][0]["status"]["state"], "busy");
    assert!(!at_agent.is_over() && !at_person.is_over());
    at_person.hang_up().await.unwrap();
    assert_eq!(ending(&placing.over(&call).await), ("answered", "caller"));
    let used = placing.used(&shown).await;
    assert_eq!(
        (used.end, used.answered),
        (Some(UseEnd::CallEnded), Some(true))
    );

    // What ends while nobody is there has ended, and its number is free.
    let call = placing.place().await;
    let (at_agent, _) = placing.connected().await;
    placing.outbound.centre.kill();
    at_agent.hang_up().await.unwrap();
    placing.outbound.centre.start_again().await;
    assert_eq!(placing.over(&call).await["outcome"], "answered");
    let made_at = used.made_at;
    let used = placing
        .outbound
        .told(PERSON, |used| {
            used.made_at > made_at && used.ended_at.is_some()
        })
        .await;
    assert_eq!(used.end, Some(UseEnd::CallEnded));
}

/// From the request to the command that rings the agent's phone, and of that the choice of the number, in whole calls.
#[tokio::test(flavor = "multi_thread")]
async fn how_long_placing_takes_within_a_call() {
    let Some(placing) = Placing::start(Release::Asterisk22).await else {
        return;
    };
    let (phone, far_end) = (placing.phone(), placing.far_end());
    phone.answers_after(Duration::ZERO).await.unwrap();
    far_end.answers_after(Duration::ZERO).await.unwrap();
    let mut requests = Vec::with_capacity(MEASURED);
    for _ in 0..MEASURED {
        let begun = Instant::now();
        let call = placing.place().await;
        requests.push(begun.elapsed());
        let at_person = far_end.rings().await.unwrap();
        assert_eq!(at_person.from(), OURS);
        at_person.wait_answered().await.unwrap();
        at_person.hang_up().await.unwrap();
        placing.over(&call).await;
    }
    told("POST /v1/calls, to its answer", requests);
    let log = std::fs::read_to_string(placing.outbound.centre.data().join("test.log")).unwrap();
    for step in ["the agent's phone is to ring", "the number is chosen"] {
        told(step, micros(&log, step));
    }
}

fn told(what: &str, mut taken: Vec<Duration>) {
    assert_eq!(taken.len(), MEASURED, "{what}");
    taken.sort_unstable();
    let (median, p99) = (taken[MEASURED / 2], taken[MEASURED * 99 / 100]);
    println!("{what}: median {median:?}, p99 {p99:?} of {MEASURED} calls");
}

/// What the log says that this step took, each time.
fn micros(log: &str, step: &str) -> Vec<Duration> {
    let lines = log.lines().filter(|line| line.contains(step));
    let taken = lines.filter_map(|line| {
        let (_, rest) = line.split_once("micros")?;
        let digits: String = rest
            .chars()
            .skip_while(|c| !c.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().ok().map(Duration::from_micros)
    });
    taken.collect()
}
