//! What is asked of a report, read and bounded.

use std::ops::Range;

use engine::stats::{By, Thresholds};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Unmade,
    interval::{Interval, MAX_INTERVALS},
};
use crate::{
    exports::Answer,
    period::{Period, Unanswerable},
};

/// The longest period of a report, in days.
const MAX_DAYS: i64 = 3_660;
/// The longest threshold.
const MAX_SECONDS: u32 = 86_400;
/// The longest name of a row.
const MAX_NAME: usize = 200;

/// A report by what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportKind {
    Total,
    Extension,
    Country,
    Trunk,
    CallerId,
    Campaign,
    Did,
    /// Hours of the day by days of the week.
    HeatMap,
    Queue,
    Agent,
    /// Hangup causes of our own calls.
    Cause,
}

impl ReportKind {
    pub(crate) const ALL: [Self; 11] = [
        Self::Total,
        Self::Extension,
        Self::Country,
        Self::Trunk,
        Self::CallerId,
        Self::Campaign,
        Self::Did,
        Self::HeatMap,
        Self::Queue,
        Self::Agent,
        Self::Cause,
    ];

    /// The word on the wire.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Extension => "extension",
            Self::Country => "country",
            Self::Trunk => "trunk",
            Self::CallerId => "caller_id",
            Self::Campaign => "campaign",
            Self::Did => "did",
            Self::HeatMap => "heat_map",
            Self::Queue => "queue",
            Self::Agent => "agent",
            Self::Cause => "cause",
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == text)
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Total => "Calls to outside",
            Self::Extension => "Calls to outside by extension",
            Self::Country => "Calls to outside by country",
            Self::Trunk => "Calls to outside by trunk",
            Self::CallerId => "Calls to outside by caller ID",
            Self::Campaign => "Calls to outside by campaign",
            Self::Did => "Calls from outside by DID",
            Self::HeatMap => "Calls to outside by weekday and hour",
            Self::Queue => "Callers by queue",
            Self::Agent => "Agents at work",
            Self::Cause => "Calls by hangup cause",
        }
    }

    /// How it tells call detail records apart; nothing for a report of our own log.
    pub(crate) fn by(self) -> Option<By> {
        Some(match self {
            Self::Total | Self::HeatMap => By::All,
            Self::Extension => By::Extension,
            Self::Country => By::Country,
            Self::Trunk => By::Trunk,
            Self::CallerId => By::CallerId,
            Self::Campaign => By::Campaign,
            Self::Did => By::Did,
            Self::Queue | Self::Agent | Self::Cause => return None,
        })
    }
}

/// Of which time, and how it is cut.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Question {
    /// A day such as `2026-11-21`, `week` (the last whole work week) or `month` (the last whole one). Today without it.
    pub(crate) date: Option<String>,
    /// The first day or instant, instead of `date`: `2026-11-21`, `2026-11-21 14:30`, or RFC 3339.
    pub(crate) from: Option<String>,
    /// Before this day or instant.
    pub(crate) to: Option<String>,
    /// Where days begin, an IANA name; that of `[statistics]` unless told.
    pub(crate) time_zone: Option<String>,
    /// Minutes (`5`, `15`, `30`, `60`), `day`, `week`, `month`, or `none`.
    pub(crate) interval: Option<String>,
    /// Beside the figures of the period before.
    pub(crate) compare: Option<bool>,
    /// A conversation of at most so many seconds is short; 6 unless told.
    #[param(maximum = 86400)]
    pub(crate) short_call_seconds: Option<u32>,
    /// Of what kind the answer is; `Accept` says it as well. JSON without either.
    #[param(inline)]
    pub(crate) format: Option<Answer>,
    /// Answered within so many seconds is in time (SL); 20 unless told.
    #[param(maximum = 86400)]
    pub(crate) service_level_seconds: Option<u32>,
    /// Abandoned within so many seconds is short (SL-5); 5 unless told.
    #[param(maximum = 86400)]
    pub(crate) short_abandon_seconds: Option<u32>,
    /// Only the row of this name: an extension, a trunk, a country or its code, the id or name of a queue or agent.
    #[param(max_length = 200)]
    pub(crate) only: Option<String>,
}

/// A question that makes sense.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) period: Period,
    /// What it is compared with.
    pub(super) before: Option<Range<i64>>,
    pub(super) time_zone: TimeZone,
    pub(super) interval: Interval,
    pub(super) short_call_seconds: u32,
    pub(super) thresholds: Thresholds,
    pub(super) only: Option<String>,
}

impl Asked {
    pub(super) fn read(
        question: &Question,
        now: Timestamp,
        home: &TimeZone,
        work_week_days: u8,
    ) -> Result<Self, Unmade> {
        let time_zone = match &question.time_zone {
            None => home.clone(),
            Some(name) => zone_named(name)?,
        };
        let period = period(question, now, &time_zone, work_week_days)?;
        let before = if question.compare == Some(true) {
            let before = period.before(&time_zone);
            let none =
                || Unmade::question("compare", "has nothing to compare with: it is too early");
            Some(before.ok_or_else(none)?)
        } else {
            None
        };
        let interval = question.interval.as_deref().unwrap_or("none");
        let interval = Interval::read(interval).ok_or_else(|| {
            let why = "is neither 5, 15, 30, 60 (minutes), nor day, week, month or none";
            Unmade::question("interval", why)
        })?;
        let usual = Thresholds::default();
        Ok(Self {
            period,
            before,
            time_zone,
            interval,
            short_call_seconds: seconds("short_call_seconds", question.short_call_seconds, 6)?,
            thresholds: Thresholds {
                service_level_seconds: seconds(
                    "service_level_seconds",
                    question.service_level_seconds,
                    usual.service_level_seconds,
                )?,
                short_abandon_seconds: seconds(
                    "short_abandon_seconds",
                    question.short_abandon_seconds,
                    usual.short_abandon_seconds,
                )?,
            },
            only: only(question)?,
        })
    }

    /// Whether a row with this key, or whoever has this name, is asked for.
    pub(super) fn wants(&self, key: &[String], name: Option<&String>) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| key.first() == Some(only) || name == Some(only))
    }

    pub(super) fn borders(&self, range: &Range<i64>) -> Result<Vec<i64>, Unmade> {
        self.borders_of(self.interval, range)
    }

    pub(super) fn borders_of(
        &self,
        interval: Interval,
        range: &Range<i64>,
    ) -> Result<Vec<i64>, Unmade> {
        let borders = interval.borders(&self.time_zone, range);
        borders.map_err(|_| {
            let why = format!(
                "makes more than {MAX_INTERVALS} rows of this period: ask for a shorter period or longer intervals"
            );
            Unmade::question("interval", why)
        })
    }
}

fn only(question: &Question) -> Result<Option<String>, Unmade> {
    match &question.only {
        Some(only) if only.chars().count() > MAX_NAME => {
            let why = format!("has more than {MAX_NAME} characters");
            Err(Unmade::question("only", why))
        }
        only => Ok(only.clone()),
    }
}

/// The time zone of this name.
pub(crate) fn zone_named(name: &str) -> Result<TimeZone, Unmade> {
    // What stands in the catalogue is all that is read: no path, no rule of its own.
    let named = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte));
    let zone = TimeZone::get(name).ok().filter(|_| named);
    zone.ok_or_else(|| {
        let why = "is no time zone; write a name such as Europe/Bratislava or UTC";
        Unmade::question("time_zone", why)
    })
}

fn period(
    question: &Question,
    now: Timestamp,
    zone: &TimeZone,
    work_week_days: u8,
) -> Result<Period, Unmade> {
    let Question { date, from, to, .. } = question;
    let period = if from.is_some() || to.is_some() {
        if date.is_some() {
            return Err(Unmade::question(
                "date",
                "is given beside from and to: one of them",
            ));
        }
        Period::half_open(zone, from.as_deref(), to.as_deref())
    } else {
        let named = Period::named(zone, now, work_week_days, date.as_deref());
        named.map_err(|why| ("date", why))
    };
    let period = period.map_err(|(field, why)| Unmade::question(field, why.to_string()))?;
    if period.range.end - period.range.start > MAX_DAYS * 86_400 {
        return Err(Unmade::question(
            "from",
            Unanswerable::TooLong("10 years").to_string(),
        ));
    }
    Ok(period)
}

fn seconds(field: &'static str, asked: Option<u32>, default: u32) -> Result<u32, Unmade> {
    let seconds = asked.unwrap_or(default);
    if seconds > MAX_SECONDS {
        let why = format!("is more than {MAX_SECONDS}, which is a day");
        return Err(Unmade::question(field, why));
    }
    Ok(seconds)
}
