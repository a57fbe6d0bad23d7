//! How numbers fare: from the outcomes of our own calls, a number against its pool, tier by tier.
//!
//! Tiers are kept apart because a local number is answered more often than a foreign one: a number that is used for
//! far destinations must not look ill. What is expected of a number is the pool's rate in each tier, weighed by how often
//! the number was used in it. Bounds are Wilson's.

use model::Tier;

use super::input::Outcome;
use super::shared::PoolScore;
pub use crate::wilson::Interval;
use crate::wilson::{self, Z99};

/// Calls before a number is judged.
pub const MIN_ATTEMPTS: u32 = 50;
/// Answered calls before its share of short ones is judged.
pub const MIN_ANSWERS: u32 = 20;
/// A conversation shorter than this many seconds was no conversation.
pub const SHORT_SECONDS: u64 = 6;
/// At so many attempts in a tier all counts of a number are halved, so that it can change.
pub const HALVED_AT: u16 = 1000;
/// The same for a pool.
pub const POOL_HALVED_AT: u64 = 10_000_000;
/// Calls at the pool's rate that every number is credited with before it has made its own.
const PRIOR: f64 = 20.0;
/// The least share of turns that a number gets that does not rest, in percent.
const MIN_WEIGHT: f64 = 25.0;

/// A number's outcomes in one tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Score {
    pub attempts: u16,
    pub answers: u16,
    /// Answered, and over within [`SHORT_SECONDS`].
    pub short: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Scores(pub(super) [Score; 6]);

/// The outcomes of all numbers of a pool, by tier.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool([PoolScore; 6]);

/// How a number fares, and beside which pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    pub attempts: u32,
    pub answers: u32,
    pub short: u32,
    /// Answers / attempts; nothing without attempts.
    pub answer_rate: Option<Interval>,
    /// Short / answers; nothing without answers.
    pub short_share: Option<Interval>,
    /// What the pool's numbers reach in the tiers that this one was used in; nothing while the pool has no calls there.
    pub expected_answer_rate: Option<f64>,
    pub expected_short_share: Option<f64>,
    pub resting: bool,
    /// Its share of turns in line, in percent.
    pub weight: u8,
}

/// With 99 % confidence: with thousands of numbers a laxer bound would send many to rest by chance.
fn wilson(hits: f64, tries: f64) -> Option<Interval> {
    wilson::wilson(hits, tries, Z99)
}

impl Scores {
    pub(super) fn record(&mut self, tier: Tier, outcome: Outcome) {
        let score = &mut self.0[tier as usize];
        score.attempts += 1;
        score.answers += u16::from(outcome.answered);
        score.short += u16::from(is_short(outcome));
        if score.attempts >= HALVED_AT {
            for score in &mut self.0 {
                score.attempts /= 2;
                score.answers /= 2;
                score.short /= 2;
            }
        }
    }

    fn sum(&self, count: impl Fn(&Score) -> u16) -> u32 {
        self.0.iter().map(|score| u32::from(count(score))).sum()
    }
}

impl From<[PoolScore; 6]> for Pool {
    fn from(scores: [PoolScore; 6]) -> Self {
        Self(scores)
    }
}

impl Pool {
    pub(super) fn record(&mut self, tier: Tier, outcome: Outcome) {
        let score = &mut self.0[tier as usize];
        score.attempts += 1;
        score.answers += u64::from(outcome.answered);
        score.short += u64::from(is_short(outcome));
        if score.attempts >= POOL_HALVED_AT {
            score.attempts /= 2;
            score.answers /= 2;
            score.short /= 2;
        }
    }

    /// Takes in what a number brings along.
    pub(super) fn add(&mut self, scores: &Scores) {
        for (pool, score) in self.0.iter_mut().zip(&scores.0) {
            pool.attempts += u64::from(score.attempts);
            pool.answers += u64::from(score.answers);
            pool.short += u64::from(score.short);
        }
    }

    /// The pool's rate in the tiers that `scores` was used in, as an interval of intervals.
    fn expected(
        &self,
        scores: &Scores,
        weight: impl Fn(&Score) -> u16,
        count: impl Fn(&PoolScore) -> (u64, u64),
    ) -> Option<Interval> {
        let mut sum = Interval {
            rate: 0.0,
            lower: 0.0,
            upper: 0.0,
        };
        let mut weights = 0.0;
        for (score, pool) in scores.0.iter().zip(&self.0) {
            let weight = f64::from(weight(score));
            let (hits, tries) = count(pool);
            if weight > 0.0
                && let Some(interval) = wilson(float(hits), float(tries))
            {
                sum.rate += weight * interval.rate;
                sum.lower += weight * interval.lower;
                sum.upper += weight * interval.upper;
                weights += weight;
            }
        }
        (weights > 0.0).then(|| Interval {
            rate: sum.rate / weights,
            lower: sum.lower / weights,
            upper: sum.upper / weights,
        })
    }

    /// Of [`Self::expected`], the rate of answers.
    fn expected_answer_rate(&self, scores: &Scores) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (score, pool) in scores.0.iter().zip(&self.0) {
            if score.attempts > 0 && pool.attempts > 0 {
                let weight = f64::from(score.attempts);
                sum += weight * (float(pool.answers) / float(pool.attempts));
                weights += weight;
            }
        }
        (weights > 0.0).then(|| sum / weights)
    }
}

/// Whether a number with `scores` rests, and its share of turns in percent: of [`judge`], what the end of every call asks for.
pub(super) fn standing(scores: &Scores, pool: &Pool) -> (bool, u8) {
    let attempts = scores.sum(|score| score.attempts);
    let answers = scores.sum(|score| score.answers);
    if attempts >= MIN_ATTEMPTS || answers >= MIN_ANSWERS {
        let health = judge(scores, pool);
        return (health.resting, health.weight);
    }
    let expected = pool.expected_answer_rate(scores);
    (false, weight(answers, attempts, expected))
}

/// How a number with `scores` fares in `pool`.
pub(super) fn judge(scores: &Scores, pool: &Pool) -> Health {
    let attempts = scores.sum(|score| score.attempts);
    let answers = scores.sum(|score| score.answers);
    let short = scores.sum(|score| score.short);
    let answer_rate = wilson(f64::from(answers), f64::from(attempts));
    let short_share = wilson(f64::from(short), f64::from(answers));
    let expected_answers = pool.expected(
        scores,
        |score| score.attempts,
        |pool| (pool.answers, pool.attempts),
    );
    let expected_short = pool.expected(
        scores,
        |score| score.answers,
        |pool| (pool.short, pool.answers),
    );
    let rarely_answered = attempts >= MIN_ATTEMPTS
        && matches!((answer_rate, expected_answers), (Some(own), Some(pool)) if own.upper < pool.lower);
    let soon_hung_up = answers >= MIN_ANSWERS
        && matches!((short_share, expected_short), (Some(own), Some(pool)) if own.lower > pool.upper);
    let expected_answer_rate = expected_answers.map(|interval| interval.rate);
    Health {
        attempts,
        answers,
        short,
        answer_rate,
        short_share,
        expected_answer_rate,
        expected_short_share: expected_short.map(|interval| interval.rate),
        resting: rarely_answered || soon_hung_up,
        weight: weight(answers, attempts, expected_answer_rate),
    }
}

/// The share of turns: the number's rate, drawn towards the pool's while it has few calls, over the pool's.
fn weight(answers: u32, attempts: u32, expected: Option<f64>) -> u8 {
    let Some(expected) = expected.filter(|expected| *expected > 0.0) else {
        return 100;
    };
    let rate = (f64::from(answers) + PRIOR * expected) / (f64::from(attempts) + PRIOR);
    let percent = (100.0 * rate / expected).clamp(MIN_WEIGHT, 100.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    {
        percent.round() as u8
    }
}

fn is_short(outcome: Outcome) -> bool {
    outcome.answered && outcome.talk.as_secs() < SHORT_SECONDS
}

#[expect(clippy::cast_precision_loss)]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const NO: Outcome = Outcome {
        answered: false,
        talk: Duration::ZERO,
    };
    const YES: Outcome = Outcome {
        answered: true,
        talk: Duration::from_mins(1),
    };
    const SHORT: Outcome = Outcome {
        answered: true,
        talk: Duration::from_secs(5),
    };

    fn pool(tier: Tier, outcomes: &[(Outcome, usize)]) -> Pool {
        let mut pool = Pool::default();
        for &(outcome, times) in outcomes {
            (0..times).for_each(|_| pool.record(tier, outcome));
        }
        pool
    }

    fn scores(tier: Tier, outcomes: &[(Outcome, usize)]) -> Scores {
        let mut scores = Scores::default();
        for &(outcome, times) in outcomes {
            (0..times).for_each(|_| scores.record(tier, outcome));
        }
        scores
    }

    #[test]
    fn a_number_that_nobody_answers_rests() {
        let pool = pool(Tier::AreaCode, &[(YES, 2000), (NO, 8000)]);
        let ill = judge(&scores(Tier::AreaCode, &[(YES, 2), (NO, 58)]), &pool);
        assert!(ill.resting, "{ill:?}");
        assert_eq!(ill.weight, 38);
        let unlucky = judge(&scores(Tier::AreaCode, &[(YES, 7), (NO, 53)]), &pool);
        assert!(!unlucky.resting, "{unlucky:?}");
        let few = judge(&scores(Tier::AreaCode, &[(NO, 49)]), &pool);
        assert!(!few.resting, "{few:?}");
        assert_eq!(few.weight, 29);
    }

    #[test]
    fn a_number_whose_calls_are_hung_up_at_once_rests() {
        let pool = pool(Tier::Pool, &[(YES, 4000), (SHORT, 500), (NO, 5000)]);
        let ill = judge(
            &scores(Tier::Pool, &[(YES, 20), (SHORT, 20), (NO, 40)]),
            &pool,
        );
        assert!(ill.resting, "{ill:?}");
        let well = judge(
            &scores(Tier::Pool, &[(YES, 36), (SHORT, 4), (NO, 40)]),
            &pool,
        );
        assert!(!well.resting, "{well:?}");
    }

    /// Far destinations answer half as often; a number used for them only is as good as the others.
    #[test]
    fn a_number_is_compared_in_the_tiers_it_is_used_in() {
        let mut pool = pool(Tier::AreaCode, &[(YES, 4000), (NO, 6000)]);
        for _ in 0..1000 {
            pool.record(Tier::DefaultPool, YES);
            (0..4).for_each(|_| pool.record(Tier::DefaultPool, NO));
        }
        let far = judge(&scores(Tier::DefaultPool, &[(YES, 40), (NO, 160)]), &pool);
        assert!(!far.resting, "{far:?}");
        assert_eq!(far.weight, 100);
        let near = judge(&scores(Tier::AreaCode, &[(YES, 40), (NO, 160)]), &pool);
        assert!(near.resting, "{near:?}");
    }

    #[test]
    fn without_calls_nothing_is_known() {
        let health = judge(&Scores::default(), &Pool::default());
        assert_eq!((health.answer_rate, health.short_share), (None, None));
        assert_eq!((health.expected_answer_rate, health.weight), (None, 100));
        assert!(!health.resting);
    }

    proptest! {
        #[test]
        fn counts_stay_bounded(outcomes in prop::collection::vec((0usize..6, any::<bool>()), 0..5000)) {
            let mut scores = Scores::default();
            for (tier, answered) in outcomes {
                scores.record(Tier::ALL[tier], Outcome { answered, talk: Duration::ZERO });
                for score in scores.0 {
                    prop_assert!(score.attempts < HALVED_AT && score.answers <= score.attempts && score.short <= score.answers);
                }
            }
        }
    }
}
