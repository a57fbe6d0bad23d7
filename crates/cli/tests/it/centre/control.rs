//! Call control in a real Asterisk: who hears whom after each verb, in both directions.

use std::time::Duration;

use lab::{Call, Lab, Phone, Release, Tone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Cordboard, Events, id, placing::WAY_OUT};

const SECOND: Duration = Duration::from_secs(1);

/// A caller who talks with Ann at the phone 101.
pub(super) struct Talk {
    pub(super) lab: Lab,
    pub(super) centre: Cordboard,
    pub(super) events: Events,
    pub(super) call: String,
    pub(super) ann: String,
    pub(super) caller: Call,
    pub(super) rung: Call,
}

impl Talk {
    pub(super) async fn start(release: Release) -> Option<Self> {
        Self::start_with(release, &[]).await
    }

    /// The same, configured so.
    pub(super) async fn start_with(release: Release, environment: &[(&str, &str)]) -> Option<Self> {
        let lab = lab::up_or_skip(release).await?;
        let centre = Cordboard::start_with(&lab.ari_url(), lab.secret(), environment);
        centre.wait_for_server_state("connected").await;
        let support = centre.queue("support", json!({"wrap_up_seconds": 0})).await;
        let mut events = centre.events().await;
        lab.phone(101).answers_after(Duration::ZERO).await.unwrap();
        let ann = centre.agent("Ann Example", 101, &[&support]).await;
        let caller = lab.trunk_calls("5550102").await.unwrap();
        let rung = lab.phone(101).rings().await.unwrap();
        let call = events.wait_type("call_answered").await["call"].clone();
        let talk = Self {
            call: call.as_str().unwrap().to_owned(),
            lab,
            centre,
            events,
            ann,
            caller,
            rung,
        };
        talk.both_hear().await;
        Some(talk)
    }

    pub(super) fn phone(&self) -> Phone {
        self.lab.phone(101)
    }

    pub(super) async fn both_hear(&self) {
        let tone = self.phone().tone();
        tokio::try_join!(self.caller.hears(tone), self.rung.hears(Tone::caller(0)))
            .unwrap_or_else(|error| panic!("{error}\n{}", self.lab.asterisk_log()));
    }

    pub(super) fn path(&self, verb: &str) -> String {
        format!("/v1/calls/{}/{verb}", self.call)
    }

    /// Gives how the call stands then.
    pub(super) async fn does(&self, verb: &str) -> Value {
        let call = self.centre.post(&self.path(verb), json!({})).await;
        call["control"].clone()
    }

    pub(super) async fn refused(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> (StatusCode, String) {
        let answer = self.centre.ask(method, path, Some(body)).await;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    }

    pub(super) async fn over(&mut self) -> Value {
        self.caller.hang_up().await.unwrap();
        self.rung.wait_ended().await.unwrap();
        self.lab.wait_no_channels().await.unwrap();
        self.no_bridges().await;
        self.centre.wait_for_log(1).await.remove(0)
    }

    pub(super) async fn no_bridges(&self) {
        let url = format!("{}/bridges", self.lab.ari_url());
        let request = reqwest::Client::new().get(&url);
        let request = request.basic_auth(self.lab.ari_user(), Some(self.lab.secret()));
        let began = std::time::Instant::now();
        loop {
            let answer = request.try_clone().unwrap().send().await.unwrap();
            let bridges: Vec<Value> = answer.json().await.unwrap();
            if bridges.is_empty() {
                return;
            }
            assert!(began.elapsed() < super::LIMIT, "{bridges:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn who_is_on_hold_hears_music(release: Release) {
    let Some(mut talk) = Talk::start(release).await else {
        return;
    };
    let tone = talk.phone().tone();
    let held = talk.does("hold").await;
    assert!(held["held_since"].is_string(), "{held}");
    talk.caller.hears(Tone::MUSIC).await.unwrap();
    talk.caller.stops_hearing(tone).await.unwrap();
    talk.rung.stops_hearing(Tone::caller(0)).await.unwrap();
    assert_eq!(talk.does("hold").await, held, "as it was");
    let keys = json!({"digits": "1"});
    let refused = talk.refused(Method::POST, &talk.path("digits"), keys).await;
    assert_eq!(
        refused,
        (StatusCode::CONFLICT, "control_refused".to_owned())
    );

    // Nobody is forgotten over a restart of ours.
    talk.centre.kill();
    talk.centre.start_again().await;
    let live = talk.centre.get("/v1/live").await;
    assert_eq!(live["calls"][0]["control"], held);
    talk.caller.hears(Tone::MUSIC).await.unwrap();

    let resumed = talk.does("unhold").await;
    assert_eq!(resumed["held_since"], Value::Null);
    assert!(resumed["hold_ms"].as_u64().unwrap() >= 1_000, "{resumed}");
    talk.both_hear().await;
    talk.caller.stops_hearing(Tone::MUSIC).await.unwrap();
    let call = talk.over().await;
    assert_eq!(call["control"]["hold_ms"], resumed["hold_ms"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_hold_hears_music_on_asterisk_22() {
    who_is_on_hold_hears_music(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_hold_hears_music_on_asterisk_16() {
    who_is_on_hold_hears_music(Release::Asterisk16).await;
}

/// Hangs up while the other one hears music.
#[tokio::test(flavor = "multi_thread")]
async fn a_hold_ends_with_the_call() {
    let Some(mut talk) = Talk::start(Release::Asterisk22).await else {
        return;
    };
    talk.does("hold").await;
    talk.rung.hang_up().await.unwrap();
    talk.caller.wait_ended().await.unwrap();
    let call = talk.over().await;
    assert_eq!(
        (&call["outcome"], &call["ended_by"]),
        (&json!("answered"), &json!("agent"))
    );
    assert!(call["control"]["hold_ms"].is_u64(), "{call}");
    let refused = talk
        .refused(Method::POST, &talk.path("unhold"), json!({}))
        .await;
    assert_eq!(refused, (StatusCode::CONFLICT, "not_talking".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_while_asterisk_is_away() {
    let Some(mut talk) = Talk::start(Release::Asterisk22).await else {
        return;
    };
    talk.lab.kill_asterisk().await.unwrap();
    talk.centre.wait_for_server_state("lost").await;
    let refused = talk
        .refused(Method::POST, &talk.path("hold"), json!({}))
        .await;
    assert_eq!(
        refused,
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable".to_owned())
    );
}

async fn who_is_muted_is_not_heard(release: Release) {
    let Some(mut talk) = Talk::start(release).await else {
        return;
    };
    let tone = talk.phone().tone();
    assert_eq!(talk.does("mute").await["muted"], true);
    talk.caller.stops_hearing(tone).await.unwrap();
    talk.rung.hears(Tone::caller(0)).await.unwrap();
    talk.does("unmute").await;
    talk.both_hear().await;
    let keys = json!({"digits": "42#"});
    talk.centre.post(&talk.path("digits"), keys).await;
    talk.caller.hears_keys("42#").await.unwrap();
    let sent = |event: &Value| event["deed"] == "digits_sent";
    let sent = talk.events.wait("digits", sent).await;
    assert_eq!(sent["count"], 3);
    assert!(!sent.to_string().contains("42#"), "{sent}");
    let call = talk.over().await;
    assert_eq!(call["control"], Value::Null, "nothing is left to tell");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_muted_is_not_heard_on_asterisk_22() {
    who_is_muted_is_not_heard(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_muted_is_not_heard_on_asterisk_16() {
    who_is_muted_is_not_heard(Release::Asterisk16).await;
}

async fn what_is_said_is_in_the_file(release: Release) {
    let Some(mut talk) = Talk::start(release).await else {
        return;
    };
    let path = |name: &Value| talk.path(&format!("recordings/{}", name.as_str().unwrap()));
    let begun = talk.does("record").await;
    let name = begun["recordings"][0]["name"].clone();
    talk.rung.talks_for(SECOND).await.unwrap();
    assert_eq!(
        talk.does("pause_recording").await["recordings"][0]["state"],
        "paused"
    );
    let early = talk.refused(Method::GET, &path(&name), json!(null)).await;
    assert_eq!(early, (StatusCode::CONFLICT, "control_refused".to_owned()));
    talk.does("mute").await;
    talk.does("resume_recording").await;
    talk.rung.talks_for(SECOND).await.unwrap();
    let ended = talk.does("stop_recording").await;
    assert_eq!(ended["recordings"][0]["state"], "ended");
    let file = talk.centre.ask(Method::GET, &path(&name), None).await;
    assert_eq!(file.status(), StatusCode::OK);
    assert_eq!(file.headers()["content-type"], "audio/wav");
    let file = file.bytes().await.unwrap();
    let (first, second) = halves(&file);
    let (ann, caller) = (talk.phone().tone(), Tone::caller(0));
    assert!(ann.sounds_in(&first) && caller.sounds_in(&first));
    assert!(
        !ann.sounds_in(&second) && caller.sounds_in(&second),
        "muted"
    );

    // Another one, which ends with the call.
    let second = talk.does("record").await["recordings"][1]["name"].clone();
    assert_ne!(second, name);
    let path = path(&second);
    let call = talk.over().await;
    assert_eq!(call["control"]["recordings"][1]["state"], "ended");
    let file = talk.centre.ask(Method::GET, &path, None).await;
    assert_eq!(file.status(), StatusCode::OK);
}

/// The two halves of a WAV file of 8,000 samples a second, without what is near the middle and the ends.
fn halves(file: &[u8]) -> (Vec<i16>, Vec<i16>) {
    const EDGE: usize = 2_000;
    assert_eq!(&file[..4], b"RIFF");
    let samples = file[44..].as_chunks().0.iter();
    let samples: Vec<i16> = samples.map(|sample| i16::from_le_bytes(*sample)).collect();
    let inner = |half: &[i16]| half[EDGE..half.len() - EDGE].to_vec();
    let (first, second) = samples.split_at(samples.len() / 2);
    (inner(first), inner(second))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_in_the_file_on_asterisk_22() {
    what_is_said_is_in_the_file(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_in_the_file_on_asterisk_16() {
    what_is_said_is_in_the_file(Release::Asterisk16).await;
}

async fn a_supervisor_listens_whispers_and_barges(release: Release) {
    let Some(mut talk) = Talk::start(release).await else {
        return;
    };
    let sue = talk.lab.phone(102);
    sue.answers_after(Duration::ZERO).await.unwrap();
    let agent = talk.centre.agent("Sue Example", 102, &[]).await;
    let (ann, caller, sues) = (talk.phone().tone(), Tone::caller(0), sue.tone());
    let path = talk.path("watch");
    let watch = |mode: &str| {
        let body = json!({"mode": mode, "agent": agent});
        talk.centre.put(&path, body)
    };
    let ringing = watch("listen").await;
    assert_eq!(ringing["state"], "ringing");
    let at_sue = sue.rings().await.unwrap();
    tokio::try_join!(at_sue.hears(ann), at_sue.hears(caller)).unwrap();
    assert!(!talk.rung.heard(sues, None) && !talk.caller.heard(sues, None));

    assert_eq!(watch("whisper").await["mode"], "whisper");
    talk.rung.hears(sues).await.unwrap();
    tokio::try_join!(at_sue.hears(ann), at_sue.hears(caller)).unwrap();
    assert!(!talk.caller.heard(sues, None), "only the agent hears it");

    assert_eq!(watch("barge").await["mode"], "barge");
    tokio::try_join!(talk.rung.hears(sues), talk.caller.hears(sues)).unwrap();
    tokio::try_join!(at_sue.hears(ann), at_sue.hears(caller)).unwrap();

    assert_eq!(watch("listen").await["mode"], "listen");
    tokio::try_join!(
        talk.rung.stops_hearing(sues),
        talk.caller.stops_hearing(sues)
    )
    .unwrap();
    tokio::try_join!(at_sue.hears(ann), at_sue.hears(caller)).unwrap();

    let gone = talk.path(&format!("watch?agent={agent}"));
    let gone = talk.centre.ask(Method::DELETE, &gone, None).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    at_sue.wait_ended().await.unwrap();
    talk.both_hear().await;

    // The call's end ends the watch.
    watch("barge").await;
    let at_sue = sue.rings().await.unwrap();
    at_sue.hears(caller).await.unwrap();
    talk.over().await;
    at_sue.wait_ended().await.unwrap();
    let own = json!({"mode": "listen", "agent": talk.ann});
    let refused = talk.refused(Method::PUT, &talk.path("watch"), own).await;
    assert_eq!(refused, (StatusCode::CONFLICT, "not_talking".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_listens_whispers_and_barges_on_asterisk_22() {
    a_supervisor_listens_whispers_and_barges(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_listens_whispers_and_barges_on_asterisk_16() {
    a_supervisor_listens_whispers_and_barges(Release::Asterisk16).await;
}

/// A call that we placed, over a lost connection: the customer stays on hold.
#[tokio::test(flavor = "multi_thread")]
async fn a_placed_call_stays_on_hold_while_we_are_away() {
    let Some(outbound) =
        super::caller_id::Outbound::start_bare(Release::Asterisk22, &[WAY_OUT]).await
    else {
        return;
    };
    let mut centre = outbound.centre;
    let lab = outbound.lab;
    let (phone, far_end) = (lab.phone(101), lab.far_end());
    phone.answers_after(Duration::ZERO).await.unwrap();
    far_end.answers_after(Duration::ZERO).await.unwrap();
    let ann = centre.agent("Ann Example", 101, &[]).await;
    let body = json!({"to": "+13105550142", "agent": ann});
    let call = id(&centre.post("/v1/calls", body).await);
    let (rung, customer) = (phone.rings().await.unwrap(), far_end.rings().await.unwrap());
    customer.hears(phone.tone()).await.unwrap();
    centre
        .post(&format!("/v1/calls/{call}/hold"), json!({}))
        .await;
    customer.hears(Tone::MUSIC).await.unwrap();
    centre.kill();
    centre.start_again().await;
    customer.hears(Tone::MUSIC).await.unwrap();
    customer.stops_hearing(phone.tone()).await.unwrap();
    centre
        .post(&format!("/v1/calls/{call}/unhold"), json!({}))
        .await;
    tokio::try_join!(customer.hears(phone.tone()), rung.hears(far_end.tone())).unwrap();
    rung.hang_up().await.unwrap();
    lab.wait_no_channels().await.unwrap();
}
