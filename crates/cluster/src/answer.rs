//! What the scripts say, read back into our words.

use std::sync::Arc;
use std::time::Duration;

use engine::callerid::{
    Allocation, Asked, Counts, Health, NumberState, PoolScore, Refusal, Restored, Score, Shortage,
    Status, judge,
};
use model::{E164, ReservationId, Timestamp};
use redis::Value;

use crate::ClusterError;
use crate::pool::tier;
use crate::setup::Label;

/// What a reservation keeps besides what the scripts look at: campaign and agent.
pub(crate) fn rest(campaign: &str, agent: &str) -> String {
    serde_json::to_string(&[campaign, agent]).unwrap_or_default()
}

fn read_rest(rest: &str) -> Result<[Arc<str>; 2], ClusterError> {
    let rest: [String; 2] =
        serde_json::from_str(rest).map_err(|error| ClusterError::Malformed(error.to_string()))?;
    Ok(rest.map(Into::into))
}

/// A number that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub allocation: Box<Allocation>,
    /// IANA name; whose midnight begins a new day of its cap. A node that does not know the number counts its uses by it.
    pub time_zone: String,
}

pub(crate) enum Verdict {
    Present(Chosen),
    Refuse(Refusal),
    Again,
}

pub(crate) struct Finished {
    pub(crate) ended: Vec<ReservationId>,
    /// A number that an outcome was recorded for, and how it fares now.
    pub(crate) judged: Option<(String, Health)>,
}

/// An answer's parts, unless it says that the pool is another one.
pub(crate) fn array(answer: Value) -> Result<Vec<Value>, ClusterError> {
    let Value::Array(parts) = answer else {
        return Err(malformed(&answer));
    };
    match parts.first() {
        Some(Value::BulkString(word)) if word == b"lost" => Err(ClusterError::Lost),
        _ => Ok(parts),
    }
}

pub(crate) fn verdict(
    answer: &[Value],
    id: ReservationId,
    asked: &Asked,
) -> Result<Verdict, ClusterError> {
    let mut parts = Reader::new(answer);
    match parts.text()? {
        "present" => Ok(Verdict::Present(presented(parts, id, asked)?)),
        "slow" => Ok(Verdict::Refuse(Refusal::TooManyQuestions {
            retry_after: Duration::from_micros(parts.count()?),
        })),
        "none" => Ok(Verdict::Refuse(Refusal::Exhausted(Box::new(shortage(
            parts,
        )?)))),
        "again" => Ok(Verdict::Again),
        other => Err(ClusterError::Malformed(other.to_owned())),
    }
}

fn presented(
    mut parts: Reader<'_>,
    id: ReservationId,
    asked: &Asked,
) -> Result<Chosen, ClusterError> {
    let number = parts.number_e164()?;
    let tier = parts.tier()?;
    let made_at = parts.moment()?;
    let expires_at = parts.moment()?;
    let label = parts.text()?;
    let label: Label =
        serde_json::from_str(label).map_err(|error| ClusterError::Malformed(error.to_string()))?;
    let allocation = Allocation {
        ask: asked.ask,
        area_code: label.digits(),
        presented: label.presented.into(),
        carrier: label.carrier.into(),
        reservation: Restored {
            id,
            key: label.key,
            number,
            to: asked.to,
            tier,
            campaign: Arc::clone(&asked.campaign),
            agent: Arc::clone(&asked.agent),
            made_at,
            expires_at,
        },
    };
    Ok(Chosen {
        allocation: Box::new(allocation),
        time_zone: label.time_zone,
    })
}

fn shortage(mut parts: Reader<'_>) -> Result<Shortage, ClusterError> {
    let mut shortage = Shortage {
        retry_at: Some(parts.moment()?).filter(|at| at.as_micros() > 0),
        counts: parts.counts()?,
        tiers: Vec::new(),
    };
    while !parts.is_done() {
        let (tier, counts) = (parts.tier()?, parts.counts()?);
        match shortage.tiers.last_mut() {
            // Of the prefixes, the shortest holds all others.
            Some((last, shortest)) if *last == tier => *shortest = counts,
            _ => shortage.tiers.push((tier, counts)),
        }
    }
    Ok(shortage)
}

pub(crate) fn finished(answer: &[Value]) -> Result<Finished, ClusterError> {
    let mut parts = Reader::new(answer);
    let mut ids = Reader::new(parts.list()?);
    let mut ended = Vec::new();
    while !ids.is_done() {
        let id = ids.text()?;
        let id = id
            .parse()
            .map_err(|_| ClusterError::Malformed(id.to_owned()))?;
        ended.push(id);
    }
    let number = parts.text()?.to_owned();
    let judged = if number.is_empty() {
        None
    } else {
        let (own, pool) = (scores(parts.list()?)?, pool_scores(parts.list()?)?);
        Some((number, judge(own, pool)))
    };
    Ok(Finished { ended, judged })
}

/// By tier; an empty list where nothing has been recorded.
fn scores(list: &[Value]) -> Result<[Score; 6], ClusterError> {
    let mut scores = [Score::default(); 6];
    let mut outcomes = Reader::new(list);
    for score in scores.iter_mut().take(list.len()) {
        score.attempts = outcomes.small()?;
        score.answers = outcomes.small()?;
        score.short = outcomes.small()?;
    }
    Ok(scores)
}

fn pool_scores(list: &[Value]) -> Result<[PoolScore; 6], ClusterError> {
    let mut scores = [PoolScore::default(); 6];
    let mut outcomes = Reader::new(list);
    for score in scores.iter_mut().take(list.len()) {
        score.attempts = outcomes.count()?;
        score.answers = outcomes.count()?;
        score.short = outcomes.count()?;
    }
    Ok(scores)
}

/// Open reservations and numbers by status.
pub(crate) fn totals(answer: &[Value]) -> Result<(usize, Counts), ClusterError> {
    let mut parts = Reader::new(answer);
    let open = parts.small()?;
    let available = parts.small()?;
    let counts = Counts {
        available,
        ..parts.counts()?
    };
    Ok((open, counts))
}

/// An open reservation; nothing where its number is gone.
pub(crate) fn reservation(value: &Value) -> Result<Option<Restored>, ClusterError> {
    let Value::Array(parts) = value else {
        return Err(malformed(value));
    };
    let mut parts = Reader::new(parts);
    let id = parts.text()?;
    let id = id
        .parse()
        .map_err(|_| ClusterError::Malformed(id.to_owned()))?;
    let (number, to) = (parts.number_e164()?, parts.number_e164()?);
    let tier = parts.tier()?;
    let (made_at, expires_at) = (parts.moment()?, parts.moment()?);
    let [campaign, agent] = read_rest(parts.text()?)?;
    let Ok(label) = serde_json::from_str::<Label>(parts.text()?) else {
        return Ok(None);
    };
    Ok(Some(Restored {
        id,
        key: label.key,
        number,
        to,
        tier,
        campaign,
        agent,
        made_at,
        expires_at,
    }))
}

pub(crate) fn shown(value: &Value) -> Result<Option<NumberState>, ClusterError> {
    let Value::Array(parts) = value else {
        return Err(malformed(value));
    };
    if parts.is_empty() {
        return Ok(None);
    }
    let mut parts = Reader::new(parts);
    let status = match parts.text()? {
        "A" => Status::Available,
        "R" => Status::Reserved,
        "C" => Status::Capped,
        "S" => Status::Resting,
        "I" => Status::Inactive,
        "U" => Status::Unverified,
        other => return Err(ClusterError::Malformed(other.to_owned())),
    };
    let moment = |at: Timestamp| (at.as_micros() > 0).then_some(at);
    let in_use = parts.small()?;
    let used_this_minute = parts.small()?;
    let used_this_hour = parts.small()?;
    let used_today = parts.small()?;
    let capped_until = moment(parts.moment()?);
    let last_used_at = moment(parts.moment()?);
    let resting = parts.number()? == 1;
    let health = judge(scores(parts.list()?)?, pool_scores(parts.list()?)?);
    Ok(Some(NumberState {
        status,
        in_use,
        used_this_minute,
        used_this_hour,
        used_today,
        last_used_at,
        capped_until,
        health: Health { resting, ..health },
    }))
}

fn malformed(value: &Value) -> ClusterError {
    let mut shown = format!("{value:?}");
    shown.truncate(shown.floor_char_boundary(200));
    ClusterError::Malformed(shown)
}

/// Takes an answer's parts one after the other. A number may come as one or as text.
pub(crate) struct Reader<'a>(std::slice::Iter<'a, Value>);

impl<'a> Reader<'a> {
    pub(crate) fn new(parts: &'a [Value]) -> Self {
        Self(parts.iter())
    }

    fn next(&mut self) -> Result<&'a Value, ClusterError> {
        let next = self.0.next();
        next.ok_or_else(|| ClusterError::Malformed("it is too short".into()))
    }

    fn is_done(&self) -> bool {
        self.0.len() == 0
    }

    fn text(&mut self) -> Result<&'a str, ClusterError> {
        let value = self.next()?;
        match value {
            Value::BulkString(bytes) => std::str::from_utf8(bytes).map_err(|_| malformed(value)),
            _ => Err(malformed(value)),
        }
    }

    pub(crate) fn number(&mut self) -> Result<i64, ClusterError> {
        let value = self.next()?;
        match value {
            Value::Int(number) => Ok(*number),
            Value::BulkString(bytes) => std::str::from_utf8(bytes)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| malformed(value)),
            _ => Err(malformed(value)),
        }
    }

    fn small<T: TryFrom<i64>>(&mut self) -> Result<T, ClusterError> {
        let number = self.number()?;
        T::try_from(number).map_err(|_| ClusterError::Malformed(number.to_string()))
    }

    fn count(&mut self) -> Result<u64, ClusterError> {
        self.small()
    }

    fn number_e164(&mut self) -> Result<E164, ClusterError> {
        let digits = self.count()?;
        E164::from_digits(digits).ok_or_else(|| ClusterError::Malformed(digits.to_string()))
    }

    fn moment(&mut self) -> Result<Timestamp, ClusterError> {
        Ok(Timestamp::from_micros(self.number()?))
    }

    fn tier(&mut self) -> Result<model::Tier, ClusterError> {
        let number = self.number()?;
        tier(number).ok_or_else(|| ClusterError::Malformed(format!("tier {number}")))
    }

    fn list(&mut self) -> Result<&'a [Value], ClusterError> {
        let value = self.next()?;
        match value {
            Value::Array(list) => Ok(list),
            _ => Err(malformed(value)),
        }
    }

    fn counts(&mut self) -> Result<Counts, ClusterError> {
        Ok(Counts {
            available: 0,
            reserved: self.small()?,
            capped: self.small()?,
            resting: self.small()?,
            inactive: self.small()?,
            unverified: self.small()?,
        })
    }
}
