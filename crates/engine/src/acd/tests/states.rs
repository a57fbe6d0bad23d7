//! What agents do, want and miss.

use model::AgentState;

use super::centre::Centre;
use crate::acd::{Input, OfferFailure};

#[test]
fn a_missed_offer_is_a_pause_with_its_reason_and_the_caller_keeps_the_place() {
    let reasons = [
        (OfferFailure::NoAnswer, "missed", "missed"),
        (OfferFailure::Busy, "phone busy", "phone busy"),
        (OfferFailure::Declined, "declined", "declined"),
        (OfferFailure::Unreachable, "unreachable", "unreachable"),
    ];
    for (why, result, reason) in reasons {
        let mut c = Centre::with(&["ann", "joe"]);
        c.arrives("eve", "support")
            .mentions("eve offered to ann")
            .quietly();
        c.after(1)
            .arrives("bob", "support")
            .mentions("bob offered to joe")
            .quietly();
        c.after(1).arrives("cat", "support").quietly();
        c.after(4).fails("ann", why).says(&format!(
            "offer eve/ann {result} after 6000 ms
             ann ringing→no_answer ({reason}) for 60 s",
        ));
        c.fails("joe", why).never_mentions("offered").quietly();
        c.wait(60)
            .mentions("eve offered to ann")
            .mentions("bob offered to joe")
            .quietly();
    }
}

#[test]
fn without_a_length_the_pause_lasts_until_the_agent_asks() {
    let mut c = Centre::with(&["ann"]);
    c.queue("support", |q| q.no_answer_seconds = None);
    c.arrives("eve", "support").quietly();
    c.after(20).fails("ann", OfferFailure::NoAnswer).says(
        "offer eve/ann missed after 20000 ms
         ann ringing→no_answer (missed)",
    );
    c.wait(200).says_nothing();
    c.available("ann").says(
        "ann no_answer→available
         eve offered to ann
         ann available→ringing
         ! ring ann, 101, for eve, 20s",
    );
}

#[test]
fn one_agent_who_never_answers_is_not_rung_in_a_circle() {
    let mut c = Centre::with(&["ann"]);
    c.queue("support", |q| q.no_answer_seconds = Some(0));
    c.arrives("eve", "support").quietly();
    c.fails("ann", OfferFailure::Busy).says(
        "offer eve/ann phone busy after 0 ms
         ann ringing→no_answer (phone busy) for 1 s",
    );
    let mut offers = 0;
    for _ in 0..10 {
        let said = c.wait(1).mentions("eve offered to ann");
        offers += said
            .0
            .iter()
            .filter(|line| line.contains("offered"))
            .count();
        c.fails("ann", OfferFailure::Busy).quietly();
    }
    assert_eq!(offers, 10, "once a second");
}

#[test]
fn with_no_pause_the_call_goes_to_another_first() {
    let mut c = Centre::with(&["ann", "joe"]);
    c.queue("support", |q| q.no_answer_seconds = Some(0));
    c.arrives("eve", "support")
        .mentions("eve offered to ann")
        .quietly();
    c.fails("ann", OfferFailure::Declined)
        .mentions("eve offered to joe")
        .quietly();
}

#[test]
fn declining_in_the_page_stops_the_phone() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    let offer = c.offer("ann");
    c.after(2).input(Input::OfferDeclined { offer }).says(
        "offer eve/ann declined after 2000 ms
         ann ringing→no_answer (declined) for 60 s
         ! withdraw eve/ann",
    );
    c.input(Input::OfferDeclined { offer }).says_nothing();
}

#[test]
fn a_break_while_ringing_is_at_once_and_no_late_miss_overwrites_it() {
    let mut c = Centre::with(&["ann", "joe"]);
    c.arrives("eve", "support").quietly();
    let offer = c.offer("ann");
    c.after(2).takes_break("ann", "lunch").says(
        "offer eve/ann agent left after 2000 ms
         ann ringing→break (lunch)
         ! withdraw eve/ann
         eve offered to joe
         joe available→ringing
         ! ring joe, 102, for eve, 20s",
    );
    c.input(Input::OfferFailed {
        offer,
        why: OfferFailure::NoAnswer,
    })
    .says_nothing();
    c.input(Input::AgentHungUp { offer, cause: None })
        .says_nothing();
    c.input(Input::OfferAnswered { offer })
        .says("! disconnect eve/ann");
    assert_eq!(c.state("ann"), AgentState::Break);
}

#[test]
fn going_offline_while_ringing() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.after(2).goes_offline("ann").says(
        "offer eve/ann agent left after 2000 ms
         ann ringing→offline
         ! withdraw eve/ann",
    );
    c.available("ann").mentions("eve offered to ann").quietly();
}

#[test]
fn a_break_asked_for_during_a_call_follows_the_wrap_up() {
    let mut c = Centre::with(&["ann"]);
    c.talks("eve", "ann");
    c.takes_break("ann", "lunch").says("ann busy, then break");
    c.takes_break("ann", "lunch").says_nothing();
    c.hangs_up("eve").says(
        "eve ended answered by caller, waited 2000 ms, talked 0 ms
         ann busy→wrap_up for 30 s, then break
         ! disconnect eve/ann",
    );
    c.wait(30).says("ann wrap_up→break (lunch)");
}

#[test]
fn offline_asked_for_during_a_call_skips_the_wrap_up() {
    let mut c = Centre::with(&["ann"]);
    c.talks("eve", "ann");
    c.goes_offline("ann").says("ann busy, then offline");
    c.agent_hangs_up("ann")
        .mentions("ann busy→offline")
        .quietly();
    assert_eq!(c.acd.poll_timeout(), None);
}

#[test]
fn asking_for_available_during_a_call_takes_the_wish_back() {
    let mut c = Centre::with(&["ann"]);
    c.talks("eve", "ann");
    c.takes_break("ann", "lunch").quietly();
    c.available("ann").says("ann busy");
    c.available("ann").says_nothing();
}

#[test]
fn wrap_up_ends_early_when_the_agent_says_so() {
    let mut c = Centre::with(&["ann"]);
    c.talks("eve", "ann");
    c.hangs_up("eve")
        .mentions("ann busy→wrap_up for 30 s")
        .quietly();
    c.after(5).available("ann").says("ann wrap_up→available");
    c.wait(60).says_nothing();
}

#[test]
fn a_break_during_wrap_up_is_at_once_and_no_timer_ends_it() {
    let mut c = Centre::with(&["ann"]);
    c.talks("eve", "ann");
    c.hangs_up("eve").quietly();
    c.after(5)
        .takes_break("ann", "tea")
        .says("ann wrap_up→break (tea)");
    c.wait(60).says_nothing();
    assert_eq!(c.state("ann"), AgentState::Break);
}

#[test]
fn no_wrap_up_means_none() {
    let mut c = Centre::with(&["ann"]);
    c.queue("support", |q| q.wrap_up_seconds = 0);
    c.talks("eve", "ann");
    c.arrives("bob", "support").quietly();
    c.hangs_up("eve").says(
        "eve ended answered by caller, waited 2000 ms, talked 0 ms
         ann busy→available
         ! disconnect eve/ann
         bob offered to ann
         ann available→ringing
         ! ring ann, 101, for bob, 20s",
    );
}

#[test]
fn what_cannot_be_asked_for_is_not_given() {
    let mut c = Centre::with(&["ann"]);
    for state in [
        AgentState::Busy,
        AgentState::Ringing,
        AgentState::WrapUp,
        AgentState::NoAnswer,
    ] {
        let agent = Centre::agent_id("ann");
        c.input(Input::StateAsked {
            agent,
            state,
            reason: None,
        })
        .says_nothing();
    }
    c.available("ann").says_nothing();
    c.available("nobody").says_nothing();
    c.takes_break("ann", "tea")
        .says("ann available→break (tea)");
    c.takes_break("ann", "tea").says_nothing();
    c.takes_break("ann", "lunch").says("ann break (lunch)");
}

#[test]
fn an_agent_gets_one_call_at_a_time() {
    let mut c = Centre::with(&["ann"]);
    for call in ["c1", "c2", "c3"] {
        c.arrives(call, "support").quietly();
    }
    assert_eq!(c.acd.offers().count(), 1);
    c.answers("ann").quietly();
    c.connected("ann").quietly();
    c.arrives("c4", "support")
        .never_mentions("offered")
        .quietly();
}

#[test]
fn when_asterisk_does_not_tell_the_end_of_ringing_we_give_up_ourselves() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.wait(21).says_nothing();
    c.wait(1).says(
        "offer eve/ann missed after 22000 ms
         ann ringing→no_answer (missed) for 60 s
         ! withdraw eve/ann",
    );
}
