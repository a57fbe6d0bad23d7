//! A field that may be left out, which is not the same as taken away.

use serde::{Deserialize, Deserializer};

/// What is said of something that may be there or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Told<T> {
    /// It stays as it is.
    #[default]
    Nothing,
    /// It is so from now on; `None`: it is not there.
    So(Option<T>),
}

impl<T> Told<T> {
    /// What is there then.
    pub(crate) fn or(self, kept: Option<T>) -> Option<T> {
        match self {
            Self::Nothing => kept,
            Self::So(told) => told,
        }
    }
}

/// Whoever has it in a shape says `default`, too.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Told<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::So)
    }
}
