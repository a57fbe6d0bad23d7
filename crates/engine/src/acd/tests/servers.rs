//! Servers that go and come back.

use model::{AgentState, NoAgents, Overflow};

use super::centre::Centre;
use crate::acd::{Input, Snapshot};

fn seen(calls: &[&str]) -> Snapshot {
    Snapshot {
        calls: calls.iter().map(|call| Centre::call_id(call)).collect(),
        ..Snapshot::default()
    }
}

#[test]
fn nothing_is_decided_for_the_calls_of_a_lost_server() {
    let mut c = Centre::with(&["ann"]);
    c.queue("support", |q| q.max_wait_seconds = Some(60));
    c.takes_break("ann", "tea").quietly();
    c.arrives("eve", "support").quietly();
    c.lost().says_nothing();
    c.available("ann").says("ann break→available");
    c.wait(40).says_nothing();
    c.resynced(seen(&["eve"])).says(
        "eve offered to ann
         ann available→ringing
         ! ring ann, 101, for eve, 20s",
    );
}

#[test]
fn an_overflow_that_fell_due_meanwhile_is_made_up_for() {
    let mut c = Centre::with(&[]);
    c.queue("support", |q| q.max_wait_seconds = Some(60));
    c.arrives("eve", "support").quietly();
    c.lost().says_nothing();
    c.wait(100).says_nothing();
    c.resynced(seen(&["eve"])).says(
        "eve ended rejected by system for max wait, waited 100000 ms
         ! hang up eve",
    );
}

#[test]
fn facts_are_taken_in_all_the_same() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.lost().says_nothing();
    c.after(2).takes_break("ann", "tea").says(
        "offer eve/ann agent left after 2000 ms
         ann ringing→break (tea)
         ! withdraw eve/ann",
    );
    c.hangs_up("eve")
        .says("eve ended abandoned by caller, waited 2000 ms");
}

#[test]
fn who_is_missing_afterwards_has_ended() {
    let mut c = Centre::with(&["ann", "joe", "kim"]);
    c.talks("c1", "ann");
    c.arrives("c2", "support").quietly();
    c.answers("joe").quietly();
    c.arrives("c3", "support").quietly();
    c.arrives("c4", "support").quietly();
    c.lost().quietly();
    c.after(10).resynced(seen(&[])).says(
        "c1 ended answered by system, waited 2000 ms, talked 10000 ms
         ann busy→wrap_up for 30 s
         ! disconnect c1/ann
         offer c2/joe caller gone after 0 ms
         c2 ended failed by system, waited 10000 ms
         joe busy→available
         ! disconnect c2/joe
         offer c3/kim caller gone after 10000 ms
         c3 ended abandoned by caller, waited 10000 ms
         kim ringing→available
         ! withdraw c3/kim
         c4 ended abandoned by caller, waited 10000 ms",
    );
}

#[test]
fn with_a_restarted_asterisk_the_waiting_did_not_hang_up() {
    let mut c = Centre::with(&[]);
    c.arrives("eve", "support").quietly();
    c.lost().quietly();
    let snapshot = Snapshot {
        restarted: true,
        ..seen(&[])
    };
    c.after(5)
        .resynced(snapshot)
        .says("eve ended failed by system, waited 5000 ms");
}

#[test]
fn an_offer_answered_meanwhile_goes_on() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    let offer = c.offer("ann");
    c.lost().quietly();
    let snapshot = Snapshot {
        offers: vec![(offer, true)],
        ..seen(&["eve"])
    };
    c.after(3).resynced(snapshot).says(
        "ann ringing→busy
         ! connect eve/ann",
    );
}

#[test]
fn an_offer_that_still_rings_rings_on_and_has_its_end() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    let offer = c.offer("ann");
    c.after(5).lost().quietly();
    let snapshot = Snapshot {
        offers: vec![(offer, false)],
        ..seen(&["eve"])
    };
    c.after(5).resynced(snapshot).says_nothing();
    c.wait(12)
        .mentions("offer eve/ann missed after 22000 ms")
        .quietly();
}

#[test]
fn an_offer_that_is_gone_is_nobodys_fault() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.lost().quietly();
    c.after(5).resynced(seen(&["eve"])).says(
        "offer eve/ann server lost after 5000 ms
         ann ringing→available
         eve offered to ann
         ann available→ringing
         ! ring ann, 101, for eve, 20s",
    );
}

#[test]
fn a_bridge_built_meanwhile_is_a_conversation() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.answers("ann").quietly();
    let offer = c.offer("ann");
    c.lost().quietly();
    c.wait(30).says_nothing();
    let snapshot = Snapshot {
        offers: vec![(offer, true)],
        bridged: vec![offer],
        ..seen(&["eve"])
    };
    c.resynced(snapshot).says(
        "offer eve/ann answered after 0 ms
         eve answered by ann after 30000 ms",
    );
}

#[test]
fn a_bridge_not_built_is_asked_for_again() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.answers("ann").quietly();
    let offer = c.offer("ann");
    c.lost().quietly();
    let snapshot = Snapshot {
        offers: vec![(offer, true)],
        ..seen(&["eve"])
    };
    c.after(30).resynced(snapshot).says("! connect eve/ann");
    c.wait(10)
        .mentions("offer eve/ann bridge failed after 0 ms")
        .quietly();
}

#[test]
fn the_agent_hung_up_meanwhile() {
    let mut c = Centre::with(&["ann"]);
    c.talks("eve", "ann");
    c.lost().quietly();
    c.after(10).resynced(seen(&["eve"])).says(
        "eve ended answered by system, waited 2000 ms, talked 10000 ms
         ann busy→wrap_up for 30 s
         ! disconnect eve/ann
         ! hang up eve",
    );
}

#[test]
fn a_caller_who_came_after_the_snapshot_was_taken_is_there() {
    let mut c = Centre::with(&[]);
    c.lost().quietly();
    c.arrives("eve", "support").quietly();
    c.resynced(seen(&[])).says_nothing();
    assert_eq!(c.acd.open_calls(), 1);
    c.resynced(seen(&[]))
        .says("eve ended abandoned by caller, waited 0 ms");
}

#[test]
fn who_is_unknown_in_the_snapshot_is_left_to_the_server() {
    let mut c = Centre::with(&["ann"]);
    c.resynced(seen(&["stranger"])).says_nothing();
}

#[test]
fn calls_come_back_in_the_order_of_queues_and_callers() {
    let mut c = Centre::new();
    c.queue("low", |_| {});
    c.queue("high", |q| q.priority = 3);
    c.agent("ann", &["low", "high"]);
    c.arrives("c1", "low").quietly();
    c.after(1).arrives("c2", "high").quietly();
    c.lost().quietly();
    c.available("ann").quietly();
    c.resynced(seen(&["c1", "c2"]))
        .mentions("c2 offered to ann")
        .quietly();
}

#[test]
fn an_agent_bound_to_a_lost_server_can_free_himself() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.available("ann").says_nothing();
    c.lost().quietly();
    c.available("ann").says(
        "offer eve/ann server lost after 0 ms
         ann ringing→available
         ! withdraw eve/ann",
    );
}

#[test]
fn a_queue_left_by_all_meanwhile_overflows_when_the_server_is_back() {
    let mut c = Centre::with(&["ann"]);
    c.queue("support", |q| q.no_agents = NoAgents::OverflowAll);
    c.takes_break("ann", "tea").quietly();
    c.arrives("eve", "support").quietly();
    c.lost().quietly();
    c.goes_offline("ann").says("ann break→offline");
    c.resynced(seen(&["eve"])).says(
        "eve ended rejected by system for no agents, waited 0 ms
         ! hang up eve",
    );
}

#[test]
fn a_restored_agent_without_his_call_is_set_free() {
    let mut before = Centre::with(&["ann"]);
    before.arrives("eve", "support").quietly();
    let status = before
        .acd
        .agent(Centre::agent_id("ann"))
        .unwrap()
        .status
        .clone();
    let mut c = before.restarted();
    c.member("ann", "support", 0).quietly();
    c.input(Input::AgentRestored {
        agent: Centre::agent_id("ann"),
        status,
        calls_today: 7,
    })
    .says_nothing();
    assert_eq!(c.state("ann"), AgentState::Ringing);
    c.resynced(seen(&[])).says("ann ringing→available");
    assert_eq!(c.acd.agent(Centre::agent_id("ann")).unwrap().calls_today, 7);
}

#[test]
fn restored_agents_and_calls_may_come_in_any_order() {
    let mut before = Centre::with(&["ann", "joe"]);
    before.talks("eve", "ann");
    before.arrives("bob", "support").quietly();
    let mut c = before.restarted();
    for agent in ["ann", "joe"] {
        c.member(agent, "support", 0).quietly();
    }
    for view in before.acd.agents() {
        let (agent, status) = (view.agent.id, view.status.clone());
        c.input(Input::AgentRestored {
            agent,
            status,
            calls_today: 0,
        })
        .says_nothing();
    }
    c.restored(&before);
    assert!(
        before
            .acd
            .agents()
            .zip(c.acd.agents())
            .all(|(a, b)| a.status == b.status)
    );
    assert!(before.acd.calls().eq(c.acd.calls()));
    assert!(before.acd.offers().eq(c.acd.offers()));
}

#[test]
fn who_was_being_connected_overflows_from_a_queue_removed_meanwhile() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    c.answers("ann").quietly();
    c.lost().quietly();
    c.input(Input::QueueRemoved(Centre::queue_id("support")))
        .says_nothing();
    c.after(3).resynced(seen(&["eve"])).says(
        "offer eve/ann server lost after 0 ms
         ann busy→no_answer (bridge failed) for 5 s
         ! disconnect eve/ann
         eve ended rejected by system for queue removed, waited 3000 ms
         ! hang up eve",
    );
}

#[test]
fn who_was_being_connected_goes_from_a_removed_queue_into_the_next() {
    let mut c = Centre::with(&["ann"]);
    c.queue("sales", |_| {});
    c.queue("support", |q| {
        q.overflow = Overflow::Queue {
            queue: Centre::queue_id("sales"),
        };
    });
    c.agent("joe", &["sales"]);
    c.arrives("eve", "support").quietly();
    c.answers("ann").quietly();
    c.lost().quietly();
    c.input(Input::QueueRemoved(Centre::queue_id("support")))
        .quietly();
    c.available("joe").quietly();
    c.resynced(seen(&["eve"]))
        .mentions("eve offered to joe")
        .quietly();
    c.wait(22)
        .mentions("offer eve/joe missed after 22000 ms")
        .quietly();
}

#[test]
fn a_second_comparison_changes_nothing() {
    let mut c = Centre::with(&["ann", "joe", "kim"]);
    c.queue("support", |q| q.max_wait_seconds = Some(60));
    c.talks("c1", "ann");
    c.arrives("c2", "support").quietly();
    c.answers("joe").quietly();
    c.arrives("c3", "support").quietly();
    c.arrives("c4", "support").quietly();
    let snapshot = Snapshot {
        offers: vec![
            (c.offer("ann"), true),
            (c.offer("joe"), true),
            (c.offer("kim"), false),
        ],
        bridged: vec![c.offer("ann")],
        ..seen(&["c1", "c2", "c3", "c4"])
    };
    c.lost().quietly();
    for _ in 0..2 {
        c.after(1)
            .resynced(snapshot.clone())
            .says("! connect c2/joe");
    }
    c.connected("joe").quietly();
    c.wait(20)
        .mentions("offer c3/kim missed after 22000 ms")
        .quietly();
    c.wait(38)
        .mentions("c4 ended rejected by system for max wait, waited 60000 ms")
        .quietly();
}
