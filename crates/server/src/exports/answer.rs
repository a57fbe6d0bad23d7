//! A table as the answer to a request.

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;

use super::{Format, Table};
use crate::problem::{Code, Problem};

/// Names the parts that are missing from a file, which has no place to say so.
const INCOMPLETE: &str = "cordboard-incomplete";

/// The same as JSON, where a file could have been asked for.
pub(crate) fn json(value: &impl Serialize) -> Response {
    ([(header::VARY, "Accept")], Json(value)).into_response()
}

/// The table as a file; `missing` are the sources that it lacks.
pub(crate) async fn file(
    table: Table,
    format: Format,
    missing: Vec<String>,
) -> Result<Response, Problem> {
    let name = table.file_name(format);
    let encoding = tokio::task::spawn_blocking(move || table.encode(format));
    let encoded = match encoding.await {
        Ok(encoded) => encoded.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let bytes = encoded.map_err(|error| {
        tracing::error!(%error, file = name, "a file could not be made");
        Problem::new(Code::Internal, "The file could not be made.")
    })?;
    let mut headers = HeaderMap::new();
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    let kind = HeaderValue::from_static(format.media_type());
    headers.insert(header::CONTENT_TYPE, kind);
    let disposition = format!("attachment; filename=\"{name}\"");
    for (header, text) in [
        (header::CONTENT_DISPOSITION, disposition),
        (
            header::HeaderName::from_static(INCOMPLETE),
            missing.join(", "),
        ),
    ] {
        if let Ok(value) = HeaderValue::from_str(&text)
            && !text.is_empty()
        {
            headers.insert(header, value);
        }
    }
    Ok((headers, bytes).into_response())
}
