//! The browser client, embedded: its files, and its first page for every path that is not the API's.

use axum::{
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

use crate::problem::{Code, Problem};

#[derive(RustEmbed)]
#[folder = "$WEB_DIST"]
struct Files;

const FIRST_PAGE: &str = "index.html";
/// Files here have their content's hash in their name.
const HASHED: &str = "assets/";
const FOREVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// Paths that are never a page: a wrong one is answered as the API answers.
const NOT_PAGES: [&str; 9] = [
    "v1",
    "health",
    "metrics",
    "ws",
    "openapi.json",
    "docs",
    "api",
    "next-cid",
    "add-number",
];

/// Answers whatever no route answered.
pub(crate) async fn fallback(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if NOT_PAGES.contains(&first) {
        return Problem::new(Code::NoSuchPath, "There is no such path; see /docs.").into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return Problem::method_not_allowed("GET, HEAD").into_response();
    }
    match Files::get(path) {
        Some(file) => answer(path, file),
        // A missing file is missing; everything else is a page of the client's own router.
        None if path.starts_with(HASHED) => StatusCode::NOT_FOUND.into_response(),
        None => Files::get(FIRST_PAGE).map_or_else(
            || StatusCode::NOT_FOUND.into_response(),
            |file| answer(FIRST_PAGE, file),
        ),
    }
}

fn answer(path: &str, file: rust_embed::EmbeddedFile) -> Response {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = if kind.type_() == mime_guess::mime::TEXT {
        format!("{}; charset=utf-8", kind.essence_str())
    } else {
        kind.essence_str().to_owned()
    };
    let caching = if path.starts_with(HASHED) {
        FOREVER
    } else {
        ASK_AGAIN
    };
    let kind = HeaderValue::from_str(&kind)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
    ];
    (headers, file.data.into_owned()).into_response()
}

/// What every answer tells the browser not to do.
pub(crate) const SECURITY_HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
         frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), payment=()",
    ),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn get(path: &'static str) -> Response {
        fallback(Method::GET, Uri::from_static(path)).await
    }

    #[tokio::test]
    async fn a_page_of_the_client_is_its_first_page() {
        for path in ["/", "/queues/7", "/login"] {
            let response = get(path).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "text/html; charset=utf-8"
            );
            assert_eq!(response.headers()[header::CACHE_CONTROL], ASK_AGAIN);
        }
    }

    #[tokio::test]
    async fn a_wrong_api_path_is_a_problem_and_a_missing_file_is_missing() {
        for path in ["/v1/nothing", "/health/x", "/docs/x"] {
            let response = get(path).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND);
            assert_eq!(
                response.headers()[header::CONTENT_TYPE],
                "application/problem+json"
            );
        }
        assert_eq!(
            get("/assets/gone-1234.js").await.status(),
            StatusCode::NOT_FOUND
        );
        let response = fallback(Method::POST, Uri::from_static("/")).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}
