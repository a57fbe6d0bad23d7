//! What stands in the ledger: every reservation, every end of one, and where the number stands after it.
//!
//! A number's counts are written as they are, not as what to add, so that a record may be applied twice.

use engine::callerid::{Allocation, Ended, Outcome, Release, Restored, Score, Usage};
use model::{CallerIdKey, CallerIdUse, E164, ReservationId, Tier, Timestamp, UseEnd};
use serde::{Deserialize, Serialize};
use store::{LedgerEntry, Store, UseFact};

use super::desk::Foreign;
use crate::journal::{Entry, Sink};

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub seq: u64,
    pub at: Timestamp,
    pub number: CallerIdKey,
    pub counts: Counts,
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    Reserved {
        reservation: ReservationId,
        e164: E164,
        to: E164,
        tier: Tier,
        campaign: String,
        agent: String,
        expires_at: Timestamp,
    },
    Ended {
        reservation: ReservationId,
        end: UseEnd,
        answered: Option<bool>,
        talk_ms: Option<u64>,
    },
    /// The reservation had timed out before, and its call went on.
    Outlasted {
        reservation: ReservationId,
        answered: bool,
        talk_ms: u64,
    },
}

/// [`Usage`], short: window ids with their uses, the last use, the scores by tier; and whose number it is, if not this node's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    windows: [(u32, u32); 3],
    last_used_at: Option<Timestamp>,
    scores: [(u16, u16, u16); 6],
    resting: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) foreign: Option<Foreign>,
}

impl Entry for Record {
    type Body = (CallerIdKey, Counts, Body);

    fn new(seq: u64, at: Timestamp, (number, counts, body): Self::Body) -> Self {
        Self {
            seq,
            at,
            number,
            counts,
            body,
        }
    }

    fn seq(&self) -> u64 {
        self.seq
    }
}

impl From<&Allocation> for Body {
    fn from(allocation: &Allocation) -> Self {
        let made = &allocation.reservation;
        Self::Reserved {
            reservation: made.id,
            e164: made.number,
            to: made.to,
            tier: made.tier,
            campaign: made.campaign.to_string(),
            agent: made.agent.to_string(),
            expires_at: made.expires_at,
        }
    }
}

impl Body {
    pub(super) fn ended(ended: &Ended) -> Self {
        let (end, outcome) = match ended.why {
            Release::CallEnded(outcome) => (UseEnd::CallEnded, outcome),
            Release::Deleted => (UseEnd::Deleted, None),
            Release::TimedOut => (UseEnd::TimedOut, None),
            Release::NumberRemoved => (UseEnd::NumberRemoved, None),
        };
        Self::Ended {
            reservation: ended.reservation,
            end,
            answered: outcome.map(|outcome| outcome.answered),
            talk_ms: outcome.map(talk_ms),
        }
    }

    /// `None`: nobody saw how the call went.
    pub(super) fn outlasted(ended: &Ended) -> Option<Self> {
        let Release::CallEnded(Some(outcome)) = ended.why else {
            return None;
        };
        Some(Self::Outlasted {
            reservation: ended.reservation,
            answered: outcome.answered,
            talk_ms: talk_ms(outcome),
        })
    }
}

fn talk_ms(outcome: Outcome) -> u64 {
    u64::try_from(outcome.talk.as_millis()).unwrap_or(u64::MAX)
}

impl From<Usage> for Counts {
    fn from(usage: Usage) -> Self {
        Self {
            windows: [usage.minute, usage.hour, usage.day],
            last_used_at: usage.last_used_at,
            scores: usage.scores.map(|s| (s.attempts, s.answers, s.short)),
            resting: usage.resting,
            foreign: None,
        }
    }
}

impl From<Counts> for Usage {
    fn from(counts: Counts) -> Self {
        let [minute, hour, day] = counts.windows;
        Self {
            last_used_at: counts.last_used_at,
            minute,
            hour,
            day,
            scores: counts.scores.map(|(attempts, answers, short)| Score {
                attempts,
                answers,
                short,
            }),
            resting: counts.resting,
        }
    }
}

impl Sink<Record> for Store {
    async fn apply(&self, records: &[Record]) -> Result<(), String> {
        let entries: Vec<_> = records.iter().map(entry).collect();
        let applied = self.ledger().apply(&entries).await;
        applied.map(drop).map_err(|error| error.to_string())
    }
}

fn entry(record: &Record) -> LedgerEntry {
    let counts = serde_json::to_string(&record.counts).ok();
    LedgerEntry {
        seq: record.seq,
        at: record.at,
        caller_id: record.number,
        counts,
        foreign: record.counts.foreign.is_some(),
        fact: record.body.clone().into(),
    }
}

impl From<Body> for UseFact {
    fn from(body: Body) -> Self {
        match body {
            Body::Reserved {
                reservation,
                e164,
                to,
                tier,
                campaign,
                agent,
                expires_at,
            } => Self::Reserved {
                reservation,
                number: e164,
                to,
                tier,
                campaign,
                agent,
                expires_at,
            },
            Body::Ended {
                reservation,
                end,
                answered,
                talk_ms,
            } => Self::Ended {
                reservation,
                end,
                answered,
                talk_ms,
            },
            Body::Outlasted {
                reservation,
                answered,
                talk_ms,
            } => Self::Outlasted {
                reservation,
                answered,
                talk_ms,
            },
        }
    }
}

/// A reservation that was open when we stopped.
pub(super) fn restored(made: CallerIdUse) -> Restored {
    Restored {
        id: made.id,
        key: made.caller_id,
        number: made.number,
        to: made.to,
        tier: made.tier,
        campaign: made.campaign.into(),
        agent: made.agent.into(),
        made_at: made.made_at,
        expires_at: made.expires_at,
    }
}
