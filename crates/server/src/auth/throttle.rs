//! Holds back guessing: a few wrong passwords for one name from one address are free, then each costs a growing pause.
//!
//! Bounded: it never holds more than [`MAX_TRACKED`] pairs. It never locks a user out from another address.

use std::{collections::HashMap, net::IpAddr, sync::Mutex, time::Duration};

use model::{Instant, Now};

/// Wrong tries without a pause.
const FREE_TRIES: u32 = 5;
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_mins(5);
/// After this time without a wrong try a pair is forgotten.
const FORGET_AFTER: Duration = Duration::from_mins(15);
/// The most pairs of name and address that are remembered; the oldest is forgotten first.
const MAX_TRACKED: usize = 10_000;

#[derive(Default)]
pub(crate) struct Throttle {
    tries: Mutex<HashMap<(String, IpAddr), Tries>>,
}

struct Tries {
    wrong: u32,
    last: Instant,
}

impl Tries {
    fn pause_ends(&self) -> Instant {
        let Some(over) = self.wrong.checked_sub(FREE_TRIES) else {
            return self.last;
        };
        let pause = Duration::from_secs(1 << over.min(16)).min(MAX_PAUSE);
        self.last.after(pause)
    }

    fn is_forgotten(&self, now: Now) -> bool {
        now.mono.since(self.last) >= FORGET_AFTER
    }
}

impl Throttle {
    /// May this pair try now? Counts the try as wrong until [`Throttle::forget`] says otherwise, so that many at once
    /// are no way around it. Otherwise: the whole seconds to wait.
    pub(crate) fn admit(&self, name: &str, from: IpAddr, now: Now) -> Result<(), u64> {
        let mut tries = self
            .tries
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = (name.to_owned(), from);
        if let Some(known) = tries.get(&key) {
            let ends = known.pause_ends();
            if ends > now.mono && !known.is_forgotten(now) {
                return Err(ends.since(now.mono).as_secs() + 1);
            }
        }
        make_room(&mut tries, now);
        let entry = tries.entry(key).or_insert(Tries {
            wrong: 0,
            last: now.mono,
        });
        if entry.is_forgotten(now) {
            entry.wrong = 0;
        }
        entry.wrong = entry.wrong.saturating_add(1);
        entry.last = now.mono;
        Ok(())
    }

    /// The password was right.
    pub(crate) fn forget(&self, name: &str, from: IpAddr) {
        let mut tries = self
            .tries
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        tries.remove(&(name.to_owned(), from));
    }
}

fn make_room(tries: &mut HashMap<(String, IpAddr), Tries>, now: Now) {
    if tries.len() < MAX_TRACKED {
        return;
    }
    tries.retain(|_, known| !known.is_forgotten(now));
    while tries.len() >= MAX_TRACKED {
        metrics::counter!("cordboard_login_throttle_evicted_total").increment(1);
        let Some(oldest) = tries
            .iter()
            .min_by_key(|(_, known)| known.last)
            .map(|(key, _)| key.clone())
        else {
            return;
        };
        tries.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn at(seconds: u64) -> Now {
        Now::default().after(Duration::from_secs(seconds))
    }

    #[test]
    fn pauses_after_free_tries_ever_longer() {
        let throttle = Throttle::default();
        for _ in 0..FREE_TRIES {
            assert_eq!(throttle.admit("eve", HOME, at(0)), Ok(()));
        }
        assert_eq!(throttle.admit("eve", HOME, at(0)), Err(2));
        assert_eq!(throttle.admit("eve", AWAY, at(0)), Ok(()));
        assert_eq!(throttle.admit("adam", HOME, at(0)), Ok(()));
        assert_eq!(throttle.admit("eve", HOME, at(1)), Ok(()));
        assert_eq!(throttle.admit("eve", HOME, at(1)), Err(3));
    }

    #[test]
    fn forgets_after_success_and_after_a_while() {
        let throttle = Throttle::default();
        for _ in 0..FREE_TRIES {
            let _ = throttle.admit("eve", HOME, at(0));
        }
        throttle.forget("eve", HOME);
        assert_eq!(throttle.admit("eve", HOME, at(0)), Ok(()));
        for _ in 0..FREE_TRIES {
            let _ = throttle.admit("eve", HOME, at(0));
        }
        assert!(throttle.admit("eve", HOME, at(0)).is_err());
        assert_eq!(throttle.admit("eve", HOME, at(900)), Ok(()));
        assert_eq!(throttle.admit("eve", HOME, at(900)), Ok(()));
    }

    #[test]
    fn stays_bounded() {
        let throttle = Throttle::default();
        for n in 0..MAX_TRACKED + 5 {
            let _ = throttle.admit(&n.to_string(), HOME, at(0));
        }
        assert_eq!(
            throttle.tries.lock().expect("unpoisoned").len(),
            MAX_TRACKED
        );
    }
}
