//! A vector that grows by chunks: nothing moves when it grows, and no more memory is taken than a chunk too much.

use std::ops::{Index, IndexMut};

/// How many one chunk holds.
const CHUNK: usize = 1 << SHIFT;
const SHIFT: u32 = 10;

pub(super) struct Chunks<T> {
    chunks: Vec<Vec<T>>,
    length: u32,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            length: 0,
        }
    }
}

impl<T> Chunks<T> {
    /// How many there are.
    pub(super) fn len(&self) -> u32 {
        self.length
    }

    /// Adds one at the end; where it is.
    pub(super) fn push(&mut self, one: T) -> u32 {
        let index = self.length;
        if inside(index) == 0 {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        self.chunks[chunk(index)].push(one);
        self.length = index.checked_add(1).expect("fewer than 2^32 of a kind");
        index
    }

    pub(super) fn get(&self, index: u32) -> Option<&T> {
        self.chunks.get(chunk(index))?.get(inside(index))
    }
}

impl<T> Index<u32> for Chunks<T> {
    type Output = T;

    fn index(&self, index: u32) -> &T {
        &self.chunks[chunk(index)][inside(index)]
    }
}

impl<T> IndexMut<u32> for Chunks<T> {
    fn index_mut(&mut self, index: u32) -> &mut T {
        &mut self.chunks[chunk(index)][inside(index)]
    }
}

fn chunk(index: u32) -> usize {
    (index >> SHIFT) as usize
}

fn inside(index: u32) -> usize {
    index as usize % CHUNK
}
