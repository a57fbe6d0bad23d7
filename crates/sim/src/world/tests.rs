#![allow(clippy::unwrap_used)]
//! Ten thousand days, and the days that once went wrong before them.

use std::fmt::Write as _;
use std::time::Instant;

use super::{Report, run_day};

/// Days per test; there are eight of them so that every core has something to do.
const DAYS: u64 = 1_250;

/// Plays the days of these seeds. `CORDBOARD_SEED` plays that one instead.
fn play(name: &str, seeds: impl Iterator<Item = u64>) {
    let only = std::env::var("CORDBOARD_SEED").ok();
    let seeds: Vec<u64> = match only {
        Some(seed) => vec![seed.parse().unwrap()],
        None => seeds.collect(),
    };
    let started = Instant::now();
    let mut sum = Report::default();
    for &seed in &seeds {
        match run_day(seed) {
            Ok(day) => {
                sum.calls += day.calls;
                sum.inputs += day.inputs;
                sum.answered += day.answered;
                sum.abandoned += day.abandoned;
                sum.offers += day.offers;
                sum.restarts += day.restarts;
            }
            Err(failure) => {
                let mut text = failure.log.join("\n");
                let _ = write!(
                    text,
                    "\n\nday {seed}: {}\nreplay: CORDBOARD_SEED={seed} cargo nextest run -p cordboard-sim \
                     world::tests::regressions\nand add the seed to crates/sim/seeds.txt",
                    failure.message
                );
                panic!("{text}");
            }
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss)]
    let rate = sum.calls as f64 / seconds;
    println!(
        "{name}: {} days, seeds {}..={}: {sum:?}, {rate:.0} calls simulated per second",
        seeds.len(),
        seeds.first().unwrap_or(&0),
        seeds.last().unwrap_or(&0),
    );
}

#[test]
fn regressions() {
    let seeds = include_str!("../../seeds.txt");
    let seeds = seeds
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    play(
        "regressions",
        seeds
            .filter(|seed| !seed.is_empty())
            .map(|seed| seed.parse().unwrap()),
    );
}

macro_rules! days {
    ($($name:ident: $part:literal),+ $(,)?) => {$(
        #[test]
        fn $name() {
            play(stringify!($name), $part * DAYS..($part + 1) * DAYS);
        }
    )+};
}

days! {
    days_0: 0, days_1: 1, days_2: 2, days_3: 3,
    days_4: 4, days_5: 5, days_6: 6, days_7: 7,
}
