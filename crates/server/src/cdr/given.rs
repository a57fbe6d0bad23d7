//! Calls that an Asterisk gave to us, as its call detail records tell them.
//!
//! Asterisk writes a row for the caller's channel, with the agent's beside it once they were bridged, and one for the agent's
//! own channel, which ends where they are bridged. A caller whom we sent on into the dialplan has the application of there: such
//! rows are known by the channel alone.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use engine::stats::{
    CallKey, Destination, Destinations, Dialled, Disposition, NumberPlan, Pack, STASIS, Stored,
    Told,
};

use super::{
    Cdr,
    clock::day_of,
    shelf::{ShelfError, in_background},
};

/// How far from its beginning rows of a call may be, in seconds.
const REACH: i64 = 86_400;

/// One call of a source, and the facts of its first row.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) told: Told,
    pub(crate) source: String,
    pub(crate) uniqueid: String,
    pub(crate) linkedid: String,
    pub(crate) caller: String,
    pub(crate) destination: String,
    pub(crate) application: String,
    pub(crate) disposition: Disposition,
    pub(crate) duration_seconds: u32,
}

impl Cdr {
    /// The Asterisk servers whose calls some sources have, and which.
    pub(crate) fn servers(&self) -> BTreeMap<String, Vec<String>> {
        let mut servers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for source in self.sources.iter() {
            if let Some(server) = &source.server {
                let sources = servers.entry(server.clone()).or_default();
                sources.push(source.name.clone());
            }
        }
        servers
    }

    /// The number of a caller in the notation by which the calls of a source are told apart.
    pub(crate) fn number(&self, source: &str, caller: &str) -> Box<str> {
        let known = self.sources.iter().find(|known| known.name == source);
        known.map_or_else(|| caller.into(), |known| number(&known.plan, caller))
    }

    /// The calls of a source that began in `range` and that were given to us; and those of the channels that are `ours`.
    pub(crate) async fn given(
        &self,
        source: &str,
        range: &Range<i64>,
        ours: &Arc<HashSet<CallKey>>,
    ) -> Result<Vec<Given>, ShelfError> {
        let Some(known) = self.sources.iter().find(|known| known.name == source) else {
            return Ok(Vec::new());
        };
        let mut packs = Vec::new();
        let (first, last) = (
            day_of(&self.shelf.home, range.start - REACH),
            day_of(&self.shelf.home, range.end + REACH),
        );
        for day in first..=last {
            packs.extend(self.shelf.pack(source, day).await?);
        }
        let (ours, range) = (Arc::clone(ours), range.clone());
        let (name, plan) = (known.name.clone(), known.plan.clone());
        let destinations = Arc::clone(&self.shelf.known);
        in_background(move || {
            let known = destinations
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let mut calls = calls(&packs, &known, &ours);
            calls.retain(|call| range.contains(&call.at));
            let told = |call: Call<'_>| {
                let destination = match known.get(call.first.destination()) {
                    Some(Destination::Number(number)) => number.to_string(),
                    Some(Destination::Internal(text) | Destination::Text(text)) => text.to_owned(),
                    None => String::new(),
                };
                call.told(&name, &plan, destination)
            };
            calls.into_iter().map(told).collect()
        })
        .await
    }
}

/// What the rows of one channel say.
struct Call<'a> {
    first: Stored<'a>,
    at: i64,
    /// When the last row with an agent ended.
    talked_until: Option<i64>,
    /// When the first agent answered.
    answered_at: Option<i64>,
}

fn calls<'a>(
    packs: &'a [Arc<Pack>],
    known: &Destinations,
    ours: &HashSet<CallKey>,
) -> Vec<Call<'a>> {
    let mut answers: BTreeMap<&CallKey, i64> = BTreeMap::new();
    let mut channels: BTreeMap<&CallKey, Call<'a>> = BTreeMap::new();
    let mut unnamed: Vec<Call<'a>> = Vec::new();
    for row in packs.iter().flat_map(|pack| pack.rows()) {
        let (unique, is_given) = (row.unique(), row.application() == STASIS);
        let has_agent =
            is_given && row.disposition() == Disposition::Answered && !row.to_peer().is_empty();
        let call = Call {
            first: row,
            at: row.at(),
            talked_until: has_agent.then(|| row.talk().1),
            answered_at: None,
        };
        if unique.is_nothing() {
            // An agent's phone, which we rang, dialled nothing.
            let dialled = known.get(row.destination());
            if is_given && !matches!(dialled, Some(Destination::Text("s"))) {
                unnamed.push(call);
            }
        } else if unique.second().is_some() && is_given || ours.contains(unique) {
            let known = channels.entry(unique).or_insert(call);
            if row.at() < known.at {
                (known.first, known.at) = (row, row.at());
            }
            known.talked_until = known.talked_until.max(has_agent.then(|| row.talk().1));
        } else if is_given && row.disposition() == Disposition::Answered {
            // A channel whose id we chose: an agent's.
            let answer = answers.entry(row.linked()).or_insert(i64::MAX);
            *answer = row.talk().0.min(*answer);
        }
    }
    let mut all: Vec<Call<'a>> = channels.into_values().collect();
    for call in &mut all {
        call.answered_at = answers.get(call.first.linked()).copied();
    }
    all.extend(unnamed);
    all
}

impl Call<'_> {
    fn told(self, source: &str, plan: &NumberPlan, destination: String) -> Given {
        let row = self.first;
        let talk = self.talked_until.zip(self.answered_at);
        Given {
            told: Told {
                channel: (!row.unique().is_nothing()).then(|| row.unique().clone()),
                number: number(plan, row.caller()),
                at: self.at,
                answered: self.talked_until.is_some(),
                talk_seconds: talk.map(|(until, from)| (until - from).max(0)),
            },
            source: source.to_owned(),
            uniqueid: row.unique().to_string(),
            linkedid: row.linked().to_string(),
            caller: row.caller().to_owned(),
            destination,
            application: row.application().to_owned(),
            disposition: row.disposition(),
            duration_seconds: row.duration(),
        }
    }
}

fn number(plan: &NumberPlan, text: &str) -> Box<str> {
    match plan.read(text) {
        Dialled::Number(_, number) => number.to_string().into(),
        Dialled::Internal(text) | Dialled::Text(text) => text.into(),
    }
}
