//! The set-up as one file: `cordboard export`, `plan`, `apply` and `rollback`. Everything goes over the API of a running server.

mod ask;
mod carry;
mod file;
mod history;
mod look;
mod secrets;
mod told;

pub(super) mod apply;
pub(super) mod export;
pub(super) mod plan;
pub(super) mod rollback;
