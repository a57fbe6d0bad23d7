//! Calls that go on when their reservation has run out: the number is free, and yet learns how they went.

use super::*;

const TALK: Outcome = Outcome {
    answered: true,
    talk: Duration::from_mins(15),
};

fn call_ended(made: &Restored, outcome: Option<Outcome>) -> Input {
    Input::CallEnded {
        number: made.number,
        to: made.to,
        outcome,
    }
}

fn released(made: &Restored, outcome: Option<Outcome>) -> Input {
    Input::Released {
        reservation: made.id,
        why: Release::CallEnded(outcome),
    }
}

fn outlasted(desk: &Desk, made: &Restored, outcome: Outcome) -> Vec<Command> {
    vec![Command::Outlasted(Ended {
        reservation: made.id,
        key: made.key,
        to: made.to,
        why: Release::CallEnded(Some(outcome)),
        at: desk.now.utc,
    })]
}

fn attempts_and_answers(desk: &Desk, key: CallerIdKey) -> (u32, u32) {
    let health = desk.allocator.number(key).unwrap().health;
    (health.attempts, health.answers)
}

/// A reservation whose time is over, while its call may go on.
fn timed_out(desk: &mut Desk, to: &str) -> Restored {
    let made = desk.ask(to, "sales").unwrap().reservation;
    desk.wait(300);
    let over = desk.handle(Input::Tick);
    assert!(
        matches!(&over[..], [Command::End(ended)] if ended.why == Release::TimedOut),
        "{over:?}"
    );
    made
}

#[test]
fn the_outcome_counts_once_however_the_end_is_told() {
    for told in [call_ended, released] {
        let mut desk = Desk::new();
        let key = desk.add(us("2125550101"));
        let made = timed_out(&mut desk, "2125550199");
        assert_eq!(desk.status(key), Status::Available, "the number is free");
        assert!(desk.allocator.awaits(made.id));
        desk.wait(700);
        let said = desk.handle(told(&made, Some(TALK)));
        assert_eq!(said, outlasted(&desk, &made, TALK));
        assert_eq!(attempts_and_answers(&desk, key), (1, 1));
        assert!(!desk.allocator.awaits(made.id));
        for again in [call_ended, released] {
            assert_eq!(desk.handle(again(&made, Some(TALK))), []);
        }
        assert_eq!(attempts_and_answers(&desk, key), (1, 1));
    }
}

#[test]
fn a_newer_reservation_is_not_ended_by_a_call_that_is_older_than_it() {
    let mut desk = Desk::new();
    let key = desk.add(us("2125550101"));
    let first = timed_out(&mut desk, "2125550199");
    desk.wait(600);
    let second = desk.ask("2125550199", "sales").unwrap().reservation;
    assert_eq!(second.number, first.number);
    desk.wait(30);
    let said = desk.handle(call_ended(&first, Some(TALK)));
    assert_eq!(said, outlasted(&desk, &first, TALK));
    assert_eq!(
        desk.status(key),
        Status::Reserved,
        "the second call goes on"
    );
    let short = Outcome {
        answered: true,
        talk: Duration::from_secs(25),
    };
    let said = desk.handle(call_ended(&second, Some(short)));
    assert!(matches!(&said[..], [Command::End(ended)] if ended.reservation == second.id));
}

/// The first was never dialled, or its call would have been seen to end.
#[test]
fn of_two_that_ran_out_the_call_belongs_to_the_newer_that_is_older_than_its_talk() {
    let mut desk = Desk::new();
    desk.add(us("2125550101"));
    let first = timed_out(&mut desk, "2125550199");
    let second = timed_out(&mut desk, "2125550199");
    let talk = |seconds| Outcome {
        answered: true,
        talk: Duration::from_secs(seconds),
    };
    let said = desk.handle(call_ended(&second, Some(talk(290))));
    assert_eq!(said, outlasted(&desk, &second, talk(290)));
    let third = timed_out(&mut desk, "2125550199");
    let said = desk.handle(call_ended(&first, Some(talk(590))));
    assert_eq!(said, outlasted(&desk, &first, talk(590)));
    assert!(desk.allocator.awaits(third.id));
}

#[test]
fn an_end_that_nobody_saw_and_a_reservation_that_was_given_back_say_nothing() {
    let mut desk = Desk::new();
    let key = desk.add(us("2125550101"));
    let made = timed_out(&mut desk, "2125550199");
    assert_eq!(desk.handle(call_ended(&made, None)), []);
    assert!(!desk.allocator.awaits(made.id));
    let back = desk.ask("2125550198", "sales").unwrap().reservation;
    desk.release(back.id);
    assert_eq!(desk.handle(released(&back, Some(TALK))), []);
    assert_eq!(attempts_and_answers(&desk, key), (0, 0));
}

#[test]
fn a_number_that_was_removed_meanwhile_still_has_the_outcome_on_its_use() {
    let mut desk = Desk::new();
    let key = desk.add(us("2125550101"));
    let made = timed_out(&mut desk, "2125550199");
    desk.handle(Input::NumberRemoved(key));
    let said = desk.handle(released(&made, Some(TALK)));
    assert_eq!(said, outlasted(&desk, &made, TALK));
}

#[test]
fn calls_are_awaited_within_a_limit_and_for_a_day() {
    let mut desk = Desk::new();
    desk.add(CallerId {
        max_concurrent: 1,
        ..us("2125550101")
    });
    let first = timed_out(&mut desk, "2125550199");
    let mut more = first.clone();
    for n in 1..MAX_OUTLASTED {
        let at = first.made_at.after(Duration::from_millis(n as u64));
        more.id = ReservationId::new(at, 0);
        desk.handle(Input::ReservationRestored(more.clone()));
    }
    desk.handle(Input::Tick);
    assert!(desk.allocator.awaits(first.id) && desk.allocator.awaits(more.id));
    assert_eq!(desk.allocator.not_awaited(), 0);
    more.id = ReservationId::new(first.made_at.after(Duration::from_secs(200)), 0);
    desk.handle(Input::ReservationRestored(more.clone()));
    desk.handle(Input::Tick);
    assert!(!desk.allocator.awaits(first.id) && desk.allocator.awaits(more.id));
    assert_eq!(desk.allocator.not_awaited(), 1);

    desk.wait(86_400);
    desk.handle(Input::Tick);
    assert!(!desk.allocator.awaits(more.id), "no call is that long");
    assert_eq!(desk.allocator.not_awaited(), 1);
}
