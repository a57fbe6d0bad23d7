//! Our log and the records beside each other. All of it takes a while on a busy day: nothing here may run where others wait.

use std::{collections::HashSet, ops::Range};

use engine::stats::{CallKey, Differing, Reconciled, Told, Tolerances, reconcile};
use model::{Call, Outcome};
use store::MAX_DIFFERENCES;

use super::{CallDifference, DayCounts};
use crate::cdr::{Cdr, Given};

/// What one day came to so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) counts: DayCounts,
    pub(super) differences: Vec<CallDifference>,
}

/// What both say of the calls of one server, on a day and a moment around it.
pub(super) struct Sides {
    server: String,
    /// Those that have ended.
    calls: Vec<Call>,
    /// The same ones, in the same order.
    ours: Vec<Told>,
    /// When those arrived that have not.
    still_up: Vec<i64>,
    pub(super) given: Vec<Given>,
}

impl Sides {
    /// Our side; numbers are read as `source` has them.
    pub(super) fn of_ours(server: String, calls: Vec<Call>, cdr: &Cdr, source: &str) -> Self {
        let (calls, open): (Vec<Call>, Vec<Call>) =
            calls.into_iter().partition(|call| call.ended_at.is_some());
        Self {
            server,
            ours: calls.iter().map(|call| told(call, cdr, source)).collect(),
            calls,
            still_up: open
                .iter()
                .map(|call| call.arrived_at.as_second())
                .collect(),
            given: Vec::new(),
        }
    }

    pub(super) fn channels(&self) -> HashSet<CallKey> {
        let channels = self.ours.iter().filter_map(|told| told.channel.clone());
        channels.collect()
    }

    /// Adds what came of the calls of `day`; counts are whole, of the differences so many are kept.
    pub(super) fn compare(
        self,
        day: &Range<i64>,
        tolerances: Tolerances,
        mut tally: Tally,
    ) -> Tally {
        let recorded: Vec<Told> = self.given.iter().map(|given| given.told.clone()).collect();
        let Reconciled { alike, differing } = reconcile(&self.ours, &recorded, tolerances);
        let is_of_day = |own: Option<usize>, record: Option<usize>| {
            let at = own.map(|own| self.ours[own].at);
            at.or_else(|| record.map(|record| recorded[record].at))
                .is_some_and(|at| day.contains(&at))
        };
        let counts = &mut tally.counts;
        counts.still_up += self.still_up.iter().filter(|at| day.contains(at)).count() as u64;
        let alike = alike.iter();
        let alike = alike.filter(|(own, record)| is_of_day(Some(*own), Some(*record)));
        let alike = alike.count() as u64;
        counts.alike += alike;
        counts.ours += alike;
        counts.recorded += alike;
        for one in differing {
            if is_of_day(one.ours, one.recorded) {
                self.differs(one, &mut tally);
            }
        }
        tally
    }

    fn differs(&self, one: Differing, tally: &mut Tally) {
        let (kind, counts) = (one.difference.into(), &mut tally.counts);
        counts.ours += u64::from(one.ours.is_some());
        counts.recorded += u64::from(one.recorded.is_some());
        counts.add(kind);
        if tally.differences.len() < MAX_DIFFERENCES {
            let own = one.ours.map(|own| &self.calls[own]);
            let record = one.recorded.map(|record| &self.given[record]);
            let difference = CallDifference::new(kind, &self.server, own, record);
            tally.differences.push(difference);
        }
    }
}

fn told(call: &Call, cdr: &Cdr, source: &str) -> Told {
    let answered = call.outcome == Some(Outcome::Answered);
    let talked = call.talk_ms.filter(|_| answered);
    let seconds = |millis: u64| i64::try_from((millis + 500) / 1_000).unwrap_or(i64::MAX);
    Told {
        channel: (!call.channel.is_empty()).then(|| CallKey::new(&call.channel)),
        number: cdr.number(source, &call.caller.number),
        at: call.arrived_at.as_second(),
        answered,
        talk_seconds: talked.map(seconds),
    }
}
