//! Our own log as a source, for centres whose Asterisk writes no call detail records where we could read them.
//!
//! A row stands for a leg, as Asterisk would have it: one for the caller, one for the agent who answered, and one for each call
//! to outside: by the ledger of caller IDs where it saw the call end, by the call log where no caller ID was chosen. What the log
//! does not know is left empty, and said.

use std::collections::HashMap;

use model::{AgentId, Call, CallerIdUse, Direction, EndedBy, Outcome, Timestamp};
use store::{CallCursor, CallFilter, MAX_PAGE, Store, UseCursor, UseFilter};

use super::{Lists, Part, Raw, Sink, SourceError};

/// What our log does not say.
const NOTES: [&str; 3] = [
    "of calls from outside there is a row for the caller and one for the agent who answered, none for phones that rang in vain",
    "calls to outside are those for which a caller ID was chosen and whose end was seen (busy and failed ones are unanswered there), \
     and those that were placed without one, unless the agent ended them unanswered",
    "trunks and recordings are not known",
];
/// Q.850: user busy.
const USER_BUSY: u16 = 17;

/// The call log, and the uses of caller IDs.
#[derive(Debug)]
pub(super) struct Log {
    /// Nothing where our database could not be opened.
    store: Option<Store>,
}

pub(super) fn lists() -> Lists {
    Lists {
        notes: NOTES.map(str::to_owned).into(),
        ..Lists::default()
    }
}

impl Log {
    pub(super) fn new(store: Option<Store>) -> Self {
        Self { store }
    }

    fn store(&self) -> Result<&Store, SourceError> {
        self.store.as_ref().ok_or(SourceError::Store)
    }

    pub(super) async fn first_since(&self, from: i64) -> Result<Option<i64>, SourceError> {
        let (store, from) = (self.store()?, Timestamp::from_second(from));
        let call = store.calls().first_since(from).await?;
        let made = store.caller_id_uses().first_since(from).await?;
        Ok(call.into_iter().chain(made).min().map(Timestamp::as_second))
    }

    pub(super) async fn last_before(&self, until: i64) -> Result<Option<i64>, SourceError> {
        let (store, to) = (self.store()?, Some(Timestamp::from_second(until)));
        let filter = CallFilter {
            to,
            ..CallFilter::default()
        };
        let calls = store.calls().page(&filter, None, 1).await?;
        let filter = UseFilter {
            to,
            ..UseFilter::default()
        };
        let uses = store.caller_id_uses().page(&filter, None, 1).await?;
        let call = calls.first().map(|call| call.arrived_at);
        let made = uses.first().map(|made| made.made_at);
        Ok(call.max(made).map(Timestamp::as_second))
    }

    /// Hands the rows of all calls that have ended and began with `from <= second < until` to `sink`.
    pub(super) async fn read<S: Sink>(
        &self,
        (from, until): (i64, i64),
        mut sink: S,
    ) -> Result<S, SourceError> {
        let store = self.store()?;
        let people = People::read(store).await?;
        let (from, to) = (
            Some(Timestamp::from_second(from)),
            Some(Timestamp::from_second(until)),
        );
        let filter = CallFilter {
            from,
            to,
            ..CallFilter::default()
        };
        let mut after: Option<CallCursor> = None;
        loop {
            let page = store.calls().page(&filter, after, MAX_PAGE).await?;
            for call in &page {
                match call.direction {
                    Direction::Inbound => from_outside(call, &people, &mut sink),
                    Direction::Outbound => placed(call, &people, &mut sink),
                }
            }
            after = page.last().map(CallCursor::from);
            if page.len() < MAX_PAGE as usize {
                break;
            }
        }
        let filter = UseFilter {
            from,
            to,
            ..UseFilter::default()
        };
        let mut after: Option<UseCursor> = None;
        loop {
            let page = store
                .caller_id_uses()
                .page(&filter, after, MAX_PAGE)
                .await?;
            for made in &page {
                to_outside(made, &people, &mut sink);
            }
            after = page.last().map(UseCursor::from);
            if page.len() < MAX_PAGE as usize {
                return Ok(sink);
            }
        }
    }
}

/// The caller's leg, and that of the agent who answered.
fn from_outside(call: &Call, people: &People, sink: &mut impl Sink) {
    let (Some(ended_at), Some(outcome)) = (call.ended_at, call.outcome) else {
        return;
    };
    // Several Asterisks may have channels of one name.
    let linked = call.id.to_string();
    let talked = seconds(call.talk_ms);
    let mut row = Raw {
        calldate: call.arrived_at.as_second(),
        text: [""; Part::COUNT],
        duration: whole(ended_at, call.arrived_at),
        billed: talked,
    };
    row.set(Part::UniqueId, &call.channel);
    row.set(Part::LinkedId, &linked);
    row.set(Part::Extension, &call.caller.number);
    row.set(Part::Name, &call.caller.name);
    row.set(Part::Source, &call.caller.number);
    row.set(Part::Destination, &call.dialled);
    row.set(Part::Did, &call.dialled);
    row.set(Part::Application, engine::stats::STASIS);
    row.set(Part::Disposition, disposition(outcome, call.hangup_cause));
    sink.take(row);
    let (Some(agent), Some(answered_at)) = (call.agent, call.answered_at) else {
        return;
    };
    let id = agent.to_string();
    let unique = call
        .offer
        .map_or_else(|| format!("{linked}.agent"), |id| id.to_string());
    let (extension, name) = people.of(agent).unwrap_or((&id, ""));
    let phone = format!("PJSIP/{extension}");
    row.calldate = answered_at.as_second();
    row.duration = talked;
    row.set(Part::UniqueId, &unique);
    row.set(Part::Extension, extension);
    row.set(Part::Name, name);
    row.set(Part::Destination, &call.caller.number);
    row.set(Part::DestinationChannel, &phone);
    row.set(Part::Disposition, "ANSWERED");
    sink.take(row);
}

/// A call that we placed with the trunk's own number; nothing of one whose customer may never have been called.
fn placed(call: &Call, people: &People, sink: &mut impl Sink) {
    let (Some(ended_at), Some(outcome), Some(placed)) = (call.ended_at, call.outcome, &call.placed)
    else {
        return;
    };
    let given_up = outcome != Outcome::Answered && call.ended_by == Some(EndedBy::Agent);
    // What has a reservation is told by its use.
    if placed.reservation.is_some() || given_up {
        return;
    }
    let id = call.id.to_string();
    let agent = call.agent.and_then(|agent| people.of(agent));
    let (extension, name) = agent.unwrap_or_default();
    let customer = &call.caller;
    let mut row = Raw {
        calldate: call.arrived_at.as_second(),
        text: [""; Part::COUNT],
        duration: whole(ended_at, call.arrived_at),
        billed: seconds(call.talk_ms),
    };
    row.set(Part::UniqueId, &id);
    row.set(Part::LinkedId, &id);
    row.set(Part::Extension, extension);
    row.set(Part::Name, name);
    row.set(
        Part::Source,
        placed.caller_id.as_deref().unwrap_or(extension),
    );
    row.set(
        Part::Destination,
        customer.e164.as_ref().unwrap_or(&customer.number),
    );
    row.set(Part::Application, "Dial");
    row.set(Part::Account, &placed.campaign);
    row.set(Part::Disposition, disposition(outcome, call.hangup_cause));
    sink.take(row);
}

/// A call to outside; nothing of a reservation whose call nobody saw.
fn to_outside(made: &CallerIdUse, people: &People, sink: &mut impl Sink) {
    let (Some(ended_at), Some(answered)) = (made.ended_at, made.answered) else {
        return;
    };
    let (id, number, to) = (
        made.id.to_string(),
        made.number.to_string(),
        made.to.to_string(),
    );
    let (extension, name) = people.called(&made.agent).unwrap_or((&made.agent, ""));
    let mut row = Raw {
        calldate: made.made_at.as_second(),
        text: [""; Part::COUNT],
        duration: whole(ended_at, made.made_at).max(seconds(made.talk_ms)),
        billed: seconds(made.talk_ms),
    };
    row.set(Part::UniqueId, &id);
    row.set(Part::LinkedId, &id);
    row.set(Part::Extension, extension);
    row.set(Part::Name, name);
    row.set(Part::Source, &number);
    row.set(Part::Destination, &to);
    row.set(Part::Application, "Dial");
    row.set(Part::Account, &made.campaign);
    row.set(
        Part::Disposition,
        if answered { "ANSWERED" } else { "NO ANSWER" },
    );
    sink.take(row);
}

fn disposition(outcome: Outcome, cause: Option<u16>) -> &'static str {
    match outcome {
        Outcome::Answered => "ANSWERED",
        Outcome::Failed => "FAILED",
        _ if cause == Some(USER_BUSY) => "BUSY",
        _ => "NO ANSWER",
    }
}

/// Extensions and names of agents, by their ids and by what a dialler may call them.
struct People {
    known: Vec<(String, String)>,
    by_id: HashMap<AgentId, usize>,
    by_word: HashMap<String, usize>,
}

impl People {
    async fn read(store: &Store) -> Result<Self, SourceError> {
        let mut people = Self {
            known: Vec::new(),
            by_id: HashMap::new(),
            by_word: HashMap::new(),
        };
        let mut after = None;
        loop {
            let page = store.agents().list(after, MAX_PAGE).await?;
            after = page.last().map(|agent| agent.id);
            let is_last = page.len() < MAX_PAGE as usize;
            for agent in page {
                let at = people.known.len();
                people.by_id.insert(agent.id, at);
                for word in [&agent.extension, &agent.name, &agent.id.to_string()] {
                    people.by_word.insert(word.clone(), at);
                }
                people.known.push((agent.extension, agent.name));
            }
            if is_last {
                return Ok(people);
            }
        }
    }

    fn of(&self, agent: AgentId) -> Option<(&str, &str)> {
        self.at(self.by_id.get(&agent))
    }

    fn called(&self, word: &str) -> Option<(&str, &str)> {
        self.at(self.by_word.get(word))
    }

    fn at(&self, at: Option<&usize>) -> Option<(&str, &str)> {
        let (extension, name) = self.known.get(*at?)?;
        Some((extension, name))
    }
}

/// Whole seconds, as Asterisk counts them.
fn whole(until: Timestamp, from: Timestamp) -> i64 {
    (until.as_micros() - from.as_micros()).div_euclid(1_000_000)
}

fn seconds(millis: Option<u64>) -> i64 {
    i64::try_from(millis.unwrap_or_default() / 1_000).unwrap_or(i64::MAX)
}
