//! Tests against recordings of a real Asterisk and against a server that misbehaves on demand.
#![allow(clippy::unwrap_used)]

mod behaviour;
mod echo;
mod fake;
mod recordings;
