//! `[retention]`: how long the past is kept.

use super::{Key, Section, SectionReader, key};

/// How long the past is kept.
#[derive(Debug, Clone, Default)]
pub struct RetentionConfig {
    /// `None`: for ever.
    pub days: Option<u32>,
}

/// Today's figures are counted from yesterday's events, too.
const MIN_DAYS: u32 = 2;
/// A hundred years.
const MAX_DAYS: u32 = 36_525;

impl Section for RetentionConfig {
    const NAME: &'static str = "retention";
    const ABOUT: &'static str = "How long the past is kept in the database.";
    const KEYS: &'static [Key] = &[key(
        "days",
        "Calls with their offers, what agents did, events, and the log of deliveries are deleted so many days after their end, once an hour. Without it they are kept for ever. At least 2.",
        "365",
    )];

    fn read(from: &mut SectionReader<'_>) -> Self {
        Self {
            days: from.optional("days"),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        match self.days {
            Some(days) if !(MIN_DAYS..=MAX_DAYS).contains(&days) => Err((
                "days",
                format!("is {days}, not in {MIN_DAYS} to {MAX_DAYS}"),
            )),
            _ => Ok(()),
        }
    }
}
