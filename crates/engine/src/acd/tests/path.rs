//! The plain way: arrive, queue, offer, answer, talk, end, wrap-up; and a restart of ours in the middle of it.

use model::AgentState;

use super::centre::Centre;
use crate::acd::Snapshot;

#[test]
fn a_call_is_offered_answered_connected_and_wrapped_up() {
    let mut c = Centre::with(&["ann"]);
    c.after(1).arrives("eve", "support").says(
        "eve arrived
         eve queued in support at 1
         ! answer eve
         ! music default for eve
         eve offered to ann
         ann available→ringing
         ! ring ann, 101, for eve, 20s",
    );
    c.after(3).answers("ann").says(
        "ann ringing→busy
         ! connect eve/ann",
    );
    c.after(1).connected("ann").says(
        "offer eve/ann answered after 3000 ms
         eve answered by ann after 4000 ms",
    );
    c.after(60).hangs_up("eve").says(
        "eve ended answered by caller, waited 4000 ms, talked 60000 ms
         ann busy→wrap_up for 30 s
         ! disconnect eve/ann",
    );
    c.wait(29).says_nothing();
    c.wait(1).says("ann wrap_up→available");
    assert_eq!(c.acd.poll_timeout(), None);
}

#[test]
fn a_caller_waits_until_somebody_is_there() {
    let mut c = Centre::new();
    c.queue("support", |_| {});
    c.agent("ann", &["support"]);
    c.arrives("eve", "support").quietly();
    c.after(10)
        .arrives("bob", "support")
        .mentions("bob queued in support at 2")
        .quietly();
    c.after(10).available("ann").says(
        "ann offline→available
         eve offered to ann
         ann available→ringing
         ! ring ann, 101, for eve, 20s",
    );
    c.after(2).hangs_up("eve").says(
        "offer eve/ann caller gone after 2000 ms
         eve ended abandoned by caller, waited 22000 ms
         ann ringing→available
         ! withdraw eve/ann
         bob offered to ann
         ann available→ringing
         ! ring ann, 101, for bob, 20s",
    );
}

#[test]
fn the_agent_ends_the_call() {
    let mut c = Centre::with(&["ann"]);
    c.talks("eve", "ann");
    c.after(9).agent_hangs_up("ann").says(
        "eve ended answered by agent, waited 2000 ms, talked 9000 ms
         ann busy→wrap_up for 30 s
         ! disconnect eve/ann
         ! hang up eve",
    );
    c.hangs_up("eve").says_nothing();
}

#[test]
fn after_a_restart_the_waiting_wait_in_their_order_and_the_talking_talk() {
    let mut before = Centre::with(&["ann", "joe", "kim"]);
    before.talks("eve", "ann");
    before.talks("tom", "joe");
    before.after(5).hangs_up("tom").quietly();
    before
        .after(1)
        .arrives("bob", "support")
        .mentions("bob offered to kim")
        .quietly();
    before.after(1).arrives("cat", "support").quietly();
    before.after(1).arrives("dan", "support").quietly();

    let mut after = before.restarted();
    for agent in ["ann", "joe", "kim"] {
        after.member(agent, "support", 0).quietly();
    }
    after.after(2).restored(&before);
    assert_eq!(after.state("ann"), AgentState::Busy);
    assert_eq!(after.state("joe"), AgentState::WrapUp);
    assert_eq!(after.state("kim"), AgentState::Ringing);
    let calls: Vec<_> = after.acd.calls().collect();
    assert_eq!(calls, before.acd.calls().collect::<Vec<_>>());

    // Nothing is decided before the server has been seen.
    after.wait(25).says("joe wrap_up→available");
    let (ann, kim) = (after.offer("ann"), after.offer("kim"));
    after
        .resynced(Snapshot {
            calls: ["eve", "bob", "cat", "dan"].map(Centre::call_id).to_vec(),
            offers: vec![(ann, true), (kim, false)],
            bridged: vec![ann],
            restarted: false,
        })
        .says(
            "offer bob/kim missed after 25000 ms
             kim ringing→no_answer (missed) for 60 s
             ! withdraw bob/kim
             bob offered to joe
             joe available→ringing
             ! ring joe, 102, for bob, 20s",
        );
    after
        .after(1)
        .hangs_up("eve")
        .mentions("ann busy→wrap_up for 30 s")
        .quietly();
}
