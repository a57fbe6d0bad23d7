//! Which call a row belongs to: Asterisk's `uniqueid` and `linkedid`, exactly, in little room.

use serde::{Deserialize, Serialize};

/// `1795223991.12`: when the channel was made, in seconds since 1970, and a counter. With a `systemname` a prefix stands
/// before it. Everything else is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CallKey {
    Made {
        second: u64,
        count: u32,
    },
    MadeBy {
        system: Box<str>,
        second: u64,
        count: u32,
    },
    Other(Box<str>),
}

impl CallKey {
    pub fn new(text: &str) -> Self {
        let (system, id) = match text.rsplit_once('-') {
            Some((system, id)) => (Some(system), id),
            None => (None, text),
        };
        let numbers = id
            .split_once('.')
            .and_then(|(second, count)| Some((plain(second)?, u32::try_from(plain(count)?).ok()?)));
        match (system, numbers) {
            (None, Some((second, count))) => Self::Made { second, count },
            (Some(system), Some((second, count))) => Self::MadeBy {
                system: system.into(),
                second,
                count,
            },
            (_, None) => Self::Other(text.into()),
        }
    }

    /// Whether it names no call.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Other(text) if text.is_empty())
    }

    /// When its first channel was made, by the clock of its Asterisk: unlike a `calldate`, without a time zone.
    pub fn second(&self) -> Option<i64> {
        match self {
            Self::Made { second, .. } | Self::MadeBy { second, .. } => i64::try_from(*second).ok(),
            Self::Other(_) => None,
        }
    }
}

/// A number without leading zeros, so that no two texts are one key.
fn plain(text: &str) -> Option<u64> {
    let plain =
        text == "0" || !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

impl std::fmt::Display for CallKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Made { second, count } => write!(f, "{second}.{count}"),
            Self::MadeBy {
                system,
                second,
                count,
            } => write!(f, "{system}-{second}.{count}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_time_is_read_where_there_is_one() {
        assert_eq!(CallKey::new("1795223991.0").second(), Some(1_795_223_991));
        assert_eq!(
            CallKey::new("pbx-1-1795223991.7").second(),
            Some(1_795_223_991)
        );
        for odd in [
            "",
            ".",
            "01795223991.1",
            "1795223991.01",
            "1.-2",
            "1.+2",
            "x",
            "1.2.3",
        ] {
            assert_eq!(CallKey::new(odd).second(), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn no_two_texts_are_one_call(text in "([a-z]{0,3}-?)([0-9]{0,12}\\.?[0-9]{0,11}|.{0,20})") {
            prop_assert_eq!(CallKey::new(&text).to_string(), text);
        }
    }
}
