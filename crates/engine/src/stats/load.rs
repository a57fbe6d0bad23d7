//! How many calls there are at once: from their beginning to their end, ringing included.
//!
//! A call takes part while at least one of its rows does. One that goes on over midnight is carried into the next day, where
//! its rows of that day join it.

use std::hash::Hash;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::call_key::CallKey;

/// Calls at once in some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// The most at any moment.
    pub peak: i64,
    /// The time of all calls, as far as it is within.
    pub seconds: i64,
}

impl Load {
    pub(super) fn add(&mut self, other: Self) {
        self.peak = self.peak.max(other.peak);
        self.seconds += other.seconds;
    }
}

/// Which call of which source, in which group.
pub(super) type Line<'a, G> = (u16, G, &'a CallKey);
type OwnLine<G> = (u16, G, CallKey);

/// Follows the calls of groups day by day.
#[derive(Debug)]
pub(super) struct Lines<G> {
    /// Where intervals begin, and where the last one ends.
    borders: Vec<i64>,
    /// Calls that came from the days before and have no row of this one yet, and until when they go on.
    came: HashMap<OwnLine<G>, i64, FixedState>,
    /// Those that go on into the next day.
    go_on: HashMap<OwnLine<G>, i64, FixedState>,
    /// The calls of this day: from, until.
    spans: Vec<(G, i64, i64)>,
    /// When the day began.
    began: i64,
}

impl<G: Ord + Copy + Hash> Lines<G> {
    pub(super) fn new(borders: Vec<i64>) -> Self {
        let began = borders.first().copied().unwrap_or_default();
        Self {
            borders,
            came: HashMap::default(),
            go_on: HashMap::default(),
            spans: Vec::new(),
            began,
        }
    }

    /// From when until when each row of one call on this day was; the day ends at `end`.
    pub(super) fn add(&mut self, line: Line<'_, G>, rows: &mut Vec<(i64, i64)>, end: i64) {
        let (source, group, key) = line;
        if !self.came.is_empty()
            && let Some(until) = self.came.remove(&(source, group, key.clone()))
        {
            rows.push((self.began, until));
        }
        rows.sort_unstable();
        let mut rows = rows.iter().copied();
        let Some(mut joined) = rows.next() else {
            return;
        };
        for (from, until) in rows {
            if from <= joined.1 {
                joined.1 = joined.1.max(until);
            } else {
                self.spans.push((group, joined.0, joined.1));
                joined = (from, until);
            }
        }
        self.spans.push((group, joined.0, joined.1.min(end)));
        if joined.1 > end {
            self.go_on.insert((source, group, key.clone()), joined.1);
        }
    }

    /// All rows of all sources until `end` have been added; `take` hears what each group had in each interval.
    pub(super) fn end_day(&mut self, end: i64, take: impl FnMut(G, u32, Load)) {
        for (line, until) in self.came.drain() {
            self.spans.push((line.1, self.began, until.min(end)));
            if until > end {
                self.go_on.insert(line, until);
            }
        }
        std::mem::swap(&mut self.came, &mut self.go_on);
        let mut spans = std::mem::take(&mut self.spans);
        self.measure(&mut spans, take);
        self.began = end;
    }

    fn measure(&self, spans: &mut [(G, i64, i64)], mut take: impl FnMut(G, u32, Load)) {
        let (Some(first), Some(last)) = (self.borders.first(), self.borders.last()) else {
            return;
        };
        spans.sort_unstable();
        for spans in spans.chunk_by(|a, b| a.0 == b.0) {
            let within = spans
                .iter()
                .map(|(_, from, until)| (*from.max(first), *until.min(last)));
            // One that ends makes room for one that begins at the same moment.
            let mut steps: Vec<(i64, i64)> = within
                .filter(|(from, until)| from < until)
                .flat_map(|(from, until)| [(from, 1), (until, -1)])
                .collect();
            steps.sort_unstable();
            sweep(&self.borders, &steps, |interval, load| {
                take(spans[0].0, interval, load);
            });
        }
    }
}

/// Hands the load of each interval to `take`; `steps` are moments at which calls begin and end, in order.
fn sweep(borders: &[i64], steps: &[(i64, i64)], mut take: impl FnMut(u32, Load)) {
    let Some((mut at, _)) = steps.first().copied() else {
        return;
    };
    let mut interval = borders.partition_point(|border| *border <= at) - 1;
    let (mut level, mut load) = (0, Load::default());
    for (moment, change) in steps {
        while at < *moment {
            let until = borders[interval + 1].min(*moment);
            let seconds = level * (until - at);
            load.add(Load {
                peak: level,
                seconds,
            });
            at = until;
            if at == borders[interval + 1] {
                if load != Load::default() {
                    take(u32::try_from(interval).unwrap_or(u32::MAX), load);
                }
                load = Load::default();
                interval += 1;
            }
        }
        level += change;
    }
    if load != Load::default() {
        take(u32::try_from(interval).unwrap_or(u32::MAX), load);
    }
}
