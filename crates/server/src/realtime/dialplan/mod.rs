//! The dialplan as Asterisk asks for it: one row for a context, a number and a priority.
//!
//! Each row is made when it is asked for, from the rules and from what is set up at that moment. A row depends on what was asked and by
//! which server, and on nothing of the call: Asterisk keeps it for a second, for whoever dials the same in the same context.

mod rows;
pub(crate) mod simulation;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use engine::{
    dialplan::{Dialplan, Outside, Path, Reading, Surroundings, Way},
    trunk::{Ask, Called, Considered, Input},
};
use model::{
    DID_CONTEXT, DialplanContextId, Did, DidId, Extension, OWN_CONTEXTS, Queue, QueueId, ServerId,
    Trunk, TrunkId,
};
use store::KeptContext;

use super::{conditions::Conditions, row::Row};
use crate::{
    numbers::{Destination, Numbers},
    ways::Ways,
};

/// How many contexts there are in Asterisk that ask for ours (`extensions_cordboard.conf`).
pub const MAX_CONTEXTS: u16 = 100;
/// The most trunks that are tried for one call: they stand in one row of at most 511 characters.
const MAX_WAYS: usize = 4;

/// All that decides where a call goes.
#[derive(Debug, Default)]
pub(super) struct LiveDialplan {
    rules: Dialplan,
    /// Name and slot of each context.
    contexts: BTreeMap<DialplanContextId, (String, u16)>,
    slots: BTreeMap<u16, String>,
    /// By number.
    phones: BTreeMap<String, Line>,
    /// By name.
    trunks: BTreeMap<String, Line>,
    /// Which of them take a number now, and how they want it.
    ways: Ways,
    /// How numbers without a country are read.
    numbers: Numbers,
    queues: BTreeMap<QueueId, String>,
    /// Under which word each server hands calls to us.
    applications: BTreeMap<ServerId, String>,
}

/// A phone or a trunk that can be called.
#[derive(Debug, Clone)]
struct Line {
    /// The only server that knows it.
    server: Option<ServerId>,
    context: String,
}

impl Line {
    fn is_at(&self, server: Option<ServerId>) -> bool {
        self.server.is_none() || self.server == server
    }
}

/// The centre as one server sees it.
struct Seen<'a> {
    live: &'a LiveDialplan,
    server: Option<ServerId>,
}

impl Surroundings for Seen<'_> {
    fn has_phone(&self, number: &str) -> bool {
        let phone = self.live.phones.get(number);
        phone.is_some_and(|phone| phone.is_at(self.server))
    }

    fn outside(&self, number: &str) -> Outside {
        let numbers = self.live.numbers;
        let (reading, ways) = match numbers.destination(number) {
            // It would be another number in most of the world.
            Ok(Destination::Number(_)) if !number.starts_with('+') && !numbers.has_country() => {
                let why = "has no country code, and acd.country is not set".to_owned();
                (
                    Reading::AsDialled(why),
                    self.ways(Called::AsDialled(number)),
                )
            }
            Ok(Destination::Number(to)) => (Reading::Number, self.ways(Called::Number(to))),
            Ok(Destination::Emergency(digits)) => {
                let digits = digits.to_string();
                (Reading::Emergency, self.ways(Called::Emergency(&digits)))
            }
            Err(why) => {
                let reading = Reading::AsDialled(why.to_string());
                (reading, self.ways(Called::AsDialled(number)))
            }
        };
        Outside { reading, ways }
    }
}

impl Seen<'_> {
    /// The trunks that take the call, in their order, each with the number as it wants it.
    fn ways(&self, to: Called<'_>) -> Vec<Way> {
        let Some(server) = self.server else {
            return Vec::new();
        };
        let tried = &[];
        let ask = Ask { server, to, tried };
        let considered = self.live.ways.explain(ask);
        let takes = considered.into_iter().filter(Considered::is_taken);
        let way = |it: Considered| Way {
            trunk: it.name,
            number: it.dials.unwrap_or_default(),
        };
        takes.map(way).take(MAX_WAYS).collect()
    }
}

impl LiveDialplan {
    pub(super) fn new(numbers: Numbers, ways: Ways) -> Self {
        Self {
            ways,
            numbers,
            ..Self::default()
        }
    }

    pub(super) fn ways(&self) -> Ways {
        self.ways.clone()
    }

    pub(super) fn set(&mut self, kept: &KeptContext) {
        self.remove(kept.context.id);
        let name = kept.context.name.clone();
        self.rules.set(&kept.context);
        self.slots.insert(kept.slot, name.clone());
        self.contexts.insert(kept.context.id, (name, kept.slot));
    }

    pub(super) fn remove(&mut self, id: DialplanContextId) {
        if let Some((name, slot)) = self.contexts.remove(&id) {
            self.rules.remove(&name);
            self.slots.remove(&slot);
        }
    }

    pub(super) fn set_phone(&mut self, extension: &Extension) {
        let line = Line {
            server: extension.server,
            context: extension.context.clone(),
        };
        self.phones.insert(extension.number.clone(), line);
    }

    pub(super) fn remove_phone(&mut self, number: &str) {
        self.phones.remove(number);
    }

    pub(super) fn set_trunk(&mut self, trunk: &Trunk) {
        let set = Input::TrunkSet(Box::new(trunk.clone()));
        self.ways.handle(set);
        if !trunk.active {
            return;
        }
        let line = Line {
            server: trunk.server,
            context: trunk.context.clone(),
        };
        self.trunks.insert(trunk.name.clone(), line);
    }

    pub(super) fn remove_trunk(&mut self, trunk: TrunkId) {
        self.ways.handle(Input::TrunkRemoved(trunk));
    }

    /// No call goes out or comes in by the trunk of this name. What is up on it still counts.
    pub(super) fn take_out(&mut self, name: &str) {
        self.trunks.remove(name);
    }

    pub(super) fn set_queue(&mut self, queue: &Queue) {
        self.queues.insert(queue.id, queue.name.clone());
    }

    pub(super) fn remove_queue(&mut self, queue: QueueId) {
        self.queues.remove(&queue);
    }

    pub(super) fn set_did(&mut self, did: &Did) {
        self.rules.set_did(did);
    }

    pub(super) fn remove_did(&mut self, did: DidId) {
        self.rules.remove_did(did);
    }

    pub(super) fn set_server(&mut self, server: ServerId, application: &str) {
        self.applications.insert(server, application.to_owned());
    }

    pub(super) fn remove_server(&mut self, server: ServerId) {
        self.applications.remove(&server);
    }

    pub(super) fn rules(&self) -> &Dialplan {
        &self.rules
    }

    /// The next slot after `last` that no context has.
    pub(super) fn free_slot(&self, last: u16) -> Option<u16> {
        let last = last.min(MAX_CONTEXTS);
        let after = (last + 1..=MAX_CONTEXTS).chain(1..=last);
        after
            .into_iter()
            .find(|slot| !self.slots.contains_key(slot))
    }

    /// The context in Asterisk that stands for this one; nothing: it is the site's own.
    pub(super) fn in_asterisk(&self, context: &str) -> Option<String> {
        let mut slots = self.slots.iter();
        let found = slots.find(|(_, name)| *name == context);
        found.map(|(slot, _)| context_of(*slot))
    }

    /// What `server` gets; nothing where there is no such step.
    pub(super) fn answer(&self, server: ServerId, wanted: &Conditions) -> Option<String> {
        let (in_asterisk, exten) = (wanted.value("context")?, wanted.value("exten")?);
        let priority: usize = wanted.value("priority")?.parse().ok()?;
        let path = if in_asterisk == DID_CONTEXT {
            let seen = Seen {
                live: self,
                server: Some(server),
            };
            self.rules.follow_did(exten, &seen)
        } else {
            let slot = in_asterisk.strip_prefix(OWN_CONTEXTS)?.parse().ok()?;
            self.follow(self.slots.get(&slot)?, exten, Some(server))
        };
        let steps = rows::steps(&path.end, self, self.applications.get(&server)?);
        let (app, data) = steps.into_iter().nth(priority.checked_sub(1)?)?;
        let row = Row::new(vec![
            ("exten", exten.to_owned()),
            ("context", in_asterisk.to_owned()),
            ("priority", priority.to_string()),
            ("app", app.to_owned()),
            ("appdata", data),
        ]);
        Some(row.line().to_owned())
    }

    fn follow<'a>(&'a self, context: &'a str, dialled: &str, server: Option<ServerId>) -> Path<'a> {
        let seen = Seen { live: self, server };
        self.rules.follow(context, dialled, &seen)
    }
}

impl rows::Names for LiveDialplan {
    fn queue_name(&self, queue: QueueId) -> Option<&str> {
        self.queues.get(&queue).map(String::as_str)
    }

    fn context_of(&self, context: &str) -> String {
        let ours = self.in_asterisk(context);
        ours.unwrap_or_else(|| context.to_owned())
    }
}

/// The context in Asterisk of a slot.
pub fn context_of(slot: u16) -> String {
    format!("{OWN_CONTEXTS}{slot}")
}
