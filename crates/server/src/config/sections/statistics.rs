//! `[statistics]`: what is counted of call detail records.

use engine::stats::{Pattern, Rules};

use super::{Key, MIN_TOKEN, Section, SectionReader, key};
use crate::config::Secret;

/// What is counted of call detail records.
#[derive(Debug, Clone)]
pub struct StatisticsConfig {
    /// An IANA name.
    pub time_zone: String,
    pub extensions: Vec<String>,
    pub applications: Vec<String>,
    pub long_call_seconds: u32,
    pub work_week_days: u32,
    pub reconcile_talk_seconds: u32,
    pub reconcile_start_seconds: u32,
    pub api_token: Option<Secret>,
}

impl Default for StatisticsConfig {
    fn default() -> Self {
        Self {
            time_zone: "UTC".to_owned(),
            extensions: vec!["2000-3999".to_owned()],
            applications: Rules::default().applications,
            long_call_seconds: Rules::default().long_call_seconds,
            work_week_days: 5,
            reconcile_talk_seconds: 2,
            reconcile_start_seconds: 60,
            api_token: None,
        }
    }
}

/// More is a mistake.
const MAX_WORDS: usize = 100;

impl Section for StatisticsConfig {
    const NAME: &'static str = "statistics";
    const ABOUT: &'static str =
        "What is counted of the call detail records of each [[cdr_source]].";
    const KEYS: &'static [Key] = &[
        key(
            "time_zone",
            "Where a day begins at midnight: an IANA name. A change reads all sources again.",
            "\"Europe/Bratislava\"",
        ),
        key(
            "extensions",
            "Whose calls are counted: ranges, or Asterisk's patterns with X, Z, N and `.`.",
            "[\"2000-3999\"]",
        ),
        key(
            "applications",
            "Rows of these last applications are calls.",
            "[\"Dial\", \"Busy\", \"Congestion\"]",
        ),
        key(
            "long_call_seconds",
            "A conversation over so many seconds is long.",
            "90",
        ),
        key(
            "work_week_days",
            "How many days from Monday `date=week` has: 1 to 7.",
            "5",
        ),
        key(
            "reconcile_talk_seconds",
            "Talk times of our log and of the call detail records may differ by so many seconds.",
            "2",
        ),
        key(
            "reconcile_start_seconds",
            "And their beginnings: as long as a call may be in the dialplan before it is given to us.",
            "60",
        ),
        key(
            "api_token",
            "The token in `/api/v1/{token}/callstat`, where programs ask by it. At least 16 characters; sessions and keys do as well.",
            "\"…\"",
        ),
        key("api_token_file", "A file with that token.", "\"api-token\""),
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        let default = Self::default();
        Self {
            time_zone: from.value("time_zone", default.time_zone),
            extensions: from.value("extensions", default.extensions),
            applications: from.value("applications", default.applications),
            long_call_seconds: from.value("long_call_seconds", default.long_call_seconds),
            work_week_days: from.value("work_week_days", default.work_week_days),
            reconcile_talk_seconds: from
                .value("reconcile_talk_seconds", default.reconcile_talk_seconds),
            reconcile_start_seconds: from
                .value("reconcile_start_seconds", default.reconcile_start_seconds),
            api_token: from.secret("api_token", "api_token_file"),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            let problem = "is no time zone; write a name such as \"Europe/Bratislava\" or \"UTC\"";
            return Err(("time_zone", problem.to_owned()));
        }
        patterns("extensions", &self.extensions)?;
        if self.extensions.is_empty() {
            return Err(("extensions", "is empty: nobody would be counted".to_owned()));
        }
        if self.applications.is_empty() || self.applications.len() > MAX_WORDS {
            return Err(("applications", format!("has not 1 to {MAX_WORDS} words")));
        }
        if !(1..=7).contains(&self.work_week_days) {
            return Err(("work_week_days", "is not in 1 to 7".to_owned()));
        }
        for (key, seconds) in [
            ("reconcile_talk_seconds", self.reconcile_talk_seconds),
            ("reconcile_start_seconds", self.reconcile_start_seconds),
        ] {
            if seconds > 3_600 {
                return Err((key, "is more than 3600".to_owned()));
            }
        }
        let token = self.api_token.as_ref().map(Secret::expose);
        if token.is_some_and(|token| token.len() < MIN_TOKEN) {
            let problem = format!("is shorter than {MIN_TOKEN} characters: it could be guessed");
            return Err(("api_token", problem));
        }
        Ok(())
    }
}

/// Whether each is a pattern.
pub(super) fn patterns(
    key: &'static str,
    texts: &[String],
) -> Result<Vec<Pattern>, (&'static str, String)> {
    if texts.len() > MAX_WORDS {
        return Err((key, format!("has more than {MAX_WORDS} patterns")));
    }
    let pattern = |text: &String| {
        Pattern::new(text).map_err(|error| (key, format!("has {text:?}, which {error}")))
    };
    texts.iter().map(pattern).collect()
}
