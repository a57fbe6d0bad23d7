//! Where things stand in a centre file: a line and a column for whoever is told of a flaw.

use std::collections::BTreeMap;

/// Where something stands in a file; both begin at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// The most bytes of paths that are kept. A file of the greatest length has half of it, unless it was made to have more.
const MAX_PATHS: usize = 16 << 20;

/// A file's text, and where in it each path begins. Lines are counted when somebody asks: a file has few flaws and many values.
#[derive(Debug, Default)]
pub(super) struct Places {
    text: String,
    starts: Vec<usize>,
    offsets: BTreeMap<String, usize>,
    bytes: usize,
}

impl Places {
    pub(super) fn of(text: &str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text: text.to_owned(),
            starts: std::iter::once(0).chain(ends).collect(),
            offsets: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// Keeps where a path begins.
    pub(super) fn put(&mut self, path: &str, offset: usize) {
        self.bytes += path.len();
        if !self.is_full() {
            self.offsets.insert(path.to_owned(), offset);
        }
    }

    /// Whether there were more paths than are kept.
    pub(super) fn is_full(&self) -> bool {
        self.bytes > MAX_PATHS
    }

    /// The place of a path, or of what it is within.
    pub(super) fn find(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(offset) = self.offsets.get(path) {
                return Some(self.at(*offset));
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    pub(super) fn at(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        Place {
            line,
            column: before.chars().count() + 1,
        }
    }
}
