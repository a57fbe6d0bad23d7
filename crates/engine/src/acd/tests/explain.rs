//! "Why did I not get the call?"

use model::SkillRequirement;

use super::centre::Centre;
use crate::acd::OfferFailure;

fn told(c: &Centre, call: &str) -> Vec<String> {
    let explained = c.acd.explain(Centre::call_id(call)).unwrap();
    let members = explained.members.iter().map(|member| {
        let word = if member.eligible {
            "could"
        } else {
            "could not"
        };
        format!("{} {word}: {}", member.name, member.why)
    });
    std::iter::once(explained.summary.clone())
        .chain(members)
        .collect()
}

#[test]
fn every_member_is_told_about_in_words() {
    let mut c = Centre::with(&["ann", "joe", "kim", "lou", "max", "ned"]);
    let (skill, min_level) = ("french".to_owned(), 3);
    for agent in ["ann", "joe", "kim", "lou", "max"] {
        c.skill(agent, "french", 5).quietly();
    }
    c.skill("ned", "french", 1).quietly();
    c.queue("support", |q| {
        q.required_skills = vec![SkillRequirement { skill, min_level }];
    });
    c.paused("max", "support", true).quietly();
    c.takes_break("lou", "lunch").quietly();
    c.arrives("eve", "support").quietly();
    c.fails("ann", OfferFailure::Busy)
        .mentions("eve offered to joe")
        .quietly();
    c.answers("joe").quietly();
    c.connected("joe").quietly();
    c.arrives("bob", "support")
        .mentions("bob offered to kim")
        .quietly();
    c.after(1).arrives("cat", "support").quietly();
    assert_eq!(
        told(&c, "cat"),
        [
            "waits in support, number 2 in line",
            "ann could not: did not take an offer (phone busy), rests until 2026-01-05T08:01:06.000000Z",
            "joe could not: is on a call",
            "kim could not: is being rung for a call",
            "lou could not: is on a break lunch",
            "max could not: is paused in this queue",
            "ned could not: lacks french at level 3 (has 1)",
        ]
    );
    assert_eq!(
        told(&c, "bob")[0],
        "number 1 in line of support, rings 1 of its agents"
    );
    assert_eq!(told(&c, "eve")[0], "talks with an agent of support");
    assert!(c.acd.explain(Centre::call_id("nobody")).is_none());
}

#[test]
fn an_agent_is_told_about_his_turn() {
    let mut c = Centre::with(&["ann", "joe"]);
    c.agent("kim", &[]);
    let why = |c: &Centre, agent: &str| {
        let queue = Centre::queue_id("support");
        c.acd
            .explain_agent(queue, Centre::agent_id(agent))
            .unwrap()
            .why
    };
    assert_eq!(
        why(&c, "joe"),
        "available, 1 before, penalty 0, idle since 2026-01-05T08:00:02.000000Z"
    );
    assert_eq!(why(&c, "kim"), "is no member of support");
    c.goes_offline("joe").quietly();
    assert_eq!(why(&c, "joe"), "is offline");
    c.queue("support", |q| q.active = false);
    assert_eq!(why(&c, "ann"), "the queue is closed");
}

#[test]
fn a_frozen_call_says_so() {
    let mut c = Centre::with(&[]);
    c.arrives("eve", "support").quietly();
    c.lost().quietly();
    assert_eq!(
        told(&c, "eve"),
        ["waits in support, number 1 in line; its server is lost, so nothing is decided for it"]
    );
}
