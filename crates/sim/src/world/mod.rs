//! A world for the queue engine: callers, agents, phones, Asterisks and everything that goes wrong with them.
//!
//! One seed makes one short, dense day on a virtual clock. The engine is real, the physics are simple: a channel is
//! there or it is not, a phone rings until something happens, a word on its way may be lost, late, doubled or overtaken.
//! `engine::invariants` watches every step. Nothing here may look into the engine to decide what happens next, except where
//! a server would: to clean up after a resync.

mod day;
mod faults;
mod pbx;
mod people;
mod physics;
mod setup;
#[cfg(test)]
mod tests;

pub use day::{Failure, Report, run_day};
