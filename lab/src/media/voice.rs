//! What somebody says into their phone, all of it made here.

use std::sync::Arc;

use super::tone::{SAMPLES_PER_SECOND, Tone};

/// What is sent, from the moment the call is answered.
#[derive(Debug, Clone)]
pub enum Voice {
    Silence,
    /// A steady tone: the simplest way to be recognised.
    Tone(Tone),
    /// A short greeting and then silence, as a person answers: "Hello?"
    Person,
    /// Seven seconds of announcement without a long pause, a beep, silence: an answering machine.
    Machine,
    /// Samples at 8 kHz, once.
    Samples(Arc<[i16]>),
}

impl Voice {
    /// The sample at position `n` since the answer.
    pub(super) fn sample(&self, n: u32) -> i16 {
        match self {
            Self::Silence => 0,
            Self::Tone(tone) => tone.sample(n),
            Self::Person => speech(n, &[(300, 700)]),
            Self::Machine if (8_000..8_400).contains(&milliseconds(n)) => Tone(1_400).sample(n),
            Self::Machine => speech(n, &[(400, 2_300), (2_400, 4_500), (4_600, 7_400)]),
            Self::Samples(samples) => usize::try_from(n)
                .ok()
                .and_then(|n| samples.get(n).copied())
                .unwrap_or(0),
        }
    }
}

fn milliseconds(n: u32) -> u32 {
    n / (SAMPLES_PER_SECOND / 1_000)
}

/// Something that a detector takes for speech between the given moments, in ms: a low buzz in syllables.
fn speech(n: u32, spoken: &[(u32, u32)]) -> i16 {
    let at = milliseconds(n);
    let within = spoken.iter().any(|(from, to)| (*from..*to).contains(&at));
    // Five syllables a second, four parts sound to one part quiet.
    if within && at % 200 < 160 {
        Tone(140).sample(n) / 2 + Tone(700).sample(n) / 3
    } else {
        0
    }
}
