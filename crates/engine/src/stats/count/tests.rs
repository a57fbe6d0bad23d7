//! Figures over random rows against a slow plain recount of all of them at once.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::stats::{Packing, Row};

const DAY: i64 = 86_400;
const START: i64 = 1_795_219_200;

/// A row as it stands in a table.
#[derive(Debug, Clone)]
struct Plain {
    at: i64,
    unique: String,
    linked: String,
    extension: &'static str,
    name: &'static str,
    caller: &'static str,
    dst: &'static str,
    did: &'static str,
    peer: &'static str,
    account: &'static str,
    application: &'static str,
    disposition: &'static str,
    duration: u32,
    billed: u32,
}

fn pick(of: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(of)
}

/// Rows of a few conversations, many of them near midnight, some of which last for days.
fn rows() -> impl Strategy<Value = Vec<Plain>> {
    let texts = (
        pick(&["2000", "2001", "3999", "4000", ""]),
        pick(&["", "Zoe", "Zoe Żółć"]),
        pick(&[
            "+421255501001",
            "00421255501001",
            "421255501001",
            "2001",
            "",
        ]),
        pick(&[
            "2001",
            "s",
            "+421255501002",
            "00421255501002",
            "0012025550103",
        ]),
        pick(&["", "", "", "+421255501000"]),
        pick(&["PJSIP/one", "PJSIP/two", ""]),
        pick(&["", "spring"]),
    );
    let became = (
        pick(&["Dial", "Dial", "Dial", "Busy", "Queue", "VoiceMail"]),
        pick(&[
            "ANSWERED",
            "ANSWERED",
            "NO ANSWER",
            "BUSY",
            "FAILED",
            "CONGESTION",
            "?",
        ]),
        0u32..400,
        0u32..400,
    );
    let row = (0i64..4, -600i64..600, 0u32..12, 0u32..3, texts, became);
    let row = row.prop_map(|(day, second, call, leg, texts, became)| {
        let (extension, name, caller, dst, did, peer, account) = texts;
        let (application, disposition, duration, billed) = became;
        Plain {
            at: START + day * DAY + second,
            unique: format!("{START}.{}", call + leg),
            linked: format!("{START}.{call}"),
            extension,
            name,
            caller,
            dst,
            did,
            peer,
            account,
            application,
            disposition,
            duration,
            billed: billed.min(duration),
        }
    });
    prop::collection::vec(row, 0..80)
}

fn place(number: model::E164) -> Place {
    let is_slovak = number.to_string().starts_with("+421");
    let (code, name) = if is_slovak {
        ("+421", "Slovakia")
    } else {
        ("+1", "US")
    };
    Place {
        code: code.into(),
        name: name.into(),
    }
}

fn packed(rows: &[Plain]) -> (BTreeMap<i64, Pack>, Destinations) {
    let plan = NumberPlan::default();
    let mut known = Destinations::default();
    let mut packing: BTreeMap<i64, Packing> = BTreeMap::new();
    for row in rows {
        let (destination, form) = known.intern(&plan, row.dst, |number| Some(place(number)));
        packing
            .entry(row.at.div_euclid(DAY))
            .or_default()
            .add(&Row {
                at: row.at,
                uniqueid: &row.unique,
                linkedid: &row.linked,
                extension: row.extension,
                name: row.name,
                caller: row.caller,
                destination,
                form: form.code(),
                did: row.did,
                from_peer: "",
                to_peer: row.peer,
                application: row.application,
                account: row.account,
                disposition: Disposition::read(row.disposition),
                duration: row.duration,
                billed: row.billed,
                recorded: false,
            });
    }
    let packs = packing.into_iter();
    (
        packs
            .map(|(day, packing)| (day, packing.finish()))
            .collect(),
        known,
    )
}

fn a_day<'a>(pack: &'a Pack, next: Option<&'a Pack>, end: i64) -> Day<'a> {
    static PLAN: std::sync::LazyLock<NumberPlan> = std::sync::LazyLock::new(NumberPlan::default);
    static RULES: std::sync::LazyLock<Rules> = std::sync::LazyLock::new(Rules::default);
    let (plan, rules) = (&*PLAN, &*RULES);
    Day {
        source: 0,
        pack,
        next,
        plan,
        rules,
        end,
    }
}

fn counted(ask: &Ask, rows: &[Plain]) -> Counted {
    let (packs, known) = packed(rows);
    let mut counting = Counting::new(ask.clone());
    for (day, pack) in &packs {
        let end = (day + 1) * DAY;
        counting
            .day(a_day(pack, packs.get(&(day + 1)), end), &known)
            .unwrap();
        counting.end_day(end).unwrap();
    }
    counting.finish().unwrap()
}

/// Attempts, answered, no answer, busy, congestion, failed, other, short, talk, people.
type Figures = [i64; 10];

fn figures(counts: &Counts) -> Figures {
    [
        counts.attempts,
        counts.answered,
        counts.no_answer,
        counts.busy,
        counts.congestion,
        counts.failed,
        counts.other,
        counts.short,
        counts.talk_seconds,
        counts.people(),
    ]
}

/// The group of a row, in words.
fn group(by: By, row: &Plain) -> Option<String> {
    if by == By::Did {
        return (!row.did.is_empty()).then(|| row.did.to_owned());
    }
    let attempt = ["Dial", "Busy", "Congestion"].contains(&row.application);
    if !attempt || row.dst == "2001" || !row.did.is_empty() {
        return None;
    }
    let text = match by {
        By::Extension if !["2000", "2001", "3999"].contains(&row.extension) => return None,
        By::Extension => row.extension,
        By::Country if row.dst == "s" => "nowhere",
        By::Country if row.dst.contains("421") => "+421",
        By::Country => "+1",
        By::Trunk => row.peer,
        By::CallerId => row.caller,
        By::Campaign => row.account,
        By::All | By::Did => "all",
    };
    Some(text.to_owned())
}

fn class(by: By, row: &Plain) -> usize {
    let inbound = by == By::Did;
    let served = inbound && row.application == "Queue" && !row.peer.is_empty();
    match row.disposition {
        "ANSWERED" if row.application == "Dial" || served => 5,
        "ANSWERED" if inbound => 4,
        "NO ANSWER" => 4,
        "BUSY" => 3,
        "CONGESTION" => 2,
        "FAILED" => 1,
        _ => 0,
    }
}

/// A conversation is in consecutive days or it is another one: what is not seen for a day is over.
fn conversations<'a>(rows: &[&'a Plain], all: &[Plain]) -> Vec<Vec<&'a Plain>> {
    let mut by_link: BTreeMap<&str, Vec<&Plain>> = BTreeMap::new();
    for row in rows {
        by_link.entry(&row.linked).or_default().push(row);
    }
    let mut calls = Vec::new();
    for (link, mut rows) in by_link {
        rows.sort_by_key(|row| row.at);
        let knows = |row: &Plain| row.linked == link || row.unique == link;
        let seen: BTreeSet<i64> = all
            .iter()
            .filter(|row| knows(row))
            .map(|row| row.at.div_euclid(DAY))
            .collect();
        let mut call: Vec<&Plain> = Vec::new();
        for row in rows {
            let goes_on = call.last().is_none_or(|last| {
                let (last, day) = (last.at.div_euclid(DAY), row.at.div_euclid(DAY));
                (last..=day).all(|day| seen.contains(&day))
            });
            if !goes_on {
                calls.push(std::mem::take(&mut call));
            }
            call.push(row);
        }
        calls.push(call);
    }
    calls
}

fn plainly(by: By, calls: &[Vec<&Plain>], short: u32) -> Figures {
    let mut sums = [0; 10];
    let mut people = BTreeSet::new();
    for call in calls {
        sums[0] += 1;
        let best = call.iter().map(|row| class(by, row)).max().unwrap();
        sums[[6, 5, 4, 3, 2, 1][best]] += 1;
        let talk: BTreeSet<i64> = call
            .iter()
            .filter(|row| class(by, row) == 5)
            .flat_map(|row| {
                let end = row.at + i64::from(row.duration);
                end - i64::from(row.billed)..end
            })
            .collect();
        let talk = i64::try_from(talk.len()).unwrap();
        sums[7] += i64::from(best == 5 && talk <= i64::from(short));
        sums[8] += talk;
        people.extend(call.iter().map(|row| {
            let who = if by == By::Did { row.caller } else { row.dst };
            let who = who.strip_prefix("00").unwrap_or(who);
            who.strip_prefix('+').unwrap_or(who).to_owned()
        }));
    }
    sums[9] = i64::try_from(people.len()).unwrap();
    sums
}

fn words(group: &Group) -> String {
    match group {
        Group::All => "all".to_owned(),
        Group::Text(text) => text.to_string(),
        Group::Place(Some(place)) => place.code.to_string(),
        Group::Place(None) => "nowhere".to_owned(),
    }
}

const ALL: [By; 7] = [
    By::All,
    By::Extension,
    By::Country,
    By::Trunk,
    By::CallerId,
    By::Campaign,
    By::Did,
];

proptest! {
    #[test]
    fn figures_are_those_of_a_plain_recount(
        rows in rows(),
        by in prop::sample::select(&ALL[..]),
        (from, step, steps) in (-DAY..DAY, 600i64..2 * DAY, 1i64..40),
        short in 0u32..100,
    ) {
        let borders: Vec<i64> = (0..=steps).map(|at| START + from + step * at).collect();
        let ask = Ask { by, short_call_seconds: short, borders: borders.clone(), cell_of: None, only: None, max_cells: 10_000 };
        let counted = counted(&ask, &rows);
        let within: Vec<&Plain> = rows.iter().filter(|row| borders[0] <= row.at && row.at < borders[borders.len() - 1]).collect();

        let mut groups: BTreeMap<String, Vec<&Plain>> = BTreeMap::new();
        for row in &within {
            if let Some(group) = group(by, row) {
                groups.entry(group).or_default().push(row);
            }
        }
        let mut expected = BTreeMap::new();
        for (group, of) in &groups {
            let mut by_interval: BTreeMap<usize, Vec<Vec<&Plain>>> = BTreeMap::new();
            for call in conversations(of, &rows) {
                let interval = borders.iter().filter(|border| **border <= call[0].at).count() - 1;
                by_interval.entry(interval).or_default().push(call);
            }
            for (interval, calls) in by_interval {
                expected.insert((group.clone(), u32::try_from(interval).unwrap()), plainly(by, &calls, short));
            }
        }
        let ours: BTreeMap<_, _> = counted
            .cells
            .iter()
            .filter(|(_, counts)| counts.attempts > 0)
            .map(|((group, interval), counts)| ((words(group), *interval), figures(counts)))
            .collect();
        prop_assert_eq!(ours, expected);

        let all: Vec<&Plain> = groups.values().flatten().copied().collect();
        prop_assert_eq!(figures(&counted.total), plainly(by, &conversations(&all, &rows), short));
    }
}

#[test]
fn more_cells_than_allowed_are_refused() {
    let row = |extension: &'static str| Plain {
        at: START,
        unique: format!("{START}.{extension}"),
        linked: format!("{START}.{extension}"),
        extension,
        name: "",
        caller: "",
        dst: "s",
        did: "",
        peer: "",
        account: "",
        application: "Dial",
        disposition: "BUSY",
        duration: 1,
        billed: 0,
    };
    let rows = [row("2000"), row("2001")];
    let ask = Ask {
        by: By::Extension,
        short_call_seconds: 6,
        borders: vec![START, START + 1],
        cell_of: None,
        only: None,
        max_cells: 1,
    };
    let (packs, known) = packed(&rows);
    let mut counting = Counting::new(ask);
    let pack = packs.values().next().unwrap();
    let refused = counting.day(a_day(pack, None, START + DAY), &known);
    assert_eq!(refused, Err(TooMany(1)));
}

/// The most calls at any moment from `from` until `until`, and the seconds of all: by looking at every moment between two changes.
fn plain_load(rows: &[&Plain], (from, until): (i64, i64)) -> Load {
    let end = |row: &Plain| row.at + i64::from(row.duration);
    let mut moments: BTreeSet<i64> = rows.iter().flat_map(|row| [row.at, end(row)]).collect();
    moments.retain(|moment| (from..until).contains(moment));
    moments.extend([from, until]);
    let moments: Vec<i64> = moments.into_iter().collect();
    let mut load = Load::default();
    for ends in moments.windows(2) {
        let there = rows
            .iter()
            .filter(|row| row.at <= ends[0] && ends[0] < end(row));
        let calls: BTreeSet<&str> = there.map(|row| row.linked.as_str()).collect();
        let calls = i64::try_from(calls.len()).unwrap();
        load.peak = load.peak.max(calls);
        load.seconds += calls * (ends[1] - ends[0]);
    }
    load
}

proptest! {
    #[test]
    fn calls_at_once_are_those_of_every_moment(
        rows in rows(),
        by in prop::sample::select(&ALL[..]),
        (from, step, steps) in (-DAY..DAY, 100i64..DAY, 1i64..20),
    ) {
        let borders: Vec<i64> = (0..=steps).map(|at| START + from + step * at).collect();
        let until = borders[borders.len() - 1];
        let ask = Ask { by, short_call_seconds: 6, borders: borders.clone(), cell_of: None, only: None, max_cells: 10_000 };
        let counted = counted(&ask, &rows);
        let mut groups: BTreeMap<String, Vec<&Plain>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.at < until) {
            if let Some(group) = group(by, row) {
                groups.entry(group).or_default().push(row);
            }
        }
        let mut expected = BTreeMap::new();
        for (group, rows) in &groups {
            for (interval, ends) in (0u32..).zip(borders.windows(2)) {
                let load = plain_load(rows, (ends[0], ends[1]));
                if load != Load::default() {
                    expected.insert((group.clone(), interval), load);
                }
            }
        }
        let ours: BTreeMap<_, _> = counted
            .cells
            .iter()
            .filter(|(_, counts)| counts.load != Load::default())
            .map(|((group, interval), counts)| ((words(group), *interval), counts.load))
            .collect();
        prop_assert_eq!(ours, expected);
        let all: Vec<&Plain> = groups.values().flatten().copied().collect();
        prop_assert_eq!(counted.total.load, plain_load(&all, (borders[0], until)));
    }
}
