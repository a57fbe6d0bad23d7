//! Which number, from where.

use super::*;

#[test]
fn a_number_of_the_area_goes_first_then_the_region_then_the_country() {
    let mut desk = Desk::new();
    for number in ["2125550101", "7165550102", "3105550103"] {
        desk.add(us(number));
    }
    assert_eq!(desk.chosen("2125550199"), found("0101", Tier::AreaCode));
    assert_eq!(desk.chosen("2125550198"), found("0102", Tier::Region));
    assert_eq!(desk.chosen("2125550197"), found("0103", Tier::Country));
}

/// The old program answered that there was none as soon as the local ones were busy.
#[test]
fn a_tier_without_a_free_number_falls_to_the_next() {
    let mut desk = Desk::new();
    desk.add(us("2125550101"));
    desk.add(labelled("3105550102", &["west"]));
    desk.add(us("2025550103"));
    desk.rule("sales", Some("west"), 0);
    desk.add(without_area_codes("20000104"));
    assert_eq!(desk.chosen("2125550199"), found("0101", Tier::AreaCode));
    assert_eq!(desk.chosen("2125550199"), found("0102", Tier::Country));
    assert_eq!(desk.chosen("2125550199"), found("0103", Tier::Country));
    assert_eq!(desk.chosen("2125550199"), found("0104", Tier::DefaultPool));
    assert_eq!(desk.shortage("2125550199").counts.reserved, 4);
}

#[test]
fn the_campaigns_pool_serves_far_destinations_before_the_default_pool() {
    let mut desk = Desk::new();
    desk.add(us("2125550101"));
    desk.add(labelled("3105550102", &["west"]));
    desk.rule("sales", Some("west"), 0);
    assert_eq!(desk.chosen("20000199"), found("0102", Tier::Pool));
    assert_eq!(desk.chosen("20000199"), found("0101", Tier::DefaultPool));
    // Another campaign has no use for a labelled number abroad.
    let mut desk = Desk::new();
    desk.add(labelled("3105550102", &["west"]));
    assert_eq!(desk.shortage("20000199").counts, Counts::default());
}

#[test]
fn without_area_codes_the_longest_common_prefix_is_nearest() {
    let mut desk = Desk::new();
    for number in ["20111101", "20222102", "20223103", "30000104"] {
        desk.add(without_area_codes(number));
    }
    assert_eq!(desk.chosen("20223999"), found("3103", Tier::AreaCode));
    assert_eq!(desk.chosen("20223999"), found("2102", Tier::AreaCode));
    assert_eq!(desk.chosen("20223999"), found("1101", Tier::AreaCode));
    assert_eq!(desk.chosen("20223999"), found("0104", Tier::Country));
}

#[test]
fn within_a_tier_the_least_recently_used_goes_first() {
    let mut desk = Desk::new();
    for number in ["2125550101", "2125550102", "2125550103"] {
        desk.add(us(number));
    }
    let mut order = Vec::new();
    for person in 0..6 {
        let allocation = desk.ask(&format!("212555020{person}"), "sales").unwrap();
        order.push(allocation.presented[6..].to_owned());
        // Given back at once, or later: what counts is when it was used.
        desk.release(allocation.reservation.id);
    }
    assert_eq!(order, ["0101", "0102", "0103", "0101", "0102", "0103"]);
}

#[test]
fn a_number_is_presented_for_its_campaigns_only() {
    let mut desk = Desk::new();
    desk.add(CallerId {
        campaigns: ["sales".to_owned(), "summer".to_owned()].into(),
        ..us("2125550101")
    });
    desk.add(us("3105550102"));
    let refused = desk.ask("2125550199", "winter").unwrap();
    assert_eq!(refused.reservation.tier, Tier::Country);
    assert_eq!(
        desk.chosen_for("2125550199", "summer"),
        found("0101", Tier::AreaCode)
    );
}

#[test]
fn a_person_sees_the_same_number_within_the_floor() {
    let mut desk = Desk::new();
    desk.add(us("2125550101"));
    desk.add(us("2125550102"));
    let first = desk.ask("2125550199", "sales").unwrap();
    desk.release(first.reservation.id);
    desk.wait(3600);
    let again = desk.ask("2125550199", "sales").unwrap();
    assert_eq!(again.presented, first.presented);
    assert_eq!(again.reservation.tier, Tier::Sticky);
    // While it is taken, another one is better than none.
    assert_eq!(desk.chosen("2125550199"), found("0102", Tier::AreaCode));
}

#[test]
fn a_campaign_may_keep_the_number_for_days() {
    let mut desk = Desk::new();
    desk.add(us("2125550101"));
    desk.add(us("2125550102"));
    desk.rule("loyal", None, 7);
    for (campaign, day, expected) in [
        ("loyal", 6, Tier::Sticky),
        ("loyal", 8, Tier::AreaCode),
        ("other", 6, Tier::AreaCode),
    ] {
        let first = desk.ask("2125550199", campaign).unwrap();
        desk.release(first.reservation.id);
        desk.wait(day * 86_400);
        let again = desk.ask("2125550199", campaign).unwrap();
        assert_eq!(again.reservation.tier, expected, "{campaign} {day}");
        desk.release(again.reservation.id);
        desk.wait(100 * 86_400);
    }
}

#[test]
fn a_sticky_number_that_is_no_longer_the_campaigns_is_not_seen_again() {
    let mut desk = Desk::new();
    desk.add(us("2125550101"));
    let first = desk.ask("2125550199", "sales").unwrap();
    desk.release(first.reservation.id);
    desk.add(CallerId {
        campaigns: ["other".to_owned()].into(),
        ..us("2125550101")
    });
    desk.add(us("3105550102"));
    assert_eq!(desk.chosen("2125550199"), found("0102", Tier::Country));
}

#[test]
fn an_unverified_number_is_not_presented_unless_the_installation_says_so() {
    let unverified = CallerId {
        verified: None,
        ..us("2125550101")
    };
    let mut desk = Desk::new();
    desk.add(unverified.clone());
    assert_eq!(desk.shortage("2125550199").counts.unverified, 1);
    let mut desk = Desk::with(Limits {
        present_unverified: true,
        ..Limits::default()
    });
    desk.add(unverified);
    assert_eq!(desk.chosen("2125550199"), found("0101", Tier::AreaCode));
}

#[test]
fn an_answer_carries_what_the_number_is() {
    let mut desk = Desk::new();
    let key = desk.add(us("2125550101"));
    let allocation = desk.ask("3105550199", "sales").unwrap();
    assert_eq!(&*allocation.presented, "2125550101");
    assert_eq!(&*allocation.carrier, "AT&T");
    assert_eq!(allocation.area_code, Digits::new("212"));
    let reservation = allocation.reservation;
    assert_eq!(reservation.key, key);
    assert_eq!(reservation.to, "+13105550199".parse().unwrap());
    assert_eq!(
        (&*reservation.campaign, &*reservation.agent),
        ("sales", "ann")
    );
    assert_eq!(
        reservation.expires_at.since(reservation.made_at).as_secs(),
        300
    );
}

#[test]
fn a_number_that_moves_to_another_place_is_found_there() {
    let mut desk = Desk::new();
    desk.add(us("2125550101"));
    desk.add(CallerId {
        area_code: Some("310".into()),
        region: Some("CA".into()),
        ..us("2125550101")
    });
    assert_eq!(desk.chosen("3105550199"), found("0101", Tier::AreaCode));
    assert_eq!(desk.totals(), (1, 1));
}

#[test]
fn a_removed_number_is_gone_and_its_reservations_end() {
    let mut desk = Desk::new();
    let key = desk.add(us("2125550101"));
    let allocation = desk.ask("2125550199", "sales").unwrap();
    let ended = desk.handle(Input::NumberRemoved(key));
    assert!(
        matches!(&ended[..], [Command::End(Ended { reservation, why: Release::NumberRemoved, .. })]
            if *reservation == allocation.reservation.id)
    );
    assert_eq!(desk.shortage("2125550199").counts, Counts::default());
    assert_eq!(desk.totals(), (0, 0));
    assert_eq!(desk.allocator.number(key), None);
    // And the place it leaves is taken by another one.
    desk.add(us("3105550102"));
    assert_eq!(desk.chosen("2125550199"), found("0102", Tier::Country));
}

#[test]
fn one_number_in_two_notations_is_one_number() {
    let mut desk = Desk::new();
    desk.add(us("2125550101"));
    desk.add(CallerId {
        id: CallerIdKey(Uuid::from_u128(1)),
        number: "+12125550101".into(),
        ..us("2125550101")
    });
    assert_eq!(desk.totals(), (1, 0));
}

#[test]
fn an_explanation_names_what_was_passed_over_and_reserves_nothing() {
    let mut desk = Desk::new();
    desk.add(us("2125550101"));
    let far = desk.add(us("3105550102"));
    desk.add(CallerId {
        active: false,
        ..us("2125550103")
    });
    let taken = desk.ask("2125550199", "sales").unwrap().reservation;
    let before = desk.totals();
    let explanation = desk.allocator.explain(&asked("2125550198", "sales"));
    assert_eq!(explanation.choice, Some((Tier::Country, far)));
    let tiers: Vec<_> = explanation
        .tiers
        .iter()
        .map(|tier| (tier.tier, tier.sought.as_str(), tier.counts.total()))
        .collect();
    assert_eq!(
        tiers,
        [
            (Tier::AreaCode, "US 212", 2),
            (Tier::Region, "US NY", 2),
            (Tier::Country, "US", 3),
            (Tier::DefaultPool, "default", 3)
        ]
    );
    let local: Vec<_> = explanation.tiers[0]
        .numbers
        .iter()
        .map(|number| (number.key, number.status))
        .collect();
    assert_eq!(local[0], (taken.key, Status::Reserved));
    assert_eq!(local[1].1, Status::Inactive);
    assert_eq!(desk.totals(), before);
    // For the person called just now, the sticky number is asked for first.
    let explanation = desk.allocator.explain(&asked("2125550199", "sales"));
    assert_eq!(explanation.tiers[0].tier, Tier::Sticky);
    assert_eq!(explanation.tiers[0].counts.reserved, 1);
}
