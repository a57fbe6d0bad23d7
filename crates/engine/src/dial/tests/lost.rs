//! Servers that are lost and found again, and restarts of ours.

use super::{CALL, Centre, OTHER, PICKED_UP};
use crate::dial::{Input, Leg};

#[test]
fn a_lost_connection_ends_nothing() {
    let mut c = Centre::talking();
    c.lost().says("");
    c.after(500).tick().says("");
    c.found(&[(Leg::Agent, true), (Leg::Customer, true)], Some(true))
        .says("");
    c.found(&[(Leg::Agent, true), (Leg::Customer, true)], Some(false))
        .says("connect");

    let mut c = Centre::calling();
    c.lost().says("");
    assert_eq!(c.dialler.poll_timeout(), None);
    c.after(500).tick().says("");
    c.found(&[(Leg::Agent, true), (Leg::Customer, false)], None)
        .says(
            "ended: NotReached by Caller Some(19) None
         hang up Customer
         hang up Agent
         release: not answered
         ann is free",
        );
}

#[test]
fn what_happened_meanwhile_is_caught_up_with() {
    let mut c = Centre::ringing();
    c.lost().says("");
    c.found(&[(Leg::Agent, true)], None).says(PICKED_UP);
    // Asked for a moment ago: the snapshot is older than the leg.
    c.found(&[(Leg::Agent, true)], None).says("");
    c.found(&[(Leg::Agent, true), (Leg::Customer, true)], None)
        .says("connect");
    c.found(&[(Leg::Agent, true), (Leg::Customer, true)], Some(true))
        .says("customer answered");
    c.after(9).found(&[(Leg::Agent, true)], None).says(
        "ended: Answered by System None Some(9000)
         hang up Agent
         take down
         release: answered, 9 s
         ann is free, talked",
    );
    c.is_empty();
}

#[test]
fn legs_of_no_call_are_let_go() {
    let mut c = Centre::new();
    c.found(&[(Leg::Agent, true), (Leg::Customer, false)], None)
        .says("hang up Agent\nhang up Customer");
    c.found(&[], Some(false)).says("take down");
    c.rings(Leg::Customer).says("hang up Customer");
    c.input(Input::LegAnswered {
        call: CALL,
        leg: Leg::Agent,
        server: OTHER,
    })
    .says("hang up Agent elsewhere");
}

#[test]
fn a_restart_takes_over_what_is_there() {
    let mut c = Centre::talking().restarted();
    c.tick().says("");
    c.found(&[(Leg::Agent, true), (Leg::Customer, true)], Some(true))
        .says("");
    c.after(7).ends(Leg::Agent, 16).says(
        "ended: Answered by Agent Some(16) Some(7000)
         hang up Customer
         take down
         release: answered, 7 s
         ann is free, talked",
    );

    let mut c = Centre::ringing().restarted();
    c.found(&[(Leg::Agent, true)], None).says(PICKED_UP);

    let mut c = Centre::calling().restarted();
    c.found(&[(Leg::Agent, true)], None).says(
        "ended: NotReached by System None None
         hang up Agent
         release: not answered
         ann is free",
    );

    // The bridge was built, and nobody could write it down any more.
    let mut c = Centre::calling().restarted();
    c.found(&[(Leg::Agent, true), (Leg::Customer, true)], Some(true))
        .says("customer answered");

    let mut c = Centre::talking().restarted();
    c.found(&[], None).says(
        "ended: Answered by System None Some(0)
         hang up Customer
         take down
         release: answered, 0 s
         ann is free, talked",
    );
    c.is_empty();
}

#[test]
fn comparisons_give_no_time_anew() {
    let mut c = Centre::ringing();
    for _ in 0..3 {
        c.after(10).found(&[(Leg::Agent, false)], None).says("");
    }
    c.after(2).tick().says(
        "ended: NotReached by Agent Some(19) None
         hang up Agent
         release: Deleted
         ann is free",
    );
    c.is_empty();
}
