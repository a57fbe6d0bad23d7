//! The numbers of a group in line, least recently used first.
//!
//! A number that is used goes to the back at once, while its call is still going on: the list through the numbers stays in order by
//! itself, and the end of most calls need not touch it. Who cannot be presented when its turn comes leaves the line, and joins it
//! again later: mostly at the front, else among the early ones, which alone are a tree.

use std::collections::BTreeSet;

use super::input::Status;
use super::link::Link;
use super::numbers::Numbers;
use super::{NumberIndex, Turn};

/// A line of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Healthy,
    Resting,
}

impl Line {
    /// The line in which a number of this status can be presented.
    pub(super) fn of(status: Status) -> Option<Self> {
        match status {
            Status::Available => Some(Self::Healthy),
            Status::Resting => Some(Self::Resting),
            _ => None,
        }
    }

    fn takes(self, status: Status) -> bool {
        Self::of(status) == Some(self)
    }
}

/// Where a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    Nowhere,
    Listed,
    Early,
}

/// Who stands in one line, some of whom may not be presented at this moment.
pub(super) struct Order {
    line: Line,
    first: Link,
    last: Link,
    /// Those whose place was in the midst of the list.
    early: BTreeSet<(Turn, NumberIndex)>,
}

impl Order {
    pub(super) fn new(line: Line) -> Self {
        Self {
            line,
            first: Link::NONE,
            last: Link::NONE,
            early: BTreeSet::new(),
        }
    }

    /// Puts in a number that stands nowhere, by its turn.
    pub(super) fn join(&mut self, numbers: &mut Numbers, index: NumberIndex) {
        let at = (numbers[index].turn, index);
        numbers[index].line = self.line;
        let place = |link: Link| link.get().map(|other| (numbers[other].turn, other));
        if place(self.last).is_none_or(|last| last < at) {
            self.push_back(numbers, index);
        } else if place(self.first).is_none_or(|first| at < first) {
            self.push_front(numbers, index);
        } else {
            numbers[index].stand = Stand::Early;
            self.early.insert(at);
        }
    }

    fn push_back(&mut self, numbers: &mut Numbers, index: NumberIndex) {
        let number = &mut numbers[index];
        number.stand = Stand::Listed;
        number.before = self.last;
        number.after = Link::NONE;
        let me = Link::to(index);
        match self.last.get() {
            Some(last) => numbers[last].after = me,
            None => self.first = me,
        }
        self.last = me;
    }

    fn push_front(&mut self, numbers: &mut Numbers, index: NumberIndex) {
        let number = &mut numbers[index];
        number.stand = Stand::Listed;
        number.before = Link::NONE;
        number.after = self.first;
        let me = Link::to(index);
        match self.first.get() {
            Some(first) => numbers[first].before = me,
            None => self.last = me,
        }
        self.first = me;
    }

    /// Takes out a number that stands here.
    pub(super) fn leave(&mut self, numbers: &mut Numbers, index: NumberIndex) {
        let number = &mut numbers[index];
        let (before, after) = (number.before, number.after);
        let stood = std::mem::replace(&mut number.stand, Stand::Nowhere);
        match stood {
            Stand::Nowhere => {}
            Stand::Early => {
                self.early.remove(&(number.turn, index));
            }
            Stand::Listed => {
                match before.get() {
                    Some(before) => numbers[before].after = after,
                    None => self.first = after,
                }
                match after.get() {
                    Some(after) => numbers[after].before = before,
                    None => self.last = before,
                }
            }
        }
    }

    /// The first that may be presented, with its turn. Those before it leave.
    pub(super) fn head(&mut self, numbers: &mut Numbers) -> Option<(Turn, NumberIndex)> {
        let listed = loop {
            let Some(first) = self.first.get() else {
                break None;
            };
            if self.line.takes(numbers[first].status) {
                break Some((numbers[first].turn, first));
            }
            self.leave(numbers, first);
        };
        let early = loop {
            let Some(&(turn, first)) = self.early.first() else {
                break None;
            };
            if self.line.takes(numbers[first].status) {
                break Some((turn, first));
            }
            self.leave(numbers, first);
        };
        match (listed, early) {
            (Some(listed), Some(early)) => Some(listed.min(early)),
            (listed, early) => listed.or(early),
        }
    }

    /// The first `most` that may be presented, but in no order.
    pub(super) fn first(
        &self,
        numbers: &Numbers,
        most: usize,
    ) -> impl Iterator<Item = (Turn, NumberIndex)> {
        let listed = std::iter::successors(self.first.get(), |&at| numbers[at].after.get())
            .map(|index| (numbers[index].turn, index));
        let may = |&(_, index): &(Turn, NumberIndex)| self.line.takes(numbers[index].status);
        let early = self.early.iter().copied().filter(may).take(most);
        listed.filter(may).take(most).chain(early)
    }
}
