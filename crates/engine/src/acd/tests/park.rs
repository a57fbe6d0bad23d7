//! Parked calls, and calls that agents ask for.

use model::{AgentState, Apart, CallState, Control};

use super::centre::{Centre, PBX, Said};
use crate::acd::{Input, NotGiven, OfferFailure, Parking, Snapshot};

impl Centre {
    /// For a minute, into slot 701.
    fn parks(&mut self, call: &str) -> Said {
        let parking = Parking {
            slot: 701,
            time: std::time::Duration::from_mins(1),
            by: "somebody".to_owned(),
            control: Control::default(),
        };
        self.input(Input::CallParked {
            call: Self::call_id(call),
            parking: Box::new(parking),
        })
    }

    fn wants(&mut self, agent: &str, call: &str, how: Apart) -> Said {
        self.input(Input::CallWanted {
            call: Self::call_id(call),
            agent: Self::agent_id(agent),
            how,
        })
    }

    fn may(&self, agent: &str, call: &str, how: Apart) -> Result<(), NotGiven> {
        let (call, agent) = (Self::call_id(call), Self::agent_id(agent));
        self.acd.may_have(call, agent, how)
    }

    fn slots(&self) -> Vec<u32> {
        self.acd.parked().map(|(_, parked)| parked.slot).collect()
    }

    fn call_state(&self, call: &str) -> CallState {
        self.acd.call(Self::call_id(call)).unwrap().state
    }

    /// Picked up, and in one bridge.
    fn gets(&mut self, agent: &str) -> Said {
        self.after(1).answers(agent).quietly();
        self.after(1).connected(agent)
    }
}

/// Ann's wrap-up is over, and eve is parked by her; what is left of the minute: 29 s.
fn parked() -> Centre {
    let mut c = Centre::with(&["ann", "joe"]);
    c.talks("eve", "ann");
    c.after(5).parks("eve").quietly();
    c.wait(31).mentions("ann wrap_up→available").quietly();
    c
}

#[test]
fn parking_sets_the_agent_free_and_keeps_the_call() {
    let mut c = Centre::with(&["ann"]);
    c.talks("eve", "ann");
    let said = c.after(5).parks("eve");
    assert!(said.0[0].starts_with("CallParked"), "{:?}", said.0);
    said.mentions("ann busy→wrap_up for 30 s")
        .mentions("! disconnect eve/ann")
        .mentions("! park eve to default")
        .never_mentions("hang up")
        .quietly();
    assert_eq!(c.call_state("eve"), CallState::Parked);
    assert_eq!(c.slots(), [701]);
    c.parks("eve").says_nothing();
    c.wait(31).never_mentions("offered").quietly();
    // Calls go on as if it were not there.
    c.arrives("bob", "support")
        .mentions("bob offered to ann")
        .quietly();
    c.checker.as_mut().unwrap().compare(&c.acd);
    assert_eq!(c.checker.as_mut().unwrap().settled(), []);
}

#[test]
fn whoever_hangs_up_in_a_slot_was_answered() {
    let mut c = parked();
    c.hangs_up("eve")
        .says("eve ended answered by caller, waited 2000 ms, talked 36000 ms");
    assert!(c.slots().is_empty());
    let mut c = parked();
    c.input(Input::HangUpAsked {
        call: Centre::call_id("eve"),
    })
    .mentions("! hang up eve")
    .quietly();
}

#[test]
fn an_agent_fetches_a_parked_call() {
    let mut c = parked();
    c.takes_break("joe", "lunch").quietly();
    assert_eq!(c.may("joe", "eve", Apart::Retrieved), Ok(()));
    assert_eq!(
        c.may("joe", "eve", Apart::PickedUp),
        Err(NotGiven::IsParked)
    );
    c.wants("joe", "eve", Apart::Retrieved).says(
        "eve offered to joe
         joe break→ringing, then break
         ! ring joe, 102, for eve, 20s",
    );
    assert_eq!(c.may("ann", "eve", Apart::Retrieved), Err(NotGiven::Taken));
    c.wants("ann", "eve", Apart::Retrieved).says_nothing();
    assert_eq!(c.slots(), [701]);
    c.gets("joe")
        .mentions("offer eve/joe answered after 1000 ms")
        .quietly();
    assert_eq!(c.call_state("eve"), CallState::Talking);
    assert!(c.slots().is_empty());
    let calls = |c: &Centre, agent| c.acd.agent(Centre::agent_id(agent)).unwrap().calls_today;
    assert_eq!((calls(&c, "ann"), calls(&c, "joe")), (1, 0));
    c.after(1)
        .hangs_up("eve")
        .mentions("joe busy→wrap_up for 30 s, then break")
        .quietly();
    c.wait(31).mentions("joe wrap_up→break (lunch)").quietly();
}

#[test]
fn a_phone_that_is_not_picked_up_leaves_the_call_in_its_slot() {
    let mut c = parked();
    c.wants("joe", "eve", Apart::Retrieved).quietly();
    c.after(1).fails("joe", OfferFailure::NoAnswer).says(
        "offer eve/joe missed after 1000 ms
         joe ringing→available",
    );
    assert_eq!(c.slots(), [701]);
    c.wants("joe", "eve", Apart::Retrieved).quietly();
    c.answers("joe").quietly();
    let offer = c.offer("joe");
    c.input(Input::ConnectFailed { offer })
        .mentions("! park eve to default")
        .quietly();
    assert_eq!(c.call_state("eve"), CallState::Parked);
}

#[test]
fn a_call_that_nobody_fetches_comes_back_to_who_parked_it() {
    let mut c = parked();
    c.wait(28).says_nothing();
    c.wait(2)
        .mentions("eve offered to ann")
        .mentions("ann available→ringing")
        .quietly();
    // Another one may still have it.
    c.wants("joe", "eve", Apart::Retrieved)
        .mentions("offer eve/ann picked up after 1000 ms")
        .mentions("! withdraw eve/ann")
        .mentions("eve offered to joe")
        .quietly();
    c.fails("joe", OfferFailure::Declined)
        .mentions("eve offered to ann")
        .quietly();
    let said = c.gets("ann");
    assert!(said.0.iter().any(|line| line.starts_with("CallRetrieved")));
}

#[test]
fn else_it_is_in_line_again_and_first() {
    let mut c = parked();
    c.goes_offline("ann").quietly();
    c.takes_break("joe", "lunch").quietly();
    c.arrives("bob", "support").quietly();
    let said = c.wait(30);
    let returned = said.0.iter().any(|line| line.starts_with("CallReturned"));
    assert!(returned, "{:?}", said.0);
    assert_eq!(c.call_state("eve"), CallState::Waiting);
    assert!(c.slots().is_empty());
    c.checker.as_mut().unwrap().compare(&c.acd);
    assert_eq!(c.checker.as_mut().unwrap().settled(), []);
    c.available("joe").mentions("eve offered to joe").quietly();
    let said = c.gets("joe");
    assert!(said.0.iter().any(|line| line.starts_with("CallRetrieved")));
    c.hangs_up("eve")
        .mentions("eve ended answered by caller, waited 2000 ms, talked 68000 ms")
        .quietly();
}

#[test]
fn who_does_not_pick_up_what_comes_back_has_missed_it() {
    let mut c = parked();
    c.takes_break("joe", "lunch").quietly();
    c.wait(30).mentions("eve offered to ann").quietly();
    let said = c.fails("ann", OfferFailure::NoAnswer);
    let said = said.mentions("ann ringing→no_answer (missed) for 60 s");
    assert!(said.0.iter().any(|line| line.starts_with("CallReturned")));
}

#[test]
fn where_nobody_is_it_stays_in_its_slot() {
    let mut c = parked();
    c.goes_offline("ann").quietly();
    c.goes_offline("joe").quietly();
    c.wait(300).says_nothing();
    assert_eq!(c.slots(), [701]);
    c.available("joe").never_mentions("eve").quietly();
    let said = c.wait(30).mentions("eve offered to joe");
    assert!(said.0[0].starts_with("CallReturned"), "{:?}", said.0);
    // Nor is its queue forgotten before it.
    let mut c = parked();
    c.input(Input::QueueRemoved(Centre::queue_id("support")))
        .quietly();
    c.goes_offline("ann").quietly();
    c.wait(300).says_nothing();
    c.wants("joe", "eve", Apart::Retrieved).quietly();
    c.gets("joe").quietly();
    c.hangs_up("eve").quietly();
}

#[test]
fn a_restart_keeps_who_is_parked_parked() {
    let before = parked();
    let mut c = before.restarted();
    c.restored(&before);
    assert_eq!(c.slots(), [701]);
    c.wait(60).never_mentions("eve").quietly();
    assert_eq!(
        c.may("joe", "eve", Apart::Retrieved),
        Err(NotGiven::ServerLost)
    );
    let there = Snapshot {
        calls: vec![Centre::call_id("eve")],
        ..Snapshot::default()
    };
    // The time went on.
    c.resynced(there)
        .mentions("! park eve to default")
        .mentions("eve offered to ann")
        .quietly();
    let mut c = before.restarted();
    c.restored(&before);
    c.resynced(Snapshot::default())
        .says("eve ended answered by caller, waited 2000 ms, talked 36000 ms");
}

#[test]
fn a_lost_connection_keeps_who_is_parked_parked() {
    let mut c = parked();
    c.input(Input::ServerLost { server: PBX }).quietly();
    c.wait(60).says_nothing();
    let there = Snapshot {
        calls: vec![Centre::call_id("eve")],
        ..Snapshot::default()
    };
    c.resynced(there).mentions("eve offered to ann").quietly();
}

#[test]
fn a_colleagues_ringing_call_is_picked_up() {
    let mut c = Centre::with(&["ann", "joe", "kim"]);
    c.takes_break("joe", "lunch").quietly();
    c.arrives("eve", "support").quietly();
    c.after(3).wants("joe", "eve", Apart::PickedUp).says(
        "offer eve/ann picked up after 3000 ms
         ann ringing→available
         ! withdraw eve/ann
         eve offered to joe
         joe break→ringing, then break
         ! ring joe, 102, for eve, 20s",
    );
    // One wins.
    assert_eq!(c.may("kim", "eve", Apart::PickedUp), Err(NotGiven::Taken));
    c.wants("kim", "eve", Apart::PickedUp).says_nothing();
    c.gets("joe")
        .mentions("eve answered by joe after 5000 ms")
        .quietly();
    assert_eq!(
        c.may("kim", "eve", Apart::PickedUp),
        Err(NotGiven::NotThere)
    );
}

#[test]
fn who_does_not_answer_what_he_has_picked_up_gives_it_back() {
    let mut c = Centre::with(&["ann", "joe"]);
    c.arrives("eve", "support").quietly();
    c.wants("joe", "eve", Apart::PickedUp).quietly();
    c.after(1)
        .fails("joe", OfferFailure::Unreachable)
        .mentions("joe ringing→available")
        .mentions("eve offered to ann")
        .quietly();
}

#[test]
fn all_phones_stop_that_ring_at_once() {
    let mut c = Centre::with(&["ann", "joe"]);
    c.queue("support", |q| q.strategy = model::Strategy::RingAll);
    c.agent("kim", &["support"]);
    c.arrives("eve", "support").quietly();
    c.wants("kim", "eve", Apart::PickedUp)
        .mentions("offer eve/ann picked up after 0 ms")
        .mentions("offer eve/joe picked up after 0 ms")
        .never_mentions("eve offered to ann")
        .quietly();
    assert_eq!(c.state("kim"), AgentState::Ringing);
    c.gets("kim").quietly();
}

#[test]
fn a_call_is_picked_out_of_the_line_where_the_queue_allows_it() {
    let mut c = Centre::with(&["ann", "joe"]);
    c.takes_break("ann", "lunch").quietly();
    c.takes_break("joe", "lunch").quietly();
    c.arrives("eve", "support").quietly();
    c.arrives("bob", "support").quietly();
    assert_eq!(c.may("joe", "bob", Apart::PickedUp), Err(NotGiven::InLine));
    c.queue("support", |q| q.pick_up_waiting = true);
    c.wants("joe", "bob", Apart::PickedUp)
        .mentions("bob offered to joe")
        .quietly();
    c.gets("joe").quietly();
    assert_eq!(c.call_state("eve"), CallState::Waiting);
}

#[test]
fn nobody_picks_up_what_is_not_his() {
    let mut c = Centre::with(&["ann"]);
    c.agent("joe", &[]);
    c.arrives("eve", "support").quietly();
    assert_eq!(
        c.may("joe", "eve", Apart::PickedUp),
        Err(NotGiven::NotMember)
    );
    assert_eq!(
        c.may("nobody", "eve", Apart::PickedUp),
        Err(NotGiven::AgentBusy)
    );
    assert_eq!(c.may("ann", "eve", Apart::PickedUp), Err(NotGiven::Taken));
    assert_eq!(
        c.may("ann", "bob", Apart::PickedUp),
        Err(NotGiven::NotThere)
    );
    assert_eq!(
        c.may("ann", "eve", Apart::Retrieved),
        Err(NotGiven::NotParked)
    );
    c.lost().quietly();
    c.available("joe").quietly();
    assert_eq!(
        c.may("joe", "eve", Apart::PickedUp),
        Err(NotGiven::ServerLost)
    );
}
