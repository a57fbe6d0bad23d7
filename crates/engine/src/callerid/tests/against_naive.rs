//! Random hours beside a reference that looks through everything.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy)]
enum Step {
    Ask {
        to: usize,
        campaign: usize,
    },
    Release {
        nth: usize,
    },
    End {
        nth: usize,
        answered: bool,
    },
    Wait {
        seconds: u64,
    },
    Change {
        number: usize,
        hourly: u32,
        concurrent: u16,
        active: bool,
    },
    Remove {
        number: usize,
    },
}

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

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..PEOPLE.len(), 0..CAMPAIGNS.len()).prop_map(|(to, campaign)| Step::Ask { to, campaign }),
        3 => (0usize..20).prop_map(|nth| Step::Release { nth }),
        3 => (0usize..20, any::<bool>()).prop_map(|(nth, answered)| Step::End { nth, answered }),
        2 => prop_oneof![1u64..30, 30u64..400, 3000u64..90_000].prop_map(|seconds| Step::Wait { seconds }),
        1 => (0..NUMBERS.len(), 0u32..6, 1u16..4, prop::bool::weighted(0.8))
            .prop_map(|(number, hourly, concurrent, active)| Step::Change { number, hourly, concurrent, active }),
        1 => (0..NUMBERS.len()).prop_map(|number| Step::Remove { number }),
    ]
}

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
    open: Vec<super::Restored>,
    timed_out: BTreeSet<ReservationId>,
}

impl Naive {
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
        let open = self
            .open
            .iter()
            .filter(|open| open.key == number.id)
            .count();
        number.active
            && number.hourly_limit > 0
            && minute < number.per_minute_limit.unwrap_or(u32::MAX) as usize
            && hour < number.hourly_limit as usize
            && today < number.daily_limit as usize
            && open < usize::from(number.max_concurrent)
    }

    /// The best tier with a free number, leaving the sticky one out.
    fn best_tier(&self, asked: &Asked, now: Timestamp) -> Option<Tier> {
        let place = &asked.place;
        self.numbers
            .values()
            .filter(|number| {
                number.campaigns.is_empty() || number.campaigns.contains(&*asked.campaign)
            })
            .filter(|number| self.is_free(number, now))
            .filter_map(|number| {
                let country =
                    number.country.as_deref() == place.country.as_ref().map(Country::code);
                let area = number.area_code == place.area_code.map(|code| code.to_string());
                if country && area {
                    Some(Tier::AreaCode)
                } else if country
                    && number.region.is_some()
                    && number.region.as_deref() == place.region.as_deref()
                {
                    Some(Tier::Region)
                } else if country {
                    Some(Tier::Country)
                } else if number.labels.contains("west") && &*asked.campaign == "sales" {
                    Some(Tier::Pool)
                } else {
                    number.labels.is_empty().then_some(Tier::DefaultPool)
                }
            })
            .min()
    }
}

fn run(steps: Vec<Step>) {
    let mut desk = Desk::new();
    let mut naive = Naive::default();
    desk.rule("sales", Some("west"), 0);
    for index in 0..NUMBERS.len() {
        let number = number(index, 4, 1, true);
        naive.numbers.insert(number.id, number.clone());
        desk.add(number);
    }
    for step in steps {
        play(&mut desk, &mut naive, step);
        check_counts(&desk);
    }
}

fn play(desk: &mut Desk, naive: &mut Naive, step: Step) {
    let ended = match step {
        Step::Ask { to, campaign } => {
            desk.handle(Input::Tick)
                .into_iter()
                .for_each(|command| end(naive, command));
            ask(desk, naive, PEOPLE[to], CAMPAIGNS[campaign]);
            Vec::new()
        }
        Step::Release { nth } => match naive.open.get(nth).map(|open| open.id) {
            Some(id) => desk.release(id),
            None => Vec::new(),
        },
        Step::End { nth, answered } => match naive.open.get(nth).cloned() {
            Some(open) => desk.handle(Input::CallEnded {
                number: open.number,
                to: open.to,
                outcome: Some(Outcome {
                    answered,
                    talk: Duration::from_secs(9),
                }),
            }),
            None => Vec::new(),
        },
        Step::Wait { seconds } => {
            desk.wait(seconds);
            desk.handle(Input::Tick)
        }
        Step::Change {
            number: index,
            hourly,
            concurrent,
            active,
        } => {
            let number = number(index, hourly, concurrent, active);
            // What was removed and comes back begins anew.
            if naive.numbers.insert(number.id, number.clone()).is_none() {
                naive.uses.retain(|(key, _)| *key != number.id);
            }
            desk.handle(Input::NumberSet(Box::new(number)))
        }
        Step::Remove { number } => {
            let key = us(NUMBERS[number]).id;
            naive.numbers.remove(&key);
            desk.handle(Input::NumberRemoved(key))
        }
    };
    for command in ended {
        end(naive, command);
    }
}

fn end(naive: &mut Naive, command: Command) {
    let ended = match command {
        Command::End(ended) => ended,
        Command::Outlasted(ended) => {
            let once = naive.timed_out.remove(&ended.reservation);
            assert!(once, "a call outlasts a reservation that timed out, once");
            return;
        }
        other => panic!("{other:?}"),
    };
    if ended.why == Release::TimedOut {
        naive.timed_out.insert(ended.reservation);
    }
    let before = naive.open.len();
    naive.open.retain(|open| open.id != ended.reservation);
    assert_eq!(naive.open.len() + 1, before, "a reservation ends once");
}

fn ask(desk: &mut Desk, naive: &mut Naive, to: &str, campaign: &str) {
    let asked = asked(to, campaign);
    let now = desk.now.utc.after(Duration::from_micros(10));
    let expected = naive.best_tier(&asked, now);
    match desk.ask(to, campaign) {
        Ok(allocation) => {
            let chosen = &naive.numbers[&allocation.reservation.key];
            assert!(naive.is_free(chosen, now), "{chosen:?} was not free");
            if allocation.reservation.tier != Tier::Sticky {
                assert_eq!(Some(allocation.reservation.tier), expected);
            }
            naive.uses.push((chosen.id, now));
            naive.open.push(allocation.reservation);
        }
        Err(Refusal::Exhausted(shortage)) => {
            assert_eq!(expected, None, "a number was free");
            assert_eq!(shortage.counts.available, 0);
            if shortage.counts.capped + shortage.counts.reserved == 0 {
                assert_eq!(shortage.retry_at, None);
            }
            assert!(shortage.retry_at.is_none_or(|at| at > now));
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// Every cell counts what its groups' members are doing, and every free number stands in line.
fn check_counts(desk: &Desk) {
    let allocator = &desk.allocator;
    for ((key, _), &cell) in &allocator.by_cell {
        let mut counts = Counts::default();
        let cell_of = |group: &super::super::group::Group| group.cells.contains(&cell);
        for group in allocator.groups.iter().filter(|group| cell_of(group)) {
            for &member in &group.members {
                *counts.of(allocator.numbers[member].status) += 1;
            }
        }
        assert_eq!(counts, allocator.cells[cell as usize].counts, "{key:?}");
    }
    for number in allocator.numbers.indices() {
        let _ = allocator.state_of(number);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn a_free_number_of_the_best_tier_and_never_one_over_a_cap(steps in prop::collection::vec(step(), 1..120)) {
        run(steps);
    }
}
