//! The moments around the bridge.

use model::AgentState;

use super::centre::Centre;
use crate::acd::{Input, OfferFailure};

#[test]
fn the_caller_leaves_while_the_bridge_is_being_built() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.after(2).answers("ann").quietly();
    let offer = c.offer("ann");
    c.after(1).hangs_up("eve").says(
        "offer eve/ann caller gone after 2000 ms
         eve ended abandoned by caller, waited 3000 ms
         ann busy→available
         ! disconnect eve/ann",
    );
    c.input(Input::ConnectFailed { offer }).says_nothing();
    c.input(Input::Connected { offer })
        .says("! disconnect eve/ann");
}

#[test]
fn the_agent_answers_when_the_caller_has_gone() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    let offer = c.offer("ann");
    c.hangs_up("eve").quietly();
    c.input(Input::OfferAnswered { offer })
        .says("! disconnect eve/ann");
    assert_eq!(c.state("ann"), AgentState::Available);
}

#[test]
fn a_bridge_that_fails_puts_the_caller_back_in_place_with_music() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.after(1).arrives("bob", "support").quietly();
    c.answers("ann").quietly();
    let offer = c.offer("ann");
    c.after(1).input(Input::ConnectFailed { offer }).says(
        "offer eve/ann bridge failed after 1000 ms
         ann busy→no_answer (bridge failed) for 5 s
         ! disconnect eve/ann
         ! music default for eve",
    );
    c.wait(5).says(
        "ann no_answer→available
         eve offered to ann
         ann available→ringing
         ! ring ann, 101, for eve, 20s",
    );
}

#[test]
fn a_bridge_of_which_nothing_is_heard_has_failed() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.answers("ann").quietly();
    c.wait(9).says_nothing();
    c.wait(1)
        .mentions("offer eve/ann bridge failed after 0 ms")
        .mentions("! disconnect eve/ann")
        .quietly();
}

#[test]
fn the_agent_hangs_up_before_the_bridge_is_there() {
    let mut c = Centre::with(&["ann", "joe"]);
    c.arrives("eve", "support").quietly();
    c.answers("ann").quietly();
    c.agent_hangs_up("ann").says(
        "offer eve/ann bridge failed after 0 ms
         ann busy→no_answer (bridge failed) for 5 s
         ! disconnect eve/ann
         ! music default for eve
         eve offered to joe
         joe available→ringing
         ! ring joe, 102, for eve, 20s",
    );
}

#[test]
fn a_break_asked_for_while_the_bridge_fails_is_taken() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.answers("ann").quietly();
    c.takes_break("ann", "tea").says("ann busy, then break");
    let offer = c.offer("ann");
    c.input(Input::ConnectFailed { offer })
        .mentions("ann busy→break (tea)")
        .quietly();
}

#[test]
fn words_that_come_twice_or_late_change_nothing() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    let offer = c.offer("ann");
    c.answers("ann").quietly();
    c.answers("ann").says_nothing();
    c.input(Input::OfferFailed {
        offer,
        why: OfferFailure::NoAnswer,
    })
    .says_nothing();
    c.input(Input::OfferDeclined { offer }).says_nothing();
    c.connected("ann").quietly();
    c.connected("ann").says_nothing();
    c.answers("ann").says_nothing();
    c.input(Input::ConnectFailed { offer }).says_nothing();
    c.input(Input::OfferFailed {
        offer,
        why: OfferFailure::Busy,
    })
    .says_nothing();
    c.agent_hangs_up("ann")
        .mentions("eve ended answered by agent, waited 0 ms, talked 0 ms")
        .quietly();
    c.input(Input::AgentHungUp { offer, cause: None })
        .says_nothing();
    c.hangs_up("eve").says_nothing();
}

#[test]
fn a_leg_that_is_gone_before_its_answer_is_told() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    let offer = c.offer("ann");
    c.agent_hangs_up("ann")
        .mentions("ann ringing→no_answer (missed) for 60 s")
        .quietly();
    c.input(Input::OfferAnswered { offer })
        .says("! disconnect eve/ann");
}

#[test]
fn both_are_in_the_bridge_before_the_answer_is_told() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.after(3).connected("ann").says(
        "ann ringing→busy
         offer eve/ann answered after 3000 ms
         eve answered by ann after 3000 ms",
    );
    c.answers("ann").says_nothing();
}
