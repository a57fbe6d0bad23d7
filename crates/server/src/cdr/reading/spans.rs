//! Stretches of time that have been read.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// In order, and none touches the next. In seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Spans(Vec<(i64, i64)>);

impl Spans {
    pub(super) fn add(&mut self, span: Range<i64>) {
        if span.is_empty() {
            return;
        }
        let (mut from, mut until) = (span.start, span.end);
        self.0.retain(|(start, end)| {
            let touches = *start <= until && from <= *end;
            if touches {
                (from, until) = (from.min(*start), until.max(*end));
            }
            !touches
        });
        let at = self.0.partition_point(|(start, _)| *start < from);
        self.0.insert(at, (from, until));
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        for (from, until) in &other.0 {
            self.add(*from..*until);
        }
    }

    /// Forgets everything from `instant` on.
    pub(super) fn cut(&mut self, instant: i64) {
        self.0.retain(|(start, _)| *start < instant);
        if let Some((_, end)) = self.0.last_mut() {
            *end = instant.min(*end);
        }
    }

    /// Where the last one ends.
    pub(crate) fn end(&self) -> Option<i64> {
        self.0.last().map(|(_, end)| *end)
    }

    pub(crate) fn covers(&self, span: &Range<i64>) -> bool {
        span.is_empty() || self.missing(span).is_none()
    }

    /// The newest part of `span` that is not covered.
    pub(super) fn missing(&self, span: &Range<i64>) -> Option<Range<i64>> {
        let mut until = span.end;
        for (start, end) in self.0.iter().rev() {
            if *end < until {
                let missing = (*end).max(span.start)..until;
                return Some(missing).filter(|missing| !missing.is_empty());
            }
            until = until.min(*start);
        }
        Some(span.start..until).filter(|missing| !missing.is_empty())
    }

    /// How many seconds of `span` are not covered.
    pub(crate) fn lacks(&self, span: &Range<i64>) -> i64 {
        let within = |(start, end): &(i64, i64)| {
            let (start, end) = ((*start).max(span.start), (*end).min(span.end));
            (end - start).max(0)
        };
        (span.end - span.start).max(0) - self.0.iter().map(within).sum::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn spans_are_the_seconds_in_them(
            steps in prop::collection::vec((any::<bool>(), 0_i64..60, 0_i64..20), 0..30),
            from in 0_i64..60,
            length in 0_i64..40,
        ) {
            let (mut spans, mut plain) = (Spans::default(), BTreeSet::new());
            for (adds, at, length) in steps {
                if adds {
                    spans.add(at..at + length);
                    plain.extend(at..at + length);
                } else {
                    spans.cut(at);
                    plain.retain(|second| *second < at);
                }
            }
            let asked = from..from + length;
            let lacking: Vec<i64> = asked.clone().filter(|second| !plain.contains(second)).collect();
            prop_assert_eq!(spans.lacks(&asked), i64::try_from(lacking.len()).unwrap_or(-1));
            prop_assert_eq!(spans.covers(&asked), lacking.is_empty());
            prop_assert_eq!(spans.end(), plain.last().map(|last| last + 1));
            let newest: Vec<i64> = spans.missing(&asked).into_iter().flatten().collect();
            prop_assert_eq!(newest.last(), lacking.last());
            prop_assert!(newest.iter().all(|second| !plain.contains(second)));
            let before = newest.first().map_or(from, |first| first - 1);
            prop_assert!(before < from || newest.is_empty() || plain.contains(&before));
            prop_assert!(spans.0.is_sorted_by(|a, b| a.1 < b.0));
        }
    }
}
