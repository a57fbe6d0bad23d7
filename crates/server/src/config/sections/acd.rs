//! `[acd]`: call distribution.

use model::checked_name;

use crate::numbers::Numbers;

use super::{Key, Section, SectionReader, key};

/// Call distribution.
#[derive(Debug, Clone, Default)]
pub struct AcdConfig {
    /// The name of a queue.
    pub default_queue: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

impl Section for AcdConfig {
    const NAME: &'static str = "acd";
    const ABOUT: &'static str = "Call distribution.";
    const KEYS: &'static [Key] = &[
        key(
            "default_queue",
            "The queue for calls that neither `Stasis(cordboard,QUEUE)` nor a number routes. Without it they are ended, and logged.",
            "\"reception\"",
        ),
        key(
            "country",
            "Whose numbers are written without a country: two letters of ISO 3166-1. Without it only `+…` is read as E.164.",
            "\"SK\"",
        ),
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        Self {
            default_queue: from.optional("default_queue"),
            country: from.optional("country"),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        self.default_queue.as_deref().map_or(Ok(()), |name| {
            checked_name("default_queue", name).map_err(|error| (error.field, error.problem))
        })?;
        match self.country.as_deref() {
            Some(country) if Numbers::new(country).is_none() => {
                let problem = format!("{country:?} is no country; two letters such as \"SK\"");
                Err(("country", problem))
            }
            _ => Ok(()),
        }
    }
}
