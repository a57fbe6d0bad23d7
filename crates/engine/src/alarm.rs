//! Alarms: a group of calls, such as those over one trunk, that is answered less often than it used to be, by more than chance.
//!
//! Both shares have bounds (Wilson). An alarm is raised when the recent share lies below the usual one at a level that chance reaches
//! once in thousands; it is cleared when both are no longer apart at a level that asks for less, so that it does not flicker.
//! Too few calls say nothing: what was raised stays raised, until nothing was heard of it for long.

use std::collections::BTreeMap;
use std::time::Duration;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::wilson::{Interval, Z95, wilson};

/// 99.9 % two-sided.
const Z999: f64 = 3.290_527;
/// The most alarms at a time.
const MAX_RAISED: usize = 1_000;

/// From when on figures are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The least recent attempts.
    pub recent: u64,
    /// The least attempts of before.
    pub usual: u64,
    /// An alarm that could not be judged for so long is over.
    pub silent_for: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            recent: 30,
            usual: 100,
            silent_for: Duration::from_hours(24),
        }
    }
}

/// Attempts, and those that were answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Share {
    pub answered: u64,
    pub attempts: u64,
}

/// What is known of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    pub recent: Share,
    pub usual: Share,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    pub group: String,
    pub since: Timestamp,
    /// When its figures were seen last.
    pub judged_at: Timestamp,
    pub recent: Share,
    pub usual: Share,
}

/// What a look changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Raised(Raised),
    /// With the figures that cleared it.
    Cleared(Raised),
    /// Nothing was heard of it for long.
    Forgotten(Raised),
}

/// All alarms.
#[derive(Debug, Clone, Default)]
pub struct Alarms {
    limits: Limits,
    raised: BTreeMap<String, Raised>,
}

impl Alarms {
    /// With those that were raised before a restart.
    pub fn new(limits: Limits, raised: impl IntoIterator<Item = Raised>) -> Self {
        let raised = raised.into_iter().take(MAX_RAISED);
        Self {
            limits,
            raised: raised.map(|one| (one.group.clone(), one)).collect(),
        }
    }

    /// Those that are raised, by group.
    pub fn raised(&self) -> impl Iterator<Item = &Raised> {
        self.raised.values()
    }

    /// Judges the figures of every group; what changed, by group.
    pub fn look(&mut self, at: Timestamp, groups: &BTreeMap<String, Figures>) -> Vec<Change> {
        let mut changes = Vec::new();
        for (group, figures) in groups {
            let Figures { recent, usual } = *figures;
            if recent.attempts < self.limits.recent || usual.attempts < self.limits.usual {
                continue;
            }
            if let Some(raised) = self.raised.get_mut(group) {
                (raised.judged_at, raised.recent, raised.usual) = (at, recent, usual);
                if !recent.is_below(usual, Z95) {
                    changes.extend(self.raised.remove(group).map(Change::Cleared));
                }
            } else if self.raised.len() < MAX_RAISED && recent.is_below(usual, Z999) {
                let raised = Raised {
                    group: group.clone(),
                    since: at,
                    judged_at: at,
                    recent,
                    usual,
                };
                changes.push(Change::Raised(raised.clone()));
                self.raised.insert(group.clone(), raised);
            }
        }
        let silent_for = self.limits.silent_for;
        let silent = self
            .raised
            .extract_if(.., |_, raised| at.since(raised.judged_at) > silent_for);
        changes.extend(silent.map(|(_, raised)| Change::Forgotten(raised)));
        changes
    }
}

impl Share {
    /// Its bounds, as sure as an alarm's clearing asks for; nothing without attempts.
    pub fn interval(self) -> Option<Interval> {
        self.bounds(Z95)
    }

    #[expect(clippy::cast_precision_loss, reason = "calls are far fewer than 2^53")]
    fn bounds(self, z: f64) -> Option<Interval> {
        wilson(self.answered as f64, self.attempts as f64, z)
    }

    fn is_below(self, usual: Self, z: f64) -> bool {
        match (self.bounds(z), usual.bounds(z)) {
            (Some(recent), Some(usual)) => recent.upper < usual.lower,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const USUAL: (u64, u64) = (400, 1_000);

    fn share((answered, attempts): (u64, u64)) -> Share {
        Share { answered, attempts }
    }

    fn hour(number: i64) -> Timestamp {
        Timestamp::from_micros(number * 3_600_000_000)
    }

    /// One group through the hours: what each look said.
    fn told(looks: &[(i64, (u64, u64))]) -> Vec<&'static str> {
        let mut alarms = Alarms::default();
        let look = |(at, recent): &(i64, (u64, u64))| {
            let figures = Figures {
                recent: share(*recent),
                usual: share(USUAL),
            };
            let groups = [("trunk:one".to_owned(), figures)].into();
            match alarms.look(hour(*at), &groups).first() {
                None => "",
                Some(Change::Raised(_)) => "raised",
                Some(Change::Cleared(_)) => "cleared",
                Some(Change::Forgotten(_)) => "forgotten",
            }
        };
        looks.iter().map(look).collect()
    }

    #[test]
    fn is_raised_once_and_cleared_at_another_level() {
        let looks = [
            (1, (40, 100)),
            // Less often, but chance does as much.
            (2, (28, 100)),
            (3, (15, 100)),
            (4, (15, 100)),
            // Not apart enough to be raised, too far apart to be cleared.
            (5, (27, 100)),
            (6, (33, 100)),
            (7, (27, 100)),
        ];
        assert_eq!(told(&looks), ["", "", "raised", "", "", "cleared", ""]);
    }

    #[test]
    fn few_calls_say_nothing_and_silence_ends_an_alarm() {
        let looks = [
            (1, (0, 29)),
            (2, (0, 30)),
            (3, (29, 29)),
            (26, (0, 0)),
            (27, (0, 0)),
        ];
        assert_eq!(told(&looks), ["", "raised", "", "", "forgotten"]);
    }

    #[test]
    fn an_alarm_is_there_after_a_restart_with_its_figures() {
        let mut alarms = Alarms::default();
        let figures = Figures {
            recent: share((1, 100)),
            usual: share(USUAL),
        };
        let groups = [("trunk:one".to_owned(), figures)].into();
        let changes = alarms.look(hour(1), &groups);
        let raised: Vec<Raised> = alarms.raised().cloned().collect();
        assert_eq!(changes, [Change::Raised(raised[0].clone())]);
        assert_eq!(raised[0].recent, share((1, 100)));
        let mut alarms = Alarms::new(Limits::default(), raised);
        assert_eq!(alarms.look(hour(2), &groups), []);
        assert_eq!(alarms.raised().next().unwrap().since, hour(1));
    }

    proptest! {
        /// As often as usual never is an alarm, whatever the amounts.
        #[test]
        fn no_change_is_no_alarm(share_of in 0.0f64..=1.0, recent in 1u64..100_000, usual in 1u64..100_000) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let of = |attempts: u64| share(((attempts as f64 * share_of).round() as u64, attempts));
            let figures = Figures { recent: of(recent), usual: of(usual) };
            let groups = [("g".to_owned(), figures)].into();
            prop_assert!(Alarms::default().look(hour(1), &groups).is_empty());
        }
    }
}
