//! Our own calls by hangup cause.

use std::collections::BTreeMap;

use engine::stats::{Cause, TooMany, cause_of};
use model::Timestamp;
use store::{CallCursor, CallFilter, Store};

use super::{
    MAX_ROWS, Unmade,
    facts::{Facts, Figures, Place},
    question::Asked,
    records::columns,
    report::{Cell, Column},
};

const FIGURES: [(&str, &str); 2] = [("calls", "CALLS"), ("share", "CAUSE")];

/// A report by cause; calls count where they arrived.
pub(super) async fn facts(store: &Store, asked: &Asked, borders: &[i64]) -> Result<Facts, Unmade> {
    let mut counted: BTreeMap<(u32, Option<u16>), i64> = BTreeMap::new();
    let mut all: BTreeMap<u32, i64> = BTreeMap::new();
    let filter = CallFilter {
        from: Some(Timestamp::from_second(borders[0])),
        to: Some(Timestamp::from_second(borders[borders.len() - 1])),
        ..CallFilter::default()
    };
    let mut after: Option<CallCursor> = None;
    loop {
        let page = store.calls().page(&filter, after, store::MAX_PAGE).await?;
        after = page.last().map(CallCursor::from);
        for call in page.iter().filter(|call| call.ended_at.is_some()) {
            let later = borders
                .partition_point(|border| Timestamp::from_second(*border) <= call.arrived_at);
            let interval = u32::try_from(later - 1).unwrap_or(u32::MAX);
            *counted.entry((interval, call.hangup_cause)).or_default() += 1;
            *all.entry(interval).or_default() += 1;
        }
        if counted.len() > MAX_ROWS {
            return Err(Unmade::Count(TooMany(MAX_ROWS).into()));
        }
        if page.len() < store::MAX_PAGE as usize {
            break;
        }
    }
    Ok(told(asked, &counted, &all))
}

fn told(
    asked: &Asked,
    counted: &BTreeMap<(u32, Option<u16>), i64>,
    all: &BTreeMap<u32, i64>,
) -> Facts {
    let mut facts = Facts {
        keys: vec![Column::text("cause", "Cause")],
        labels: vec![Column::text("name", "Name"), Column::text("class", "Class")],
        figures: columns(&FIGURES),
        nothing: vec![Cell::Count(0), Cell::ratio(0, 0)],
        ..Facts::default()
    };
    let whole: i64 = all.values().sum();
    for ((interval, code), calls) in counted {
        let key = vec![code.map_or_else(String::new, |code| code.to_string())];
        let names = match code.map(cause_of) {
            Some(Cause { name, class, .. }) => [name, class.as_str()],
            None => ["not known", "unknown"],
        };
        if !asked.wants(&key, Some(&names[1].to_owned())) {
            continue;
        }
        facts
            .names
            .insert(key.clone(), names.map(str::to_owned).to_vec());
        let interval = *interval;
        let of = all.get(&interval).copied().unwrap_or_default();
        let figures = Figures {
            weight: *calls,
            cells: vec![Cell::Count(*calls), Cell::ratio(*calls, of)],
        };
        facts.rows.insert(Place { interval, key }, figures);
    }
    facts.total = vec![Cell::Count(whole), Cell::ratio(whole, whole)];
    facts
}
