//! Tones: everybody in a lab sounds at a frequency of their own, so that what is received says who was heard.

use std::{
    collections::{BTreeMap, VecDeque},
    f64::consts::TAU,
    fmt,
    time::{Duration, Instant},
};

pub(crate) const SAMPLES_PER_SECOND: u32 = 8_000;
/// Samples of one judged window: 100 ms, so that frequencies 10 Hz apart are told from each other.
const WINDOW: usize = 800;
pub(super) const WINDOW_LENGTH: Duration = Duration::from_millis(100);
/// Windows kept: the last minute of what was heard.
const WINDOWS_KEPT: usize = 600;
/// Share of a window's energy that a tone must have. Two people in one conference have half each.
const SHARE: f64 = 0.2;
/// Mean square below which a window is silence.
const SILENCE: f64 = 100.0 * 100.0;
/// Windows in a row that make a tone heard rather than guessed.
const IN_A_ROW: usize = 3;
const AMPLITUDE: f64 = 8_000.0;

/// A steady sine, by its frequency in Hz.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tone(pub u16);

impl Tone {
    /// The music on hold of class `default`.
    pub const MUSIC: Self = Self(300);
    /// What the dialplan plays in context `overflow`.
    pub const OVERFLOW: Self = Self(340);
    /// What the dialplan plays when no application took the call.
    pub const FALLBACK: Self = Self(380);

    /// What phone `number` says. Phones 101 to 160 differ from each other and from all callers.
    pub fn phone(number: u16) -> Self {
        Self(1_000 + 40 * (number.saturating_sub(101) % 60))
    }

    /// What the `n`th caller of a lab says, from 0. Fourteen differ from each other.
    pub fn caller(n: u16) -> Self {
        Self(420 + 40 * (n % 14))
    }

    /// Whether it sounds in these samples, 8,000 a second.
    pub fn sounds_in(self, samples: &[i16]) -> bool {
        let mut ear = Ear::default();
        ear.listen(samples.iter().copied());
        ear.heard(self, None)
    }

    pub(crate) fn sample(self, n: u32) -> i16 {
        // Whole seconds repeat exactly: the frequency is a whole number of Hz.
        let time = f64::from(n % SAMPLES_PER_SECOND) / f64::from(SAMPLES_PER_SECOND);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the amplitude is a fifth of the range"
        )]
        let sample = (AMPLITUDE * (TAU * f64::from(self.0) * time).sin()) as i16;
        sample
    }

    /// The tone's share of the energy in these samples, by Goertzel's algorithm.
    fn share_of(self, samples: &[i16]) -> f64 {
        let coefficient = 2.0 * (TAU * f64::from(self.0) / f64::from(SAMPLES_PER_SECOND)).cos();
        let (mut last, mut before, mut energy) = (0.0, 0.0, 0.0);
        for sample in samples {
            let sample = f64::from(*sample);
            energy += sample * sample;
            (last, before) = (sample + coefficient * last - before, last);
        }
        let length = f64::from(u32::try_from(samples.len()).unwrap_or(u32::MAX));
        if energy < SILENCE * length {
            return 0.0;
        }
        let power = last * last + before * before - coefficient * last * before;
        2.0 * power / (length * energy)
    }
}

impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MUSIC => f.write_str("music"),
            Self::OVERFLOW => f.write_str("overflow announcement"),
            Self::FALLBACK => f.write_str("fallback announcement"),
            Self(hertz @ 1_000..=3_360) if hertz % 40 == 0 => {
                write!(f, "phone {}", (hertz - 1_000) / 40 + 101)
            }
            Self(hertz @ 420..=940) if (hertz - 420) % 40 == 0 => {
                write!(f, "caller {}", (hertz - 420) / 40)
            }
            Self(hertz) => write!(f, "{hertz} Hz"),
        }
    }
}

/// The last minute of what somebody received.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    windows: VecDeque<(Instant, Vec<i16>)>,
    filling: Vec<i16>,
}

impl Ear {
    pub(super) fn listen(&mut self, samples: impl Iterator<Item = i16>) {
        for sample in samples {
            self.filling.push(sample);
            if self.filling.len() == WINDOW {
                if self.windows.len() == WINDOWS_KEPT {
                    self.windows.pop_front();
                }
                let full = std::mem::replace(&mut self.filling, Vec::with_capacity(WINDOW));
                self.windows.push_back((Instant::now(), full));
            }
        }
    }

    /// Whether `tone` sounded, three windows in a row, in what was received after `since`.
    pub(crate) fn heard(&self, tone: Tone, since: Option<Instant>) -> bool {
        let mut row = 0;
        // A window is stamped at its end: it must have begun after `since`.
        let late =
            |at: Instant| since.is_none_or(|since| at.duration_since(since) >= WINDOW_LENGTH);
        for (_, samples) in self.windows.iter().filter(|(at, _)| late(*at)) {
            row = if tone.share_of(samples) >= SHARE {
                row + 1
            } else {
                0
            };
            if row == IN_A_ROW {
                return true;
            }
        }
        false
    }

    /// For how long each known tone sounded, in all; those that were not heard are left out.
    pub(crate) fn tones(&self) -> BTreeMap<Tone, Duration> {
        let known = [Tone::MUSIC, Tone::OVERFLOW, Tone::FALLBACK].into_iter();
        let known = known
            .chain((0..14).map(Tone::caller))
            .chain((101..=160).map(Tone::phone));
        known
            .filter(|tone| self.heard(*tone, None))
            .map(|tone| {
                let count = self
                    .windows
                    .iter()
                    .filter(|(_, samples)| tone.share_of(samples) >= SHARE)
                    .count();
                (
                    tone,
                    WINDOW_LENGTH * u32::try_from(count).unwrap_or(u32::MAX),
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ear(tones: &[Tone]) -> Ear {
        let mut ear = Ear::default();
        let divisor = i16::try_from(tones.len()).expect("a few tones");
        ear.listen((0..4_000).map(|n| tones.iter().map(|tone| tone.sample(n) / divisor).sum()));
        ear
    }

    #[test]
    fn a_tone_is_told_from_its_neighbours() {
        let ear = ear(&[Tone::phone(103)]);
        assert_eq!(
            ear.tones().into_keys().collect::<Vec<_>>(),
            [Tone::phone(103)]
        );
    }

    #[test]
    fn two_people_in_one_conference_are_both_heard() {
        let ear = ear(&[Tone::caller(0), Tone::phone(101)]);
        assert_eq!(
            ear.tones().into_keys().collect::<Vec<_>>(),
            [Tone::caller(0), Tone::phone(101)]
        );
    }

    #[test]
    fn silence_is_nobody() {
        let mut ear = Ear::default();
        ear.listen(std::iter::repeat_n(3, 8_000));
        assert!(ear.tones().is_empty());
    }
}
