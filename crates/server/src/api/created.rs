//! The answer to a successful POST: 201, where the new thing is, and the thing.

use axum::{
    Json,
    http::{HeaderName, StatusCode, header},
};

pub(crate) type Created<T> = (StatusCode, [(HeaderName, String); 1], Json<T>);

pub(crate) fn created<T>(location: String, made: T) -> Created<T> {
    (
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(made),
    )
}
