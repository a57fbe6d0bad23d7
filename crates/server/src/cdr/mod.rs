//! Call detail records of other databases, and our own calls as if they were: read once, kept in our own store, counted exactly.
//!
//! A source is only read, a little at a time, and never asked for the same day again (see `reading`). What was read is kept as
//! packs of days (`shelf`); figures come from rolls of whole days, and rows are looked at only where a question cuts a day. One
//! source that fails never hides the others: what is known of it is told, with the reason why there is no more.

mod clock;
mod counting;
mod examine;
mod figures;
mod finding;
mod given;
mod kept;
mod place;
mod reading;
mod shelf;
mod sorting;
mod source;

use std::sync::Arc;

use engine::stats::{NumberPlan, Rules, STASIS, Tolerances};
use jiff::tz::TimeZone;
use store::Store;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

pub(crate) use counting::CountError;
pub(crate) use examine::{Seen, look_at};
pub(crate) use figures::{CountryFigures, Extension};
pub(crate) use finding::{Record, Within};
pub(crate) use given::Given;
pub(crate) use reading::{Load, Progress};

use crate::{
    clock::Clock,
    config::{CdrSourceConfig, CdrSourceKind},
};
use reading::{Reading, Status};
use shelf::Shelf;
pub(crate) use shelf::{ShelfError, in_background};
use source::Source;

/// What is counted, and of what.
#[derive(Debug, Clone)]
pub struct CdrSettings {
    pub sources: Vec<CdrSourceConfig>,
    pub rules: Rules,
    /// Where days begin, an IANA name.
    pub time_zone: String,
    pub work_week_days: u8,
    /// By how much our log and the records may differ.
    pub tolerances: Tolerances,
}

impl Default for CdrSettings {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            rules: Rules::default(),
            time_zone: "UTC".to_owned(),
            work_week_days: 5,
            tolerances: Tolerances::default(),
        }
    }
}

/// The call detail records of all sources. Cheap to clone.
#[derive(Clone)]
pub struct Cdr {
    shelf: Arc<Shelf>,
    rules: Arc<Rules>,
    sources: Arc<[Known]>,
    work_week_days: u8,
    clock: Clock,
}

struct Known {
    name: String,
    kind: CdrSourceKind,
    /// The Asterisk server whose calls it has.
    server: Option<String>,
    plan: NumberPlan,
    status: Arc<Status>,
}

/// The tasks that read.
pub(crate) struct CdrTasks {
    stop: CancellationToken,
    reading: Vec<AbortOnDropHandle<()>>,
}

impl CdrTasks {
    /// Ends reading, and waits until nothing is being written.
    pub(crate) async fn finish(mut self) {
        self.stop.cancel();
        for reading in self.reading.drain(..) {
            let _ = reading.await;
        }
    }
}

impl Drop for CdrTasks {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Why it could not begin.
#[derive(Debug, thiserror::Error)]
#[error("call detail records cannot be brought up: {0}")]
pub struct CdrError(String);

impl From<ShelfError> for CdrError {
    fn from(error: ShelfError) -> Self {
        Self(error.to_string())
    }
}

/// Begins to read all sources.
pub(crate) async fn start(
    store: &Store,
    clock: Clock,
    settings: CdrSettings,
) -> Result<(Cdr, CdrTasks), CdrError> {
    let home = TimeZone::get(&settings.time_zone).unwrap_or(TimeZone::UTC);
    let sources = settings.sources.iter();
    let ruled = sources.map(|source| (&*source.name, rules_of(source, &settings.rules)));
    let shelf = Shelf::open(store.clone(), home, ruled).await?;
    let shelf = Arc::new(shelf);
    let stop = CancellationToken::new();
    let (mut sources, mut reading) = (Vec::new(), Vec::new());
    for config in &settings.sources {
        let source = Arc::new(Source::new(config, &settings.time_zone, Some(store)));
        let (name, plan) = (source.name.clone(), source.plan.clone());
        let reader = Reading::new(source, Arc::clone(&shelf), clock.clone());
        sources.push(Known {
            name,
            plan,
            kind: config.kind,
            server: config.server.clone(),
            status: reader.status(),
        });
        let run = tokio::spawn(reader.run(stop.clone()));
        reading.push(AbortOnDropHandle::new(run));
    }
    let cdr = Cdr {
        shelf,
        rules: Arc::new(settings.rules),
        sources: sources.into(),
        work_week_days: settings.work_week_days,
        clock,
    };
    let tasks = CdrTasks { stop, reading };
    Ok((cdr, tasks))
}

/// Our own log has no other calls than those that were given to us: an agent's count as calls of the own extension.
fn rules_of(source: &CdrSourceConfig, common: &Rules) -> Rules {
    let mut rules = common.clone();
    if source.kind == CdrSourceKind::Own && !rules.applications.iter().any(|it| it == STASIS) {
        rules.applications.push(STASIS.to_owned());
    }
    rules
}

impl Cdr {
    /// Where days begin.
    pub(crate) fn home(&self) -> &TimeZone {
        &self.shelf.home
    }

    pub(crate) fn work_week_days(&self) -> u8 {
        self.work_week_days
    }

    /// What cannot be told of sources for want of a column.
    pub(crate) fn notes(&self) -> Vec<String> {
        let progress = self.progress().into_iter();
        let notes = progress.flat_map(|(name, _, progress)| {
            let notes = progress.notes.into_iter();
            notes.map(move |note| format!("{name}: {note}."))
        });
        notes.collect()
    }

    /// Whether there is a source of this name.
    pub(crate) fn knows(&self, source: &str) -> bool {
        self.sources.iter().any(|known| known.name == source)
    }

    /// How reading goes, by source, in the order of the configuration.
    pub(crate) fn progress(&self) -> Vec<(&str, CdrSourceKind, Progress)> {
        let sources = self.sources.iter();
        sources
            .map(|known| (&*known.name, known.kind, known.status.progress()))
            .collect()
    }
}
