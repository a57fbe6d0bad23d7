//! Which file is asked for: by `?format=`, or by `Accept`.

use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Xlsx,
    Parquet,
}

impl Format {
    pub(crate) const ALL: [Self; 3] = [Self::Csv, Self::Xlsx, Self::Parquet];

    /// The word in `?format=`, and the end of a file's name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Parquet => "parquet",
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The file that `Accept` prefers to JSON; nothing where it is JSON, anything, or what we do not have.
    pub(crate) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let accept = headers.get(header::ACCEPT)?.to_str().ok()?;
        let mut best: (Option<Self>, f32) = (None, 0.0);
        for offer in accept.split(',') {
            let mut parts = offer.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            let json = matches!(name, "*/*" | "application/*" | "application/json");
            let file = Self::ALL.into_iter().find(|format| {
                let own = format.media_type();
                own.split(';').next() == Some(name)
            });
            if (json || file.is_some()) && weight > best.1 {
                best = (file, weight);
            }
        }
        best.0
    }
}

/// What an answer is: JSON, or a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Json,
    Csv,
    Xlsx,
    Parquet,
}

/// Which file the request wants; nothing: JSON.
pub(crate) fn wanted(said: Option<Answer>, headers: &HeaderMap) -> Option<Format> {
    match said {
        Some(Answer::Json) => None,
        Some(Answer::Csv) => Some(Format::Csv),
        Some(Answer::Xlsx) => Some(Format::Xlsx),
        Some(Answer::Parquet) => Some(Format::Parquet),
        None => Format::accepted(headers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_is_liked_best_is_given() {
        let accepted = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().expect("a header"));
            Format::accepted(&headers)
        };
        for (accept, expected) in [
            ("text/csv", Some(Format::Csv)),
            ("application/json, text/csv;q=0.5", None),
            ("application/json;q=0.5, text/csv", Some(Format::Csv)),
            (
                "text/csv;q=0.2,application/vnd.apache.parquet;q=0.9",
                Some(Format::Parquet),
            ),
            ("text/html,*/*;q=0.8", None),
            ("text/csv;q=x", None),
            ("", None),
        ] {
            assert_eq!(accepted(accept), expected, "{accept}");
        }
        assert_eq!(Format::accepted(&HeaderMap::new()), None);
    }
}
