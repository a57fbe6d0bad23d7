//! What each trunk says to a call, in the order in which they are asked.

use std::cmp::Reverse;

use model::{Instant, TrunkId, TrunkOutbound};

use super::{Ask, Called, Line, Router};

/// Why a trunk takes a call, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Takes,
    /// It does, but could not take a call lately: others come first.
    TakesAfterFailure,
    NotActive,
    /// Another server's.
    OtherServer,
    /// Calls only come in on it.
    IncomingOnly,
    /// None of its rules is for this number, or it has some and this is no number of the world.
    NoRule,
    /// It could not take this call.
    Failed,
    /// Asterisk gets no answer from it.
    Unreachable,
    /// As many calls are up as may be.
    Full {
        max_channels: u16,
    },
    /// As many calls began within the last second as may.
    TooFast {
        max_calls_per_second: u16,
        until: Instant,
    },
}

/// What one trunk says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    pub trunk: TrunkId,
    pub name: String,
    pub verdict: Verdict,
    /// The number, as this trunk wants it.
    pub dials: Option<String>,
    pub priority: Option<u16>,
    pub cost_micros_per_minute: Option<u32>,
    /// Calls that are up on it.
    pub channels: usize,
    pub(super) rank: Rank,
}

/// Whether it comes later, its priority, and what it costs; a price that nobody knows comes last.
pub(super) type Rank = (bool, bool, u16, u32);

impl Considered {
    /// Whether the trunk takes the call.
    pub fn is_taken(&self) -> bool {
        matches!(self.verdict, Verdict::Takes | Verdict::TakesAfterFailure)
    }

    pub(super) fn retry_at(&self) -> Option<Instant> {
        match self.verdict {
            Verdict::TooFast { until, .. } => Some(until),
            _ => None,
        }
    }
}

impl Router {
    /// What each trunk says; those that take the call come first, in their order.
    pub fn explain(&self, now: Instant, ask: Ask<'_>) -> Vec<Considered> {
        let mut lines: Vec<(Considered, i64)> = self
            .lines
            .values()
            .map(|line| (line.consider(now, ask), line.credit + line.weight()))
            .collect();
        lines.sort_by(|(a, mine), (b, other)| {
            let order = a.rank.cmp(&b.rank);
            order
                .then(Reverse(mine).cmp(&Reverse(other)))
                .then(a.name.cmp(&b.name))
        });
        lines
            .into_iter()
            .map(|(considered, _)| considered)
            .collect()
    }
}

impl Line {
    fn consider(&self, now: Instant, ask: Ask<'_>) -> Considered {
        let outbound = self.trunk.outbound.as_ref();
        let (dials, cost) = outbound
            .and_then(|outbound| dials(outbound, ask.to))
            .unzip();
        let verdict = self.verdict(now, ask, dials.is_some());
        let cost = cost.flatten();
        let priority = outbound.map(|outbound| outbound.priority);
        let mut considered = Considered {
            trunk: self.trunk.id,
            name: self.trunk.name.clone(),
            verdict,
            dials,
            priority,
            cost_micros_per_minute: cost,
            channels: self.channels.len(),
            rank: Rank::default(),
        };
        considered.rank = (
            !considered.is_taken(),
            verdict == Verdict::TakesAfterFailure,
            priority.unwrap_or(u16::MAX),
            cost.unwrap_or(u32::MAX),
        );
        considered
    }

    fn verdict(&self, now: Instant, ask: Ask<'_>, has_rule: bool) -> Verdict {
        let Some(outbound) = &self.trunk.outbound else {
            return Verdict::IncomingOnly;
        };
        if !self.trunk.active {
            return Verdict::NotActive;
        }
        if !self.is_at(ask.server) {
            return Verdict::OtherServer;
        }
        if !has_rule {
            return Verdict::NoRule;
        }
        if ask.tried.contains(&self.trunk.id) {
            return Verdict::Failed;
        }
        let is_unreachable = self.unreachable.contains(&ask.server);
        if matches!(ask.to, Called::Emergency(_)) {
            let is_doubtful = is_unreachable || self.rests(now, ask.server);
            return if is_doubtful {
                Verdict::TakesAfterFailure
            } else {
                Verdict::Takes
            };
        }
        if is_unreachable {
            return Verdict::Unreachable;
        }
        if let Some(max_channels) = outbound.max_channels
            && self.channels.len() >= max_channels.into()
        {
            return Verdict::Full { max_channels };
        }
        if let Some(max_calls_per_second) = outbound.max_calls_per_second
            && let Some(until) = self.too_fast_until(now, max_calls_per_second.into())
        {
            return Verdict::TooFast {
                max_calls_per_second,
                until,
            };
        }
        if self.rests(now, ask.server) {
            return Verdict::TakesAfterFailure;
        }
        Verdict::Takes
    }
}

/// What is dialled through a trunk, and what a minute costs where that is known; nothing where it is not for such numbers.
fn dials(outbound: &TrunkOutbound, to: Called<'_>) -> Option<(String, Option<u32>)> {
    match to {
        Called::Number(to) => {
            let rule = outbound.rule_for(to)?;
            Some((rule.dialled(to), rule.cost_micros_per_minute))
        }
        Called::AsDialled(text) => outbound.rules.is_empty().then(|| (text.to_owned(), None)),
        Called::Emergency(digits) => Some((digits.to_owned(), None)),
    }
}
