//! The numbers that we may present on outbound calls, and the rules for choosing one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::check::{MAX_NAME, bounded};
use crate::{
    CallerIdKey, Country, Digits, E164, Invalid, Timestamp, checked_label, checked_name,
    checked_text,
};

/// The most pools, and the most campaigns, that one number may be in.
pub const MAX_LABELS: usize = 16;
/// The most calls one number may carry at a time.
pub const MAX_CONCURRENT: u16 = 1000;
/// The highest cap; more calls than this in a day are no call centre.
pub const MAX_CAP: u32 = 1_000_000;

/// One of our own numbers that may be presented on outbound calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallerId {
    pub id: CallerIdKey,
    /// As it is presented: digits with or without a leading `+`, at most 20 characters.
    pub number: String,
    /// The same number, the same everywhere; two caller IDs never share it.
    pub e164: E164,
    /// ISO 3166-1 alpha-2, from the numbering plan.
    #[schema(value_type = Option<String>)]
    pub country: Option<String>,
    /// The E.164 country code that the number begins with, such as 421.
    pub calling_code: Option<u16>,
    /// State, province or town, from the numbering plan.
    pub region: Option<String>,
    /// From the numbering plan, or as the administrator says.
    pub area_code: Option<String>,
    /// Who carries the number.
    #[serde(default)]
    pub carrier: String,
    /// The pools the number is in. One without a label is in the default pool.
    #[serde(default)]
    pub labels: BTreeSet<String>,
    /// The only campaigns that may present it; empty: every campaign.
    #[serde(default)]
    pub campaigns: BTreeSet<String>,
    /// Calls per clock minute; nothing: no such cap. 0 blocks the number, here and in the two below.
    pub per_minute_limit: Option<u32>,
    /// Calls per clock hour (UTC).
    pub hourly_limit: u32,
    /// Calls per day in `time_zone`.
    pub daily_limit: u32,
    /// Calls at a time.
    pub max_concurrent: u16,
    /// IANA name; whose midnight begins a new day.
    pub time_zone: String,
    pub active: bool,
    /// How we know that the number is ours; nothing: it is not presented.
    pub verified: Option<Verification>,
    /// The STIR/SHAKEN level our carrier signs calls from it with.
    pub attestation: Option<Attestation>,
    #[serde(default)]
    pub note: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// How we know that a number is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// An administrator entered or imported it, and answers for it.
    Administrator,
    /// It is one of our DIDs: calls to it reach us.
    Did,
}

/// How far the carrier vouches for a caller ID (ATIS-1000074).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum Attestation {
    /// Full: the customer is known and may use the number.
    A,
    /// Partial: the customer is known, the number is not.
    B,
    /// Gateway: neither.
    C,
}

impl CallerId {
    /// Caps of a number of which nothing else is said.
    pub const HOURLY_LIMIT: u32 = 100;
    /// Caps of a number of which nothing else is said.
    pub const DAILY_LIMIT: u32 = 500;

    /// A number of which nothing more is known, with the usual caps and for one call at a time. Nobody vouches for it.
    pub fn new(id: CallerIdKey, number: &str, e164: E164, at: Timestamp) -> Self {
        Self {
            id,
            number: number.to_owned(),
            e164,
            country: None,
            calling_code: None,
            region: None,
            area_code: None,
            carrier: String::new(),
            labels: BTreeSet::new(),
            campaigns: BTreeSet::new(),
            per_minute_limit: None,
            hourly_limit: Self::HOURLY_LIMIT,
            daily_limit: Self::DAILY_LIMIT,
            max_concurrent: 1,
            time_zone: "UTC".to_owned(),
            active: true,
            verified: None,
            attestation: None,
            note: String::new(),
            created_at: at,
            updated_at: at,
        }
    }

    /// The number without its country code.
    pub fn national(&self) -> Option<Digits> {
        let digits = self.e164.digits().to_string();
        let code = self.calling_code?.to_string();
        Digits::new(digits.strip_prefix(&code)?)
    }

    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_presentable("number", &self.number)?;
        if let Some(country) = &self.country
            && Country::new(country).is_none()
        {
            return Err(Invalid::new(
                "country",
                "is not two capital letters (ISO 3166-1)",
            ));
        }
        if self.calling_code.is_some() && self.national().is_none() {
            return Err(Invalid::new("calling_code", "does not begin the number"));
        }
        if let Some(region) = &self.region {
            checked_label("region", region)?;
        }
        if let Some(code) = &self.area_code
            && (code.is_empty() || code.len() > 8 || Digits::new(code).is_none())
        {
            return Err(Invalid::new("area_code", "is not 1 to 8 digits"));
        }
        checked_text("carrier", &self.carrier, MAX_NAME)?;
        checked_names("labels", &self.labels)?;
        checked_campaigns("campaigns", &self.campaigns)?;
        checked_cap("per_minute_limit", self.per_minute_limit.unwrap_or(0))?;
        checked_cap("hourly_limit", self.hourly_limit)?;
        checked_cap("daily_limit", self.daily_limit)?;
        if !(1..=MAX_CONCURRENT).contains(&self.max_concurrent) {
            return Err(Invalid::new(
                "max_concurrent",
                format!("is not in 1 to {MAX_CONCURRENT}"),
            ));
        }
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            return Err(Invalid::new("time_zone", "is no IANA time zone"));
        }
        checked_text("note", &self.note, 500)
    }
}

/// How a campaign wants its caller IDs chosen. A campaign without a rule has the default one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallerIdRule {
    /// The campaign's name.
    pub campaign: String,
    /// The pool to use when no number is near the destination.
    pub pool: Option<String>,
    /// For so many days a person sees the number that called last, while it may be used; 0: for the floor of rotation only.
    #[serde(default)]
    pub sticky_days: u16,
}

impl CallerIdRule {
    /// The longest time a number can stick.
    pub const MAX_STICKY_DAYS: u16 = 90;

    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_label("campaign", &self.campaign)?;
        if let Some(pool) = &self.pool {
            checked_name("pool", pool)?;
        }
        if self.sticky_days > Self::MAX_STICKY_DAYS {
            return Err(Invalid::new(
                "sticky_days",
                format!("is over {}", Self::MAX_STICKY_DAYS),
            ));
        }
        Ok(())
    }
}

/// Where a caller ID was found, from the most to the least fitting.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The number that this person saw last.
    Sticky,
    /// The destination's area code, or the longest common national prefix where the country has none.
    AreaCode,
    Region,
    Country,
    /// The campaign's pool.
    Pool,
    /// Numbers in no pool.
    DefaultPool,
}

impl Tier {
    pub const ALL: [Self; 6] = [
        Self::Sticky,
        Self::AreaCode,
        Self::Region,
        Self::Country,
        Self::Pool,
        Self::DefaultPool,
    ];

    /// As it stands on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sticky => "sticky",
            Self::AreaCode => "area_code",
            Self::Region => "region",
            Self::Country => "country",
            Self::Pool => "pool",
            Self::DefaultPool => "default_pool",
        }
    }
}

/// What a trunk takes as caller ID: digits with or without a leading `+`, 3 to 20 characters.
pub fn checked_presentable(field: &'static str, text: &str) -> Result<(), Invalid> {
    bounded(field, text, 3, 20)?;
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Invalid::new(
            field,
            "is not digits with or without a leading '+'",
        ));
    }
    Ok(())
}

fn checked_names(field: &'static str, names: &BTreeSet<String>) -> Result<(), Invalid> {
    checked_count(field, names)?;
    names.iter().try_for_each(|name| checked_name(field, name))
}

/// Campaigns are named by the dialler, so any visible text is a name.
fn checked_campaigns(field: &'static str, names: &BTreeSet<String>) -> Result<(), Invalid> {
    checked_count(field, names)?;
    names.iter().try_for_each(|name| checked_label(field, name))
}

fn checked_count(field: &'static str, names: &BTreeSet<String>) -> Result<(), Invalid> {
    if names.len() > MAX_LABELS {
        return Err(Invalid::new(field, format!("has more than {MAX_LABELS}")));
    }
    Ok(())
}

fn checked_cap(field: &'static str, cap: u32) -> Result<(), Invalid> {
    if cap > MAX_CAP {
        return Err(Invalid::new(field, format!("is over {MAX_CAP}")));
    }
    Ok(())
}
