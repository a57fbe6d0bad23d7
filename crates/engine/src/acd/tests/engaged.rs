//! Agents on calls that they make themselves.

use model::{AgentId, AgentState, CallId};

use super::centre::{Centre, Said};
use crate::acd::Input;

impl Centre {
    fn engaged(&mut self, agent: &str, call: &str) -> Said {
        let (agent, call) = (ids(agent), Self::call_id(call));
        self.input(Input::AgentEngaged { agent, call })
    }

    fn disengaged(&mut self, agent: &str, call: &str, talked: bool) -> Said {
        let (agent, call) = (ids(agent), Self::call_id(call));
        self.input(Input::AgentDisengaged {
            agent,
            call,
            talked,
        })
    }

    fn own_call(&self, agent: &str) -> Option<CallId> {
        self.acd.agent(ids(agent)).unwrap().status.call
    }
}

fn ids(agent: &str) -> AgentId {
    Centre::agent_id(agent)
}

#[test]
fn an_agent_on_an_own_call_is_offered_none() {
    let mut c = Centre::with(&["ann"]);
    assert!(c.acd.is_free(ids("ann")));
    c.engaged("ann", "own").says("ann available→busy");
    assert_eq!(c.own_call("ann"), Some(Centre::call_id("own")));
    assert!(!c.acd.is_free(ids("ann")));
    c.arrives("eve", "support")
        .never_mentions("offered")
        .quietly();
    c.wait(60).never_mentions("offered").quietly();
    c.disengaged("ann", "own", true)
        .mentions("ann busy→available")
        .mentions("eve offered to ann")
        .quietly();
}

#[test]
fn idle_time_begins_anew_after_a_conversation_alone() {
    for (talked, first) in [(true, "joe"), (false, "ann")] {
        let mut c = Centre::with(&["ann", "joe"]);
        c.after(5).engaged("ann", "own").quietly();
        c.after(5).disengaged("ann", "own", talked).quietly();
        c.arrives("eve", "support")
            .mentions(&format!("eve offered to {first}"))
            .quietly();
    }
}

#[test]
fn after_the_call_the_agent_is_where_the_agent_was() {
    let mut c = Centre::with(&["ann"]);
    c.takes_break("ann", "lunch").quietly();
    c.engaged("ann", "own").quietly();
    assert_eq!(c.state("ann"), AgentState::Busy);
    c.disengaged("ann", "own", true).quietly();
    assert_eq!(c.state("ann"), AgentState::Break);

    c.goes_offline("ann").quietly();
    c.engaged("ann", "own").quietly();
    c.disengaged("ann", "own", true).quietly();
    assert_eq!(c.state("ann"), AgentState::Offline);

    // Who asks for something else meanwhile gets that.
    c.engaged("ann", "own").quietly();
    c.available("ann").quietly();
    assert_eq!(c.state("ann"), AgentState::Busy);
    c.disengaged("ann", "own", true).quietly();
    assert_eq!(c.state("ann"), AgentState::Available);
}

#[test]
fn a_wrap_up_is_over_with_an_own_call() {
    let mut c = Centre::with(&["ann"]);
    c.queue("support", |q| q.wrap_up_seconds = 30);
    c.talks("eve", "ann");
    assert!(!c.acd.is_free(ids("ann")));
    c.engaged("ann", "own").says_nothing();
    c.hangs_up("eve").quietly();
    assert_eq!(c.state("ann"), AgentState::WrapUp);
    c.after(5).engaged("ann", "own").quietly();
    c.wait(60).says_nothing();
    c.disengaged("ann", "own", true).quietly();
    assert_eq!(c.state("ann"), AgentState::Available);
}

#[test]
fn another_calls_end_frees_nobody() {
    let mut c = Centre::with(&["ann"]);
    c.disengaged("ann", "own", true).says_nothing();
    c.engaged("ann", "own").quietly();
    c.engaged("ann", "other").says_nothing();
    c.disengaged("ann", "other", true).says_nothing();
    assert_eq!(c.state("ann"), AgentState::Busy);
}

#[test]
fn who_is_removed_on_an_own_call_goes_when_it_is_over() {
    let mut c = Centre::with(&["ann"]);
    c.engaged("ann", "own").quietly();
    c.input(Input::AgentRemoved(ids("ann"))).quietly();
    assert_eq!(c.state("ann"), AgentState::Busy);
    c.disengaged("ann", "own", true).quietly();
    assert!(c.acd.agent(ids("ann")).is_none());
}

#[test]
fn a_restart_keeps_an_agent_on_the_own_call() {
    let mut before = Centre::with(&["ann", "joe"]);
    before.engaged("ann", "own").quietly();
    before.engaged("joe", "lost").quietly();
    let mut c = before.restarted();
    c.restored(&before);
    c.engaged("ann", "own").says_nothing();
    // Joe's call is known to nobody any more.
    c.input(Input::Tick)
        .mentions("joe busy→available")
        .quietly();
    assert_eq!(c.state("ann"), AgentState::Busy);
    c.disengaged("ann", "own", true)
        .mentions("ann busy→available")
        .quietly();
}
