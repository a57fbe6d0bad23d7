//! Calls that come back, and for whom they are kept.

use model::{AgentState, Did, DidId, DidTarget, NoAgents, Overflow, Strategy};
use uuid::Uuid;

use super::centre::{Centre, Said};
use crate::acd::{Input, OfferFailure, Returned, Snapshot};

impl Centre {
    /// `5550100` is a number of the queue, whose callers wait so long for who called them.
    fn number(&mut self, queue: &str, seconds: u16) {
        self.input(Input::DidSet(Did {
            id: DidId(Uuid::from_u128(1)),
            number: "5550100".to_owned(),
            to: DidTarget::Queue {
                queue: Centre::queue_id(queue),
            },
            return_wait_seconds: seconds,
            note: String::new(),
        }))
        .says_nothing();
    }

    /// Ann and Joe are there, and it is Joe's turn.
    fn of_two() -> Self {
        let mut c = Centre::new();
        c.queue("support", |_| {});
        c.agent("joe", &["support"]);
        c.agent("ann", &["support"]);
        c.available("joe").quietly();
        c.after(1).available("ann").quietly();
        c.number("support", 20);
        c
    }

    fn ends(&mut self, agent: &str) -> Said {
        self.connected(agent).quietly();
        self.agent_hangs_up(agent)
    }
}

#[test]
fn it_goes_to_who_called_though_it_is_the_turn_of_another() {
    let mut c = Centre::of_two();
    c.comes_back("eve", "ann")
        .mentions("eve queued in support at 1 for ann")
        .mentions("eve offered to ann")
        .never_mentions("joe")
        .quietly();
    c.arrives("bob", "support")
        .mentions("bob offered to joe")
        .quietly();
}

#[test]
fn it_waits_for_who_called_while_others_are_free() {
    let mut c = Centre::of_two();
    c.arrives_as("old", None, "5550100", 0)
        .mentions("old offered to joe")
        .quietly();
    c.answers("joe").quietly();
    c.connected("joe").quietly();
    c.comes_back("eve", "joe")
        .mentions("eve queued in support at 1 for joe")
        .never_mentions("offered")
        .quietly();
    // Others come later and are served before.
    c.after(5)
        .arrives("bob", "support")
        .mentions("bob offered to ann")
        .quietly();
    c.queue("support", |q| q.wrap_up_seconds = 0);
    c.after(5)
        .agent_hangs_up("joe")
        .mentions("eve offered to joe")
        .quietly();
}

#[test]
fn when_the_time_is_over_it_is_for_everybody() {
    let mut c = Centre::of_two();
    c.talks("old", "joe");
    c.comes_back("eve", "joe").quietly();
    c.wait(19).says_nothing();
    let said = c.wait(1);
    said.mentions("eve offered to ann").quietly();
}

#[test]
fn the_longest_wait_goes_on() {
    let mut c = Centre::of_two();
    c.queue("support", |q| q.max_wait_seconds = Some(15));
    c.talks("old", "joe");
    c.comes_back("eve", "joe").quietly();
    c.wait(14).says_nothing();
    c.wait(1)
        .mentions("eve ended rejected by system for max wait, waited 15000 ms")
        .quietly();

    let mut c = Centre::of_two();
    c.queue("support", |q| q.max_wait_seconds = Some(30));
    c.takes_break("ann", "tea").quietly();
    c.talks("old", "joe");
    c.comes_back("eve", "joe").quietly();
    c.wait(29).says_nothing();
    c.wait(1)
        .mentions("eve ended rejected by system for max wait, waited 30000 ms")
        .quietly();
}

#[test]
fn the_time_to_ring_is_not_cut_by_the_time_to_be_kept() {
    let mut c = Centre::of_two();
    c.talks("old", "joe");
    c.queue("support", |q| q.wrap_up_seconds = 0);
    c.comes_back("eve", "joe").quietly();
    c.after(19)
        .agent_hangs_up("joe")
        .mentions("! ring joe, 101, for eve, 20s")
        .quietly();
}

#[test]
fn the_first_offer_that_fails_ends_it() {
    let mut c = Centre::of_two();
    c.comes_back("eve", "ann").quietly();
    c.fails("ann", OfferFailure::NoAnswer)
        .mentions("eve offered to joe")
        .quietly();
}

#[test]
fn who_goes_away_is_not_waited_for() {
    for state in [AgentState::Break, AgentState::Offline] {
        let mut c = Centre::of_two();
        c.talks("old", "joe");
        c.takes_break("ann", "tea").quietly();
        c.queue("support", |q| q.wrap_up_seconds = 60);
        c.agent_hangs_up("joe")
            .mentions("joe busy→wrap_up for 60 s")
            .quietly();
        c.comes_back("eve", "joe").quietly();
        c.available("ann").never_mentions("eve").quietly();
        let said = match state {
            AgentState::Break => c.takes_break("joe", "tea"),
            _ => c.goes_offline("joe"),
        };
        said.mentions("eve offered to ann").quietly();
        // Nor is waited for who is not there at all.
        c.after(1)
            .comes_back("bob", "joe")
            .mentions("bob queued in support at 2")
            .quietly();
    }
}

#[test]
fn who_is_removed_or_made_inactive_is_not_waited_for() {
    for removed in [true, false] {
        let mut c = Centre::of_two();
        c.talks("old", "joe");
        c.comes_back("eve", "joe").quietly();
        let said = if removed {
            c.input(Input::AgentRemoved(Centre::agent_id("joe")))
        } else {
            c.change_agent("joe", |joe| joe.active = false)
        };
        said.mentions("eve offered to ann").quietly();
    }
}

#[test]
fn who_called_need_not_be_in_the_queue() {
    let mut c = Centre::of_two();
    c.queue("sales", |_| {});
    c.agent("sue", &["sales"]);
    c.available("sue").quietly();
    c.comes_back("eve", "sue")
        .mentions("eve offered to sue")
        .quietly();
    c.answers("sue").mentions("! connect eve/sue").quietly();
    c.ends("sue")
        .mentions("eve ended answered by agent, waited 0 ms, talked 0 ms")
        .quietly();
}

#[test]
fn it_is_kept_where_nobody_else_is_there() {
    let mut c = Centre::new();
    c.queue("support", |q| {
        q.no_agents = NoAgents::OverflowAll;
        q.overflow = Overflow::HangUp;
    });
    c.queue("sales", |_| {});
    c.agent("sue", &["sales"]);
    c.number("support", 20);
    c.available("sue").quietly();
    c.comes_back("eve", "sue")
        .mentions("eve offered to sue")
        .quietly();
    c.answers("sue").quietly();
    c.connected("sue").quietly();
    c.comes_back("bob", "sue")
        .mentions("bob queued in support at 1 for sue")
        .quietly();
    // And goes by the queue's rule once it is not kept any more.
    c.wait(20)
        .mentions("bob ended rejected by system for no agents, waited 20000 ms")
        .quietly();
}

#[test]
fn of_a_queue_that_rings_everybody_one_phone_rings_at_first() {
    let mut c = Centre::of_two();
    c.queue("support", |q| q.strategy = Strategy::RingAll);
    c.comes_back("eve", "ann")
        .mentions("eve offered to ann")
        .never_mentions("joe")
        .quietly();
    c.fails("ann", OfferFailure::Busy)
        .mentions("eve offered to joe")
        .quietly();
}

#[test]
fn several_come_in_their_order_and_before_all_others() {
    let mut c = Centre::of_two();
    c.takes_break("ann", "tea").quietly();
    c.talks("old", "joe");
    c.queue("support", |q| q.wrap_up_seconds = 0);
    c.arrives("first", "support").quietly();
    c.after(1).comes_back("eve", "joe").quietly();
    c.after(1).comes_back("bob", "joe").quietly();
    c.agent_hangs_up("joe")
        .mentions("eve offered to joe")
        .quietly();
    c.answers("joe").quietly();
    c.ends("joe").mentions("bob offered to joe").quietly();
    c.hangs_up("bob").mentions("first offered to joe").quietly();
}

#[test]
fn a_lost_connection_ends_it() {
    let mut c = Centre::of_two();
    c.talks("old", "joe");
    c.comes_back("eve", "joe").quietly();
    c.lost().quietly();
    let alive = Snapshot {
        calls: vec![Centre::call_id("eve"), Centre::call_id("old")],
        bridged: vec![c.offer("joe")],
        offers: vec![(c.offer("joe"), true)],
        restarted: false,
    };
    c.resynced(alive).mentions("eve offered to ann").quietly();
}

#[test]
fn the_queue_named_as_the_campaign_takes_it() {
    let mut c = Centre::of_two();
    c.queue("sales", |_| {});
    let to_sales = Some(Returned {
        agent: None,
        queue: Some(Centre::queue_id("sales")),
    });
    c.arrives_back("eve", None, "5550100", 0, to_sales)
        .mentions("eve queued in sales at 1")
        .quietly();
    // The dialplan has the last word, and a number may want nothing of all this.
    c.arrives_back("bob", Some("support"), "5550100", 0, to_sales)
        .mentions("bob queued in support at 1")
        .quietly();
    c.number("support", 0);
    c.arrives_back("joy", None, "5550100", 0, to_sales)
        .mentions("joy queued in support at 2")
        .quietly();
    let to_ann = Some(Returned {
        agent: Some(Centre::agent_id("ann")),
        queue: None,
    });
    c.arrives_back("sam", None, "5550100", 0, to_ann)
        .mentions("sam queued in support at 3")
        .quietly();
}

#[test]
fn it_is_explained() {
    let mut c = Centre::of_two();
    c.talks("old", "joe");
    c.comes_back("eve", "joe").quietly();
    let told = c.acd.explain(Centre::call_id("eve")).unwrap();
    let end = "2026-01-05T08:00:24.000000Z";
    assert_eq!(
        told.summary,
        format!(
            "waits in support, number 1 in line; kept until {end} for joe, whose call this one answers"
        )
    );
    assert!(c.acd.asks_who_called(None, "5550100"));
    assert!(!c.acd.asks_who_called(Some("support"), "5550100"));
    assert!(!c.acd.asks_who_called(None, "5550101"));
}
