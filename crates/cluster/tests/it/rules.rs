//! One rule, one dialogue.

use std::time::Duration;

use cluster::{SharedNumber, SharedPool};
use engine::callerid::{Counts, Limits, Outcome, Refusal, Restored, Status, Usage};
use model::{CallerId, CallerIdRule, Tier, Timestamp};

use crate::fixtures::*;

contract!(
    the_nearest_number_is_found_and_the_least_recently_used_of_them,
    a_refusal_says_what_every_number_is_doing,
    a_capped_number_comes_back_with_the_local_day,
    the_totals_are_those_of_every_number,
    what_a_node_remembers_waits_for_its_number_and_counts_once,
    a_reservation_whose_node_died_ends_by_itself,
    the_same_question_sent_twice_is_answered_once,
    an_agents_limit_slides,
    a_number_kept_for_a_campaign_is_for_it_alone,
    a_campaigns_pool_comes_before_the_default_one,
    a_number_that_nobody_answers_rests_and_gets_control_calls,
    setting_a_number_again_keeps_its_uses_and_counts_a_nodes_own_once,
    numbers_by_the_thousand_wake_up_before_a_question_is_refused,
);

fn found(last: &str, tier: Tier) -> (String, Tier) {
    (last.to_owned(), tier)
}

async fn the_nearest_number_is_found_and_the_least_recently_used_of_them(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    for number in ["2125550101", "2125550102", "7165550103", "3105550104"] {
        desk.add(us(number)).await;
    }
    assert_eq!(
        desk.chosen("2125550201").await,
        found("0101", Tier::AreaCode)
    );
    assert_eq!(
        desk.chosen("2125550202").await,
        found("0102", Tier::AreaCode)
    );
    assert_eq!(desk.chosen("2125550203").await, found("0103", Tier::Region));
    assert_eq!(
        desk.chosen("2125550204").await,
        found("0104", Tier::Country)
    );
    desk.wait(300).await;
    assert_eq!(
        desk.chosen("3035550205").await,
        found("0101", Tier::Country)
    );
    // Within the floor the person sees the number that called last.
    desk.wait(300).await;
    assert_eq!(desk.chosen("2125550203").await, found("0103", Tier::Sticky));
    assert_eq!(
        desk.chosen("20000206").await,
        found("0102", Tier::DefaultPool)
    );
}

async fn a_refusal_says_what_every_number_is_doing(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    desk.add(us("2125550101")).await;
    desk.add(CallerId {
        hourly_limit: 1,
        max_concurrent: 9,
        ..us("2125550102")
    })
    .await;
    desk.add(CallerId {
        active: false,
        ..us("3105550103")
    })
    .await;
    desk.add(CallerId {
        verified: None,
        ..us("3105550104")
    })
    .await;
    desk.chosen("2125550201").await;
    let made = desk.now;
    desk.chosen("2125550202").await;
    let shortage = desk.shortage("2125550203").await;
    let all = Counts {
        reserved: 1,
        capped: 1,
        inactive: 1,
        unverified: 1,
        ..Counts::default()
    };
    assert_eq!(shortage.counts, all);
    assert_eq!(
        shortage.retry_at,
        Some(Timestamp::from_micros(made + 300_000_000))
    );
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
            (Tier::DefaultPool, 4)
        ]
    );
}

async fn a_capped_number_comes_back_with_the_local_day(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    let number = desk
        .add(CallerId {
            daily_limit: 1,
            ..us("2125550101")
        })
        .await;
    let made = desk.ask("2125550201", "sales", None).await.unwrap();
    assert!(desk.pool.release(made.reservation.id, None).await.unwrap());
    let midnight: jiff::Timestamp = "2026-03-03T05:00:00Z".parse().unwrap();
    let midnight = Timestamp::from(midnight);
    assert_eq!(
        desk.shortage("2125550202").await.retry_at.unwrap(),
        midnight
    );
    let ahead = midnight.as_micros() - desk.now;
    desk.wait_micros(ahead - 1_000_000).await;
    desk.shortage("2125550202").await;
    let shown = desk.pool.show(&[number]).await.unwrap();
    let shown = shown[0].as_ref().unwrap();
    assert_eq!(
        (shown.status, shown.used_today, shown.used_this_hour),
        (Status::Capped, 1, 0)
    );
    desk.wait(1).await;
    assert_eq!(
        desk.chosen("2125550202").await,
        found("0101", Tier::AreaCode)
    );
}

async fn the_totals_are_those_of_every_number(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    desk.add(us("2125550101")).await;
    let second = desk.add(us("7165550102")).await;
    let third = us("3105550103");
    desk.add(CallerId {
        active: false,
        ..third.clone()
    })
    .await;
    let made = desk.ask("2125550201", "sales", None).await.unwrap();
    let mut counts = Counts {
        available: 1,
        reserved: 1,
        inactive: 1,
        ..Counts::default()
    };
    assert_eq!(desk.pool.totals().await.unwrap(), (1, counts));
    let mut open = desk.pool.reservations(10).await.unwrap();
    assert_eq!(open.pop().as_ref(), Some(&made.reservation));
    assert_eq!(open, []);
    desk.add(third).await;
    desk.pool.remove(&[second]).await.unwrap();
    desk.wait(300).await;
    counts = Counts {
        available: 2,
        ..Counts::default()
    };
    assert_eq!(desk.pool.totals().await.unwrap(), (0, counts));
    assert_eq!(desk.pool.reservations(10).await.unwrap(), []);
}

async fn what_a_node_remembers_waits_for_its_number_and_counts_once(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    let said = CallerId {
        max_concurrent: 9,
        ..us("2125550101")
    };
    let at = Timestamp::from_micros(desk.now);
    let hour = u32::try_from(desk.now / 3_600_000_000).unwrap();
    let usage = Usage {
        last_used_at: Some(at),
        hour: (hour, 2),
        ..Usage::default()
    };
    let made = |id| Restored {
        id,
        key: said.id,
        number: said.e164,
        to: "+12125550201".parse().unwrap(),
        tier: Tier::AreaCode,
        campaign: "sales".into(),
        agent: "ann".into(),
        made_at: at,
        expires_at: at.after(Duration::from_mins(5)),
    };
    let (first, second) = (fresh_id(), fresh_id());
    for _ in 0..2 {
        let uses = [(said.e164, usage.clone())];
        desk.pool.recall(&uses).await.unwrap();
        let open = [(made(first), false), (made(second), false)];
        desk.pool.adopt(&open).await.unwrap();
    }
    assert_eq!(desk.pool.show(&[said.e164]).await.unwrap(), [None]);
    assert!(desk.pool.release(first, None).await.unwrap());

    let number = desk.add(said.clone()).await;
    let shown = desk.pool.show(&[number]).await.unwrap().remove(0).unwrap();
    assert_eq!((shown.used_this_hour, shown.in_use), (2, 1));
    assert_eq!(shown.last_used_at, Some(at));
    assert!(desk.pool.release(second, None).await.unwrap());
    let shown = desk.pool.show(&[number]).await.unwrap().remove(0).unwrap();
    assert_eq!((shown.used_this_hour, shown.in_use), (2, 0));
}

async fn a_reservation_whose_node_died_ends_by_itself(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    desk.add(us("2125550101")).await;
    let made = desk.now;
    let address = desk.address();
    let dead = SharedPool::connect_by_test_time(&address, "dead", limits()).await;
    let dead = dead.unwrap();
    dead.open("its own").await.unwrap();
    let question = asked("2125550201", "sales");
    let first = dead.allocate(fresh_id(), &question, None).await;
    assert!(first.unwrap().is_ok());
    drop(dead);
    desk.wait(299).await;
    let shortage = desk.shortage("2125550202").await;
    assert_eq!(shortage.counts.reserved, 1);
    let ends = Timestamp::from_micros(made + 300_000_000);
    assert_eq!(shortage.retry_at, Some(ends));
    desk.wait(1).await;
    assert_eq!(
        desk.chosen("2125550202").await,
        found("0101", Tier::AreaCode)
    );
}

async fn the_same_question_sent_twice_is_answered_once(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    for number in ["2125550101", "2125550102"] {
        desk.add(us(number)).await;
    }
    let (id, question) = (fresh_id(), asked("2125550201", "sales"));
    let first = desk.pool.allocate(id, &question, None).await.unwrap();
    let second = desk.pool.allocate(id, &question, None).await.unwrap();
    assert_eq!(first, second);
    assert!(desk.pool.release(id, None).await.unwrap());
    let number = first.unwrap().allocation.reservation.number;
    let shown = desk.pool.show(&[number]).await.unwrap();
    let shown = shown[0].as_ref().unwrap();
    assert_eq!((shown.in_use, shown.used_today), (0, 1));
}

async fn an_agents_limit_slides(on: On) {
    let limits = Limits {
        per_agent: 2,
        ..Limits::default()
    };
    let Some(mut desk) = Desk::with(on, limits).await else {
        return;
    };
    desk.add(CallerId {
        max_concurrent: 9,
        ..us("2125550101")
    })
    .await;
    desk.chosen("2125550201").await;
    desk.wait(30).await;
    desk.chosen("2125550202").await;
    let too_soon = desk.ask("2125550203", "sales", None).await;
    let Err(Refusal::TooManyQuestions { retry_after }) = too_soon else {
        panic!("{too_soon:?}")
    };
    assert_eq!(retry_after, Duration::from_micros(30_000_000 - 20));
    desk.wait(30).await;
    desk.chosen("2125550203").await;
}

async fn a_number_kept_for_a_campaign_is_for_it_alone(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    let kept = ["poll".to_owned(), "vote".to_owned()];
    desk.add(CallerId {
        campaigns: kept.into(),
        max_concurrent: 9,
        ..us("2125550101")
    })
    .await;
    assert!(desk.ask("2125550201", "sales", None).await.is_err());
    assert!(desk.ask("2125550201", "poll", None).await.is_ok());
    assert!(desk.ask("2125550202", "vote", None).await.is_ok());
    // Not even to whom it is known.
    assert!(desk.ask("2125550201", "sales", None).await.is_err());
    desk.add(CallerId {
        max_concurrent: 9,
        ..us("2125550101")
    })
    .await;
    assert!(desk.ask("2125550201", "sales", None).await.is_ok());
}

async fn a_campaigns_pool_comes_before_the_default_one(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    desk.add(us("2125550101")).await;
    desk.add(CallerId {
        labels: ["west".to_owned()].into(),
        ..us("3105550102")
    })
    .await;
    let rule = CallerIdRule {
        campaign: "sales".into(),
        pool: Some("west".into()),
        sticky_days: 0,
    };
    let answer = desk.ask("20000206", "sales", Some(&rule)).await.unwrap();
    assert_eq!(
        (&*answer.presented, answer.reservation.tier),
        ("3105550102", Tier::Pool)
    );
    assert_eq!(&*answer.carrier, "'; redis.call('FLUSHALL') --");
}

async fn a_number_that_nobody_answers_rests_and_gets_control_calls(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    let ill = desk
        .add(CallerId {
            hourly_limit: 10_000,
            daily_limit: 10_000,
            ..us("2125550101")
        })
        .await;
    let well = desk
        .add(CallerId {
            hourly_limit: 10_000,
            daily_limit: 10_000,
            ..us("2125550102")
        })
        .await;
    let mut uses = [0; 2];
    for person in 0..600 {
        let to = format!("212555{:04}", 1000 + person);
        let made = desk.ask(&to, "sales", None).await.unwrap().reservation;
        let answered = made.number == well && person % 4 < 2;
        let outcome = Outcome {
            answered,
            talk: Duration::from_mins(1),
        };
        let outcome = Some(outcome);
        if made.number == well {
            let ended = desk.pool.call_ended(made.number, made.to, outcome).await;
            assert_eq!(ended.unwrap(), Some(made.id));
        } else {
            assert!(desk.pool.release(made.id, outcome).await.unwrap());
        }
        if person >= 500 {
            uses[usize::from(made.number == well)] += 1;
        }
    }
    let shown = desk.pool.show(&[ill, well]).await.unwrap();
    assert_eq!(shown[0].as_ref().unwrap().status, Status::Resting);
    assert_eq!(shown[1].as_ref().unwrap().status, Status::Available);
    assert_eq!(uses, [5, 95], "one call in twenty is a control call");
    let health = &shown[0].as_ref().unwrap().health;
    assert!(health.resting && health.attempts > 50, "{health:?}");
    assert_eq!(health.answers, 0);
    let (open, counts) = desk.pool.totals().await.unwrap();
    assert_eq!((open, counts.available, counts.resting), (0, 1, 1));
}

async fn setting_a_number_again_keeps_its_uses_and_counts_a_nodes_own_once(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    let hour = u32::try_from(START / 3_600_000_000).unwrap();
    let said = CallerId {
        hourly_limit: 5,
        max_concurrent: 9,
        ..us("2125550101")
    };
    let usage = Usage {
        hour: (hour, 3),
        ..Usage::default()
    };
    let numbers = [SharedNumber {
        said: said.clone(),
        usage,
    }];
    let now = Timestamp::from_micros(desk.now);
    assert_eq!(desk.pool.set(&numbers, now).await.unwrap(), [true]);
    assert_eq!(desk.pool.set(&numbers, now).await.unwrap(), [false]);
    desk.chosen("2125550201").await;
    desk.add(said.clone()).await;
    desk.chosen("2125550202").await;
    assert_eq!(desk.shortage("2125550203").await.counts.capped, 1);
    desk.pool.remove(&[said.e164]).await.unwrap();
    assert_eq!(desk.shortage("2125550203").await.counts, Counts::default());
    assert_eq!(desk.pool.show(&[said.e164]).await.unwrap(), [None]);
}

async fn numbers_by_the_thousand_wake_up_before_a_question_is_refused(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    let hour = u32::try_from(START / 3_600_000_000).unwrap();
    let numbers: Vec<_> = (0..3000)
        .map(|line| SharedNumber {
            said: CallerId {
                hourly_limit: 1,
                ..us(&format!("212{:07}", 5_550_000 + line))
            },
            usage: Usage {
                hour: (hour, 1),
                ..Usage::default()
            },
        })
        .collect();
    desk.pool
        .set(&numbers, Timestamp::from_micros(desk.now))
        .await
        .unwrap();
    desk.add(CallerId {
        hourly_limit: 1,
        ..us("3105550101")
    })
    .await;
    desk.chosen("3105550201").await;
    assert_eq!(desk.shortage("3105550201").await.counts.capped, 3001);
    desk.wait(3600).await;
    let allocation = desk.ask("3105550299", "sales", None).await.unwrap();
    assert!(matches!(
        allocation.reservation.tier,
        Tier::AreaCode | Tier::Country
    ));
}
