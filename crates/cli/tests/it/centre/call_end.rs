//! A dialplan that tells nothing: the end of its calls is seen by Asterisk's events.

use std::time::{Duration, Instant};

use lab::Release;
use model::{CallerIdUse, UseEnd};
use reqwest::Method;

use super::{
    LIMIT,
    caller_id::{OURS, Outbound},
};

/// 7 and a number: rings for 30 s; 6 and a number: for one. 5 and a number: presents a number that is not ours, and
/// carries the reservation.
const FROM_PHONE: &str = "\
exten => _7XXXXXXX.,1,Set(CALLERID(num)=3105550100)
 same => n,Dial(PJSIP/${EXTEN:1}@trunk,30)
 same => n,Hangup()
exten => _6XXXXXXX.,1,Set(CALLERID(num)=3105550100)
 same => n,Dial(PJSIP/${EXTEN:1}@trunk,1)
 same => n,Hangup()
exten => _5XXXXXXX.,1,Set(CORDBOARD_RESERVATION=${CARRIED})
 same => n,Set(CALLERID(num)=3105550199)
 same => n,Dial(PJSIP/${EXTEN:1}@trunk,30)
 same => n,Hangup()
";

impl Outbound {
    /// A dialplan that tells nothing, on an Asterisk that is watched.
    async fn lay_watched_dialplan(&self) {
        self.lab
            .write_config("extensions_from_phone.conf", FROM_PHONE)
            .unwrap();
        self.lab.console("dialplan reload").await.unwrap();
        self.wait_until_watched().await;
    }

    /// The application that hears of all channels, as Asterisk has it.
    async fn application(&self) -> (u16, serde_json::Value) {
        let url = format!("{}/applications/cordboard-outbound", self.lab.ari_url());
        let request = reqwest::Client::new().get(&url);
        let request = request.basic_auth(self.lab.ari_user(), Some(self.lab.secret()));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Waits until all channels' events are sent to us.
    async fn wait_until_watched(&self) {
        let began = Instant::now();
        loop {
            let (_, application) = self.application().await;
            let allowed = application["events_allowed"].as_array();
            if allowed.is_some_and(|allowed| !allowed.is_empty()) {
                return;
            }
            assert!(began.elapsed() < LIMIT, "{application}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lets our only number be on ten calls at a time.
    async fn carry_more(&self) {
        let change = serde_json::json!({"filter": {}, "set": {"max_concurrent": 10}});
        let changed = self.centre.post("/v1/caller-ids/bulk", change).await;
        assert_eq!(changed["changed"], 1, "{changed}");
    }

    /// From now on the dialplan's `5` carries this reservation.
    async fn carry(&self, reservation: &str) {
        let set = format!("dialplan set global CARRIED {reservation}");
        self.lab.console(&set).await.unwrap();
    }

    /// Waits until so many calls are followed.
    async fn wait_until_followed(&self, calls: usize) {
        let began = Instant::now();
        let line = format!("cordboard_outbound_calls{{server=\"lab\"}} {calls}");
        loop {
            let answer = self.centre.ask(Method::GET, "/metrics", None).await;
            let metrics = answer.text().await.unwrap();
            if metrics.lines().any(|one| one == line) {
                return;
            }
            assert!(began.elapsed() < LIMIT, "{metrics}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Reserves our only number, as a dialplan does before it dials; gives the reservation.
    async fn reserve(&self, to: &str) -> String {
        let path = format!("/next-cid?to={to}&campaign=sales&agent=agent001");
        let answer = self.centre.get(&path).await;
        assert_eq!(answer["caller_id"], OURS, "{answer}");
        answer["reservation_id"].as_str().unwrap().to_owned()
    }

    async fn attempts_and_answers(&self) -> (u64, u64) {
        let numbers = self.centre.get("/v1/caller-ids").await;
        let health = &numbers["items"][0]["state"]["health"];
        let count = |name: &str| health[name].as_u64().unwrap_or_else(|| panic!("{numbers}"));
        (count("attempts"), count("answers"))
    }
}

fn outcome(used: &CallerIdUse) -> (Option<UseEnd>, Option<bool>) {
    (used.end, used.answered)
}

const SEEN_ANSWERED: (Option<UseEnd>, Option<bool>) = (Some(UseEnd::CallEnded), Some(true));
const SEEN_UNANSWERED: (Option<UseEnd>, Option<bool>) = (Some(UseEnd::CallEnded), Some(false));

async fn the_end_of_a_call_is_seen(release: Release) {
    let Some(mut outbound) = Outbound::start_bare(release, &[]).await else {
        return;
    };
    let far_end = outbound.lab.far_end();
    outbound.lay_watched_dialplan().await;

    // Answered: the time of talk counts from the answer.
    far_end.answers_after(Duration::from_secs(1)).await.unwrap();
    outbound.reserve("3105550142").await;
    let begun = Instant::now();
    let (caller, offered) = outbound.call(101, "73105550142").await;
    assert_eq!((offered.from(), offered.to()), (OURS, "3105550142"));
    caller.wait_answered().await.unwrap();
    caller
        .talks_for(Duration::from_millis(1_500))
        .await
        .unwrap();
    outbound.hang_up(&caller).await;
    let used = outbound.ended("+13105550142").await;
    assert_eq!(outcome(&used), SEEN_ANSWERED);
    let talk = Duration::from_millis(used.talk_ms.unwrap());
    assert!(talk >= Duration::from_millis(1_400), "{used:?}");
    assert!(
        talk + Duration::from_millis(900) <= begun.elapsed(),
        "{used:?}"
    );

    // Busy; our only number is free again, or it would not be reserved.
    far_end.is_busy().await.unwrap();
    outbound.reserve("3105550143").await;
    let (caller, _) = outbound.call(101, "73105550143").await;
    caller.wait_ended().await.unwrap();
    assert_eq!(
        outcome(&outbound.ended("+13105550143").await),
        SEEN_UNANSWERED
    );

    // Nobody answers in time.
    far_end.never_answers().await.unwrap();
    outbound.reserve("3105550144").await;
    let (caller, _) = outbound.call(101, "63105550144").await;
    caller.wait_ended().await.unwrap();
    assert_eq!(
        outcome(&outbound.ended("+13105550144").await),
        SEEN_UNANSWERED
    );

    // The caller gives up.
    outbound.reserve("3105550145").await;
    let (caller, _) = outbound.call(101, "73105550145").await;
    caller.wait_ringing().await.unwrap();
    outbound.hang_up(&caller).await;
    let used = outbound.ended("+13105550145").await;
    assert_eq!((outcome(&used), used.talk_ms), (SEEN_UNANSWERED, Some(0)));

    // Known by nothing but the reservation that the dialplan carries.
    far_end.answers_after(Duration::ZERO).await.unwrap();
    let reservation = outbound.reserve("3105550146").await;
    outbound.carry(&reservation).await;
    let (caller, offered) = outbound.call(102, "53105550147").await;
    assert_eq!(offered.from(), "3105550199");
    caller.wait_answered().await.unwrap();
    outbound.hang_up(&caller).await;
    assert_eq!(
        outcome(&outbound.ended("+13105550146").await),
        SEEN_ANSWERED
    );

    assert_eq!(outbound.attempts_and_answers().await, (5, 2));
    // None of it was a call of the queues.
    assert_eq!(outbound.centre.calls().await, [] as [serde_json::Value; 0]);

    outbound.centre.terminate();
    assert_eq!(outbound.centre.wait_ended().await, Some(0));
    assert_eq!(
        outbound.application().await.0,
        404,
        "it lingers in Asterisk"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_call_is_seen_on_asterisk_22() {
    the_end_of_a_call_is_seen(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_call_is_seen_on_asterisk_16() {
    the_end_of_a_call_is_seen(Release::Asterisk16).await;
}

/// The number is free when its reservation has run out, and yet learns how the call went.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_outlasts_its_reservation_counts_for_health() {
    let short = [("CORDBOARD__CALLER_ID__RESERVED_FOR_SECONDS", "1")];
    let Some(outbound) = Outbound::start_bare(Release::Asterisk22, &short).await else {
        return;
    };
    outbound.lay_watched_dialplan().await;
    let far_end = outbound.lab.far_end();
    far_end.answers_after(Duration::ZERO).await.unwrap();
    outbound.reserve("3105550142").await;
    let (caller, _) = outbound.call(101, "73105550142").await;
    caller.wait_answered().await.unwrap();
    let used = outbound.ended("+13105550142").await;
    assert_eq!(outcome(&used), (Some(UseEnd::TimedOut), None));
    // Presented to somebody else while the call goes on.
    outbound.reserve("3105550143").await;
    assert_eq!(outbound.attempts_and_answers().await, (0, 0));
    outbound.hang_up(&caller).await;
    let used = outbound.told("+13105550142", |used| used.answered.is_some());
    let used = used.await;
    assert_eq!(outcome(&used), (Some(UseEnd::TimedOut), Some(true)));
    assert!(used.talk_ms > Some(0), "{used:?}");
    assert_eq!(outbound.attempts_and_answers().await, (1, 1));
}

/// The connection is lost during the call: its end is seen by what is left.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_ends_with_asterisk_has_ended() {
    let Some(mut outbound) = Outbound::start_bare(Release::Asterisk22, &[]).await else {
        return;
    };
    outbound.lay_watched_dialplan().await;
    let lab = &outbound.lab;
    lab.far_end().answers_after(Duration::ZERO).await.unwrap();
    outbound.reserve("3105550142").await;
    let (caller, _) = outbound.call(101, "73105550142").await;
    caller.wait_answered().await.unwrap();
    // What Asterisk has not sent before it is killed, nobody knows.
    outbound.wait_until_followed(1).await;
    outbound.lab.kill_asterisk().await.unwrap();
    outbound.lab.start_asterisk().await.unwrap();
    let used = outbound.ended("+13105550142").await;
    assert_eq!(outcome(&used), (Some(UseEnd::CallEnded), None));
    assert_eq!(outbound.attempts_and_answers().await, (0, 0));
}

/// Killed and started anew during four calls: one is answered, one rings, one carries its reservation, one ends meanwhile.
async fn calls_that_are_up_at_the_start_are_followed(release: Release) {
    let Some(mut outbound) = Outbound::start_bare(release, &[]).await else {
        return;
    };
    outbound.lay_watched_dialplan().await;
    outbound.carry_more().await;
    let far_end = outbound.lab.far_end();
    far_end.answers_after(Duration::ZERO).await.unwrap();
    outbound.reserve("3105550142").await;
    let (answered, _) = outbound.call(101, "73105550142").await;
    answered.wait_answered().await.unwrap();
    let carried = outbound.reserve("3105550143").await;
    outbound.carry(&carried).await;
    let (carrying, _) = outbound.call(102, "53105550147").await;
    carrying.wait_answered().await.unwrap();
    outbound.reserve("3105550145").await;
    let (lost, _) = outbound.call(103, "73105550145").await;
    lost.wait_answered().await.unwrap();
    far_end.never_answers().await.unwrap();
    outbound.reserve("3105550144").await;
    let (ringing, _) = outbound.call(104, "73105550144").await;
    ringing.wait_ringing().await.unwrap();

    outbound.centre.kill();
    lost.hang_up().await.unwrap();
    outbound.centre.start_again().await;
    outbound.wait_until_followed(3).await;
    ringing.hang_up().await.unwrap();
    let used = outbound.ended("+13105550144").await;
    assert_eq!(outcome(&used), SEEN_UNANSWERED);
    answered.hang_up().await.unwrap();
    let used = outbound.ended("+13105550142").await;
    assert_eq!(outcome(&used), SEEN_ANSWERED);
    carrying.hang_up().await.unwrap();
    let used = outbound.ended("+13105550143").await;
    assert_eq!(outcome(&used), SEEN_ANSWERED);
    assert!(used.talk_ms > Some(0), "{used:?}");
    assert_eq!(outbound.attempts_and_answers().await, (3, 2));
    // Nobody can tell a call that ended meanwhile from one that is not dialled yet.
    let state = outbound.centre.get("/v1/caller-ids").await;
    assert_eq!(state["items"][0]["state"]["in_use"], 1, "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_up_at_the_start_are_followed_on_asterisk_22() {
    calls_that_are_up_at_the_start_are_followed(Release::Asterisk22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_up_at_the_start_are_followed_on_asterisk_16() {
    calls_that_are_up_at_the_start_are_followed(Release::Asterisk16).await;
}
