//! `[parking]`: the slots in which callers are parked.

use super::{Key, Section, SectionReader, key};

/// The slots in which callers are parked.
#[derive(Debug, Clone, Copy)]
pub struct ParkingConfig {
    pub first_slot: u32,
    pub last_slot: u32,
    pub return_seconds: u32,
}

impl Default for ParkingConfig {
    fn default() -> Self {
        Self {
            first_slot: 701,
            last_slot: 720,
            return_seconds: 120,
        }
    }
}

/// Numbers that people say to each other.
const MAX_SLOT: u32 = 9_999;
/// One hour: nobody waits longer for who has forgotten him.
const MAX_SECONDS: u32 = 3_600;

impl Section for ParkingConfig {
    const NAME: &'static str = "parking";
    const ABOUT: &'static str = "The slots in which callers are parked.";
    const KEYS: &'static [Key] = &[
        key(
            "first_slot",
            "The first slot; the smallest free one is taken. They are numbers that people tell each other, no extensions. 1 to 9999.",
            "701",
        ),
        key(
            "last_slot",
            "The last slot: when all are taken, no call can be parked.",
            "720",
        ),
        key(
            "return_seconds",
            "How long a call stays in a slot before it comes back to who parked it, or into its queue. 10 to 3600.",
            "120",
        ),
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        let default = Self::default();
        Self {
            first_slot: from.value("first_slot", default.first_slot),
            last_slot: from.value("last_slot", default.last_slot),
            return_seconds: from.value("return_seconds", default.return_seconds),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let (first, last, seconds) = (self.first_slot, self.last_slot, self.return_seconds);
        if !(1..=MAX_SLOT).contains(&first) {
            return Err(("first_slot", format!("is {first}, not in 1 to {MAX_SLOT}")));
        }
        if !(first..=MAX_SLOT).contains(&last) {
            let problem = format!("is {last}, not in {first} (first_slot) to {MAX_SLOT}");
            return Err(("last_slot", problem));
        }
        if !(10..=MAX_SECONDS).contains(&seconds) {
            let problem = format!("is {seconds}, not in 10 to {MAX_SECONDS}");
            return Err(("return_seconds", problem));
        }
        Ok(())
    }
}
