//! What stands in the ledger: every reservation, every end of one, and where the number stands after it.
//!
//! A number's counts are written as they are, not as what to add, so that a record may be applied twice. A record is written
//! before its answer leaves, so it is short: packed, not text.

use std::sync::Arc;

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
    /// Nothing: they are as they were.
    pub counts: Option<Counts>,
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    Reserved {
        reservation: ReservationId,
        e164: E164,
        to: E164,
        tier: Tier,
        #[serde(with = "shared_text")]
        campaign: Arc<str>,
        #[serde(with = "shared_text")]
        agent: Arc<str>,
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
    #[serde(default)]
    pub(super) foreign: Option<Foreign>,
}

/// A text that many share, written as any other.
mod shared_text {
    use super::{Arc, Deserialize};

    pub(super) fn serialize<S: serde::Serializer>(
        text: &Arc<str>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<str>, D::Error> {
        <&str>::deserialize(deserializer).map(Arc::from)
    }
}

impl Entry for Record {
    type Body = (CallerIdKey, Option<Counts>, Body);

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

    fn write(&self, to: &mut Vec<u8>) {
        let packed = postcard::to_extend(self, std::mem::take(to));
        *to = packed.expect("all lengths are known");
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        match postcard::take_from_bytes(bytes) {
            Ok((record, [])) => Some(record),
            _ => None,
        }
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
            campaign: made.campaign.clone(),
            agent: made.agent.clone(),
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

    /// Whether the number's counts change by it.
    pub(super) fn counts(&self) -> bool {
        !matches!(self, Self::Ended { answered: None, .. })
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
    let counts = record.counts.as_ref();
    LedgerEntry {
        seq: record.seq,
        at: record.at,
        caller_id: record.number,
        counts: counts.and_then(|counts| serde_json::to_string(counts).ok()),
        foreign: counts.is_some_and(|counts| counts.foreign.is_some()),
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
                campaign: campaign.to_string(),
                agent: agent.to_string(),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use engine::callerid::Release;
    use proptest::prelude::*;

    use super::*;

    fn reserved() -> Record {
        let at = Timestamp::from_micros(1_764_000_000_123_456);
        Record {
            seq: 1_000_000,
            at,
            number: CallerIdKey::new(at, 1),
            counts: Some(Usage::default().into()),
            body: Body::Reserved {
                reservation: ReservationId::new(at, 2),
                e164: "+12025550147".parse().unwrap(),
                to: "+421905550100".parse().unwrap(),
                tier: Tier::AreaCode,
                campaign: "Žilina – \n spring".into(),
                agent: "agent\u{1b}017".into(),
                expires_at: at.after(std::time::Duration::from_mins(5)),
            },
        }
    }

    fn written(record: &Record) -> Vec<u8> {
        let mut bytes = b"before".to_vec();
        record.write(&mut bytes);
        bytes.split_off(6)
    }

    #[test]
    fn a_record_is_read_back_as_it_was_written_and_short() {
        let mut record = reserved();
        record.counts.as_mut().unwrap().foreign = Some(Foreign::of(
            "+12025550148".parse().unwrap(),
            "Europe/Bratislava",
        ));
        assert_eq!(Record::read(&written(&record)), Some(record));
        assert!(
            written(&reserved()).len() < 160,
            "{}",
            written(&reserved()).len()
        );
    }

    #[test]
    fn counts_stand_only_where_they_change() {
        let ended = |why| {
            Body::ended(&Ended {
                reservation: ReservationId::new(Timestamp::default(), 2),
                key: CallerIdKey::new(Timestamp::default(), 1),
                to: "+421905550100".parse().unwrap(),
                why,
                at: Timestamp::default(),
            })
        };
        let outcome = Outcome {
            answered: true,
            talk: std::time::Duration::from_secs(61),
        };
        assert!(reserved().body.counts());
        assert!(ended(Release::CallEnded(Some(outcome))).counts());
        assert!(!ended(Release::CallEnded(None)).counts());
        assert!(!ended(Release::TimedOut).counts());
    }

    proptest! {
        #[test]
        fn other_bytes_are_refused_or_read_but_never_a_panic(cut in 0_usize..200, at in 0_usize..200, byte: u8) {
            let mut bytes = written(&reserved());
            bytes.truncate(cut);
            if let Some(changed) = bytes.get_mut(at) {
                *changed = byte;
            }
            let _ = Record::read(&bytes);
            bytes = written(&reserved());
            bytes.push(byte);
            prop_assert_eq!(Record::read(&bytes), None);
        }
    }
}
