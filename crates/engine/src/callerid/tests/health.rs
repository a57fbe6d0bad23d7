//! Numbers that fare badly give way, rest, and come back.

use super::*;

const NO: Outcome = Outcome {
    answered: false,
    talk: Duration::ZERO,
};
const YES: Outcome = Outcome {
    answered: true,
    talk: Duration::from_mins(1),
};

/// Places calls until `enough` have been placed, and says how often each number was used. `outcome` of a number by its
/// last digit and how often it was used before.
fn call(desk: &mut Desk, calls: u32, outcome: impl Fn(char, u32) -> Outcome) -> [u32; 10] {
    let mut used = [0; 10];
    for person in 0..calls {
        let to = format!(
            "212{:07}",
            2_000_000 + desk.now.mono.0 % 1_000_000 + u64::from(person)
        );
        let allocation = desk.ask(&to, "sales").unwrap();
        let last = allocation.presented.chars().last().unwrap();
        let index = last.to_digit(10).unwrap() as usize;
        desk.handle(Input::Released {
            reservation: allocation.reservation.id,
            why: Release::CallEnded(Some(outcome(last, used[index]))),
        });
        used[index] += 1;
        desk.wait(1);
    }
    used
}

fn uncapped(number: &str) -> CallerId {
    CallerId {
        hourly_limit: 100_000,
        daily_limit: 100_000,
        ..us(number)
    }
}

#[test]
fn equal_numbers_take_equal_turns() {
    let mut desk = Desk::new();
    for last in 1..=5 {
        desk.add(uncapped(&format!("212555010{last}")));
    }
    let used = call(
        &mut desk,
        100,
        |_, before| if before % 5 == 0 { YES } else { NO },
    );
    assert_eq!(used[1..=5], [20; 5]);
}

#[test]
fn a_number_that_nobody_answers_gives_way_then_rests_then_comes_back() {
    let mut desk = Desk::new();
    for last in 1..=5 {
        desk.add(uncapped(&format!("212555010{last}")));
    }
    let labelled_spam = CallerIdKey(Uuid::from_u128(12_125_550_103));
    let mut calls = 0;
    while desk.status(labelled_spam) != Status::Resting {
        call(&mut desk, 10, |last, before| {
            if last != '3' && before % 2 == 0 {
                YES
            } else {
                NO
            }
        });
        calls += 10;
        assert!(calls < 2000, "never rests");
    }
    let health = desk.allocator.number(labelled_spam).unwrap().health;
    assert!(
        health.attempts >= MIN_ATTEMPTS && health.weight < 50,
        "{health:?}"
    );
    // One choice in twenty is a control call.
    let used = call(&mut desk, 200, |last, before| {
        if last != '3' && before % 2 == 0 {
            YES
        } else {
            NO
        }
    });
    assert_eq!(used[3], 10);
    // And once those are answered, it is back.
    let mut calls = 0;
    while desk.status(labelled_spam) == Status::Resting {
        call(&mut desk, 20, |last, before| {
            if last == '3' || before % 2 == 0 {
                YES
            } else {
                NO
            }
        });
        calls += 20;
        assert!(calls < 4000, "never comes back");
    }
}

#[test]
fn a_resting_number_does_not_stand_in_when_all_others_are_taken() {
    let mut desk = Desk::new();
    desk.add(uncapped("2125550101"));
    desk.add(uncapped("2125550102"));
    let ill = CallerIdKey(Uuid::from_u128(12_125_550_101));
    while desk.status(ill) != Status::Resting {
        call(&mut desk, 10, |last, _| if last == '2' { YES } else { NO });
    }
    desk.ask("2125550199", "sales").unwrap();
    let counts = desk.shortage("2125550199").counts;
    assert_eq!((counts.reserved, counts.resting), (1, 1));
}

#[test]
fn what_ends_without_an_outcome_says_nothing() {
    let mut desk = Desk::new();
    let key = desk.add(us("2125550101"));
    let taken = desk.ask("2125550199", "sales").unwrap().reservation;
    desk.release(taken.id);
    assert_eq!(desk.allocator.number(key).unwrap().health.attempts, 0);
}
