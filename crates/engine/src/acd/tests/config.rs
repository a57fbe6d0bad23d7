//! Settings that change while calls run.

use model::{AgentState, Overflow, Strategy};

use super::centre::Centre;
use crate::acd::{Input, Snapshot};

#[test]
fn a_removed_queue_sends_its_callers_on_and_lets_them_talk_to_the_end() {
    let mut c = Centre::with(&["ann", "joe"]);
    c.queue("rest", |_| {});
    let queue = Centre::queue_id("rest");
    c.queue("support", |q| q.overflow = Overflow::Queue { queue });
    c.talks("c1", "ann");
    c.arrives("c2", "support")
        .mentions("c2 offered to joe")
        .quietly();
    c.arrives("c3", "support").quietly();
    c.input(Input::QueueRemoved(Centre::queue_id("support")))
        .says(
            "offer c2/joe caller gone after 0 ms
         joe ringing→available
         ! withdraw c2/joe
         c2 queued in rest at 1 after queue removed
         ! music default for c2
         c3 queued in rest at 2 after queue removed
         ! music default for c3",
        );
    assert_eq!(c.acd.queue(Centre::queue_id("support")), None);
    c.arrives("c4", "support")
        .mentions("c4 ended unrouted by system")
        .quietly();
    c.after(5)
        .hangs_up("c1")
        .mentions("ann busy→wrap_up for 30 s")
        .quietly();
    assert_eq!(c.acd.queue_stats(Centre::queue_id("support")), None);
}

#[test]
fn a_queue_that_is_closed_sends_its_callers_on() {
    let mut c = Centre::with(&[]);
    c.arrives("eve", "support").quietly();
    c.change_queue("support", |q| q.active = false).says(
        "eve ended rejected by system for queue removed, waited 0 ms
         ! hang up eve",
    );
}

#[test]
fn a_queue_closed_under_a_lost_server_waits_with_that() {
    let mut c = Centre::with(&[]);
    c.arrives("eve", "support").quietly();
    c.lost().quietly();
    c.input(Input::QueueRemoved(Centre::queue_id("support")))
        .says_nothing();
    let calls = vec![Centre::call_id("eve")];
    c.resynced(Snapshot {
        calls,
        ..Snapshot::default()
    })
    .says(
        "eve ended rejected by system for queue removed, waited 0 ms
         ! hang up eve",
    );
}

#[test]
fn a_member_removed_while_ringing_is_let_go() {
    let mut c = Centre::with(&["ann", "joe"]);
    c.arrives("eve", "support").quietly();
    let (queue, agent) = (Centre::queue_id("support"), Centre::agent_id("ann"));
    c.after(1).input(Input::MemberRemoved(queue, agent)).says(
        "offer eve/ann agent left after 1000 ms
         ann ringing→available
         ! withdraw eve/ann
         eve offered to joe
         joe available→ringing
         ! ring joe, 102, for eve, 20s",
    );
    c.input(Input::MemberRemoved(queue, agent)).says_nothing();
}

#[test]
fn an_agent_removed_while_talking_finishes_the_call() {
    let mut c = Centre::with(&["ann"]);
    c.talks("eve", "ann");
    let agent = Centre::agent_id("ann");
    c.input(Input::AgentRemoved(agent))
        .says("ann busy, then offline");
    assert_eq!(c.state("ann"), AgentState::Busy);
    c.after(5).hangs_up("eve").says(
        "eve ended answered by caller, waited 2000 ms, talked 5000 ms
         ann busy→offline
         ! disconnect eve/ann",
    );
    assert!(c.acd.agent(agent).is_none());
}

#[test]
fn an_agent_removed_while_ringing() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    let agent = Centre::agent_id("ann");
    c.input(Input::AgentRemoved(agent)).says(
        "offer eve/ann agent left after 0 ms
         ann ringing→offline
         ! withdraw eve/ann",
    );
    assert!(c.acd.agent(agent).is_none());
}

#[test]
fn an_inactive_agent_is_sent_home_and_stays_there() {
    let mut c = Centre::with(&["ann"]);
    c.change_agent("ann", |agent| agent.active = false)
        .says("ann available→offline");
    c.available("ann").says_nothing();
    c.change_agent("ann", |agent| agent.active = true)
        .says_nothing();
    c.available("ann").says("ann offline→available");
}

#[test]
fn a_new_member_takes_the_call_that_waits() {
    let mut c = Centre::with(&[]);
    c.agent("ann", &[]);
    c.available("ann").quietly();
    c.arrives("eve", "support").quietly();
    c.member("ann", "support", 0)
        .mentions("eve offered to ann")
        .quietly();
}

#[test]
fn a_new_strategy_orders_those_who_are_there_already() {
    let mut c = Centre::with(&["ann", "joe"]);
    c.talks("c1", "ann");
    c.hangs_up("c1").quietly();
    c.available("ann").quietly();
    c.after(5).takes_break("joe", "tea").quietly();
    c.available("joe").quietly();
    c.queue("support", |q| q.strategy = Strategy::LeastCalls);
    c.arrives("c2", "support")
        .mentions("c2 offered to joe")
        .quietly();
}

#[test]
fn a_shorter_longest_wait_holds_for_those_in_line() {
    let mut c = Centre::with(&[]);
    c.arrives("eve", "support").quietly();
    c.after(50);
    c.change_queue("support", |q| q.max_wait_seconds = Some(60))
        .says_nothing();
    c.wait(9).says_nothing();
    c.wait(1)
        .mentions("eve ended rejected by system for max wait, waited 60000 ms")
        .quietly();
}

#[test]
fn the_same_settings_again_change_nothing() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.change_queue("support", |_| {}).says_nothing();
    c.change_agent("ann", |_| {}).says_nothing();
    c.member("ann", "support", 0).says_nothing();
    let stats = c.acd.queue_stats(Centre::queue_id("support")).unwrap();
    assert_eq!(
        (stats.waiting, stats.ringing, stats.members.iter().sum()),
        (1, 1, 1)
    );
}
