//! Rows of all sources, the newest first, a day at a time: a page costs its days, not all that is kept.

use std::sync::{Arc, PoisonError};

use engine::stats::{
    Destination, Destinations, Disposition, Filter, Finder, Pack, Rules, Spot, Stored, spotted,
};

use super::{
    Cdr, Known,
    clock::{Day, begin},
    kept::Spoilt,
    shelf::ShelfError,
};
use crate::config::CdrSourceKind;

/// The most rows that one page looks through; it goes on with the next.
const MAX_LOOKED_AT: usize = 3_000_000;

/// A row as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) spot: Spot,
    pub(crate) source: String,
    pub(crate) uniqueid: String,
    pub(crate) linkedid: String,
    pub(crate) extension: String,
    pub(crate) name: String,
    pub(crate) caller: String,
    pub(crate) destination: String,
    pub(crate) country: String,
    pub(crate) did: String,
    pub(crate) from_trunk: String,
    pub(crate) trunk: String,
    pub(crate) application: String,
    pub(crate) campaign: String,
    pub(crate) disposition: Disposition,
    pub(crate) duration_seconds: u32,
    pub(crate) talk_seconds: u32,
    pub(crate) recorded: bool,
}

/// In which sources rows are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within<'a> {
    All,
    /// Our own log is looked through beside them.
    ForeignOnes,
    One(&'a str),
}

impl Within<'_> {
    fn has(self, source: &Known) -> bool {
        match self {
            Self::All => true,
            Self::ForeignOnes => source.kind != CdrSourceKind::Own,
            Self::One(name) => source.name == name,
        }
    }
}

/// Some rows, and from when on all that there are have been looked at; nothing if that is all.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) rows: Vec<Record>,
    pub(crate) looked_at_from: Option<i64>,
}

impl Cdr {
    /// Those of `filter` behind `after`, the newest first, one more than `limit` where there are so many.
    pub(crate) async fn find(
        &self,
        filter: &Arc<Filter>,
        within: Within<'_>,
        after: Option<Spot>,
        limit: usize,
    ) -> Result<Records, ShelfError> {
        let mut range = filter.range.clone();
        if let Some((at, _)) = after {
            range.end = range.end.min(at.saturating_add(1));
        }
        let sources: Vec<&Known> = self
            .sources
            .iter()
            .filter(|source| within.has(source))
            .collect();
        let mut days: Vec<(Day, &Known)> = Vec::new();
        for source in sources {
            let of = self.shelf.days(&source.name, &range).into_iter();
            days.extend(of.map(|day| (day, source)));
        }
        days.sort_by_key(|(day, _)| std::cmp::Reverse(*day));
        let mut found = Records::default();
        let mut looked_at = 0;
        for days in days.chunk_by(|a, b| a.0 == b.0) {
            let day = days[0].0;
            if found.rows.len() > limit || looked_at > MAX_LOOKED_AT {
                found.looked_at_from = Some(begin(&self.shelf.home, day + 1));
                break;
            }
            for (day, source) in days {
                let Some(pack) = self.shelf.pack(&source.name, *day).await? else {
                    continue;
                };
                looked_at += pack.len();
                let rows = self.find_in(pack, source, filter, after, limit).await?;
                found.rows.extend(rows);
            }
            found.rows.sort_by_key(|row| std::cmp::Reverse(row.spot));
            found.rows.truncate(limit + 1);
        }
        Ok(found)
    }

    async fn find_in(
        &self,
        pack: Arc<Pack>,
        source: &Known,
        filter: &Arc<Filter>,
        after: Option<Spot>,
        limit: usize,
    ) -> Result<Vec<Record>, ShelfError> {
        let (shelf, filter) = (Arc::clone(&self.shelf), Arc::clone(filter));
        let (plan, name) = (source.plan.clone(), source.name.clone());
        let (own, common) = (shelf.rules(&name), Arc::clone(&self.rules));
        let finding = tokio::task::spawn_blocking(move || {
            let known = shelf.known.read().unwrap_or_else(PoisonError::into_inner);
            let rules = own.as_ref().map_or(&*common, |own| &own.rules);
            let finder = Finder::new(&filter, rules, &known, &plan);
            let mut rows = spotted(&name, &finder.rows(&pack));
            rows.retain(|(spot, _)| after.is_none_or(|after| *spot < after));
            rows.sort_by_key(|(spot, _)| std::cmp::Reverse(*spot));
            rows.truncate(limit + 1);
            let rows = rows.into_iter();
            rows.map(|(spot, row)| record(&name, spot, &row, (rules, &known)))
                .collect()
        });
        Ok(finding.await.map_err(|_| Spoilt)?)
    }
}

fn record(
    source: &str,
    spot: Spot,
    row: &Stored<'_>,
    (rules, known): (&Rules, &Destinations),
) -> Record {
    let destination = match known.get(row.destination()) {
        Some(Destination::Number(number)) => number.to_string(),
        Some(Destination::Internal(text) | Destination::Text(text)) => text.to_owned(),
        None => String::new(),
    };
    let place = rules.place(known, row.destination());
    Record {
        spot,
        source: source.to_owned(),
        uniqueid: row.unique().to_string(),
        linkedid: row.linked().to_string(),
        extension: row.extension().to_owned(),
        name: row.name().to_owned(),
        caller: row.caller().to_owned(),
        destination,
        country: place.map_or_else(String::new, |place| place.name.to_string()),
        did: row.did().to_owned(),
        from_trunk: row.from_peer().to_owned(),
        trunk: row.to_peer().to_owned(),
        application: row.application().to_owned(),
        campaign: row.account().to_owned(),
        disposition: row.disposition(),
        duration_seconds: row.duration(),
        talk_seconds: row.talked(),
        recorded: row.recorded(),
    }
}
