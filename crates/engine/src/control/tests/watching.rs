//! Supervisors on a call.

use model::{AgentId, WatchId, WatchMode};
use uuid::Uuid;

use super::{ANN, CALL, Centre, Failure, Input, PBX, Said};
use crate::control::WatchWish;

const SUE: AgentId = AgentId(Uuid::from_u128(0x50));

pub(super) fn id(number: u128) -> WatchId {
    WatchId(Uuid::from_u128(0x100 + number))
}

pub(super) fn name(watch: WatchId) -> String {
    format!("w{}", watch.0.as_u128() - 0x100)
}

pub(super) fn agent(agent: AgentId) -> String {
    match agent {
        ANN => "ann".to_owned(),
        SUE => "sue".to_owned(),
        other => format!("agent {}", other.0.as_u128()),
    }
}

impl Centre {
    fn watches(&mut self, ticket: u64, watcher: AgentId, mode: WatchMode) -> Said {
        self.wishes(ticket, watcher, mode, true)
    }

    fn wishes(&mut self, ticket: u64, watcher: AgentId, mode: WatchMode, free: bool) -> Said {
        self.input(Input::WatchAsked(WatchWish {
            call: CALL,
            ticket,
            id: id(u128::from(ticket)),
            watcher,
            extension: "150".to_owned(),
            title: "Ann".to_owned(),
            free,
            mode,
            by: "sue".to_owned(),
        }))
    }

    fn goes(&mut self, ticket: u64) -> Said {
        self.input(Input::UnwatchAsked {
            call: CALL,
            ticket,
            watcher: SUE,
            by: "sue".to_owned(),
        })
    }

    fn picks_up(&mut self, watch: u128) -> Said {
        let (watch, server) = (id(watch), PBX);
        self.input(Input::WatcherAnswered { watch, server })
    }

    fn joined(&mut self, watch: u128, result: Result<WatchMode, Failure>) -> Said {
        let watch = id(watch);
        self.input(Input::WatcherJoined { watch, result })
    }

    /// Sue listens.
    fn listening() -> Self {
        let mut c = Self::talking();
        c.watches(1, SUE, WatchMode::Listen)
            .says("w1 Listen Ringing\nsue is engaged\nring 150, showing Ann\n1: done");
        c.picks_up(1).says("join w1 to Listen");
        c.joined(1, Ok(WatchMode::Listen))
            .says("w1 Listen Watching");
        c
    }
}

#[test]
fn a_supervisor_listens_whispers_and_barges() {
    let mut c = Centre::listening();
    c.watches(2, SUE, WatchMode::Listen).says("2: done");
    c.watches(3, SUE, WatchMode::Whisper)
        .says("join w1 to Whisper");
    c.watches(4, SUE, WatchMode::Barge)
        .says("4: something else is being done to this call");
    c.joined(1, Ok(WatchMode::Whisper))
        .says("w1 Whisper Watching\n3: done");
    c.goes(5)
        .says("w1 Whisper Ended\ndrop w1\nsue is free\n5: done");
    c.goes(6).says("6: nobody watches with this phone");
    c.over().says("");
    c.is_empty();
}

#[test]
fn a_mode_that_cannot_be_had_ends_the_watch() {
    let mut c = Centre::listening();
    c.watches(2, SUE, WatchMode::Barge).says("join w1 to Barge");
    c.joined(1, Err(Failure::Unknown)).says(
        "w1 Listen Ended\ndrop w1\nsue is free\n2: Asterisk did not do it: it gave no answer in time",
    );
    c.over().says("");
    c.is_empty();
}

#[test]
fn a_mode_may_change_while_it_rings() {
    let mut c = Centre::talking();
    assert_eq!(c.watches(1, SUE, WatchMode::Listen).0.len(), 4);
    c.watches(2, SUE, WatchMode::Barge)
        .says("w1 Barge Ringing\n2: done");
    c.picks_up(1).says("join w1 to Barge");
    // Of an attempt that nobody waits for any more.
    c.joined(1, Ok(WatchMode::Listen)).says("");
    c.joined(1, Ok(WatchMode::Barge)).says("w1 Barge Watching");
}

#[test]
fn a_phone_that_nobody_answers_is_let_go() {
    let mut c = Centre::talking();
    assert_eq!(c.watches(1, SUE, WatchMode::Listen).0.len(), 4);
    c.after(32)
        .input(Input::Tick)
        .says("w1 Listen Ended\ndrop w1\nsue is free");
    // Picked up at this very moment.
    c.picks_up(1).says("drop w1");
    c.over().says("");
    c.is_empty();
}

#[test]
fn the_end_of_the_call_ends_the_watch() {
    let mut c = Centre::listening();
    c.over().says("w1 Listen Ended\ndrop w1\nsue is free");
    c.is_empty();
}

#[test]
fn nobody_watches_the_own_call_or_while_on_another() {
    let mut c = Centre::talking();
    c.watches(1, ANN, WatchMode::Listen)
        .says("1: this is the watcher's own call");
    c.wishes(2, SUE, WatchMode::Listen, false)
        .says("2: the agent of this phone is on a call");
    for ticket in 20..25 {
        let watcher = AgentId(Uuid::from_u128(u128::from(ticket)));
        assert_eq!(c.watches(ticket, watcher, WatchMode::Listen).0.len(), 4);
    }
    c.watches(26, SUE, WatchMode::Listen)
        .says("26: the call has as many watchers as it may");
}

#[test]
fn a_watch_outlives_a_lost_connection_and_not_a_lost_phone() {
    let mut c = Centre::listening();
    c.lost().says("");
    c.found(false, &[1]).says("");
    c.lost().says("");
    c.found(false, &[7])
        .says("w1 Listen Ended\ndrop w1\nsue is free\ndrop w7");
    c.over().says("");
    c.is_empty();
}
