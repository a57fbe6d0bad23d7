//! Our own log against call detail records: what stands in one of both only, and what the two say differently.
//!
//! Calls are paired by their channel where both sides name it, else by number and time; each with one other at most. Nothing
//! depends on which side is which, nor on the order in which calls come, and each is in exactly one class.

use std::collections::{BTreeMap, BTreeSet};

use super::call_key::CallKey;

/// A call as one side tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The caller's channel; nothing where that is not known.
    pub channel: Option<CallKey>,
    /// Who called, in one notation on both sides.
    pub number: Box<str>,
    /// When it began, in seconds since 1970.
    pub at: i64,
    /// Whether an agent answered.
    pub answered: bool,
    /// With that agent, in seconds; nothing where that is not known.
    pub talk_seconds: Option<i64>,
}

/// By how much two sides may differ and still say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerances {
    pub talk_seconds: i64,
    /// A call may be a while in the dialplan before it is given to us.
    pub start_seconds: i64,
}

impl Default for Tolerances {
    fn default() -> Self {
        Self {
            talk_seconds: 2,
            start_seconds: 60,
        }
    }
}

/// What is wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference {
    OnlyOurs,
    OnlyRecorded,
    /// One side has it a second time.
    Twice,
    /// One side has it answered.
    Outcome,
    TalkTime,
    Start,
}

/// A call with a difference: its places in the two lists. One that differs in several ways has the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Differing {
    pub difference: Difference,
    pub ours: Option<usize>,
    pub recorded: Option<usize>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// Pairs without a difference: their places in the two lists.
    pub alike: Vec<(usize, usize)>,
    /// In the order of time.
    pub differing: Vec<Differing>,
}

/// Compares two lists of calls.
pub fn reconcile(ours: &[Told], recorded: &[Told], tolerances: Tolerances) -> Reconciled {
    let (mut left, twice) = once(ours, tolerances.start_seconds);
    let (mut right, again) = once(recorded, tolerances.start_seconds);
    let mut pairs = Vec::new();
    let channel = |told: &Told| told.channel.clone();
    pairs.extend(pair(
        (ours, &mut left, channel),
        (recorded, &mut right, channel),
        i64::MAX,
    ));
    // Two channels that are known are two calls, whoever called when.
    for (one, other) in [(false, false), (false, true), (true, false)] {
        let by_number = |knows: bool| {
            move |told: &Told| (told.channel.is_some() == knows).then(|| told.number.clone())
        };
        pairs.extend(pair(
            (ours, &mut left, by_number(one)),
            (recorded, &mut right, by_number(other)),
            tolerances.start_seconds,
        ));
    }
    let mut reconciled = Reconciled::default();
    for (own, record) in pairs {
        match difference(&ours[own], &recorded[record], tolerances) {
            None => reconciled.alike.push((own, record)),
            Some(difference) => reconciled.differing.push(Differing {
                difference,
                ours: Some(own),
                recorded: Some(record),
            }),
        }
    }
    let all = &mut reconciled.differing;
    let ours_alone = |own| (Some(own), None);
    let recorded_alone = |record| (None, Some(record));
    all.extend(alone(Difference::OnlyOurs, left, ours_alone));
    all.extend(alone(Difference::OnlyRecorded, right, recorded_alone));
    all.extend(alone(Difference::Twice, twice, ours_alone));
    all.extend(alone(Difference::Twice, again, recorded_alone));
    let at = |it: &Differing| {
        let own = it.ours.map(|own| ours[own].at);
        let record = it.recorded.map(|record| recorded[record].at);
        own.into_iter().chain(record).min()
    };
    all.sort_by_key(|it| (at(it), it.difference, it.ours, it.recorded));
    reconciled
}

/// Calls without a partner, each with its place on its side.
fn alone(
    difference: Difference,
    calls: Vec<usize>,
    place: impl Fn(usize) -> (Option<usize>, Option<usize>),
) -> impl Iterator<Item = Differing> {
    calls.into_iter().map(move |call| {
        let (ours, recorded) = place(call);
        Differing {
            difference,
            ours,
            recorded,
        }
    })
}

fn difference(own: &Told, record: &Told, tolerances: Tolerances) -> Option<Difference> {
    if own.answered != record.answered {
        return Some(Difference::Outcome);
    }
    if let (Some(own), Some(record)) = (own.talk_seconds, record.talk_seconds)
        && (own - record).abs() > tolerances.talk_seconds
    {
        return Some(Difference::TalkTime);
    }
    ((own.at - record.at).abs() > tolerances.start_seconds).then_some(Difference::Start)
}

/// The calls of a list in the order of time, each channel once; and those that come again within so many seconds.
fn once(calls: &[Told], within: i64) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..calls.len()).collect();
    order.sort_by_key(|index| (calls[*index].at, *index));
    let mut last: BTreeMap<&CallKey, i64> = BTreeMap::new();
    order.into_iter().partition(|index| {
        let Told { channel, at, .. } = &calls[*index];
        let Some(channel) = channel else { return true };
        let before = last.insert(channel, *at);
        before.is_none_or(|before| at - before > within)
    })
}

/// A list, what of it is not paired yet in the order of time, and by what it is paired.
type Side<'a, F> = (&'a [Told], &'a mut Vec<usize>, F);

/// Pairs calls that have the same key and began within so many seconds, and takes them off their lists.
fn pair<K: Ord, F: Fn(&Told) -> Option<K>>(
    (ours, left, own_key): Side<'_, F>,
    (recorded, right, record_key): Side<'_, F>,
    within: i64,
) -> Vec<(usize, usize)> {
    let mut groups: BTreeMap<K, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for own in left.iter() {
        if let Some(key) = own_key(&ours[*own]) {
            groups.entry(key).or_default().0.push(*own);
        }
    }
    for record in right.iter() {
        if let Some(key) = record_key(&recorded[*record]) {
            groups.entry(key).or_default().1.push(*record);
        }
    }
    let mut pairs = Vec::new();
    for (owns, records) in groups.into_values() {
        let (mut owns, mut records) = (owns.into_iter().peekable(), records.into_iter().peekable());
        while let (Some(own), Some(record)) = (owns.peek(), records.peek()) {
            let ahead = ours[*own].at - recorded[*record].at;
            if ahead.abs() <= within {
                pairs.push((*own, *record));
            }
            // The earlier one finds nobody any more; those of a pair are both taken.
            let (next_own, next_record) = (ahead <= within, ahead >= -within);
            if next_own {
                owns.next();
            }
            if next_record {
                records.next();
            }
        }
    }
    let owns: BTreeSet<usize> = pairs.iter().map(|(own, _)| *own).collect();
    let records: BTreeSet<usize> = pairs.iter().map(|(_, record)| *record).collect();
    left.retain(|own| !owns.contains(own));
    right.retain(|record| !records.contains(record));
    pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(channel: &str, number: &str, at: i64, talk_seconds: Option<i64>) -> Told {
        Told {
            channel: (!channel.is_empty()).then(|| CallKey::new(channel)),
            number: number.into(),
            at,
            answered: talk_seconds.is_some(),
            talk_seconds,
        }
    }

    fn differences(
        ours: &[Told],
        recorded: &[Told],
    ) -> Vec<(Difference, Option<usize>, Option<usize>)> {
        let differing = reconcile(ours, recorded, Tolerances::default())
            .differing
            .into_iter();
        differing
            .map(|it| (it.difference, it.ours, it.recorded))
            .collect()
    }

    #[test]
    fn each_difference_is_told_by_its_name() {
        use Difference::{OnlyOurs, OnlyRecorded, Outcome, Start, TalkTime, Twice};

        let ours = [
            told("1.1", "5550101", 0, Some(30)),
            told("2.1", "5550102", 100, None),
            told("3.1", "5550103", 200, Some(30)),
            told("4.1", "5550104", 300, None),
            told("5.1", "5550105", 400, Some(30)),
            told("6.1", "5550106", 1_000, Some(30)),
            told("6.1", "5550106", 1_001, Some(30)),
        ];
        let recorded = [
            told("1.1", "5550101", 0, Some(28)),
            told("3.1", "5550103", 200, Some(27)),
            told("4.1", "5550104", 361, None),
            told("5.1", "5550105", 400, None),
            told("6.1", "5550106", 1_000, None),
            told("7.1", "5550107", 2_000, None),
        ];
        let expected = [
            (OnlyOurs, Some(1), None),
            (TalkTime, Some(2), Some(1)),
            (Start, Some(3), Some(2)),
            (Outcome, Some(4), Some(3)),
            (Outcome, Some(5), Some(4)),
            (Twice, Some(6), None),
            (OnlyRecorded, None, Some(5)),
        ];
        assert_eq!(differences(&ours, &recorded), expected);
    }

    #[test]
    fn who_has_no_channel_is_known_by_number_and_time() {
        let ours = [
            told("1.1", "5550101", 0, None),
            told("2.1", "5550101", 50, None),
            told("3.1", "5550101", 500, None),
        ];
        let recorded = [told("", "5550101", 20, None), told("", "5550101", 70, None)];
        assert_eq!(
            differences(&ours, &recorded),
            [(Difference::OnlyOurs, Some(2), None)]
        );
        // Two channels are two calls, though one person called twice in a minute.
        let other = [told("9.1", "5550101", 0, None)];
        assert_eq!(differences(&ours[..1], &other).len(), 2);
        assert_eq!(
            differences(&ours[..1], &[told("", "5550109", 0, None)]).len(),
            2
        );
    }

    fn calls() -> impl Strategy<Value = Vec<Told>> {
        let channel = prop_oneof![
            Just(String::new()),
            (1_u8..6).prop_map(|it| format!("{it}.1"))
        ];
        let talk = prop::option::of(0_i64..10);
        let one = (channel, 0_u8..3, 0_i64..300, talk);
        let one = one.prop_map(|(channel, number, at, talk)| {
            told(&channel, &format!("555010{number}"), at, talk)
        });
        prop::collection::vec(one, 0..12)
    }

    proptest! {
        #[test]
        fn every_call_is_in_exactly_one_class(ours in calls(), recorded in calls()) {
            let found = reconcile(&ours, &recorded, Tolerances::default());
            let differing = &found.differing;
            let mut own: Vec<usize> = differing.iter().filter_map(|it| it.ours).collect();
            own.extend(found.alike.iter().map(|(own, _)| *own));
            own.sort_unstable();
            prop_assert_eq!(own, (0..ours.len()).collect::<Vec<_>>());
            let mut record: Vec<usize> = differing.iter().filter_map(|it| it.recorded).collect();
            record.extend(found.alike.iter().map(|(_, record)| *record));
            record.sort_unstable();
            prop_assert_eq!(record, (0..recorded.len()).collect::<Vec<_>>());
            let at = |it: &Differing| {
                let own = it.ours.map(|own| ours[own].at);
                own.into_iter().chain(it.recorded.map(|record| recorded[record].at)).min()
            };
            prop_assert!(differing.is_sorted_by_key(at));
        }

        #[test]
        fn a_list_agrees_with_itself(calls in calls()) {
            let found = reconcile(&calls, &calls, Tolerances::default());
            // What a list has twice it has twice on both sides.
            let others = found.differing.iter().filter(|it| it.difference != Difference::Twice);
            prop_assert_eq!(others.count(), 0);
        }

        #[test]
        fn nothing_depends_on_the_side(ours in calls(), recorded in calls()) {
            let one = reconcile(&ours, &recorded, Tolerances::default());
            let other = reconcile(&recorded, &ours, Tolerances::default());
            let mut turned: Vec<_> = other.differing.iter().map(|it| {
                let difference = match it.difference {
                    Difference::OnlyOurs => Difference::OnlyRecorded,
                    Difference::OnlyRecorded => Difference::OnlyOurs,
                    same => same,
                };
                (difference, it.recorded, it.ours)
            }).collect();
            turned.sort_unstable();
            let mut told: Vec<_> = one.differing.iter().map(|it| (it.difference, it.ours, it.recorded)).collect();
            told.sort_unstable();
            prop_assert_eq!(told, turned);
        }
    }
}
