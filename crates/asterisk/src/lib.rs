//! Talking to Asterisk: the Manager Interface ([`ami`]), the REST Interface ([`ari`]) and the Gateway Interface ([`agi`]).
//!
//! Codecs, clients and the server halves that a simulator needs. This crate knows Asterisk and nothing of call centres;
//! it can be used alone. It must never block a reader on its consumer and never lose an event in silence.

pub mod agi;
pub mod ami;
pub mod ari;
mod backoff;
mod echo;
mod percent;
mod tls;

pub use backoff::Backoff;
pub use tls::{Tls, TlsError};
