//! What several nodes share: one pool of caller IDs in Redis.
//!
//! The rules are the engine's; one server-side script decides each question in one round trip, so that two nodes can never take
//! the last use of a number both. Redis' clock counts. What this crate must never do: decide by itself what Redis did not
//! answer. Who asks is told why there is no answer, and has a policy for it.

mod address;
mod answer;
mod connection;
mod error;
mod pool;
mod scripts;
mod setup;
mod zones;

pub use address::{Address, MAX_HOSTS};
pub use answer::Chosen;
pub use error::ClusterError;
pub use pool::{MAX_ROUNDS, SharedPool};
pub use setup::{Policy, SharedNumber};
