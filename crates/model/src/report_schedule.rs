//! Reports that are sent by the calendar.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Invalid, RecipientId, ReportScheduleId, checked_label, checked_name};

/// The most recipients of one schedule.
pub const MAX_SCHEDULE_RECIPIENTS: usize = 50;

/// On which days a report is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "every", from = "CadenceFields")]
pub enum Cadence {
    Day,
    /// Monday to Friday.
    Weekday,
    Week {
        on: Weekday,
    },
    /// On the last day of a month that is shorter.
    Month {
        /// 1 to 31.
        on: u8,
    },
}

/// How a [`Cadence`] is read: serde looks for unknown fields in struct variants only.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "every", deny_unknown_fields)]
enum CadenceFields {
    Day {},
    Weekday {},
    Week { on: Weekday },
    Month { on: u8 },
}

impl From<CadenceFields> for Cadence {
    fn from(fields: CadenceFields) -> Self {
        match fields {
            CadenceFields::Day {} => Self::Day,
            CadenceFields::Weekday {} => Self::Weekday,
            CadenceFields::Week { on } => Self::Week { on },
            CadenceFields::Month { on } => Self::Month { on },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Of which time a report is, seen from when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportPeriod {
    /// From midnight.
    Today,
    Yesterday,
    #[serde(rename = "last_24_hours")]
    Last24Hours,
    /// The last whole one, from Monday to Sunday.
    LastWeek,
    /// The last whole one.
    LastMonth,
}

/// What file a report becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    Csv,
    Xlsx,
    Json,
    Parquet,
}

/// What is asked of a report beside its period; as the parameters of `/v1/reports/{report}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReportOptions {
    /// Minutes (`5`, `15`, `30`, `60`), `day`, `week`, `month`, or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// Beside the figures of the period before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<bool>,
    /// A conversation of at most so many seconds is short; 6 unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_call_seconds: Option<u32>,
    /// Answered within so many seconds is in time (SL); 20 unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_level_seconds: Option<u32>,
    /// Abandoned within so many seconds is short (SL-5); 5 unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_abandon_seconds: Option<u32>,
    /// Only the row of this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub only: Option<String>,
}

/// A report that is sent by the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportSchedule {
    pub id: ReportScheduleId,
    pub name: String,
    /// As in `/v1/reports/{report}`.
    pub report: String,
    pub options: ReportOptions,
    pub period: ReportPeriod,
    pub format: ReportFormat,
    pub cadence: Cadence,
    /// The time of the day, such as `07:30`.
    pub at: String,
    /// Of that time and of the report's days: an IANA name.
    pub time_zone: String,
    /// Whom it is sent to.
    pub recipients: Vec<RecipientId>,
    pub active: bool,
}

impl ReportSchedule {
    /// Checks every field's bounds, but not whether there is such a report or time zone.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_label("name", &self.name)?;
        checked_name("report", &self.report)?;
        checked_label("time_zone", &self.time_zone)?;
        let only = self.options.only.as_deref().unwrap_or_default();
        crate::checked_text("options.only", only, 200)?;
        let interval = self.options.interval.as_deref().unwrap_or_default();
        crate::checked_text("options.interval", interval, 20)?;
        if matches!(self.cadence, Cadence::Month { on } if !(1..=31).contains(&on)) {
            return Err(Invalid::new("cadence.on", "is not a day in 1 to 31"));
        }
        if self.time_of_day().is_none() {
            return Err(Invalid::new("at", "is no time of the day such as 07:30"));
        }
        if self.period == ReportPeriod::Today && self.at == "00:00" {
            let problem = "is today, of which nothing is over at 00:00; yesterday is";
            return Err(Invalid::new("period", problem));
        }
        let many = self.recipients.len();
        if !(1..=MAX_SCHEDULE_RECIPIENTS).contains(&many) {
            let problem = format!("are {many}, not 1 to {MAX_SCHEDULE_RECIPIENTS}");
            return Err(Invalid::new("recipients", problem));
        }
        let mut sorted = self.recipients.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() < many {
            return Err(Invalid::new("recipients", "name one twice"));
        }
        Ok(())
    }

    /// Hour and minute of [`Self::at`].
    pub fn time_of_day(&self) -> Option<(u8, u8)> {
        let (hour, minute) = self.at.split_once(':')?;
        let number = |text: &str, below: u8| {
            let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse::<u8>().ok().filter(|number| *number < below);
            number.filter(|_| digits)
        };
        Some((number(hour, 24)?, number(minute, 60)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn cadences_are_words_without_more() {
        let read = |text: &str| serde_json::from_str::<Cadence>(text);
        assert_eq!(read(r#"{"every":"day"}"#).unwrap(), Cadence::Day);
        let month = Cadence::Month { on: 31 };
        assert_eq!(read(r#"{"every":"month","on":31}"#).unwrap(), month);
        let written = serde_json::to_string(&Cadence::Week {
            on: Weekday::Sunday,
        });
        assert_eq!(written.unwrap(), r#"{"every":"week","on":"sunday"}"#);
        for bad in [
            "{}",
            r#"{"every":"year"}"#,
            r#"{"every":"day","on":1}"#,
            r#"{"every":"week"}"#,
            r#"{"every":"week","on":"someday"}"#,
            r#"{"every":"month","on":-1}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
