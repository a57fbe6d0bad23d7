//! `[acd]`: call distribution.

use model::checked_name;

use super::{Key, Section, SectionReader, key};

/// Call distribution.
#[derive(Debug, Clone, Default)]
pub struct AcdConfig {
    /// The name of a queue.
    pub default_queue: Option<String>,
}

impl Section for AcdConfig {
    const NAME: &'static str = "acd";
    const ABOUT: &'static str = "Call distribution.";
    const KEYS: &'static [Key] = &[key(
        "default_queue",
        "The queue for calls that neither `Stasis(cordboard,QUEUE)` nor a number routes. Without it they are ended, and logged.",
        "\"reception\"",
    )];

    fn read(from: &mut SectionReader<'_>) -> Self {
        Self {
            default_queue: from.optional("default_queue"),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        self.default_queue.as_deref().map_or(Ok(()), |name| {
            checked_name("default_queue", name).map_err(|error| (error.field, error.problem))
        })
    }
}
