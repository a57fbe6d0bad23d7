//! What is wrong with a configuration.

use super::reader::Origin;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// `None` where nothing was given that should have been.
    pub origin: Option<Origin>,
    /// A sentence without a full stop: what is wrong, and what to do.
    pub what: String,
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.origin {
            Some(origin) if *origin != Origin::Default => write!(f, "{origin}: {}", self.what),
            _ => f.write_str(&self.what),
        }
    }
}

/// Everything that is wrong: line by line, then the environment, then flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub flaws: Vec<Flaw>,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, flaw) in self.flaws.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            flaw.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
