//! Caps, concurrency, time.

use super::*;

fn capped(per_minute: Option<u32>, hourly: u32, daily: u32) -> CallerId {
    CallerId {
        per_minute_limit: per_minute,
        hourly_limit: hourly,
        daily_limit: daily,
        max_concurrent: 1000,
        ..us("2125550101")
    }
}

fn until(text: &str) -> Timestamp {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

fn ask_times(desk: &mut Desk, times: u32) {
    for _ in 0..times {
        assert_eq!(desk.chosen("2125550199").0, "0101");
    }
}

#[test]
fn the_hour_is_the_clocks() {
    let mut desk = Desk::new();
    let key = desk.add(capped(None, 3, 500));
    ask_times(&mut desk, 3);
    let shortage = desk.shortage("2125550199");
    assert_eq!(shortage.counts.capped, 1);
    assert_eq!(
        shortage.retry_at,
        Some(until("2026-03-02T10:05:30.000020Z"))
    );
    assert_eq!(
        desk.allocator.number(key).unwrap().capped_until,
        Some(until("2026-03-02T11:00:00Z"))
    );
    desk.wait(59 * 60);
    assert_eq!(desk.shortage("2125550199").counts.capped, 1);
    desk.wait(31);
    ask_times(&mut desk, 3);
    assert_eq!(desk.shortage("2125550199").counts.capped, 1);
}

#[test]
fn the_minute_and_the_day_have_caps_of_their_own() {
    let mut desk = Desk::new();
    let key = desk.add(capped(Some(2), 100, 5));
    ask_times(&mut desk, 2);
    assert_eq!(
        desk.allocator.number(key).unwrap().capped_until,
        Some(until("2026-03-02T10:01:00Z"))
    );
    desk.wait(30);
    ask_times(&mut desk, 2);
    desk.wait(60);
    ask_times(&mut desk, 1);
    // New York's midnight.
    assert_eq!(
        desk.allocator.number(key).unwrap().capped_until,
        Some(until("2026-03-03T05:00:00Z"))
    );
    let state = desk.allocator.number(key).unwrap();
    assert_eq!(
        (
            state.used_this_minute,
            state.used_this_hour,
            state.used_today
        ),
        (1, 5, 5)
    );
    desk.wait(19 * 3600);
    ask_times(&mut desk, 2);
}

#[test]
fn a_cap_of_zero_blocks() {
    for number in [
        capped(Some(0), 9, 9),
        capped(None, 0, 9),
        capped(None, 9, 0),
    ] {
        let mut desk = Desk::new();
        desk.add(number);
        let shortage = desk.shortage("2125550199");
        assert_eq!((shortage.counts.capped, shortage.retry_at), (1, None));
        desk.wait(3 * 86_400);
        assert_eq!(desk.shortage("2125550199").counts.capped, 1);
    }
}

#[test]
fn a_clock_that_is_set_back_frees_nothing() {
    let mut desk = Desk::new();
    desk.add(capped(None, 3, 500));
    ask_times(&mut desk, 3);
    desk.now.utc = Timestamp::from_micros(START - 2 * 3_600_000_000);
    assert_eq!(desk.shortage("2125550199").counts.capped, 1);
    desk.now.utc = Timestamp::from_micros(START + 3_600_000_000);
    ask_times(&mut desk, 3);
}

#[test]
fn a_raised_cap_helps_at_once() {
    let mut desk = Desk::new();
    desk.add(capped(None, 1, 500));
    ask_times(&mut desk, 1);
    desk.add(capped(None, 2, 500));
    ask_times(&mut desk, 1);
    assert_eq!(desk.shortage("2125550199").counts.capped, 1);
}

#[test]
fn so_many_calls_at_a_time_and_no_more() {
    let mut desk = Desk::new();
    let key = desk.add(CallerId {
        max_concurrent: 2,
        ..us("2125550101")
    });
    let first = desk.ask("2125550191", "sales").unwrap().reservation;
    let second = desk.ask("2125550192", "sales").unwrap().reservation;
    let shortage = desk.shortage("2125550193");
    assert_eq!(shortage.counts.reserved, 1);
    assert_eq!(shortage.retry_at, Some(first.expires_at));
    assert_eq!(desk.release(second.id).len(), 1);
    assert_eq!(desk.allocator.number(key).unwrap().in_use, 1);
    desk.ask("2125550193", "sales").unwrap();
    // Given back twice: once.
    assert_eq!(desk.release(second.id), []);
    assert_eq!(desk.allocator.number(key).unwrap().in_use, 2);
}

#[test]
fn a_reservation_ends_with_the_call() {
    let mut desk = Desk::new();
    let key = desk.add(CallerId {
        max_concurrent: 3,
        ..us("2125550101")
    });
    let older = desk.ask("2125550191", "sales").unwrap().reservation;
    let newer = desk.ask("2125550191", "sales").unwrap().reservation;
    let other = desk.ask("2125550192", "sales").unwrap().reservation;
    let end = |to: E164| Input::CallEnded {
        number: "+12125550101".parse().unwrap(),
        to,
        outcome: Some(Outcome {
            answered: true,
            talk: Duration::from_secs(20),
        }),
    };
    for (to, expected) in [
        (older.to, older.id),
        (other.to, other.id),
        (newer.to, newer.id),
    ] {
        let ended = desk.handle(end(to));
        assert!(
            matches!(&ended[..], [Command::End(Ended { reservation, why: Release::CallEnded(_), .. })]
                if *reservation == expected),
            "{ended:?}"
        );
    }
    assert_eq!(desk.handle(end(older.to)), []);
    let health = desk.allocator.number(key).unwrap().health;
    assert_eq!((health.attempts, health.answers), (3, 3));
}

#[test]
fn a_reservation_ends_by_itself() {
    let mut desk = Desk::new();
    let key = desk.add(us("2125550101"));
    let taken = desk.ask("2125550191", "sales").unwrap().reservation;
    assert_eq!(
        desk.allocator.poll_timeout(),
        Some(desk.now.instant_of(taken.expires_at))
    );
    desk.wait(299);
    assert_eq!(desk.handle(Input::Tick), []);
    desk.wait(1);
    let ended = desk.handle(Input::Tick);
    assert!(matches!(
        &ended[..],
        [Command::End(Ended {
            why: Release::TimedOut,
            ..
        })]
    ));
    assert_eq!(desk.status(key), Status::Available);
    assert_eq!(desk.allocator.poll_timeout(), None);
}

#[test]
fn an_agent_who_asks_too_often_is_told_when_to_ask_again() {
    let mut desk = Desk::with(Limits {
        per_agent: 2,
        ..Limits::default()
    });
    desk.add(capped(None, 100, 100));
    ask_times(&mut desk, 2);
    desk.wait(20);
    let Err(Refusal::TooManyQuestions { retry_after }) = desk.ask("2125550199", "sales") else {
        panic!("asked three times");
    };
    assert_eq!(retry_after.as_secs(), 39);
    desk.wait(40);
    ask_times(&mut desk, 1);
}

#[test]
fn a_shortage_counts_each_number_once_and_says_why() {
    let mut desk = Desk::new();
    desk.rule("sales", Some("west"), 0);
    desk.add(us("2125550101"));
    desk.add(labelled("3105550102", &["west"]));
    desk.add(labelled("3105550103", &["east"]));
    desk.add(CallerId {
        hourly_limit: 0,
        ..without_area_codes("20000104")
    });
    desk.add(CallerId {
        active: false,
        ..us("2125550105")
    });
    desk.add(CallerId {
        campaigns: ["other".to_owned()].into(),
        ..us("2125550106")
    });
    for _ in 0..3 {
        desk.ask("2125550199", "sales").unwrap();
    }
    let shortage = desk.shortage("2125550199");
    let expected = Counts {
        reserved: 3,
        capped: 1,
        inactive: 1,
        ..Counts::default()
    };
    assert_eq!(shortage.counts, expected);
    let tiers: Vec<_> = shortage
        .tiers
        .iter()
        .map(|(tier, counts)| (*tier, counts.total()))
        .collect();
    assert_eq!(
        tiers,
        [
            (Tier::AreaCode, 2),
            (Tier::Region, 2),
            (Tier::Country, 4),
            (Tier::Pool, 1),
            (Tier::DefaultPool, 3)
        ]
    );
}
