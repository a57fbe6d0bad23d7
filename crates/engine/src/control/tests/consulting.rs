//! A third person.

use super::{CALL, Centre, Failure, Input, PBX, Said, Snapshot};
use crate::control::{Arrangement, Target, TargetAt, Verb};

const RINGS: &str = "Held by bob
    ConsultBegun { to: \"103\", transfer: false } by bob
    1: done";
const MEETS: &str = "ConsultChanged { state: Talking } by bob";
const BACK: &str = "Resumed { held_ms: 0 } by itself";

fn target(transfer: bool) -> Verb {
    Verb::Consult(Target {
        to: "103".to_owned(),
        at: TargetAt::Phone("103".to_owned()),
        endpoint: String::new(),
        shown: None,
        transfer,
    })
}

impl Centre {
    fn picks_up_at_target(&mut self, number: u32) -> Said {
        self.input(Input::TargetAnswered {
            call: CALL,
            number,
            server: PBX,
        })
    }

    fn goes_at_target(&mut self, number: u32, cause: u16) -> Said {
        let cause = Some(cause);
        self.input(Input::TargetGone {
            call: CALL,
            number,
            cause,
        })
    }

    fn arranged(&mut self, what: Arrangement, result: Result<(), Failure>) -> Said {
        self.input(Input::Arranged {
            call: CALL,
            what,
            result,
        })
    }

    fn finds_target(&mut self, held: bool, number: Option<u32>) -> Said {
        let target = number.map(|number| (CALL, number, true));
        self.input(Input::ServerResynced {
            server: PBX,
            found: Snapshot {
                held: held.then_some(CALL).into_iter().collect(),
                targets: target.into_iter().collect(),
                ..Snapshot::default()
            },
        })
    }

    /// Ann has called 103, who has answered.
    fn consulting() -> Self {
        let mut c = Self::talking();
        c.asks(1, target(false)).says("ring 103 as 1");
        c.done(1).says(RINGS);
        c.picks_up_at_target(1).says("Meet 1");
        c.arranged(Arrangement::Meet, Ok(())).says(MEETS);
        c
    }
}

#[test]
fn a_colleague_is_asked_and_given_the_customer() {
    let mut c = Centre::consulting();
    c.asks(2, Verb::Hold)
        .says("2: somebody else is being consulted");
    c.asks(3, target(false))
        .says("3: somebody else is being consulted");
    c.asks(4, Verb::Swap).says("do Swap");
    c.done(4).says(
        "Resumed { held_ms: 0 } by bob
        ConsultChanged { state: Waiting } by bob
        4: done",
    );
    c.asks(5, Verb::Swap).says("do Swap");
    c.done(5).says(
        "Held by bob
        ConsultChanged { state: Talking } by bob
        5: done",
    );
    c.asks(6, Verb::Transfer).says("do Transfer");
    c.done(6).says(
        "Transferred { to: \"103\" } by bob
        6: done
        hand over",
    );
    let state = c.control.state(CALL).unwrap();
    assert_eq!(state.transferred_to.as_deref(), Some("103"));
    c.over().says("clean up");
    c.is_empty();
}

#[test]
fn all_three_talk_and_the_third_one_goes() {
    let mut c = Centre::consulting();
    c.asks(2, Verb::Conference).says("do Conference");
    c.done(2).says(
        "Resumed { held_ms: 0 } by bob
        ConsultChanged { state: Conference } by bob
        2: done",
    );
    c.asks(3, Verb::Conference).says("3: done");
    c.asks(31, Verb::Swap).says("do Swap");
    c.done(31).says(
        "Held by bob
        ConsultChanged { state: Talking } by bob
        31: done",
    );
    c.asks(32, Verb::Conference).says("do Conference");
    c.done(32).says(
        "Resumed { held_ms: 0 } by bob
        ConsultChanged { state: Conference } by bob
        32: done",
    );
    c.goes_at_target(1, 16).says(
        "ConsultEnded { to: \"103\", cause: Some(16) } by itself
        drop target 1
        Return 1",
    );
    c.goes_at_target(1, 16).says("");
    c.asks(4, Verb::Hold)
        .says("4: something else is being done to this call");
    c.arranged(Arrangement::Return, Ok(())).says("");
    // Another one has another number.
    c.asks(5, target(false)).says("ring 103 as 2");
    c.over()
        .says("drop target 2\n5: nobody talks on this call\nclean up");
    c.picks_up_at_target(2).says("drop target 2");
}

#[test]
fn who_does_not_answer_gives_the_customer_back() {
    let mut c = Centre::talking();
    c.asks(1, target(false)).says("ring 103 as 1");
    c.done(1).says(RINGS);
    c.asks(2, Verb::Transfer)
        .says("2: the one who is consulted has not answered");
    c.goes_at_target(1, 17).says(
        "ConsultEnded { to: \"103\", cause: Some(17) } by itself
        drop target 1
        Return 1",
    );
    c.arranged(Arrangement::Return, Ok(())).says(BACK);
    c.asks(3, Verb::Swap)
        .says("3: nobody else is being consulted");
    c.asks(4, Verb::EndConsult).says("4: done");
    c.over().says("clean up");
    c.is_empty();
}

#[test]
fn a_phone_that_rings_too_long_is_let_go() {
    let mut c = Centre::talking();
    c.asks(1, target(false)).says("ring 103 as 1");
    c.done(1).says(RINGS);
    c.after(32).input(Input::Tick).says(
        "ConsultEnded { to: \"103\", cause: Some(19) } by itself
        drop target 1
        Return 1",
    );
    // Asterisk does not say whether the customer is back: it is tried again.
    c.after(10).input(Input::Tick).says("compare");
    c.asks(2, Verb::Hold)
        .says("2: something else is being done to this call");
    c.finds_target(true, None).says("Return 1");
    c.arranged(Arrangement::Return, Ok(()))
        .says("Resumed { held_ms: 42000 } by itself");
}

#[test]
fn an_event_may_come_before_the_answer() {
    let mut c = Centre::talking();
    c.asks(1, target(false)).says("ring 103 as 1");
    c.picks_up_at_target(1).says("");
    c.done(1).says(
        "Held by bob
        ConsultBegun { to: \"103\", transfer: false } by bob
        Meet 1
        1: done",
    );
    let mut c = Centre::talking();
    c.asks(1, target(true)).says("ring 103 as 1");
    c.goes_at_target(1, 3).says("");
    c.done(1).says(
        "Held by bob
        ConsultBegun { to: \"103\", transfer: true } by bob
        ConsultEnded { to: \"103\", cause: Some(3) } by itself
        drop target 1
        Return 1
        1: done",
    );
}

#[test]
fn a_transfer_is_done_when_the_third_one_answers() {
    let mut c = Centre::talking();
    c.asks(1, target(true)).says("ring 103 as 1");
    c.done(1).says(
        "Held by bob
        ConsultBegun { to: \"103\", transfer: true } by bob
        1: done",
    );
    c.picks_up_at_target(1).says("GiveOver 1");
    c.arranged(Arrangement::GiveOver, Ok(()))
        .says("Transferred { to: \"103\" } by bob\nhand over");
    c.over().says("clean up");
    c.is_empty();
}

#[test]
fn a_transfer_that_fails_brings_the_customer_back() {
    let mut c = Centre::talking();
    c.asks(1, target(true)).says("ring 103 as 1");
    assert_eq!(c.done(1).0.len(), 3);
    c.picks_up_at_target(1).says("GiveOver 1");
    c.arranged(Arrangement::GiveOver, Err(Failure::Unknown))
        .says(
            "ConsultEnded { to: \"103\", cause: None } by itself
            drop target 1
            Return 1",
        );
    c.arranged(Arrangement::Return, Ok(())).says(BACK);
}

#[test]
fn the_end_of_the_call_lets_the_third_one_go() {
    let mut c = Centre::consulting();
    c.over().says("drop target 1\nclean up");
    c.is_empty();
}

#[test]
fn an_ended_consultation_brings_the_customer_back() {
    let mut c = Centre::consulting();
    c.asks(2, Verb::EndConsult).says("do EndConsult");
    // It goes as it was told to, before Asterisk has answered.
    c.goes_at_target(1, 16).says("");
    c.done(2).says(
        "ConsultEnded { to: \"103\", cause: None } by bob
        Resumed { held_ms: 0 } by bob
        2: done",
    );
    let mut c = Centre::consulting();
    c.asks(2, Verb::EndConsult).says("do EndConsult");
    c.goes_at_target(1, 16).says("");
    c.result(2, Err(Failure::Unknown)).says(
        "ConsultEnded { to: \"103\", cause: Some(16) } by itself
        drop target 1
        Return 1
        2: Asterisk did not do it: it gave no answer in time",
    );
}

#[test]
fn a_lost_connection_is_outlived_and_a_restart_brings_back() {
    let mut c = Centre::consulting();
    c.lost().says("");
    c.finds_target(true, Some(1)).says("");
    let call = model::Call {
        control: c.control.state(CALL).unwrap().clone(),
        ..super::talking_call()
    };
    let mut fresh = Centre {
        control: crate::control::Control::default(),
        now: c.now,
    };
    fresh.begins(call).says("");
    fresh.finds_target(true, Some(1)).says(
        "drop target 1
        ConsultEnded { to: \"103\", cause: None } by itself
        drop target 0
        Return 0",
    );
    fresh.arranged(Arrangement::Return, Ok(())).says(BACK);
    c.lost().says("");
    c.finds_target(true, None).says(
        "ConsultEnded { to: \"103\", cause: None } by itself
        drop target 1
        Return 1",
    );
}

#[test]
fn who_hangs_up_leaves_the_customer_with_the_third_one() {
    let mut c = Centre::consulting();
    assert!(c.control.may_be_left(CALL));
    c.asks(2, Verb::Swap).says("do Swap");
    c.input(Input::AgentLeft { call: CALL })
        .says("2: nobody talks on this call\nGiveOver 1");
    c.done(2).says("compare");
    c.arranged(Arrangement::GiveOver, Ok(()))
        .says("Transferred { to: \"103\" } by bob\nhand over");
    c.over().says("clean up");
    c.is_empty();
}

#[test]
fn who_hangs_up_while_it_rings_ends_the_call() {
    let mut c = Centre::talking();
    assert!(!c.control.may_be_left(CALL));
    c.asks(1, target(false)).says("ring 103 as 1");
    c.done(1).says(RINGS);
    assert!(!c.control.may_be_left(CALL));
    c.input(Input::AgentLeft { call: CALL }).says("let end");
    let mut c = Centre::consulting();
    c.input(Input::AgentLeft { call: CALL }).says("GiveOver 1");
    // The third one has hung up at this very moment.
    c.goes_at_target(1, 16).says(
        "ConsultEnded { to: \"103\", cause: Some(16) } by itself
        drop target 1
        let end",
    );
    c.arranged(Arrangement::GiveOver, Ok(())).says("");
}

#[test]
fn a_customer_goes_to_another_queue() {
    let mut c = Centre::talking();
    c.asks(1, Verb::ToQueue("billing".into())).says(
        "Transferred { to: \"billing\" } by bob
        1: done
        hand over
        requeue in billing",
    );
    let mut c = Centre::consulting();
    c.asks(2, Verb::ToQueue("billing".into()))
        .says("2: somebody else is being consulted");
}

#[test]
fn who_presses_transfer_may_put_the_phone_down() {
    // While it rings,
    let mut c = Centre::talking();
    c.asks(1, target(true)).says("ring 103 as 1");
    assert_eq!(c.done(1).0.len(), 3);
    c.input(Input::AgentLeft { call: CALL }).says("");
    c.picks_up_at_target(1).says("GiveOver 1");
    // while it is being done,
    c.input(Input::AgentLeft { call: CALL }).says("");
    c.arranged(Arrangement::GiveOver, Ok(()))
        .says("Transferred { to: \"103\" } by bob\nhand over");
    // after it was asked for,
    let mut c = Centre::consulting();
    c.asks(2, Verb::Transfer).says("do Transfer");
    c.input(Input::AgentLeft { call: CALL }).says("");
    c.done(2)
        .says("Transferred { to: \"103\" } by bob\n2: done\nhand over");
    // and should nobody answer, the call ends as it would have.
    let mut c = Centre::talking();
    c.asks(1, target(true)).says("ring 103 as 1");
    assert_eq!(c.done(1).0.len(), 3);
    c.input(Input::AgentLeft { call: CALL }).says("");
    c.goes_at_target(1, 17).says(
        "ConsultEnded { to: \"103\", cause: Some(17) } by itself
        drop target 1
        let end",
    );
}

#[test]
fn a_transfer_whose_answer_is_lost_is_one() {
    let mut c = Centre::consulting();
    c.asks(2, Verb::Transfer).says("do Transfer");
    c.lost()
        .says("2: Asterisk did not do it: it gave no answer in time");
    c.input(Input::Given { calls: vec![CALL] })
        .says("Transferred { to: \"103\" } by itself\nhand over");
    let mut c = Centre::consulting();
    c.asks(2, Verb::Transfer).says("do Transfer");
    c.input(Input::Given { calls: vec![CALL] })
        .says("Transferred { to: \"103\" } by bob\n2: done\nhand over");
    c.over().says("clean up");
    c.done(2).says("");
    c.input(Input::Given { calls: vec![CALL] }).says("");
}

#[test]
fn who_is_called_off_while_they_answer_is_not_given_the_customer() {
    let mut c = Centre::talking();
    c.asks(1, target(true)).says("ring 103 as 1");
    assert_eq!(c.done(1).0.len(), 3);
    c.asks(2, Verb::EndConsult).says("do EndConsult");
    c.picks_up_at_target(1).says("");
    c.done(2).says(
        "ConsultEnded { to: \"103\", cause: None } by bob
        Resumed { held_ms: 0 } by bob
        2: done",
    );
}

#[test]
fn who_answered_while_we_were_away_is_met() {
    let mut c = Centre::talking();
    c.asks(1, target(false)).says("ring 103 as 1");
    c.done(1).says(RINGS);
    c.lost().says("");
    c.finds_target(true, Some(1)).says("Meet 1");
}

#[test]
fn a_look_at_what_is_there_arranges_nothing_twice() {
    let mut c = Centre::talking();
    c.asks(1, target(false)).says("ring 103 as 1");
    c.done(1).says(RINGS);
    c.picks_up_at_target(1).says("Meet 1");
    c.finds_target(true, Some(1)).says("");
    // Over a lost connection it may not have been done.
    c.lost().says("");
    c.finds_target(true, Some(1)).says("Meet 1");
}
