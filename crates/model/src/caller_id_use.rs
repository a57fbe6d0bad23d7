//! What became of the numbers that we presented: one use for every reservation.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CallerIdKey, E164, ReservationId, Tier, Timestamp};

/// One use of a caller ID, from the choice to the end of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallerIdUse {
    /// The reservation.
    pub id: ReservationId,
    pub caller_id: CallerIdKey,
    /// The number that was presented.
    pub number: E164,
    /// Who was called.
    pub to: E164,
    pub tier: Tier,
    pub campaign: String,
    /// As the dialler names the agent; may be empty.
    pub agent: String,
    pub made_at: Timestamp,
    /// When it ends if nothing else ends it.
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Why it ended; nothing while it is open.
    pub end: Option<UseEnd>,
    /// Whether the person answered; nothing when nobody saw the call.
    pub answered: Option<bool>,
    pub talk_ms: Option<u64>,
}

/// How a reservation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UseEnd {
    /// Its call was seen to end.
    CallEnded,
    /// Somebody gave it back.
    Deleted,
    TimedOut,
    /// The number is ours no more.
    NumberRemoved,
}

/// How many calls a number or a campaign made, and how they went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct UseCounts {
    /// Reservations.
    pub uses: u64,
    /// Calls whose end was seen.
    pub attempts: u64,
    pub answers: u64,
    /// Answered, and over within 6 s.
    pub short: u64,
    /// Different persons that were called.
    pub destinations: u64,
}

impl UseCounts {
    /// A conversation that is over sooner was no conversation.
    pub const SHORT_MS: u64 = 6_000;
}

/// What a regulator would ask about one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reputation {
    pub number: E164,
    #[serde(flatten)]
    pub counts: UseCounts,
    /// The most of our numbers that one of the persons called from this one saw.
    pub numbers_seen: u64,
}

/// What a campaign presented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CampaignUse {
    pub campaign: String,
    #[serde(flatten)]
    pub counts: UseCounts,
    /// Different numbers that were presented.
    pub numbers: u64,
}
