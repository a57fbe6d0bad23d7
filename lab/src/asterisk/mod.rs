//! The real Asterisk: its root file system, its configuration, its process, and the few questions that tests ask it.

mod ari;
mod config;
mod process;
mod root;

pub(crate) use ari::AriClient;
pub use ari::{Channel, Endpoint};
pub(crate) use config::{ADDRESS, Addresses, TRUNK_ADDRESS, fill};
pub(crate) use process::AsteriskProcess;
pub use root::{Release, root};
