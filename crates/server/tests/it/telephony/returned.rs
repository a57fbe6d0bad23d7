//! People who call back reach who called them.

use std::time::Duration;

use engine::acd::Input;
use model::{AgentId, CallId, Did, DidId, DidTarget, EventBody, QueueId};
use server::telephony::Wish;
use sim::asterisk::{CallHandle, Caller};

use super::{Centre, until};

const PERSON: &str = "+13105550142";
const NUMBER: &str = "5550120";

/// Two agents of the queue `sales`, the second of whom has called somebody; the first is free for longer.
struct Called {
    centre: Centre,
    agents: [AgentId; 2],
}

impl Called {
    async fn start(campaign: &str) -> Self {
        let centre = Centre::with_a_number().await;
        let sales = centre.queue("sales", |_| {}).await;
        let first = centre.agent("101", &[sales]).await;
        let second = centre.agent("102", &[sales]).await;
        for phone in ["101", "102"] {
            centre.pbx.phone(phone).answers_after(Duration::ZERO);
        }
        did(&centre, sales, 20).await;
        let called = Self {
            centre,
            agents: [first, second],
        };
        called.calls(campaign).await;
        called
    }

    /// The second agent talks with the person for a moment.
    async fn calls(&self, campaign: &str) {
        let app = &self.centre.app;
        let person = self.centre.pbx.number("13105550142");
        person.answers_after(Duration::ZERO);
        let (at, random) = app.clock.id();
        let wish = Wish {
            call: CallId::new(at, random),
            agent: self.agents[1],
            to: PERSON.parse().unwrap(),
            campaign: campaign.to_owned(),
        };
        let placed = app.acd.place(&app.servers, wish).await.unwrap();
        until("they talk", async || person.hang_up()).await;
        self.centre.all_quiet().await;
        let reservation = placed.placed.unwrap().reservation.unwrap();
        self.centre.use_ended(reservation).await;
    }

    fn calls_back(&self, number: &str, arguments: &[&str]) -> CallHandle {
        let caller = Caller::new("Zoe Example", number);
        self.centre.pbx.caller_dials(NUMBER, caller, arguments)
    }

    /// Who answers somebody who calls `NUMBER` from there.
    async fn answers(&self, number: &str, arguments: &[&str]) -> AgentId {
        let mut events = self.centre.events();
        let call = self.calls_back(number, arguments);
        let EventBody::CallAnswered { agent, .. } = events.answered().await.body else {
            unreachable!("it was waited for");
        };
        call.hang_up();
        self.centre.all_quiet().await;
        agent
    }
}

async fn did(centre: &Centre, queue: QueueId, seconds: u16) -> Did {
    let (at, random) = centre.app.clock.id();
    let did = Did {
        id: DidId::new(at, random),
        number: NUMBER.to_owned(),
        to: DidTarget::Queue { queue },
        return_wait_seconds: seconds,
        note: String::new(),
    };
    centre.app.store.dids().create(&did).await.unwrap();
    centre.app.acd.tell(Input::DidSet(did.clone())).await;
    did
}

#[tokio::test]
async fn they_reach_who_called_them_and_others_whose_turn_it_is() {
    let called = Called::start("").await;
    let [first, second] = called.agents;
    assert_eq!(called.answers("+13105550142", &[]).await, second);
    assert_eq!(called.answers("+13105550143", &[]).await, first);
    assert_eq!(called.answers("", &[]).await, second);
    // The dialplan has the last word.
    assert_eq!(called.answers("+13105550142", &["sales"]).await, first);
}

#[tokio::test]
async fn they_wait_for_who_called_them_and_for_nobody_who_is_away() {
    let called = Called::start("").await;
    let [first, second] = called.agents;
    let centre = &called.centre;
    let mut events = centre.events();
    let busy = centre.caller("sales");
    events.answered().await;
    let other = centre.caller("sales");
    events.answered().await;
    busy.hang_up();
    until("one is free", async || {
        centre.status_of(first).await.state == model::AgentState::Available
    })
    .await;
    let waits = called.calls_back("+13105550142", &[]);
    let queued = |body: &EventBody| matches!(body, EventBody::CallQueued { .. });
    let queued = events.wait("the call is queued", queued).await;
    let EventBody::CallQueued { kept_for, call, .. } = queued.body else {
        unreachable!("it was waited for");
    };
    assert_eq!(kept_for.map(|kept| kept.agent), Some(second));
    let explained = centre.app.acd.explain(call).await.unwrap().unwrap();
    let kept = explained
        .summary
        .contains("for Agent 102, whose call this one answers");
    assert!(kept, "{}", explained.summary);
    assert_eq!(centre.status_of(first).await.call, None);
    other.hang_up();
    let EventBody::CallAnswered { agent, .. } = events.answered().await.body else {
        unreachable!("it was waited for");
    };
    assert_eq!(agent, second);
    waits.hang_up();
    centre.all_quiet().await;

    let offline = model::AgentState::Offline;
    centre
        .app
        .acd
        .ask_state(second, offline, None)
        .await
        .unwrap();
    assert_eq!(called.answers("+13105550142", &[]).await, first);
}

#[tokio::test]
async fn they_reach_the_queue_that_has_the_name_of_the_campaign() {
    let called = Called::start("spring").await;
    let centre = &called.centre;
    let spring = centre.queue("spring", |_| {}).await;
    let third = centre.agent("103", &[spring]).await;
    centre.pbx.phone("103").answers_after(Duration::ZERO);
    let offline = model::AgentState::Offline;
    let second = called.agents[1];
    centre
        .app
        .acd
        .ask_state(second, offline, None)
        .await
        .unwrap();
    assert_eq!(called.answers("+13105550142", &[]).await, third);
    assert_eq!(called.answers("+13105550143", &[]).await, called.agents[0]);
}

#[tokio::test]
async fn a_number_may_not_want_it() {
    let called = Called::start("").await;
    let [first, second] = called.agents;
    let app = &called.centre.app;
    let mut did = app.store.dids().by_number(NUMBER).await.unwrap().unwrap();
    did.return_wait_seconds = 0;
    app.acd.tell(Input::DidSet(did.clone())).await;
    assert_eq!(called.answers("+13105550142", &[]).await, first);
    did.return_wait_seconds = 20;
    app.acd.tell(Input::DidSet(did)).await;
    assert_eq!(called.answers("+13105550142", &[]).await, second);
}

#[tokio::test]
async fn who_hangs_up_at_once_leaves_nothing() {
    let called = Called::start("").await;
    for _ in 0..10 {
        called.calls_back("+13105550142", &[]).hang_up();
    }
    called.centre.all_quiet().await;
}
