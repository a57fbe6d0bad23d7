//! Calls that somebody looks for, the newest first, over all sources and our own log.
//!
//! A page reads no more than it needs: days backwards until it is full, and not too many of them. Where it stops before all has
//! been looked at, it goes on with the cursor.

use std::sync::Arc;

use engine::stats::{Filter, Spot};
use model::{AgentId, Call, CallId, Outcome, QueueId, Timestamp};
use store::{CallCursor, CallFilter, Store, StoreError};

use super::{Reports, Unmade};
use crate::cdr::{CountError, Record, Within};

/// The most calls of our own log that one page looks through.
const MAX_LOOKED_AT: usize = 20_000;

/// What is looked for in our own log beside what a filter of records has.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnFilter {
    pub(crate) queue: Option<QueueId>,
    pub(crate) agent: Option<AgentId>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) cause: Option<u16>,
    /// The number in E.164, where it can be one.
    pub(crate) number: Option<String>,
}

/// Who is asked.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(crate) filter: Arc<Filter>,
    /// The sources of records: all, or one.
    pub(crate) source: Option<String>,
    pub(crate) records: bool,
    /// Our own log, unless something is asked that it does not know.
    pub(crate) own: Option<OwnFilter>,
}

/// One that was found.
#[derive(Debug, Clone)]
pub(crate) enum Hit {
    Record(Box<Record>),
    Own(Spot, Box<Call>),
}

impl Hit {
    fn spot(&self) -> Spot {
        match self {
            Self::Record(record) => record.spot,
            Self::Own(spot, _) => *spot,
        }
    }
}

/// Some of those that were found, and behind which the next page begins.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    pub(crate) hits: Vec<Hit>,
    pub(crate) next: Option<Spot>,
}

impl Reports {
    /// Those of `search` behind `after`.
    pub(crate) async fn search(
        &self,
        search: &Search,
        after: Option<Spot>,
        limit: usize,
    ) -> Result<Hits, Unmade> {
        let _turn = self.gate.acquire().await;
        let (mut hits, mut looked_at_from) = (Vec::new(), None);
        if search.records {
            let within = match (&search.source, &search.own) {
                (Some(source), _) => Within::One(source),
                (None, Some(_)) => Within::ForeignOnes,
                (None, None) => Within::All,
            };
            let found = self.cdr.find(&search.filter, within, after, limit).await;
            let found = found.map_err(CountError::from)?;
            looked_at_from = looked_at_from.max(found.looked_at_from);
            hits.extend(found.rows.into_iter().map(|row| Hit::Record(Box::new(row))));
        }
        if let Some(own) = &search.own {
            let found = own_calls(&self.store, &search.filter, own, after, limit).await?;
            looked_at_from = looked_at_from.max(found.1);
            hits.extend(found.0);
        }
        Ok(page(hits, looked_at_from, limit))
    }
}

/// Where not all has been looked at, only what is newer than that is known to be in its order.
fn page(mut hits: Vec<Hit>, looked_at_from: Option<i64>, limit: usize) -> Hits {
    if let Some(from) = looked_at_from {
        hits.retain(|hit| hit.spot().0 >= from);
    }
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.spot()));
    let more = hits.len() > limit;
    hits.truncate(limit);
    let next = if more {
        hits.last().map(Hit::spot)
    } else {
        looked_at_from.map(|from| (from, 0))
    };
    Hits { hits, next }
}

async fn own_calls(
    store: &Store,
    filter: &Filter,
    own: &OwnFilter,
    after: Option<Spot>,
    limit: usize,
) -> Result<(Vec<Hit>, Option<i64>), StoreError> {
    let until = after.map_or(filter.range.end, |(at, _)| {
        filter.range.end.min(at.saturating_add(1))
    });
    let wanted = CallFilter {
        from: Some(Timestamp::from_second(filter.range.start)),
        to: Some(Timestamp::from_second(until)),
        queue: own.queue,
        agent: own.agent,
        outcome: own.outcome,
        ..CallFilter::default()
    };
    let (mut hits, mut looked_at) = (Vec::new(), 0);
    let mut cursor: Option<CallCursor> = None;
    loop {
        let page = store.calls().page(&wanted, cursor, store::MAX_PAGE).await?;
        cursor = page.last().map(CallCursor::from);
        looked_at += page.len();
        let is_last = page.len() < store::MAX_PAGE as usize;
        let found = page.into_iter().filter(|call| has(call, filter, own));
        let found = found.map(|call| (spot(&call), call));
        hits.extend(
            found
                .filter(|(spot, _)| after.is_none_or(|after| *spot < after))
                .map(|(spot, call)| Hit::Own(spot, Box::new(call))),
        );
        if is_last {
            return Ok((hits, None));
        }
        if hits.len() > limit || looked_at > MAX_LOOKED_AT {
            // Others may have arrived in the same second.
            let last = cursor.map(|last| last.arrived_at.as_second() + 1);
            return Ok((hits, last));
        }
    }
}

fn has(call: &Call, filter: &Filter, own: &OwnFilter) -> bool {
    let whole = |ms: Option<u64>| u32::try_from(ms.unwrap_or_default() / 1_000).unwrap_or(u32::MAX);
    let ended_at = call.ended_at.map(|end| end.since(call.arrived_at));
    let duration = ended_at.map_or(0, |duration| duration.as_secs());
    let duration = u32::try_from(duration).unwrap_or(u32::MAX);
    own.cause
        .is_none_or(|cause| call.hangup_cause == Some(cause))
        && filter.duration_seconds.contains(&duration)
        && filter.talk_seconds.contains(&whole(call.talk_ms))
        && filter.number.as_deref().is_none_or(|number| {
            let e164 = call.caller.e164.as_deref();
            let placed = call.placed.as_ref();
            let presented = placed.and_then(|placed| placed.caller_id.as_deref());
            let known = [
                Some(&*call.caller.number),
                Some(&*call.dialled),
                e164,
                presented,
            ];
            let sought = [Some(number), own.number.as_deref()];
            sought
                .iter()
                .flatten()
                .any(|sought| known.contains(&Some(*sought)))
        })
}

fn spot(call: &Call) -> Spot {
    let CallId(id) = call.id;
    let (high, low) = id.as_u64_pair();
    (call.arrived_at.as_second(), high ^ low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(at: i64) -> Hit {
        let call = Call {
            state: model::CallState::Ended,
            ..Call::new(
                CallId(uuid::Uuid::nil()),
                model::ServerId(uuid::Uuid::nil()),
                Timestamp::from_second(at),
            )
        };
        Hit::Own((at, 7), Box::new(call))
    }

    #[test]
    fn what_has_not_been_looked_at_comes_with_the_next_page() {
        let told = |page: &Hits| -> Vec<i64> { page.hits.iter().map(|hit| hit.spot().0).collect() };
        let whole = page(vec![own(1), own(3), own(2)], None, 3);
        assert_eq!((told(&whole), whole.next), (vec![3, 2, 1], None));
        let full = page(vec![own(1), own(3), own(2)], None, 2);
        assert_eq!((told(&full), full.next), (vec![3, 2], Some((2, 7))));
        // One source was read down to 2 only: what it has before may be newer than 1.
        let part = page(vec![own(1), own(3)], Some(2), 5);
        assert_eq!((told(&part), part.next), (vec![3], Some((2, 0))));
        let nothing = page(Vec::new(), Some(2), 5);
        assert_eq!(nothing.next, Some((2, 0)));
    }
}
