//! By which trunk a call goes out: the first that takes the number, answers, and has room.
//!
//! One [`Router`] knows all trunks, the channels that are up on them, and which of them answer. It must never give a trunk
//! more calls at a time, or within a second, than it may have; channels that others began count as ours do.
//!
//! Trunks are asked in this order: those that have not just failed, then by priority, then by cost, then by turns according
//! to their weights.

mod explain;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use model::{DialOut, E164, Instant, ServerId, Trunk, TrunkId};

pub use explain::{Considered, Verdict};

/// How long a trunk that could not take a call comes after all others.
pub const REST: Duration = Duration::from_secs(30);
/// The time that calls per second are counted over.
const SECOND: Duration = Duration::from_secs(1);
/// Channels that are counted on one trunk. No line carries more.
const MAX_CHANNELS: usize = 65_536;

/// Whom a call is for.
#[derive(Debug, Clone, Copy)]
pub enum Called<'a> {
    Number(E164),
    /// What cannot be read as a number of the world, such as a short one of a provider's: only for trunks without rules, which take
    /// everything as it is.
    AsDialled(&'a str),
    /// A call for help: any trunk takes it, however full, and one that does not answer is tried after the others.
    Emergency(&'a str),
}

/// Who wants to call whom from where.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub server: ServerId,
    pub to: Called<'a>,
    /// Trunks that could not take this call.
    pub tried: &'a [TrunkId],
}

/// The way of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub trunk: TrunkId,
    /// What the trunk is called in dial strings.
    pub name: String,
    /// The number, as this trunk wants it.
    pub number: String,
}

/// How somebody is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// As the server's own dialplan wants it: Asterisk's dial string.
    DialOut(String),
    Trunk(Route),
}

impl Way {
    /// For Asterisk: `PJSIP/{number}@{name}`.
    pub fn dial_string(&self) -> String {
        match self {
            Self::DialOut(dial_string) => dial_string.clone(),
            Self::Trunk(route) => format!("PJSIP/{}@{}", route.number, route.name),
        }
    }
}

/// No trunk takes the call now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRoute {
    /// When one takes it again that is only asked too often; nothing: waiting does not help.
    pub retry_at: Option<Instant>,
    /// What each trunk says.
    pub considered: Vec<Considered>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// From now on the trunk is so. What is up on it stays.
    TrunkSet(Box<Trunk>),
    TrunkRemoved(TrunkId),
    /// All calls of this server go where its own dialplan leads; nothing: by trunks.
    DialOutSet {
        server: ServerId,
        dial_out: Option<DialOut>,
    },
    /// The server is no more.
    ServerForgotten {
        server: ServerId,
    },
    /// A channel is up on a trunk, by the trunk's name.
    ChannelBegan {
        server: ServerId,
        trunk: String,
        channel: String,
        /// It calls out; otherwise somebody calls in.
        outgoing: bool,
    },
    ChannelEnded {
        server: ServerId,
        trunk: String,
        channel: String,
    },
    /// A channel that a trunk was chosen for is not made, or nobody knows. Should it come, `ChannelBegan` counts it; one of
    /// which it has come goes on.
    ChannelNotMade {
        server: ServerId,
        channel: String,
    },
    /// Whether Asterisk gets answers from a trunk.
    TrunkReached {
        server: ServerId,
        trunk: String,
        reachable: bool,
    },
    /// What is really there: channels on trunks, and trunks from which there is no answer.
    ServerCompared {
        server: ServerId,
        channels: Vec<(String, String)>,
        unreachable: BTreeSet<String>,
    },
    /// A trunk could not take a call.
    TrunkFailed {
        server: ServerId,
        trunk: TrunkId,
    },
}

/// Chooses.
#[derive(Debug, Default)]
pub struct Router {
    lines: BTreeMap<TrunkId, Line>,
    by_name: BTreeMap<String, TrunkId>,
    /// Servers whose own dialplan decides.
    dial_outs: BTreeMap<ServerId, DialOut>,
}

/// A trunk and what is going on there.
#[derive(Debug)]
struct Line {
    trunk: Trunk,
    channels: BTreeMap<(ServerId, String), Counted>,
    /// The calls of the last second, the oldest first.
    begun: VecDeque<Instant>,
    unreachable: BTreeSet<ServerId>,
    /// It could not take a call there.
    rests: BTreeMap<ServerId, Instant>,
    /// How much it is ahead of its turn (smooth weighted round robin).
    credit: i64,
}

/// Why a channel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// The trunk was chosen for it, and Asterisk has not told of it yet.
    Chosen,
    Seen,
}

impl Router {
    /// Takes in one thing that happened.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::TrunkSet(trunk) => self.set(*trunk),
            Input::TrunkRemoved(trunk) => {
                if let Some(line) = self.lines.remove(&trunk) {
                    self.by_name.remove(&line.trunk.name);
                }
            }
            Input::DialOutSet { server, dial_out } => match dial_out {
                Some(dial_out) => drop(self.dial_outs.insert(server, dial_out)),
                None => drop(self.dial_outs.remove(&server)),
            },
            Input::ServerForgotten { server } => {
                self.dial_outs.remove(&server);
                for line in self.lines.values_mut() {
                    line.channels.retain(|(at, _), _| *at != server);
                    line.unreachable.remove(&server);
                    line.rests.remove(&server);
                }
            }
            Input::ChannelBegan {
                server,
                trunk,
                channel,
                outgoing,
            } => {
                if let Some(line) = self.named(&trunk) {
                    line.see(now, (server, channel), outgoing);
                }
            }
            Input::ChannelEnded {
                server,
                trunk,
                channel,
            } => {
                if let Some(line) = self.named(&trunk) {
                    line.channels.remove(&(server, channel));
                }
            }
            Input::ChannelNotMade { server, channel } => {
                let key = (server, channel);
                for line in self.lines.values_mut() {
                    if line.channels.get(&key) == Some(&Counted::Chosen) {
                        line.channels.remove(&key);
                    }
                }
            }
            Input::TrunkReached {
                server,
                trunk,
                reachable,
            } => {
                if let Some(line) = self.named(&trunk) {
                    line.reached(server, reachable);
                }
            }
            Input::ServerCompared {
                server,
                channels,
                unreachable,
            } => self.compare(server, channels, &unreachable),
            Input::TrunkFailed { server, trunk } => {
                if let Some(line) = self.lines.get_mut(&trunk) {
                    line.rests.insert(server, now.after(REST));
                }
            }
        }
    }

    fn set(&mut self, trunk: Trunk) {
        let id = trunk.id;
        if let Some(before) = self.lines.get(&id) {
            self.by_name.remove(&before.trunk.name);
        }
        self.by_name.insert(trunk.name.clone(), id);
        match self.lines.get_mut(&id) {
            Some(line) => line.change(trunk),
            None => drop(self.lines.insert(id, Line::new(trunk))),
        }
    }

    fn compare(
        &mut self,
        server: ServerId,
        channels: Vec<(String, String)>,
        unreachable: &BTreeSet<String>,
    ) {
        for line in self.lines.values_mut() {
            line.forget_seen(server);
            line.reached(server, !unreachable.contains(&line.trunk.name));
        }
        for (trunk, channel) in channels {
            if let Some(line) = self.named(&trunk) {
                line.count(server, channel, Counted::Seen);
            }
        }
    }

    /// Whether calls go out from this server at all.
    pub fn serves(&self, server: ServerId) -> bool {
        if self.has_dial_out(server) {
            return true;
        }
        let takes = |line: &Line| {
            let trunk = &line.trunk;
            trunk.active && trunk.outbound.is_some() && line.is_at(server)
        };
        self.lines.values().any(takes)
    }

    /// Whether the server's own dialplan decides.
    pub fn has_dial_out(&self, server: ServerId) -> bool {
        self.dial_outs.contains_key(&server)
    }

    /// The way of a call, which counts from now on as a channel of this id.
    pub fn choose(&mut self, now: Instant, ask: Ask<'_>, channel: &str) -> Result<Way, NoRoute> {
        if let (Some(dial_out), Called::Number(to)) = (self.dial_outs.get(&ask.server), ask.to) {
            return Ok(Way::DialOut(dial_out.to(to)));
        }
        let considered = self.explain(now, ask);
        let best = considered.first().filter(|first| first.is_taken());
        let Some(best) = best else {
            return Err(NoRoute {
                retry_at: considered.iter().filter_map(Considered::retry_at).min(),
                considered,
            });
        };
        let equals = considered.iter().take_while(|it| it.rank == best.rank);
        let equals: Vec<TrunkId> = equals.map(|it| it.trunk).collect();
        let route = Route {
            trunk: best.trunk,
            name: best.name.clone(),
            number: best.dials.clone().unwrap_or_default(),
        };
        self.take_turn(&equals);
        if let Some(line) = self.lines.get_mut(&route.trunk) {
            line.begin(now, ask.server, channel);
        }
        Ok(Way::Trunk(route))
    }

    fn named(&mut self, name: &str) -> Option<&mut Line> {
        self.lines.get_mut(self.by_name.get(name)?)
    }

    /// The first of them had its turn.
    fn take_turn(&mut self, equals: &[TrunkId]) {
        let weights = equals
            .iter()
            .filter_map(|id| Some(self.lines.get(id)?.weight()));
        let all: i64 = weights.sum();
        for (place, id) in equals.iter().enumerate() {
            if let Some(line) = self.lines.get_mut(id) {
                line.credit += line.weight();
                if place == 0 {
                    line.credit -= all;
                }
            }
        }
    }
}

impl Line {
    fn new(trunk: Trunk) -> Self {
        Self {
            trunk,
            channels: BTreeMap::new(),
            begun: VecDeque::new(),
            unreachable: BTreeSet::new(),
            rests: BTreeMap::new(),
            credit: 0,
        }
    }

    fn is_at(&self, server: ServerId) -> bool {
        self.trunk.server.is_none_or(|only| only == server)
    }

    fn weight(&self) -> i64 {
        let outbound = self.trunk.outbound.as_ref();
        outbound.map_or(1, |outbound| outbound.weight.into())
    }

    fn begin(&mut self, now: Instant, server: ServerId, channel: &str) {
        self.clock_in(now);
        self.count(server, channel.to_owned(), Counted::Chosen);
    }

    /// Calls that others began count among those of this second, too, as soon as they are seen.
    fn see(&mut self, now: Instant, channel: (ServerId, String), outgoing: bool) {
        if outgoing && !self.channels.contains_key(&channel) {
            self.clock_in(now);
        }
        self.count(channel.0, channel.1, Counted::Seen);
    }

    fn clock_in(&mut self, now: Instant) {
        let most = self
            .trunk
            .outbound
            .as_ref()
            .and_then(|it| it.max_calls_per_second);
        self.begun.push_back(now);
        while self.begun.len() > most.unwrap_or(1).into() {
            self.begun.pop_front();
        }
    }

    fn count(&mut self, server: ServerId, channel: String, why: Counted) {
        if self.channels.len() < MAX_CHANNELS {
            self.channels.insert((server, channel), why);
        }
    }

    /// Of a trunk that is elsewhere now, nobody knows whether it answers.
    fn change(&mut self, trunk: Trunk) {
        let asked = |of: &Trunk| (of.host.clone(), of.port, of.transport, of.qualify_seconds);
        if asked(&self.trunk) != asked(&trunk) {
            self.unreachable.clear();
            self.rests.clear();
        }
        self.trunk = trunk;
    }

    fn reached(&mut self, server: ServerId, reachable: bool) {
        if reachable {
            self.unreachable.remove(&server);
        } else {
            self.unreachable.insert(server);
        }
    }

    /// What is just being made is in no picture yet.
    fn forget_seen(&mut self, server: ServerId) {
        self.channels
            .retain(|(at, _), why| *at != server || *why == Counted::Chosen);
    }

    /// Whether it takes the calls of this server again only later.
    fn rests(&self, now: Instant, server: ServerId) -> bool {
        self.rests.get(&server).is_some_and(|until| now < *until)
    }

    /// When the next call may begin; nothing: now.
    fn too_fast_until(&self, now: Instant, most: usize) -> Option<Instant> {
        let full = self.begun.len() >= most;
        let oldest = self
            .begun
            .get(self.begun.len().checked_sub(most)?)
            .filter(|_| full)?;
        let free = oldest.after(SECOND);
        (now < free).then_some(free)
    }
}
