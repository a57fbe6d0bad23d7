//! Who gets whom.

use model::{AgentId, EventBody, SkillRequirement, Strategy};

use super::centre::{Centre, PBX};
use crate::acd::{Command, Input, OfferFailure};

/// The agent to whom the next call goes.
fn next(c: &mut Centre, call: &str) -> String {
    let said = c.arrives(call, "support").0;
    let offer = said
        .iter()
        .find_map(|line| line.split(" offered to ").nth(1));
    offer.unwrap_or("nobody").to_owned()
}

/// Answered and over at once, without wrap-up.
fn serve(c: &mut Centre, call: &str) -> String {
    let agent = next(c, call);
    c.answers(&agent).quietly();
    c.connected(&agent).quietly();
    c.after(1).hangs_up(call).quietly();
    agent
}

fn centre(strategy: Strategy, agents: &[&str]) -> Centre {
    let mut c = Centre::with(agents);
    c.queue("support", |q| {
        q.strategy = strategy;
        q.wrap_up_seconds = 0;
    });
    c
}

#[test]
fn longest_idle_first() {
    let mut c = centre(Strategy::LongestIdle, &["ann", "joe", "kim"]);
    let served: Vec<String> = (0..5).map(|n| serve(&mut c, &format!("c{n}"))).collect();
    assert_eq!(served, ["ann", "joe", "kim", "ann", "joe"]);
    // A break ends the idle time, an offer that ended without one's doing does not.
    c.after(1).takes_break("kim", "tea").quietly();
    c.after(1).available("kim").quietly();
    assert_eq!(next(&mut c, "c5"), "ann");
    c.after(5).hangs_up("c5").quietly();
    assert_eq!(next(&mut c, "c6"), "ann");
    assert_eq!(next(&mut c, "c7"), "joe");
    assert_eq!(next(&mut c, "c8"), "kim");
}

#[test]
fn round_robin_goes_on_where_it_was_when_the_list_changes() {
    let mut c = centre(Strategy::RoundRobin, &["ann", "joe", "kim"]);
    assert_eq!(serve(&mut c, "c1"), "ann");
    assert_eq!(serve(&mut c, "c2"), "joe");
    c.takes_break("kim", "tea").quietly();
    assert_eq!(serve(&mut c, "c3"), "ann");
    c.available("kim").quietly();
    c.agent("lou", &["support"]);
    c.available("lou").quietly();
    // Those who never had one come first, then in the order of their last offer.
    assert_eq!(serve(&mut c, "c4"), "kim");
    assert_eq!(serve(&mut c, "c5"), "lou");
    assert_eq!(serve(&mut c, "c6"), "joe");
    assert_eq!(serve(&mut c, "c7"), "ann");
}

#[test]
fn round_robin_goes_on_where_it_was_after_a_restart() {
    let mut before = centre(Strategy::RoundRobin, &["ann", "joe", "kim"]);
    assert_eq!(serve(&mut before, "c1"), "ann");
    assert_eq!(serve(&mut before, "c2"), "joe");
    let mut c = before.restarted();
    for agent in ["ann", "joe", "kim"] {
        c.member(agent, "support", 0).quietly();
    }
    let agents = ["ann", "joe", "removed"].map(Centre::agent_id).to_vec();
    let queue = Centre::queue_id("support");
    c.input(Input::TurnsRestored { queue, agents })
        .says_nothing();
    c.restored(&before);
    assert_eq!(serve(&mut c, "c3"), "kim");
    assert_eq!(serve(&mut c, "c4"), "ann");
    assert_eq!(serve(&mut c, "c5"), "joe");
    assert_eq!(serve(&mut c, "c6"), "kim");
}

#[test]
fn least_calls_counts_until_the_queues_midnight() {
    let mut c = centre(Strategy::LeastCalls, &["ann", "joe"]);
    c.queue("support", |q| q.time_zone = "Europe/Bratislava".to_owned());
    assert_eq!(serve(&mut c, "c1"), "ann");
    assert_eq!(serve(&mut c, "c2"), "joe");
    c.takes_break("joe", "lunch").quietly();
    assert_eq!(serve(&mut c, "c3"), "ann");
    c.after(60).available("joe").quietly();
    // Two of ann's, one of joe's: though ann has been idle for longer.
    assert_eq!(serve(&mut c, "c4"), "joe");
    assert_eq!(serve(&mut c, "c5"), "ann");
    assert_eq!(serve(&mut c, "c6"), "joe");
    // 08:00 UTC is 09:00 there; one second before midnight, three against three, and ann is idle for longer.
    c.after(15 * 3600 - 180).takes_break("ann", "tea").quietly();
    c.available("ann").quietly();
    assert_eq!(serve(&mut c, "c7"), "joe");
    assert_eq!(c.acd.agent(Centre::agent_id("joe")).unwrap().calls_today, 4);
    c.after(3600);
    // A new day: nobody has had a call, and ann has been idle for longer.
    assert_eq!(serve(&mut c, "c8"), "ann");
    assert_eq!(serve(&mut c, "c9"), "joe");
    assert_eq!(c.acd.agent(Centre::agent_id("joe")).unwrap().calls_today, 1);
}

#[test]
fn random_is_fair_and_comes_from_the_seed() {
    let played = || {
        let mut c = centre(Strategy::Random, &["ann", "joe", "kim", "lou"]);
        c.member("lou", "support", 1).quietly();
        (0..300)
            .map(|n| serve(&mut c, &format!("c{n}")))
            .collect::<Vec<_>>()
    };
    let served = played();
    for agent in ["ann", "joe", "kim"] {
        let share = served.iter().filter(|who| *who == agent).count();
        assert!((70..130).contains(&share), "{agent} got {share} of 300");
    }
    assert!(!served.contains(&"lou".to_owned()), "of a higher penalty");
    assert_eq!(served, played());
}

#[test]
fn ring_all_has_one_winner_and_lets_the_others_go_at_once() {
    let mut c = centre(Strategy::RingAll, &["ann", "joe", "kim"]);
    c.member("kim", "support", 1).quietly();
    c.after(1).arrives("eve", "support").says(
        "eve arrived
         eve queued in support at 1
         ! answer eve
         ! music default for eve
         eve offered to ann
         ann available→ringing
         ! ring ann, 101, for eve, 20s
         eve offered to joe
         joe available→ringing
         ! ring joe, 102, for eve, 20s",
    );
    let late = c.offer("joe");
    c.after(2).answers("ann").says(
        "ann ringing→busy
         ! connect eve/ann
         offer eve/joe lost race after 2000 ms
         joe ringing→available
         ! withdraw eve/joe",
    );
    // Answered in the same instant: his leg must not hang in the air.
    c.input(Input::OfferAnswered { offer: late })
        .says("! disconnect eve/joe");
    c.connected("ann").quietly();
}

#[test]
fn ring_all_takes_in_who_becomes_available_and_goes_on_to_higher_penalties() {
    let mut c = centre(Strategy::RingAll, &["ann", "joe", "kim"]);
    c.member("kim", "support", 1).quietly();
    c.takes_break("joe", "tea").quietly();
    c.arrives("eve", "support")
        .mentions("eve offered to ann")
        .never_mentions("to kim")
        .quietly();
    c.after(3).available("joe").says(
        "joe break→available
         eve offered to joe
         joe available→ringing
         ! ring joe, 102, for eve, 20s",
    );
    c.after(1).fails("ann", OfferFailure::Busy).says(
        "offer eve/ann phone busy after 4000 ms
         ann ringing→no_answer (phone busy) for 60 s",
    );
    c.after(1).fails("joe", OfferFailure::NoAnswer).says(
        "offer eve/joe missed after 2000 ms
         joe ringing→no_answer (missed) for 60 s
         eve offered to kim
         kim available→ringing
         ! ring kim, 103, for eve, 20s",
    );
}

#[test]
fn a_second_call_of_ring_all_waits_its_turn() {
    let mut c = centre(Strategy::RingAll, &["ann", "joe"]);
    c.arrives("eve", "support").quietly();
    c.arrives("bob", "support")
        .never_mentions("offered")
        .quietly();
    c.answers("joe").mentions("bob offered to ann").quietly();
}

#[test]
fn skills_are_required_and_the_best_comes_first() {
    let mut c = centre(Strategy::Skills, &["ann", "joe", "kim"]);
    c.queue("support", |q| {
        let (skill, min_level) = ("french".to_owned(), 3);
        q.required_skills = vec![SkillRequirement { skill, min_level }];
    });
    c.arrives("eve", "support")
        .never_mentions("offered")
        .quietly();
    c.skill("ann", "french", 2).says_nothing();
    c.skill("joe", "french", 5)
        .mentions("eve offered to joe")
        .quietly();
    c.skill("ann", "french", 4).quietly();
    c.skill("kim", "french", 9).quietly();
    assert_eq!(next(&mut c, "bob"), "kim");
    assert_eq!(next(&mut c, "cat"), "ann");
    assert_eq!(next(&mut c, "dan"), "nobody");
}

#[test]
fn required_skills_hold_under_every_strategy() {
    for strategy in Strategy::ALL {
        let mut c = centre(strategy, &["ann", "joe"]);
        c.queue("support", |q| {
            let (skill, min_level) = ("french".to_owned(), 3);
            q.required_skills = vec![SkillRequirement { skill, min_level }];
        });
        c.skill("joe", "french", 3).quietly();
        assert_eq!(next(&mut c, "eve"), "joe", "{strategy:?}");
        assert_eq!(next(&mut c, "bob"), "nobody", "{strategy:?}");
    }
}

#[test]
fn a_higher_penalty_only_when_no_lower_one_is_available() {
    for strategy in Strategy::ALL {
        let mut c = centre(strategy, &["ann", "joe", "kim"]);
        c.member("ann", "support", 2).quietly();
        c.member("kim", "support", 1).quietly();
        assert_eq!(next(&mut c, "c1"), "joe", "{strategy:?}");
        assert_eq!(next(&mut c, "c2"), "kim", "{strategy:?}");
        assert_eq!(next(&mut c, "c3"), "ann", "{strategy:?}");
    }
}

#[test]
fn an_agent_of_several_queues_serves_the_higher_one_then_the_caller_of_higher_priority_then_the_older()
 {
    let mut c = Centre::new();
    c.queue("sales", |q| q.wrap_up_seconds = 0);
    c.queue("vip", |q| {
        q.priority = 5;
        q.wrap_up_seconds = 0;
    });
    c.agent("ann", &["sales", "vip"]);
    c.after(1).arrives("c1", "sales").quietly();
    c.after(1).arrives("c2", "vip").quietly();
    c.after(1).arrives_first("c3", "vip", 9).quietly();
    c.after(1).arrives("c4", "vip").quietly();
    c.after(1)
        .arrives_first("c5", "sales", 9)
        .mentions("c5 queued in sales at 1")
        .quietly();
    let mut order = Vec::new();
    let mut said = c.after(1).available("ann").0;
    while let Some(call) = said
        .iter()
        .find_map(|line| line.strip_suffix(" offered to ann"))
    {
        order.push(call.to_owned());
        c.answers("ann").quietly();
        c.connected("ann").quietly();
        said = c.agent_hangs_up("ann").0;
    }
    assert_eq!(order, ["c3", "c2", "c4", "c5", "c1"]);
}

#[test]
fn of_queues_of_one_priority_the_longest_waiting_caller_is_first() {
    let mut c = Centre::new();
    c.queue("sales", |_| {});
    c.queue("support", |_| {});
    c.agent("ann", &["support", "sales"]);
    c.arrives("old", "sales").quietly();
    c.after(1).arrives("new", "support").quietly();
    c.after(1)
        .available("ann")
        .mentions("old offered to ann")
        .quietly();
}

#[test]
fn the_choice_is_kept_with_its_reasons() {
    let mut c = centre(
        Strategy::LongestIdle,
        &["ann", "joe", "kim", "lou", "max", "ned", "oda", "pam"],
    );
    c.takes_break("joe", "tea").quietly();
    c.paused("kim", "support", true).quietly();
    c.acd.handle(
        c.now,
        Input::CallArrived {
            call: Centre::call_id("eve"),
            server: PBX,
            channel: "chan".to_owned(),
            caller: model::Caller::default(),
            dialled: String::new(),
            argument: Some("support".to_owned()),
            priority: 0,
            returned: None,
        },
    );
    let choice = std::iter::from_fn(|| c.acd.next_command()).find_map(|command| match command {
        Command::Publish(EventBody::CallOffered { choice, .. }) => Some(choice),
        _ => None,
    });
    let choice = choice.unwrap();
    let named: Vec<AgentId> = choice.first.iter().map(|first| first.agent).collect();
    assert_eq!(choice.eligible, 6);
    assert_eq!(
        named,
        ["ann", "lou", "max", "ned", "oda"].map(Centre::agent_id)
    );
    let passed: Vec<_> = choice
        .passed_over
        .iter()
        .map(|p| (p.state, p.count))
        .collect();
    assert_eq!(passed, [(Some(model::AgentState::Break), 1), (None, 1)]);
}
