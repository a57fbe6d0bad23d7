//! Entries that stand in memory alone, one behind the other as the file will have them.

use std::collections::VecDeque;

use super::{Entry, segment};

#[derive(Debug, Default)]
pub(super) struct Unwritten {
    lines: Vec<u8>,
    /// Each entry's number, and where its line ends, counted from the first line there ever was.
    ends: VecDeque<(u64, usize)>,
    /// Bytes of lines that are gone.
    gone: usize,
}

impl Unwritten {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) fn first_seq(&self) -> Option<u64> {
        self.ends.front().map(|(seq, _)| *seq)
    }

    pub(super) fn push(&mut self, entry: &impl Entry) {
        segment::encode(entry, &mut self.lines);
        self.ends
            .push_back((entry.seq(), self.gone + self.lines.len()));
    }

    /// The lines of the first entries, at most `count`, and the number of the last of them.
    pub(super) fn first(&self, count: usize) -> (u64, &[u8]) {
        let last = self.ends.len().min(count).checked_sub(1);
        let (seq, end) = last.map_or((0, self.gone), |last| self.ends[last]);
        (seq, &self.lines[..end - self.gone])
    }

    pub(super) fn forget(&mut self, count: usize) {
        let bytes = self.first(count).1.len();
        self.ends.drain(..self.ends.len().min(count));
        if self.ends.is_empty() {
            self.lines.clear();
            self.gone = 0;
        } else {
            self.lines.drain(..bytes);
            self.gone += bytes;
        }
    }
}
