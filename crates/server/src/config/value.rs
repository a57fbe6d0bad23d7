//! The kinds of values that keys take.

use std::{net::SocketAddr, path::PathBuf};

use super::tree::Node;
use crate::auth::Networks;

/// A value that can be written in the file (typed), and in a variable or flag (as text).
pub(super) trait Value: Sized {
    /// What is expected, for messages: `expected true or false`.
    const EXPECTED: &'static str;

    /// From a variable or a flag. `None`: it is not one.
    fn from_text(text: &str) -> Option<Self>;

    /// From the file.
    fn from_node(node: &Node) -> Option<Self> {
        match node {
            Node::Text(text) => Self::from_text(text),
            _ => None,
        }
    }

    /// As it is shown by `config dump`.
    fn shown(&self) -> serde_json::Value;
}

impl Value for String {
    const EXPECTED: &'static str = "text";

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn shown(&self) -> serde_json::Value {
        self.as_str().into()
    }
}

impl Value for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn from_node(node: &Node) -> Option<Self> {
        match node {
            Node::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn shown(&self) -> serde_json::Value {
        (*self).into()
    }
}

impl Value for u32 {
    const EXPECTED: &'static str = "a whole number, not negative";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn from_node(node: &Node) -> Option<Self> {
        match node {
            Node::Integer(value) => Self::try_from(*value).ok(),
            _ => None,
        }
    }

    fn shown(&self) -> serde_json::Value {
        (*self).into()
    }
}

impl Value for SocketAddr {
    const EXPECTED: &'static str = "an address and port, such as 127.0.0.1:8080 or [::1]:8080";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn shown(&self) -> serde_json::Value {
        self.to_string().into()
    }
}

impl Value for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn from_text(text: &str) -> Option<Self> {
        (!text.is_empty() && !text.contains('\0')).then(|| Self::from(text))
    }

    fn shown(&self) -> serde_json::Value {
        self.display().to_string().into()
    }
}

impl Value for Vec<String> {
    const EXPECTED: &'static str = "a list of texts, such as [\"a\", \"b\"]";

    fn from_text(text: &str) -> Option<Self> {
        let words = text.split(',').map(str::trim);
        Some(
            words
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }

    fn from_node(node: &Node) -> Option<Self> {
        texts(node).map(|texts| texts.into_iter().map(str::to_owned).collect())
    }

    fn shown(&self) -> serde_json::Value {
        self.as_slice().into()
    }
}

fn texts(node: &Node) -> Option<Vec<&str>> {
    let Node::List(items) = node else { return None };
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        let Node::Text(text) = &item.node else {
            return None;
        };
        texts.push(text.as_str());
    }
    Some(texts)
}

impl Value for Networks {
    const EXPECTED: &'static str = "a list of networks, such as [\"127.0.0.0/8\", \"10.1.2.3\"]";

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text.split(','))
    }

    fn from_node(node: &Node) -> Option<Self> {
        Self::parse(texts(node)?.into_iter())
    }

    fn shown(&self) -> serde_json::Value {
        self.iter().map(ToString::to_string).collect()
    }
}

/// A number of bytes, written as `268435456` or `256 MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

const UNITS: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

impl Value for Size {
    const EXPECTED: &'static str = "a size, such as \"256 MiB\" or a number of bytes";

    fn from_text(text: &str) -> Option<Self> {
        let (number, factor) = UNITS
            .iter()
            .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
            .unwrap_or((text, 1));
        let number: u64 = number.trim().parse().ok()?;
        number.checked_mul(factor).map(Self)
    }

    fn from_node(node: &Node) -> Option<Self> {
        match node {
            Node::Integer(bytes) => u64::try_from(*bytes).ok().map(Self),
            Node::Text(text) => Self::from_text(text),
            _ => None,
        }
    }

    fn shown(&self) -> serde_json::Value {
        let unit = UNITS.iter().find(|(unit, factor)| {
            *unit != "B" && self.0 >= *factor && self.0.is_multiple_of(*factor)
        });
        match unit {
            Some((unit, factor)) => format!("{} {unit}", self.0 / factor).into(),
            None => self.0.into(),
        }
    }
}

/// Makes an enum whose values are words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal),+ $(,)? } expected $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$word_doc])* $variant),+
        }

        impl $name {
            /// As it is written.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl $crate::config::value::Value for $name {
            const EXPECTED: &'static str = $expected;

            fn from_text(text: &str) -> Option<Self> {
                match text {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            fn shown(&self) -> serde_json::Value {
                self.word().into()
            }
        }
    };
}
pub(super) use words;
