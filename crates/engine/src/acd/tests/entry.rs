//! The way in, and the ways on.

use model::{AnswerOn, DialplanTarget, Did, DidId, DidTarget, NoAgents, Overflow, Unanswered};
use uuid::Uuid;

use super::centre::Centre;
use crate::acd::Input;

fn on_to(queue: &str) -> Overflow {
    Overflow::Queue {
        queue: Centre::queue_id(queue),
    }
}

fn dialplan() -> Overflow {
    Overflow::Dialplan(DialplanTarget {
        context: "night".to_owned(),
        extension: "s".to_owned(),
        priority: 1,
    })
}

#[test]
fn the_argument_then_the_number_then_the_default_decide_on_the_queue() {
    let mut c = Centre::new();
    for queue in ["sales", "support", "rest"] {
        c.queue(queue, |_| {});
    }
    c.input(Input::DidSet(Did {
        id: DidId(Uuid::from_u128(1)),
        number: "5550100".to_owned(),
        to: DidTarget::Queue {
            queue: Centre::queue_id("sales"),
        },
        return_wait_seconds: model::return_wait(),
        note: String::new(),
    }))
    .says_nothing();
    c.arrives_as("c1", Some("support"), "5550100", 0)
        .mentions("c1 queued in support at 1")
        .quietly();
    c.arrives_as("c2", Some("nonsense"), "5550100", 0)
        .mentions("c2 queued in sales at 1")
        .quietly();
    c.arrives_as("c3", None, "5550100", 0)
        .mentions("c3 queued in sales at 2")
        .quietly();
    c.arrives_as("c4", None, "5550177", 0).says(
        "c4 arrived
         c4 ended unrouted by system
         ! hang up c4",
    );
    let to_a_phone = DidTarget::Phone {
        number: "101".to_owned(),
        ring_seconds: 30,
        unanswered: Unanswered::HangUp,
    };
    c.input(Input::DidSet(Did {
        id: DidId(Uuid::from_u128(2)),
        number: "5550101".to_owned(),
        to: to_a_phone,
        return_wait_seconds: 0,
        note: String::new(),
    }))
    .says_nothing();
    c.arrives_as("p1", None, "5550101", 0).says(
        "p1 arrived
         p1 ended overflowed by system
         ! continue p1 at cordboard-0,5550101,1",
    );
    c.input(Input::DefaultQueueSet(Some(Centre::queue_id("rest"))))
        .says_nothing();
    c.arrives_as("c5", None, "5550177", 0)
        .mentions("c5 queued in rest at 1")
        .quietly();
    c.input(Input::DidRemoved(DidId(Uuid::from_u128(1))))
        .says_nothing();
    c.arrives_as("c6", None, "5550100", 0)
        .mentions("c6 queued in rest at 2")
        .quietly();
    c.input(Input::QueueRemoved(Centre::queue_id("rest")))
        .quietly();
    c.arrives_as("c7", None, "5550100", 0)
        .mentions("c7 ended unrouted by system")
        .quietly();
}

#[test]
fn a_renamed_queue_is_found_by_its_new_name_alone() {
    let mut c = Centre::new();
    c.queue("support", |q| q.name = "helpdesk".to_owned());
    c.arrives("c1", "support")
        .mentions("c1 ended unrouted by system")
        .quietly();
    c.arrives("c2", "helpdesk")
        .mentions("c2 queued in support at 1")
        .quietly();
}

#[test]
fn a_closed_queue_follows_its_overflow() {
    let mut c = Centre::with(&["ann"]);
    c.queue("support", |q| {
        q.active = false;
        q.overflow = dialplan();
    });
    c.arrives("eve", "support").says(
        "eve arrived
         eve ended overflowed by system for queue removed
         ! continue eve at night,s,1",
    );
}

#[test]
fn a_full_queue_counts_those_who_ring_too() {
    let mut c = Centre::with(&["ann"]);
    c.queue("support", |q| q.max_size = Some(2));
    c.arrives("c1", "support")
        .mentions("c1 offered to ann")
        .quietly();
    c.arrives("c2", "support").quietly();
    c.arrives("c3", "support").says(
        "c3 arrived
         c3 ended rejected by system for queue full
         ! hang up c3",
    );
    // Whoever talks is out of the line.
    c.answers("ann").quietly();
    c.arrives("c4", "support")
        .mentions("c4 queued in support at 2")
        .quietly();
}

#[test]
fn nobody_there_refuses_new_callers_and_keeps_the_waiting() {
    let mut c = Centre::with(&["ann"]);
    c.queue("support", |q| q.no_agents = NoAgents::RefuseNew);
    c.takes_break("ann", "tea").quietly();
    c.arrives("c1", "support")
        .mentions("c1 queued in support at 1")
        .quietly();
    c.goes_offline("ann").says("ann break→offline");
    c.arrives("c2", "support")
        .mentions("c2 ended rejected by system for no agents")
        .quietly();
    c.available("ann").mentions("c1 offered to ann").quietly();
}

#[test]
fn the_last_one_to_go_sends_all_on() {
    let mut c = Centre::with(&["ann", "joe"]);
    c.queue("support", |q| {
        q.no_agents = NoAgents::OverflowAll;
        q.overflow = dialplan();
    });
    c.takes_break("ann", "tea").quietly();
    c.takes_break("joe", "tea").quietly();
    c.arrives("c1", "support").quietly();
    c.after(1).arrives("c2", "support").quietly();
    c.goes_offline("ann").says("ann break→offline");
    c.after(1).goes_offline("joe").says(
        "joe break→offline
         c1 ended overflowed by system for no agents, waited 2000 ms
         ! continue c1 at night,s,1
         c2 ended overflowed by system for no agents, waited 1000 ms
         ! continue c2 at night,s,1",
    );
    c.arrives("c3", "support")
        .mentions("c3 ended overflowed by system for no agents")
        .quietly();
}

#[test]
fn a_paused_or_unskilled_member_is_nobody() {
    let mut c = Centre::with(&["ann"]);
    c.queue("support", |q| q.no_agents = NoAgents::RefuseNew);
    c.paused("ann", "support", true).quietly();
    c.arrives("c1", "support")
        .mentions("c1 ended rejected by system for no agents")
        .quietly();
    c.paused("ann", "support", false).quietly();
    c.arrives("c2", "support")
        .mentions("c2 offered to ann")
        .quietly();
}

#[test]
fn the_longest_wait_ends_in_overflow_and_cuts_the_last_ring() {
    let mut c = Centre::with(&["ann"]);
    c.queue("support", |q| {
        q.max_wait_seconds = Some(30);
        q.overflow = dialplan();
    });
    c.takes_break("ann", "tea").quietly();
    c.arrives("eve", "support").quietly();
    c.after(18)
        .available("ann")
        .mentions("! ring ann, 101, for eve, 12s")
        .quietly();
    c.wait(11).says_nothing();
    c.wait(1).says(
        "offer eve/ann caller gone after 12000 ms
         ann ringing→available
         ! withdraw eve/ann
         eve ended overflowed by system for max wait, waited 30000 ms
         ! continue eve at night,s,1",
    );
    c.hangs_up("eve").says_nothing();
    c.input(Input::CallContinued {
        call: Centre::call_id("eve"),
    })
    .says_nothing();
}

#[test]
fn overflow_into_another_queue_keeps_the_place_and_starts_the_wait_anew() {
    let mut c = Centre::new();
    c.queue("first", |q| {
        q.max_wait_seconds = Some(30);
        q.overflow = on_to("second");
    });
    c.queue("second", |q| q.max_wait_seconds = Some(20));
    c.arrives("eve", "first").quietly();
    c.after(10).arrives("bob", "second").quietly();
    // Eve came before bob, so she is before him in the second queue too.
    c.wait(20).says(
        "eve queued in second at 1 after max wait
         ! music default for eve
         bob ended rejected by system for max wait, waited 20000 ms
         ! hang up bob",
    );
    c.wait(20).says(
        "eve ended rejected by system for max wait, waited 50000 ms
         ! hang up eve",
    );
}

#[test]
fn a_circle_of_queues_ends_after_one_round() {
    let mut c = Centre::new();
    for (queue, on) in [("one", "two"), ("two", "three"), ("three", "one")] {
        c.queue(queue, |q| {
            q.max_wait_seconds = Some(10);
            q.overflow = on_to(on);
        });
    }
    c.arrives("eve", "one").quietly();
    c.wait(60).says(
        "eve queued in two at 1 after max wait
         ! music default for eve
         eve queued in three at 1 after max wait
         ! music default for eve
         eve ended rejected by system for loop, waited 30000 ms
         ! hang up eve",
    );
    for queue in ["one", "two", "three"] {
        c.queue(queue, |q| q.active = false);
    }
    c.arrives("bob", "two").says(
        "bob arrived
         bob ended rejected by system for loop
         ! hang up bob",
    );
}

#[test]
fn overflow_into_a_queue_that_is_not_there_ends_the_call() {
    let mut c = Centre::new();
    c.queue("support", |q| {
        q.no_agents = NoAgents::RefuseNew;
        q.overflow = on_to("nowhere");
    });
    c.arrives("eve", "support").says(
        "eve arrived
         eve ended rejected by system for queue removed
         ! hang up eve",
    );
}

#[test]
fn a_queue_that_answers_with_the_agent_lets_the_caller_hear_ringing() {
    let mut c = Centre::with(&[]);
    c.queue("support", |q| {
        q.answer_on = AnswerOn::Agent;
        q.max_wait_seconds = Some(10);
        q.overflow = on_to("second");
    });
    c.queue("second", |q| q.music_class = "jazz".to_owned());
    c.arrives("eve", "support").says(
        "eve arrived
         eve queued in support at 1
         ! ringing for eve",
    );
    c.wait(10).says(
        "eve queued in second at 1 after max wait
         ! answer eve
         ! music jazz for eve",
    );
}

#[test]
fn every_caller_who_gives_up_is_written_down() {
    let mut c = Centre::with(&[]);
    c.arrives("eve", "support").quietly();
    c.after(7)
        .hangs_up("eve")
        .says("eve ended abandoned by caller, waited 7000 ms");
    c.hangs_up("eve").says_nothing();
    c.arrives("eve", "support").says_nothing();
}

#[test]
fn a_caller_who_is_gone_before_we_hear_of_the_arrival() {
    let mut c = Centre::with(&["ann"]);
    c.hangs_up("eve").says_nothing();
    c.arrives("eve", "support").says(
        "eve arrived
         eve ended abandoned by caller",
    );
    c.arrives("eve", "support").says_nothing();
}

#[test]
fn an_arrival_told_twice_is_one_call() {
    let mut c = Centre::with(&[]);
    c.arrives("eve", "support").quietly();
    c.arrives("eve", "support").says_nothing();
    assert_eq!(c.acd.open_calls(), 1);
}

#[test]
fn callers_of_higher_priority_stand_further_ahead() {
    let mut c = Centre::with(&[]);
    c.arrives("c1", "support")
        .mentions("c1 queued in support at 1")
        .quietly();
    c.after(1)
        .arrives_first("c2", "support", 5)
        .mentions("c2 queued in support at 1")
        .quietly();
    c.after(1)
        .arrives_first("c3", "support", 5)
        .mentions("c3 queued in support at 2")
        .quietly();
    c.after(1)
        .arrives_first("c4", "support", -1)
        .mentions("c4 queued in support at 4")
        .quietly();
    let stats = c.acd.queue_stats(Centre::queue_id("support")).unwrap();
    assert_eq!(stats.waiting, 4);
    assert_eq!(
        c.now.utc.since(stats.longest_wait_since.unwrap()).as_secs(),
        3
    );
}

#[test]
fn an_agent_or_supervisor_ends_the_call() {
    let mut c = Centre::with(&["ann"]);
    c.talks("eve", "ann");
    let call = Centre::call_id("eve");
    c.after(3).input(Input::HangUpAsked { call }).says(
        "eve ended answered by agent, waited 2000 ms, talked 3000 ms
         ann busy→wrap_up for 30 s
         ! disconnect eve/ann
         ! hang up eve",
    );
    c.arrives("bob", "support").quietly();
    let call = Centre::call_id("bob");
    c.input(Input::HangUpAsked { call }).says(
        "bob ended rejected by system, waited 0 ms
         ! hang up bob",
    );
    c.input(Input::HangUpAsked { call }).says_nothing();
}

#[test]
fn a_caller_sent_to_the_dialplan_by_somebody_else_has_left() {
    let mut c = Centre::with(&["ann"]);
    c.arrives("eve", "support").quietly();
    let call = Centre::call_id("eve");
    c.input(Input::CallContinued { call }).says(
        "offer eve/ann caller gone after 0 ms
         eve ended overflowed by system, waited 0 ms
         ann ringing→available
         ! withdraw eve/ann",
    );
}
