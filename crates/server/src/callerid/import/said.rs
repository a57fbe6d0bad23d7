//! What one row says of a number, and what the number is then.

use std::collections::BTreeSet;

use model::{Attestation, CallerId, CallerIdKey, E164, Invalid, Timestamp, Verification};

use crate::numbers::{Numbers, OwnNumber};

/// A column of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Number,
    Carrier,
    AreaCode,
    HourlyLimit,
    DailyLimit,
    PerMinuteLimit,
    MaxConcurrent,
    Labels,
    Campaigns,
    TimeZone,
    Active,
    Attestation,
    Note,
}

impl Column {
    pub(super) const ALL: [Self; 13] = [
        Self::Number,
        Self::Carrier,
        Self::AreaCode,
        Self::HourlyLimit,
        Self::DailyLimit,
        Self::PerMinuteLimit,
        Self::MaxConcurrent,
        Self::Labels,
        Self::Campaigns,
        Self::TimeZone,
        Self::Active,
        Self::Attestation,
        Self::Note,
    ];

    /// As it stands in the header.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Number => "caller_id",
            Self::Carrier => "carrier",
            Self::AreaCode => "area_code",
            Self::HourlyLimit => "hourly_limit",
            Self::DailyLimit => "daily_limit",
            Self::PerMinuteLimit => "per_minute_limit",
            Self::MaxConcurrent => "max_concurrent",
            Self::Labels => "labels",
            Self::Campaigns => "campaigns",
            Self::TimeZone => "time_zone",
            Self::Active => "active",
            Self::Attestation => "attestation",
            Self::Note => "note",
        }
    }
}

/// What a row says. What it leaves open stays as it is, or is as usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    own: OwnNumber,
    area_code: Option<String>,
    carrier: Option<String>,
    hourly_limit: Option<u32>,
    daily_limit: Option<u32>,
    per_minute_limit: Option<u32>,
    max_concurrent: Option<u16>,
    labels: Option<BTreeSet<String>>,
    campaigns: Option<BTreeSet<String>>,
    time_zone: Option<String>,
    active: Option<bool>,
    attestation: Option<Attestation>,
    note: Option<String>,
}

impl Said {
    /// From the text of each column, trimmed; an empty one says nothing.
    pub(super) fn read<'a>(
        numbers: Numbers,
        text: impl Fn(Column) -> Option<&'a str>,
    ) -> Result<Self, Invalid> {
        let some = |column: Column| {
            let text = text(column).filter(|text| !text.is_empty());
            text.map(|text| (column.name(), text))
        };
        let owned = |column| some(column).map(|(_, text)| text.to_owned());
        let cap = |column| some(column).map(|(name, text)| whole(name, text));
        let names = |column| some(column).map(|(_, text)| names(text));
        let Some((_, number)) = some(Column::Number) else {
            return Err(Invalid::new(Column::Number.name(), "is empty"));
        };
        let area_code = owned(Column::AreaCode);
        let own = numbers
            .caller_id(number, area_code.as_deref())
            .map_err(named)?;
        Ok(Self {
            own,
            area_code,
            carrier: owned(Column::Carrier),
            hourly_limit: cap(Column::HourlyLimit).transpose()?,
            daily_limit: cap(Column::DailyLimit).transpose()?,
            per_minute_limit: cap(Column::PerMinuteLimit).transpose()?,
            max_concurrent: cap(Column::MaxConcurrent)
                .transpose()?
                // Whatever is over this is over the bound.
                .map(|calls| calls.try_into().unwrap_or(u16::MAX)),
            labels: names(Column::Labels),
            campaigns: names(Column::Campaigns),
            time_zone: owned(Column::TimeZone),
            active: some(Column::Active)
                .map(|(name, text)| yes_or_no(name, text))
                .transpose()?,
            attestation: some(Column::Attestation)
                .map(|(name, text)| attestation(name, text))
                .transpose()?,
            note: owned(Column::Note),
        })
    }

    pub(super) fn e164(&self) -> E164 {
        self.own.e164
    }

    /// The number as it is after this row: a known one keeps what the row does not say, and how it is presented.
    pub(super) fn caller_id(
        self,
        known: Option<CallerId>,
        id: CallerIdKey,
        at: Timestamp,
    ) -> Result<CallerId, Invalid> {
        let mut one = known.unwrap_or_else(|| self.own.into_caller_id(id, at));
        set(&mut one.carrier, self.carrier);
        set(&mut one.hourly_limit, self.hourly_limit);
        set(&mut one.daily_limit, self.daily_limit);
        set(&mut one.max_concurrent, self.max_concurrent);
        set(&mut one.labels, self.labels);
        set(&mut one.campaigns, self.campaigns);
        set(&mut one.time_zone, self.time_zone);
        set(&mut one.active, self.active);
        set(&mut one.note, self.note);
        one.area_code = self.area_code.or(one.area_code);
        one.per_minute_limit = self.per_minute_limit.or(one.per_minute_limit);
        one.attestation = self.attestation.or(one.attestation);
        one.verified = Some(Verification::Administrator);
        one.check().map_err(named)?;
        Ok(one)
    }
}

fn set<T>(field: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *field = said;
    }
}

/// The file's name of the number's field.
fn named(invalid: Invalid) -> Invalid {
    match invalid.field {
        "number" => Invalid::new(Column::Number.name(), invalid.problem),
        _ => invalid,
    }
}

/// A whole number; whether it is in its bounds is the number's own business.
fn whole(name: &'static str, text: &str) -> Result<u32, Invalid> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Invalid::new(name, "is no whole number"));
    }
    if digits.len() < text.len() {
        return Err(Invalid::new(name, "is negative; 0 blocks a number"));
    }
    Ok(digits.parse().unwrap_or(u32::MAX))
}

fn names(text: &str) -> BTreeSet<String> {
    let names = text.split(';').map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn yes_or_no(name: &'static str, text: &str) -> Result<bool, Invalid> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(Invalid::new(name, "is neither true nor false")),
    }
}

fn attestation(name: &'static str, text: &str) -> Result<Attestation, Invalid> {
    match text {
        "A" | "a" => Ok(Attestation::A),
        "B" | "b" => Ok(Attestation::B),
        "C" | "c" => Ok(Attestation::C),
        _ => Err(Invalid::new(name, "is none of A, B, C")),
    }
}
