//! The usual path of a call, and who leaves it where.

use super::{CALL, Centre, PICKED_UP, PLACED};
use crate::dial::{Input, Leg};

#[test]
fn the_agent_then_the_customer_then_both_together() {
    let mut c = Centre::talking();
    assert_eq!(c.dialler.poll_timeout(), None);
    c.after(60).ends(Leg::Customer, 16).says(
        "ended: Answered by Caller Some(16) Some(60000)
         hang up Agent
         take down
         release: answered, 60 s
         ann is free, talked",
    );
    c.ends(Leg::Agent, 16).says("");
    c.is_empty();
}

#[test]
fn no_phone_rings_without_a_number() {
    let mut c = Centre::new();
    c.asked().says("which number for sales, 101?");
    assert_eq!(c.dialler.calls().count(), 0);
    c.input(Input::CallerIdRefused { call: CALL })
        .says("not placed: Refused");
    c.is_empty();
    assert!(c.dialler.find(CALL).is_none(), "it may be tried again");
}

#[test]
fn the_trunks_own_number_is_presented_where_that_is_allowed() {
    let mut c = Centre::new();
    c.asked().says("which number for sales, 101?");
    c.input(Input::CallerIdGiven {
        call: CALL,
        caller_id: None,
        reservation: None,
    })
    .says(
        "placed to +13105550142, presenting the trunk's own
         ann is engaged
         ring agent 101, showing +13105550142, 30s",
    );
    c.answers(Leg::Agent).says(
        "agent picked up
         call PJSIP/13105550142@trunk, presenting the trunk's own, 60s",
    );
    c.rings(Leg::Customer).says("");
    c.ends(Leg::Customer, 17).says(
        "ended: NotReached by Caller Some(17) None
         hang up Agent
         ann is free",
    );
}

#[test]
fn a_number_that_comes_too_late_is_given_back() {
    let mut c = Centre::new();
    c.asked().says("which number for sales, 101?");
    c.hang_up_asked().says("not placed: HungUp");
    c.given().says("release: Deleted");
    c.input(Input::CallerIdRefused { call: CALL }).says("");
    c.is_empty();
}

#[test]
fn an_agent_who_does_not_come_costs_the_number_no_call() {
    for (cause, busy) in [(17, false), (21, false), (20, true)] {
        let mut c = Centre::ringing();
        if busy {
            c.rings(Leg::Agent).says("");
        }
        c.ends(Leg::Agent, cause).says(&format!(
            "ended: NotReached by Agent Some({cause}) None
             release: Deleted
             ann is free",
        ));
        c.is_empty();
    }
}

#[test]
fn a_phone_that_nobody_tells_of_rings_no_longer_than_it_may() {
    let mut c = Centre::ringing();
    c.after(31).tick().says("");
    c.after(1).tick().says(
        "ended: NotReached by Agent Some(19) None
         hang up Agent
         release: Deleted
         ann is free",
    );
    c.answers(Leg::Agent).says("hang up Agent");

    let mut c = Centre::calling();
    c.after(61).tick().says("");
    c.after(1).tick().says(
        "ended: NotReached by Caller Some(19) None
         hang up Customer
         hang up Agent
         release: not answered
         ann is free",
    );
    c.is_empty();
}

#[test]
fn the_customer_is_busy_away_or_refuses() {
    for cause in [1, 17, 18, 19, 21, 34] {
        let mut c = Centre::calling();
        c.ends(Leg::Customer, cause).says(&format!(
            "ended: NotReached by Caller Some({cause}) None
             hang up Agent
             release: not answered
             ann is free",
        ));
        c.answers(Leg::Customer).says("hang up Customer");
        c.is_empty();
    }
}

#[test]
fn the_agent_hangs_up_while_the_customer_rings() {
    let mut c = Centre::calling();
    c.ends(Leg::Agent, 16).says(
        "ended: NotReached by Agent Some(16) None
         hang up Customer
         release: not answered
         ann is free",
    );
    c.is_empty();
}

#[test]
fn either_may_leave_while_the_bridge_is_built() {
    for (leg, by, other) in [
        (Leg::Agent, "Agent", "Customer"),
        (Leg::Customer, "Caller", "Agent"),
    ] {
        let mut c = Centre::calling();
        c.answers(Leg::Customer).says("connect");
        c.ends(leg, 16).says(&format!(
            "ended: NotReached by {by} Some(16) None
             hang up {other}
             take down
             release: answered, 0 s
             ann is free",
        ));
        c.input(Input::Connected { call: CALL }).says("");
        c.is_empty();
    }
}

#[test]
fn a_bridge_that_fails_ends_the_call() {
    let gone = "ended: NotReached by System None None
         hang up Customer
         hang up Agent
         take down
         release: answered, 0 s
         ann is free";
    let mut c = Centre::calling();
    c.answers(Leg::Customer).says("connect");
    c.input(Input::ConnectFailed { call: CALL }).says(gone);
    let mut c = Centre::calling();
    c.answers(Leg::Customer).says("connect");
    c.after(10).tick().says(gone);
}

#[test]
fn a_hang_up_is_asked_for_at_every_step() {
    Centre::ringing().hang_up_asked().says(
        "ended: NotReached by System None None
         hang up Agent
         release: Deleted
         ann is free",
    );
    Centre::calling().hang_up_asked().says(
        "ended: NotReached by System None None
         hang up Customer
         hang up Agent
         release: not answered
         ann is free",
    );
    let mut c = Centre::talking();
    c.after(2).hang_up_asked().says(
        "ended: Answered by Agent None Some(2000)
         hang up Customer
         hang up Agent
         take down
         release: answered, 2 s
         ann is free, talked",
    );
    c.hang_up_asked().says("");
    c.is_empty();
}

#[test]
fn what_is_asked_for_twice_rings_once() {
    let mut c = Centre::new();
    c.asked().says("which number for sales, 101?");
    c.asked().says("");
    c.given().says(PLACED);
    c.given().says("release: Deleted");
    c.asked().says("");
    c.ends(Leg::Agent, 17).says(
        "ended: NotReached by Agent Some(17) None
         release: Deleted
         ann is free",
    );
    c.asked().says("");
    assert!(c.dialler.find(CALL).is_some());
}

#[test]
fn words_that_come_out_of_order_do_no_harm() {
    let mut c = Centre::ringing();
    c.answers(Leg::Customer).says("");
    c.ends(Leg::Customer, 16).says("");
    c.input(Input::Connected { call: CALL }).says("");
    c.input(Input::ConnectFailed { call: CALL }).says("");
    c.answers(Leg::Agent).says(PICKED_UP);
    c.answers(Leg::Agent).says("");
    c.rings(Leg::Agent).says("");
    c.answers(Leg::Customer).says("connect");
    c.answers(Leg::Customer).says("");
}
