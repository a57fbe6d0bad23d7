//! What can go wrong while a lab is put together. Never a panic: the caller decides whether a lab is required.

use std::{io, time::Duration};

pub type Result<T, E = LabError> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The machine lacks something; the text says what, and what to do about it.
    #[error("{0}")]
    Missing(String),
    #[error("{doing}: {source}")]
    Io { doing: String, source: io::Error },
    /// A program that the lab ran ended badly; `output` is the end of what it printed.
    #[error("{program} failed ({status}): {output}")]
    Program {
        program: String,
        status: String,
        output: String,
    },
    #[error("{what} did not happen within {waited:?}{detail}")]
    Timeout {
        what: String,
        waited: Duration,
        detail: String,
    },
    /// The other side answered, but not what was asked for.
    #[error("{0}")]
    Unexpected(String),
}

impl LabError {
    pub(crate) fn timeout(what: impl Into<String>, waited: Duration) -> Self {
        Self::Timeout {
            what: what.into(),
            waited,
            detail: String::new(),
        }
    }
}

/// Names what was being done when an `io::Error` came up.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| LabError::Io {
            doing: what(),
            source,
        })
    }
}
