//! Automatic call distribution: waiting callers, available agents, and who gets whom.

mod command;
mod input;

pub use command::Command;
pub use input::{CallRestored, Input, OfferFailure, Snapshot};
