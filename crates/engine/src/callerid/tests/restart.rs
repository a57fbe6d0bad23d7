//! What was written down brings everything back.

use super::*;

#[test]
fn counts_reservations_and_persons_come_back() {
    let mut before = Desk::new();
    let key = before.add(us("2125550101"));
    before.add(us("2125550102"));
    let gone = before.ask("2125550198", "sales").unwrap().reservation;
    before.release(gone.id);
    let taken = before.ask("2125550199", "sales").unwrap().reservation;

    let mut after = Desk::new();
    after.now = before.now;
    after.wait(100);
    for number in ["2125550101", "2125550102"] {
        let number = us(number);
        let usage = before.allocator.usage(number.id).unwrap();
        let id = after.add(number);
        after.handle(Input::UsageRestored {
            number: id,
            usage: Box::new(usage),
        });
    }
    for _ in 0..2 {
        // Doubled inputs do no harm.
        after.handle(Input::ReservationRestored(taken.clone()));
    }
    after.handle(Input::PersonRestored {
        to: gone.to,
        number: gone.number,
        at: gone.made_at,
    });
    assert_eq!(after.totals(), (2, 1));
    assert_eq!(after.allocator.number(key).unwrap().used_this_hour, 1);
    assert_eq!(after.status(taken.key), Status::Reserved);
    assert_eq!(after.chosen("2125550198"), found("0101", Tier::Sticky));
    assert_eq!(after.shortage("2125550197").counts.reserved, 2);
    after.wait(200);
    after.handle(Input::Tick);
    assert_eq!(after.allocator.reservation(taken.id), None);
}

#[test]
fn a_reservation_that_ran_out_meanwhile_ends_at_once() {
    let mut before = Desk::new();
    before.add(us("2125550101"));
    let taken = before.ask("2125550199", "sales").unwrap().reservation;
    let mut after = Desk::new();
    after.now = before.now;
    after.wait(400);
    let key = after.add(us("2125550101"));
    after.handle(Input::ReservationRestored(taken));
    assert!(matches!(&after.handle(Input::Tick)[..], [Command::End(_)]));
    assert_eq!(after.status(key), Status::Available);
}

#[test]
fn the_order_of_turns_comes_back() {
    let mut before = Desk::new();
    for number in ["2125550101", "2125550102", "2125550103"] {
        before.add(us(number));
    }
    for person in 0..2 {
        let taken = before.ask(&format!("212555019{person}"), "sales").unwrap();
        before.release(taken.reservation.id);
    }
    let mut after = Desk::new();
    after.now = before.now;
    for number in ["2125550103", "2125550102", "2125550101"] {
        let usage = before.allocator.usage(us(number).id).unwrap();
        let id = after.add(us(number));
        let usage = Box::new(usage);
        after.handle(Input::UsageRestored { number: id, usage });
    }
    let order: Vec<_> = (2..5)
        .map(|person| after.chosen(&format!("212555019{person}")).0)
        .collect();
    assert_eq!(order, ["0103", "0101", "0102"]);
}

#[test]
fn a_use_that_was_chosen_elsewhere_counts_here() {
    let mut elsewhere = Desk::new();
    let chosen = CallerId {
        hourly_limit: 2,
        ..us("2125550101")
    };
    elsewhere.add(chosen.clone());
    let made = elsewhere.ask("2125550199", "sales").unwrap().reservation;

    let mut here = Desk::new();
    here.now = elsewhere.now;
    let key = here.add(chosen);
    here.handle(Input::Adopted(made.clone()));
    here.handle(Input::Adopted(made.clone()));
    let state = here.allocator.number(key).unwrap();
    assert_eq!((state.in_use, state.used_this_hour), (1, 1));
    assert_eq!(here.shortage("2125550198").counts.reserved, 1);
    here.release(made.id);
    assert_eq!(
        here.chosen("2125550199"),
        found("0101", Tier::Sticky),
        "who was called is known"
    );
}

#[test]
fn what_may_have_been_forgotten_is_charged_ahead() {
    let mut desk = Desk::new();
    let capped = |number: &str, hourly_limit| CallerId {
        hourly_limit,
        max_concurrent: 100,
        ..us(number)
    };
    let (nearly, far) = (
        desk.add(capped("2125550100", 3)),
        desk.add(capped("2125550101", 9)),
    );
    let gone = desk.add(capped("2125550102", 9));
    desk.handle(Input::NumberRemoved(gone));
    desk.handle(Input::ChargedAhead { uses: 3 });
    let used = |desk: &Desk, key| {
        let state = desk.allocator.number(key).unwrap();
        (state.used_this_hour, state.used_today, state.in_use)
    };
    assert_eq!([used(&desk, nearly), used(&desk, far)], [(3, 3, 0); 2]);
    for _ in 0..6 {
        assert_eq!(desk.ask("3105550100", "").unwrap().reservation.key, far);
    }
    assert!(
        desk.ask("3105550100", "").is_err(),
        "both are at their caps now"
    );
    desk.wait(3600);
    assert!(
        desk.ask("3105550100", "").is_ok(),
        "the next hour begins at nought"
    );
}
