//! What is not answered, refused, or not known to have been done.

use super::{CALL, Centre, PICKED_UP, PLACED};
use crate::dial::{Input, Leg};

#[test]
fn a_choice_that_takes_too_long_is_given_up() {
    let mut c = Centre::new();
    c.asked().says("which number for sales, 101?");
    c.after(4).tick().says("");
    c.after(1).tick().says("not placed: NoAnswer");
    c.given().says("release: Deleted");
    c.is_empty();
}

#[test]
fn what_asterisk_refuses_is_nobodys_doing() {
    let refused = |c: &mut Centre, leg, cause| {
        let cause = Some(cause);
        let call = CALL;
        c.input(Input::LegRefused { call, leg, cause })
    };
    let mut c = Centre::new();
    c.asked().quietly();
    c.given().says(PLACED);
    refused(&mut c, Leg::Agent, 20).says(
        "ended: NotReached by System Some(20) None
         release: Deleted
         ann is free",
    );
    let mut c = Centre::ringing();
    c.answers(Leg::Agent).says(PICKED_UP);
    refused(&mut c, Leg::Customer, 3).says(
        "ended: NotReached by System Some(3) None
         hang up Agent
         release: Deleted
         ann is free",
    );
    c.is_empty();
}

#[test]
fn who_was_seen_is_not_given_up_for_a_lost_answer() {
    let unsure = |c: &mut Centre, leg| c.input(Input::LegUnsure { call: CALL, leg });
    let mut c = Centre::talking();
    unsure(&mut c, Leg::Customer).says("");
    unsure(&mut c, Leg::Agent).says("");
    let mut c = Centre::ringing();
    unsure(&mut c, Leg::Agent).says("");
    c.answers(Leg::Agent).says(PICKED_UP);
    unsure(&mut c, Leg::Customer).says(
        "ended: NotReached by System None None
         hang up Customer
         hang up Agent
         release: Deleted
         ann is free",
    );
    c.is_empty();
}

#[test]
fn a_phone_that_was_never_seen_ringing_is_not_said_to_be_unanswered() {
    let mut c = Centre::ringing();
    c.answers(Leg::Agent).says(PICKED_UP);
    c.after(62).tick().says(
        "ended: NotReached by System None None
         hang up Customer
         hang up Agent
         release: Deleted
         ann is free",
    );
    c.is_empty();
}

#[test]
fn another_attempt_to_bridge_does_not_part_who_talk() {
    let mut c = Centre::talking();
    c.found(&[(Leg::Agent, true), (Leg::Customer, true)], Some(false))
        .says("connect");
    c.input(Input::ConnectFailed { call: CALL }).says("");
    assert_eq!(c.dialler.open(), 1);
}
