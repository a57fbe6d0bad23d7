//! Random hours beside a reference that looks through everything.

use std::collections::BTreeMap;

use engine::callerid::{Asked, Refusal, Restored};
use model::{CallerId, CallerIdKey, CallerIdRule, Country, Tier, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::fixtures::*;

const NUMBERS: [&str; 8] = [
    "2125550101",
    "2125550102",
    "2125550103",
    "7165550104",
    "7165550105",
    "3105550106",
    "3105550107",
    "2025550108",
];
const PEOPLE: [&str; 6] = [
    "2125550201",
    "7165550202",
    "3105550203",
    "2025550204",
    "3035550205",
    "20000206",
];
const CAMPAIGNS: [&str; 3] = ["sales", "poll", "survey"];

fn number(index: usize, hourly: u32, concurrent: u16, active: bool) -> CallerId {
    let mut number = us(NUMBERS[index]);
    number.hourly_limit = hourly;
    number.daily_limit = 9;
    number.per_minute_limit = index.is_multiple_of(3).then_some(2);
    number.max_concurrent = concurrent;
    number.active = active;
    if index == 2 {
        number.campaigns = ["poll".to_owned()].into();
    }
    if index == 6 {
        number.labels = ["west".to_owned()].into();
    }
    number
}

/// Every use and every open reservation, looked through for each question.
#[derive(Default)]
struct Naive {
    numbers: BTreeMap<CallerIdKey, CallerId>,
    uses: Vec<(CallerIdKey, Timestamp)>,
    open: Vec<Restored>,
}

impl Naive {
    fn expire(&mut self, now: Timestamp) {
        self.open.retain(|open| open.expires_at > now);
    }

    fn is_free(&self, number: &CallerId, now: Timestamp) -> bool {
        let zone = jiff::tz::TimeZone::get(&number.time_zone).unwrap();
        let day = |at: Timestamp| zone.to_datetime(at.to_jiff()).date();
        let used = |same: &dyn Fn(Timestamp) -> bool| {
            let uses = self.uses.iter();
            uses.filter(|(key, at)| *key == number.id && same(*at))
                .count()
        };
        let window = |at: Timestamp, length: i64| at.as_micros() / length;
        let minute = used(&|at| window(at, 60_000_000) == window(now, 60_000_000));
        let hour = used(&|at| window(at, 3_600_000_000) == window(now, 3_600_000_000));
        let today = used(&|at| day(at) == day(now));
        let open = self.open.iter().filter(|open| open.key == number.id);
        number.active
            && minute < number.per_minute_limit.unwrap_or(u32::MAX) as usize
            && hour < number.hourly_limit as usize
            && today < number.daily_limit as usize
            && open.count() < usize::from(number.max_concurrent)
    }

    /// Where this question finds a number, if it may use it at all.
    fn tier(number: &CallerId, asked: &Asked) -> Option<Tier> {
        if !number.campaigns.is_empty() && !number.campaigns.contains(&*asked.campaign) {
            return None;
        }
        let place = &asked.place;
        let country = number.country.as_deref() == place.country.as_ref().map(Country::code);
        let area = number.area_code == place.area_code.map(|code| code.to_string());
        let region = number.region.is_some() && number.region.as_deref() == place.region.as_deref();
        if country {
            return Some(match (area, region) {
                (true, _) => Tier::AreaCode,
                (false, true) => Tier::Region,
                (false, false) => Tier::Country,
            });
        }
        if number.labels.contains("west") && &*asked.campaign == "sales" {
            return Some(Tier::Pool);
        }
        number.labels.is_empty().then_some(Tier::DefaultPool)
    }

    fn last_use(&self, key: CallerIdKey) -> Option<Timestamp> {
        let uses = self.uses.iter().filter(|(number, _)| *number == key);
        uses.map(|(_, at)| *at).max()
    }

    /// The best tier with a free number, leaving the sticky one out, and the oldest last use in it.
    fn best(&self, asked: &Asked, now: Timestamp) -> Option<(Tier, Option<Timestamp>)> {
        let free = self.numbers.values().filter(|one| self.is_free(one, now));
        free.filter_map(|one| Some((Self::tier(one, asked)?, self.last_use(one.id))))
            .min()
    }
}

async fn ask(desk: &mut Desk, naive: &mut Naive, to: &str, campaign: &str) {
    let rule = CallerIdRule {
        campaign: "sales".into(),
        pool: Some("west".into()),
        sticky_days: 0,
    };
    let rule = (campaign == "sales").then_some(&rule);
    let answer = desk.ask(to, campaign, rule).await;
    let (asked, now) = (asked(to, campaign), Timestamp::from_micros(desk.now));
    naive.expire(now);
    let best = naive.best(&asked, now);
    match answer {
        Ok(allocation) => {
            let made = allocation.reservation;
            let chosen = &naive.numbers[&made.key];
            assert!(naive.is_free(chosen, now), "{chosen:?} was not free");
            assert_eq!(made.made_at, now);
            if made.tier != Tier::Sticky {
                assert_eq!(Some((made.tier, naive.last_use(made.key))), best);
            }
            naive.uses.push((chosen.id, now));
            naive.open.push(made);
        }
        Err(Refusal::Exhausted(shortage)) => {
            assert_eq!(best, None, "a number was free");
            let reachable = naive.numbers.values();
            let reachable = reachable.filter(|one| Naive::tier(one, &asked).is_some());
            assert_eq!(shortage.counts.total() as usize, reachable.count());
            if shortage.counts.capped + shortage.counts.reserved == 0 {
                assert_eq!(shortage.retry_at, None);
            }
            assert!(shortage.retry_at.is_none_or(|at| at > now));
        }
        Err(other) => panic!("{other:?}"),
    }
}

async fn step(desk: &mut Desk, naive: &mut Naive, chance: &mut StdRng) {
    match chance.random_range(0..16) {
        0..8 => {
            let to = PEOPLE[chance.random_range(0..PEOPLE.len())];
            let campaign = CAMPAIGNS[chance.random_range(0..CAMPAIGNS.len())];
            ask(desk, naive, to, campaign).await;
        }
        8..12 => {
            naive.expire(Timestamp::from_micros(desk.now));
            let nth = chance.random_range(0..20);
            if nth < naive.open.len() {
                let open = naive.open.remove(nth);
                assert!(desk.pool.release(open.id, None).await.unwrap());
                assert!(!desk.pool.release(open.id, None).await.unwrap());
            }
        }
        12..14 => {
            let longest = [30, 400, 90_000][chance.random_range(0..3)];
            desk.wait(chance.random_range(1..longest)).await;
        }
        14 => {
            let index = chance.random_range(0..NUMBERS.len());
            let hourly = chance.random_range(0..6);
            let number = number(
                index,
                hourly,
                chance.random_range(1..4),
                chance.random_bool(0.8),
            );
            // What was removed and comes back begins anew.
            if naive.numbers.insert(number.id, number.clone()).is_none() {
                naive.uses.retain(|(key, _)| *key != number.id);
            }
            desk.add(number).await;
        }
        _ => {
            let number = us(NUMBERS[chance.random_range(0..NUMBERS.len())]);
            naive.numbers.remove(&number.id);
            naive.open.retain(|open| open.key != number.id);
            desk.pool.remove(&[number.e164]).await.unwrap();
        }
    }
}

contract!(a_free_number_of_the_best_tier_and_never_one_over_a_cap);

async fn a_free_number_of_the_best_tier_and_never_one_over_a_cap(on: On) {
    let Some(mut desk) = Desk::new(on).await else {
        return;
    };
    for seed in 0..60 {
        desk.begin_anew().await;
        println!("seed {seed}");
        let mut chance = StdRng::seed_from_u64(seed);
        let mut naive = Naive::default();
        for index in 0..NUMBERS.len() {
            let number = number(index, 4, 1, true);
            naive.numbers.insert(number.id, number.clone());
            desk.add(number).await;
        }
        for _ in 0..150 {
            step(&mut desk, &mut naive, &mut chance).await;
        }
    }
}
