//! What can happen to the allocator, and what it answers.

use std::sync::Arc;
use std::time::Duration;

use model::{CallerId, CallerIdKey, CallerIdRule, E164, Place, ReservationId, Tier, Timestamp};
use smol_str::SmolStr;

use super::health::{Health, Score};

/// One thing that happened. Late and doubled inputs are normal and must do no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A second one with the same id replaces the first and keeps its usage. A number that is already known
    /// under another id is ignored: the store refuses it long before.
    NumberSet(Box<CallerId>),
    /// Its open reservations end.
    NumberRemoved(CallerIdKey),
    RuleSet(CallerIdRule),
    RuleRemoved(String),

    // ---- after a restart, before the first question
    UsageRestored {
        number: CallerIdKey,
        usage: Box<Usage>,
    },
    ReservationRestored(Restored),
    /// Some uses may have been forgotten: every number counts so many more in the windows of this moment.
    ChargedAhead {
        uses: u32,
    },
    PersonRestored {
        to: E164,
        number: E164,
        at: Timestamp,
    },

    /// Somebody is about to place a call.
    Asked(Asked),
    /// An allocator that several nodes share chose for a call of this one: the use counts here as well.
    Adopted(Restored),
    /// A reservation is over. Of one that has timed out, the outcome of its call still counts; any other that is not open is
    /// ignored.
    Released {
        reservation: ReservationId,
        why: Release,
    },
    /// A call was seen to end that presented `number` to `to`: the oldest reservation that was made before its talk began is over,
    /// or the call has outlasted its own.
    CallEnded {
        number: E164,
        to: E164,
        /// Nothing where nobody saw the end.
        outcome: Option<Outcome>,
    },
    /// Time has passed.
    Tick,
}

/// A question: which number to present to `to`?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Comes back in the answer.
    pub ask: u64,
    pub to: E164,
    /// Where `to` belongs.
    pub place: Place,
    pub campaign: Arc<str>,
    pub agent: Arc<str>,
}

/// Why a reservation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Without an outcome where nobody saw the end.
    CallEnded(Option<Outcome>),
    /// Somebody gave it back.
    Deleted,
    TimedOut,
    NumberRemoved,
}

/// How a call ended for the person who was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub answered: bool,
    pub talk: Duration,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Answer the question with this number. It is reserved.
    Present(Box<Allocation>),
    /// Answer the question: not now.
    Refuse { ask: u64, why: Refusal },
    /// Write down that a reservation is over.
    End(Ended),
    /// Write down how a call went that outlasted its reservation.
    Outlasted(Ended),
}

/// A number that was chosen and reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    pub ask: u64,
    pub reservation: Restored,
    /// As it is to be presented.
    pub presented: SmolStr,
    pub area_code: Option<model::Digits>,
    pub carrier: SmolStr,
}

/// An open reservation; also what must be written down to bring it back after a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub id: ReservationId,
    pub key: CallerIdKey,
    pub number: E164,
    pub to: E164,
    pub tier: Tier,
    pub campaign: Arc<str>,
    pub agent: Arc<str>,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The end of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub reservation: ReservationId,
    pub key: CallerIdKey,
    pub to: E164,
    pub why: Release,
    pub at: Timestamp,
}

/// Why there is no number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The agent asked too often; the next question is welcome after so long.
    TooManyQuestions {
        retry_after: Duration,
    },
    Exhausted(Box<Shortage>),
}

/// What the numbers that could have been presented are doing instead.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shortage {
    /// The earliest moment at which one of them may be free; nothing if none will be by itself.
    pub retry_at: Option<Timestamp>,
    /// All numbers that any tier would have taken, each counted once.
    pub counts: Counts,
    /// The same by tier, in the order in which they were asked. One number may be in several.
    pub tiers: Vec<(Tier, Counts)>,
}

/// Numbers by what they are doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub available: u32,
    pub reserved: u32,
    pub capped: u32,
    pub resting: u32,
    pub inactive: u32,
    pub unverified: u32,
}

/// How often a number was used, and how it fared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    pub last_used_at: Option<Timestamp>,
    /// The clock's minute, hour (both since 1970, UTC) and local day (since 1970), each with the uses in it.
    pub minute: (u32, u32),
    pub hour: (u32, u32),
    pub day: (u32, u32),
    /// By tier, in the order of [`Tier::ALL`].
    pub scores: [Score; 6],
    pub resting: bool,
}

/// What a number is doing now.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberState {
    pub status: Status,
    /// Calls that present it.
    pub in_use: u16,
    pub used_this_minute: u32,
    pub used_this_hour: u32,
    pub used_today: u32,
    pub last_used_at: Option<Timestamp>,
    /// When a capped number may be used again.
    pub capped_until: Option<Timestamp>,
    pub health: Health,
}

/// Whether a number can be presented, and if not, the first reason why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Available,
    /// As many calls as it may carry present it.
    Reserved,
    /// A cap is reached, or is 0.
    Capped,
    /// It fares worse than its pool; control calls only.
    Resting,
    Inactive,
    /// Nobody vouches for it.
    Unverified,
}

impl Status {
    pub const ALL: [Self; 6] = [
        Self::Available,
        Self::Reserved,
        Self::Capped,
        Self::Resting,
        Self::Inactive,
        Self::Unverified,
    ];

    /// As it stands on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Reserved => "reserved",
            Self::Capped => "capped",
            Self::Resting => "resting",
            Self::Inactive => "inactive",
            Self::Unverified => "unverified",
        }
    }
}

impl Counts {
    pub(super) fn of(&mut self, status: Status) -> &mut u32 {
        match status {
            Status::Available => &mut self.available,
            Status::Reserved => &mut self.reserved,
            Status::Capped => &mut self.capped,
            Status::Resting => &mut self.resting,
            Status::Inactive => &mut self.inactive,
            Status::Unverified => &mut self.unverified,
        }
    }

    /// All of them.
    pub fn total(&self) -> u32 {
        let mut copy = *self;
        Status::ALL.iter().map(|&status| *copy.of(status)).sum()
    }

    pub(super) fn add(&mut self, mut other: Self) {
        for status in Status::ALL {
            *self.of(status) += *other.of(status);
        }
    }

    pub(super) fn subtract(&mut self, mut other: Self) {
        for status in Status::ALL {
            *self.of(status) -= *other.of(status);
        }
    }
}
