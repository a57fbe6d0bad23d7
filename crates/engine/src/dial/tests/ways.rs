//! One trunk after the other, until one takes the call.

use std::time::Duration;

use model::TrunkId;
use uuid::Uuid;

use super::{CALL, Centre, PLACED, Said};
use crate::dial::{Input, Leg, MAX_TRIES};
use crate::trunk::{Route, Way};

const ASKED: &str = "agent picked up
    by which way to +13105550142, but []?";

const NO_TRUNK: &str = "ended: NotReached by System Some(34) None
    hang up Agent
    release: Deleted
    ann is free";

fn id(trunk: u128) -> TrunkId {
    TrunkId(Uuid::from_u128(trunk))
}

impl Centre {
    fn picked_up() -> Self {
        let mut c = Self::new();
        c.way = None;
        c.asked().quietly();
        c.given().says(PLACED);
        c.rings(Leg::Agent).says("");
        c.answers(Leg::Agent).says(ASKED);
        c
    }

    fn by_trunk(&mut self, trunk: u128) -> Said {
        let way = Way::Trunk(Route {
            trunk: id(trunk),
            name: format!("t{trunk}"),
            number: "0013105550142".to_owned(),
        });
        self.input(Input::WayGiven { call: CALL, way })
    }

    fn no_way(&mut self, again: Option<u64>) -> Said {
        let after = |millis| self.now.mono.after(Duration::from_millis(millis));
        self.input(Input::NoWay {
            call: CALL,
            retry_at: again.map(after),
        })
    }
}

fn failed(trunks: &[u128]) -> String {
    let tried: Vec<TrunkId> = trunks.iter().map(|trunk| id(*trunk)).collect();
    let last = tried.last().copied();
    format!(
        "{:?} failed
         by which way to +13105550142, but {tried:?}?",
        last.unwrap()
    )
}

#[test]
fn the_next_trunk_takes_what_the_first_cannot() {
    let mut c = Centre::picked_up();
    c.by_trunk(1).says(
        "goes by t1 as 0013105550142 after None
         call PJSIP/0013105550142@t1, presenting 3105550100, 60s",
    );
    c.rings(Leg::Customer).says("");
    c.ends(Leg::Customer, 34).says(&failed(&[1]));
    c.by_trunk(2).says(
        "goes by t2 as 0013105550142 after Some(34)
         call PJSIP/0013105550142@t2, presenting 3105550100, 60s",
    );
    let (call, leg, cause) = (CALL, Leg::Customer, Some(3));
    c.input(Input::LegRefused { call, leg, cause })
        .says(&failed(&[1, 2]));
    c.by_trunk(3).quietly();
    c.rings(Leg::Customer).says("");
    c.answers(Leg::Customer).says("connect");
    let (call, _) = c.dialler.find(CALL).unwrap();
    let trunk = call.placed.as_ref().and_then(|it| it.trunk.as_deref());
    assert_eq!(trunk, Some("t3"));
}

#[test]
fn who_was_reached_is_not_rung_by_another_trunk() {
    for cause in [1, 16, 17, 19, 21] {
        let mut c = Centre::picked_up();
        c.by_trunk(1).quietly();
        c.rings(Leg::Customer).says("");
        c.ends(Leg::Customer, cause).says(&format!(
            "ended: NotReached by Caller Some({cause}) None
             hang up Agent
             release: not answered
             ann is free"
        ));
        c.is_empty();
    }
}

#[test]
fn whose_phone_has_rung_is_not_rung_by_another_trunk() {
    for cause in [18, 34, 38, 102] {
        let mut c = Centre::picked_up();
        c.by_trunk(1).quietly();
        c.rings(Leg::Customer).says("");
        c.input(Input::CustomerRings { call: CALL }).says("");
        c.ends(Leg::Customer, cause).says(&format!(
            "ended: NotReached by Caller Some({cause}) None
             hang up Agent
             release: not answered
             ann is free"
        ));
        c.is_empty();
    }
    // What rang by the first says nothing of the second.
    let mut c = Centre::picked_up();
    c.input(Input::CustomerRings { call: CALL }).says("");
    c.by_trunk(1).quietly();
    c.ends(Leg::Customer, 34).says(&failed(&[1]));
}

#[test]
fn a_call_that_no_trunk_takes_ends_with_what_the_last_one_said() {
    let mut c = Centre::picked_up();
    c.by_trunk(1).quietly();
    c.ends(Leg::Customer, 38).says(&failed(&[1]));
    c.no_way(None).says(
        "ended: NotReached by System Some(38) None
         hang up Agent
         release: Deleted
         ann is free",
    );
    c.is_empty();
    let mut c = Centre::picked_up();
    c.no_way(None).says(NO_TRUNK);
    c.is_empty();
}

#[test]
fn no_call_is_given_to_more_trunks_than_it_may() {
    let mut c = Centre::picked_up();
    let most = u128::try_from(MAX_TRIES).unwrap();
    for trunk in 1..most {
        c.by_trunk(trunk).quietly();
        c.ends(Leg::Customer, 34).quietly();
    }
    c.by_trunk(most).quietly();
    c.ends(Leg::Customer, 34)
        .says(&format!("{:?} failed\n{NO_TRUNK}", id(most)));
    c.is_empty();
}

#[test]
fn a_trunk_that_is_asked_too_often_is_waited_for() {
    let mut c = Centre::picked_up();
    c.no_way(Some(1_000)).says("");
    assert_eq!(
        c.dialler.poll_timeout().map(|at| at.since(c.now.mono)),
        Some(Duration::from_secs(1))
    );
    c.after(1)
        .tick()
        .says("by which way to +13105550142, but []?");
    c.no_way(Some(1_000)).says("");
    c.after(1).tick().quietly();
    c.no_way(Some(9_000)).says(NO_TRUNK);
    c.is_empty();
}

#[test]
fn a_search_that_nobody_answers_ends() {
    let mut c = Centre::picked_up();
    c.after(5).tick().says(NO_TRUNK);
    c.by_trunk(1).says("");
    c.is_empty();
}

#[test]
fn an_agent_who_hangs_up_ends_the_search() {
    let mut c = Centre::picked_up();
    c.ends(Leg::Agent, 16).says(
        "ended: NotReached by Agent Some(16) None
         release: Deleted
         ann is free",
    );
    c.by_trunk(1).says("");
    c.is_empty();
}
