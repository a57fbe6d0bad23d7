//! An index that may be missing, in the four bytes of one that may not.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link(u32);

impl Link {
    pub(super) const NONE: Self = Self(u32::MAX);

    pub(super) fn to(index: u32) -> Self {
        debug_assert_ne!(index, u32::MAX, "fewer than 2^32 - 1 of a kind");
        Self(index)
    }

    pub(super) fn get(self) -> Option<u32> {
        (self != Self::NONE).then_some(self.0)
    }
}
