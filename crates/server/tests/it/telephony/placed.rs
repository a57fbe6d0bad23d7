//! Calls that we place: the agent's phone, then the customer's, and everything that can come between.

use std::time::Duration;

use model::{
    AgentId, AgentState, Call, CallId, CallState, Caller, Direction, EndedBy, Outcome, UseEnd,
};
use server::telephony::{NotPlaced, Refused, Wish};
use sim::asterisk::{PhoneHandle, SimConfig};

use super::{Centre, until};

const OURS: &str = "3105550100";
const PERSON: &str = "+13105550142";
/// As the trunk is given it.
const DIALLED: &str = "13105550142";

/// A centre that has one number, an agent at the phone 101, and a person who can be called.
struct Placing {
    centre: Centre,
    agent: AgentId,
    phone: PhoneHandle,
    person: PhoneHandle,
}

impl Placing {
    async fn start() -> Self {
        let centre = Centre::with_a_number().await;
        let sales = centre.queue("sales", |_| {}).await;
        let phone = centre.pbx.phone("101");
        phone.answers_after(Duration::ZERO);
        let person = centre.pbx.number(DIALLED);
        person.answers_after(Duration::ZERO);
        let agent = centre.agent("101", &[sales]).await;
        Self {
            centre,
            agent,
            phone,
            person,
        }
    }

    fn wish(&self, call: CallId) -> Wish {
        Wish {
            call,
            agent: self.agent,
            to: PERSON.parse().unwrap(),
            campaign: "spring".to_owned(),
        }
    }

    fn new_id(&self) -> CallId {
        let (at, random) = self.centre.app.clock.id();
        CallId::new(at, random)
    }

    async fn places(&self, call: CallId) -> Result<Call, NotPlaced> {
        let app = &self.centre.app;
        app.acd.place(&app.servers, self.wish(call)).await
    }

    async fn placed(&self) -> Call {
        self.places(self.new_id()).await.unwrap()
    }

    async fn is_in(&self, state: CallState) {
        until(&format!("a call {state:?}"), async || {
            self.centre
                .calls()
                .await
                .iter()
                .any(|call| call.state == state)
        })
        .await;
    }

    /// The call as the log has it, once it is over and nothing of it is left.
    async fn over(&self, placed: &Call) -> Call {
        self.centre.all_quiet().await;
        let status = self.centre.status_of(self.agent).await;
        assert_eq!(status.state, AgentState::Available);
        let call = self.centre.app.store.calls().get(placed.id).await.unwrap();
        let call = call.unwrap();
        assert_eq!(call.state, CallState::Ended);
        call
    }

    async fn used(&self, placed: &Call) -> model::CallerIdUse {
        let reservation = placed.placed.as_ref().unwrap().reservation.unwrap();
        self.centre.use_ended(reservation).await
    }
}

fn ending(call: &Call) -> (Outcome, EndedBy, Option<u16>) {
    (
        call.outcome.unwrap(),
        call.ended_by.unwrap(),
        call.hangup_cause,
    )
}

/// Has a phone not take a call.
type Refusing = fn(&PhoneHandle) -> &PhoneHandle;

#[tokio::test]
async fn the_agent_is_rung_first_and_the_customer_sees_our_number() {
    let placing = Placing::start().await;
    let pbx = &placing.centre.pbx;
    placing.phone.never_answers();
    placing.person.never_answers();
    let placed = placing.placed().await;
    let presented = placed.placed.as_ref().unwrap();
    assert_eq!(presented.caller_id.as_deref(), Some(OURS));
    until("the phone rings", async || {
        !placing.phone.calls().is_empty()
    })
    .await;
    assert_eq!(placing.phone.calls(), std::slice::from_ref(&placed.channel));
    assert!(placing.person.calls().is_empty());
    // The phone shows whom it is about.
    let shown = pbx.channels().remove(0);
    assert_eq!(shown.connected.number, PERSON);
    let status = placing.centre.status_of(placing.agent).await;
    assert_eq!(
        (status.state, status.call),
        (AgentState::Busy, Some(placed.id))
    );

    until("the agent picks up", async || placing.phone.answer()).await;
    until("the person's phone rings", async || {
        !placing.person.calls().is_empty()
    })
    .await;
    let leg = placing.person.calls().remove(0);
    let channels = pbx.channels();
    let theirs = channels.iter().find(|one| one.id == leg).unwrap();
    assert_eq!(theirs.connected.number, OURS);
    let carried = pbx.variable(&leg, "__CORDBOARD_RESERVATION");
    assert_eq!(carried, presented.reservation.map(|id| id.to_string()));

    until("the person answers", async || placing.person.answer()).await;
    placing.is_in(CallState::Talking).await;
    until("one bridge", async || {
        pbx.bridges()
            .iter()
            .any(|bridge| bridge.channels.len() == 2)
    })
    .await;
    placing.person.hang_up();
    let call = placing.over(&placed).await;
    assert_eq!(call.direction, Direction::Outbound);
    assert_eq!(call.agent, Some(placing.agent));
    assert_eq!(
        (call.caller.number.as_str(), call.dialled.as_str()),
        (PERSON, DIALLED)
    );
    assert_eq!(call.placed, placed.placed);
    assert_eq!(ending(&call).0, Outcome::Answered);
    assert_eq!(ending(&call).1, EndedBy::Caller);
    assert!(call.talk_ms.is_some() && call.queued_at.is_none());
    let used = placing.used(&placed).await;
    assert_eq!(
        (
            used.end,
            used.answered,
            used.campaign.as_str(),
            used.agent.as_str()
        ),
        (Some(UseEnd::CallEnded), Some(true), "spring", "101")
    );
}

#[tokio::test]
async fn no_queue_offers_a_call_to_an_agent_who_calls() {
    let placing = Placing::start().await;
    let mut events = placing.centre.events();
    let placed = placing.placed().await;
    placing.is_in(CallState::Talking).await;
    let mut caller = placing.centre.caller("sales");
    caller.wait_until(|progress| progress.music.is_some()).await;
    assert_eq!(placing.phone.calls().len(), 1);
    let why = placing.places(placing.new_id()).await.unwrap_err();
    assert_eq!(why, NotPlaced::AgentBusy);
    placing.phone.hang_up();
    events.answered().await;
    placing.is_in(CallState::Talking).await;
    caller.hang_up();
    let call = placing.over(&placed).await;
    assert_eq!(ending(&call).1, EndedBy::Agent);
}

#[tokio::test]
async fn an_agent_who_does_not_come_is_told_by_the_cause() {
    let placing = Placing::start().await;
    let cases: [(u16, Refusing, EndedBy); 3] = [
        (17, PhoneHandle::busy, EndedBy::Agent),
        (21, PhoneHandle::declines, EndedBy::Agent),
        (20, PhoneHandle::unregistered, EndedBy::System),
    ];
    for (cause, phone, by) in cases {
        phone(&placing.phone);
        let placed = placing.placed().await;
        let call = placing.over(&placed).await;
        assert_eq!(ending(&call), (Outcome::NotReached, by, Some(cause)));
        let used = placing.used(&placed).await;
        assert_eq!((used.end, used.answered), (Some(UseEnd::Deleted), None));
    }
    assert!(placing.person.calls().is_empty());
}

#[tokio::test]
async fn a_customer_who_does_not_come_is_told_by_the_cause() {
    let placing = Placing::start().await;
    let not_answered = (Some(UseEnd::CallEnded), Some(false));
    let no_call = (Some(UseEnd::Deleted), None);
    let cases: [(u16, Refusing, EndedBy, _); 3] = [
        (17, PhoneHandle::busy, EndedBy::Caller, not_answered),
        (21, PhoneHandle::declines, EndedBy::Caller, not_answered),
        (3, PhoneHandle::unregistered, EndedBy::System, no_call),
    ];
    for (cause, person, by, end) in cases {
        person(&placing.person);
        let placed = placing.placed().await;
        let call = placing.over(&placed).await;
        assert_eq!(ending(&call), (Outcome::NotReached, by, Some(cause)));
        let used = placing.used(&placed).await;
        assert_eq!((used.end, used.answered), end);
    }
}

#[tokio::test]
async fn either_side_may_end_it_while_the_customer_rings() {
    let placing = Placing::start().await;
    placing.person.never_answers();
    let placed = placing.placed().await;
    placing.is_in(CallState::Connecting).await;
    until("it rings", async || !placing.person.calls().is_empty()).await;
    placing.phone.hang_up();
    let call = placing.over(&placed).await;
    assert_eq!(ending(&call).1, EndedBy::Agent);
    assert_eq!(ending(&call).0, Outcome::NotReached);

    let placed = placing.placed().await;
    until("it rings", async || !placing.person.calls().is_empty()).await;
    placing.centre.app.acd.hang_up(placed.id).await.unwrap();
    placing.over(&placed).await;
    let again = placing.centre.app.acd.hang_up(placed.id).await;
    assert_eq!(again, Err(Refused::NoSuchCall));
}

#[tokio::test]
async fn the_same_call_asked_for_many_times_rings_once() {
    let placing = Placing::start().await;
    placing.phone.never_answers();
    let id = placing.new_id();
    let all = futures_util::future::join_all((0..10).map(|_| placing.places(id))).await;
    let all: Vec<Call> = all.into_iter().map(Result::unwrap).collect();
    assert!(all.iter().all(|call| call.placed == all[0].placed));
    until("it rings", async || !placing.phone.calls().is_empty()).await;
    assert_eq!(placing.phone.calls().len(), 1);
    placing.phone.hang_up();
    let call = placing.over(&all[0]).await;
    // Also when it is over.
    let after = placing.places(id).await.unwrap();
    assert_eq!((after.id, &after.placed), (call.id, &call.placed));
    let other = Wish {
        campaign: "autumn".to_owned(),
        ..placing.wish(id)
    };
    let app = &placing.centre.app;
    let refused = app.acd.place(&app.servers, other).await;
    assert_eq!(refused.unwrap_err(), NotPlaced::OtherCall);
    placing.centre.all_quiet().await;
}

#[tokio::test]
async fn without_a_number_no_phone_rings() {
    let placing = Placing::start().await;
    let key = placing.centre.app.store.caller_ids();
    let ours = key.by_e164("+13105550100".parse().unwrap()).await.unwrap();
    let app = &placing.centre.app;
    app.caller_ids.remove_numbers(vec![ours.unwrap().id]).await;
    let id = placing.new_id();
    let paused = Some("lunch".to_owned());
    let on_break = AgentState::Break;
    app.acd
        .ask_state(placing.agent, on_break, paused)
        .await
        .unwrap();
    let before = placing.centre.status_of(placing.agent).await;
    for _ in 0..2 {
        let why = placing.places(id).await.unwrap_err();
        assert!(matches!(why, NotPlaced::NoCallerId(_)), "{why}");
    }
    assert!(placing.centre.pbx.channels().is_empty());
    // The break was not cut in two.
    assert_eq!(placing.centre.status_of(placing.agent).await, before);
    placing.centre.all_quiet().await;
    assert_eq!(app.store.calls().get(id).await.unwrap(), None);
}

#[tokio::test]
async fn a_call_outlives_its_connection() {
    let placing = Placing::start().await;
    let placed = placing.placed().await;
    placing.is_in(CallState::Talking).await;
    placing.centre.pbx.cut_websockets();
    placing.centre.connected().await;
    placing.is_in(CallState::Talking).await;

    // What ended in a gap has ended.
    placing.centre.pbx.go_away();
    placing.person.hang_up();
    placing.phone.hang_up();
    placing.centre.pbx.come_back().await.unwrap();
    let call = placing.over(&placed).await;
    assert_eq!(ending(&call), (Outcome::Answered, EndedBy::System, None));
    placing.used(&placed).await;
}

#[tokio::test]
async fn a_call_outlives_a_restart() {
    let mut placing = Placing::start().await;
    let placed = placing.placed().await;
    placing.is_in(CallState::Talking).await;
    placing.centre.restart().await;
    placing.is_in(CallState::Talking).await;
    let status = placing.centre.status_of(placing.agent).await;
    assert_eq!(
        (status.state, status.call),
        (AgentState::Busy, Some(placed.id))
    );
    assert_eq!(placing.centre.pbx.channels().len(), 2);
    placing.person.hang_up();
    let call = placing.over(&placed).await;
    assert_eq!(ending(&call).0, Outcome::Answered);
    let used = placing.used(&placed).await;
    assert_eq!(
        (used.end, used.answered),
        (Some(UseEnd::CallEnded), Some(true))
    );
}

#[tokio::test]
async fn whose_phone_rings_over_a_restart_is_served_after_it() {
    let mut placing = Placing::start().await;
    placing.phone.never_answers();
    let placed = placing.placed().await;
    until("it rings", async || !placing.phone.calls().is_empty()).await;
    placing.centre.restart().await;
    until("the agent picks up", async || placing.phone.answer()).await;
    placing.is_in(CallState::Talking).await;
    placing.phone.hang_up();
    let call = placing.over(&placed).await;
    assert_eq!(ending(&call).0, Outcome::Answered);
}

#[tokio::test]
async fn a_leg_asked_for_in_vain_ends_the_call() {
    let placing = Placing::start().await;
    let pbx = &placing.centre.pbx;
    pbx.refuse_next("POST", "bridges", 500, "no");
    let placed = placing.placed().await;
    let call = placing.over(&placed).await;
    assert_eq!(ending(&call), (Outcome::NotReached, EndedBy::System, None));
}

#[tokio::test]
async fn without_a_way_out_nobody_is_called() {
    let placing = Placing::start().await;
    let app = &placing.centre.app;
    let server = model::Server {
        dial_out: None,
        ami: None,
        ..placing.centre.configured().await
    };
    let set = app.servers.set(server, placing.centre.credentials()).await;
    set.unwrap();
    placing.centre.connected().await;
    let why = placing.places(placing.new_id()).await.unwrap_err();
    assert_eq!(why, NotPlaced::NoWayOut);
}

/// Nobody but the caller is taken for one.
#[tokio::test]
async fn a_caller_beside_it_is_a_caller() {
    let centre = Centre::start(SimConfig::default()).await;
    centre.queue("sales", |_| {}).await;
    let caller = centre.caller("sales");
    until("one call", async || centre.calls().await.len() == 1).await;
    let call = centre.calls().await.remove(0);
    assert_eq!(call.direction, Direction::Inbound);
    assert_eq!(call.placed, None);
    assert_ne!(call.caller, Caller::default());
    caller.hang_up();
    centre.all_quiet().await;
}
