//! How callers and agents behave: arrivals, patience, talk, and what a phone does when it rings.

use rand::Rng;
use rand::rngs::SmallRng;

pub(super) const SECOND: u64 = 1_000_000;

/// What happens when a phone is rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    Answer,
    Busy,
    Decline,
    /// By the button in the page, not on the phone.
    DeclineInPage,
    Unreachable,
    /// Rings on until Asterisk gives up.
    Nothing,
}

/// How a phone reacts, and after how many microseconds.
pub(super) fn reaction(chance: &mut SmallRng) -> (Reaction, u64) {
    let roll = chance.random_range(0..100);
    let picked = match roll {
        0..72 => Reaction::Answer,
        72..76 => Reaction::Busy,
        76..80 => Reaction::Decline,
        80..83 => Reaction::DeclineInPage,
        83..87 => Reaction::Unreachable,
        _ => Reaction::Nothing,
    };
    let delay = match picked {
        Reaction::Busy | Reaction::Unreachable => chance.random_range(1_000..200_000),
        _ => chance.random_range(200_000..8 * SECOND),
    };
    (picked, delay)
}

/// Exponential with this mean, in microseconds.
pub(super) fn exponential(chance: &mut SmallRng, mean: u64) -> u64 {
    let roll: f64 = chance.random_range(f64::EPSILON..1.0);
    // A mean of minutes times at most 37: far inside of both types.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    let drawn = (-roll.ln() * mean as f64) as u64;
    drawn
}

/// Some give up at once, most after a while.
pub(super) fn patience(chance: &mut SmallRng) -> u64 {
    match chance.random_range(0..10) {
        0 => chance.random_range(0..SECOND),
        1 => chance.random_range(0..10 * SECOND),
        _ => 5 * SECOND + exponential(chance, 60 * SECOND),
    }
}

pub(super) fn talk(chance: &mut SmallRng) -> u64 {
    match chance.random_range(0..10) {
        0 => chance.random_range(0..SECOND),
        _ => exponential(chance, 35 * SECOND),
    }
}

/// Until the next arrival, at `at` of a day of `length`: few early and late, many in the middle.
pub(super) fn until_next_arrival(chance: &mut SmallRng, at: u64, length: u64, mean: u64) -> u64 {
    let half = length / 2;
    let from_noon = at.abs_diff(half).min(half);
    // From a third of the traffic at the edges to the whole at noon.
    let thinned = mean + 2 * mean * from_noon / half.max(1);
    exponential(chance, thinned)
}
