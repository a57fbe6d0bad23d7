//! Counting by packs and rolls against the plain reading of the same rows, by the SQL of the program before.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use super::*;

const DAY: i64 = 86_400;
const START: i64 = 1_795_219_200;

/// A row as it stands in a table.
#[derive(Debug, Clone)]
struct Plain {
    source: usize,
    at: i64,
    unique: String,
    linked: String,
    extension: String,
    name: String,
    dst: String,
    application: &'static str,
    disposition: &'static str,
    duration: u32,
    billed: u32,
}

/// Calls of a few people over three days and two sources, with everything that makes counting hard: several rows of a call,
/// before and after midnight, transfers, one person dialled in several ways, changed names, and what is no number.
fn table(seed: u64) -> Vec<Plain> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut rows = Vec::new();
    for call in 0..400_u32 {
        let source = random.random_range(0..2);
        let near_midnight = random.random_bool(0.3);
        let at = START
            + if near_midnight {
                random.random_range(1..4) * DAY - random.random_range(0..600)
            } else {
                random.random_range(0..3 * DAY)
            };
        let unique = format!("{at}.{call}");
        let first: Option<&Plain> = rows.iter().find(|row: &&Plain| {
            row.source == source && row.unique == row.linked && (at - row.at).abs() < DAY / 4
        });
        let linked = match first {
            Some(first) if random.random_bool(0.2) => first.linked.clone(),
            _ => unique.clone(),
        };
        let mut begun = at;
        for _ in 0..random.random_range(1..4) {
            let duration = random.random_range(0..300);
            rows.push(Plain {
                source,
                at: begun,
                unique: unique.clone(),
                linked: linked.clone(),
                extension: ["2000", "2001", "3999", "4000", "200", ""][random.random_range(0..6)]
                    .to_owned(),
                name: ["", "Zoe", "Zoe Żółć"][random.random_range(0..3)].to_owned(),
                dst: destination(&mut random),
                application: ["Dial", "Dial", "Busy", "Congestion", "Queue"]
                    [random.random_range(0..5)],
                disposition: ["ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION"]
                    [random.random_range(0..5)],
                duration,
                billed: random.random_range(0..=duration),
            });
            begun += random.random_range(0..400);
        }
    }
    rows
}

fn destination(random: &mut SmallRng) -> String {
    let line = random.random_range(0..20);
    match random.random_range(0..8) {
        0 => "2001".to_owned(),
        1 => "s".to_owned(),
        2 => format!("+4212555501{line:02}"),
        3 => format!("1202555{line:04}"),
        4 => format!("0114212555501{line:02}"),
        _ => format!("004212555501{line:02}"),
    }
}

fn place(number: model::E164) -> Place {
    let text = number.to_string();
    let (code, name) = if text.starts_with("+421") {
        ("+421", "Slovakia")
    } else {
        ("+1", "US")
    };
    Place {
        code: code.into(),
        name: name.into(),
    }
}

/// The packs of each source by day, and who was called.
fn packed(table: &[Plain]) -> (BTreeMap<(usize, i64), Pack>, Destinations) {
    let plan = NumberPlan::default();
    let mut known = Destinations::default();
    let mut packing: BTreeMap<(usize, i64), Packing> = BTreeMap::new();
    for row in table {
        let (destination, form) = known.intern(&plan, &row.dst, |number| Some(place(number)));
        let day = (row.at - START).div_euclid(DAY);
        packing.entry((row.source, day)).or_default().add(&Row {
            at: row.at,
            uniqueid: &row.unique,
            linkedid: &row.linked,
            extension: &row.extension,
            name: &row.name,
            caller: "",
            destination,
            form: form.code(),
            did: "",
            from_peer: "",
            to_peer: "",
            application: row.application,
            account: "",
            disposition: Disposition::read(row.disposition),
            duration: row.duration,
            billed: row.billed,
            recorded: false,
        });
    }
    let packs = packing
        .into_iter()
        .map(|(day, packing)| (day, packing.finish()));
    (packs.collect(), known)
}

/// What is said of an extension or place: calls, answered, seconds, long calls, their seconds, people.
type Figures = BTreeMap<String, (i64, i64, i64, i64, i64, u64)>;

fn rolled(
    packs: &BTreeMap<(usize, i64), Pack>,
    known: &Destinations,
    (from, until): (i64, i64),
    reading: Reading,
) -> (Figures, Figures) {
    let rules = Rules::default();
    let span = |pack| Span { pack, from, until };
    let rolls: Vec<(bool, Roll)> = packs
        .iter()
        .map(|((source, day), pack)| {
            let before = packs.get(&(*source, day - 1));
            let roll = Roll::of(span(pack), before.map(span), &rules, known);
            (before.is_some(), roll)
        })
        .collect();
    let (mut extensions, mut places) = (BTreeMap::new(), BTreeMap::new());
    for (goes_on, roll) in &rolls {
        for (extension, tally) in roll.extensions() {
            let total: &mut Total<'_> = extensions.entry(extension.to_string()).or_default();
            total.add(tally, *goes_on);
        }
        for (place, tally) in roll.places() {
            let place = place
                .as_ref()
                .map_or(String::new(), |place| place.name.to_string());
            let total: &mut Total<'_> = places.entry(place).or_default();
            total.add(tally, *goes_on);
        }
    }
    let figures = |totals: BTreeMap<String, Total<'_>>| {
        let figures = totals.into_iter().map(|(name, total)| {
            let Sums {
                calls,
                answered,
                seconds,
                long_calls,
                long_seconds,
            } = total.sums(reading);
            let people = total.destinations(reading);
            (
                name,
                (calls, answered, seconds, long_calls, long_seconds, people),
            )
        });
        figures.collect()
    };
    (figures(extensions), figures(places))
}

/// The same by reading all rows.
fn plainly(table: &[Plain], (from, until): (i64, i64), reading: Reading) -> (Figures, Figures) {
    let (mut extensions, mut places) = (Groups::new(), Groups::new());
    for row in table.iter().filter(|row| (from..until).contains(&row.at)) {
        let internal = row.dst.len() == 4 && row.dst.bytes().all(|byte| byte.is_ascii_digit());
        let number: u32 = row.extension.parse().unwrap_or(0);
        if internal {
            continue;
        }
        let counted = ["Dial", "Busy", "Congestion"].contains(&row.application);
        if counted && row.disposition != "FAILED" && (2000..=3999).contains(&number) {
            extensions
                .entry(row.extension.clone())
                .or_default()
                .push(row);
        }
        if row.application == "Dial" && row.disposition != "CONGESTION" {
            let place = match row.dst.as_str() {
                "s" => "",
                dst if dst.starts_with("1202") => "US",
                _ => "Slovakia",
            };
            places.entry(place.to_owned()).or_default().push(row);
        }
    }
    (figures(&extensions, reading), figures(&places, reading))
}

type Groups<'a> = BTreeMap<String, Vec<&'a Plain>>;

fn figures(groups: &Groups<'_>, reading: Reading) -> Figures {
    let figure = |(name, rows): (&String, &Vec<&Plain>)| {
        let mut calls: BTreeMap<(usize, &str), Vec<&Plain>> = BTreeMap::new();
        for row in rows {
            let id = if reading == Reading::Exact {
                &row.linked
            } else {
                &row.unique
            };
            calls.entry((row.source, id)).or_default().push(row);
        }
        let mut sum = (
            i64::try_from(calls.len()).unwrap(),
            0,
            0,
            0,
            0,
            people(rows, reading),
        );
        for rows in calls.values() {
            let talks: Vec<_> = rows
                .iter()
                .filter(|row| row.application == "Dial" && row.disposition == "ANSWERED")
                .collect();
            sum.1 += i64::from(!talks.is_empty());
            if reading == Reading::AsBefore {
                let long: Vec<_> = talks.iter().filter(|row| row.billed > 90).collect();
                sum.2 += talks.iter().map(|row| i64::from(row.billed)).sum::<i64>();
                sum.3 += i64::from(!long.is_empty());
                sum.4 += long.iter().map(|row| i64::from(row.billed)).sum::<i64>();
            } else {
                let seconds: BTreeSet<i64> = talks
                    .iter()
                    .flat_map(|row| {
                        let end = row.at + i64::from(row.duration);
                        end - i64::from(row.billed)..end
                    })
                    .collect();
                let talked = i64::try_from(seconds.len()).unwrap();
                sum.2 += talked;
                sum.3 += i64::from(talked > 90);
                sum.4 += if talked > 90 { talked } else { 0 };
            }
        }
        (name.clone(), sum)
    };
    groups.iter().map(figure).collect()
}

fn people(rows: &[&Plain], reading: Reading) -> u64 {
    let people = rows.iter().map(|row| match reading {
        Reading::AsBefore => row.dst.as_str(),
        Reading::Exact => {
            let dst = row.dst.as_str();
            ["+", "00", "011"]
                .iter()
                .find_map(|it| dst.strip_prefix(it))
                .unwrap_or(dst)
        }
    });
    people.collect::<BTreeSet<_>>().len() as u64
}

#[test]
fn days_add_up_to_what_all_rows_say() {
    for seed in 0..50 {
        let table = table(seed);
        let (packs, known) = packed(&table);
        let ranges = [
            (START, START + 4 * DAY),
            (START + DAY, START + 2 * DAY),
            (START + DAY / 2, START + 2 * DAY + 60),
            (START + DAY - 60, START + DAY),
        ];
        for range in ranges {
            for reading in [Reading::AsBefore, Reading::Exact] {
                assert_eq!(
                    rolled(&packs, &known, range, reading),
                    plainly(&table, range, reading),
                    "seed {seed}, {range:?}, {reading:?}"
                );
            }
        }
    }
}

#[test]
fn a_pack_gives_back_what_it_was_given_in_the_order_of_time() {
    let table = table(7);
    let (packs, known) = packed(&table);
    for ((source, day), pack) in &packs {
        let mut rows: Vec<&Plain> = table
            .iter()
            .filter(|row| row.source == *source && (row.at - START).div_euclid(DAY) == *day)
            .collect();
        rows.sort_by_key(|row| row.at);
        assert_eq!(rows.len(), pack.len());
        for (plain, row) in rows.iter().zip(pack.rows()) {
            assert_eq!(plain.at, row.at());
            assert_eq!(plain.unique, row.unique().to_string());
            assert_eq!(plain.linked, row.linked().to_string());
            assert_eq!(plain.extension, row.extension());
            assert_eq!(plain.name, row.name());
            assert_eq!(plain.application, row.application());
            assert_eq!(
                (plain.duration, plain.billed),
                (row.duration(), row.billed())
            );
            let internal = plain.dst == "2001";
            assert_eq!(internal, known.is_internal(row.destination()));
        }
    }
}

#[test]
fn packs_come_together_with_or_without_what_both_have() {
    let (packs, _) = packed(&table(3));
    let mut packs = packs.into_values();
    let (one, two) = (packs.next().unwrap(), packs.next().unwrap());
    let shown = |pack: &Pack| {
        let rows = pack.rows().map(|row| {
            let ids = (row.unique().to_string(), row.linked().to_string());
            format!(
                "{} {ids:?} {} {}",
                row.at(),
                row.destination(),
                row.billed()
            )
        });
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        rows
    };
    let mut all = [shown(&one), shown(&two)].concat();
    all.sort();
    assert_eq!(shown(&one.with(&two, false)), all);
    // Both at once, and then one of them again; and rows that one has twice stay twice.
    let both = one.with(&two, true);
    assert_eq!(shown(&both), all);
    assert_eq!(shown(&both.with(&two, true)), all);
    let twice = two.with(&two, false);
    assert_eq!(twice.len(), two.len() * 2);
    assert_eq!(two.with(&twice, true).len(), twice.len());
    assert_eq!(twice.with(&two, true).len(), twice.len());
    assert_eq!(shown(&Pack::default().with(&one, true)), shown(&one));
}
