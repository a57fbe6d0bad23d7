//! How often each agent asks: at most so many questions in any minute.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use model::Instant;

use crate::lookup::{Lookup, lookup};

const WINDOW: Duration = Duration::from_mins(1);

pub(super) struct Agents {
    limit: u32,
    most: usize,
    /// The questions of the last minute, oldest first.
    asked: Lookup<Arc<str>, VecDeque<Instant>>,
    swept_at: Instant,
}

impl Agents {
    pub(super) fn new(limit: u32, most: usize, seed: u64) -> Self {
        Self {
            limit,
            most,
            asked: lookup(seed),
            swept_at: Instant::default(),
        }
    }

    /// Counts a question, or says after how long it will be welcome.
    pub(super) fn admit(&mut self, agent: &Arc<str>, now: Instant) -> Result<(), Duration> {
        self.sweep(now);
        let asked = if let Some(known) = self.asked.get_mut(agent) {
            known
        } else if self.asked.len() < self.most {
            self.asked.entry(Arc::clone(agent)).or_default()
        } else {
            return Err(WINDOW);
        };
        while asked
            .front()
            .is_some_and(|first| now.since(*first) >= WINDOW)
        {
            asked.pop_front();
        }
        if asked.len() >= self.limit as usize {
            let first = asked.front().copied().unwrap_or(now);
            return Err(WINDOW.saturating_sub(now.since(first)));
        }
        asked.push_back(now);
        Ok(())
    }

    /// Forgets, once a minute, who has been silent for one.
    fn sweep(&mut self, now: Instant) {
        if now.since(self.swept_at) < WINDOW {
            return;
        }
        self.swept_at = now;
        self.asked
            .retain(|_, asked| asked.back().is_some_and(|last| now.since(*last) < WINDOW));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant(seconds * 1_000_000)
    }

    #[test]
    fn the_limit_slides() {
        let mut agents = Agents::new(2, 10, 1);
        let ann: Arc<str> = "ann".into();
        assert_eq!(agents.admit(&ann, at(100)), Ok(()));
        assert_eq!(agents.admit(&ann, at(130)), Ok(()));
        assert_eq!(agents.admit(&ann, at(131)), Err(Duration::from_secs(29)));
        assert_eq!(agents.admit(&"bob".into(), at(131)), Ok(()));
        assert_eq!(agents.admit(&ann, at(160)), Ok(()));
        assert_eq!(agents.admit(&ann, at(161)), Err(Duration::from_secs(29)));
    }

    #[test]
    fn made_up_names_fill_a_bounded_table_for_a_minute() {
        let mut agents = Agents::new(2, 3, 1);
        for name in ["a", "b", "c"] {
            assert_eq!(agents.admit(&name.into(), at(100)), Ok(()));
        }
        assert_eq!(agents.admit(&"d".into(), at(101)), Err(WINDOW));
        assert_eq!(agents.admit(&"a".into(), at(101)), Ok(()));
        assert_eq!(agents.admit(&"d".into(), at(161)), Ok(()));
        assert_eq!(agents.asked.len(), 1);
    }
}
