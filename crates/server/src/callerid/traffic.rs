//! How often caller IDs were asked for, and how long the answers took.

use std::{sync::Mutex, time::Duration};

use model::Instant;

const MINUTES: usize = 60;

/// How many questions came in each minute of the last hour, and how long they took.
#[derive(Debug)]
pub(crate) struct Traffic(Mutex<[Minute; MINUTES]>);

#[derive(Debug, Clone, Copy, Default)]
struct Minute {
    /// Since the start.
    number: u64,
    questions: u64,
    took: Duration,
}

impl Default for Traffic {
    fn default() -> Self {
        Self(Mutex::new([Minute::default(); MINUTES]))
    }
}

impl Traffic {
    pub(crate) fn note(&self, now: Instant, took: Duration) {
        let number = minute(now);
        let Ok(mut minutes) = self.0.lock() else {
            return;
        };
        let index = usize::try_from(number).unwrap_or(0) % MINUTES;
        let one = &mut minutes[index];
        if one.number != number {
            *one = Minute {
                number,
                ..Minute::default()
            };
        }
        one.questions += 1;
        one.took += took;
    }

    /// Questions in the last hour, and what one took on average.
    pub(crate) fn last_hour(&self, now: Instant) -> (u64, Option<Duration>) {
        let now = minute(now);
        let Ok(minutes) = self.0.lock() else {
            return (0, None);
        };
        let recent = minutes
            .iter()
            .filter(|one| now - one.number.min(now) < MINUTES as u64);
        let (questions, took) = recent.fold((0, Duration::ZERO), |(questions, took), one| {
            (questions + one.questions, took + one.took)
        });
        let average = u32::try_from(questions)
            .ok()
            .and_then(|n| took.checked_div(n));
        (questions, average)
    }
}

fn minute(now: Instant) -> u64 {
    now.0 / 60_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_later_a_question_is_forgotten() {
        let traffic = Traffic::default();
        let at = |minutes: u64| Instant(minutes * 60_000_000 + 5);
        traffic.note(at(0), Duration::from_millis(1));
        traffic.note(at(59), Duration::from_millis(3));
        assert_eq!(
            traffic.last_hour(at(59)),
            (2, Some(Duration::from_millis(2)))
        );
        assert_eq!(
            traffic.last_hour(at(60)),
            (1, Some(Duration::from_millis(3)))
        );
        traffic.note(at(60), Duration::from_millis(1));
        assert_eq!(
            traffic.last_hour(at(118)),
            (2, Some(Duration::from_millis(2)))
        );
        assert_eq!(traffic.last_hour(at(500)), (0, None));
    }
}
